"""
The life of one embedded server: made, started, held, let go.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import socket
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from app.embedded.holders import alone
from app.embedded.postmaster import START_TIMEOUT_SECONDS, forget_stale_pid, ready_port
from app.embedded.programs import EmbeddedPostgresError, give_to, run, way_to_run
from app.embedded.roles import OWNER, SERVICE, SUPERUSER, Cluster, cluster_at, prepare_roles
from app.embedded.watchdog import keep_watch

#: The log may hold no personal data: neither the failing statement nor the DETAIL line that quotes the key's values.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
THROW_AWAY_SETTINGS: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """
    One server and its folder. Any number of processes may hold it at once; the first one starts it.

    Args:
        root: Folder of everything: data, passwords (mode 0600), log, locks.
        durable: Whether a committed row survives a power cut. Only tests may say no.
        throw_away: Whether the folder is removed once the last holder is gone.
    """

    def __init__(self, root: Path, *, durable: bool = True, throw_away: bool = False) -> None:
        self.root = root.absolute()
        self._data = self.root / "data"
        self._durable = durable
        self._throw_away = throw_away
        self._hold: int | None = None

    def start(self) -> Cluster:
        """
        Hold the server, starting it if nobody did, and say how to reach it.

        Blocks until the server answers; safe to call inside and outside an event loop, and more than once. The hold
        lasts until :meth:`stop_holding` or the end of this process, however that comes.

        Raises:
            EmbeddedPostgresError: If there are no binaries or the server does not start; the text names the log.
        """
        with alone(self.root):
            if self._hold is None:
                # A bare descriptor: an object that is forgotten, and collected, must not stop the server.
                self._hold = os.open(self.root / "holders.lock", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._hold, fcntl.LOCK_SH)  # the watchdog holds it in passing only
            try:
                keep_watch(self.root, throw_away=self._throw_away)
                port = ready_port(self._data) or self._launch()
                passwords = {role: self._password(role) for role in (SUPERUSER, OWNER, SERVICE)}
                cluster = cluster_at(port, passwords)
                _in_a_thread(prepare_roles(cluster.superuser_dsn, passwords))
            except BaseException:
                self.stop_holding()
                raise
        return cluster

    def stop_holding(self) -> None:
        """Let go of the server; once nobody holds it any more the watchdog stops it."""
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None

    def _launch(self) -> int:
        way = way_to_run()
        if not self._data.exists():
            self._initialise(way)
        give_to(self._data, way)
        forget_stale_pid(self._data)
        settings = {**SETTINGS, **({} if self._durable else THROW_AWAY_SETTINGS)}
        log = self.root / "server.log"
        for port in self._ports():
            options = " ".join(f"-c {name}='{value}'" for name, value in {**settings, "port": str(port)}.items())
            command = ["pg_ctl", "-D", str(self._data), "-w", "-t", str(START_TIMEOUT_SECONDS), "-l", str(log)]
            if run(way, [*command, "-o", options, "start"]) is None:
                (self.root / "port").write_text(str(port))
                return port
        raise EmbeddedPostgresError(f"PostgreSQL does not start; its log is {log}.")

    def _initialise(self, way: tuple[str, ...]) -> None:
        # Made aside and then renamed: a folder called "data" is always a whole one.
        unfinished = self.root / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._password(SUPERUSER)
        command = ["initdb", "-D", str(unfinished), "-U", SUPERUSER, "--auth=scram-sha-256"]
        command += [f"--pwfile={self._password_file(SUPERUSER)}", "--encoding=UTF8", "--locale=C.UTF-8"]
        if not self._durable:
            command.append("--no-sync")
        if complaint := run(way, command):
            raise EmbeddedPostgresError(f"The database folder cannot be made: {complaint}")
        unfinished.rename(self._data)

    def _ports(self) -> Iterator[int]:
        """Yield the port of last time, so that whoever is still configured for it finds the server, then free ones."""
        with suppress(OSError, ValueError):
            yield _free_port(int((self.root / "port").read_text()))
        for _ in range(3):
            yield _free_port(0)

    def _password_file(self, role: str) -> Path:
        return self.root / f"{role}.password"

    def _password(self, role: str) -> str:
        path = self._password_file(role)
        with suppress(FileExistsError), open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        return path.read_text()


def _free_port(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", wanted))
        return int(probe.getsockname()[1])


def _in_a_thread(work: Coroutine[None, None, None]) -> None:
    # A thread has no event loop yet, whether or not the caller stands inside one.
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(asyncio.run, work).result()
