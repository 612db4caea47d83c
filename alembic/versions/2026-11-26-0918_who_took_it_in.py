"""
who took a request in: whoever did settles no stop of it

Revises: recipients by mail
"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "c4b000000007"
down_revision = "c4b000000004"
branch_labels = None
depends_on = None

SETTLED = (
    "(stop_verdict IS NULL AND stop_settled_by IS NULL AND stop_settled_at IS NULL)"
    " OR (stop_verdict IN ('genuine', 'not_genuine') AND stop_settled_by IS NOT NULL"
    " AND stop_settled_at IS NOT NULL AND stopped_at IS NOT NULL AND stop_settled_by <> stopped_by"
    " AND (requester_ref IS NULL OR stop_settled_by <> requester_ref)"
)
BY_ANOTHER = "ck_request_stop_settled_by_another"


def upgrade() -> None:
    op.add_column("request", sa.Column("filed_by_ref", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    for table in ("request", "audit_entry"):  # or the owner would reach no row
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    # What was settled before the rule stays as it was settled.
    op.execute(
        "UPDATE request SET filed_by_ref = first.actor_ref FROM audit_entry first"
        " WHERE first.request_id = request.id AND first.seq = 1"
        " AND first.actor_ref IS DISTINCT FROM request.stop_settled_by"
    )
    for table in ("request", "audit_entry"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.drop_constraint(op.f(BY_ANOTHER), "request")
    op.create_check_constraint(
        op.f(BY_ANOTHER), "request", SETTLED + " AND (filed_by_ref IS NULL OR stop_settled_by <> filed_by_ref))"
    )


def downgrade() -> None:
    op.drop_constraint(op.f(BY_ANOTHER), "request")
    op.create_check_constraint(op.f(BY_ANOTHER), "request", SETTLED + ")")
    op.drop_column("request", "filed_by_ref")
