"""The house on a developer's machine: it takes no port that is somebody else's, and leaves nothing behind."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from app.bootstrap import Unfit
from app.settings import Settings
from sandbox import demo, house
from sandbox.tour import Filed, Tour


@contextmanager
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def filed(**changed: object) -> Filed:
    said: dict[str, object] = {
        "id": "1",
        "reference": "INS-2026-7K2M9QXA",
        "controller": "westra",
        "right": "access",
        "person": "anna-lindqvist",
        "language": "sv",
        "due_on": "2026-12-22",
        "deadline": {"anchor": "2026-11-22"},
        "began": 0.0,
        "seconds": 3.44,
        "outcome": "granted",
        "recipients": [
            {"title": "Kundregister", "action": "export", "status": "done", "outcome": "completed"},
            {"title": "Fakturor", "action": "export", "status": "done", "outcome": "completed"},
            {"title": "Telefoni", "action": "locate", "status": "done", "outcome": "not_found"},
        ],
    }
    return Filed(**{**said, **changed})  # type: ignore[arg-type]


class TestPorts:
    def test_of_somebody_else_stop_the_start(self) -> None:
        """Said at once and with the setting that chooses another, before anything is started."""
        with taken() as port, pytest.raises(Unfit, match=f"port {port} .* INSYN_PORT=") as refused:
            house.check_ports(Settings(port=port, sandbox_port=1))

        assert refused.value.exit_code == 2

    @pytest.mark.parametrize("offset", range(5))
    def test_of_each_simulated_processor_and_of_the_mailbox_are_looked_at(self, offset: int) -> None:
        """The tour must not talk to another service on one of the five either."""
        with taken() as port, pytest.raises(Unfit, match=f"port {port} .* INSYN_SANDBOX_PORT="):
            house.check_ports(Settings(port=0, sandbox_port=port - offset))

    def test_are_looked_at_before_the_database_starts(self, tmp_path: Path) -> None:
        """Whoever is turned away waits for nothing and leaves no folder."""
        said: list[str] = []

        with (
            taken() as port,
            pytest.raises(Unfit),
            house.running(Settings(port=port, data_dir=tmp_path / "data"), said.append),
        ):
            pytest.fail("it started")

        assert (said, (tmp_path / "data").exists()) == ([], False)


class TestReady:
    def test_is_only_what_our_own_process_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another service may answer on the port; without our API behind it nothing is ready."""
        monkeypatch.setattr(house.Processes, "_start", lambda *_: subprocess.Popen([sys.executable, "-c", "exit(1)"]))
        processes = house.Processes(Settings(), lambda _: None, output=None)
        processes.api.wait()
        processes.worker.wait()
        monkeypatch.setattr(house, "_is_ready", lambda _: True)

        with pytest.raises(house.NotReady, match="the API stopped with 1"):
            processes.wait_until_ready(seconds=5)


