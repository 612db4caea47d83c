"""Processors call back. The address says which task, the signature who; there is no other login."""

import time
from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.processors import check_callback
from app.routers.dependencies import House
from app.routers.documented import problems
from app.schemas.records import Accepted
from app.services import callbacks, opendsr_callbacks

router = APIRouter(tags=["callbacks"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/TaskAnswered"},
                "example": {
                    "type": "task.outcome",
                    "timestamp": "2026-02-03T10:15:00Z",
                    "data": {"task_id": "0198c0de-0000-7000-8000-000000000000", "outcome": "completed"},
                },
            }
        },
    }
}
Signed = Annotated[str | None, Header(description="Standard Webhooks 1.0.")]


@router.post(
    "/v1/callbacks/{token}",
    status_code=202,
    operation_id="takeCallback",
    response_model=Accepted,
    responses=problems(401, 404, 409, 410, 413),
    openapi_extra=_BODY,
)
async def take(
    request: Request,
    ctx: House,
    token: str,
    webhook_id: Signed = None,
    webhook_timestamp: Signed = None,
    webhook_signature: Signed = None,
) -> dict[str, str]:
    """A processor's answer to a task; a repeated event is thanked and changes nothing."""
    # The bytes first: a signature is over what came, not over what a parser made of it.
    body = await request.body()
    signed = {"webhook-id": webhook_id, "webhook-timestamp": webhook_timestamp, "webhook-signature": webhook_signature}
    headers = {name: value for name, value in signed.items() if value is not None}
    controller = callbacks.controller_of(ctx, token)
    # Committed before the answer leaves: this block ends first.
    async with ctx.database.transaction([controller]) as tx:
        counted = await callbacks.receive(tx, ctx, token, headers=headers, body=body, wall_clock=time.time())
    return {"status": "accepted" if counted else "repeated"}


_OPENDSR_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/OpenDsrStatus"},
                "example": {
                    "controller_id": "westra",
                    "subject_request_id": "0198c0de-0000-4000-8000-000000000000",
                    "request_status": "completed",
                    "expected_completion_time": "2026-02-24T00:00:00Z",
                    "status_callback_url": "https://insyn.example/v1/callbacks/westra.x/opendsr",
                },
            }
        },
    }
}
SignedDsr = Annotated[str | None, Header(description="OpenDSR 2.0; the name `X-OpenGDPR-…` is read as well.")]


@router.post(
    "/v1/callbacks/{token}/opendsr",
    status_code=202,
    operation_id="takeOpenDsrCallback",
    response_model=Accepted,
    responses=problems(403, 404, 409, 410, 413, 503),
    openapi_extra=_OPENDSR_BODY,
)
async def take_opendsr(
    request: Request,
    ctx: House,
    token: str,
    x_opendsr_processor_domain: SignedDsr = None,
    x_opendsr_signature: SignedDsr = None,
) -> dict[str, str]:
    """
    An OpenDSR processor has something to say of a request. Insyn looks, with the processor's own status call.

    403 for a domain, certificate or signature that is not believed; 503 if the certificate cannot be fetched now.
    """
    body = await request.body()
    controller = callbacks.controller_of(ctx, token)
    async with ctx.database.transaction([controller]) as tx:
        task_id, target = await opendsr_callbacks.addressed(tx, ctx, token)
    # Its certificate may have to be fetched: outside of any transaction.
    reported = await check_callback(
        target,
        task_id=str(task_id),
        address=f"{ctx.settings.base_url}/v1/callbacks/{token}/opendsr",
        headers=dict(request.headers),
        body=body,
        sandbox=ctx.settings.sandbox,
        seconds=ctx.settings.processor_timeout_seconds,
    )
    async with ctx.database.transaction([controller]) as tx:
        counted = await opendsr_callbacks.receive(tx, ctx, task_id, reported)
    return {"status": "accepted" if counted else "repeated"}
