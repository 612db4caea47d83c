"""
The tests' own PostgreSQL: one throw-away server for all workers of a run, and a migrated template to copy from.

A test that gets by with one connection takes ``session`` or ``db``: it works inside a transaction that is rolled
back. A test that needs several connections (workers, locks, LISTEN) takes ``database``: its own copy of the template.
With ``INSYN_TEST_DATABASE_URL`` (a superuser's) the tests run on that server instead and clean up after themselves.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from alembic.config import Config

from alembic import command
from app.embedded import OWNER, SERVICE, EmbeddedPostgres, prepare_roles

REPOSITORY = Path(__file__).parents[2]
#: In memory where there is room for it: a copy of the template costs 40 ms there and half a second on disk.
MEMORY = Path("/dev/shm")  # noqa: S108
MEMORY_WANTED_BYTES = 1 << 30
#: Any number, the same for everybody who makes, uses or drops the template.
TEMPLATE_LOCK = 0x494E53594E


@dataclass(frozen=True)
class TestDatabase:
    """A database of the test server, and its address for each role."""

    __test__ = False

    name: str
    superuser_dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)


@dataclass(frozen=True)
class TestServer:
    """Where the run's databases are made."""

    __test__ = False

    run: str
    superuser_dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)
    #: Nothing has to survive there, so a copy is one of files and not of what the log would need to make it again.
    throws_away: bool = False

    @property
    def template(self) -> str:
        return f"insyn_template_{self.run}"

    def database(self, name: str) -> TestDatabase:
        """Say how to reach the database *name*, whether or not it exists."""
        return TestDatabase(
            name=name,
            superuser_dsn=_with(self.superuser_dsn, database=name),
            owner_dsn=_with(self.owner_dsn, database=name),
            app_dsn=_with(self.app_dsn, database=name),
        )

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.superuser_dsn)
        try:
            yield connection
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """Make the template, unless another worker already has."""
        async with self.superuser() as connection:
            await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
            found = "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate"
            if await connection.fetchval(found, self.template):
                return
            await self.drop(self.template)
            await connection.execute(f'CREATE DATABASE "{self.template}" OWNER {OWNER}')
            await asyncio.to_thread(migrate, self.database(self.template).owner_dsn, "head")
            await connection.execute(f'ALTER DATABASE "{self.template}" IS_TEMPLATE true')

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        """Have the template there, and drop it when the last worker of the run has left."""
        async with self.superuser() as connection:
            key = int(hashlib.sha256(self.run.encode()).hexdigest()[:8], 16)
            await connection.execute("SELECT pg_advisory_lock_shared($1)", key)
            await self.prepare()
            try:
                yield
            finally:
                await connection.execute("SELECT pg_advisory_unlock_shared($1)", key)
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
                    await self.drop(self.template)

    async def copy(self, name: str) -> TestDatabase:
        """Make the database *name*, migrated and empty."""
        return await self._create(name, self.template)

    async def empty(self, name: str) -> TestDatabase:
        """Make the database *name* without a single table."""
        return await self._create(name, "template0")

    async def _create(self, name: str, template: str) -> TestDatabase:
        await self.drop(name)
        strategy = "STRATEGY FILE_COPY" if self.throws_away else ""
        async with self.superuser() as connection:
            await connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE "{template}" {strategy}')
        return self.database(name)

    async def drop(self, name: str) -> None:
        """Drop the database *name* if it exists, whoever is still connected."""
        async with self.superuser() as connection:
            await connection.execute("UPDATE pg_database SET datistemplate = false WHERE datname = $1", name)
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def migrate(owner_dsn: str, revision: str, *, down: bool = False) -> None:
    """Bring the database to *revision*. Not for the event loop's thread: Alembic runs a loop of its own."""
    config = alembic_config(owner_dsn)
    (command.downgrade if down else command.upgrade)(config, revision)


def alembic_config(owner_dsn: str) -> Config:
    config = Config(REPOSITORY / "alembic.ini")
    config.attributes["url"] = owner_dsn
    return config


def _with(dsn: str, *, database: str, login: str | None = None) -> str:
    parts = urlsplit(dsn)
    netloc = f"{login}@{parts.netloc.rpartition('@')[2]}" if login else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


def folder_for_a_server(name: str) -> Path:
    """A folder that does not exist yet: in memory if there is room, else among the temporary files."""
    with suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_WANTED_BYTES:
            return MEMORY / name
    return Path(tempfile.gettempdir()) / name


@asynccontextmanager
async def throw_away_server(run: str, superuser_dsn: str | None = None) -> AsyncIterator[TestServer]:
    """
    Have a server for the run: the one named, or an embedded one that vanishes with its folder.

    Args:
        run: The same for all workers of one run, different for two runs at once; letters and digits.
        superuser_dsn: A server that is there already.
    """
    if superuser_dsn:
        yield await _server_at(superuser_dsn, run)
        return
    embedded = EmbeddedPostgres(folder_for_a_server(f"insyn-test-{run}"), durable=False, throw_away=True)
    cluster = await asyncio.to_thread(embedded.start)
    try:
        yield TestServer(run, cluster.superuser_dsn, cluster.owner_dsn, cluster.app_dsn, throws_away=True)
    finally:
        embedded.stop_holding()


async def _server_at(superuser_dsn: str, run: str) -> TestServer:
    # The same passwords for every worker and every run, and known only to who knows the superuser's.
    passwords = {role: hashlib.sha256(f"{role} {superuser_dsn}".encode()).hexdigest() for role in (OWNER, SERVICE)}
    connection = await asyncpg.connect(superuser_dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
        await prepare_roles(superuser_dsn, passwords, database=None)
    finally:
        await connection.close()
    owner, app = (_with(superuser_dsn, database="", login=f"{role}:{passwords[role]}") for role in (OWNER, SERVICE))
    return TestServer(run, superuser_dsn, owner, app)
