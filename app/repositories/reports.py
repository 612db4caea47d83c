"""Counts over the controllers a transaction sees; nobody in particular."""

from datetime import date

from sqlalchemy import func, select
from sqlmodel import col

from app.db import Tx
from app.domain.case import Phase
from app.models import ClaimRow, RequestRow
from app.repositories import guarding


async def counts(tx: Tx, *, overdue_on: date) -> tuple[dict[str, int], dict[str, int], int]:
    """How many requests per phase, claims per right, and open requests due before *overdue_on*."""
    phases = await tx.session.execute(
        select(col(RequestRow.phase), func.count())
        .where(guarding.may_see(tx))
        .group_by(col(RequestRow.phase))
        .order_by(col(RequestRow.phase))
    )
    rights = await tx.session.execute(
        select(col(ClaimRow.right), func.count())
        .where(guarding.may_see_its_request(tx, ClaimRow.request_id))
        .group_by(col(ClaimRow.right))
        .order_by(col(ClaimRow.right))
    )
    overdue = await tx.session.execute(
        select(func.count())
        .select_from(RequestRow)
        .where(guarding.may_see(tx), col(RequestRow.due_on) < overdue_on, col(RequestRow.phase) != Phase.CLOSED.value)
    )
    return {row[0]: row[1] for row in phases}, {row[0]: row[1] for row in rights}, overdue.scalar_one()
