"""What only an evidence pack reads of a request: tries of its tasks, second persons' words, codes, what is kept."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.db import Tx
from app.models import (
    ApprovalRow,
    AttemptRow,
    KnownChannelRow,
    OneTimeCodeRow,
    ProcessorRow,
    ScheduledErasureRow,
    TaskRow,
)


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


async def codes_of(tx: Tx, request_id: UUID) -> Sequence[OneTimeCodeRow]:
    """The one-time codes that were asked for, the oldest first."""
    query = (
        select(OneTimeCodeRow)
        .where(col(OneTimeCodeRow.request_id) == request_id)
        .order_by(col(OneTimeCodeRow.wanted_at), col(OneTimeCodeRow.id))
    )
    return (await tx.session.execute(query)).scalars().all()


async def channels_of(tx: Tx, request_id: UUID) -> Sequence[KnownChannelRow]:
    """The addresses that were known in this request, those known for longest first."""
    query = (
        select(KnownChannelRow)
        .where(col(KnownChannelRow.request_id) == request_id)
        .order_by(col(KnownChannelRow.since), col(KnownChannelRow.blind))
    )
    return (await tx.session.execute(query)).scalars().all()


async def kept_of(tx: Tx, request_id: UUID) -> Sequence[tuple[ScheduledErasureRow, ProcessorRow]]:
    """What a request keeps until a day, or, where it follows one that kept something, what it carries out of that."""
    query = (
        select(ScheduledErasureRow, ProcessorRow)
        .join(ProcessorRow, col(ProcessorRow.id) == col(ScheduledErasureRow.processor_id))
        .where((col(ScheduledErasureRow.request_id) == request_id) | (col(ScheduledErasureRow.follow_up) == request_id))
        .order_by(col(ScheduledErasureRow.category), col(ScheduledErasureRow.id))
    )
    return [(row, processor) for row, processor in (await tx.session.execute(query)).all()]
