"""
secrets with an end: who set which and when, and how long the one before is good

Revises: lanes that rest
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c4b000000006"
down_revision = "c4b000000005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty = sa.text("'{}'::jsonb")
    op.add_column("processor", sa.Column("secret_facts", postgresql.JSONB(), nullable=False, server_default=empty))
    op.alter_column("processor", "secret_facts", server_default=None)
    op.add_column("processor", sa.Column("secrets_end_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("processor", "secrets_end_at")
    op.drop_column("processor", "secret_facts")
