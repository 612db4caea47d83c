"""
lanes that rest: quotas and the calls they count, the breaker, and what a task's last call came to

Revises: kinds of processors
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c4b000000005"
down_revision = "c4b000000001"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"
_INSTANTS = ("opened_at", "probe_at", "closed_at", "rests_until")
_CHECKS = {
    "breaker_known": "breaker IN ('closed', 'open', 'half_open')",
    "breaker_has_instants": (
        "(breaker = 'closed') = (opened_at IS NULL) AND (breaker = 'closed') = (probe_at IS NULL)"
    ),
    "rest_has_reason": "(rests_until IS NULL) = (rests_for IS NULL)",
}


def upgrade() -> None:
    op.add_column("processor", sa.Column("quota", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.alter_column("processor", "quota", server_default=None)
    op.add_column("lane", sa.Column("breaker", sa.String(), nullable=False, server_default="closed"))
    for count in ("failures", "openings"):
        op.add_column("lane", sa.Column(count, sa.Integer(), nullable=False, server_default=sa.text("0")))
    for instant in _INSTANTS:
        op.add_column("lane", sa.Column(instant, sa.DateTime(timezone=True), nullable=True))
    for word in ("last_code", "rests_for"):
        op.add_column("lane", sa.Column(word, sa.String(), nullable=True))
    for name, rule in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_lane_{name}"), "lane", rule)
    _add_calls()
    op.add_column("task", sa.Column("last_code", sa.String(), nullable=True))
    op.create_index(
        "ix_task_given_up",
        "task",
        ["processor_id", "attention", "id"],
        postgresql_where=sa.text("state = 'needs_person'"),
    )


def _add_calls() -> None:
    op.create_table(
        "lane_call",
        sa.Column("processor_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_id"], ["lane.processor_id"], name=op.f("fk_lane_call_processor_id_lane"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("processor_id", "at", name=op.f("pk_lane_call")),
    )
    op.execute("ALTER TABLE lane_call ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE lane_call FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON lane_call USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON lane_call TO insyn_app")


def downgrade() -> None:
    op.drop_index("ix_task_given_up", table_name="task")
    op.drop_column("task", "last_code")
    op.drop_table("lane_call")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_lane_{name}"), "lane", type_="check")
    for column in ("rests_for", "last_code", *reversed(_INSTANTS), "openings", "failures", "breaker"):
        op.drop_column("lane", column)
    op.drop_column("processor", "quota")
