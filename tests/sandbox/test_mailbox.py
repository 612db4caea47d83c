"""The sandbox's mailbox takes what a real mail server takes, and shows it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.post import Mail, Sent, SmtpPostman, Wiring
from app.settings import Settings
from sandbox.house import mail_settings
from sandbox.mailbox import open_mailbox
from sandbox.services import SERVICES

MAIL = Mail(
    id=UUID(int=1),
    controller="westra",
    to="anna@example.org",
    sender_name="Westra",
    subject="Ett brev väntar på dig",
    text="Hej!\n\n.En rad med punkt först\n..\nÅäö, " + "lång rad " * 60 + "\n",
    language="sv",
    written_at=datetime(2026, 3, 16, 9, 15, tzinfo=UTC),
)


def postman(port: int) -> SmtpPostman:
    return SmtpPostman(Wiring(host="127.0.0.1", port=port, security="none", sender="brev@insyn.example", seconds=10))


class TestMailbox:
    async def test_shows_a_mail_as_it_was_written(self, store):
        """
        By real SMTP: dots at the beginning of lines, long lines and Swedish letters arrive whole.
        """
        async with open_mailbox(store) as port:
            assert await postman(port).send(MAIL) == Sent()
        (mail,) = store.mails()

        assert mail["to"] == ["anna@example.org"]
        assert mail["subject"] == MAIL.subject
        assert mail["text"].replace("\r\n", "\n") == MAIL.text
        assert mail["message_id"] == f"<{MAIL.id}@insyn.example>"

    async def test_has_the_newest_first_and_is_emptied_by_a_reset(self, store):
        """
        Whoever plays looks at what came last.
        """
        async with open_mailbox(store) as port:
            for number in (1, 2):
                await postman(port).send(replace(MAIL, id=UUID(int=number), subject=f"nr {number}"))

        assert [mail["subject"] for mail in store.mails()] == ["nr 2", "nr 1"]
        store.reset()
        assert store.mails() == []

    @pytest.mark.parametrize(
        "said", [b"", b"\x00\xff\r\n", b"DATA\r\n", b"EHLO x\r\nNONSENSE\r\nQUIT\r\n", b"x" * 5000 + b"\r\n"]
    )
    async def test_survives_who_speaks_no_smtp(self, store, said):
        """
        A port scanner, half a connection: the next mail arrives all the same.
        """
        async with open_mailbox(store) as port:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            writer.close()
            assert await postman(port).send(MAIL) == Sent()

    def test_is_where_the_demo_sends_unless_a_server_is_named(self):
        """
        Behind the processors' ports; a mail server that the developer names is used instead.
        """
        assert mail_settings(Settings(port=8000))["INSYN_SMTP_PORT"] == str(8001 + len(SERVICES))
        assert mail_settings(Settings(smtp_host="mail.example.com")) == {}
