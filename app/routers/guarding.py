"""What guards people: "that was not me", marks of danger, people who must not be found, more to be found by."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.domain.identity import RiskMark
from app.routers import reading
from app.routers.conditions import Made, OnceOnly, etag
from app.routers.dependencies import APPROVERS, Staff, Subject, Work
from app.routers.documented import ACTS, dump
from app.routers.refusals import RoleNotAllowed
from app.schemas.guarding import (
    MoreIn,
    ProtectionIn,
    ProtectionOut,
    RiskMarksIn,
    SettlementIn,
    StopByReferenceIn,
    StoppedOut,
)
from app.schemas.requests import RequestWithDeadline
from app.services import protecting, searching, steps, stopping, views
from app.services.context import Actor
from app.vault import MalformedIdentifier, normalise

router = APIRouter(prefix="/v1")


# --- that was not me -------------------------------------------------------------------------------------------------


@router.post(
    "/self-service/requests/{id}/stop",
    operation_id="stopOwnRequest",
    tags=["self-service"],
    response_model=StoppedOut,
    responses=ACTS,
)
async def stop_own(work: Subject, once: OnceOnly, id: UUID) -> JSONResponse:
    """Say that this request was not made by you: it halts at once, until a case officer has settled who asked."""
    row = await views.own_row(work.tx, id, work.own_keys(), hold=True)

    async def act() -> Made:
        await stopping.stop(work.tx, work.ctx, row, own=True, actor=work.actor)
        return _stopped(row)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/self-service/stops",
    operation_id="stopByReference",
    tags=["self-service"],
    response_model=StoppedOut,
    responses=ACTS,
)
async def stop_named(work: Subject, once: OnceOnly, body: StopByReferenceIn) -> JSONResponse:
    """
    The same for a request you were told of, which somebody may have made by phone or without a login.

    It has to be about you: about an identifier your login vouches for, or one of the addresses that were told.
    """
    row, is_own = await stopping.named(work.tx, work.ctx, body.reference, work.own_keys(), _vouched(work))

    async def act() -> Made:
        await stopping.stop(work.tx, work.ctx, row, own=is_own, actor=work.actor)
        return _stopped(row)

    return await once.answer(work, row.controller_id, act)


def _vouched(work: Work) -> Mapping[str, Sequence[bytes]]:
    """Blind indexes of what the login vouches for, per controller."""
    today, known = work.tx.now.date(), list(work.principal.identifiers)
    number = work.number()
    found: dict[str, list[bytes]] = {}
    for controller in work.tx.controllers:
        blinds = found.setdefault(controller, [])
        for type, value in [*known, *([("personnummer", number)] if number else [])]:
            try:
                plain = normalise(type, value, today=today)
            except MalformedIdentifier:
                continue
            blinds.append(work.ctx.vault.blind_index(controller=controller, type=type, normalised=plain))
    return found


def _stopped(row: Any) -> Made:
    said = {"reference": row.reference, "stopped_at": row.stopped_at}
    return Made(dump(StoppedOut, said), headers={"ETag": etag(row.version)}, request_id=row.id)


@router.post(
    "/requests/{id}/stop",
    operation_id="recordStop",
    tags=["requests"],
    response_model=StoppedOut,
    responses=ACTS,
)
async def record_stop(work: Staff, once: OnceOnly, id: UUID) -> JSONResponse:
    """Write down that somebody called and said that this request is not theirs. Somebody else settles it."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await stopping.stop(work.tx, work.ctx, row, actor=work.actor)
        return _stopped(row)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/stop-settlement",
    operation_id="settleStop",
    tags=["requests"],
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def settle(work: Staff, once: OnceOnly, id: UUID, body: SettlementIn) -> JSONResponse:
    """
    Settle a stopped request: genuine, with a proof stronger than the one it came with; or not, and it ends.

    The proof says whose it is, like any other. Never whoever stopped it, nor whoever made it or took it in. That it is
    not is for an approver to say, in writing; of a request made with a login only where that same login stopped it.
    """
    genuine = body.verdict == "genuine"
    actor = work.actor if genuine else _approver(work)
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        today = work.ctx.today(row.controller_id, work.tx.now)
        if genuine:
            number = reading.number_proved(body.personnummer, today=today)
            contact = reading.contact_proved(body.contact, today=today)
            await stopping.settle_genuine(
                work.tx, work.ctx, row, method=body.method or "", number=number, contact=contact, actor=actor
            )
        else:
            await stopping.settle_not_genuine(work.tx, work.ctx, row, reason=body.reason or "", actor=actor)
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


def _approver(work: Work) -> Actor:
    """Whoever may end what somebody asked for; the first of their roles may be another."""
    role = next((one for one in APPROVERS if one in work.principal.roles), None)
    if role is None:
        raise RoleNotAllowed
    return Actor(role, work.actor.ref)


# --- marks -----------------------------------------------------------------------------------------------------------


@router.post(
    "/requests/{id}/protected-identity",
    operation_id="markProtected",
    tags=["requests"],
    response_model=ProtectionOut,
    responses=ACTS,
)
async def protect(work: Staff, once: OnceOnly, id: UUID, body: ProtectionIn) -> JSONResponse:
    """
    Mark the person as one who must not be found: from then on only trained handlers see the case.

    Anybody on the staff may do that. Taking the mark off is asked for by one trained handler and done by another.
    """
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        if body.mark == "on":
            await protecting.mark(work.tx, work.ctx, row, reason=body.reason, actor=work.actor)
            return Made({}, request_id=row.id)
        approval = await protecting.ask_to_unmark(work.tx, work.ctx, row, reason=body.reason, actor=work.actor)
        return Made(dump(ProtectionOut, {"approval_id": approval.id}), request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.post(
    "/requests/{id}/risk-marks",
    operation_id="addRiskMarks",
    tags=["requests"],
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def add_marks(work: Staff, once: OnceOnly, id: UUID, body: RiskMarksIn) -> JSONResponse:
    """Say what makes the case dangerous; what is not decided yet may need a stronger proof from now on."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await steps.hold_open(work.tx, id, also_stopped=True)
        await protecting.add_marks(work.tx, work.ctx, row, {RiskMark(one) for one in body.marks})
        await steps.changed(work.tx, row)
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


# --- more to be found by ---------------------------------------------------------------------------------------------


@router.post(
    "/self-service/requests/{id}/identifiers",
    operation_id="addOwnIdentifiers",
    tags=["self-service"],
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def add_identifiers(work: Subject, once: OnceOnly, id: UUID, body: MoreIn) -> JSONResponse:
    """Tell more that helps to find your data (GDPR Art. 11(2)); it finds and proves nothing."""
    row = await views.own_row(work.tx, id, work.own_keys(), hold=True)
    today = work.ctx.today(row.controller_id, work.tx.now)
    named = reading.identifiers(body.identifiers, today=today, at="#/identifiers")

    async def act() -> Made:
        footage = body.footage.model_dump(exclude_none=True)
        await searching.add(work.tx, work.ctx, row, identifiers=named, footage=footage, actor=work.actor)
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)
