"""
``python -m tests.harness.migrations``: the migrations go up from nothing, match the models, go down, and up again.
"""

import asyncio
import secrets

import asyncpg
from alembic.util import CommandError

from alembic import command
from tests.harness.database import TestServer, alembic_config, migrate, throw_away_server

LEFT_BEHIND = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'alembic_version%'
UNION ALL SELECT p.proname || '()' FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL SELECT t.typname FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'e'
"""


async def round_trip(server: TestServer) -> list[str]:
    """
    Take the migrations up, compare them with the models, down, and up again.

    Returns:
        What the way down left behind; an empty list is right.

    Raises:
        CommandError: If the models know something the migrations do not.
    """
    made = await server.empty(f"insyn_migrations_{server.run}")
    try:
        await asyncio.to_thread(migrate, made.owner_dsn, "head")
        await asyncio.to_thread(command.check, alembic_config(made.owner_dsn))
        await asyncio.to_thread(migrate, made.owner_dsn, "base", down=True)
        connection = await asyncpg.connect(made.superuser_dsn)
        left = [str(row[0]) for row in await connection.fetch(LEFT_BEHIND)]
        await connection.close()
        await asyncio.to_thread(migrate, made.owner_dsn, "head")
    finally:
        await server.drop(made.name)
    return left


async def main() -> None:
    """Say in one line that all is well, or end with what is not."""
    async with throw_away_server(secrets.token_hex(6)) as server:
        try:
            left = await round_trip(server)
        except CommandError as error:
            raise SystemExit(f"Migrations: {error}") from None
    if left:
        raise SystemExit(f"Migrations: the way down leaves behind {', '.join(left)}")
    print("Migrations: up from nothing, equal to the models, down to nothing, up again.")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
