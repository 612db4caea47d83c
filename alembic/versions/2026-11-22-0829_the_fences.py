"""
The fences: row-level security on every tenant table, rights of the service's role, the audit log's append-only rule.

Revises: the first tables
"""

from alembic import op

revision = "5b0c2f9a6d31"
down_revision = "14126be9f798"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "approval",
    "attempt",
    "audit_entry",
    "callback_event",
    "claim",
    "download",
    "idempotency",
    "identifier",
    "lane",
    "letter",
    "package",
    "processor",
    "profile_applied",
    "request",
    "task",
)
#: What is written once is never changed by the service.
APPEND_ONLY = ("audit_entry", "callback_event")
SHARED_TABLES = ("clock_offset",)

# An unset setting gives NULL, which is no controller: without SET LOCAL nothing is seen.
_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"

_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'insyn_app') THEN
        CREATE ROLE insyn_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
        EXECUTE format('GRANT insyn_app TO %I', current_user);
    END IF;
END $$
"""

_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    op.execute(_ROLE)
    op.execute("GRANT USAGE ON SCHEMA public TO insyn_app")
    op.execute("GRANT SELECT ON alembic_version TO insyn_app")
    op.execute(_REFUSE)
    for table in TENANT_TABLES:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY tenant ON "{table}" USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})')
    for table in (*TENANT_TABLES, *SHARED_TABLES):
        rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f'GRANT {rights} ON "{table}" TO insyn_app')
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    for table in TENANT_TABLES:
        op.execute(f'DROP POLICY tenant ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
    for table in (*TENANT_TABLES, *SHARED_TABLES):
        op.execute(f'REVOKE ALL ON "{table}" FROM insyn_app')
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("REVOKE ALL ON alembic_version FROM insyn_app")
    op.execute("REVOKE USAGE ON SCHEMA public FROM insyn_app")
