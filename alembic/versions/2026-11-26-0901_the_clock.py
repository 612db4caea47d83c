"""
the clock: extensions that need two, questions to the person, alarms

Revises: letters sent, mails on their way, and four eyes for more than decisions
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c1a000000001"
down_revision = "c4a1f0e7b210"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"
_CHECKS = {
    "extension_has_ground_and_reasons": "(extension_state IS NULL) = (extension_ground IS NULL)"
    " AND (extension_state IS NULL) = (extension_reasons_sealed IS NULL)"
    " AND (extension_state IS NULL) = (extension_asked_by IS NULL)",
    "extension_approved": "extension_state IS NULL OR extension_state IN ('asked', 'rejected', 'lapsed')"
    " OR extension_approved_by IS NOT NULL",
    "extension_two_people": "extension_approved_by IS NULL OR (extension_approved_by <> extension_asked_by"
    " AND (requester_ref IS NULL OR extension_approved_by <> requester_ref))",
    "extension_not_asked_by_the_requester": "extension_asked_by IS NULL OR requester_ref IS NULL"
    " OR extension_asked_by <> requester_ref",
    "extended_by_an_extension": "NOT deadline @> '{\"extended\": true}'"
    " OR extension_state IS NOT DISTINCT FROM 'effective'",
}
_TEXTS = ("extension_state", "extension_ground", "extension_asked_by", "extension_approved_by")
_INSTANTS = ("extension_asked_at", "extended_at")


def upgrade() -> None:
    op.add_column(
        "request", sa.Column("alarms", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.alter_column("request", "alarms", server_default=None)
    for name in _TEXTS:
        op.add_column("request", sa.Column(name, sa.String(), nullable=True))
    op.add_column("request", sa.Column("extension_reasons_sealed", sa.LargeBinary(), nullable=True))
    for name in _INSTANTS:
        op.add_column("request", sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    for name, rule in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_request_{name}"), "request", rule)

    op.create_table(
        "suspension",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("stops", sa.Boolean(), nullable=False),
        sa.Column("question_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("reason IN ('identity', 'clarification')", name=op.f("ck_suspension_reason_known")),
        sa.CheckConstraint(
            "answered_at IS NULL OR answered_at >= asked_at", name=op.f("ck_suspension_answered_after_asked")
        ),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by IS NULL)", name=op.f("ck_suspension_answer_has_a_person")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_suspension_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    op.create_index(op.f("ix_suspension_request_id"), "suspension", ["request_id"])
    op.create_index(
        "uq_suspension_open",
        "suspension",
        ["request_id", "reason"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.execute("ALTER TABLE suspension ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE suspension FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON suspension USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON suspension TO insyn_app")


def downgrade() -> None:
    op.drop_table("suspension")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_request_{name}"), "request")
    for name in (*_INSTANTS, "extension_reasons_sealed", *_TEXTS, "alarms"):
        op.drop_column("request", name)
