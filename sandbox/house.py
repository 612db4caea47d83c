"""The whole service as processes on this machine: database, migrations, API with sandbox, worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx

from app import bootstrap
from app.settings import Settings
from sandbox.services import SERVICES
from sandbox.vendors.stands import STANDS

#: A worker that dies is started again after this many seconds; what it left is picked up by whoever comes next.
RESTART_SECONDS = 1.0
Say = Callable[[str], None]


class NotReady(Exception):
    """The service did not come up in time."""


class Processes:
    """The API and the worker as child processes; a worker that dies is replaced."""

    def __init__(self, chosen: Settings, say: Say, *, output: int | None) -> None:
        self._chosen = chosen
        self._say = say
        self._output = output
        self.api = self._start("serve")
        self.worker = self._start("worker")

    def _start(self, what: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app", what]
        # A group of its own: Ctrl-C is for us, and we stop our children in their order.
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            env=os.environ | mail_settings(self._chosen),
            start_new_session=True,
        )

    def revive(self) -> None:
        """Replace a worker that is gone; raises :class:`NotReady` if the API is."""
        if self.api.poll() is not None:
            raise NotReady(f"the API stopped with {self.api.returncode}; see its log")
        if (code := self.worker.poll()) is not None:
            self._say(f"the worker (pid {self.worker.pid}) is gone ({code}): another takes over")
            self.worker = self._start("worker")

    def wait_until_ready(self, *, seconds: float = 60.0) -> None:
        """Wait until the API says that it is ready and its processors are connected."""
        ends = time.monotonic() + seconds
        with httpx.Client(base_url=self._chosen.base_url, trust_env=False, timeout=5) as client:
            while not _is_ready(client):
                self.revive()
                if time.monotonic() > ends:
                    raise NotReady("the API did not become ready; see its log")
                time.sleep(0.1)
        # Whoever answered was ours only if ours is still there.
        self.revive()

    def stop(self) -> None:
        for process in (self.worker, self.api):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in (self.worker, self.api):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            if process.poll() is None:
                process.kill()


def mail_settings(chosen: Settings) -> dict[str, str]:
    """How API and worker reach the sandbox's mailbox, unless another mail server is named."""
    if chosen.smtp_host is not None:
        return {}
    return {
        "INSYN_SMTP_HOST": "127.0.0.1",
        "INSYN_SMTP_PORT": str(mailbox_port(chosen)),
        "INSYN_SMTP_SECURITY": "none",
        "INSYN_SMTP_SENDER": "brev@insyn.example",
    }


def mailbox_port(chosen: Settings) -> int:
    """The sandbox's mail server stands behind the simulated processors."""
    return chosen.first_sandbox_port + len(SERVICES)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def check_ports(chosen: Settings) -> None:
    """Raise :class:`Unfit` if somebody else has a port that the API or the simulated outside world needs."""
    wanted = [(chosen.host, chosen.port, "INSYN_PORT")]
    for offset in range(len(SERVICES) + 1 + len(STANDS)):
        wanted.append(("127.0.0.1", chosen.first_sandbox_port + offset, "INSYN_SANDBOX_PORT"))
    taken = [
        f"port {port} on {host} cannot be had: choose another with {variable}, for instance {variable}={port + 100}."
        for host, port, variable in wanted
        if not _is_free(host, port)
    ]
    if taken:
        raise bootstrap.Unfit(taken)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        # As the servers do: what lingers from the last run is no reason to stop.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
            tried.listen()
        except (OSError, OverflowError):
            return False
    return True


def interruptible() -> None:
    """From here on a polite signal ends this process as Ctrl-C does, so that it stops its children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def _unhurried() -> Iterator[None]:
    """Stopping takes a moment; a second Ctrl-C must not leave children behind."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def running(chosen: Settings, say: Say, *, output: int | None = None) -> Iterator[Processes]:
    """
    Database up, migrated, API and worker started; all stopped again on leaving.

    Raises:
        Unfit: A port is taken.
    """
    check_ports(chosen)
    server = None
    processes = None
    try:
        if chosen.database_url is None:
            say("starting PostgreSQL (embedded)")
            server = bootstrap.embedded(chosen)
            cluster = server.start()
            say("bringing the tables up to date")
            bootstrap.migrate(cluster.owner_dsn)
        processes = Processes(chosen, say, output=output)
        yield processes
    finally:
        with _unhurried():
            if processes is not None:
                processes.stop()
            if server is not None:
                server.stop_holding()


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def look_before_dev() -> int:
    """Whether development can start here at all: settings and ports; 0, or the exit code, with the reasons said."""
    try:
        chosen = bootstrap.read_settings()
        bootstrap.check_settings(chosen)
        check_ports(chosen)
    except bootstrap.Unfit as error:
        return _say_unfit(error)
    return 0


def _say_unfit(error: bootstrap.Unfit) -> int:
    for fault in error.faults:
        _print(f"insyn dev does not start: {fault}")
    return error.exit_code


def keep_running() -> int:
    """Run everything until this process is told to stop, for development; the exit code."""
    say: Say = _print
    interruptible()
    try:
        chosen = bootstrap.read_settings()
        bootstrap.check_settings(chosen)
        with running(chosen, say) as processes:
            processes.wait_until_ready()
            say(f"ready: {chosen.base_url}/openapi.json · {chosen.base_url}/sandbox/people")
            while True:
                processes.revive()
                time.sleep(RESTART_SECONDS)
    except KeyboardInterrupt:
        return 0
    except bootstrap.Unfit as error:
        return _say_unfit(error)
    except NotReady as error:
        say(f"insyn dev stopped: {error}")
        return 1
