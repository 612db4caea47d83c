"""
Lanes: one owner at a time, exact limits.

A lease runs on the database's clock. The fence grows with every owner, so what an earlier one left in the air can be
told from what is under way. Taking a batch is two statements: lock the lane, then look. In one statement the look
would see the state from before the lock was granted, and the limits would be broken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, select, text, update
from sqlmodel import col

from app.db import Tx
from app.domain.breaker import Breaker, State
from app.domain.fanout import TaskState, Verb
from app.models import AttemptRow, LaneRow, TaskRow

_TAKE = text(
    """
    UPDATE lane SET owner = :owner, fence = fence + 1,
           lease_until = clock_timestamp() + make_interval(secs => :seconds)
     WHERE processor_id = :processor AND (owner IS NULL OR lease_until < clock_timestamp())
    RETURNING fence
    """
)
_KEEP = text(
    """
    UPDATE lane SET lease_until = clock_timestamp() + make_interval(secs => :seconds),
           tokens = least(:burst, tokens
               + greatest(0, extract(epoch FROM clock_timestamp() - refilled_at)::float8) * :rate),
           refilled_at = clock_timestamp()
     WHERE processor_id = :processor AND owner = :owner AND fence = :fence AND lease_until > clock_timestamp()
    RETURNING tokens, refilled_at AS at, breaker, failures, openings, opened_at, probe_at, closed_at, last_code,
              rests_until
    """
)
_LEAVE = text(
    "UPDATE lane SET owner = NULL, lease_until = NULL"
    " WHERE processor_id = :processor AND owner = :owner AND fence = :fence"
)


@dataclass(frozen=True)
class Held:
    """A lane somebody owns: the processor it leads to, the owner, and the owner's number in the line of owners."""

    processor_id: UUID
    owner: UUID
    fence: int


@dataclass(frozen=True)
class Kept:
    """A lane as its owner finds it at one look, its row locked: *at* is the database's own clock."""

    tokens: float
    at: datetime
    breaker: Breaker
    rests_until: datetime | None

    def resting_until(self, now: datetime) -> datetime | None:
        """Until when nothing is sent, in the law's time; None when something may be."""
        ends = [
            self.breaker.rests_until(now),
            self.rests_until if self.rests_until and self.rests_until > now else None,
        ]
        return max((one for one in ends if one is not None), default=None)


async def take(tx: Tx, processor_id: UUID, *, owner: UUID, seconds: float) -> Held | None:
    """Own a lane for *seconds*; None while somebody else does."""
    found = (
        await tx.session.execute(_TAKE, {"owner": owner, "seconds": seconds, "processor": processor_id})
    ).scalar_one_or_none()
    return None if found is None else Held(processor_id, owner, found)


async def keep(tx: Tx, held: Held, *, seconds: float, rate: float, burst: int) -> Kept | None:
    """
    Prolong the lease and bring the token bucket up to date; the lane as it is now, None if it is lost.

    A bucket never holds more than *burst*; it fills with *rate* tokens a second of the database's clock. The lane's
    row is locked from here to the end of the transaction.
    """
    values = {"processor": held.processor_id, "owner": held.owner, "fence": held.fence}
    values |= {"seconds": seconds, "rate": float(rate), "burst": float(burst)}
    found = (await tx.session.execute(_KEEP, values)).one_or_none()
    return None if found is None else Kept(found.tokens, found.at, breaker_of(found), found.rests_until)


def breaker_of(lane: Any) -> Breaker:
    """The breaker of a lane's row."""
    return Breaker(
        state=State(lane.breaker),
        failures=lane.failures,
        openings=lane.openings,
        opened_at=lane.opened_at,
        probe_at=lane.probe_at,
        closed_at=lane.closed_at,
        code=lane.last_code,
    )


async def leave(tx: Tx, held: Held) -> None:
    """Let go of the lane; nothing happens if it was lost already."""
    await tx.session.execute(_LEAVE, {"processor": held.processor_id, "owner": held.owner, "fence": held.fence})


