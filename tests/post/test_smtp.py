"""Mail goes out encrypted, is one message however often it is sent, and what a server says is understood."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.post import Mail, Never, NotNow, Sent, SmtpPostman, Wiring
from app.post.smtp import compose
from tests.harness.mail_server import MailServer, a_mail_server

MAIL = Mail(
    id=UUID("019b0c9e-6d0f-7b1e-9a77-0d6a3f2c1b55"),
    controller="westra",
    to="anna@example.org",
    sender_name="Westra Larm & Bevakning AB",
    subject="Ett brev väntar på dig (INS-2026-ABC234)",
    text="Hej!\n\nEtt brev väntar på dig. Åäö.\n",
    language="sv",
    written_at=datetime(2026, 3, 16, 9, 15, tzinfo=UTC),
)
SENDER = "brev@insyn.example.com"


def wired(box: MailServer, **changed: Any) -> Wiring:
    plain = Wiring(host="127.0.0.1", port=box.port, security="none", sender=SENDER, seconds=5.0)
    return replace(plain, **changed)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's certificate, and the trust of a client who knows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(pem)
    return serving, ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())


class TestMail:
    async def test_arrives_as_it_was_written(self) -> None:
        """One plain text, from the controller's name, to one address."""
        async with a_mail_server() as box:
            assert await SmtpPostman(wired(box)).send(MAIL) == Sent()

        (message,) = box.messages
        assert box.envelopes == [(SENDER, ["anna@example.org"])]
        assert message["from"] == f'"{MAIL.sender_name}" <{SENDER}>' or MAIL.sender_name in message["from"]
        assert message["subject"] == MAIL.subject
        assert message.get_content_type() == "text/plain"
        assert message.get_content().replace("\r\n", "\n") == MAIL.text

    async def test_is_one_message_however_often_it_is_sent(self) -> None:
        """A resend after a crash is byte for byte the same, with the same Message-ID, so that it can be recognised."""
        async with a_mail_server() as box:
            for _ in range(2):
                await SmtpPostman(wired(box)).send(MAIL)

        assert box.arrived[0] == box.arrived[1]
        assert box.messages[0]["message-id"] == f"<{MAIL.id}@insyn.example.com>"

    def test_says_that_a_machine_wrote_it_and_watches_nobody(self) -> None:
        """RFC 3834: no holiday notice comes back. No HTML, no picture, no link, no wish for a receipt."""
        message = compose(MAIL, sender=SENDER)
        said = message.as_bytes().lower()

        assert message["auto-submitted"] == "auto-generated"
        assert not message.is_multipart()
        assert not [one for one in (b"http", b"<img", b"disposition-notification", b"return-receipt") if one in said]

    def test_comes_from_the_controllers_own_address_where_it_has_one(self) -> None:
        """Each controller may have a domain of its own; the others share one."""
        wiring = Wiring(host="x", port=1, security="tls", sender=SENDER, senders={"westra": "dso@westra.example.com"})

        assert wiring.sender_of("westra") == "dso@westra.example.com"
        assert wiring.sender_of("securitas") == SENDER

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x00", "\u2028"])
    @pytest.mark.parametrize("where", ["to", "sender_name", "subject"])
    async def test_lets_nobody_add_a_header(self, where: str, end: str) -> None:
        """Header injection: what could end a line sends nothing."""
        hostile: Mail = replace(MAIL, **{where: f"anna@example.org{end}Bcc: all@example.org"})
        async with a_mail_server() as box:
            came = await SmtpPostman(wired(box)).send(hostile)

        sent = [one for one in box.messages if one["bcc"] is not None]
        assert sent == []
        assert all(recipients == ["anna@example.org"] for _, recipients in box.envelopes) or came == Never(
            "unfit_for_mail"
        )

    def test_shows_nobodys_address_when_printed(self) -> None:
        """Neither the address nor the text leaks through a log line; the password never."""
        wiring = Wiring(host="x", port=1, security="tls", sender=SENDER, username="u", password="hemligt")

        assert "anna" not in repr(MAIL)
        assert "hemligt" not in repr(wiring)

    async def test_reaches_a_domain_with_swedish_letters(self) -> None:
        """By its other name, which every server on the way knows."""
        async with a_mail_server() as box:
            assert await SmtpPostman(wired(box)).send(replace(MAIL, to="anna@räksmörgås.example")) == Sent()

        assert box.envelopes == [(SENDER, ["anna@xn--rksmrgs-5wao1o.example"])]
        assert box.messages[0]["to"] == "anna@xn--rksmrgs-5wao1o.example"

    async def test_is_not_tried_where_a_server_on_the_way_may_drop_it(self) -> None:
        """A mailbox's own name beyond ASCII: a person finds another way at once."""
        async with a_mail_server() as box:
            assert await SmtpPostman(wired(box)).send(replace(MAIL, to="åsa@example.org")) == Never("unfit_for_mail")

        assert box.arrived == []

    def test_keeps_its_lines_short_enough_to_travel(self) -> None:
        """RFC 5322: no line over 998 octets, whatever the text."""
        long = compose(replace(MAIL, text="å" * 5000, subject="S" * 300), sender=SENDER)

        assert max(map(len, long.as_bytes(policy=policy.SMTP).splitlines())) <= 998


