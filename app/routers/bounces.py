"""Mails that came back: whoever runs the mail system hands their reports in."""

import base64
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.routers.dependencies import Integrator
from app.routers.documented import problems
from app.routers.refusals import At, ReportNotReadable
from app.schemas.base import Answer, Body, Plain
from app.services import undelivered

router = APIRouter(tags=["processors"])


class BounceIn(Body):
    """A report as it arrived (RFC 3464), headers and all; it is read, and not kept."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"report": "RnJvbTogTUFJTEVSLURBRU1PTkBteC5leGFtcGxlLmNvbQoKLi4u"}]}
    )

    report: Annotated[Plain, Field(max_length=250_000, description="base64 of the mail.")]


class BounceNoted(Answer):
    """``noted``: a mail of ours to a recipient did not arrive, and its task is a person's now."""

    status: Literal["noted", "ignored"]


@router.post(
    "/v1/mail/bounces",
    status_code=202,
    operation_id="reportBounce",
    response_model=BounceNoted,
    responses=problems(401, 403, 413),
)
async def report(work: Integrator, body: BounceIn) -> dict[str, str]:
    """
    Say that a mail to a recipient did not arrive.

    Delays, holiday notices and reports about anything else are ignored. No Idempotency-Key: the same report twice is
    the same report.
    """
    try:
        raw = base64.b64decode("".join(body.report.split()), validate=True)
    except ValueError:
        raise At("#/report", ReportNotReadable()) from None
    is_ours = await undelivered.bounced(work.tx, raw)
    return {"status": "noted" if is_ours else "ignored"}
