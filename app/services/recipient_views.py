"""What staff see of a recipient by mail beside its task: mails, whether the page was answered, files."""

from typing import Any

from app.db import Tx
from app.models import RequestRow, TaskFileRow, TaskRow
from app.repositories import recipients as stored
from app.services import task_files
from app.services.context import Context

View = dict[str, Any]
_MAIL = ("id", "purpose", "state", "made_at", "sent_at", "failure")
_FILE = ("id", "category", "media_type", "size", "sha256", "scan", "via", "uploaded_at", "destroyed_at")


async def beside_task(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> View:
    """Mails, page and files of a task."""
    page = await stored.page_of(tx, task.id)
    mails = await stored.mails_of(tx, task.id)
    return {
        "mails": [{name: getattr(one, name) for name in _MAIL} for one in mails],
        "page_answered_at": page.answered_at if page is not None else None,
        "files": [
            _file(one) | {"name": task_files.name_of(ctx, row, one)} for one in await stored.files_of(tx, task.id)
        ],
    }


async def files(tx: Tx, task: TaskRow) -> list[View]:
    """A task's files as whoever sent them may see them again: without what staff call them."""
    return [_file(one) for one in await stored.files_of(tx, task.id)]


def _file(row: TaskFileRow) -> View:
    return {name: getattr(row, name) for name in _FILE}
