"""Files that a processor's own systems hand in: signed like a callback, kept like any recipient's."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain.plain_json import is_plain, once_each
from app.models import TaskRow
from app.processors import AnswerNotUnderstood
from app.repositories import cases, replays
from app.services import registration, task_files, tasks
from app.services.callbacks import UnknownCallback, check_open, verified
from app.services.context import Actor, Context
from app.services.task_files import Upload

_DEEPEST = 4


@dataclass(frozen=True, kw_only=True, repr=False)
class SentFile:
    """A file whose message is signed by its task's processor."""

    task_id: UUID
    event_id: str
    category: str
    name: str
    content: bytes


async def read(
    tx: Tx, ctx: Context, token: str, *, headers: Mapping[str, str], body: bytes, wall_clock: float
) -> SentFile:
    """
    Read a signed message with a file; nothing is written.

    Raises:
        UnknownCallback, WebhookRefused, CallbackOver
        AnswerNotUnderstood: Signed, but not a file of this task.
    """
    task, event_id = await _signed(tx, ctx, token, headers=headers, body=body, wall_clock=wall_clock)
    said = _parsed(body)
    data = said.get("data")
    if said.get("type") != "task.file" or not isinstance(data, dict) or data.get("task_id") != str(task.id):
        raise AnswerNotUnderstood("The message is not a task.file of this task.")
    category, name, content = (data.get(one) for one in ("category", "name", "content"))
    if not (isinstance(category, str) and isinstance(name, str) and isinstance(content, str)):
        raise AnswerNotUnderstood("A file has a category, a name and its content in base64.")
    try:
        decoded = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise AnswerNotUnderstood("A file's content is base64.") from None
    return SentFile(task_id=task.id, event_id=event_id, category=category, name=name, content=decoded)


async def keep(tx: Tx, ctx: Context, sent: SentFile, upload: Upload) -> bool:
    """
    Keep a file that was read; False where the event, or the very same file, has been here before.

    Raises:
        UnknownCallback, CallbackOver, FilesNotWanted, TooManyFiles
    """
    row, task = await tasks.hold_with_request(tx, sent.task_id)
    if await registration.heard(tx, task.processor_id, *registration.CALLS_BACK) is None:
        raise UnknownCallback  # gone while the file was looked at
    if not await replays.is_first(tx, task, sent.event_id):
        return False
    check_open(tx, ctx, row, task)
    actor = Actor("processor", str(task.processor_id))
    made = await task_files.keep(tx, ctx, row, task, upload, category=sent.category, via="callback", actor=actor)
    return made is not None


async def task_of(tx: Tx, ctx: Context, token: str, *, headers: Mapping[str, str], wall_clock: float) -> TaskRow:
    """The task that a signed question is about; raises ``UnknownCallback``, ``WebhookRefused``, ``CallbackOver``."""
    task, _ = await _signed(tx, ctx, token, headers=headers, body=b"", wall_clock=wall_clock)
    return task


async def _signed(
    tx: Tx, ctx: Context, token: str, *, headers: Mapping[str, str], body: bytes, wall_clock: float
) -> tuple[TaskRow, str]:
    task = await cases.task_by_token(tx, hashlib.sha256(token.encode()).digest())
    if task is None:
        raise UnknownCallback
    event_id = await verified(tx, ctx, task, headers, body, wall_clock)
    row = await cases.request(tx, task.request_id)
    if row is None:
        raise UnknownCallback
    check_open(tx, ctx, row, task)
    return task, event_id


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body, object_pairs_hook=once_each)
    except (ValueError, RecursionError):
        raise AnswerNotUnderstood from None
    if not isinstance(value, dict) or not is_plain(value, deepest=_DEEPEST):
        raise AnswerNotUnderstood
    return value
