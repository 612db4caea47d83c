"""
``insyn dev``: everything a developer needs in one terminal, started again when a file changes.

The embedded database stays up over restarts; migrations run before each start.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from watchfiles import PythonFilter, run_process

#: A change in one of these starts everything again.
WATCHED = ("app", "sandbox", "profiles", "alembic")
#: API and worker finish what is under way; whoever kills their parent sooner leaves them behind.
PATIENCE_SECONDS = 40


class _Sources(PythonFilter):
    def __init__(self) -> None:
        super().__init__(extra_extensions=(".yaml", ".j2"))


def main() -> int:
    """Run until Ctrl-C; the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("INSYN_SANDBOX", "1")
    root = Path(__file__).resolve().parents[1]
    folders = [root / name for name in WATCHED if (root / name).is_dir()]
    with suppress(KeyboardInterrupt):
        if code := _unfit():
            return code
        run_process(*folders, target=_run, watch_filter=_Sources(), callback=_say, sigint_timeout=PATIENCE_SECONDS)
    sys.stdout.write("stopped\n")
    return 0


def _unfit() -> int:
    """Before anything is watched: what no changed file mends is said once, and its exit code is ours."""
    from sandbox.house import look_before_dev

    return look_before_dev()


def _run() -> None:
    """In the child. What takes long to import is imported here, so that Ctrl-C finds us ready for it."""
    try:
        from sandbox.house import keep_running

        if code := keep_running():
            sys.stdout.write("change a file to start again, or press Ctrl-C\n")
        sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(0)


def _say(changes: object) -> None:
    sys.stdout.write("something changed: starting again\n")


if __name__ == "__main__":
    sys.exit(main())
