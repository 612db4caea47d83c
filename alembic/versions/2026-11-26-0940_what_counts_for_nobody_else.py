"""
what was asked, restricted and told for somebody else than whoever is known now counts no more

Revises: whom a claim was decided about, and a task asks about
"""

import sqlalchemy as sa

from alembic import op

revision = "c5d000000001"
down_revision = "c4b000000009"
branch_labels = None
depends_on = None

_ASKED_ONCE = "uq_task_request_id_claim_id_processor_id_action_asked_for"
_WAS = ["request_id", "claim_id", "processor_id", "action", "asked_for"]
_TASK = [*_WAS, "ends_former"]
_RESTRICTION = ["request_id", "claim_id"]
_ENTRY = ["request_id", "claim_id", "about", "recipient"]
_TABLES = ("task", "restriction", "ledger_entry", "package", "claim", "request")
# What was over before and speaks of another than its claim was, or is, decided about. Before this it still counted
# where something had been done.
_FORMER = """
UPDATE task t SET former = 'another' FROM claim c
WHERE c.id = t.claim_id AND t.state = 'closed' AND t.asked_for IS NOT NULL
  AND (c.decided_for <> t.asked_for OR (c.decided_for IS NULL AND c.state = 'open'))
"""
_PACKED = """
DELETE FROM package p USING task t
WHERE t.request_id = p.request_id AND t.former IS NOT NULL AND t.action = 'export' AND p.released_at IS NULL
"""


def upgrade() -> None:
    op.add_column("task", sa.Column("former", sa.String(), nullable=True))
    op.add_column("task", sa.Column("ends_former", sa.Uuid(), nullable=True))
    for table in ("restriction", "ledger_entry"):
        op.add_column(table, sa.Column("former", sa.Boolean(), server_default=sa.false(), nullable=False))
        op.alter_column(table, "former", server_default=None)
    op.create_check_constraint(op.f("ck_task_former_known"), "task", "former IN ('another', 'more_known')")
    _swap("task", _ASKED_ONCE, "uq_task_asked_once", _TASK, "former IS NULL", nulls_not_distinct=True)
    _swap("restriction", "uq_restriction_request_id_claim_id", "uq_restriction_of_claim", _RESTRICTION, "NOT former")
    _swap(
        "ledger_entry",
        "uq_ledger_entry_request_id_claim_id_about_recipient",
        "uq_ledger_entry_told_once",
        _ENTRY,
        "NOT former",
    )
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")  # or the owner would reach no row
    op.execute(_FORMER)
    op.execute(_PACKED)
    # Nothing is packed any more that was ready to be let out: the case carries the claim out anew.
    op.execute(
        "UPDATE request r SET phase = 'executing' WHERE phase = 'answering' AND EXISTS (SELECT FROM task t"
        " WHERE t.request_id = r.id AND t.former IS NOT NULL) AND NOT EXISTS (SELECT FROM package p"
        " WHERE p.request_id = r.id AND p.released_at IS NOT NULL)"
    )
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _swap(table: str, old: str, new: str, columns: list[str], where: str, *, nulls_not_distinct: bool = False) -> None:
    op.drop_constraint(op.f(old), table)
    more = {"postgresql_nulls_not_distinct": True} if nulls_not_distinct else {}
    op.create_index(new, table, columns, unique=True, postgresql_where=sa.text(where), **more)


def downgrade() -> None:
    op.execute("ALTER TABLE task NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE restriction NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE ledger_entry NO FORCE ROW LEVEL SECURITY")
    # Two of a kind were not known before: of what counts for nobody any more nothing is kept.
    op.execute("DELETE FROM task WHERE former IS NOT NULL OR ends_former IS NOT NULL")
    op.execute("DELETE FROM restriction WHERE former")
    op.execute("DELETE FROM ledger_entry WHERE former OR about = 'former'")
    for table in ("task", "restriction", "ledger_entry"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for name, table in (
        ("uq_task_asked_once", "task"),
        ("uq_restriction_of_claim", "restriction"),
        ("uq_ledger_entry_told_once", "ledger_entry"),
    ):
        op.drop_index(name, table)
    op.create_unique_constraint(op.f(_ASKED_ONCE), "task", _WAS, postgresql_nulls_not_distinct=True)
    op.create_unique_constraint(op.f("uq_restriction_request_id_claim_id"), "restriction", _RESTRICTION)
    op.create_unique_constraint(op.f("uq_ledger_entry_request_id_claim_id_about_recipient"), "ledger_entry", _ENTRY)
    op.drop_constraint(op.f("ck_task_former_known"), "task")
    op.drop_column("task", "ends_former")
    for table in ("task", "restriction", "ledger_entry"):
        op.drop_column(table, "former")
