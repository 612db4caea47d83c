"""``python -m app.embedded watch ROOT LOCK keep|remove``: become the watchdog of the server in ROOT."""

import os
import sys
from pathlib import Path

from app.embedded.watchdog import watch

if __name__ == "__main__":
    _, root, lock, what_then = sys.argv[1:]
    # Whoever called waits for this process only; the child belongs to nobody who would have to collect it.
    if os.fork() == 0:
        watch(Path(root), int(lock), throw_away=what_then == "remove")
