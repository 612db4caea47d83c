"""A controller's own alarm database on PostgreSQL and on MariaDB, with a role that reads and one that writes."""

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.domain.fanout import AnswerMode, Idempotency
from app.processors import Adapter, Kind, Line, Target, connect
from tests.harness.database import TestServer, _with
from tests.harness.mariadb import NoMariaDB, a_mariadb

LINE = Line(connections=2, seconds=5, sandbox=True)
SCHEMA = (
    "CREATE TABLE customer (id INTEGER PRIMARY KEY, number VARCHAR(40), email VARCHAR(100), phone VARCHAR(40),"
    " restricted BOOLEAN NOT NULL DEFAULT FALSE)",
    "CREATE TABLE event (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, at TIMESTAMP NOT NULL,"
    " code VARCHAR(10))",
    "CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, booked DATE NOT NULL,"
    " amount NUMERIC(10,2) NOT NULL)",
    "INSERT INTO customer VALUES (1, 'C-10001', 'anna@example.org', '+46701740605', FALSE),"
    " (2, 'C-10002', 'bo@example.org', '+46701740606', FALSE),"
    " (3, 'C-10003', 'shared@example.org', NULL, FALSE), (4, 'C-10004', 'shared@example.org', NULL, FALSE)",
    "INSERT INTO event VALUES (1, 1, '2026-09-01 07:42:10', 'CL'), (2, 1, '2026-09-01 17:05:33', 'OP'),"
    " (3, 2, '2026-09-02 08:00:00', 'CL')",
    "INSERT INTO invoice VALUES (1, 1, '2015-03-01', 199.50), (2, 1, '2026-03-01', 249.00)",
)
PLAN: Mapping[str, Any] = {
    "locate": [
        {"sql": "SELECT id AS person FROM customer WHERE number = :customer_number"},
        {"sql": "SELECT id AS person FROM customer WHERE email = :email", "categories": ["contact"]},
    ],
    "export": [
        {"category": "contact", "sql": "SELECT number, email, phone FROM customer WHERE id = :person"},
        {
            "category": "alarm_history",
            "sql": "SELECT at, code FROM event WHERE customer_id = :person ORDER BY id",
            "description": "Arming and disarming",
        },
        {
            "category": "bookkeeping_records",
            "sql": "SELECT booked, amount FROM invoice WHERE customer_id = :person ORDER BY id",
        },
    ],
    "erase": [
        {"category": "alarm_history", "sql": "DELETE FROM event WHERE customer_id = :person"},
        {"category": "contact", "sql": "UPDATE customer SET email = NULL, phone = NULL WHERE id = :person"},
        {
            "category": "bookkeeping_records",
            "sql": "DELETE FROM invoice WHERE customer_id = :person"
            " AND EXTRACT(YEAR FROM booked) + 8 <= EXTRACT(YEAR FROM CAST(:today AS DATE))",
            "spares_what_is_kept": True,
        },
    ],
    "restrict": [{"category": "contact", "sql": "UPDATE customer SET restricted = TRUE WHERE id = :person"}],
    "rectify": {"phone": "UPDATE customer SET phone = :value WHERE id = :person"},
}


@dataclass
class AlarmDatabase:
    """The controller's database, from its administrator's side."""

    dialect: str
    admin: AsyncEngine = field(repr=False)
    read_url: str
    write_url: str
    admin_url: str = field(default="", repr=False)

    def target(self, **changes: Any) -> Target:
        return Target(
            key="alarm-database",
            endpoint="",
            secrets=(),
            answer_mode=AnswerMode.SYNC,
            idempotency=Idempotency.YES,
            settings={"dialect": self.dialect, **PLAN, **changes},
            named={"read_url": (self.read_url,), "write_url": (self.write_url,)},
        )

    def adapter(self, *, read_url: str | None = None, **changes: Any) -> Adapter:
        target = self.target(**changes)
        if read_url is not None:
            target = replace(target, named={**target.named, "read_url": (read_url,)})
        return connect(Kind.SQL, target, LINE)

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self.admin.connect() as connection:
            return [tuple(row) for row in (await connection.execute(text(sql))).all()]


@pytest.fixture(scope="session")
def mariadb_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    try:
        with a_mariadb(tmp_path_factory.mktemp("mariadb") / "data") as port:
            yield port
    except NoMariaDB as reason:
        pytest.skip(str(reason))


_numbers = itertools.count(1)


@pytest.fixture(params=["postgresql", "mariadb"])
async def alarms(
    request: pytest.FixtureRequest, test_server: TestServer, worker_id: str
) -> AsyncIterator[AlarmDatabase]:
    """The database with three customers in it, on either server."""
    name = f"alarms_{test_server.run}_{worker_id}_{next(_numbers)}"
    if request.param == "postgresql":
        made = await test_server.empty(name)
        admin = create_async_engine(made.superuser_dsn.replace("postgresql://", "postgresql+asyncpg://"))
        roles = {
            one: (f"{one}_{name}", f"CREATE ROLE \"{one}_{name}\" LOGIN PASSWORD 'pw'") for one in ("reader", "writer")
        }
        urls = {one: _with(made.superuser_dsn, database=name, login=f"{role}:pw") for one, (role, _) in roles.items()}
        grants = [
            f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "reader_{name}"',
            f'GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "writer_{name}"',
        ]
        statements = [*SCHEMA, *(made for _, made in roles.values()), *grants]
    else:
        port = request.getfixturevalue("mariadb_port")
        base = f"mariadb+asyncmy://tests:tests@127.0.0.1:{port}"
        root = create_async_engine(f"{base}/mysql")
        async with root.begin() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
            for one, grant in (("reader", "SELECT"), ("writer", "SELECT, UPDATE, DELETE")):
                await connection.execute(text(f"CREATE OR REPLACE USER '{one}'@'127.0.0.1' IDENTIFIED BY 'pw'"))
                await connection.execute(text(f"GRANT {grant} ON {name}.* TO '{one}'@'127.0.0.1'"))
        await root.dispose()
        admin = create_async_engine(f"{base}/{name}")
        urls = {one: f"mariadb://{one}:pw@127.0.0.1:{port}/{name}" for one in ("reader", "writer")}
        statements = list(SCHEMA)
    async with admin.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement.replace(":", "\\:")))
    try:
        yield AlarmDatabase(
            request.param, admin, urls["reader"], urls["writer"], admin.url.render_as_string(hide_password=False)
        )
    finally:
        await admin.dispose()
        if request.param == "postgresql":
            await test_server.drop(name)
            async with test_server.superuser() as superuser:
                for one in ("reader", "writer"):
                    await superuser.execute(f'DROP ROLE "{one}_{name}"')
