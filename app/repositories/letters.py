"""Letters as rows, still sealed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from app.db import Tx
from app.domain.case import Phase
from app.models import LetterRow, OutgoingMailRow, RequestRow
from app.repositories import guarding


async def letters_of(tx: Tx, row: RequestRow) -> Sequence[LetterRow]:
    """A request's letters, the oldest first."""
    query = select(LetterRow).where(col(LetterRow.request_id) == row.id).order_by(col(LetterRow.written_at))
    return (await tx.session.execute(query)).scalars().all()


async def letter(tx: Tx, letter_id: UUID) -> LetterRow | None:
    return await tx.session.get(LetterRow, letter_id)


async def latest(tx: Tx, *, limit: int = 500) -> Sequence[tuple[RequestRow, LetterRow]]:
    """Letters with their requests, over all the controllers this transaction sees, the newest first."""
    query = (
        select(RequestRow, LetterRow)
        .join(LetterRow, col(LetterRow.request_id) == col(RequestRow.id))
        .order_by(col(LetterRow.written_at).desc(), col(LetterRow.id).desc())
        .limit(limit)
    )
    return [(row, letter) for row, letter in (await tx.session.execute(query)).all()]


async def unsent(
    tx: Tx, *, by_post: bool, failed: bool, controller: str | None, after: UUID | None, limit: int
) -> Sequence[tuple[RequestRow, LetterRow, OutgoingMailRow | None]]:
    """
    Letters that are not out with the mail that told of them, the oldest first (ids are UUIDv7), keyset-paged.

    A receipt that nobody had posted when its case was closed has been overtaken by the answer.
    """
    query = (
        select(RequestRow, LetterRow, OutgoingMailRow)
        .join(LetterRow, col(LetterRow.request_id) == col(RequestRow.id))
        .outerjoin(OutgoingMailRow, col(OutgoingMailRow.letter_id) == col(LetterRow.id))
        .where(
            guarding.may_see(tx),
            col(LetterRow.sent_at).is_(None),
            or_(col(LetterRow.kind) != "receipt", col(RequestRow.phase) != Phase.CLOSED.value),
            col(LetterRow.via) == "post" if by_post else col(LetterRow.via) != "post",
        )
    )
    if failed:
        query = query.where(col(OutgoingMailRow.state) == "failed")
    if controller is not None:
        query = query.where(col(LetterRow.controller_id) == controller)
    if after is not None:
        query = query.where(col(LetterRow.id) > after)
    found = await tx.session.execute(query.order_by(col(LetterRow.id)).limit(limit))
    return [(request, letter, mail) for request, letter, mail in found.all()]
