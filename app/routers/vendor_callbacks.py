"""Vendors of the kind ``rest`` call by themselves: to prove an address, or to say that a job has moved on."""

import time
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from app.routers.dependencies import House
from app.routers.documented import problems
from app.schemas.records import Accepted
from app.services import vendor_callbacks
from app.services.callbacks import UnknownCallback
from app.services.context import Context

router = APIRouter(tags=["callbacks"])
PATH = "/v1/callbacks/vendors/{controller}/{processor_id}"


@router.post(
    PATH,
    status_code=202,
    operation_id="takeVendorCallback",
    response_model=Accepted,
    responses=problems(401, 404, 413),
)
async def take(request: Request, ctx: House, controller: str, processor_id: UUID) -> dict[str, str]:
    """A vendor's news, signed as its connector says. Nothing of it is believed: the vendor is asked."""
    await _received(request, ctx, controller, processor_id)
    return {"status": "accepted"}


@router.get(
    PATH,
    operation_id="answerVendorChallenge",
    response_class=PlainTextResponse,
    responses=problems(401, 404),
)
async def echo(request: Request, ctx: House, controller: str, processor_id: UUID) -> PlainTextResponse:
    """A vendor asks whether this address wants its news; what it sent is given back."""
    text = await _received(request, ctx, controller, processor_id)
    return PlainTextResponse(text or "")


async def _received(request: Request, ctx: Context, controller: str, processor_id: UUID) -> str | None:
    if controller not in ctx.profiles:
        raise UnknownCallback
    body = await request.body()
    async with ctx.database.transaction([controller]) as tx:
        return await vendor_callbacks.receive(
            tx,
            ctx,
            processor_id,
            method=request.method,
            headers={name.lower(): value for name, value in request.headers.items()},
            query=dict(request.query_params),
            body=body,
            wall_clock=time.time(),
        )
