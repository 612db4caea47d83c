"""
A task that only a person can go on with; and all that is in the hands of a processor that is no longer who was asked.
"""

from dataclasses import replace

from app.db import Tx
from app.domain.audit import AuditStep, as_code
from app.domain.fanout import TaskState
from app.models import ProcessorRow, RequestRow, TaskRow
from app.repositories import cases
from app.services import steps
from app.services.context import INSYN

#: Why a task is a person's: who was asked is taken out of all work, or its registration leads elsewhere by now.
REMOVED, MOVED = "processor_removed", "processor_moved"
_IN_HAND = (TaskState.SENDING, TaskState.ACCEPTED)
_NOT_OVER = (*_IN_HAND, TaskState.OPEN, TaskState.NEEDS_PERSON)


async def hand_to_person(tx: Tx, row: RequestRow, task: TaskRow, reason: str, *, code: str | None = None) -> None:
    """Say that only a person can go on with the task, and why."""
    task.state, task.next_at, task.attention = TaskState.NEEDS_PERSON, None, reason
    facts = {"task_id": str(task.id), "reason": reason} | ({"code": as_code(code)} if code else {})
    await steps.note(tx, row, AuditStep.TASK_ESCALATED, actor=INSYN, facts=facts)


def is_taken_back(task: TaskRow) -> bool:
    """Whether whoever was asked has left since, and nobody has settled yet what becomes of the task."""
    return task.attention in (REMOVED, MOVED)


async def take_back(tx: Tx, processor: ProcessorRow, reason: str) -> None:
    """
    Hand to a person what a held processor is at: whoever has left has not answered, and whoever came was not asked.

    An answer to a call that is under way is only noted then; no job of the one is asked after at the other, and
    nothing that was found in the one's books is taken for the other's. What was not sent, or did not arrive, waits for
    whoever is connected next. Of what went out, nobody hears from whoever has left.
    """
    # Nothing of a case is shown for it: those of people who must not be found are let go of like any other.
    tx = replace(tx, sees_protected=True)
    for request_id, task_id in await cases.tasks_at(tx, processor.id, states=_NOT_OVER):
        row = await steps.hold(tx, request_id)
        task = await cases.task(tx, task_id, lock=True)
        if task is None or task.state not in _NOT_OVER:
            continue
        waits_for_its_word = _may_be_heard_of(task)
        task.poll_url, task.progress_sealed, task.ask_first = None, None, False
        if waits_for_its_word:
            await hand_to_person(tx, row, task, reason)
            await steps.changed(tx, row)


def _may_be_heard_of(task: TaskRow) -> bool:
    """Whether the task has gone out, and whoever has it may have done it, or say so yet."""
    if task.state == TaskState.NEEDS_PERSON:
        return bool(task.attempts) and task.answer_sealed is None
    return task.state in _IN_HAND or task.ask_first
