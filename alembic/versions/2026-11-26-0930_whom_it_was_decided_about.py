"""
whom a claim was decided about, and a task asks about: nothing leaves about anybody else;
and whether a processor was switched on where it leads

Revises: who took it in
"""

import sqlalchemy as sa

from alembic import op

revision = "c4b000000009"
down_revision = "c4b000000007"
branch_labels = None
depends_on = None

ASKED_ONCE = "uq_task_request_id_claim_id_processor_id_action"


def upgrade() -> None:
    # What was decided before has no sign: it counts as long as the decision stands, and a new proof undoes it.
    op.add_column("claim", sa.Column("decided_for", sa.LargeBinary(), nullable=True))
    op.add_column("task", sa.Column("asked_for", sa.LargeBinary(), nullable=True))
    op.drop_constraint(op.f(ASKED_ONCE), "task")
    op.create_unique_constraint(
        op.f(ASKED_ONCE + "_asked_for"),
        "task",
        ["request_id", "claim_id", "processor_id", "action", "asked_for"],
        postgresql_nulls_not_distinct=True,
    )

    op.add_column("processor", sa.Column("was_on", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("ALTER TABLE processor NO FORCE ROW LEVEL SECURITY")  # or the owner would reach no row
    op.execute("UPDATE processor SET was_on = true WHERE state IN ('active', 'paused')")
    op.execute("ALTER TABLE processor FORCE ROW LEVEL SECURITY")
    op.alter_column("processor", "was_on", server_default=None)


def downgrade() -> None:
    op.drop_column("processor", "was_on")
    op.drop_constraint(op.f(ASKED_ONCE + "_asked_for"), "task")
    op.create_unique_constraint(
        op.f(ASKED_ONCE),
        "task",
        ["request_id", "claim_id", "processor_id", "action"],
        postgresql_nulls_not_distinct=True,
    )
    op.drop_column("task", "asked_for")
    op.drop_column("claim", "decided_for")
