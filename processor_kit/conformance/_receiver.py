"""Where the tested processor calls back: a server on the loopback address that writes everything down."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One call that came in."""

    task: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    answered: int


@dataclass
class Receiver:
    """The calls so far, and whose first one is turned away."""

    calls: list[Call] = field(default_factory=list)
    turned_away: set[str] = field(default_factory=set)
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        task, body = request.path_params["task"], await request.body()
        is_first = not any(one.task == task for one in self.calls)
        status = 413 if len(body) > LARGEST else 503 if is_first and task in self.turned_away else 202
        self.calls.append(Call(task, dict(request.headers), body, time.monotonic(), status))
        self._rung.set()
        return JSONResponse({"status": "accepted"} if status == 202 else {"status": status}, status)

    def of(self, task: str) -> list[Call]:
        return [one for one in self.calls if one.task == task]

    async def wait(self, seconds: float) -> None:
        """Until something comes in, *seconds* at most."""
        self._rung.clear()
        try:
            await asyncio.wait_for(self._rung.wait(), timeout=seconds)
        except TimeoutError:
            return


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # stopping is the business of whoever runs the tests


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[tuple[Receiver, str]]:
    """
    A receiver and its address on this machine; port 0 takes a free one.

    Raises:
        OSError: The port is taken.
    """
    receiver = Receiver()
    app = Starlette(routes=[Route("/{task}", receiver.take, methods=["POST"])])
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    server = _Server(uvicorn.Config(app, log_config=None, log_level=60, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)  # it sets no event of ours
        yield receiver, f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()
