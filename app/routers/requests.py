"""Requests as staff work with them: entered, listed, searched, read."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from app.domain.audit import AuditStep
from app.repositories import cases
from app.routers import reading
from app.routers.conditions import Made, OnceOnly, etag
from app.routers.dependencies import Reader, Staff
from app.routers.documented import ACTS, READS, dump, problems
from app.routers.paging import Paging, page
from app.routers.refusals import CursorMalformed
from app.schemas.base import Phase, RightKey
from app.schemas.records import StaffRecipientList, TaskList
from app.schemas.requests import RequestIn, RequestPage, RequestWithDeadline, SearchIn, StaffRequest
from app.services import case_rows, intake, ledger, steps, views
from app.services.intake import NewRequest
from app.vault import normalise

router = APIRouter(prefix="/v1/requests", tags=["requests"])

MOST_FOUND = 50
Slug = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


@router.post("", status_code=201, operation_id="fileRequest", response_model=RequestWithDeadline, responses=ACTS)
async def file(work: Staff, once: OnceOnly, body: RequestIn) -> JSONResponse:
    """Enter a request that came by phone, letter or in person; its clock started when it was received."""
    work.check_controller(body.controller)
    today = work.ctx.today(body.controller, work.tx.now)
    new = NewRequest(
        controller=body.controller,
        channel=body.channel,
        received_at=body.received_at,
        language=body.language,
        claims=reading.claims(body.claims),
        identifiers=reading.identifiers(body.subject.identifiers, today=today, at="#/subject/identifiers"),
        message=body.message,
        contact=reading.contact(body.subject.contact, today=today, at="#/subject/contact"),
        answer_form=body.answer_form,
        note=body.note,
        protected=body.protected_identity,
    )

    async def act() -> Made:
        row = await intake.file(work.tx, work.ctx, new, actor=work.actor)
        headers = {"Location": f"/v1/requests/{row.id}", "ETag": etag(row.version)}
        return Made(dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row)), 201, headers, row.id)

    return await once.answer(work, body.controller, act)


@router.get(
    "",
    operation_id="listRequests",
    response_model=RequestPage,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def list_requests(
    work: Reader,
    pages: Paging,
    controller: Slug = None,
    phase: Phase | None = None,
    status: Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}$")] = None,
    right: RightKey | None = None,
    due_before: Annotated[date | None, Query(description="Civil date.")] = None,
    overdue: bool = False,
    assignee: UUID | None = None,
    processor: UUID | None = None,
    reference: Annotated[str | None, Query(pattern=r"^INS-[0-9]{4}-[0-9A-Z]{6,16}$")] = None,
) -> views.View:
    """Requests, the earliest due date first; without anything about the persons."""
    found = await cases.work_list(
        work.tx,
        after=_place(pages.after),
        limit=pages.limit + 1,
        controller=controller,
        phase=phase,
        status=status,
        right=right,
        due_before=due_before,
        # One "today" for all the controllers listed: the service's civil date in UTC, at most hours early.
        overdue_on=work.tx.now.date() if overdue else None,
        assignee=str(assignee) if assignee else None,
        processor=processor,
        reference=reference,
    )
    rows, links = pages.of(found, place=lambda row: [row.due_on, row.id])
    return page(await views.requests(work.tx, rows), links)


def _place(after: tuple[str, ...] | None) -> tuple[date, UUID] | None:
    if after is None:
        return None
    try:
        due_on, last = after
        return date.fromisoformat(due_on), UUID(last)
    except ValueError:
        raise CursorMalformed from None


@router.post(
    "/search",
    operation_id="searchRequests",
    response_model=RequestPage,
    response_model_exclude_none=True,
    responses=problems(401, 403, 413),
)
async def search(work: Staff, body: SearchIn) -> views.View:
    """Find a person's requests by exact identifiers; that they were looked for is written down."""
    if body.controller is not None:
        work.check_controller(body.controller)
    controllers = [body.controller] if body.controller else sorted(work.tx.controllers)
    today = work.tx.now.date()
    named = reading.identifiers(body.identifiers, today=today, at="#/identifiers")
    blinds = [
        work.ctx.vault.blind_index(
            controller=controller, type=one.type, normalised=normalise(one.type, one.value, today=today)
        )
        for controller in controllers
        for one in named
    ]
    rows = await cases.found_by(work.tx, blinds, controller=body.controller, limit=MOST_FOUND)
    for row in rows:
        await steps.note(work.tx, await steps.hold(work.tx, row.id), AuditStep.REQUEST_FOUND, actor=work.actor)
    return page(await views.requests(work.tx, rows), {"self": "/v1/requests/search"})


@router.get(
    "/{id}",
    operation_id="getRequest",
    response_model=StaffRequest,
    response_model_exclude_none=True,
    responses=READS,
)
async def get(work: Staff, id: UUID, response: Response) -> views.View:
    """A request with its person; that it was read is written down."""
    row = await steps.hold(work.tx, id)
    await steps.note(work.tx, row, AuditStep.REQUEST_READ, actor=work.actor)
    response.headers["ETag"] = etag(row.version)
    return await views.staff_request(work.tx, work.ctx, row)


@router.get(
    "/{id}/tasks",
    operation_id="listRequestTasks",
    response_model=TaskList,
    response_model_exclude_none=True,
    responses=READS,
)
async def tasks_of(work: Staff, id: UUID) -> views.View:
    """What was asked of whom in this request."""
    row = await steps.hold(work.tx, id)
    return {"items": await views.task_list(work.tx, await cases.tasks_of(work.tx, row.id))}


@router.get(
    "/{id}/recipients",
    operation_id="listRecipients",
    response_model=StaffRecipientList,
    response_model_exclude_none=True,
    responses=READS,
)
async def recipients(work: Staff, id: UUID) -> views.View:
    """Who was asked what, and the recipients' ledger (GDPR Art. 19)."""
    row = await steps.hold(work.tx, id)
    told = ledger.views(work.ctx, await case_rows.read(work.tx, work.ctx, row), for_staff=True)
    return {"items": await views.recipients(work.tx, row), "ledger": told}
