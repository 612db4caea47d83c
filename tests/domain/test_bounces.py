"""A report that a mail did not arrive: believed of our own mails and of nothing else."""

from uuid import UUID

import pytest

from app.domain.bounces import MOST_BYTES, Bounce, read_bounce, return_path

MAIL = UUID("0198c0de-0000-7000-8000-00000000abcd")


def report(
    *,
    action="failed",
    status="5.1.1",
    original=f"Message-ID: <{MAIL}@insyn.example>\nSubject: x\n",
    to="bounces@insyn.example",
    kind="message/rfc822",
):
    """A report as a mail server writes it (RFC 3464, appendix)."""
    return f"""From: MAILER-DAEMON@mx.example.com
To: {to}
Subject: Undelivered
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain; charset=utf-8

Sorry.

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; dpo@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such mailbox

--x
Content-Type: {kind}

{original}
--x--
""".encode()


class TestReport:
    @pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
    def test_names_the_mail_by_its_own_id(self, kind):
        """
        The head of our mail comes back with it.
        """
        assert read_bounce(report(kind=kind)) == Bounce(mail_id=MAIL, status="5.1.1")

    def test_names_the_mail_by_where_it_was_sent(self):
        """
        Each mail has a return path of its own, so a report that brings nothing back is understood too.
        """
        found = read_bounce(report(original="", to=return_path("bounces@insyn.example", MAIL)))

        assert found == Bounce(mail_id=MAIL, status="5.1.1")

    @pytest.mark.parametrize(
        "raw",
        [
            pytest.param(report(action="delayed", status="4.4.1"), id="a delay"),
            pytest.param(report(status="4.2.2"), id="a full mailbox, for now"),
            pytest.param(report(action="delivered", status="2.0.0"), id="it arrived"),
            pytest.param(report(original="Message-ID: <a@b>\n"), id="somebody else's mail"),
            pytest.param(report(original=f"Message-ID: x <{MAIL}@a>\n"), id="an id in the middle of something"),
            pytest.param(f"Message-ID: <{MAIL}@insyn.example>\n\n5.1.1 failed".encode(), id="a mail that only says so"),
            pytest.param(b"", id="nothing"),
            pytest.param(b"\x00\xff" * 1000, id="noise"),
            pytest.param(b"Content-Type: multipart/report; boundary=\n\n--\n", id="no boundary"),
        ],
    )
    def test_of_anything_else_is_none(self, raw):
        """
        Delays, holiday notices, other people's mails, nonsense: no failure of ours.
        """
        assert read_bounce(raw) is None

    def test_is_read_within_bounds(self):
        """
        Thousands of parts, or megabytes, are not looked through.
        """
        parts = b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 100_000

        assert read_bounce(parts) is None
        assert read_bounce(b"a: b\n" * MOST_BYTES) is None


class TestReturnPath:
    def test_is_each_mails_own(self):
        """VERP: the address itself says which mail it was."""
        assert return_path("bounces@insyn.example", MAIL) == f"bounces+{MAIL}@insyn.example"
