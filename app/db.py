"""
One PostgreSQL, entered as a role that owns nothing, one transaction at a time.

Every transaction names the controllers it may see (``SET LOCAL``); row-level security does the rest. A transaction
that names none sees no row of any controller.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool, Pool

from app.clock import machine_time

#: The role whose rights a transaction has: DML on the tables, owner of none, no BYPASSRLS.
APP_ROLE = "insyn_app"

#: What every transaction begins with. The second column is how far the sandbox has moved the clock, read in passing.
_ENTER = text("SELECT set_config('insyn.controllers', :controllers, true), 0.0")
_ENTER_MOVABLE = text(
    "SELECT set_config('insyn.controllers', :controllers, true),"
    " coalesce((SELECT seconds FROM clock_offset WHERE id = 1), 0.0)"
)


Finish = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Tx:
    """A transaction under way: its session, the controllers it may see, and the instant it takes place (UTC)."""

    session: AsyncSession
    controllers: frozenset[str]
    now: datetime
    #: Whether cases of people who must not be found are there for whoever works in it; see repositories.guarding.
    sees_protected: bool = True
    #: What is still to be done inside the transaction just before it commits, each once.
    finishing: dict[str, Finish] = field(default_factory=dict)


def dialect_url(url: str) -> str:
    """The same address for SQLAlchemy on asyncpg, whatever common spelling it came in."""
    for prefix in ("postgresql+asyncpg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    raise ValueError("The database address must start with postgresql://.")


def plain_url(url: str) -> str:
    """The same address for asyncpg itself."""
    return "postgresql://" + dialect_url(url).removeprefix("postgresql+asyncpg://")


def make_engine(url: str, *, role: str | None = APP_ROLE, pool_size: int = 10, pooled: bool = True) -> AsyncEngine:
    """
    An engine whose connections act as *role*; errors never carry bound values.

    The role is set when the connection is made, so no statement runs with the login's own rights.
    """
    settings = {"role": role, "timezone": "UTC"} if role else {"timezone": "UTC"}
    sizes: dict[str, int] = {"pool_size": pool_size, "max_overflow": 0} if pooled else {}
    poolclass: type[Pool] | None = None if pooled else NullPool
    return create_async_engine(
        dialect_url(url),
        hide_parameters=True,
        poolclass=poolclass,
        connect_args={"server_settings": settings},
        **sizes,
    )


class Database:
    """The way into PostgreSQL; the edge (a route, a job) opens a transaction and so decides when it commits."""

    def __init__(self, engine: AsyncEngine, *, movable_clock: bool = False) -> None:
        self.engine = engine
        self._bind: AsyncEngine | AsyncConnection = engine
        self._enter = _ENTER_MOVABLE if movable_clock else _ENTER

    @classmethod
    def on_connection(cls, connection: AsyncConnection, *, movable_clock: bool = False) -> "Database":
        """A database whose transactions are savepoints on one connection, for tests that are rolled back."""
        made = cls(connection.engine, movable_clock=movable_clock)
        made._bind = connection
        return made

    @asynccontextmanager
    async def transaction(self, controllers: Iterable[str] = (), *, sees_protected: bool = True) -> AsyncIterator[Tx]:
        """
        Open a transaction that sees *controllers*; commits on leaving, rolls back on an exception.

        Args:
            sees_protected: False for staff who are not trained for people who must not be found.
        """
        seen = frozenset(controllers)
        async with (
            AsyncSession(
                self._bind, expire_on_commit=False, autoflush=False, join_transaction_mode="create_savepoint"
            ) as session,
            session.begin(),
        ):
            entered = await session.execute(self._enter, {"controllers": ",".join(sorted(seen))})
            now = machine_time(moved_by=float(entered.one()[1]))
            tx = Tx(session=session, controllers=seen, now=now, sees_protected=sees_protected)
            yield tx
            for finish in tx.finishing.values():
                await finish()

    async def dispose(self) -> None:
        await self.engine.dispose()
