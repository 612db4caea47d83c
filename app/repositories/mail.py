"""Outgoing mails as rows, still sealed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.db import Tx
from app.models import OutgoingMailRow, RequestRow


async def put(tx: Tx, mail: OutgoingMailRow) -> bool:
    """Write a mail; False when its request has one of the same ``dedupe`` already."""
    written = await tx.session.execute(
        insert(OutgoingMailRow)
        .values(**mail.model_dump())
        .on_conflict_do_nothing(index_elements=["request_id", "dedupe"])
        .returning(OutgoingMailRow.__table__.c.id)  # type: ignore[attr-defined]
    )
    return written.scalar_one_or_none() is not None


async def mail(tx: Tx, mail_id: UUID, *, lock: bool = False) -> OutgoingMailRow | None:
    query = select(OutgoingMailRow).where(col(OutgoingMailRow.id) == mail_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def claim(tx: Tx, mail_id: UUID, *, until: datetime) -> OutgoingMailRow | None:
    """
    Take a mail that is due: its try is counted and nobody else finds it due before *until*.

    None when it is not due, not waiting any more, or somebody is taking it at this moment.
    """
    query = (
        select(OutgoingMailRow)
        .where(
            col(OutgoingMailRow.id) == mail_id,
            col(OutgoingMailRow.state) == "waiting",
            col(OutgoingMailRow.next_at) <= tx.now,
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is not None:
        row.attempts, row.next_at = row.attempts + 1, until
        await tx.session.flush()
    return row


async def request_of(tx: Tx, row: OutgoingMailRow) -> RequestRow:
    """The request a mail belongs to."""
    query = select(RequestRow).where(col(RequestRow.id) == row.request_id)
    return (await tx.session.execute(query)).scalar_one()


async def due(tx: Tx, *, limit: int = 500) -> Sequence[tuple[str, UUID]]:
    """Mails whose next try has come: (controller, id), the longest overdue first."""
    query = (
        select(col(OutgoingMailRow.controller_id), col(OutgoingMailRow.id))
        .where(col(OutgoingMailRow.state) == "waiting", col(OutgoingMailRow.next_at) <= tx.now)
        .order_by(col(OutgoingMailRow.next_at))
        .limit(limit)
    )
    return [(controller, id_) for controller, id_ in (await tx.session.execute(query)).all()]


async def give_up_waiting(tx: Tx, letter_id: UUID, *, failure: str) -> None:
    """Send no mail of a letter that has gone another way."""
    await tx.session.execute(
        update(OutgoingMailRow)
        .where(col(OutgoingMailRow.letter_id) == letter_id, col(OutgoingMailRow.state) == "waiting")
        .values(state="failed", next_at=None, failure=failure)
        .execution_options(synchronize_session=False)
    )
