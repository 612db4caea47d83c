"""Outgoing mails as rows, still sealed."""

from sqlalchemy.dialects.postgresql import insert

from app.db import Tx
from app.models import OutgoingMailRow


async def put(tx: Tx, mail: OutgoingMailRow) -> bool:
    """Write a mail; False when its request has one of the same ``dedupe`` already."""
    written = await tx.session.execute(
        insert(OutgoingMailRow)
        .values(**mail.model_dump())
        .on_conflict_do_nothing(index_elements=["request_id", "dedupe"])
        .returning(OutgoingMailRow.__table__.c.id)  # type: ignore[attr-defined]
    )
    return written.scalar_one_or_none() is not None
