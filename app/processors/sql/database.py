"""
How a declared statement is run: under its role, in one transaction, within its time, its values bound.
"""

import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

#: How SQLAlchemy names the way to each; nothing else is driven.
_DRIVERS = {"postgresql": "postgresql+asyncpg", "mariadb": "mariadb+asyncmy"}
#: A lock that another held, a cycle of locks, time that was over: nothing was done, and another try may do.
PASSING = frozenset({"40001", "40P01", "55P03", "57014", "70100", "1205", "1213", "1969"})


#: What an address says beside role, host and database: that the way there is closed, to the server that bears its name.
#: A driver knows options that would let a server read the worker's files.
_TLS: Mapping[str, Mapping[str, str]] = {"postgresql": {"ssl": "verify-full"}, "mariadb": {"tls": "verify"}}
#: This machine: nobody sits between.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: The closed way as people write it.
TLS_SAID = {"postgresql": "?ssl=verify-full", "mariadb": "?tls=verify"}


class UnfitAddress(ValueError):
    """The database's address does not fit its dialect."""


class OpenWay(UnfitAddress):
    """The way to the database leaves this machine, and the address does not say that it is closed."""


class UnfitCa(ValueError):
    """What is given as a CA is none."""


def address(dialect: str, url: str) -> URL:
    """The address as it is driven; ``postgresql://role:password@host:port/database`` and ``mariadb://…``."""
    try:
        read = make_url(url)
    except ArgumentError:
        raise UnfitAddress from None
    if read.get_backend_name() not in {"postgresql": ("postgresql",), "mariadb": ("mariadb", "mysql")}[dialect]:
        raise UnfitAddress
    if not read.host or not read.database:
        raise UnfitAddress
    if read.query and dict(read.query) != _TLS[dialect]:
        # "require" and its like ask for TLS and look at no certificate: whoever sits between has one too (Art. 32).
        raise OpenWay if set(read.query) == set(_TLS[dialect]) else UnfitAddress
    if not read.query and read.host not in _LOOPBACK:
        raise OpenWay
    return read.set(drivername=_DRIVERS[dialect])


def trust(ca: str | None) -> ssl.SSLContext:
    """
    Who is believed to be the database: whoever has a certificate for the name called, from *ca*, else a public CA.

    Raises:
        UnfitCa: It is no PEM of certificates.
    """
    if ca is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError):
        raise UnfitCa from None


def _closed(url: URL, ca: str | None) -> tuple[URL, dict[str, Any]]:
    """The address and what its driver is told besides; with a context both drivers refuse a server without TLS."""
    return (url.set(query={}), {"ssl": trust(ca)}) if url.query else (url, {})


class Database:
    """One role's way into the database: a small pool, nothing said in logs."""

    def __init__(self, dialect: str, url: URL, *, connections: int, seconds: float, ca: str | None = None) -> None:
        self._dialect = dialect
        self._milliseconds = int(seconds * 1000)
        url, told = _closed(url, ca)
        self._engine: AsyncEngine = create_async_engine(
            url,
            connect_args=told,
            pool_size=max(1, connections),
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    @asynccontextmanager
    async def transaction(self, *, reads_only: bool) -> AsyncIterator[AsyncConnection]:
        """A transaction that is taken back unless whoever opened it commits."""
        async with self._engine.connect() as connection:
            if self._dialect == "postgresql":
                held = await connection.execution_options(postgresql_readonly=reads_only)
                await held.execute(
                    text("SELECT set_config('statement_timeout', :most, true)"), {"most": str(self._milliseconds)}
                )
            else:
                held = connection
                # The law counts civil days of the controller; the session's time zone must not shift them.
                await held.exec_driver_sql(f"SET SESSION max_statement_time = {self._milliseconds / 1000:.3f}")
                await held.rollback()
                if reads_only:
                    await held.exec_driver_sql("START TRANSACTION READ ONLY")
            try:
                yield held
            finally:
                await held.rollback()

    async def aclose(self) -> None:
        await self._engine.dispose()


async def rows(connection: AsyncConnection, sql: str, values: Mapping[str, Any], *, most: int) -> list[dict[str, Any]]:
    """The rows a statement reads, as plain JSON; one more than *most* at the most."""
    result = await connection.execute(text(sql), dict(values))
    return [{str(name): _plain(value) for name, value in row._mapping.items()} for row in result.fetchmany(most + 1)]


async def change(connection: AsyncConnection, sql: str, values: Mapping[str, Any]) -> int:
    """How many rows a statement changed."""
    result = await connection.execute(text(sql), dict(values))
    return max(0, result.rowcount)


def _plain(value: object) -> Any:
    """A value as JSON has it: days and instants in ISO 8601, exact numbers as text, bytes in Base64."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case bytes() | memoryview() | bytearray():
            return base64.b64encode(bytes(value)).decode()
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(one) for one in value]
    return str(value)
