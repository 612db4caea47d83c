"""The letters that were written lately, over all the controllers a transaction sees."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import col

from app.db import Tx
from app.models import LetterRow, RequestRow


async def latest(tx: Tx, *, limit: int = 500) -> Sequence[tuple[RequestRow, LetterRow]]:
    """Letters with their requests, the newest first; still sealed."""
    query = (
        select(RequestRow, LetterRow)
        .join(LetterRow, col(LetterRow.request_id) == col(RequestRow.id))
        .order_by(col(LetterRow.written_at).desc(), col(LetterRow.id).desc())
        .limit(limit)
    )
    return [(row, letter) for row, letter in (await tx.session.execute(query)).all()]
