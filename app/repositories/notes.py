"""Notes of a case and fees that are asked in it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.db import Tx
from app.models import CaseNoteRow, DisagreementNoteRow, FeeNoticeRow


async def notes_of(tx: Tx, request_id: UUID) -> Sequence[CaseNoteRow]:
    """A case's notes, the oldest first."""
    query = select(CaseNoteRow).where(col(CaseNoteRow.request_id) == request_id)
    return (await tx.session.execute(query.order_by(col(CaseNoteRow.id)))).scalars().all()


async def disagreements_of(tx: Tx, request_id: UUID) -> Sequence[DisagreementNoteRow]:
    query = select(DisagreementNoteRow).where(col(DisagreementNoteRow.request_id) == request_id)
    return (await tx.session.execute(query)).scalars().all()


async def fees_of(tx: Tx, request_id: UUID) -> Sequence[FeeNoticeRow]:
    """A case's fee notices, those that wait for a second person too."""
    query = select(FeeNoticeRow).where(col(FeeNoticeRow.request_id) == request_id)
    return (await tx.session.execute(query.order_by(col(FeeNoticeRow.id)))).scalars().all()
