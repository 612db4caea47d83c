"""
what is kept and why: the plan of an erasure, its scheduled end, suppression entries, what must not be restored

Revises: letters sent and four eyes
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c1a000000003"
down_revision = "c1a000000002"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"
_TABLES = ("erasure_plan", "scheduled_erasure", "suppression", "erased_data")


def upgrade() -> None:
    op.add_column("request", sa.Column("follows", sa.Uuid(), nullable=True))
    op.add_column("request", sa.Column("only_categories", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    _erasure_plan()
    _scheduled_erasure()
    op.create_table(
        "suppression",
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('marketing', 'reimport')", name=op.f("ck_suppression_kind")),
        sa.PrimaryKeyConstraint("controller_id", "kind", "blind", name=op.f("pk_suppression")),
    )
    op.create_table(
        "erased_data",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("processor_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("blinds", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("erased_on", sa.Date(), nullable=False),
        sa.Column("backups_overwritten_by", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name=op.f("fk_erased_data_processor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erased_data")),
    )
    op.create_index("ix_erased_data_processor_id", "erased_data", ["processor_id", "id"])
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO insyn_app")


def _erasure_plan() -> None:
    op.create_table(
        "erasure_plan",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=True),
        sa.Column("exception", sa.String(), nullable=True),
        sa.Column("hold", sa.String(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("by_person", sa.Boolean(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "fate NOT IN ('erase_now', 'erase_beyond_hold') OR ground IS NOT NULL",
            name=op.f("ck_erasure_plan_erased_by_law"),
        ),
        sa.CheckConstraint(
            "fate NOT LIKE 'keep%' OR exception IS NOT NULL", name=op.f("ck_erasure_plan_kept_by_exemption")
        ),
        sa.CheckConstraint("fate <> 'keep_until' OR until IS NOT NULL", name=op.f("ck_erasure_plan_kept_until_a_day")),
        sa.CheckConstraint(
            "fate <> 'keep_while' OR (condition IS NOT NULL AND review_on IS NOT NULL)",
            name=op.f("ck_erasure_plan_kept_with_a_review"),
        ),
        sa.CheckConstraint(
            "coalesce(exception, '') NOT IN ('legal_obligation', 'legal_claims') OR hold IS NOT NULL",
            name=op.f("ck_erasure_plan_law_has_a_code"),
        ),
        sa.CheckConstraint("fate <> 'undecided'", name=op.f("ck_erasure_plan_decided")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_erasure_plan_claim_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_erasure_plan_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("claim_id", "category", name=op.f("pk_erasure_plan")),
    )
    op.create_index(op.f("ix_erasure_plan_request_id"), "erasure_plan", ["request_id"])


def _scheduled_erasure() -> None:
    op.create_table(
        "scheduled_erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("processor_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("exception", sa.String(), nullable=False),
        sa.Column("hold", sa.String(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("next_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("follow_up", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("identifiers_checked", sa.Boolean(), nullable=False),
        sa.Column("assurance", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject_key", sa.LargeBinary(), nullable=True),
        sa.Column("subject_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("performed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(due_on IS NULL) <> (review_on IS NULL)", name=op.f("ck_scheduled_erasure_due_or_looked_at")
        ),
        sa.CheckConstraint(
            "due_on IS NULL OR (until IS NOT NULL AND due_on > until)",
            name=op.f("ck_scheduled_erasure_due_after_until"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> decided_by", name=op.f("ck_scheduled_erasure_two_people")
        ),
        sa.CheckConstraint("state IN ('waiting', 'begun', 'performed')", name=op.f("ck_scheduled_erasure_state")),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_at IS NOT NULL)", name=op.f("ck_scheduled_erasure_waiting_has_instant")
        ),
        sa.CheckConstraint(
            "state <> 'performed' OR wrapped_key IS NULL", name=op.f("ck_scheduled_erasure_performed_has_no_key")
        ),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name=op.f("fk_scheduled_erasure_processor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_erasure")),
        sa.UniqueConstraint(
            "claim_id",
            "processor_id",
            "category",
            name=op.f("uq_scheduled_erasure_claim_id_processor_id_category"),
        ),
    )
    op.create_index(
        "ix_scheduled_erasure_due",
        "scheduled_erasure",
        ["next_at"],
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_scheduled_erasure_request_id", "scheduled_erasure", ["request_id"])


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_column("request", "only_categories")
    op.drop_column("request", "follows")
