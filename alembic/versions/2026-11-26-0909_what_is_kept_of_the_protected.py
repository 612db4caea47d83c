"""
what is kept of people who must not be found: hidden like their case, also when the case file is gone

Revises: what we keep ourselves
"""

import sqlalchemy as sa

from alembic import op

revision = "c1a00000000a"
down_revision = "c1a000000008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "scheduled_erasure", sa.Column("protected", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.alter_column("scheduled_erasure", "protected", server_default=None)
    for table in ("scheduled_erasure", "request"):  # or the owner would reach no row
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE scheduled_erasure SET protected = true WHERE request_id IN (SELECT id FROM request WHERE protected)"
    )
    for table in ("scheduled_erasure", "request"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("scheduled_erasure", "protected")
