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
    op.execute(
        "UPDATE scheduled_erasure SET protected = true WHERE request_id IN (SELECT id FROM request WHERE protected)"
    )


def downgrade() -> None:
    op.drop_column("scheduled_erasure", "protected")
