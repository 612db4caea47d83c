"""Whom a change is told to, and whom a request is passed on to: what people do about both."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse

from app.domain.ledger import EntryState
from app.domain.snapshot import ForwardingState
from app.routers.conditions import Made, OnceOnly
from app.routers.dependencies import Staff
from app.routers.documented import ACTS, READS, dump
from app.routers.letters import PAGE, page_of
from app.schemas.outward import EntryState as EntryOut
from app.schemas.outward import ForwardIn, ForwardingList, SettleIn
from app.schemas.outward import ForwardingState as ForwardingOut
from app.services import case_rows, ledger, passing_on, steps, views

router = APIRouter(prefix="/v1/requests", tags=["requests"])


@router.post(
    "/{id}/recipients/{entry}",
    operation_id="settleRecipient",
    response_model=EntryOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def settle(work: Staff, once: OnceOnly, id: UUID, entry: UUID, body: SettleIn) -> JSONResponse:
    """Say of a recipient that no system reaches that it was told, or why it could not be (GDPR Art. 19)."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        settled = await ledger.settle(
            work.tx, work.ctx, row, entry, state=EntryState(body.state), reason=body.reason, actor=work.actor
        )
        view = {"id": settled.id, "state": settled.state, "at": settled.at}
        return Made(dump(EntryOut, view), request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.get(
    "/{id}/recipients/{entry}/notice",
    operation_id="readRecipientNotice",
    response_class=HTMLResponse,
    responses=PAGE,
)
async def notice(work: Staff, id: UUID, entry: UUID) -> HTMLResponse:
    """The text for a recipient that staff tell themselves: the least that identifies the person, and no reasons."""
    row = await steps.hold(work.tx, id)
    return page_of(await ledger.notice(work.tx, work.ctx, row, entry, actor=work.actor), row.language)


@router.get(
    "/{id}/forwardings",
    operation_id="listForwardings",
    response_model=ForwardingList,
    response_model_exclude_none=True,
    responses=READS,
)
async def forwardings(work: Staff, id: UUID) -> views.View:
    """What of the request belongs to other controllers, and whether it has gone there."""
    row = await steps.hold(work.tx, id)
    return {"items": passing_on.views(work.ctx, await case_rows.read(work.tx, work.ctx, row))}


@router.post(
    "/{id}/forwardings/{forwarding}",
    operation_id="forwardRequest",
    response_model=ForwardingOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def forward(work: Staff, once: OnceOnly, id: UUID, forwarding: UUID, body: ForwardIn) -> JSONResponse:
    """Say that a part of the request has been passed on to its controller, or that the controller confirmed it."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        one = await passing_on.carry_on(
            work.tx,
            work.ctx,
            row,
            forwarding,
            state=ForwardingState(body.state),
            to_name=body.to_name or "",
            contact=body.contact or "",
            actor=work.actor,
        )
        view = {"id": one.id, "state": one.state, "forwarded_at": one.forwarded_at, "confirmed_at": one.confirmed_at}
        return Made(dump(ForwardingOut, view), request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.get(
    "/{id}/forwardings/{forwarding}/letter",
    operation_id="readForwardingLetter",
    response_class=HTMLResponse,
    responses=PAGE,
)
async def letter(work: Staff, id: UUID, forwarding: UUID) -> HTMLResponse:
    """The letter to the controller: as it was sent, or as it would be sent now."""
    row = await steps.hold(work.tx, id)
    return page_of(await passing_on.letter(work.tx, work.ctx, row, forwarding, actor=work.actor), row.language)
