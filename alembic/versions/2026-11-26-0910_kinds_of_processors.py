"""
kinds of processors: settings of their own, secrets by name, and what an adapter goes on from

Revises: what is kept of the protected
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c4b000000001"
down_revision = "c1a00000000a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column, empty in (("settings", "'{}'::jsonb"), ("secret_names", "'[]'::jsonb")):
        op.add_column("processor", sa.Column(column, postgresql.JSONB(), nullable=False, server_default=sa.text(empty)))
        op.alter_column("processor", column, server_default=None)
    op.execute("ALTER TABLE processor NO FORCE ROW LEVEL SECURITY")  # or the owner would reach no row
    op.execute("""UPDATE processor SET secret_names = '["signing"]' WHERE secrets_sealed IS NOT NULL""")
    op.execute("ALTER TABLE processor FORCE ROW LEVEL SECURITY")
    op.add_column("task", sa.Column("progress_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("task", "progress_sealed")
    op.drop_column("processor", "secret_names")
    op.drop_column("processor", "settings")
