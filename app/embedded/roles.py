"""
The three roles of an embedded server, and how to reach it as each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SUPERUSER = "postgres"
#: Owns the database and its tables; runs the migrations.
OWNER = "insyn_owner"
#: What the service logs in as: no superuser, owner of nothing, bound by row-level security.
SERVICE = "insyn_service"
#: Carries the rights on the tables; the migrations grant to it, ``insyn_service`` is its member.
APP_GROUP = "insyn_app"
DATABASE = "insyn"


@dataclass(frozen=True)
class Cluster:
    """A running server: where it listens on the loopback address, and a DSN for each of its three roles."""

    host: str
    port: int
    superuser_dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)


def cluster_at(port: int, passwords: Mapping[str, str]) -> Cluster:
    def dsn(role: str, database: str) -> str:
        return f"postgresql://{role}:{passwords[role]}@127.0.0.1:{port}/{database}"

    return Cluster(
        host="127.0.0.1",
        port=port,
        superuser_dsn=dsn(SUPERUSER, SUPERUSER),
        owner_dsn=dsn(OWNER, DATABASE),
        app_dsn=dsn(SERVICE, DATABASE),
    )


async def prepare_roles(superuser_dsn: str, passwords: Mapping[str, str], *, database: str | None = DATABASE) -> None:
    """
    See to it that the roles exist with these passwords, and the database with its owner. Changes nothing twice.

    Args:
        superuser_dsn: Where, and as whom.
        passwords: By role name; ``insyn_owner`` and ``insyn_service`` are required, others are not looked at.
        database: Which database the owner gets; None: none.
    """
    import asyncpg  # here, because the watchdog lives as long as the server and needs none of it

    connection = await asyncpg.connect(superuser_dsn)
    try:
        await connection.execute(_CREATE_ROLES)
        for role in (OWNER, SERVICE):
            # PostgreSQL takes no parameters in ALTER ROLE; format() quotes what a setting has carried there.
            await connection.execute("SELECT set_config('insyn.given', $1, false)", passwords[role])
            await connection.execute(_ALTER_ROLE.replace("{role}", role))
        if database and not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await connection.execute(f'CREATE DATABASE "{database}" OWNER {OWNER}')
            await connection.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
            await connection.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{database}" TO {APP_GROUP}')
    finally:
        await connection.close()


_CREATE_ROLES = f"""
DO $$
BEGIN
    IF to_regrole('{APP_GROUP}') IS NULL THEN CREATE ROLE {APP_GROUP} NOLOGIN; END IF;
    IF to_regrole('{OWNER}') IS NULL THEN CREATE ROLE {OWNER} LOGIN; END IF;
    IF to_regrole('{SERVICE}') IS NULL THEN CREATE ROLE {SERVICE} LOGIN IN ROLE {APP_GROUP}; END IF;
END $$
"""
_ALTER_ROLE = """
DO $$ BEGIN EXECUTE format('ALTER ROLE {role} PASSWORD %L', current_setting('insyn.given')); END $$
"""