async def claim_batch(tx: Tx, held: Held, *, most: int, is_trial: bool = False) -> Sequence[tuple[TaskRow, Verb]]:
    """
    Take due tasks off the lane, the most urgent first: each is "sending" with an attempt row before it is called.

    With each task comes what is to be done with it: send it, poll an accepted one, ask about one left unknown.

    Spends one token a task; the caller has asked :func:`keep` in this transaction, so the lane is locked.

    Args:
        is_trial: The call is to show whether the processor is well: the task that failed least goes first.
    """
    first = (col(TaskRow.failures),) if is_trial else ()
    due = (
        select(TaskRow)
        .where(
            col(TaskRow.processor_id) == held.processor_id,
            col(TaskRow.state).in_((TaskState.OPEN, TaskState.ACCEPTED)),
            col(TaskRow.next_at) <= tx.now,
        )
        .order_by(*first, col(TaskRow.answer_by), col(TaskRow.next_at))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    tasks = (await tx.session.execute(due)).scalars().all()
    if not tasks:
        return []
    attempts, claimed = [], []
    for task in tasks:
        verb: Verb = "poll" if task.state == TaskState.ACCEPTED else "ask" if task.ask_first else "send"
        claimed.append((task, verb))
        task.state, task.next_at, task.attempts = TaskState.SENDING, None, task.attempts + 1
        attempts.append(
            {
                "task_id": task.id,
                "number": task.attempts,
                "controller_id": task.controller_id,
                "verb": verb,
                "fence": held.fence,
                "started_at": tx.now,
            }
        )
    await tx.session.flush()
    await tx.session.execute(insert(AttemptRow), attempts)
    await tx.session.execute(
        update(LaneRow)
        .where(col(LaneRow.processor_id) == held.processor_id)
        .values(tokens=col(LaneRow.tokens) - len(tasks))
    )
    return claimed


async def attempts_of(tx: Tx, task_id: UUID) -> Sequence[AttemptRow]:
    """The tries of a task, in order; what became of each may have been written past the session."""
    query = select(AttemptRow).where(col(AttemptRow.task_id) == task_id).order_by(col(AttemptRow.number))
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def finish_attempt(tx: Tx, task_id: UUID, number: int, *, outcome: str, code: str) -> None:
    """Write down what came of an attempt, once."""
    await tx.session.execute(
        update(AttemptRow)
        .where(
            col(AttemptRow.task_id) == task_id,
            col(AttemptRow.number) == number,
            col(AttemptRow.finished_at).is_(None),
        )
        .values(finished_at=tx.now, outcome=outcome, code=code)
        .execution_options(synchronize_session=False)
    )


async def left_in_the_air(tx: Tx, held: Held) -> Sequence[tuple[UUID, int, Verb]]:
    """Tasks an earlier owner was calling when it died: (task, attempt number, what it did)."""
    query = (
        select(col(TaskRow.id), col(TaskRow.attempts), col(AttemptRow.verb))
        .join(
            AttemptRow,
            and_(col(AttemptRow.task_id) == col(TaskRow.id), col(AttemptRow.number) == col(TaskRow.attempts)),
        )
        .where(
            col(TaskRow.processor_id) == held.processor_id,
            col(TaskRow.state) == TaskState.SENDING,
            col(AttemptRow.fence) < held.fence,
        )
    )
    found = (await tx.session.execute(query)).all()
    return [(task_id, number, cast(Verb, verb)) for task_id, number, verb in found]


async def next_due(tx: Tx, processor_id: UUID) -> datetime | None:
    """When the lane's next task falls due (it may be past); None when nothing waits."""
    query = select(func.min(col(TaskRow.next_at))).where(
        col(TaskRow.processor_id) == processor_id,
        or_(col(TaskRow.state) == TaskState.OPEN, col(TaskRow.state) == TaskState.ACCEPTED),
    )
    found: datetime | None = (await tx.session.execute(query)).scalar_one_or_none()
    return found
