"""The desk put together."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

import httpx
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from processor_kit.desk import _opendsr, _webhook
from processor_kit.desk._config import Config, Misconfigured
from processor_kit.desk._incoming import Refused, as_json
from processor_kit.desk._opendsr import refusal
from processor_kit.desk._outbox import Outbox
from processor_kit.desk._page import HEADERS, Page
from processor_kit.desk._sessions import Sessions
from processor_kit.desk._store import Store

CALL_SECONDS = 15.0


@asynccontextmanager
async def open_desk(config: Config) -> AsyncIterator[ASGIApp]:
    """
    The desk as an ASGI application, and what it owes being sent, until this is left.

    Raises:
        Misconfigured: Another desk works in the same folder.
    """
    lock = (config.folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise Misconfigured("Another desk works in this folder.") from None
    store = Store(config.folder / "desk.sqlite")
    # trust_env off and no redirects: Insyn is called where it was named, and nowhere else.
    client = httpx.AsyncClient(trust_env=False, timeout=CALL_SECONDS, follow_redirects=False)
    outbox = Outbox(config, store, client)
    sending = asyncio.create_task(outbox.run())
    try:
        yield _application(config, store, outbox)
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await client.aclose()
        store.close()
        lock.close()


def _application(config: Config, store: Store, outbox: Outbox) -> ASGIApp:
    webhook, opendsr = _webhook.Door(config, store), _opendsr.Door(config, store)
    page = Page(config, store, Sessions(config.password), outbox)
    app = Starlette(
        routes=[
            Route("/", page.show),
            Route("/login", page.log_in, methods=["POST"]),
            Route("/logout", page.log_out, methods=["POST"]),
            Route("/tasks/{task}", page.answer, methods=["POST"]),
            Route("/style.css", _style),
            Route("/livez", _alive),
            Route("/insyn", webhook.take, methods=["POST"]),
            Route("/insyn/{task}", webhook.tell),
            Route("/v2/discovery", opendsr.discovery),
            Route("/v2/certificate.pem", opendsr.certificate),
            Route("/v2/requests", opendsr.take, methods=["POST"]),
            Route("/v2/requests/{id}", opendsr.tell, methods=["GET"]),
            Route("/v2/requests/{id}", opendsr.cancel, methods=["DELETE"]),
            Route("/v2/results/{id}", opendsr.results),
        ],
        exception_handlers={Refused: _refuse(config)},
    )
    return _Headers(app)


def _refuse(config: Config) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        if not isinstance(error, Refused):
            raise error
        if request.url.path.startswith("/v2/"):
            return refusal(config, error)
        body = {"type": "about:blank", "title": error.text, "status": error.status}
        return as_json(body, error.status, {"content-type": "application/problem+json"})

    return answer


async def _style(_request: Request) -> Response:
    css = (files("processor_kit.desk") / "templates" / "style.css").read_text(encoding="utf-8")
    return Response(css, media_type="text/css")


async def _alive(_request: Request) -> Response:
    return as_json({"status": "ok"})


class _Headers:
    """ASGI middleware: no answer is framed, kept, sniffed or runs a script."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with if scope["type"] == "http" else send)
