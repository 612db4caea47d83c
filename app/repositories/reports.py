"""Counts and lines over the controllers a transaction sees; nobody in particular."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlmodel import col

from app.db import Tx
from app.domain.case import Phase
from app.domain.ledger import EntryState
from app.models import ClaimRow, LedgerEntryRow, RequestRow
from app.repositories import guarding

#: A recipient that has been told, whether or not it has confirmed: Art. 19 asks to communicate.
_TOLD = (EntryState.SENT, EntryState.CONFIRMED)


async def counts(tx: Tx, *, overdue_on: date) -> tuple[Counter[str], Counter[str], Counter[str], int]:
    """How many requests per phase, claims per right and per outcome, and open requests due before *overdue_on*."""
    phases = await tx.session.execute(
        select(col(RequestRow.phase), func.count())
        .where(guarding.may_see(tx))
        .group_by(col(RequestRow.phase))
        .order_by(col(RequestRow.phase))
    )
    claims = await tx.session.execute(
        select(col(ClaimRow.right), col(ClaimRow.outcome), func.count())
        .where(guarding.may_see_its_request(tx, ClaimRow.request_id))
        .group_by(col(ClaimRow.right), col(ClaimRow.outcome))
        .order_by(col(ClaimRow.right), col(ClaimRow.outcome))
    )
    overdue = await tx.session.execute(
        select(func.count())
        .select_from(RequestRow)
        .where(guarding.may_see(tx), col(RequestRow.due_on) < overdue_on, col(RequestRow.phase) != Phase.CLOSED.value)
    )
    rights, outcomes = Counter[str](), Counter[str]()
    for right, outcome, number in claims.all():
        rights[right] += number
        if outcome is not None:
            outcomes[outcome] += number
    return Counter({row[0]: row[1] for row in phases}), rights, outcomes, overdue.scalar_one()


async def punctuality(tx: Tx, controller: str, *, zone: str) -> Counter[bool]:
    """Of a controller's closed requests, how many were closed by their due date, in its time zone, and how many not."""
    closed_on = cast(func.timezone(zone, col(RequestRow.closed_at)), Date)
    in_time = closed_on <= col(RequestRow.due_on)
    query = (
        select(in_time, func.count())
        .where(
            guarding.may_see(tx), col(RequestRow.controller_id) == controller, col(RequestRow.closed_at).is_not(None)
        )
        .group_by(in_time)
    )
    return Counter({row[0]: row[1] for row in await tx.session.execute(query)})


async def in_order(tx: Tx, *, controller: str | None, after: UUID | None, limit: int) -> Sequence[RequestRow]:
    """Requests in the order they were filed (ids are UUIDv7), keyset-paged."""
    query = select(RequestRow).where(guarding.may_see(tx))
    if controller is not None:
        query = query.where(col(RequestRow.controller_id) == controller)
    if after is not None:
        query = query.where(col(RequestRow.id) > after)
    return (await tx.session.execute(query.order_by(col(RequestRow.id)).limit(limit))).scalars().all()


async def recipients_told(tx: Tx, request_ids: Iterable[UUID]) -> dict[UUID, int]:
    """
    How many recipients of each request have been told of a rectification, erasure or restriction (GDPR Art. 19).

    Each is counted once, of however many changes it was told; one that could not be told is not.
    """
    query = (
        select(col(LedgerEntryRow.request_id), func.count(func.distinct(col(LedgerEntryRow.recipient))))
        .where(
            col(LedgerEntryRow.request_id).in_(list(request_ids)),
            col(LedgerEntryRow.state).in_([one.value for one in _TOLD]),
        )
        .group_by(col(LedgerEntryRow.request_id))
    )
    return {row[0]: row[1] for row in await tx.session.execute(query)}
