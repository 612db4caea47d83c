"""
The alarm clock: PgQueuer's tables, made by its own statements (its release is pinned by the lock).

Revises: the fences
"""

import sqlalchemy as sa
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from alembic import op

revision = "9d41e7c3a852"
down_revision = "5b0c2f9a6d31"
branch_labels = None
depends_on = None

TABLES = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")


def upgrade() -> None:
    _run(QueryBuilderEnvironment().build_install_query())
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO insyn_app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO insyn_app")


def downgrade() -> None:
    _run(QueryBuilderEnvironment().build_uninstall_query())


def _run(script: str) -> None:
    # Several statements in one text: asyncpg takes them only without parameters, on its own connection.
    raw = op.get_bind().connection.driver_connection
    sa.util.await_only(raw.execute(script))
