"""
Files that come with a recipient's answer: taken in, scanned, kept sealed, shown to staff, and read as rows.

They are hostile input about somebody. Each is told by its content, asked about at the scanner before anybody sees it,
and sealed with the key of the request's contents, so it goes when they go. What leaves to the person is never a file as
it came: rows of CSV and JSON become the answer's records and pass the same rules as any processor's; the rest is for
staff to look at.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.execution import DONE
from app.domain.fanout import Action, TaskState
from app.models import RequestRow, TaskFileRow, TaskRow
from app.processors import Answer
from app.repositories import cases
from app.repositories import recipients as stored
from app.services import sealing, steps
from app.services.context import INSYN, Actor, Context
from app.services.ids import new_id
from app.vault import uploads
from app.vault.scanning import Scan, scanner_of

log = structlog.get_logger()

#: Why a person looks at an answer with files: one was not scanned, or holds no rows.
TO_REVIEW = "files_to_review"
#: Bytes of all files of a task, and rows that are read from them without anybody's help.
MOST_BYTES_OF_TASK = 60 * 1024 * 1024


class FilesNotWanted(DomainError):
    """Files come with a task that asks for a copy of data, while it is open, and for a category of that task."""


class UnknownFile(DomainError):
    """The task has no such file, or it has been destroyed."""


class FileInQuarantine(DomainError):
    """The file waits for the virus scanner; or nobody scans files, and you did not say that you take it as it is."""


class FilesNotReadable(DomainError):
    """The task has no files whose rows can be taken over: look at them, and say what came of the task."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Upload:
    """A file as it came, looked at and scanned; nothing of it is kept yet."""

    content: bytes
    name: str
    media_type: str
    scan: Scan


async def receive(ctx: Context, content: bytes, *, name: str) -> Upload:
    """
    Look at a file and have it scanned; outside of any transaction, for a scanner takes its time.

    Raises:
        UploadRefused, UploadTooLarge, ArchiveRefused
    """
    media_type = await asyncio.to_thread(uploads.media_type_of, content)
    scan = await scanner_of(ctx.settings).scan(content)
    return Upload(content=content, name=uploads.plain_name(name), media_type=media_type, scan=scan)


async def keep(
    tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, upload: Upload, *, category: str, via: str, actor: Actor
) -> TaskFileRow | None:
    """
    Keep a file with a held task, sealed; None where the very same one is there. One with a virus is noted only.

    Raises:
        FilesNotWanted, TooManyFiles
    """
    if task.action != Action.EXPORT or task.state == TaskState.CLOSED or category not in task.categories:
        raise FilesNotWanted
    there = await stored.files_of(tx, task.id)
    size = sum(one.size for one in there if one.destroyed_at is None)
    # Those that were destroyed count too: whoever sends viruses does not send them for ever.
    if len(there) >= uploads.MOST_FILES or size + len(upload.content) > MOST_BYTES_OF_TASK:
        raise uploads.TooManyFiles
    digest = hashlib.sha256(upload.content).hexdigest()
    if any(one.sha256 == digest for one in there):
        return None
    file_id, key = new_id(), await sealing.hold_contents_key(ctx, row)
    file = TaskFileRow(
        id=file_id,
        task_id=task.id,
        request_id=row.id,
        controller_id=row.controller_id,
        category=category,
        media_type=upload.media_type,
        size=len(upload.content),
        sha256=digest,
        name_sealed=key.seal_json([upload.name], where=sealing.where(row, "task_file", "name", file_id)),
        file=f"{row.controller_id}/{row.id}/{file_id}",
        via=via,
        scan=upload.scan,
        uploaded_at=tx.now,
        scanned_at=tx.now if upload.scan in ("clean", "infected") else None,
        destroyed_at=tx.now if upload.scan == "infected" else None,
    )
    if file.destroyed_at is None:
        # Whole on disk before the row that speaks of it commits; without the row it is nobody's.
        await ctx.files.write(file.file, [upload.content], key)
    await stored.put_file(tx, file)
    facts = {"task_id": str(task.id), "file_id": str(file_id), "size": file.size, "scan": file.scan}
    await steps.note(tx, row, AuditStep.TASK_FILE_TAKEN, actor=actor, facts=facts)
    return file


def name_of(ctx: Context, row: RequestRow, file: TaskFileRow) -> str | None:
    """What a file was called; None once the contents are destroyed."""
    if not row.contents_key:
        return None
    where = sealing.where(row, "task_file", "name", file.id)
    return str(sealing.contents_key_of(ctx, row).open_json(file.name_sealed, where=where)[0])


# --- the answer they belong to ---------------------------------------------------------------------------------------


async def joined(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, answer: Answer) -> tuple[Answer, str | None]:
    """
    An answer together with the rows of its task's files, or why a person has to look at them first.

    Only files that a scanner has found clean, and that hold rows and nothing else, are taken without one; and none that
    came before the task was sent for the last time, perhaps to another place: it is no part of what is answered now.
    """
    if task.action != Action.EXPORT or answer.outcome not in DONE:
        return answer, None
    files = await _standing(tx, task)
    if not files:
        return answer, None
    if any(one.scan != "clean" or one.media_type not in uploads.STRUCTURED for one in files):
        return answer, TO_REVIEW
    sent = await stored.last_sent(tx, task.id)
    if sent is not None and any(one.uploaded_at < sent for one in files):
        return answer, TO_REVIEW
    try:
        records = await _records(ctx, row, files)
    except FilesNotReadable:
        return answer, TO_REVIEW
    body = dict(answer.body) | {"records": [*answer.body.get("records", ()), *records]}
    return replace(answer, body=body), None


