"""
The tests' own database: nothing of one test is seen by another, and all of them come in as the service does.
"""

import os

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from app.db import Database, make_engine
from tests.harness.database import TestDatabase, TestServer
from tests.harness.migrations import round_trip

WRITE = text("INSERT INTO clock_offset (id, seconds) VALUES (1, 60) ON CONFLICT (id) DO UPDATE SET seconds = 60")
READ = text("SELECT seconds FROM clock_offset WHERE id = 1")


class TestSession:
    async def test_shows_a_commit_to_nobody_else(self, session: AsyncSession, worker_engine: AsyncEngine) -> None:
        """
        What a test commits is a savepoint of a transaction that is never committed.
        """
        await session.execute(WRITE)
        await session.commit()
        assert (await session.execute(READ)).scalar() == 60

        async with worker_engine.connect() as somebody_else:
            assert (await somebody_else.execute(READ)).scalar() != 60

    async def test_acts_as_the_service(self, session: AsyncSession) -> None:
        """
        No test passes because it was allowed more than the service is.
        """
        row = (await session.execute(text("SELECT session_user, current_user"))).one()

        assert tuple(row) == ("insyn_service", "insyn_app")

    async def test_shares_its_connection_with_the_services_own_door(
        self, db: Database, connection: AsyncConnection
    ) -> None:
        """
        A transaction of the service, committed, is gone with the test as well.
        """
        async with db.transaction(()) as tx:
            await tx.session.execute(WRITE)

        assert (await connection.execute(READ)).scalar() == 60


class TestACopy:
    async def test_takes_several_connections(self, database: TestDatabase) -> None:
        """
        What one connection commits, another one sees.
        """
        engine = make_engine(database.app_dsn, pooled=False)
        async with engine.begin() as writer:
            await writer.execute(WRITE)

        async with engine.connect() as reader:
            assert (await reader.execute(READ)).scalar() == 60

    async def test_is_gone_after_its_test(self, test_server: TestServer) -> None:
        """
        A thousand tests leave as many databases as none.
        """
        made = await test_server.copy(f"insyn_short_{test_server.run}")
        await test_server.drop(made.name)

        async with test_server.superuser() as connection:
            assert await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", made.name) is None

    async def test_of_nothing_has_no_table(self, empty_database: TestDatabase) -> None:
        """
        An empty database is where a migration's test begins.
        """
        connection = await asyncpg.connect(empty_database.owner_dsn)
        found = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        await connection.close()

        assert found == 0


class TestMigrations:
    async def test_go_up_down_and_up_again(self, test_server: TestServer) -> None:
        """
        Up from nothing, equal to the models, down to nothing, up again.
        """
        assert await round_trip(test_server) == []


class TestTheEnvironment:
    def test_is_nobodys(self) -> None:
        """
        No setting and no proxy of the developer reaches a test.
        """
        ours = {name for name in os.environ if name.startswith(("INSYN_", "PG"))}

        assert ours <= {"INSYN_DATA_DIR", "INSYN_TEST_DATABASE_URL", "INSYN_PGBIN"}
        assert not [name for name in os.environ if name.lower() in {"http_proxy", "https_proxy", "all_proxy"}]
