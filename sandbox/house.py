"""The whole service as processes on this machine: database, migrations, API with sandbox, worker."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx

from app import bootstrap
from app.settings import Settings

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
        return subprocess.Popen(command, stdout=self._output, stderr=self._output, env=os.environ)  # noqa: S603

    def revive(self) -> None:
        """Replace a worker that is gone; raises :class:`NotReady` if the API is."""
        if self.api.poll() is not None:
            raise NotReady(f"the API stopped with {self.api.returncode}")
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

    def stop(self) -> None:
        for process in (self.worker, self.api):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in (self.worker, self.api):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            if process.poll() is None:
                process.kill()


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running(chosen: Settings, say: Say, *, output: int | None = None) -> Iterator[Processes]:
    """Database up, migrated, API and worker started; all stopped again on leaving."""
    server = None
    if chosen.database_url is None:
        say("starting PostgreSQL (embedded)")
        server = bootstrap.embedded(chosen)
        cluster = server.start()
        say("bringing the tables up to date")
        bootstrap.migrate(cluster.owner_dsn)
    processes = Processes(chosen, say, output=output)
    try:
        yield processes
    finally:
        processes.stop()
        if server is not None:
            server.stop_holding()


def keep_running() -> None:
    """Run everything until this process is told to stop; for development."""
    chosen = Settings()
    say: Say = lambda text: print(text, flush=True)  # noqa: T201, E731
    bootstrap.check_settings(chosen)
    with running(chosen, say) as processes:
        processes.wait_until_ready()
        say(f"ready: {chosen.base_url}/openapi.json · {chosen.base_url}/sandbox/people")
        with suppress(KeyboardInterrupt):
            asyncio.run(_watch(processes))


async def _watch(processes: Processes) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set():
        processes.revive()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RESTART_SECONDS)
