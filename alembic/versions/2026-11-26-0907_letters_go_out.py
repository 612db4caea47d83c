"""
letters go out: the versions of their wording are kept

Revises: letters sent, mails on their way, and four eyes for more than decisions
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c1a000000007"
down_revision = "c1a000000006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letter_template",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kept_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_letter_template")),
    )
    # No controller's, so no fence; added to and never changed.
    op.execute("GRANT SELECT, INSERT ON letter_template TO insyn_app")
    op.create_index("ix_letter_unsent", "letter", ["controller_id", "id"], postgresql_where=sa.text("sent_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_letter_unsent", table_name="letter")
    op.drop_table("letter_template")
