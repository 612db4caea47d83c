"""
What is noted outside the database and never changed there: which keys were destroyed, and the daily checkpoints.

One folder per controller. ``destroyed.jsonl`` is only ever added to; a checkpoint is a file of its own under a name
that is used once. Both are synced before anything relies on them. They hold ids, hashes and instants, nobody's data;
keep copies where neither the database nor the shares of keys are.
"""

import asyncio
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.vault.key_store import make_folder, sync_folder, write_all

DESTROYED = "destroyed.jsonl"
_CHECKPOINT = re.compile(r"[0-9]{6}-[0-9]{4}-[0-9]{2}-[0-9]{2}\.json")


class Journal:
    """The folder; nothing in it is ever overwritten."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def note_destroyed(self, controller: str, line: Mapping[str, Any]) -> None:
        """Add a line about a key that is about to be destroyed; on disk when this returns."""
        await asyncio.to_thread(self._append, self._root / controller / DESTROYED, line)

    async def destroyed(self, controller: str) -> Sequence[dict[str, Any]]:
        """Every such line, the oldest first. A line that a crash cut short spoke of a key that was not destroyed."""
        return await asyncio.to_thread(self._lines, self._root / controller / DESTROYED)

    async def checkpoints(self, controller: str) -> Sequence[Path]:
        """The controller's checkpoint files, in their order."""
        return await asyncio.to_thread(checkpoint_files, self._root / controller)

    async def add_checkpoint(self, controller: str, name: str, text: str) -> Path:
        """Write a checkpoint under a new name; raises FileExistsError if that name was used."""
        if not _CHECKPOINT.fullmatch(name):
            raise ValueError("a checkpoint is named '000001-2026-11-26.json'")
        return await asyncio.to_thread(self._write_new, self._root / controller / name, text)

    @staticmethod
    def _append(path: Path, line: Mapping[str, Any]) -> None:
        make_folder(path.parent)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            is_cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            said = json.dumps(line, sort_keys=True, separators=(",", ":"))
            write_all(descriptor, f"{chr(10) if is_cut else ''}{said}\n".encode())
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(path.parent)

    @staticmethod
    def _lines(path: Path) -> list[dict[str, Any]]:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    @staticmethod
    def _write_new(path: Path, text: str) -> Path:
        make_folder(path.parent)
        # Complete under another name first: a checkpoint is there whole or not at all.
        unfinished = path.with_name(f".{path.name}-{os.getpid()}")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)  # unlike a rename, refuses a name that is taken
        finally:
            unfinished.unlink()
        sync_folder(path.parent)
        return path


def checkpoint_files(folder: Path) -> list[Path]:
    """The checkpoint files in a folder, in their order; other files are not looked at."""
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if _CHECKPOINT.fullmatch(one.name))
