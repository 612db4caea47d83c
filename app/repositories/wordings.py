"""Versions of letters' wording as rows; no controller's, added and never changed."""

from sqlalchemy.dialects.postgresql import insert

from app.db import Tx
from app.models import LetterTemplateRow


async def keep(tx: Tx, row: LetterTemplateRow) -> None:
    """Write a version unless it is there."""
    await tx.session.execute(insert(LetterTemplateRow).values(**row.model_dump()).on_conflict_do_nothing())


async def version(tx: Tx, sha256: str) -> LetterTemplateRow | None:
    return await tx.session.get(LetterTemplateRow, sha256)
