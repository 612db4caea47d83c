"""The same work with a neighbour that takes every call and answers none: what its lane costs the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.house import Bench, file_one, leave_only

NEIGHBOUR, WAITING, AT_ONCE = "westila", 60, 10


@dataclass
class DeadProcessor:
    """Accepts connections and says nothing."""

    url: str = ""
    in_hand: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.in_hand += 1
        await self.over.wait()
        writer.close()


@asynccontextmanager
async def dead_neighbour(bench: Bench) -> AsyncIterator[None]:
    """Another controller's only processor is dead, its lane full and its calls in the air."""
    dead = DeadProcessor()
    listener = await asyncio.start_server(dead.take, "127.0.0.1", 0)
    dead.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    await leave_only(bench.client, NEIGHBOUR, dead.url, concurrency=AT_ONCE)
    await asyncio.gather(*(file_one(bench, 90_000 + number, controller=NEIGHBOUR) for number in range(WAITING)))
    async with asyncio.timeout(60):
        while dead.in_hand < AT_ONCE:
            await asyncio.sleep(0.01)
    try:
        yield
    finally:
        dead.over.set()
        listener.close()
