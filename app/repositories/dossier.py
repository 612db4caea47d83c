"""What only an evidence pack reads of a request: every try of its tasks, every second person's word."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.db import Tx
from app.models import ApprovalRow, AttemptRow, TaskRow


async def attempts_of(tx: Tx, request_id: UUID) -> Sequence[AttemptRow]:
    query = (
        select(AttemptRow)
        .join(TaskRow, col(TaskRow.id) == col(AttemptRow.task_id))
        .where(col(TaskRow.request_id) == request_id)
        .order_by(col(AttemptRow.task_id), col(AttemptRow.number))
    )
    return (await tx.session.execute(query)).scalars().all()


async def approvals_of(tx: Tx, request_id: UUID) -> Sequence[ApprovalRow]:
    query = select(ApprovalRow).where(col(ApprovalRow.request_id) == request_id).order_by(col(ApprovalRow.id))
    return (await tx.session.execute(query)).scalars().all()
