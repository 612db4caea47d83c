"""
A real MariaDB for the tests of the kind ``sql``: the machine's own, or Debian's packages unpacked into a folder.

Nothing is installed and nothing outlives the run. Where neither can be had the tests that need it are skipped, and
say so.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.debian import NotFetched, from_packages

PACKAGES = ("mariadb-server-core", "mariadb-common")
START_SECONDS = 60.0


class NoMariaDB(Exception):
    """There is no MariaDB on this machine, and none can be fetched."""


def programs() -> tuple[Path, dict[str, str]]:
    """The server's program and the environment it needs; raises :class:`NoMariaDB`."""
    own = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if own is not None:
        return Path(own), {}
    try:
        found = from_packages("mariadb", "usr/sbin/mariadbd", PACKAGES)
    except NotFetched as reason:
        raise NoMariaDB(str(reason)) from reason
    return found.program, found.environment


@contextmanager
def a_mariadb(data: Path) -> Iterator[int]:
    """Serve on a free loopback port for as long as it is held; ``root`` needs no password there. Yields the port."""
    program, needs = programs()
    share = next(
        (one for one in (program.parents[1] / "share/mysql", Path("/usr/share/mysql")) if one.is_dir()), program.parent
    )
    port = _free_port()
    command = [
        str(program), "--no-defaults", f"--datadir={data}", f"--lc-messages-dir={share}", "--bind-address=127.0.0.1",
        f"--port={port}", f"--socket={data}/socket", "--skip-grant-tables=0", "--innodb-flush-log-at-trx-commit=0",
        f"--pid-file={data}/pid", "--character-set-server=utf8mb4",
        *(["--user=root"] if os.geteuid() == 0 else []),
    ]  # fmt: skip
    environment = os.environ | needs
    _install(command, share, environment)
    with (data.parent / "mariadb.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=START_SECONDS)


def _install(command: list[str], share: Path, environment: dict[str, str]) -> None:
    """The system tables and one account with all rights, as the server's own bootstrap makes them."""
    data = Path(next(one for one in command if one.startswith("--datadir=")).partition("=")[2])
    data.mkdir(parents=True)
    said = "CREATE DATABASE mysql;\nUSE mysql;\n"
    for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql", "fill_help_tables.sql"):
        said += (share / name).read_text(encoding="utf-8") + "\n"
    said += "FLUSH PRIVILEGES;\nCREATE USER 'tests'@'127.0.0.1' IDENTIFIED BY 'tests';\n"
    said += "GRANT ALL ON *.* TO 'tests'@'127.0.0.1' WITH GRANT OPTION;\n"
    subprocess.run(
        [*command, "--bootstrap"], input=said.encode(), env=environment, check=True, capture_output=True, timeout=120
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if server.poll() is not None:
            raise NoMariaDB(f"mariadbd ended with {server.returncode}")
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NoMariaDB("mariadbd does not answer")