async def records(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> list[Mapping[str, Any]]:
    """
    The rows of a task's files, on a person's word that they are to be taken as they are.

    Raises:
        FileInQuarantine: The scanner has not answered about one of them.
        FilesNotReadable: There is none, or none with rows.
    """
    files = await _standing(tx, task)
    if any(one.scan == "pending" for one in files):
        raise FileInQuarantine
    return await _records(ctx, row, [one for one in files if one.media_type in uploads.STRUCTURED])


async def _standing(tx: Tx, task: TaskRow) -> list[TaskFileRow]:
    return [one for one in await stored.files_of(tx, task.id) if one.destroyed_at is None]


async def _records(ctx: Context, row: RequestRow, files: Sequence[TaskFileRow]) -> list[Mapping[str, Any]]:
    key = sealing.contents_key_of(ctx, row) if files else None
    read = []
    for one in files:
        content = b"".join([chunk async for chunk in ctx.files.read(one.file, key)]) if key is not None else b""
        read.append((one.category, one.media_type, content))
    try:
        found = await asyncio.to_thread(uploads.as_records, read)
    except uploads.UploadRefused:
        raise FilesNotReadable from None
    if not found or sum(len(one["rows"]) for one in found) > uploads.MOST_ROWS:
        raise FilesNotReadable
    return found


# --- for staff -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file on its way to a member of staff."""

    filename: str
    size: int
    chunks: AsyncIterator[bytes]


async def fetch(
    tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, file_id: UUID, *, as_it_is: bool, actor: Actor
) -> Fetched:
    """
    Open a file of a held task for staff; written down.

    Args:
        as_it_is: Whether whoever fetches it takes one that nobody has scanned.

    Raises:
        UnknownFile, FileInQuarantine, Unreadable
    """
    file = next((one for one in await _standing(tx, task) if one.id == file_id), None)
    if file is None or not row.contents_key:
        raise UnknownFile
    if file.scan == "pending" or (file.scan == "not_scanned" and not as_it_is):
        raise FileInQuarantine
    facts = {"task_id": str(task.id), "file_id": str(file.id), "scan": file.scan}
    await steps.note(tx, row, AuditStep.TASK_FILE_READ, actor=actor, facts=facts)
    ending = _ENDINGS.get(file.media_type, "bin")
    chunks = ctx.files.read(file.file, sealing.contents_key_of(ctx, row))
    return Fetched(filename=f"{row.reference}-{file.id.hex[-8:]}.{ending}", size=file.size, chunks=chunks)


#: The ending of a name we give; the file's own name may be made to deceive.
_ENDINGS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
    "application/zip": "zip",
    "text/csv": "csv",
    "text/plain": "txt",
    "application/json": "json",
}


# --- beside the cases ------------------------------------------------------------------------------------------------


async def scan_pending(ctx: Context) -> int:
    """Ask the scanner again about files it did not answer about; how many it has answered about now."""
    async with ctx.database.transaction(ctx.profiles) as tx:
        waiting = await stored.unscanned(tx)
    done = 0
    for controller, task_id, file_id in waiting:
        done += await _scan_again(ctx, controller, task_id, file_id)
    return done


async def _scan_again(ctx: Context, controller: str, task_id: UUID, file_id: UUID) -> bool:
    async with ctx.database.transaction([controller]) as tx:
        task = await cases.task(tx, task_id)
        row = await cases.request(tx, task.request_id) if task is not None else None
        if task is None or row is None or not row.contents_key:
            return False
        file = next((one for one in await _standing(tx, task) if one.id == file_id), None)
        if file is None:
            return False
        key = sealing.contents_key_of(ctx, row)
        content = b"".join([chunk async for chunk in ctx.files.read(file.file, key)])
    scan = await scanner_of(ctx.settings).scan(content)
    if scan == "pending":
        return False
    async with ctx.database.transaction([controller]) as tx:
        row = await steps.hold(tx, row.id)
        file = next((one for one in await stored.files_of(tx, task_id) if one.id == file_id), None)
        if file is None or file.scan != "pending":
            return False
        file.scan, file.scanned_at = scan, tx.now
        if scan == "infected":
            file.destroyed_at = tx.now
            await ctx.files.delete(file.file)
        facts = {"task_id": str(task_id), "file_id": str(file_id), "scan": scan}
        await steps.note(tx, row, AuditStep.TASK_FILE_SCANNED, actor=INSYN, facts=facts)
    log.info("file.scanned", task_id=str(task_id), file_id=str(file_id), state=scan)
    return True


async def destroy(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """Remove a request's files, with the contents they belong to."""
    for file in await stored.files_of_request(tx, row.id):
        await ctx.files.delete(file.file)
        file.destroyed_at = tx.now
