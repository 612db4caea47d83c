"""A processor on the loopback address that gives one answer to everything, and the order it is given."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

from app.domain.fanout import Action, AnswerMode, Idempotency
from app.processors import Fault, Kind, Line, Order, Target, connect
from app.processors._port import Adapter

NOW = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
ORDER = Order(
    task_id="0198c0de-0000-7000-8000-000000000000",
    reference="INS-2026-7K2M9QXA",
    controller="westra",
    action=Action.EXPORT,
    categories=("contact",),
    identifiers=({"type": "email", "value": "anna@example.org", "format": "rfc5321"},),
    details={},
    answer_by=date(2026, 2, 24),
    callback_url="https://insyn.example.com/v1/callbacks/x",
    callback_expires_at=NOW,
    asked_at=NOW,
)


def places(faults: Iterable[Fault]) -> list[str]:
    """Where each fault is, without the sign that begins a pointer."""
    return [one.pointer.removeprefix("#/") for one in faults]


@asynccontextmanager
async def processor_saying(body: bytes) -> AsyncIterator[Adapter]:
    """An adapter whose processor answers 200 with *body*."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        head_back = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head_back.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        target = Target(
            key="crm",
            endpoint=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/insyn",
            secrets=("whsec_" + base64.b64encode(bytes(range(32))).decode(),),
            answer_mode=AnswerMode.SYNC,
            idempotency=Idempotency.YES,
        )
        adapter = connect(Kind.WEBHOOK, target, Line(connections=1, seconds=5, sandbox=True))
        try:
            yield adapter
        finally:
            await adapter.aclose()
