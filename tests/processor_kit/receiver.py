"""An Insyn of the tests' own: takes callbacks, as often and in whatever mood a test wants."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.serving import served


@dataclass
class Receiver:
    url: str = ""
    moods: list[int] = field(default_factory=list)  #: statuses for the next calls; then 202
    heard: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.heard.append((dict(request.headers), await request.body()))
        return Response(status_code=self.moods.pop(0) if self.moods else 202)


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with served(Starlette(routes=[Route("/{path:path}", receiver.take, methods=["POST"])])) as url:
        receiver.url = url
        yield receiver
