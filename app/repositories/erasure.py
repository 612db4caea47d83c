"""Plans of erasures, what is kept until when, suppression entries, and what must not be restored."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, delete, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.db import Tx
from app.models import ErasedDataRow, ErasurePlanRow, ProcessorRow, ScheduledErasureRow, SuppressionRow


async def plan_of_request(tx: Tx, request_id: UUID) -> list[ErasurePlanRow]:
    """The plan of a request's erasure, by category; empty if it has none."""
    query = (
        select(ErasurePlanRow)
        .where(col(ErasurePlanRow.request_id) == request_id)
        .order_by(col(ErasurePlanRow.category))
        .execution_options(populate_existing=True)
    )
    return list((await tx.session.execute(query)).scalars().all())


async def replace_plan(tx: Tx, claim_id: UUID, rows: Iterable[ErasurePlanRow]) -> None:
    """Put a new plan in the place of a claim's earlier one."""
    await tx.session.execute(
        delete(ErasurePlanRow)
        .where(col(ErasurePlanRow.claim_id) == claim_id)
        .execution_options(synchronize_session="fetch")
    )
    tx.session.add_all(list(rows))
    await tx.session.flush()


async def scheduled(tx: Tx, id_: UUID, *, lock: bool = False) -> ScheduledErasureRow | None:
    """One scheduled erasure; with *lock* None also while somebody else has it in hand."""
    query = select(ScheduledErasureRow).where(col(ScheduledErasureRow.id) == id_)
    if lock:
        query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def due_together(tx: Tx, one: ScheduledErasureRow) -> list[ScheduledErasureRow]:
    """
    All that is due of the same claim: what is to be erased at the same processor, or all that is to be looked at.

    The last day may differ between processors; a condition is one question for one person.
    """
    if one.review_on is not None:
        alike = and_(col(ScheduledErasureRow.review_on).is_not(None))
    else:
        alike = and_(
            col(ScheduledErasureRow.review_on).is_(None), col(ScheduledErasureRow.processor_id) == one.processor_id
        )
    query = (
        select(ScheduledErasureRow)
        .where(col(ScheduledErasureRow.claim_id) == one.claim_id, col(ScheduledErasureRow.next_at) <= tx.now, alike)
        .order_by(col(ScheduledErasureRow.category))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list((await tx.session.execute(query)).scalars().all())


async def of_follow_up(tx: Tx, request_id: UUID) -> list[ScheduledErasureRow]:
    """What a follow-up carries out."""
    query = select(ScheduledErasureRow).where(col(ScheduledErasureRow.follow_up) == request_id).with_for_update()
    return list((await tx.session.execute(query)).scalars().all())


async def due(tx: Tx, *, now: datetime, limit: int = 500) -> Sequence[tuple[str, UUID]]:
    """Scheduled erasures whose day has come: (controller, id), the longest overdue first."""
    query = (
        select(col(ScheduledErasureRow.controller_id), col(ScheduledErasureRow.id))
        .where(col(ScheduledErasureRow.next_at) <= now)
        .order_by(col(ScheduledErasureRow.next_at))
        .limit(limit)
    )
    return [(controller, id_) for controller, id_ in (await tx.session.execute(query)).all()]


async def schedule(tx: Tx, rows: Iterable[ScheduledErasureRow]) -> None:
    for row in rows:
        values = row.model_dump()
        await tx.session.execute(insert(ScheduledErasureRow).values(**values).on_conflict_do_nothing())


async def scheduled_for_staff(
    tx: Tx, *, states: Collection[str], controller: str | None, request_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[tuple[ScheduledErasureRow, ProcessorRow]]:
    """What is kept and until when, oldest first, keyset-paged."""
    query = select(ScheduledErasureRow, ProcessorRow).join(
        ProcessorRow, col(ProcessorRow.id) == col(ScheduledErasureRow.processor_id)
    )
    query = query.where(
        col(ScheduledErasureRow.state).in_(list(states)),
        true() if tx.sees_protected else col(ScheduledErasureRow.protected).is_(False),
    )
    if controller is not None:
        query = query.where(col(ScheduledErasureRow.controller_id) == controller)
    if request_id is not None:
        query = query.where(col(ScheduledErasureRow.request_id) == request_id)
    if after is not None:
        query = query.where(col(ScheduledErasureRow.id) > after)
    found = await tx.session.execute(query.order_by(col(ScheduledErasureRow.id)).limit(limit))
    return [(row, processor) for row, processor in found.all()]


async def suppress(tx: Tx, rows: Iterable[SuppressionRow]) -> None:
    """Write suppression entries; one that is there already stays as it is, with the day since when."""
    for row in rows:
        await tx.session.execute(insert(SuppressionRow).values(**row.model_dump()).on_conflict_do_nothing())


async def suppressions(tx: Tx, controller: str, blinds: Iterable[bytes]) -> set[str]:
    """The kinds of suppression that hold for anybody with one of these blind indexes."""
    query = (
        select(col(SuppressionRow.kind))
        .where(col(SuppressionRow.controller_id) == controller, col(SuppressionRow.blind).in_(list(blinds)))
        .distinct()
    )
    return set((await tx.session.execute(query)).scalars().all())


def erased(tx: Tx, row: ErasedDataRow) -> None:
    tx.session.add(row)


async def not_to_be_restored(
    tx: Tx, *, processor_id: UUID, since: date | None, after: UUID | None, limit: int
) -> Sequence[ErasedDataRow]:
    """What a processor erased on or after *since*, oldest first, keyset-paged."""
    query = select(ErasedDataRow).where(col(ErasedDataRow.processor_id) == processor_id)
    if since is not None:
        query = query.where(col(ErasedDataRow.erased_on) >= since)
    if after is not None:
        query = query.where(col(ErasedDataRow.id) > after)
    return (await tx.session.execute(query.order_by(col(ErasedDataRow.id)).limit(limit))).scalars().all()
