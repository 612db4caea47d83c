"""
What every test stands on: an environment that is nobody's, and a PostgreSQL of its own when it asks for one.

``session`` and ``db`` work in a transaction that is rolled back; ``database`` is a copy for one test that needs several
connections; ``empty_database`` has no table at all. All of them act as the service does: as a role that owns nothing.
"""

import gc
import os
import shutil
import sys
from collections.abc import AsyncIterator
from itertools import count

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from app.db import Database, make_engine
from tests.harness.browser import VARIABLE, Binary, NoBrowser, find_browser
from tests.harness.database import TestDatabase, TestServer, folder_for_a_server, throw_away_server

KEPT = {"INSYN_TEST_DATABASE_URL", "INSYN_PGBIN", VARIABLE}
DATA_DIR = folder_for_a_server(f"insyn-data-{os.getpid()}")

hypothesis_settings.register_profile("dev", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis_settings.load_profile("dev")


def forget_the_developer() -> None:
    """Leave nothing in the environment that could make a test pass or fail on this machine only."""
    for name in list(os.environ):
        is_ours = name.startswith(("INSYN_", "PG")) and name not in KEPT
        if is_ours or name.lower().endswith("_proxy"):
            del os.environ[name]
    # Compiled once: what a test starts as a process of its own compiles the service anew otherwise, each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # Tests talk to the loopback address only; a proxy would be asked for it in vain.
    os.environ.update({"TZ": "UTC", "NO_PROXY": "*", "INSYN_DATA_DIR": str(DATA_DIR)})


forget_the_developer()


def pytest_collection_finish() -> None:
    """The tests themselves stay to the end; nobody need look at them each time that garbage is collected."""
    gc.collect()
    gc.freeze()


#: What is said where there is no browser: not silently, for then the pages were looked at by nobody.
NO_BROWSER = f"no browser: install Chromium (Debian: apt-get install chromium), or name one in {VARIABLE}"


@pytest.fixture(scope="session")
def browser_binary() -> Binary:
    """A browser; without one the test is skipped, and the end of the run says so (see below)."""
    try:
        return find_browser()
    except NoBrowser as reason:
        if os.environ.get(VARIABLE, "none") != "none":
            pytest.fail(str(reason))
        pytest.skip(f"{NO_BROWSER} ({reason})")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that had no browser."""
    skipped = terminalreporter.stats.get("skipped", [])
    missed = sorted(one.nodeid for one in skipped if NO_BROWSER in str(one.longrepr))
    if missed:
        terminalreporter.section("NOT TESTED: pages in a browser", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(missed)} tests did not run: {NO_BROWSER}.")
        for one in missed:
            terminalreporter.line(f"  {one}")


def pytest_unconfigure() -> None:
    shutil.rmtree(DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
async def test_server(testrun_uid: str) -> AsyncIterator[TestServer]:
    """The server all workers of this run share, with the migrated template."""
    url = os.environ.get("INSYN_TEST_DATABASE_URL")
    async with throw_away_server(testrun_uid[:12], url) as server, server.in_use():
        yield server


@pytest.fixture(scope="session")
def database_names() -> "count[int]":
    """Numbers for the copies this worker makes."""
    return count(1)


@pytest.fixture(scope="session")
async def worker_engine(test_server: TestServer, worker_id: str) -> AsyncIterator[AsyncEngine]:
    """The worker's own copy of the template, entered as the service enters."""
    made = await test_server.copy(f"insyn_test_{test_server.run}_{worker_id}")
    engine = make_engine(made.app_dsn, pool_size=2)
    yield engine
    await engine.dispose()
    await test_server.drop(made.name)


@pytest.fixture
async def connection(worker_engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One connection inside a transaction that is rolled back whatever the test commits."""
    async with worker_engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()


@pytest.fixture
async def session(connection: AsyncConnection) -> AsyncIterator[AsyncSession]:
    """A session whose commits are savepoints of the rolled-back transaction."""
    async with AsyncSession(
        connection, expire_on_commit=False, autoflush=False, join_transaction_mode="create_savepoint"
    ) as session:
        yield session


@pytest.fixture
def db(connection: AsyncConnection) -> Database:
    """The service's way into PostgreSQL, on the connection that is rolled back."""
    return Database.on_connection(connection)


@pytest.fixture
async def database(
    test_server: TestServer, worker_id: str, database_names: "count[int]"
) -> AsyncIterator[TestDatabase]:
    """A migrated database for this test alone, dropped afterwards."""
    made = await test_server.copy(f"insyn_test_{test_server.run}_{worker_id}_{next(database_names)}")
    yield made
    await test_server.drop(made.name)


@pytest.fixture
async def empty_database(
    test_server: TestServer, worker_id: str, database_names: "count[int]"
) -> AsyncIterator[TestDatabase]:
    """A database without a table for this test alone, dropped afterwards."""
    made = await test_server.empty(f"insyn_test_{test_server.run}_{worker_id}_{next(database_names)}")
    yield made
    await test_server.drop(made.name)
