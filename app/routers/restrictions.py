"""Restrictions: looked up by the controller's own systems, listed, announced and lifted by staff."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from app.domain.finding import Known
from app.domain.restrictions import UnknownRestriction
from app.repositories import approvals, outward
from app.routers import reading
from app.routers.conditions import Made, OnceOnly
from app.routers.dependencies import Integrator, Staff, Work
from app.routers.documented import ACTS, dump, problems
from app.routers.paging import Paging, page
from app.schemas.outward import (
    LiftNoticeIn,
    LookupIn,
    LookupOut,
    RestrictionOut,
    RestrictionPage,
    UseIn,
    UseOut,
)
from app.services import restricting, views
from app.vault import normalise

router = APIRouter(prefix="/v1/restrictions", tags=["restrictions"])

Slug = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


@router.post("/lookup", operation_id="lookUpRestriction", response_model=LookupOut, responses=problems(401, 403, 413))
async def look_up(work: Integrator, body: LookupIn) -> views.View:
    """
    Whether somebody's data are restricted, before they are used. Exact identifiers only; the same answer for
    somebody unknown as for somebody without a restriction. What was found is written down.
    """
    if body.controller is not None:
        work.check_controller(body.controller)
    controllers = [body.controller] if body.controller else sorted(work.tx.controllers)
    today = work.tx.now.date()
    named = [
        Known(one.type, normalise(one.type, one.value, today=today), vouched=False)
        for one in reading.identifiers(body.identifiers, today=today, at="#/identifiers")
    ]
    found = await restricting.look_up(work.tx, work.ctx, named, controllers=controllers, actor=work.actor)
    return {"restricted": bool(found), "restrictions": [restricting.found_view(one) for one in found]}


@router.get(
    "",
    operation_id="listRestrictions",
    response_model=RestrictionPage,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def live(work: Staff, pages: Paging, controller: Slug = None) -> views.View:
    """Restrictions that hold, the oldest first; those whose lifting is proposed wait for somebody."""
    after = UUID(pages.after[0]) if pages.after else None
    found = await outward.live(work.tx, controller=controller, after=after, limit=pages.limit + 1)
    rows, links = pages.of(found, place=lambda row: [row.id])
    asked = await approvals.asked_about(work.tx, [row.id for row in rows])
    return page(await restricting.seen(work.tx, rows, asked=asked), links)


@router.post(
    "/{id}/lift-notice",
    operation_id="announceLift",
    response_model=RestrictionOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def announce(work: Staff, once: OnceOnly, id: UUID, body: LiftNoticeIn) -> JSONResponse:
    """Tell the person that the restriction will be lifted, and on which later day (GDPR Art. 18(3))."""

    async def act() -> Made:
        lifted = await restricting.announce_lift(
            work.tx,
            work.ctx,
            id,
            ending=body.ground_ended,
            outcome=body.outcome,
            lifting_on=body.lifting_on,
            then=body.then,
            actor=work.actor,
        )
        (view,) = await restricting.seen(work.tx, [lifted])
        return Made(dump(RestrictionOut, view), request_id=lifted.request_id)

    return await once.answer(work, await _controller_of(work, id), act)


@router.post(
    "/{id}/lift",
    status_code=202,
    operation_id="liftRestriction",
    response_model=RestrictionOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def lift(work: Staff, once: OnceOnly, id: UUID) -> JSONResponse:
    """Ask for the lifting; it waits for the approval named. Refused before its notice is out and its day has come."""

    async def act() -> Made:
        restriction, approval = await restricting.ask_lift(work.tx, work.ctx, id, actor=work.actor)
        (view,) = await restricting.seen(work.tx, [restriction], asked=[restriction.id])
        view |= {"approval_id": approval.id}
        return Made(dump(RestrictionOut, view), 202, request_id=restriction.request_id)

    return await once.answer(work, await _controller_of(work, id), act)


@router.post("/{id}/uses", operation_id="noteRestrictedUse", response_model=UseOut, responses=ACTS)
async def use(work: Integrator, once: OnceOnly, id: UUID, body: UseIn) -> JSONResponse:
    """
    Say that restricted data are used all the same, for what the law permits (GDPR Art. 18(2)), and why.

    Alarm handling that protects somebody says so here; it is written down and never silent.
    """

    async def act() -> Made:
        found = await outward.restriction(work.tx, id)
        if found is None:
            raise UnknownRestriction
        await restricting.use(work.tx, found, use=body.use, reason=body.reason, actor=work.actor)
        return Made(dump(UseOut, {}))

    return await once.answer(work, await _controller_of(work, id), act)


async def _controller_of(work: Work, id: UUID) -> str:
    found = await outward.restriction(work.tx, id)
    if found is None:
        raise UnknownRestriction
    return found.controller_id
