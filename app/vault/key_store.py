"""
Where the shares of split data keys lie: outside the database, so that a copy of the database opens nothing by itself.

A share is 32 random bytes in a file of its own, in a folder per controller. It is written and synced before the row
that needs it commits, is never written again, and is destroyed once. A share without a row is nobody's and harmless.

Destroying means: overwritten, synced, unlinked, the folder synced. What an SSD, a snapshot or a copying file system
keeps of the old blocks is not in our hands; a backup of this folder has to be short-lived (docs/operations.md).
"""

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol
from uuid import UUID

from app.vault.errors import Reason, Unreadable
from app.vault.keys import KEY_BYTES

_MAGIC = b"insyn-share-1\n"
_SUFFIX = ".share"


class KeyStore(Protocol):
    """Keeps shares. A share is named by its controller and an id of ours."""

    async def put(self, controller: str, key_id: UUID, share: bytes) -> None:
        """Keep a new share, on disk when this returns; raises FileExistsError if there is one of that name."""
        ...

    def read(self, controller: str, key_id: UUID) -> bytes:
        """A share, in microseconds, so no coroutine; raises :class:`Unreadable` (``no_share``, ``malformed``)."""
        ...

    async def destroy(self, controller: str, key_ids: Iterable[UUID]) -> int:
        """Destroy shares for ever; those that are gone already are no fault. How many there were."""
        ...

    async def kept(self, controller: str) -> list[tuple[UUID, float]]:
        """Every share of a controller with the unix second it was written."""
        ...


class FileKeyStore:
    """Shares as files under one folder, shared by all processes of the service."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, controller: str, key_id: UUID, share: bytes) -> None:
        await asyncio.to_thread(self._put, controller, key_id, share)

    def read(self, controller: str, key_id: UUID) -> bytes:
        try:
            said = self._path(controller, key_id).read_bytes()
        except FileNotFoundError:
            raise Unreadable(Reason.NO_SHARE) from None
        if len(said) != len(_MAGIC) + KEY_BYTES or not said.startswith(_MAGIC):
            raise Unreadable(Reason.MALFORMED)
        return said[len(_MAGIC) :]

    async def destroy(self, controller: str, key_ids: Iterable[UUID]) -> int:
        return await asyncio.to_thread(self._destroy, controller, list(key_ids))

    async def kept(self, controller: str) -> list[tuple[UUID, float]]:
        return await asyncio.to_thread(lambda: list(self._kept(controller)))

    def _path(self, controller: str, key_id: UUID) -> Path:
        # The last digits of an id are random: 256 folders, each of them small.
        name = str(key_id)
        return self._root / controller / name[-2:] / f"{name}{_SUFFIX}"

    def _put(self, controller: str, key_id: UUID, share: bytes) -> None:
        path = self._path(controller, key_id)
        make_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_all(descriptor, _MAGIC + share)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)

    def _destroy(self, controller: str, key_ids: list[UUID]) -> int:
        return sum(_shred(self._path(controller, key_id)) for key_id in key_ids)

    def _kept(self, controller: str) -> Iterator[tuple[UUID, float]]:
        for path in (self._root / controller).glob(f"*/*{_SUFFIX}"):
            try:
                yield UUID(path.stem), path.stat().st_mtime
            except (ValueError, FileNotFoundError):
                continue  # not one of ours, or just destroyed


def _shred(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return False
    try:
        write_all(descriptor, bytes(len(_MAGIC) + KEY_BYTES))
    finally:
        os.close(descriptor)
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def write_all(descriptor: int, said: bytes) -> None:
    """Write and sync; raises OSError where the disk took only a part."""
    if os.write(descriptor, said) != len(said):
        raise OSError("the disk is full")
    os.fsync(descriptor)


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, closed to others and each on disk in the one above."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
        sync_folder(missing.parent)


def sync_folder(folder: Path) -> None:
    """A new name or a removal is on disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
