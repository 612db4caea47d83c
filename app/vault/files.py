"""
Sealed files on a local disk: packages and attachments, never in the clear.

A file is a header (magic, 32 bytes of salt) and chunks of 64 KiB, each AES-256-GCM under a key derived for this very
file. A chunk's nonce holds its number and whether it is the last, so a chunk left out, moved, repeated or cut off at
the end does not open. A file appears under its name only whole and on disk: it is written beside it, synced and
renamed. All disk work happens in threads.
"""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.vault.envelope import DataKey
from app.vault.errors import Reason, Unreadable
from app.vault.key_store import make_folder, sync_folder

CHUNK_BYTES = 64 * 1024
_MAGIC = b"insyn-sealed-1\n"
_SALT, _TAG = 32, 16
_SUFFIX, _UNFINISHED = ".sealed", ".unfinished"
# No dots, so neither '..' nor a hidden name; no more than two folders.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(/[A-Za-z0-9_-]{1,80}){0,2}")


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """
    What is to be remembered of a file.

    Attributes:
        name: Under which it is read again.
        sha256: Hex digest of the plain text.
        size: Bytes of the plain text.
    """

    name: str
    sha256: str
    size: int


class FileStore:
    """Sealed files under one folder; names are ours (``westra/<id>``), never a person's."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, name: str, chunks: AsyncIterable[bytes] | Iterable[bytes], key: DataKey) -> StoredFile:
        """
        Seal *chunks* (of any size) under *name*, replacing what was there only when all is written and synced.

        Raises:
            ValueError: If the name is not of letters, digits, ``_``, ``-`` and at most two ``/``.
            OSError: If the disk refuses; then nothing is left behind.
        """
        target = self._path(name)
        writer = await asyncio.to_thread(_Writer, target, name, key)
        try:
            async for block in _in_blocks(chunks):
                await asyncio.to_thread(writer.add, block)
            await asyncio.to_thread(writer.commit)
        finally:
            writer.abandon()  # also when cancelled; does nothing once committed
        return StoredFile(name=name, sha256=writer.digest.hexdigest(), size=writer.size)

    async def read(self, name: str, key: DataKey) -> AsyncIterator[bytes]:
        """
        Give the plain text in chunks of up to 64 KiB, each checked before it is given.

        Raises:
            Unreadable: ``missing``, ``malformed`` or ``not_authentic``. It may come after the first chunks: whoever
                streams must then break the connection off, not end it.
        """
        path = self._path(name)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise Unreadable(Reason.MISSING) from None
        try:
            cipher = await asyncio.to_thread(_cipher_of, file, name, key)
            number, is_last = 0, False
            while not is_last:
                plain, is_last = await asyncio.to_thread(_next_chunk, file, cipher, number)
                number += 1
                yield plain
        finally:
            file.close()

    async def delete(self, name: str) -> bool:
        """Remove a file; False if there was none. What makes it unreadable is destroying its key."""
        return await asyncio.to_thread(_unlink, self._path(name))

    async def remove_leftovers(self, *, unfinished_before: float) -> int:
        """Remove what a crash left half-written (sealed, but in nobody's books) before that unix second."""
        return await asyncio.to_thread(_remove_leftovers, self._root, unfinished_before)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("a file's name is of A-Z a-z 0-9 _ - and at most two '/'")
        return self._root / f"{name}{_SUFFIX}"


class _Writer:
    """A file in the making: unfinished beside its target, or committed, or gone."""

    def __init__(self, target: Path, name: str, key: DataKey) -> None:
        make_folder(target.parent)
        self._target = target
        self._path = target.with_name(f"{target.stem}-{secrets.token_hex(8)}{_UNFINISHED}")
        self._pending: bytes | None = None
        self._number = 0
        self._done = False
        self.digest = hashlib.sha256()
        self.size = 0
        salt = os.urandom(_SALT)
        self._cipher = key.subkey(purpose=_purpose(name), salt=salt)
        self._file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._file.write(_MAGIC + salt)

    def add(self, block: bytes) -> None:
        """Take the next 64 KiB; one block is held back, for only the end shows which was the last."""
        if self._pending is not None:
            self._seal(self._pending, is_last=False)
        self._pending = block

    def commit(self) -> None:
        self._seal(self._pending or b"", is_last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._target)
        self._done = True
        sync_folder(self._target.parent)

    def abandon(self) -> None:
        if not self._done:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        self.digest.update(plain)
        self.size += len(plain)
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), plain, None))
        self._number += 1


def _purpose(name: str) -> str:
    # The name is part of the key: a file put in another's place does not open.
    return f"insyn/file/1/{name}"


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")


def _cipher_of(file: BufferedReader, name: str, key: DataKey) -> AESGCM:
    header = file.read(len(_MAGIC) + _SALT)
    if len(header) != len(_MAGIC) + _SALT or not header.startswith(_MAGIC):
        raise Unreadable(Reason.MALFORMED)
    return key.subkey(purpose=_purpose(name), salt=header[len(_MAGIC) :])


def _next_chunk(file: BufferedReader, cipher: AESGCM, number: int) -> tuple[bytes, bool]:
    sealed = file.read(CHUNK_BYTES + _TAG)
    # What follows decides whether this must be the last: cut or lengthened files then fail to open.
    is_last = not file.peek(1)
    try:
        return cipher.decrypt(_nonce(number, is_last=is_last), sealed, None), is_last
    except (InvalidTag, ValueError):
        raise Unreadable(Reason.NOT_AUTHENTIC) from None


async def _in_blocks(chunks: AsyncIterable[bytes] | Iterable[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream into blocks of exactly 64 KiB, the last one shorter."""
    buffer = bytearray()
    async for chunk in _async(chunks):
        buffer += chunk
        while len(buffer) >= CHUNK_BYTES:
            yield bytes(buffer[:CHUNK_BYTES])
            del buffer[:CHUNK_BYTES]
    if buffer:
        yield bytes(buffer)


async def _async(chunks: AsyncIterable[bytes] | Iterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


def _unlink(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


def _remove_leftovers(root: Path, before: float) -> int:
    stale = [path for path in root.rglob(f"*{_UNFINISHED}") if path.stat().st_mtime < before]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)
