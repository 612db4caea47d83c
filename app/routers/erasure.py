"""What erasure leaves behind: what is kept until when, who is suppressed, what must not be restored."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from app.repositories import erasure, registry
from app.routers import reading
from app.routers.dependencies import Integrator, Restorer, Staff
from app.routers.documented import READS, problems
from app.routers.paging import Paging, page
from app.schemas.erasure import ErasedPage, ScheduledErasurePage, SuppressionLookupIn, SuppressionOut
from app.services import erasure_views, suppression
from app.services.registration import UnknownProcessor
from app.vault import normalise

router = APIRouter(prefix="/v1", tags=["erasure"])

Controller = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
#: States that still have something to come.
_TO_COME = ("waiting", "begun")


@router.get(
    "/scheduled-erasures",
    operation_id="listScheduledErasures",
    response_model=ScheduledErasurePage,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def scheduled(
    work: Staff,
    pages: Paging,
    controller: Controller = None,
    request: UUID | None = None,
    state: Literal["waiting", "begun", "performed"] | None = None,
) -> erasure_views.View:
    """What answered requests keep: where, why, and the day on which it is erased or looked at again."""
    found = await erasure.scheduled_for_staff(
        work.tx,
        states=(state,) if state else _TO_COME,
        controller=controller,
        request_id=request,
        after=UUID(pages.after[0]) if pages.after else None,
        limit=pages.limit + 1,
    )
    rows, links = pages.of(found, place=lambda one: [one[0].id])
    return page([erasure_views.scheduled(row, processor) for row, processor in rows], links)


@router.post(
    "/suppressions/lookup",
    operation_id="lookUpSuppression",
    response_model=SuppressionOut,
    responses=problems(401, 403, 413),
)
async def look_up(work: Integrator, body: SuppressionLookupIn) -> dict[str, bool]:
    """Whether somebody must not be advertised to, or must not be imported again. Nothing is stored."""
    work.check_controller(body.controller)
    today = work.ctx.today(body.controller, work.tx.now)
    checked = reading.identifiers(body.identifiers, today=today, at="#/identifiers")
    known = [one.__class__(one.type, normalise(one.type, one.value, today=today)) for one in checked]
    return await suppression.look_up(work.tx, work.ctx, body.controller, known)


@router.get(
    "/restorations/pending",
    operation_id="listErasuresToRepeat",
    response_model=ErasedPage,
    response_model_exclude_none=True,
    responses=READS,
)
async def to_repeat(
    work: Restorer,
    pages: Paging,
    processor: UUID,
    since: Annotated[date | None, Query(description="Of the backup that was restored: erased on or after.")] = None,
) -> erasure_views.View:
    """After a restore: what this processor had erased since its backup was made, and must erase once more."""
    row = await registry.processor(work.tx, processor)
    if row is None:
        raise UnknownProcessor
    found = await erasure.not_to_be_restored(
        work.tx,
        processor_id=processor,
        since=since,
        after=UUID(pages.after[0]) if pages.after else None,
        limit=pages.limit + 1,
    )
    rows, links = pages.of(found, place=lambda one: [one.id])
    return page([erasure_views.erased(one, row) for one in rows], links)
