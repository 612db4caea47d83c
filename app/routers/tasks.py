"""Tasks that need a person: seen, done, sent again."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from app.domain.audit import AuditStep
from app.domain.fanout import TaskState
from app.repositories import cases
from app.routers.conditions import Made, OnceOnly
from app.routers.dependencies import Staff, Work
from app.routers.documented import ACTS, READS, dump, problems
from app.routers.paging import Paging, page
from app.schemas.records import OutcomeIn, ReplayIn, ReplayOut, TaskOut, TaskPage, TaskWhole
from app.services import replaying, steps, task_files, tasks, views
from app.services.tasks import UnknownTask

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.get(
    "",
    operation_id="listTasks",
    response_model=TaskPage,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def list_tasks(
    work: Staff,
    pages: Paging,
    state: Annotated[TaskState, Query(description="By default the ones that need a person.")] = TaskState.NEEDS_PERSON,
    controller: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")] = None,
    processor: Annotated[UUID | None, Query(description="Only one recipient's.")] = None,
    attention: Annotated[
        str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Only those that wait for this reason.")
    ] = None,
) -> views.View:
    """Tasks in one state, the oldest first; those that need a person are what a machine has given up, and why."""
    after = UUID(pages.after[0]) if pages.after else None
    found = await cases.tasks_for_staff(
        work.tx,
        states=[state.value],
        controller=controller,
        processor=processor,
        attention=attention,
        after=after,
        limit=pages.limit + 1,
    )
    rows, links = pages.of(found, place=lambda row: [row.id])
    return page(await views.task_list(work.tx, rows), links)


@router.post("/replays", operation_id="replayTasks", response_model=ReplayOut, responses=ACTS)
async def replay(work: Staff, once: OnceOnly, body: ReplayIn) -> JSONResponse:
    """Send tasks of one recipient again that wait for a person, each under its own key; the lane paces them."""
    wanted = replaying.Wanted(**body.model_dump())
    processor = await replaying.recipient(work.tx, work.ctx, body.processor)

    async def act() -> Made:
        done = await replaying.replay(work.tx, work.ctx, wanted, actor=work.actor)
        return Made(dump(ReplayOut, asdict(done)))

    return await once.answer(work, processor.controller_id, act)


@router.get(
    "/{id}", operation_id="getTask", response_model=TaskWhole, response_model_exclude_none=True, responses=READS
)
async def get(work: Staff, id: UUID) -> views.View:
    """
    A task with what has to be done, and only what its recipient may know of the person; that it was read is written
    down, for its answer may be an export.
    """
    row, task = await tasks.hold_with_request(work.tx, id)
    await steps.note(work.tx, row, AuditStep.REQUEST_READ, actor=work.actor, facts={"task_id": str(task.id)})
    return await views.whole_task(work.tx, work.ctx, row, task)


@router.post(
    "/{id}/outcome",
    operation_id="resolveTask",
    response_model=TaskOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def resolve(work: Staff, once: OnceOnly, id: UUID, body: OutcomeIn) -> JSONResponse:
    """End a task with a person's word."""
    said = body.model_dump(exclude_none=True, exclude={"take_files", "take_answer"})

    async def act() -> Made:
        given = said
        if body.take_answer:
            given = await tasks.with_their_answer(work.tx, work.ctx, id, said)
        if body.take_files:
            row, task = await tasks.hold_with_request(work.tx, id)
            files = await task_files.records(work.tx, work.ctx, row, task)
            given = {**given, "records": [*given.get("records", ()), *files]}
        await tasks.resolve(work.tx, work.ctx, id, given, actor=work.actor)
        return await _made(work, id)

    return await once.answer(work, await _controller_of(work, id), act)


@router.post(
    "/{id}/retry",
    operation_id="retryTask",
    response_model=TaskOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def retry(work: Staff, once: OnceOnly, id: UUID) -> JSONResponse:
    """Send a stuck task again, under its own key."""

    async def act() -> Made:
        await tasks.retry(work.tx, work.ctx, id, actor=work.actor)
        return await _made(work, id)

    return await once.answer(work, await _controller_of(work, id), act)


async def _controller_of(work: Work, id: UUID) -> str:
    found = await cases.task(work.tx, id)
    if found is None:
        raise UnknownTask
    return found.controller_id


async def _made(work: Work, id: UUID) -> Made:
    _, task = await tasks.hold_with_request(work.tx, id)
    (view,) = await views.task_list(work.tx, [task])
    return Made(dump(TaskOut, view), request_id=task.request_id)
