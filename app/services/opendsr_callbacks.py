"""
An OpenDSR processor calls back: there is something to see.

Such a message has neither time nor number of its own, so an old copy of it looks like the first. What it says is
therefore not taken as the answer: the task becomes due on its lane at once, and the processor is asked there.
"""

import hashlib
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.fanout import Outcome, TaskState
from app.processors import Kind, Reported, Target
from app.repositories import cases, jobs, replays
from app.services import registration, steps, tasks
from app.services.callbacks import UnknownCallback, check_open
from app.services.context import Actor, Context


async def addressed(tx: Tx, ctx: Context, token: str) -> tuple[UUID, Target]:
    """
    The task a callback address belongs to, and the processor that may call it.

    Raises:
        UnknownCallback: There is no such address, or its processor does not speak OpenDSR, is not connected or gone.
    """
    task = await cases.task_by_token(tx, hashlib.sha256(token.encode()).digest())
    processor = await registration.heard(tx, task.processor_id, Kind.OPENDSR) if task is not None else None
    if task is None or processor is None:
        raise UnknownCallback
    return task.id, registration.target_of(ctx, processor)


async def receive(tx: Tx, ctx: Context, task_id: UUID, reported: Reported) -> bool:
    """
    Take a checked callback; True if it counted, False if the same bytes came before.

    Raises:
        UnknownCallback: The task is gone, or its processor. CallbackOver: It is answered or was taken back, or the
            statutory time is over.
    """
    try:
        row, task = await tasks.hold_with_request(tx, task_id)
    except DomainError:
        raise UnknownCallback from None
    if await registration.heard(tx, task.processor_id, Kind.OPENDSR) is None:
        raise UnknownCallback  # gone while its certificate was fetched
    if not await replays.is_first(tx, task, reported.event_id):
        return False
    check_open(tx, ctx, row, task)
    facts = {"task_id": str(task.id), "outcome": Outcome.ACCEPTED.value}
    actor = Actor("processor", str(task.processor_id))
    await steps.note(tx, row, AuditStep.CALLBACK_ACCEPTED, actor=actor, facts=facts)
    # Whatever call is under way is only noted when it comes back: the look that follows is newer.
    task.state, task.next_at, task.attention = TaskState.ACCEPTED, tx.now, None
    jobs.wake(tx, "lane.drain", controller=task.controller_id, id=task.processor_id)
    await steps.changed(tx, row)
    return True
