"""
Sending again what machines gave up, many at once: after an outage, a new password, a quota that was raised.

A person chooses by recipient and reason and takes the responsibility; each task keeps its key, and the lane's limits
hold as ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.db import Tx
from app.domain.errors import DomainError
from app.domain.fanout import Idempotency
from app.domain.guarding import RequestStopped
from app.models import ProcessorRow
from app.repositories import lane_state, registry
from app.services import tasks
from app.services.context import Actor, Context
from app.services.ids import new_id
from app.services.registration import UnknownProcessor
from app.services.standing import NotDecided
from app.services.tasks import TaskOver, TaskUnderWay, UnknownTask


class NobodyToSendTo(DomainError):
    """Nobody can be called for this recipient's tasks; connect it first, or let people do them."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which tasks of a recipient are to be sent again; at most *limit* of them."""

    processor: UUID
    attention: str | None = None
    action: str | None = None
    created_before: datetime | None = None
    limit: int = 200
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of it: *matched* counts all the filter finds, *tasks* are those that go out again."""

    replay: UUID
    dry_run: bool
    matched: int
    count: int
    tasks: Sequence[UUID]
    skipped: Sequence[UUID]


async def recipient(tx: Tx, ctx: Context, processor_id: UUID) -> ProcessorRow:
    """
    The recipient whose tasks can be sent again.

    Raises:
        UnknownProcessor, NobodyToSendTo
    """
    row = await registry.processor(tx, processor_id)
    if row is None or row.state == "removed":
        raise UnknownProcessor
    if tasks.why_a_person(ctx, row) is not None:
        raise NobodyToSendTo
    return row


async def replay(tx: Tx, ctx: Context, wanted: Wanted, *, actor: Actor) -> Replayed:
    """
    Send again what waits for a person; every task's request gets an entry that names the replay.

    Where the same key twice means a second effect, only what surely had none: the others are sent again one by one,
    by somebody who has asked the recipient.

    Raises:
        UnknownProcessor, NobodyToSendTo
    """
    processor = await recipient(tx, ctx, wanted.processor)
    matched, found = await lane_state.given_up(
        tx,
        wanted.processor,
        is_safe=processor.idempotency != Idempotency.NO,
        attention=wanted.attention,
        action=wanted.action,
        created_before=wanted.created_before,
        limit=wanted.limit,
    )
    replay_id = new_id()
    sent: list[UUID] = []
    for task_id in found:
        if wanted.dry_run or await _sent_again(tx, ctx, task_id, replay_id, actor=actor):
            sent.append(task_id)
    return Replayed(
        replay=replay_id,
        dry_run=wanted.dry_run,
        matched=matched,
        count=len(sent),
        tasks=sent,
        skipped=[one for one in found if one not in set(sent)],
    )


async def _sent_again(tx: Tx, ctx: Context, task_id: UUID, replay_id: UUID, *, actor: Actor) -> bool:
    try:
        # A refusal changes nothing, so the others go on.
        await tasks.retry(tx, ctx, task_id, actor=actor, facts={"replay": str(replay_id)})
    except (NotDecided, RequestStopped, TaskOver, TaskUnderWay, UnknownTask):
        return False
    return True
