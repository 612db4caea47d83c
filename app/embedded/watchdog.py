"""
The watchdog: a process that sleeps until nobody holds the server any more, and then stops it cleanly.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.embedded.holders import alone, open_lock, try_lock
from app.embedded.postmaster import stop


def watch(root: Path, lock: int, *, throw_away: bool) -> None:
    """
    Wait until nobody holds the server in *root*, then stop it; with *throw_away* remove the folder as well.

    Args:
        root: The folder given to :class:`EmbeddedPostgres`.
        lock: Open descriptor of the watchdog's lock, already held.
        throw_away: Whether the folder goes too.
    """
    while root.exists():
        with open_lock(root / "holders.lock") as holders:
            fcntl.flock(holders, fcntl.LOCK_EX)  # sleeps until the last holder has let go or died
        with alone(root):
            with open_lock(root / "holders.lock") as holders:
                if not try_lock(holders):
                    continue  # somebody came in between
                stop(root / "data")
            if throw_away:
                shutil.rmtree(root)
            os.close(lock)  # before the next one may start: it has to see that there is no watchdog
            return


def keep_watch(root: Path, *, throw_away: bool) -> None:
    """See to it that the server in *root* has a watchdog, exactly one."""
    with open_lock(root / "watchdog.lock") as lock:
        if not try_lock(lock):
            return
        # The lock is handed on with its file descriptor, so there is no instant without an owner.
        what_then = "remove" if throw_away else "keep"
        command = [sys.executable, "-m", "app.embedded", "watch", str(root), str(lock.fileno()), what_then]
        subprocess.run(  # noqa: S603
            command,
            check=True,
            pass_fds=[lock.fileno()],
            cwd=Path(__file__).parents[2],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
