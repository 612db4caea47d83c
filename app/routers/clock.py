"""A case's clock: extension, questions to the person and their answers, the later date of a new holiday table."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.domain.clarification import QuestionKind
from app.routers.conditions import IfMatch, Made, OnceOnly, etag
from app.routers.dependencies import Staff, Subject
from app.routers.documented import ACTS, DECIDES, dump
from app.schemas.clock import AnswerIn, ExtensionAsked, ExtensionIn, OwnAnswerIn, QuestionAsked, QuestionIn
from app.schemas.requests import RequestWithDeadline
from app.services import casework, clarification, clock_views, deadline_watch, extension, steps, views

router = APIRouter(prefix="/v1")


@router.post(
    "/requests/{id}/extension",
    operation_id="askForExtension",
    tags=["requests"],
    response_model=ExtensionAsked,
    response_model_exclude_none=True,
    responses=DECIDES,
)
async def extend(work: Staff, once: OnceOnly, version: IfMatch, id: UUID, body: ExtensionIn) -> JSONResponse:
    """
    Ask for two further months. A second person agrees; the date moves when the person has been told in time.
    """
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        casework.check_version(row, version)
        await steps.hold_open(work.tx, id)
        approval = await extension.ask(
            work.tx, work.ctx, row, ground=body.ground, reasons=body.reasons, actor=work.actor
        )
        view = {
            "extension": clock_views.extension_of(row),
            "approval_id": approval.id,
            "due_on": row.due_on,
            "version": row.version,
        }
        return Made(dump(ExtensionAsked, view), headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/clarifications",
    status_code=201,
    operation_id="askPerson",
    tags=["requests"],
    response_model=QuestionAsked,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def ask(work: Staff, once: OnceOnly, id: UUID, body: QuestionIn) -> JSONResponse:
    """
    Put a question to the person, by letter. Asked within a week it may make the clock stand still.
    """
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await steps.hold_open(work.tx, id)
        asked = await clarification.ask(
            work.tx,
            work.ctx,
            row,
            kind=QuestionKind(body.kind),
            code=body.reason,
            question=body.question,
            actor=work.actor,
        )
        view = {"question": clock_views.question(asked), "due_on": row.due_on, "version": row.version}
        headers = {"Location": f"/v1/requests/{row.id}", "ETag": etag(row.version)}
        return Made(dump(QuestionAsked, view), 201, headers, row.id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/clarifications/{question}/answer",
    operation_id="recordAnswer",
    tags=["requests"],
    response_model=QuestionAsked,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def record(work: Staff, once: OnceOnly, id: UUID, question: UUID, body: AnswerIn) -> JSONResponse:
    """Record what the person answered, and when; who somebody is, is recorded as a proof of identity."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await steps.hold_open(work.tx, id)
        answered = await clarification.answer(
            work.tx,
            work.ctx,
            row,
            question_id=question,
            text=body.answer,
            answered_at=body.answered_at,
            actor=work.actor,
        )
        view = {"question": clock_views.question(answered), "due_on": row.due_on, "version": row.version}
        return Made(dump(QuestionAsked, view), headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/deadline-confirmation",
    operation_id="confirmLaterDate",
    tags=["requests"],
    response_model=RequestWithDeadline,
    response_model_exclude_none=True,
    responses=DECIDES,
)
async def confirm(work: Staff, once: OnceOnly, version: IfMatch, id: UUID) -> JSONResponse:
    """Let the later due date of a new holiday table hold; by itself no case gets more time."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        casework.check_version(row, version)
        await steps.hold_open(work.tx, id)
        await deadline_watch.take_later(work.tx, work.ctx, row, actor=work.actor)
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/self-service/requests/{id}/clarification",
    operation_id="answerOwnQuestion",
    tags=["self-service"],
    response_model=RequestWithDeadline,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def answer(work: Subject, once: OnceOnly, id: UUID, body: OwnAnswerIn) -> JSONResponse:
    """Answer a question about your request, in your own words."""
    row = await views.own_row(work.tx, id, work.own_keys(), hold=True)

    async def act() -> Made:
        await steps.hold_open(work.tx, row.id)
        await clarification.answer(
            work.tx,
            work.ctx,
            row,
            question_id=body.question,
            text=body.answer,
            answered_at=work.tx.now,
            actor=work.actor,
        )
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)