class TestDemo:
    def test_interrupted_says_so_and_leaves_no_child(self, tmp_path: Path) -> None:
        """Ctrl-C to everybody in the terminal: no traceback, "stopped", 130, children gone."""
        script = (
            "import subprocess, sys, time\n"
            "from sandbox import demo, house\n"
            "def start(self, what):\n"
            "    return subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
            " start_new_session=True)\n"
            "def wait(self):\n"
            "    print(self.api.pid, self.worker.pid, flush=True)\n"
            "    time.sleep(60)\n"
            "house.Processes._start, house.Processes.wait_until_ready = start, wait\n"
            "house.check_ports = lambda _: None\n"
            "house.bootstrap.migrate = lambda *_: None\n"
            "class Server:\n"
            "    start = lambda self: type('C', (), {'owner_dsn': ''})\n"
            "    stop_holding = lambda self: None\n"
            "house.bootstrap.embedded = lambda _: Server()\n"
            "sys.exit(demo.main(['--once']))\n"
        )
        playing = subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "INSYN_DATA_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert playing.stdout is not None
        children: list[int] = []
        for line in playing.stdout:
            if line.split() and all(word.isdecimal() for word in line.split()):
                children = [int(word) for word in line.split()]
                break
        os.killpg(playing.pid, signal.SIGINT)
        rest = playing.communicate(timeout=60)[0]

        assert (playing.returncode, rest) == (130, "stopped\n")
        assert len(children) == 2
        for child in children:
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)

    def test_gives_a_request_a_line_where_there_is_no_terminal(self) -> None:
        """What a log or a pipe gets is one line a request, recipients with the same answer together."""
        assert demo._plain_line(filed()) == (
            "INS-2026-7K2M9QXA westra access due 2026-12-22 (2026-11-22 + 1 month) granted 3.4 s"
            " | completed: Fakturor, Kundregister; not_found: Telefoni"
        )
        assert demo._plain_line(filed(recipients=[]), reckons=False) == (
            "INS-2026-7K2M9QXA westra access due 2026-12-22 granted 3.4 s"
        )
        assert "refused (expected granted" in demo._plain_line(filed(outcome="refused", seconds=None))

    def test_reckons_each_due_date_once(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """How a date comes about is said where it first stands, not forty-five times."""
        monkeypatch.setattr(demo, "console", Console(force_terminal=False, width=400))
        other = filed(due_on="2026-12-23", deadline={"anchor": "2026-11-23"})
        demo._show([filed(), filed(), other, filed()], tmp_path, tmp_path / "demo.log")
        said = capsys.readouterr().out

        assert (said.count("(2026-11-22 + 1 month)"), said.count("(2026-11-23 + 1 month)")) == (1, 1)
        assert said.count("westra access due 2026-12-22") == 3

    def test_says_how_far_the_tour_is_and_what_it_waits_for(self, tmp_path: Path) -> None:
        tour = Tour("http://127.0.0.1:1", tmp_path, lambda *_: None)
        tour.filed = [filed(id="1", seconds=None), filed(id="2", seconds=None)]
        assert demo._stands(tour) == "2 of 45 filed"

        tour.filed = [filed(id=str(number), seconds=None if number < 3 else 1.0) for number in range(45)]
        tour._stands = {"0": "cooling_off", "1": "awaiting_decision"}
        assert demo._stands(tour) == (
            "42 of 45 closed; waiting for a decision (1), processors' answers (1),"
            " the days in which the person may say no (1)"
        )

    def test_keeps_the_tour_to_its_owner(self, tmp_path: Path) -> None:
        """Letters and packages are nobody else's on this machine, even in a folder that was there before."""
        folder = tmp_path / "tour"
        folder.mkdir(mode=0o755)
        before = os.umask(0o022)
        os.umask(before)

        with demo._private(folder):
            (folder / "westra").mkdir()
            (folder / "westra" / "letter.html").write_text("x")

        modes = [stat.S_IMODE(one.stat().st_mode) for one in (folder, folder / "westra", folder / "westra/letter.html")]
        assert modes == [0o700, 0o700, 0o600]
        assert os.umask(before) == before

    async def test_is_watched_however_little_happens(self) -> None:
        """A worker that dies while nothing moves is noticed all the same, and a tour that fails ends the watch."""
        seen = asyncio.Event()

        class Slow:
            async def run(self) -> list[Filed]:
                await asyncio.wait_for(seen.wait(), 10)
                return [filed()]

        assert len(await demo._watched(Slow().run(), seen.set, every=0.01)) == 1


class TestDev:
    def test_interrupted_says_no_more_than_that(self, tmp_path: Path) -> None:
        """SIGINT to the whole group, as a terminal sends it, ends without a traceback."""
        script = (
            "import sys, time\n"
            "import sandbox.dev as dev\n"
            "from pathlib import Path\n"
            "def play(*_, target, **__):\n"
            "    house = __import__('sandbox.house', fromlist=['house'])\n"
            "    def running(*_):\n"
            "        print('there', flush=True)\n"
            "        time.sleep(60)\n"
            "    house.running = running\n"
            "    target()\n"
            "dev.run_process, dev._unfit = play, lambda: 0\n"
            "sys.exit(dev.main())\n"
        )
        running = subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "INSYN_DATA_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert running.stdout is not None
        assert running.stdout.readline() == "there\n"
        os.killpg(running.pid, signal.SIGINT)

        assert (running.communicate(timeout=60)[0], running.returncode) == ("", 0)

    def test_on_a_taken_port_says_so_and_ends(self, tmp_path: Path) -> None:
        """No changed file frees a port: nothing is watched, exit 2, as ``insyn demo`` does."""
        with taken() as port:
            ended = subprocess.run(
                [sys.executable, "-m", "sandbox.dev"],
                env={**os.environ, "INSYN_PORT": str(port), "INSYN_DATA_DIR": str(tmp_path / "data")},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        assert ended.returncode == 2
        assert ended.stdout.startswith(f"insyn dev does not start: port {port} on 127.0.0.1 cannot be had:")
        assert not (tmp_path / "data").exists()
