"""
Who holds the server: locks that the kernel releases however a process ends, ``kill -9`` included.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def open_lock(path: Path) -> IO[bytes]:
    """Open a lock's file, making it where there is none. Closing it, or dying, lets go of the lock."""
    return open(path, "ab")


def try_lock(file: IO[bytes]) -> bool:
    """Take the lock for oneself alone, unless somebody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Be the only process that starts or stops the server in *root*."""
    while True:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock = open_lock(root / "start.lock")
        except FileNotFoundError:
            continue  # the folder was thrown away just now
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_still_at(lock, root / "start.lock"):
                yield
                return


def _is_still_at(file: IO[bytes], path: Path) -> bool:
    """Whether *path* still names *file*: while we waited the folder may have been thrown away, and made anew."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
