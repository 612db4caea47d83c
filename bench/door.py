"""
What the door costs: the same calls through the pinned client, through bare httpx, and as the door was before.

``python -m bench.door`` prints the rows by itself. Before, a name was looked up and judged at every call, and looked up
once more by the connection; now once a connection, and that answer is the one that is connected to.
"""

import asyncio
import socket
import statistics
import time
from collections.abc import Awaitable, Callable

import httpx

from app.processors import open_client
from bench.house import BareProcessor

CALLS, AT_ONCE, ROUNDS = 1_000, 10, 5
_BODY = b'{"type": "task.requested", "data": {"padding": "' + b"x" * 700 + b'"}}'


async def _per_second(call: Callable[[], Awaitable[object]]) -> float:
    turns = iter(range(CALLS))

    async def caller() -> None:
        for _ in turns:
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return CALLS / (time.perf_counter() - began)


async def measured() -> tuple[float, float, float]:
    """Calls a second: through the door, by bare httpx, and with a look-up before every call; medians of five rounds."""
    processor = BareProcessor()
    listener = await asyncio.start_server(processor.answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    found: list[tuple[float, float, float]] = []
    async with (
        listener,
        open_client([url], connections=AT_ONCE, seconds=15, sandbox=True) as door,
        httpx.AsyncClient(trust_env=False, limits=limits) as bare,
    ):

        async def looked_up_before() -> None:
            await asyncio.get_running_loop().getaddrinfo("localhost", 443, type=socket.SOCK_STREAM)
            await bare.post(url, content=_BODY)

        for _ in range(ROUNDS):
            found.append(
                (
                    await _per_second(lambda: door.post(url, content=_BODY)),
                    await _per_second(lambda: bare.post(url, content=_BODY)),
                    await _per_second(looked_up_before),
                )
            )
    through, alone, before = (statistics.median(one) for one in zip(*found, strict=True))
    return through, alone, before


def rows(through: float, alone: float, before: float) -> list[tuple[str, str, str, float]]:
    """The rows of the table that ``make bench`` prints."""
    limit = f"{alone:.0f} (same calls, bare httpx)"
    return [
        ("calls through the door, calls/s", f"{through:.0f}", limit, through / alone),
        ("the same with a look-up a call, as before", f"{before:.0f}", limit, before / alone),
    ]


if __name__ == "__main__":
    for what, ours, theirs, ratio in rows(*asyncio.run(measured())):
        print(f"| {what} | {ours} | {theirs} | {ratio:.3f} |")
