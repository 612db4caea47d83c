"""What is said of a request beside its decisions: which rights it claims, notes, a fee, the person's disagreement."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.domain.records import Record
from app.routers import reading
from app.routers.conditions import IfMatch, Made, OnceOnly, etag
from app.routers.dependencies import Staff, Subject, Work
from app.routers.documented import ACTS, DECIDES, dump
from app.schemas.decisions import AssigneeIn, ClassificationIn, FeeIn, NoteIn, StatementIn, StatementOut
from app.schemas.requests import ApprovalOut, RequestWithDeadline
from app.services import casework, classifying, disagreement, fees, notes, steps, views
from app.services.claims import claim_of

router = APIRouter(prefix="/v1")


async def _seen(work: Work, id: UUID) -> Made:
    row = await steps.hold(work.tx, id)
    view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
    return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)


@router.post(
    "/requests/{id}/classification",
    operation_id="classifyRequest",
    tags=["requests"],
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def classify(work: Staff, once: OnceOnly, id: UUID, body: ClassificationIn) -> JSONResponse:
    """Say which rights a message in free words claims. Its clock has run since it was received."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await steps.hold_open(work.tx, id)
        await classifying.classify(work.tx, work.ctx, row, reading.claims(body.claims), actor=work.actor)
        return await _seen(work, id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/notes",
    operation_id="addNote",
    tags=["requests"],
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def add_note(work: Staff, once: OnceOnly, id: UUID, body: NoteIn) -> JSONResponse:
    """Keep what was said or done, for staff; that the answer was given orally too is kept the same way."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await notes.write(work.tx, work.ctx, row, kind=body.kind, text=body.text, actor=work.actor)
        return await _seen(work, id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/assignee",
    operation_id="assignRequest",
    tags=["requests"],
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def assign(work: Staff, once: OnceOnly, id: UUID, body: AssigneeIn) -> JSONResponse:
    """Say whose case it is: yours, or the one named by reference."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await steps.hold_open(work.tx, id)
        assignee = work.actor.ref if body.assignee is None else str(body.assignee)
        await notes.assign(work.tx, row, assignee=assignee, actor=work.actor)
        return await _seen(work, id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/claims/{claim}/fee",
    operation_id="askFee",
    tags=["requests"],
    response_model=ApprovalOut,
    response_model_exclude_none=True,
    responses=DECIDES,
)
async def ask_fee(work: Staff, once: OnceOnly, version: IfMatch, id: UUID, claim: UUID, body: FeeIn) -> JSONResponse:
    """Propose a fee instead of a refusal; the person is told, and may withdraw, once a second person has agreed."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        casework.check_version(row, version)
        await steps.hold_open(work.tx, id)
        approval = await fees.ask(
            work.tx,
            work.ctx,
            row,
            await claim_of(work.tx, row, claim),
            ground=body.ground,
            amount_ore=body.amount_ore,
            reason=body.reason,
            record=Record.read(body.record.model_dump(mode="json")),
            actor=work.actor,
        )
        view = dump(ApprovalOut, views.approval(approval))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


async def _keep_statement(work: Work, id: UUID, text: str) -> Made:
    row = await steps.hold(work.tx, id)
    kept = await disagreement.note(work.tx, work.ctx, row, text, actor=work.actor)
    view = {"id": kept.id, "claim_id": kept.claim_id, "made_at": kept.made_at}
    return Made(dump(StatementOut, view), request_id=row.id)


@router.post(
    "/requests/{id}/statement",
    operation_id="addStatement",
    tags=["requests"],
    response_model=StatementOut,
    responses=ACTS,
)
async def add_statement(work: Staff, once: OnceOnly, id: UUID, body: StatementIn) -> JSONResponse:
    """Keep the person's words, as told by phone or letter, beside data that were not rectified."""
    row = await steps.hold(work.tx, id)
    return await once.answer(work, row.controller_id, lambda: _keep_statement(work, id, body.text))


@router.post(
    "/self-service/requests/{id}/statement",
    operation_id="addOwnStatement",
    tags=["self-service"],
    response_model=StatementOut,
    responses=ACTS,
)
async def add_own_statement(work: Subject, once: OnceOnly, id: UUID, body: StatementIn) -> JSONResponse:
    """Say that you do not agree: your words are kept beside the data that were not rectified, also afterwards."""
    row = await views.own_row(work.tx, id, work.own_keys(), hold=True)
    return await once.answer(work, row.controller_id, lambda: _keep_statement(work, id, body.text))
