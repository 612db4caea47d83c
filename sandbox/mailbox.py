"""
The sandbox's mail server: takes every mail by real SMTP, delivers none, and shows what came.

As much of RFC 5321 as a sender needs. It stands on loopback, plain, and everybody's mailbox is here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy

from sandbox.store import Store

MOST_BYTES = 1_000_000
_READY = b"220 sandbox ESMTP\r\n"
_SAYS = {
    "HELO": "250 sandbox",
    "EHLO": "250-sandbox\r\n250-8BITMIME\r\n250 SMTPUTF8",
    "NOOP": "250 OK",
    "RSET": "250 OK",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
}


@asynccontextmanager
async def open_mailbox(store: Store, port: int = 0) -> AsyncIterator[int]:
    """
    Take mail on a loopback port and yield the port; 0 takes a free one.

    Raises:
        OSError: If the port is taken.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
            await _talk(store, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=MOST_BYTES)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _talk(store: Store, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, from greeting to QUIT."""
    writer.write(_READY)
    recipients: list[str] = []
    while line := (await reader.readuntil(b"\n")).decode("utf-8", "replace").strip():
        verb = line[:4].upper()
        if verb == "QUIT":
            writer.write(b"221 bye\r\n")
            return
        if verb == "DATA":
            writer.write(b"354 go on\r\n")
            content = await reader.readuntil(b"\r\n.\r\n")
            await asyncio.to_thread(_keep, store, recipients, content[:-3])
            writer.write(b"250 taken\r\n")
            recipients = []
            continue
        if verb == "RCPT":
            recipients.append(line.partition("<")[2].partition(">")[0])
        elif verb in ("MAIL", "RSET"):
            recipients = []
        writer.write(f"{_SAYS.get(verb, '502 not here')}\r\n".encode())
        await writer.drain()


def _keep(store: Store, recipients: list[str], content: bytes) -> None:
    # Lines that began with a dot came with two (RFC 5321, 4.5.2).
    message = message_from_bytes(content.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    body = message.get_body()
    mail = {
        "to": recipients,
        "from": str(message["from"]),
        "subject": str(message["subject"]),
        "message_id": str(message["message-id"]),
        "text": body.get_content() if body is not None else "",
        "received_at": datetime.now(UTC).isoformat(),
    }
    store.put_mail(mail)
