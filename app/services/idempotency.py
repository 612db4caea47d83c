"""
The same request twice is one request.

A key belongs to a client, a route and a controller, and is kept as long as the case it made. The record is written in
the transaction of the work itself: either both are there or neither.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from app.db import Tx
from app.domain.errors import DomainError
from app.models import IdempotencyRow
from app.services.context import Context


class KeyReused(DomainError):
    """The Idempotency-Key was used before with another body."""


class KeyInFlight(DomainError):
    """A request with this Idempotency-Key is still being carried out."""


@dataclass(frozen=True)
class Slot:
    """Where a key's first answer is kept. The client is a pseudonymous reference."""

    controller: str
    client: str
    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class Kept:
    """The first answer to a key."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


def fingerprint(ctx: Context, body: bytes) -> bytes:
    """
    What tells one body from another, under a key of ours: a bare hash would let whoever holds the table try every
    personnummer against it.
    """
    return ctx.vault.blind_index(controller="-", type="idempotency", normalised=hashlib.sha256(body).hexdigest())


_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:slot, 0))")


async def first_answer(tx: Tx, slot: Slot) -> Kept | None:
    """
    The answer this key got before, or None if the work is still to be done (by us, from here on).

    Raises:
        KeyInFlight: Somebody else is at it this moment. KeyReused: Same key, other body.
    """
    name = "\x1f".join((slot.controller, slot.client, slot.route, slot.key))
    if not (await tx.session.execute(_LOCK, {"slot": name})).scalar_one():
        raise KeyInFlight
    query = select(IdempotencyRow).where(
        col(IdempotencyRow.controller_id) == slot.controller,
        col(IdempotencyRow.client) == slot.client,
        col(IdempotencyRow.route) == slot.route,
        col(IdempotencyRow.key) == slot.key,
    )
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    if row.fingerprint != slot.fingerprint:
        raise KeyReused
    return Kept(row.status, row.body, row.headers)


async def keep(tx: Tx, slot: Slot, answer: Kept, *, request_id: UUID | None) -> None:
    """Keep the first answer; it holds no personal data."""
    tx.session.add(
        IdempotencyRow(
            controller_id=slot.controller,
            client=slot.client,
            route=slot.route,
            key=slot.key,
            fingerprint=slot.fingerprint,
            request_id=request_id,
            status=answer.status,
            body=dict(answer.body),
            headers=dict(answer.headers),
            made_at=tx.now,
        )
    )
    await tx.session.flush()
