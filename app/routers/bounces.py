"""Mails that came back: whoever runs the mail system hands their reports in."""

from typing import Literal

from fastapi import APIRouter, Request

from app.routers.dependencies import Integrator
from app.routers.documented import problems
from app.schemas.base import Answer
from app.services import undelivered

router = APIRouter(tags=["processors"])

_BODY = {
    "requestBody": {
        "required": True,
        "description": "The report as it arrived (RFC 3464), headers and all; at most 256 KiB.",
        "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class BounceNoted(Answer):
    """``noted``: a mail of ours to a recipient did not arrive, and its task is a person's now."""

    status: Literal["noted", "ignored"]


@router.post(
    "/v1/mail/bounces",
    status_code=202,
    operation_id="reportBounce",
    response_model=BounceNoted,
    responses=problems(401, 403, 413),
    openapi_extra=_BODY,
)
async def report(work: Integrator, request: Request) -> dict[str, str]:
    """
    Say that a mail to a recipient did not arrive.

    Delays, holiday notices and reports about anything else are ignored. No Idempotency-Key: the same report twice is
    the same report.
    """
    is_ours = await undelivered.bounced(work.tx, await request.body())
    return {"status": "noted" if is_ours else "ignored"}
