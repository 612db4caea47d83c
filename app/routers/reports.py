"""Figures and the register for the data protection officer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from app.repositories import reports
from app.routers.dependencies import Dpo
from app.routers.documented import problems, reply
from app.routers.paging import Paging, page
from app.routers.refusals import CursorMalformed
from app.schemas.reports import RegisterPage, Summary
from app.services import register

router = APIRouter(prefix="/v1/reports", tags=["reports"])

TABLE = "text/csv"
Slug = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


@router.get("/summary", operation_id="getSummary", response_model=Summary, responses=problems(401, 403))
async def summary(work: Dpo) -> dict[str, object]:
    """How many requests stand where and how they ended, also those whose case file is over and erased."""
    return await register.summary(work.tx, work.ctx)


@router.get(
    "/register",
    operation_id="getRegister",
    response_model=RegisterPage,
    responses=problems(401, 403) | {200: {"content": {TABLE: {"schema": {"type": "string"}}}}},
)
async def read(work: Dpo, request: Request, pages: Paging, controller: Slug = None) -> Response:
    """
    One line a request, in the order they came in, without anything about the persons (GDPR Art. 5(2)).

    With ``Accept: text/csv`` the whole register as a table, without pages.
    """
    if controller is not None:
        work.check_controller(controller)
    if TABLE in request.headers.get("accept", ""):
        headers = {"content-disposition": 'attachment; filename="register.csv"', "cache-control": "no-store"}
        table = register.as_table(
            work.ctx, work.tx.controllers, controller=controller, sees_protected=work.tx.sees_protected
        )
        return StreamingResponse(table, media_type=f"{TABLE}; charset=utf-8; header=present", headers=headers)
    try:
        after = UUID(pages.after[0]) if pages.after else None
    except ValueError:
        raise CursorMalformed from None
    found = await reports.in_order(work.tx, controller=controller, after=after, limit=pages.limit + 1)
    rows, links = pages.of(found, place=lambda row: [row.id])
    items = [vars(one) for one in await register.lines(work.tx, work.ctx, rows)]
    return reply(RegisterPage, page(items, links))
