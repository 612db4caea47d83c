"""
what we keep ourselves: a key for what is given out, when packages go, and counts in the place of old case files

Revises: letters sent and four eyes
"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "c1a000000008"
down_revision = "c1a000000007"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"
#: (name, table, columns, condition). Deleting a request looks its rows up in each table that hangs on it.
_INDEXES = (
    ("ix_request_closed_at", "request", ["controller_id", "closed_at"], "closed_at IS NOT NULL"),
    ("ix_request_contents", "request", ["controller_id", "closed_at"], "contents_key IS NOT NULL"),
    ("ix_request_contents_id", "request", ["contents_id"], "contents_id IS NOT NULL"),
    ("ix_package_standing", "package", ["controller_id", "released_at"], "destroyed_at IS NULL"),
    ("ix_audit_entry_first", "audit_entry", ["controller_id", "request_id"], "seq = 1"),
    ("ix_audit_entry_destroyed", "audit_entry", ["controller_id"], "step = 'key:destroyed'"),
    ("ix_approval_request_id", "approval", ["request_id"], None),
    ("ix_approval_claim_id", "approval", ["claim_id"], None),
    ("ix_task_claim_id", "task", ["claim_id"], None),
    ("ix_download_request_id", "download", ["request_id"], None),
    ("ix_outgoing_mail_letter_id", "outgoing_mail", ["letter_id"], None),
)


def upgrade() -> None:
    op.add_column("request", sa.Column("contents_id", sa.Uuid(), nullable=True))
    op.add_column("request", sa.Column("contents_key", sa.LargeBinary(), nullable=True))
    op.add_column("task", sa.Column("records_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("package", sa.Column("destroyed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.create_table(
        "case_count",
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("right", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("in_time", sa.Boolean(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint("n > 0", name=op.f("ck_case_count_n_positive")),
        sa.PrimaryKeyConstraint("controller_id", "month", "right", "outcome", "in_time", name=op.f("pk_case_count")),
    )
    for name, table, columns, condition in _INDEXES:
        op.create_index(name, table, columns, postgresql_where=sa.text(condition) if condition else None)
    op.execute("ALTER TABLE case_count ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE case_count FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON case_count USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON case_count TO insyn_app")


def downgrade() -> None:
    for name, table, _columns, _condition in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_table("case_count")
    op.drop_column("package", "destroyed_at")
    op.drop_column("task", "records_sealed")
    op.drop_column("request", "contents_key")
    op.drop_column("request", "contents_id")
