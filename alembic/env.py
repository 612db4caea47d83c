"""
How migrations reach the database: as the role that owns the tables, one transaction per migration.

The address comes from whoever runs Alembic as a library (``config.attributes["url"]``), from ``-x url=…``, or from the
settings, in this order. A migration that cannot get its lock within five seconds gives up, so that it never
stands in front of the service's own statements.
"""

import asyncio
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from alembic import context
from app.db import dialect_url
from app.models import METADATA
from app.settings import Settings


def _url() -> str:
    given = context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True).get("url")
    if given:
        return dialect_url(str(given))
    chosen = Settings()
    secret = chosen.migration_database_url or chosen.database_url
    if secret is None:
        raise SystemExit("Which database? Set INSYN_MIGRATION_DATABASE_URL, or use 'insyn migrate'.")
    return dialect_url(secret.get_secret_value())


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    # The queue's tables are made by its own statements and have no model here.
    return not (kind == "table" and (name or "").startswith("pgqueuer"))


def _settings() -> dict[str, Any]:
    return {
        "target_metadata": METADATA,
        "include_name": _is_ours,
        "compare_type": True,
        "transaction_per_migration": True,
    }


def _migrate(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(connection=connection, **_settings())
    with context.begin_transaction():
        context.run_migrations()


async def _online() -> None:
    engine = create_async_engine(_url(), poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True, **_settings())
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(_online())
