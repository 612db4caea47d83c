"""The tasks that wait for a vendor's work."""

from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from app.db import Tx
from app.domain.fanout import TaskState
from app.models import TaskRow


async def ask_now(tx: Tx, processor_id: UUID) -> int:
    """Make every accepted task of a processor that is asked after due at once; returns how many."""
    query = (
        update(TaskRow)
        .where(
            col(TaskRow.processor_id) == processor_id,
            col(TaskRow.state) == TaskState.ACCEPTED,
            col(TaskRow.next_at) > tx.now,
        )
        .values(next_at=tx.now)
        .returning(col(TaskRow.id))
    )
    return len((await tx.session.execute(query)).scalars().all())
