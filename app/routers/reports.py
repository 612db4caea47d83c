"""Figures for the data protection officer."""

from fastapi import APIRouter

from app.repositories import reports
from app.routers.dependencies import Dpo
from app.routers.documented import problems
from app.schemas.registry import Summary

router = APIRouter(prefix="/v1/reports", tags=["reports"])


@router.get("/summary", operation_id="getSummary", response_model=Summary, responses=problems(401, 403))
async def summary(work: Dpo) -> dict[str, object]:
    """How many requests stand where, over the controllers your token speaks for."""
    phases, rights, overdue = await reports.counts(work.tx, overdue_on=work.tx.now.date())
    return {"by_phase": phases, "by_right": rights, "overdue": overdue}
