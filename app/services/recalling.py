"""
Telling a processor that nobody waits for its answer any more: a person has ended the task.

A courtesy, tried once and outside of any transaction: what it answers changes nothing, the person's word stands.
"""

from uuid import UUID

import structlog

from app.domain.fanout import TaskState
from app.processors import Kind, Line, take_back
from app.repositories import cases, registry
from app.services import registration
from app.services.context import Context

log = structlog.get_logger()


async def recall(ctx: Context, controller: str, task_id: UUID) -> None:
    """Take a task that a person has ended back from its processor, where its kind can be told."""
    async with ctx.database.transaction([controller]) as tx:
        task = await cases.task(tx, task_id)
        processor = await registry.processor(tx, task.processor_id) if task is not None else None
        if task is None or processor is None or task.state != TaskState.CLOSED or task.closed_by != "person":
            return
        kind, target = Kind(processor.kind), registration.target_of(ctx, processor)
    line = Line(connections=1, seconds=ctx.settings.processor_timeout_seconds, sandbox=ctx.settings.sandbox)
    code = await take_back(kind, target, line, str(task_id))
    log.info("task.recalled", task_id=str(task_id), code=code)
