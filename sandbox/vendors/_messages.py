"""What goes between a simulated vendor and whoever calls it: calls, replies, forced faults, and the bytes of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from starlette.types import Receive, Scope, Send

#: Header values that are secrets: the log keeps the first word only.
_SECRET_HEADERS = frozenset({"authorization", "authcode", "refreshtoken", "x-api-key", "cookie"})


@dataclass(frozen=True)
class Reply:
    """What goes back: *body* is bytes as they are, or anything JSON can say; None is an empty body."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    @property
    def raw(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False).encode()


class Refused(Exception):
    """The call is not answered as wished; *reply* is the vendor's own error."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True)
class Call:
    """One call as it came in. ``headers`` has lower-case names; ``path_raw`` is still percent-encoded."""

    method: str
    path_raw: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return unquote(self.path_raw)

    def arg(self, name: str, default: str = "") -> str:
        """The query parameter, or *default*; names are told apart by case."""
        return next((value for key, value in self.query if key == name), default)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def form(self) -> dict[str, str]:
        """The fields of an urlencoded body; nothing where the content type is another."""
        if self.media_type != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The JSON body; None where the content type is another or the body is no JSON."""
        if self.media_type != "application/json":
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Logged:
    """One line of the log: what was sent (secrets left out) and how it was answered."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    status: int

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Fault:
    """
    Something that goes wrong at the next calls whose ``METHOD /path`` begins with *on*.

    ``status``: nothing is done, *status* and *body* are the answer. ``reset``: nothing is done, the connection is cut.
    ``cut``: the work is done, the connection is cut. ``truncated``, ``wrong_type``: the work is done, the answer is
    half a JSON text, or a web page. ``html_502``: nothing is done, a proxy's web page. ``slow``: late.
    """

    kind: Literal["status", "reset", "cut", "truncated", "wrong_type", "html_502", "slow"]
    on: str = ""
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 0.0


# ---- bytes in and out


async def read_call(scope: Scope, receive: Receive) -> Call:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Call(scope["method"], scope["raw_path"].decode("latin-1"), query, headers, body)


def as_logged(call: Call, status: int) -> Logged:
    headers = {
        name: value.partition(" ")[0] if " " in value and name in _SECRET_HEADERS else value
        for name, value in call.headers.items()
        if " " in value or name not in _SECRET_HEADERS
    }
    body = call.body.decode("utf-8", "replace")
    return Logged(call.method, call.path, dict(call.query), headers, body, status)


def instead(fault: Fault | None) -> Reply | None:
    """The answer where nothing is done."""
    match fault.kind if fault else "":
        case "status":
            assert fault is not None  # noqa: S101 - for the type checker
            return Reply(fault.body, fault.status, fault.headers)
        case "html_502":
            return Reply(b"<html><body><h1>502 Bad Gateway</h1></body></html>", 502, {}, "text/html")
        case "reset":
            return Reply(None, 500)
    return None


def spoilt(fault: Fault | None, reply: Reply) -> Reply:
    match fault.kind if fault else "":
        case "truncated":
            return Reply(reply.raw[: len(reply.raw) // 2], reply.status, reply.headers, reply.media_type)
        case "wrong_type":
            return Reply(b"<html><body>Maintenance</body></html>", 200, {}, "text/html")
    return reply


def _head(reply: Reply, length: int) -> dict[str, Any]:
    headers = dict(reply.headers)
    if reply.status != 204:
        headers["content-length"] = str(length)
    if length:
        headers["content-type"] = reply.media_type
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": reply.status, "headers": pairs}


async def send_reply(send: Send, reply: Reply) -> None:
    raw = b"" if reply.status == 204 else reply.raw
    await send(_head(reply, len(raw)))
    await send({"type": "http.response.body", "body": raw})


async def cut_short(send: Send, reply: Reply) -> None:
    """Promise more than is sent; the server then closes the connection, as a crash would."""
    await send(_head(Reply(None, 200), 4096))
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
