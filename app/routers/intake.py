"""What anybody may know before any login."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.routers.dependencies import House, Language
from app.routers.documented import problems
from app.routers.refusals import NoSuchController
from app.schemas.registry import IntakeOut
from app.services import catalogue

router = APIRouter(tags=["intake"])


@router.get(
    "/v1/intake/{controller}",
    operation_id="getIntake",
    response_model=IntakeOut,
    response_model_exclude_none=True,
    responses=problems(404),
)
async def intake(
    ctx: House, language: Language, controller: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
) -> catalogue.View:
    """A controller's rights desk: who answers, which rights there are, how identity is proven."""
    if controller not in ctx.profiles:
        raise NoSuchController
    return catalogue.intake(ctx, ctx.profiles[controller], language)
