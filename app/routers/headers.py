"""What holds for every call: how large it may be, and the headers every answer carries."""

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.routers.problems import SECURITY_HEADERS, plain

#: Where processors answer; and the pages of those that have no API.
CALLBACKS, PAGES = "/v1/callbacks/", "/p/"
#: Below both, where files come in.
FILES = "/files"


class SecurityHeaders:
    """ASGI middleware: nothing is kept, sniffed, framed or referred; over https only https from then on."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if https:
            self._headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with if scope["type"] == "http" else send)


class BodyLimit:
    """
    ASGI middleware: no body larger than agreed, announced or not.

    A length that is too large is answered at once; what comes without one is counted as it comes. A processor may
    answer with an export, so below :data:`CALLBACKS` as much may come as it may say in a direct answer, and a file
    where files are taken.
    """

    def __init__(self, app: ASGIApp, *, most: int, most_by_callback: int, most_of_file: int) -> None:
        self._app = app
        self._most = most
        self._most_by_callback = most_by_callback
        self._most_of_file = most_of_file

    def _most_at(self, path: str) -> int:
        if path.startswith((CALLBACKS, PAGES)) and path.endswith(FILES):
            # As JSON a file is a third larger.
            return self._most_of_file if path.startswith(PAGES) else self._most_of_file * 4 // 3
        return self._most_by_callback if path.startswith(CALLBACKS) else self._most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        most = self._most_at(request.url.path)
        announced = request.headers.get("content-length", "0")
        # A page says itself that a file is too large, when it has come so far; a client of the API is told at once.
        is_form = request.url.path.startswith(PAGES) and request.url.path.endswith(FILES)
        if not announced.isdecimal() or (int(announced) > most and not is_form):
            await plain(request, 413)(scope, receive, send)
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)
