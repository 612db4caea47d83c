"""Processors call back. The address says which task, the signature who; there is no other login."""

import time
from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.routers.dependencies import House
from app.routers.documented import problems
from app.schemas.records import Accepted
from app.services import callbacks

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


def signed_headers(id: str | None, timestamp: str | None, signature: str | None) -> dict[str, str]:
    """What a signature is checked with, as far as it came."""
    signed = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    return {name: value for name, value in signed.items() if value is not None}


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
    headers = signed_headers(webhook_id, webhook_timestamp, webhook_signature)
    controller = callbacks.controller_of(ctx, token)
    # Committed before the answer leaves: this block ends first.
    async with ctx.database.transaction([controller]) as tx:
        counted = await callbacks.receive(tx, ctx, token, headers=headers, body=body, wall_clock=time.time())
    return {"status": "accepted" if counted else "repeated"}
