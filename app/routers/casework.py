"""What people do with a request: prove who asks, decide, give the second person's word."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.records import Record
from app.repositories import approvals
from app.routers import reading
from app.routers.conditions import IfMatch, Made, OnceOnly, etag
from app.routers.dependencies import Approver, Staff
from app.routers.documented import ACTS, DECIDES, READS, dump, problems
from app.routers.paging import Paging, page
from app.routers.problems import refused
from app.schemas.records import PlanOut
from app.schemas.requests import (
    ApprovalOut,
    ApprovalPage,
    DecisionIn,
    DecisionOut,
    ProofIn,
    RequestWithDeadline,
    VerdictIn,
)
from app.services import approving, casework, steps, views
from app.services.claims import claim_of
from app.services.four_eyes import UnknownApproval

router = APIRouter(prefix="/v1")


@router.post(
    "/requests/{id}/identity-proofs",
    operation_id="proveIdentity",
    tags=["requests"],
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def prove(work: Staff, once: OnceOnly, id: UUID, body: ProofIn) -> JSONResponse:
    """Record how the person proved who they are, or that it was not possible. Never a copy of anything."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        await steps.hold_open(work.tx, id)
        if body.result == "proved":
            today = work.ctx.today(row.controller_id, work.tx.now)
            await casework.prove_identity(
                work.tx,
                work.ctx,
                row,
                method=body.method,
                number=reading.number_proved(body.personnummer, today=today),
                contact=reading.contact_proved(body.contact, today=today),
                actor=work.actor,
            )
        else:
            await casework.give_up_identity(work.tx, work.ctx, row, reason=body.reason or "", actor=work.actor)
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.get(
    "/requests/{id}/claims/{claim}/plan",
    operation_id="getPlan",
    tags=["requests"],
    response_model=PlanOut,
    response_model_exclude_none=True,
    responses=READS,
)
async def plan(work: Staff, id: UUID, claim: UUID) -> views.View:
    """What granting the claim would ask of each recipient, with the profile's reasons per category."""
    return await views.plan(work.tx, work.ctx, await steps.hold(work.tx, id), claim)


@router.post(
    "/requests/{id}/claims/{claim}/decision",
    operation_id="decideClaim",
    tags=["requests"],
    response_model=DecisionOut,
    response_model_exclude_none=True,
    responses=DECIDES,
)
async def decide(
    request: Request, work: Staff, once: OnceOnly, version: IfMatch, id: UUID, claim: UUID, body: DecisionIn
) -> JSONResponse:
    """Decide one claim. Where four eyes are due the decision waits for the approval that is named."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        casework.check_version(row, version)
        await steps.hold_open(work.tx, id)
        found = await claim_of(work.tx, row, claim)
        try:
            approval = await casework.decide(
                work.tx,
                work.ctx,
                row,
                found,
                verdict=Verdict(body.outcome),
                ground=body.ground,
                reasons=body.reasons,
                exclude=body.plan.exclude,
                identifiers_checked=body.identifiers_checked,
                record=Record.read(body.record.model_dump(mode="json")),
                plan=reading.erasure_plan(body.plan),
                actor=work.actor,
            )
        except casework.DangerReported as danger:
            # Refused, and kept: what the comparison brought to light guards the person from now on.
            return _refused(request, danger, row.id)
        view = {"claim": views.claim(found), "version": row.version, "approval_id": approval and approval.id}
        return Made(dump(DecisionOut, view), headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)


def _refused(request: Request, error: DomainError, request_id: UUID) -> Made:
    """A refusal of which something stays: the call's transaction is kept, as the answer is."""
    said = refused(request, error)
    headers = {name: value for name, value in said.headers.items() if name != "content-length"}
    return Made(json.loads(bytes(said.body)), said.status_code, headers, request_id)


@router.get(
    "/approvals",
    operation_id="listApprovals",
    tags=["approvals"],
    response_model=ApprovalPage,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def waiting(
    work: Staff, pages: Paging, controller: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")] = None
) -> views.View:
    """Decisions that wait for a second person, the oldest first."""
    after = UUID(pages.after[0]) if pages.after else None
    found = await approvals.waiting(work.tx, controller=controller, after=after, limit=pages.limit + 1)
    rows, links = pages.of(found, place=lambda row: [row.id])
    return page([views.approval(row) for row in rows], links)


@router.post(
    "/approvals/{id}",
    operation_id="giveVerdict",
    tags=["approvals"],
    response_model=ApprovalOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def approve(work: Approver, once: OnceOnly, id: UUID, body: VerdictIn) -> JSONResponse:
    """Approve or reject a decision: somebody else than who decided and who asked."""
    found = await approvals.approval(work.tx, id)
    if found is None:
        raise UnknownApproval

    async def act() -> Made:
        given = await approving.give(
            work.tx, work.ctx, id, approved=body.verdict == "approved", reason=body.reason, actor=work.actor
        )
        return Made(dump(ApprovalOut, views.approval(given)), request_id=given.request_id)

    return await once.answer(work, found.controller_id, act)
