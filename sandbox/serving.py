"""
An ASGI application as a real server on a loopback port, for as long as somebody needs it.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

_HOST = "127.0.0.1"
#: How long what is being answered may still take when the server is to stop.
GRACE_SECONDS = 2.0


class _Server(uvicorn.Server):
    """
    One server among several in a process: stopping is the business of whoever started it.

    It stops as soon as it is told to and nothing is being answered any more. The server it is made from looks every
    tenth of a second whether it should, and then rests another one or two: a third of a second for each of the hundreds
    of servers that a test run starts.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        while not self.stop.is_set():
            await self.on_tick(0)  # the date that answers carry
            try:
                await asyncio.wait_for(self.stop.wait(), timeout=1)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()  # at once if it is idle, else when it has answered
        loop = asyncio.get_running_loop()
        ends = loop.time() + GRACE_SECONDS
        while (self.server_state.connections or self.server_state.tasks) and loop.time() < ends:
            await asyncio.sleep(0.002)
        for task in self.server_state.tasks:
            task.cancel()


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """
    Serve *app* and yield its base URL; port 0 takes a free one.

    Raises:
        OSError: If the port is taken.
    """
    listening = _listen(port)
    # log_level above everything: an answer cut short on purpose would count as an error.
    config = uvicorn.Config(app, log_config=None, log_level=60, access_log=False, lifespan="off")
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            if serving.done():
                await serving
                raise OSError("The server did not start.")
            await asyncio.sleep(0)
        yield f"http://{_HOST}:{listening.getsockname()[1]}"
    finally:
        server.stop.set()
        await serving
        listening.close()


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((_HOST, port))
    except OSError:
        listening.close()
        raise
    return listening
