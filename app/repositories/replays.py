"""What must count only once: a processor's event, a download token."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.db import Tx
from app.models import CallbackEventRow, DownloadRow, TaskRow


async def is_first(tx: Tx, task: TaskRow, event_id: str) -> bool:
    """Whether a processor uses this event id for the first time; from here on it is used, for ever."""
    statement = (
        insert(CallbackEventRow)
        .values(
            processor_id=task.processor_id,
            event_id=event_id,
            controller_id=task.controller_id,
            task_id=task.id,
            received_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(col(CallbackEventRow.event_id))
    )
    return (await tx.session.execute(statement)).scalar_one_or_none() is not None


async def download(tx: Tx, token_hash: bytes) -> DownloadRow | None:
    """A download token by its hash, locked until the end of the transaction."""
    query = select(DownloadRow).where(col(DownloadRow.token_hash) == token_hash).with_for_update()
    return (await tx.session.execute(query)).scalar_one_or_none()
