"""
How a lane stands: its breaker, its rest, the calls its quotas count, and what waits on it too long.

Whoever writes to a lane's row holds nothing that an owner's look waits for: locks are taken in the order processor,
request, task, lane, and a look (which begins with the lane) waits for none of the others.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, text, update
from sqlmodel import col

from app.db import Tx
from app.domain.breaker import Breaker, State
from app.domain.case import Phase
from app.domain.fanout import Outcome, TaskState
from app.domain.quotas import Quota
from app.models import AttemptRow, LaneCallRow, LaneRow, ProcessorRow, RequestRow, TaskRow
from app.repositories import guarding
from app.repositories.lanes import Held

_NOTE_CALLS = text(
    """
    INSERT INTO lane_call (processor_id, at, controller_id, calls)
    SELECT processor_id, :at, controller_id, :calls FROM lane WHERE processor_id = :processor
    ON CONFLICT (processor_id, at) DO UPDATE SET calls = lane_call.calls + excluded.calls
    """
)


async def hold(tx: Tx, processor_id: UUID) -> LaneRow:
    """A lane's row, locked until the transaction ends."""
    return await tx.session.get_one(LaneRow, processor_id, with_for_update=True, populate_existing=True)


async def of(tx: Tx, processor_ids: Iterable[UUID]) -> dict[UUID, LaneRow]:
    """The lanes to these processors."""
    query = select(LaneRow).where(col(LaneRow.processor_id).in_(list(processor_ids)))
    rows = (await tx.session.execute(query.execution_options(populate_existing=True))).scalars().all()
    return {row.processor_id: row for row in rows}


async def set_breaker(tx: Tx, processor_id: UUID, breaker: Breaker) -> None:
    """Write a breaker down; the caller holds the lane's row."""
    await _change(
        tx,
        processor_id,
        breaker=breaker.state.value,
        failures=breaker.failures,
        openings=breaker.openings,
        opened_at=breaker.opened_at,
        probe_at=breaker.probe_at,
        closed_at=breaker.closed_at,
        last_code=breaker.code,
    )


async def rest(tx: Tx, processor_id: UUID, *, until: datetime, why: str) -> None:
    """Let a lane rest; one that rests longer already goes on with that."""
    longer = or_(col(LaneRow.rests_until).is_(None), col(LaneRow.rests_until) < until)
    await tx.session.execute(
        update(LaneRow)
        .where(col(LaneRow.processor_id) == processor_id, longer)
        .values(rests_until=until, rests_for=why)
        .execution_options(synchronize_session=False)
    )


async def end_rest(tx: Tx, processor_id: UUID, *, why: str | None = None) -> None:
    """End a lane's rest, whatever it is for or only one for *why*."""
    same = col(LaneRow.rests_for) == why if why is not None else col(LaneRow.rests_for).is_not(None)
    await tx.session.execute(
        update(LaneRow)
        .where(col(LaneRow.processor_id) == processor_id, same)
        .values(rests_until=None, rests_for=None)
        .execution_options(synchronize_session=False)
    )


async def _change(tx: Tx, processor_id: UUID, **values: object) -> None:
    statement = update(LaneRow).where(col(LaneRow.processor_id) == processor_id).values(**values)
    await tx.session.execute(statement.execution_options(synchronize_session=False))


# --- quotas ----------------------------------------------------------------------------------------------------------


async def calls_in(tx: Tx, processor_id: UUID, quotas: Sequence[Quota], *, at: datetime) -> list[int]:
    """How many tasks were sent in each quota's window at *at* (the database's clock); the lane is locked."""
    counts = [
        func.coalesce(func.sum(col(LaneCallRow.calls)).filter(_counts(one, at)), 0).label(f"window_{number}")
        for number, one in enumerate(quotas)
    ]
    oldest = min(one.since(at) for one in quotas)
    query = select(*counts).where(col(LaneCallRow.processor_id) == processor_id, col(LaneCallRow.at) >= oldest)
    return [int(count) for count in (await tx.session.execute(query)).one()]


def _counts(quota: Quota, at: datetime) -> ColumnElement[bool]:
    since = quota.since(at)
    return col(LaneCallRow.at) > since if quota.kind == "sliding" else col(LaneCallRow.at) >= since


async def blocking_call(tx: Tx, processor_id: UUID, quota: Quota, *, at: datetime) -> datetime | None:
    """The newest call that has to fall out of a full sliding window before there is room again."""
    newer = func.sum(col(LaneCallRow.calls)).over(order_by=col(LaneCallRow.at).desc())
    inside = (
        select(col(LaneCallRow.at).label("at"), newer.label("newer"))
        .where(col(LaneCallRow.processor_id) == processor_id, _counts(quota, at))
        .subquery()
    )
    query = select(func.max(inside.c.at)).where(inside.c.newer >= quota.tasks)
    found: datetime | None = (await tx.session.execute(query)).scalar_one_or_none()
    return found


async def note_calls(tx: Tx, held: Held, quotas: Sequence[Quota], *, at: datetime, calls: int) -> None:
    """Count calls that begin now, and forget the ones no quota looks back to; the lane is locked."""
    await tx.session.execute(_NOTE_CALLS, {"processor": held.processor_id, "at": at, "calls": calls})
    oldest = min(one.since(at) for one in quotas) - timedelta(seconds=1)
    await tx.session.execute(
        delete(LaneCallRow).where(col(LaneCallRow.processor_id) == held.processor_id, col(LaneCallRow.at) < oldest)
    )


