"""A real mail server on loopback, for as long as a test needs it: takes mail, or says no as it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class MailServer:
    """What arrived, and what is answered. An answer is a line such as ``550 no such mailbox``; None means yes."""

    port: int = 0
    arrived: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str | None, list[str]]] = field(default_factory=list)
    to_sender: str | None = None
    to_recipient: str | None = None
    to_message: str | None = None
    #: A message is taken, and the answer to it does not come for so many seconds.
    slow: float = 0.0
    #: How many messages are taken and the connection cut before the answer.
    cut: int = 0
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(one, policy=policy.default) for one in self.arrived]  # type: ignore[misc]

    async def handle_MAIL(self, _server: SMTP, _s: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from, envelope.mail_options = address, options
        return self.to_sender or "250 OK"

    async def handle_RCPT(self, _server: SMTP, _s: Session, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        if self.to_recipient is None:
            envelope.rcpt_tos.append(address)
        return self.to_recipient or "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_message is not None:
            return self.to_message
        content = envelope.content
        self.arrived.append(content if isinstance(content, bytes) else str(content).encode())
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.cut:
            self.cut -= 1
            server.transport.abort()
        return "250 taken"

    def log_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def a_mail_server(
    *, certificate: ssl.SSLContext | None = None, security: str = "none", logins: bool = False
) -> AsyncIterator[MailServer]:
    """Serve mail on a free loopback port, in this very loop."""
    box = MailServer()

    def protocol() -> SMTP:
        return SMTP(
            box,
            hostname="mail.example.com",
            loop=asyncio.get_running_loop(),
            tls_context=certificate if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=box.log_in if logins else None,
            auth_require_tls=security != "tls" and logins,
            enable_SMTPUTF8=True,
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=certificate if security == "tls" else None
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
