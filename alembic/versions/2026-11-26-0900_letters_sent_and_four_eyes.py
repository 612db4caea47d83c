"""
letters sent, mails on their way, and four eyes for more than decisions

Revises: the alarm clock
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c4a1f0e7b210"
down_revision = "9d41e7c3a852"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"


def upgrade() -> None:
    op.add_column("letter", sa.Column("about", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("letter", sa.Column("via", sa.String(), nullable=False, server_default="portal"))
    op.add_column("letter", sa.Column("sent_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    # The fence holds for the owner too, and this transaction names no controller: down for the one statement.
    op.execute("ALTER TABLE letter NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE letter SET sent_at = written_at")
    op.execute("ALTER TABLE letter FORCE ROW LEVEL SECURITY")
    op.alter_column("letter", "about", server_default=None)
    op.alter_column("letter", "via", server_default=None)
    op.drop_constraint("uq_letter_request_id_kind", "letter")
    op.create_unique_constraint("uq_letter_request_id_kind_about", "letter", ["request_id", "kind", "about"])
    op.create_check_constraint(
        op.f("ck_letter_sent_after_written"), "letter", "sent_at IS NULL OR sent_at >= written_at"
    )

    op.drop_index("uq_approval_open_claim_id", table_name="approval")
    op.alter_column("approval", "claim_id", nullable=True)
    op.add_column("approval", sa.Column("about", sa.Uuid(), nullable=True))
    op.add_column(
        "approval", sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    )
    op.alter_column("approval", "facts", server_default=None)
    op.create_check_constraint(
        op.f("ck_approval_not_asked_by_the_requester"), "approval", "requester_ref IS NULL OR asked_by <> requester_ref"
    )
    op.create_index(
        "uq_approval_open",
        "approval",
        ["request_id", "subject", "claim_id", "about"],
        unique=True,
        postgresql_where=sa.text("verdict IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_check_constraint(
        op.f("ck_claim_no_and_erasure_approved"),
        "claim",
        "verdict IS NULL OR state IN ('open', 'awaiting_approval') OR approved_by IS NOT NULL"
        " OR (verdict = 'granted' AND \"right\" <> 'erasure')",
    )

    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("letter_id", sa.Uuid(), nullable=True),
        sa.Column("dedupe", sa.String(length=128), nullable=False),
        sa.Column("mail_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sent_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outgoing_mail_sent_has_instant")),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_outgoing_mail_letter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_outgoing_mail_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
        sa.UniqueConstraint("request_id", "dedupe", name=op.f("uq_outgoing_mail_request_id_dedupe")),
    )
    op.create_index("ix_outgoing_mail_due", "outgoing_mail", ["next_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.execute("ALTER TABLE outgoing_mail ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE outgoing_mail FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON outgoing_mail USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON outgoing_mail TO insyn_app")


def downgrade() -> None:
    op.drop_table("outgoing_mail")
    op.drop_constraint(op.f("ck_claim_no_and_erasure_approved"), "claim")
    op.drop_index("uq_approval_open", table_name="approval")
    op.drop_constraint(op.f("ck_approval_not_asked_by_the_requester"), "approval")
    op.drop_column("approval", "facts")
    op.drop_column("approval", "about")
    op.execute("ALTER TABLE approval NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM approval WHERE claim_id IS NULL")
    op.execute("ALTER TABLE approval FORCE ROW LEVEL SECURITY")
    op.alter_column("approval", "claim_id", nullable=False)
    op.create_index(
        "uq_approval_open_claim_id",
        "approval",
        ["claim_id"],
        unique=True,
        postgresql_where=sa.text("verdict IS NULL"),
    )
    op.drop_constraint(op.f("ck_letter_sent_after_written"), "letter")
    op.execute("ALTER TABLE letter NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM letter WHERE about <> ''")
    op.execute("ALTER TABLE letter FORCE ROW LEVEL SECURITY")
    op.drop_constraint("uq_letter_request_id_kind_about", "letter")
    op.create_unique_constraint("uq_letter_request_id_kind", "letter", ["request_id", "kind"])
    op.drop_column("letter", "sent_at")
    op.drop_column("letter", "via")
    op.drop_column("letter", "about")
