"""
What the file ``postmaster.pid`` tells, and what it cannot: a process id says nothing about whose process it is.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from app.embedded.programs import EmbeddedPostgresError

#: Crash recovery of a large database takes minutes, and a server that is killed for being slow has to start over.
START_TIMEOUT_SECONDS = 300
STOP_TIMEOUT_SECONDS = 60


def server_pid(data: Path) -> int | None:
    """Return the process id of the server on *data*, None if the file is missing or its process is another's."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if f"-D {data} " in command_line(pid) else None


def command_line(pid: int) -> str:
    """Return what was called to make the process, a space behind every word; empty if there is no such process."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return ""
    told = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)  # noqa: S603, S607
    return f"{told.stdout.strip()} " if told.returncode == 0 else ""


def ready_port(data: Path) -> int | None:
    """Return the port of the running server, waiting while it starts or stops; None if there is none."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while server_pid(data):
        with suppress(OSError):
            lines = (data / "postmaster.pid").read_text().splitlines()
            if len(lines) > 7 and lines[7].strip() == "ready":
                return int(lines[3])
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError("PostgreSQL neither starts nor stops.")
        time.sleep(0.02)
    return None


def forget_stale_pid(data: Path) -> None:
    """
    Remove a pid file that no server on *data* stands behind.

    PostgreSQL takes any live process with that number for its server: a stranger after a reboot, or, where nobody
    collects zombies, the dead server itself. That no orphaned backend is left it checks by other means.
    """
    if server_pid(data) is None:
        (data / "postmaster.pid").unlink(missing_ok=True)


def stop(data: Path) -> None:
    """Stop the server on *data*, if there is one, and wait until it is gone."""
    for wish in (signal.SIGINT, signal.SIGQUIT):  # a clean stop; should it hang, one that recovers at the next start
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        if pid := server_pid(data):
            os.kill(pid, wish)
        while server_pid(data):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return
