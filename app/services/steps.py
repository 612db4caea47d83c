"""
The one door to a case's state.

Whoever changes a request's phase, or writes down that something happened to it, comes through here: the row is
locked, the table of transitions is asked, the audit chain grows by one entry, and the case is woken, all in the
caller's transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep, Entry, Head, chain
from app.domain.case import Phase, Step, advance
from app.domain.errors import DomainError
from app.domain.guarding import RequestStopped
from app.models import AuditEntryRow, RequestRow
from app.repositories import audit, cases, jobs
from app.services.context import Actor

_WRITTEN_AS: dict[Step, AuditStep] = {
    Step.ASK_FOR_IDENTITY: AuditStep.REQUEST_IDENTITY_ASKED,
    Step.BEGIN_ASSESSMENT: AuditStep.REQUEST_ASSESSMENT_BEGUN,
    Step.BEGIN_EXECUTION: AuditStep.REQUEST_EXECUTION_BEGUN,
    Step.EXECUTE_ANEW: AuditStep.REQUEST_EXECUTION_BEGUN,
    Step.BEGIN_ANSWER: AuditStep.REQUEST_ANSWER_BEGUN,
    Step.CLOSE: AuditStep.REQUEST_CLOSED,
}


#: So far back that a worker whose clock is behind ours still sees the case as due.
CERTAINLY_DUE = timedelta(minutes=5)


class UnknownRequest(DomainError):
    """There is no such request."""


class ClosedRequest(DomainError):
    """The request is closed; what follows is a new request."""


async def hold(tx: Tx, request_id: UUID) -> RequestRow:
    """Lock a request's row until the transaction ends; raises :class:`UnknownRequest`."""
    row = await cases.request(tx, request_id, lock=True)
    if row is None:
        raise UnknownRequest
    return row


async def find(tx: Tx, request_id: UUID) -> RequestRow:
    """A request's row, not locked: to read what takes long; raises :class:`UnknownRequest`."""
    row = await cases.request(tx, request_id)
    if row is None:
        raise UnknownRequest
    return row


async def hold_open(tx: Tx, request_id: UUID, *, also_stopped: bool = False) -> RequestRow:
    """
    Like :func:`hold`, of a request to which something can still happen.

    Args:
        also_stopped: For what settles a stop; anything else waits for that.

    Raises:
        UnknownRequest, ClosedRequest, RequestStopped
    """
    row = await hold(tx, request_id)
    if row.phase == Phase.CLOSED:
        raise ClosedRequest
    if not also_stopped:
        check_not_stopped(row)
    return row


def check_not_stopped(row: RequestRow) -> None:
    """Raise :class:`RequestStopped` while somebody's "that was not me" is not settled."""
    if row.is_stopped:
        raise RequestStopped


class Chained(Protocol):
    """What has a chain of its own: a request, or a processor for what is done with its secrets."""

    id: UUID
    controller_id: str


async def note(tx: Tx, row: Chained, step: AuditStep, *, actor: Actor, facts: Mapping[str, Any] | None = None) -> None:
    """Write down that something happened to the request (or processor) that is held. Ids, codes and dates only."""
    heads: dict[UUID, Head | None] = tx.session.info.setdefault("audit_heads", {})
    # Nobody else appends while the row is held, so the chain's end is read once a transaction.
    last = heads[row.id] if row.id in heads else await audit.head_of(tx, row.id)
    entry = Entry(
        controller=row.controller_id,
        request_id=str(row.id),
        seq=(last.seq if last else 0) + 1,
        at=tx.now,
        actor_role=actor.role,
        actor_ref=actor.ref,
        step=step,
        facts=dict(facts or {}),
    )
    link = chain(last, entry)
    tx.session.add(
        AuditEntryRow(
            request_id=row.id,
            seq=entry.seq,
            controller_id=row.controller_id,
            at=entry.at,
            step=step.value,
            actor_role=actor.role,
            actor_ref=actor.ref,
            facts=dict(entry.facts),
            prev_hash=link.prev_hash,
            hash=link.hash,
        )
    )
    heads[row.id] = Head(seq=entry.seq, hash=link.hash)


def begin_chain(tx: Tx, row: RequestRow) -> None:
    """Say that a request is new in this transaction: its chain has no end yet that would have to be read."""
    tx.session.info.setdefault("audit_heads", {})[row.id] = None


async def take(tx: Tx, row: RequestRow, step: Step, *, actor: Actor) -> None:
    """
    Move a held request on by one step.

    Raises:
        StepNotAllowed: If the table of transitions does not have it.
    """
    row.phase = advance(Phase(row.phase), step)
    row.version += 1
    if row.phase == Phase.CLOSED:
        row.closed_at = tx.now
        row.next_at = None
        row.status = Phase.CLOSED.value
    await note(tx, row, _WRITTEN_AS[step], actor=actor, facts={"phase": row.phase})


async def changed(tx: Tx, row: RequestRow, *, at: datetime | None = None) -> None:
    """A fact about the request changed: its ETag moves on and the process is asked again."""
    row.version += 1
    row.next_at = tx.now - CERTAINLY_DUE
    await tx.session.flush()
    jobs.wake(tx, "case.advance", controller=row.controller_id, id=row.id, at=at)


async def changed_unless_closed(tx: Tx, row: RequestRow) -> None:
    """The same; a closed request is not woken by what is only said of it, and its ETag moves on all the same."""
    if row.phase == Phase.CLOSED:
        row.version += 1
        return
    await changed(tx, row)
