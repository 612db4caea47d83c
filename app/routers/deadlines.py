"""When an answer would be due, and why; nothing is stored."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.routers.dependencies import Reader
from app.routers.documented import problems
from app.schemas.base import Instant

router = APIRouter(prefix="/v1/deadlines", tags=["deadlines"])


@router.get("", operation_id="explainDeadline", responses=problems(401, 403))
async def explain(
    work: Reader,
    controller: Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")],
    received_at: Annotated[Instant, Query(description="RFC 3339 with offset; a plus sign is written %2B.")],
    extended: bool = False,
) -> dict[str, Any]:
    """The due date of something received at an instant: every step of the reckoning, with its sources."""
    work.check_controller(controller)
    return work.ctx.explain_deadline(controller, received_at, extended=extended).as_json()
