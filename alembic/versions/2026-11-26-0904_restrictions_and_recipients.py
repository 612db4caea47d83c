"""
restrictions that outlive a request, the recipients' ledger, requests passed on

Revises: letters sent and four eyes
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c1a000000004"
down_revision = "c1a000000003"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"
_TABLES = ("restriction", "restriction_identifier", "ledger_entry", "forwarding")
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    _restriction()
    _ledger()
    _forwarding()
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO insyn_app")


def _restriction() -> None:
    op.create_table(
        "restriction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("since", _INSTANT(), nullable=False),
        sa.Column("lift_proposed_at", _INSTANT(), nullable=True),
        sa.Column("lift_ending", sa.String(), nullable=True),
        sa.Column("lift_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("lifting_on", sa.Date(), nullable=True),
        sa.Column("notice_sent_at", _INSTANT(), nullable=True),
        sa.Column("lift_asked_by", sa.String(), nullable=True),
        sa.Column("lift_approved_by", sa.String(), nullable=True),
        sa.Column("lifted_at", _INSTANT(), nullable=True),
        sa.CheckConstraint(
            "ground IN ('accuracy_contested', 'erasure_opposed', 'needed_for_claims', 'objection_pending')",
            name=op.f("ck_restriction_ground_of_article_18"),
        ),
        sa.CheckConstraint(
            "lifted_at IS NULL OR (notice_sent_at IS NOT NULL AND lifting_on IS NOT NULL"
            " AND lifted_at > notice_sent_at)",
            name=op.f("ck_restriction_lifted_after_notice"),
        ),
        sa.CheckConstraint(
            "lift_approved_by IS NULL OR (lift_asked_by IS NOT NULL AND lift_approved_by <> lift_asked_by)",
            name=op.f("ck_restriction_two_people"),
        ),
        sa.CheckConstraint(
            "lifted_at IS NULL OR lift_approved_by IS NOT NULL", name=op.f("ck_restriction_lifted_by_two")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction")),
        sa.UniqueConstraint("request_id", "claim_id", name=op.f("uq_restriction_request_id_claim_id")),
    )
    op.create_index(
        "ix_restriction_live", "restriction", ["controller_id", "id"], postgresql_where=sa.text("lifted_at IS NULL")
    )
    op.create_table(
        "restriction_identifier",
        sa.Column("restriction_id", sa.Uuid(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["restriction_id"],
            ["restriction.id"],
            name=op.f("fk_restriction_identifier_restriction_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("restriction_id", "blind", name=op.f("pk_restriction_identifier")),
    )
    op.create_index(
        "ix_restriction_identifier_controller_id_blind", "restriction_identifier", ["controller_id", "blind"]
    )


def _ledger() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("processor_id", sa.Uuid(), nullable=True),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("made_at", _INSTANT(), nullable=False),
        sa.Column("at", _INSTANT(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'confirmed', 'impossible', 'disproportionate')",
            name=op.f("ck_ledger_entry_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('impossible', 'disproportionate') OR reason_code IS NOT NULL",
            name=op.f("ck_ledger_entry_excuse_has_reason"),
        ),
        sa.CheckConstraint(
            "state <> 'disproportionate' OR (reason_sealed IS NOT NULL AND settled_by IS NOT NULL)",
            name=op.f("ck_ledger_entry_disproportionate_said_by_a_person"),
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_ledger_entry_claim_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name=op.f("fk_ledger_entry_processor_id")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_ledger_entry_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint(
            "request_id",
            "claim_id",
            "about",
            "recipient",
            name=op.f("uq_ledger_entry_request_id_claim_id_about_recipient"),
        ),
    )


def _forwarding() -> None:
    op.create_table(
        "forwarding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("processor_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("to_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_by_processor_at", _INSTANT(), nullable=False),
        sa.Column("due_by", sa.Date(), nullable=False),
        sa.Column("controller_due_on", sa.Date(), nullable=False),
        sa.Column("opened_at", _INSTANT(), nullable=False),
        sa.Column("forwarded_at", _INSTANT(), nullable=True),
        sa.Column("forwarded_by", sa.String(), nullable=True),
        sa.Column("confirmed_at", _INSTANT(), nullable=True),
        sa.Column("letter_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'sent', 'confirmed')", name=op.f("ck_forwarding_state_known")),
        sa.CheckConstraint(
            "(state = 'pending') = (forwarded_at IS NULL) AND (state = 'pending' OR to_sealed IS NOT NULL)",
            name=op.f("ck_forwarding_sent_has_instant_and_addressee"),
        ),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name=op.f("fk_forwarding_processor_id")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_forwarding_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forwarding")),
    )
    op.create_index("ix_forwarding_request_id", "forwarding", ["request_id"])


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
