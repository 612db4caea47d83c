"""Recipients by mail: the page of a task, its codes, the mails about it, the files that came with it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.db import Tx
from app.models import AttemptRow, OutgoingMailRow, RecipientCodeRow, RecipientPageRow, TaskFileRow


async def make_page(tx: Tx, page: RecipientPageRow) -> None:
    """The page of a task, once; made again it stays as it is."""
    await tx.session.execute(
        insert(RecipientPageRow).values(**page.model_dump()).on_conflict_do_nothing(index_elements=["task_id"])
    )


async def page_by_token(tx: Tx, token_hash: bytes) -> RecipientPageRow | None:
    query = select(RecipientPageRow).where(col(RecipientPageRow.token_hash) == token_hash)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def page_of(tx: Tx, task_id: UUID) -> RecipientPageRow | None:
    """The page of a task, as it stands; the caller holds the request's row if it is to be changed."""
    query = select(RecipientPageRow).where(col(RecipientPageRow.task_id) == task_id)
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def latest_code(tx: Tx, task_id: UUID) -> RecipientCodeRow | None:
    """The code that was sent last; the ones before it are void."""
    query = (
        select(RecipientCodeRow)
        .where(col(RecipientCodeRow.task_id) == task_id)
        .order_by(col(RecipientCodeRow.made_at).desc(), col(RecipientCodeRow.id).desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def codes_since(tx: Tx, task_id: UUID, *, after: datetime) -> int:
    """How many codes a task had."""
    query = select(func.count()).where(col(RecipientCodeRow.task_id) == task_id, col(RecipientCodeRow.made_at) > after)
    return int((await tx.session.execute(query)).scalar_one())


async def mails_of(tx: Tx, task_id: UUID) -> Sequence[OutgoingMailRow]:
    """The mails about a task, the oldest first."""
    query = select(OutgoingMailRow).where(col(OutgoingMailRow.task_id) == task_id)
    return (await tx.session.execute(query.order_by(col(OutgoingMailRow.made_at)))).scalars().all()


async def mail_to_recipient(tx: Tx, mail_id: UUID) -> OutgoingMailRow | None:
    """A mail that went to a recipient; one to a person is none, and one that never went cannot come back."""
    query = select(OutgoingMailRow).where(
        col(OutgoingMailRow.id) == mail_id,
        col(OutgoingMailRow.task_id).is_not(None),
        col(OutgoingMailRow.state) == "sent",
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


# --- files -----------------------------------------------------------------------------------------------------------


async def put_file(tx: Tx, file: TaskFileRow) -> bool:
    """Note a file; False where the task has the very same one."""
    made = (
        insert(TaskFileRow)
        .values(**file.model_dump())
        .on_conflict_do_nothing(index_elements=["task_id", "sha256"])
        .returning(col(TaskFileRow.id))
    )
    return (await tx.session.execute(made)).scalar_one_or_none() is not None


async def files_of(tx: Tx, task_id: UUID) -> Sequence[TaskFileRow]:
    """A task's files, the oldest first, the destroyed ones among them."""
    query = (
        select(TaskFileRow)
        .where(col(TaskFileRow.task_id) == task_id)
        .order_by(col(TaskFileRow.uploaded_at), col(TaskFileRow.id))
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()


async def last_sent(tx: Tx, task_id: UUID) -> datetime | None:
    """When the task was sent to its recipient last; looking and asking after it do not count."""
    query = select(func.max(col(AttemptRow.started_at))).where(
        col(AttemptRow.task_id) == task_id, col(AttemptRow.verb) == "send"
    )
    found: datetime | None = (await tx.session.execute(query)).scalar_one_or_none()
    return found


async def files_of_request(tx: Tx, request_id: UUID) -> Sequence[TaskFileRow]:
    """A request's files that are still there."""
    query = select(TaskFileRow).where(
        col(TaskFileRow.request_id) == request_id, col(TaskFileRow.destroyed_at).is_(None)
    )
    return (await tx.session.execute(query)).scalars().all()


async def unscanned(tx: Tx, *, limit: int = 100) -> Sequence[tuple[str, UUID, UUID]]:
    """Files the scanner has not answered about: (controller, task, file), the oldest first."""
    query = (
        select(col(TaskFileRow.controller_id), col(TaskFileRow.task_id), col(TaskFileRow.id))
        .where(col(TaskFileRow.scan) == "pending", col(TaskFileRow.destroyed_at).is_(None))
        .order_by(col(TaskFileRow.uploaded_at))
        .limit(limit)
    )
    return [(controller, task_id, id_) for controller, task_id, id_ in (await tx.session.execute(query)).all()]
