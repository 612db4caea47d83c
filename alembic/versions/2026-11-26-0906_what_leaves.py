"""
what leaves: packages in versions with redactions and a second word, and what controllers have settled

Revises: letters sent and four eyes
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c1a000000006"
down_revision = "c1a000000005"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"


def upgrade() -> None:
    op.add_column("package", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("package", sa.Column("has_security", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("package", sa.Column("to_review", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "package", sa.Column("opened_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    for name in ("version", "has_security", "to_review", "opened_by"):
        op.alter_column("package", name, server_default=None)
    op.add_column("package", sa.Column("redactions_sealed", sa.LargeBinary(), nullable=True))
    for name in ("asked_by", "approved_by", "former_file"):
        op.add_column("package", sa.Column(name, sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_package_security_approved"),
        "package",
        "NOT has_security OR released_at IS NULL OR (approved_by IS NOT NULL AND approved_by <> released_by)",
    )
    op.create_check_constraint(
        op.f("ck_package_not_opened_by"),
        "package",
        "released_by IS NULL OR NOT opened_by @> to_jsonb(released_by)",
    )

    op.create_table(
        "profile_supplement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("sv", sa.String(), nullable=True),
        sa.Column("en", sa.String(), nullable=True),
        sa.Column("codes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=False),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_supplement")),
    )
    op.create_index(
        "ix_profile_supplement_controller_id_path", "profile_supplement", ["controller_id", "path", "settled_at"]
    )
    op.execute("ALTER TABLE profile_supplement ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE profile_supplement FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON profile_supplement USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON profile_supplement TO insyn_app")


def downgrade() -> None:
    op.drop_table("profile_supplement")
    op.drop_constraint(op.f("ck_package_not_opened_by"), "package")
    op.drop_constraint(op.f("ck_package_security_approved"), "package")
    for name in (
        "former_file",
        "approved_by",
        "asked_by",
        "opened_by",
        "redactions_sealed",
        "to_review",
        "has_security",
        "version",
    ):
        op.drop_column("package", name)
