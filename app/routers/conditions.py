"""Calls that may come twice, and calls that hold only for the version that was read."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from app.db import Tx
from app.routers.refusals import (
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    IfMatchMalformed,
    IfMatchMissing,
)
from app.services import idempotency
from app.services.context import Actor

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_ETAG = re.compile(r'"([0-9]{1,9})"')


@dataclass(frozen=True)
class Made:
    """What a call made: its answer, without personal data, for it is kept."""

    body: dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    request_id: UUID | None = None


class Doing(Protocol):
    """Who does something, in which transaction."""

    @property
    def tx(self) -> Tx: ...

    @property
    def actor(self) -> Actor: ...


@dataclass(frozen=True)
class Once:
    """An Idempotency-Key with what it was used for."""

    route: str
    key: str
    fingerprint: bytes

    async def answer(self, work: Doing, controller: str, act: Callable[[], Awaitable[Made]]) -> JSONResponse:
        """
        Do *act* and keep its answer, or give the answer that was kept.

        Raises:
            KeyReused, KeyInFlight
        """
        slot = idempotency.Slot(controller, work.actor.ref, self.route, self.key, self.fingerprint)
        kept = await idempotency.first_answer(work.tx, slot)
        if kept is not None:
            return JSONResponse(kept.body, kept.status, {**kept.headers, "Idempotent-Replayed": "true"})
        made = await act()
        await idempotency.keep(
            work.tx, slot, idempotency.Kept(made.status, made.body, made.headers), request_id=made.request_id
        )
        return JSONResponse(made.body, made.status, made.headers)


async def once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(description="1 to 255 visible ASCII characters, best a UUID; kept as long as the case."),
    ] = None,
) -> Once:
    """The call's Idempotency-Key, quoted (RFC 8941) or not."""
    if idempotency_key is None:
        raise IdempotencyKeyMissing
    key = idempotency_key.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _VISIBLE.fullmatch(key):
        raise IdempotencyKeyMalformed
    said = json.dumps([request.url.query, (await request.body()).hex()]).encode()
    return Once(f"{request.method} {request.url.path}", key, idempotency.fingerprint(request.app.state.ctx, said))


async def matched_version(
    if_match: Annotated[str | None, Header(description='The ETag that was read: `"3"`.')] = None,
) -> int:
    """The version the caller has read, from ``If-Match``."""
    if if_match is None:
        raise IfMatchMissing
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise IfMatchMalformed
    return int(found[1])


def etag(version: int) -> str:
    return f'"{version}"'


OnceOnly = Annotated[Once, Depends(once)]
IfMatch = Annotated[int, Depends(matched_version)]
