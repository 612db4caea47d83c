"""Letters as rows, still sealed."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import col

from app.db import Tx
from app.models import LetterRow, RequestRow


async def letters_of(tx: Tx, row: RequestRow) -> Sequence[LetterRow]:
    """A request's letters, the oldest first."""
    query = select(LetterRow).where(col(LetterRow.request_id) == row.id).order_by(col(LetterRow.written_at))
    return (await tx.session.execute(query)).scalars().all()


async def latest(tx: Tx, *, limit: int = 500) -> Sequence[tuple[RequestRow, LetterRow]]:
    """Letters with their requests, over all the controllers this transaction sees, the newest first."""
    query = (
        select(RequestRow, LetterRow)
        .join(LetterRow, col(LetterRow.request_id) == col(RequestRow.id))
        .order_by(col(LetterRow.written_at).desc(), col(LetterRow.id).desc())
        .limit(limit)
    )
    return [(row, letter) for row, letter in (await tx.session.execute(query)).all()]
