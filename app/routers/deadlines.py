"""When an answer would be due, and why; nothing is stored."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from app.domain.deadlines import Suspension
from app.routers.dependencies import Reader
from app.routers.documented import problems
from app.routers.refusals import AnswerWithoutQuestion
from app.schemas.base import Instant

router = APIRouter(prefix="/v1/deadlines", tags=["deadlines"])


@router.get("", operation_id="explainDeadline", responses=problems(401, 403))
async def explain(
    work: Reader,
    controller: Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")],
    received_at: Annotated[Instant, Query(description="RFC 3339 with offset; a plus sign is written %2B.")],
    extended: bool = False,
    asked_on: Annotated[date | None, Query(description="Civil date of a question to the person.")] = None,
    answered_on: Annotated[date | None, Query(description="Civil date of the answer; left out: not yet.")] = None,
    reason: Annotated[Literal["identity", "clarification"], Query(description="What was asked about.")] = "identity",
) -> dict[str, Any]:
    """The due date of something received at an instant: every step of the reckoning, with its sources."""
    work.check_controller(controller)
    if asked_on is None and answered_on is not None:
        raise AnswerWithoutQuestion
    asked = [] if asked_on is None else [Suspension(asked_on=asked_on, answered_on=answered_on, reason=reason)]
    return work.ctx.explain_deadline(controller, received_at, extended=extended, suspensions=asked).as_json()