class TestServersAnswer:
    @pytest.mark.parametrize(
        ("answer", "came"),
        [
            ({"to_recipient": "550 no such mailbox"}, Never("recipient_550")),
            ({"to_recipient": "450 greylisted"}, NotNow("recipient_450", timedelta(minutes=5))),
            ({"to_message": "554 not here"}, Never("message_554")),
            ({"to_message": "452 disk full"}, NotNow("message_452", timedelta(minutes=5))),
            ({"to_sender": "550 who are you"}, NotNow("server_550", timedelta(minutes=5))),
        ],
    )
    async def test_says_whose_trouble_it_is(self, answer: dict[str, str], came: object) -> None:
        """Who is not there never will be; that a server will not have us is ours to mend, and the mail waits."""
        async with a_mail_server() as box:
            vars(box).update(answer)
            assert await SmtpPostman(wired(box)).send(MAIL) == came

    async def test_is_not_waited_for_longer_than_agreed(self) -> None:
        """A server that hangs costs one mail some seconds, and the mail is tried again."""
        async with a_mail_server() as box:
            box.slow = 1.0
            assert await SmtpPostman(wired(box, seconds=0.2)).send(MAIL) == NotNow("timeout")

    async def test_that_is_lost_leaves_it_open_whether_the_mail_was_taken(self) -> None:
        """Cut after the message: sent again, the same message; twice is better than never."""
        async with a_mail_server() as box:
            box.cut = 1
            postman = SmtpPostman(wired(box))
            assert await postman.send(MAIL) == NotNow("unreachable")
            assert await postman.send(MAIL) == Sent()

        assert [one["message-id"] for one in box.messages] == [f"<{MAIL.id}@insyn.example.com>"] * 2

    async def test_that_nobody_gives_is_no_answer(self, unused_tcp_port: int) -> None:
        """No server there: later."""
        wiring = Wiring(host="127.0.0.1", port=unused_tcp_port, security="none", sender=SENDER, seconds=2)

        assert await SmtpPostman(wiring).send(MAIL) == NotNow("unreachable")


class TestEncryption:
    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_is_used(self, certificate: tuple[ssl.SSLContext, ssl.SSLContext], security: Any) -> None:
        """By STARTTLS or from the first byte, with a login that travels inside."""
        serving, trusting = certificate
        async with a_mail_server(certificate=serving, security=security, logins=True) as box:
            wiring = wired(box, security=security, tls_context=trusting, username="insyn", password="right")
            assert await SmtpPostman(wiring).send(MAIL) == Sent()

        assert box.logins == [(b"insyn", b"right")]

    async def test_is_demanded_and_not_only_asked_for(self) -> None:
        """A server, or somebody on the way, that offers no STARTTLS gets no mail."""
        async with a_mail_server() as box:
            came = await SmtpPostman(wired(box, security="starttls")).send(MAIL)

        assert isinstance(came, NotNow)
        assert box.arrived == []

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_is_with_the_server_itself(
        self, certificate: tuple[ssl.SSLContext, ssl.SSLContext], security: Any
    ) -> None:
        """A certificate that no authority answers for: nothing is handed over, and the mail waits."""
        async with a_mail_server(certificate=certificate[0], security=security) as box:
            came = await SmtpPostman(wired(box, security=security)).send(MAIL)

        assert isinstance(came, NotNow)
        assert box.arrived == []

    async def test_comes_before_a_login_that_fails(self, certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
        """A wrong password is ours to mend; no mail is given up for it."""
        serving, trusting = certificate
        async with a_mail_server(certificate=serving, security="starttls", logins=True) as box:
            wiring = wired(box, security="starttls", tls_context=trusting, username="insyn", password="wrong")
            assert await SmtpPostman(wiring).send(MAIL) == NotNow("server_535", timedelta(minutes=5))


async def test_many_mails_share_few_connections() -> None:
    """A mail server is not run over, and every mail arrives."""
    async with a_mail_server() as box:
        postman = SmtpPostman(wired(box))
        number: Callable[[int], UUID] = lambda n: UUID(int=n)  # noqa: E731
        came = await asyncio.gather(*(postman.send(replace(MAIL, id=number(n))) for n in range(20)))

    assert came == [Sent()] * 20
    assert len({one["message-id"] for one in box.messages}) == 20
