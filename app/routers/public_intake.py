"""
A request without a login, and the code that shows that its channel is the person's.

Nothing in here looks anybody up: what is filed is looked at by a worker, later. So the calls do the same and answer the
same, whoever was named.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse

from app.db import Tx
from app.domain.identity import Level
from app.repositories import cases
from app.repositories.guarding import ANONYMOUS
from app.routers import reading
from app.routers.conditions import Made, OnceOnly
from app.routers.dependencies import House
from app.routers.documented import dump, problems, reply
from app.routers.refusals import NoSuchController
from app.schemas.guarding import CodeIn, CodeOut, PublicRequestIn, PublicRequestOut
from app.services import codes, intake
from app.services.context import Actor, Context
from app.services.intake import Identifier, NewRequest

router = APIRouter(prefix="/v1/intake/{controller}/requests", tags=["intake"])

#: How such a request came in; the widest of all ways.
CHANNEL = "web_public"
_ANSWERS = problems(404, 409, 413)


@dataclass(frozen=True)
class Stranger:
    """One call of nobody in particular: the fixed things, the open transaction at one controller."""

    ctx: Context
    tx: Tx
    controller: str


async def _enter(
    ctx: House, controller: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
) -> AsyncIterator[Stranger]:
    if controller not in ctx.profiles:
        raise NoSuchController
    async with ctx.database.transaction([controller]) as tx:
        yield Stranger(ctx, tx, controller)


Anybody = Annotated[Stranger, Depends(_enter, scope="function")]


@dataclass(frozen=True)
class _Doing:
    """Two strangers who chose the same key have nothing in common but that: the body is part of it."""

    tx: Tx
    actor: Actor


def _doing(work: Stranger, once: OnceOnly) -> _Doing:
    return _Doing(work.tx, Actor(ANONYMOUS, once.fingerprint.hex()))


def _new(work: Stranger, body: PublicRequestIn) -> NewRequest:
    today = work.ctx.today(work.controller, work.tx.now)
    named = reading.identifiers(body.identifiers, today=today, at="#/identifiers")
    contact = reading.contact(body.contact, today=today, at="#/contact")
    named += [Identifier(type, value) for type, value in contact.items()]
    return NewRequest(
        controller=work.controller,
        channel=CHANNEL,
        received_at=work.tx.now,
        language=body.language,
        claims=reading.claims(body.claims),
        identifiers=[one._replace(vouched=False) for one in named],
        message=body.message,
        contact=contact,
        assurance=Level.NONE,
        protected=body.protected_identity,
    )


@router.post("", status_code=202, operation_id="filePublicRequest", response_model=PublicRequestOut, responses=_ANSWERS)
async def file(work: Anybody, once: OnceOnly, body: PublicRequestIn) -> JSONResponse:
    """
    File a request without logging in. The clock starts now; the answer is the same whether or not anybody is known.

    Where proof is needed and the person wrote an e-mail address that the controller has had for thirty days, a code
    goes there.
    """

    async def act() -> Made:
        row = await intake.file(work.tx, work.ctx, _new(work, body), actor=codes.NOBODY)
        if any(intake.wants_proof(claim.right) for claim in body.claims):
            codes.want(work.tx, row)
        said = {"id": row.id, "reference": row.reference, "received_at": row.received_at, "due_on": row.due_on}
        return Made(dump(PublicRequestOut, said), 202, request_id=row.id)

    return await once.answer(_doing(work, once), work.controller, act)


@router.post("/{id}/proof", status_code=202, operation_id="proveByCode", response_model=CodeOut, responses=_ANSWERS)
async def prove(work: Anybody, once: OnceOnly, id: UUID, body: CodeIn) -> JSONResponse:
    """
    Type the code, or ask for another one. A wrong code, one that was never sent and one that is over look alike.
    """

    row = await cases.request(work.tx, id)
    if row is None:  # nothing is kept about what there is not
        return reply(CodeOut, {"proved": False}, status=202)

    async def act() -> Made:
        if body.code is None:
            await codes.ask_again(work.tx, work.controller, id)
            return Made(dump(CodeOut, {"proved": False}), 202, request_id=id)
        proved = await codes.try_code(work.tx, work.ctx, work.controller, id, body.code)
        return Made(dump(CodeOut, {"proved": proved}), 202, request_id=id)

    return await once.answer(_doing(work, once), work.controller, act)