# --- what waits ------------------------------------------------------------------------------------------------------

_WAITS = and_(
    col(TaskRow.state).in_((TaskState.OPEN.value, TaskState.ACCEPTED.value)), col(TaskRow.next_at).is_not(None)
)


async def waiting(
    tx: Tx, processor_id: UUID, *, until: datetime, due_before: date | None, limit: int = 100
) -> Sequence[UUID]:
    """
    Tasks that would be sent, or asked about, by *until* and are not, for their lane rests; the most urgent first.

    Args:
        due_before: Only those of open cases that are due on that day or earlier; None: all.
    """
    query = select(col(TaskRow.id)).where(
        col(TaskRow.processor_id) == processor_id, _WAITS, col(TaskRow.next_at) <= until
    )
    if due_before is not None:
        query = query.join(RequestRow, col(RequestRow.id) == col(TaskRow.request_id)).where(
            col(RequestRow.due_on) <= due_before, col(RequestRow.phase) != Phase.CLOSED.value
        )
    return (
        (await tx.session.execute(query.order_by(col(TaskRow.answer_by), col(TaskRow.id)).limit(limit))).scalars().all()
    )


async def is_ready(tx: Tx, processor_id: UUID) -> bool:
    """Whether something is due on a lane that nothing keeps from being sent."""
    query = select(col(LaneRow.processor_id)).where(
        col(LaneRow.processor_id) == processor_id, _goes(tx.now), _has_due(tx.now)
    )
    return (await tx.session.execute(query)).first() is not None


async def with_work(tx: Tx, *, limit: int = 500) -> Sequence[tuple[str, UUID]]:
    """Lanes that have a task left in the air, or one due and nothing that keeps it: (controller, processor)."""
    in_the_air = (
        select(1)
        .where(col(TaskRow.processor_id) == col(LaneRow.processor_id), col(TaskRow.state) == TaskState.SENDING.value)
        .exists()
    )
    query = (
        select(col(LaneRow.controller_id), col(LaneRow.processor_id))
        .where(or_(and_(_goes(tx.now), _has_due(tx.now)), in_the_air))
        .order_by(col(LaneRow.processor_id))
        .limit(limit)
    )
    return [(controller, id_) for controller, id_ in (await tx.session.execute(query)).all()]


def _goes(now: datetime) -> ColumnElement[bool]:
    is_rested = or_(col(LaneRow.rests_until).is_(None), col(LaneRow.rests_until) <= now)
    return and_(is_rested, or_(col(LaneRow.breaker) != State.OPEN.value, col(LaneRow.probe_at) <= now))


def _has_due(now: datetime) -> ColumnElement[bool]:
    due = select(1).where(col(TaskRow.processor_id) == col(LaneRow.processor_id), _WAITS, col(TaskRow.next_at) <= now)
    return due.exists()


async def breakers(tx: Tx) -> Sequence[tuple[str, str, str, bool]]:
    """Every lane there is: controller, processor's key, state of its breaker, whether it rests."""
    rests = case((col(LaneRow.rests_until) > tx.now, True), else_=False)
    query = (
        select(col(ProcessorRow.controller_id), col(ProcessorRow.key), col(LaneRow.breaker), rests)
        .join(ProcessorRow, col(ProcessorRow.id) == col(LaneRow.processor_id))
        .where(col(ProcessorRow.state) != "removed")
    )
    return [(one, key, state, resting) for one, key, state, resting in (await tx.session.execute(query)).all()]


#: Answers after which the same task sent again does nothing twice, whatever the processor makes of keys.
_WITHOUT_EFFECT = (Outcome.RETRY.value, Outcome.REFUSED.value, Outcome.FAILED.value, Outcome.AMBIGUOUS.value)


async def given_up(
    tx: Tx,
    processor_id: UUID,
    *,
    is_safe: bool,
    attention: str | None,
    action: str | None,
    created_before: datetime | None,
    limit: int,
) -> tuple[int, Sequence[UUID]]:
    """
    Tasks of a processor that wait for a person: how many there are, and the first of them.

    In the order of their requests, so that two who hold them one after the other never wait for each other.

    Args:
        is_safe: Whether a task may be sent twice there; else only those of which surely nothing came.
    """
    wanted = [
        col(TaskRow.processor_id) == processor_id,
        col(TaskRow.state) == TaskState.NEEDS_PERSON.value,
        guarding.may_see_its_request(tx, TaskRow.request_id),
    ]
    if not is_safe:
        effect = select(1).where(
            col(AttemptRow.task_id) == col(TaskRow.id),
            col(AttemptRow.verb) == "send",
            or_(col(AttemptRow.outcome).is_(None), col(AttemptRow.outcome).not_in(_WITHOUT_EFFECT)),
        )
        wanted.append(~effect.exists())
    if attention is not None:
        wanted.append(col(TaskRow.attention) == attention)
    if action is not None:
        wanted.append(col(TaskRow.action) == action)
    if created_before is not None:
        wanted.append(col(TaskRow.created_at) < created_before)
    found = int((await tx.session.execute(select(func.count()).select_from(TaskRow).where(*wanted))).scalar_one())
    query = select(col(TaskRow.id)).where(*wanted).order_by(col(TaskRow.request_id), col(TaskRow.id)).limit(limit)
    return found, (await tx.session.execute(query)).scalars().all()
