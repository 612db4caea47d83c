"""
``insyn dev``: everything a developer needs in one terminal, started again when a file changes.

The embedded database stays up over restarts; migrations run before each start.
"""

import os
import sys
from pathlib import Path

from watchfiles import PythonFilter, run_process

from app import bootstrap
from sandbox.house import keep_running

#: A change in one of these starts everything again.
WATCHED = ("app", "sandbox", "profiles", "alembic")


class _Sources(PythonFilter):
    def __init__(self) -> None:
        super().__init__(extra_extensions=(".yaml", ".j2"))


def main() -> None:
    """Run until Ctrl-C."""
    os.environ.setdefault("INSYN_SANDBOX", "1")
    root = bootstrap.root()
    folders = [root / name for name in WATCHED if Path(root / name).is_dir()]
    run_process(*folders, target=keep_running, watch_filter=_Sources(), callback=_say)


def _say(changes: object) -> None:
    sys.stdout.write("something changed: starting again\n")


if __name__ == "__main__":
    main()
