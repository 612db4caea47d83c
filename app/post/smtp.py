"""
Mail by SMTP, over TLS unless the server is on this machine.

A reply of the server is a class of trouble: about this recipient or this message (5xx: never; 4xx: later), or about us
and the way there (a login, a certificate, a sender, a connection: later, since the mail itself is sound). A connection
that breaks after the message was handed over leaves open whether it was taken: it is sent again under the same
Message-ID, so that a notice may come twice but is never lost.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from app.post._port import CameOfIt, Mail, Never, NotNow, Sent

Security = Literal["starttls", "tls", "none"]

#: Who answers 4xx wants to be left alone for a while; greylisting opens after some minutes (RFC 6647).
SERVER_ASKS_FOR = timedelta(minutes=5)
#: Letters leave one by one, but not in a queue behind one slow connection.
AT_ONCE = 5


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """Where the mail server is, and as whom it is spoken to."""

    host: str
    port: int
    security: Security
    sender: str
    senders: Mapping[str, str] = field(default_factory=dict)  #: controller -> its own address
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    seconds: float = 20.0
    tls_context: ssl.SSLContext | None = None  #: None: the machine's certificate authorities

    def sender_of(self, controller: str) -> str:
        return self.senders.get(controller, self.sender)


class SmtpPostman:
    """A postman who knows one mail server; makes a connection for each mail."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._free = asyncio.Semaphore(AT_ONCE)

    async def send(self, mail: Mail) -> CameOfIt:
        """Hand one mail over. What a server or the network does is an answer, not an exception."""
        wiring = self._wiring
        sender = wiring.sender_of(mail.controller)
        try:
            message, to = compose(mail, sender=sender), as_ascii(mail.to)
        except ValueError:  # an address or text that cannot stand in a header; its text stays here
            return Never("unfit_for_mail")
        async with self._free:
            try:
                async with asyncio.timeout(wiring.seconds):
                    await self._hand_over(message, mail.return_path or sender, to)
            except aiosmtplib.SMTPRecipientsRefused as refused:
                return _of_reply("recipient", refused.recipients[0].code)
            except aiosmtplib.SMTPDataError as refused:
                return _of_reply("message", refused.code)
            except aiosmtplib.SMTPResponseException as refused:
                # Login, sender, greeting: ours to mend, and the mail can go when it is mended.
                return NotNow(f"server_{refused.code}", SERVER_ASKS_FOR)
            except aiosmtplib.SMTPNotSupported:
                return NotNow("server_lacks_an_extension", SERVER_ASKS_FOR)
            except TimeoutError:
                return NotNow("timeout")
            except ssl.SSLError:
                return NotNow("tls", SERVER_ASKS_FOR)
            except (OSError, aiosmtplib.SMTPException):
                return NotNow("unreachable")
        return Sent()

    async def _hand_over(self, message: EmailMessage, sender: str, to: str) -> None:
        wiring = self._wiring
        server = aiosmtplib.SMTP(
            hostname=wiring.host,
            port=wiring.port,
            use_tls=wiring.security == "tls",
            start_tls=wiring.security == "starttls",  # demanded, not tried: without it the connection ends
            username=wiring.username,
            password=wiring.password,
            timeout=wiring.seconds,
            tls_context=wiring.tls_context,
            local_hostname="insyn",  # not this machine's name
        )
        try:
            await server.connect()
            await server.send_message(message, sender=sender, recipients=[to])
        finally:
            server.close()


def _of_reply(what: str, code: int) -> CameOfIt:
    if 500 <= code < 600:
        return Never(f"{what}_{code}")
    return NotNow(f"{what}_{code}", SERVER_ASKS_FOR)


def compose(mail: Mail, *, sender: str) -> EmailMessage:
    """
    The mail as it travels: one text part, no HTML, nothing to load, nothing that tells who opened it.

    Made twice from the same mail it is the same, byte for byte.

    Raises:
        ValueError: An address or header text that could end a header line.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Address(display_name=mail.sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=as_ascii(mail.to))
    message["Subject"] = _one_line(mail.subject)
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice is an answer to this
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text, subtype="plain", charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = mail.language  # last: setting the content forgets all that is said of it
    return message


def as_ascii(address: str) -> str:
    """
    An address as every mail server takes it: a domain with å, ä or ö by its other name (RFC 5890).

    Raises:
        ValueError: The part before the @ is not ASCII; not every server on the way would take that.
    """
    mailbox, at, domain = address.rpartition("@")
    try:
        return mailbox.encode("ascii").decode() + at + domain.encode("idna").decode()
    except UnicodeError:
        raise ValueError("an address that not every mail server takes") from None


def _one_line(text: str) -> str:
    if any(not one.isprintable() for one in text):
        raise ValueError("a header is one line of printable text")
    return text
