"""The person's own requests, from their controller's own login."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.domain.identity import Level
from app.repositories import cases
from app.routers import reading
from app.routers.conditions import Made, OnceOnly, etag
from app.routers.dependencies import Subject, Work
from app.routers.documented import ACTS, READS, dump, problems
from app.routers.paging import Paging, page
from app.routers.refusals import ControllerNeeded, NumberComesFromLogin
from app.schemas.records import RecipientList, Timeline
from app.schemas.requests import OwnRequestIn, RequestPage, RequestWithDeadline, WithdrawalIn
from app.services import casework, intake, ledger, views
from app.services.intake import Identifier, NewRequest
from app.vault import MalformedIdentifier

router = APIRouter(prefix="/v1/self-service/requests", tags=["self-service"])


def _controller_of(work: Work, named: str | None) -> str:
    if named is None:
        if len(work.tx.controllers) != 1:
            raise ControllerNeeded
        (named,) = work.tx.controllers
    work.check_controller(named)
    return named


def _new(work: Work, body: OwnRequestIn, controller: str) -> NewRequest:
    today = work.ctx.today(controller, work.tx.now)
    number = work.number()
    named = reading.identifiers(body.identifiers, today=today, at="#/identifiers")
    if number is not None and any(one.type == "personnummer" for one in named):
        raise NumberComesFromLogin
    named = _from_login(work, number, today) + [one._replace(vouched=False) for one in named]
    return NewRequest(
        controller=controller,
        channel="web",
        received_at=work.tx.now,
        language=body.language,
        claims=reading.claims(body.claims),
        identifiers=named,
        message=body.message,
        contact=reading.contact(body.contact, today=today, at="#/contact"),
        # A login proves what it names. What the person writes here only helps to find.
        assurance=work.principal.level if any(one.vouched for one in named) else Level.NONE,
        subject_key=work.own_keys()[controller][0],
        requester_ref=work.actor.ref,
        answer_form=body.answer_form,
        protected=body.protected_identity,
    )


def _from_login(work: Work, number: str | None, today: date) -> list[Identifier]:
    """How the person is known, as far as the login answers for it."""
    found = [Identifier("personnummer", number)] if number is not None else []
    for type_, value in work.principal.identifiers:
        try:
            found.append(intake.read(Identifier(type_, value), today=today))
        except MalformedIdentifier:
            continue  # the issuer's slip is not the person's
    return found


@router.post("", status_code=201, operation_id="fileOwnRequest", response_model=RequestWithDeadline, responses=ACTS)
async def file(work: Subject, once: OnceOnly, body: OwnRequestIn) -> JSONResponse:
    """
    File a request: one or several rights at one controller. The clock starts now.
    """
    controller = _controller_of(work, body.controller)

    async def act() -> Made:
        row = await intake.file(work.tx, work.ctx, _new(work, body, controller), actor=work.actor)
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        headers = {"Location": f"/v1/self-service/requests/{row.id}", "ETag": etag(row.version)}
        return Made(view, 201, headers, row.id)

    return await once.answer(work, controller, act)


@router.get(
    "",
    operation_id="listOwnRequests",
    response_model=RequestPage,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def list_own(work: Subject, pages: Paging) -> views.View:
    """Your requests, the newest first."""
    keys = [key for of_controller in work.own_keys().values() for key in of_controller]
    after = UUID(pages.after[0]) if pages.after else None
    found = await cases.own_requests(work.tx, subject_keys=keys, after=after, limit=pages.limit + 1)
    rows, links = pages.of(found, place=lambda row: [row.id])
    return page(await views.own_requests(work.tx, work.ctx, rows), links)


@router.get(
    "/{id}",
    operation_id="getOwnRequest",
    response_model=RequestWithDeadline,
    response_model_exclude_none=True,
    responses=READS,
)
async def get(work: Subject, id: UUID, response: Response) -> views.View:
    """One of your requests, with the explanation of its due date."""
    row = await views.own_row(work.tx, id, work.own_keys())
    response.headers["ETag"] = etag(row.version)
    return await views.own_request(work.tx, work.ctx, row)


@router.get("/{id}/timeline", operation_id="getOwnTimeline", response_model=Timeline, responses=READS)
async def timeline(work: Subject, id: UUID) -> views.View:
    """What has happened so far, in plain words."""
    return {"items": await views.timeline(work.tx, work.ctx, await views.own_row(work.tx, id, work.own_keys()))}


@router.get(
    "/{id}/recipients",
    operation_id="listOwnRecipients",
    response_model=RecipientList,
    response_model_exclude_none=True,
    responses=READS,
)
async def recipients(work: Subject, id: UUID) -> views.View:
    """Who was asked what about you, and who was told of what was done (GDPR Art. 19)."""
    row = await views.own_row(work.tx, id, work.own_keys())
    return {
        "items": await views.own_recipients(work.tx, work.ctx, row),
        "ledger": await ledger.own(work.tx, work.ctx, row),
    }


@router.post(
    "/{id}/withdrawal",
    operation_id="withdrawOwnRequest",
    response_model=RequestWithDeadline,
    responses=ACTS,
)
async def withdraw(
    work: Subject,
    once: OnceOnly,
    id: UUID,
    body: WithdrawalIn | None = None,
) -> JSONResponse:
    """Take claims back while nothing has been asked in their name."""
    row = await views.own_row(work.tx, id, work.own_keys(), hold=True)
    chosen = body or WithdrawalIn()

    async def act() -> Made:
        await casework.withdraw(work.tx, row, rights=chosen.rights, actor=work.actor)
        view = dump(RequestWithDeadline, await views.own_request(work.tx, work.ctx, row))
        return Made(view, headers={"ETag": etag(row.version)}, request_id=row.id)

    return await once.answer(work, row.controller_id, act)
