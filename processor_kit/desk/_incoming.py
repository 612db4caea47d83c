"""What both doors share: reading a body of bounded size, and answering in JSON."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.domain.plain_json import is_plain, once_each

#: Insyn never sends more than a quarter of this.
LARGEST_BODY = 1024 * 1024
DEEPEST = 12


class Refused(Exception):
    """A call that is not taken: a status and a sentence, neither with anything of the call in it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


async def body_of(request: Request, *, most: int = LARGEST_BODY) -> bytes:
    """The raw bytes of a call; raises :class:`Refused` as soon as there are too many."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > most:
        raise Refused(413, "The body is too large.")
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > most:
            raise Refused(413, "The body is too large.")
    return bytes(read)


def object_in(raw: bytes) -> dict[str, Any]:
    """The JSON object in *raw*; raises :class:`Refused`."""
    try:
        value = json.loads(raw, object_pairs_hook=once_each, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(value, dict) or not is_plain(value, deepest=DEEPEST):
        raise Refused(400, "The body is not a plain JSON object.")
    return value


def _refuse(_constant: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def as_json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, headers, media_type="application/json")
