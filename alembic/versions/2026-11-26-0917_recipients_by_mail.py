"""
recipients by mail: mails to them, the page they answer on, its codes, and the files they hand in

Revises: secrets with an end
"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "c4b000000004"
down_revision = "c4b000000006"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"
_TABLES = ("recipient_page", "recipient_code", "task_file")
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime

# A mail to a recipient goes to a company and says nothing of the person, so it may go out about somebody who must not
# be found; a mail to the person may not. One that names a task names one of its own request.
_NO_MAIL = """
CREATE OR REPLACE FUNCTION refuse_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.task_id IS NULL AND EXISTS (SELECT FROM request r WHERE r.id = NEW.request_id AND r.protected) THEN
        RAISE EXCEPTION 'no mail about a protected person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outgoing_mail_not_protected';
    END IF;
    IF NEW.task_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM task t WHERE t.id = NEW.task_id AND t.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'a mail about a task of another request'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outgoing_mail_of_its_task';
    END IF;
    RETURN NEW;
END $$
"""
_NO_MAIL_BEFORE = """
CREATE OR REPLACE FUNCTION refuse_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM request r WHERE r.id = NEW.request_id AND r.protected) THEN
        RAISE EXCEPTION 'no mail about a protected person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outgoing_mail_not_protected';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("outgoing_mail", sa.Column("task_id", sa.Uuid(), nullable=True))
    op.add_column("outgoing_mail", sa.Column("purpose", sa.String(length=32), nullable=True))
    op.add_column("outgoing_mail", sa.Column("language", sa.String(), nullable=True))
    op.create_foreign_key(
        op.f("fk_outgoing_mail_task_id"), "outgoing_mail", "task", ["task_id"], ["id"], ondelete="CASCADE"
    )
    op.create_check_constraint(
        op.f("ck_outgoing_mail_to_recipient_has_purpose"),
        "outgoing_mail",
        "(task_id IS NULL) = (purpose IS NULL) AND (task_id IS NULL OR letter_id IS NULL)",
    )
    op.create_index("ix_outgoing_mail_task_id", "outgoing_mail", ["task_id"])
    op.execute(_NO_MAIL)
    _make_page()
    _make_codes()
    _make_files()
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO insyn_app")


def _of_task(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f(f"fk_{table}_task_id"), ondelete="CASCADE")


def _of_request(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["request_id"], ["request.id"], name=op.f(f"fk_{table}_request_id"), ondelete="CASCADE"
    )


def _make_page() -> None:
    op.create_table(
        "recipient_page",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("made_at", _INSTANT(), nullable=False),
        sa.Column("session_hash", sa.LargeBinary(), nullable=True),
        sa.Column("session_until", _INSTANT(), nullable=True),
        sa.Column("answered_at", _INSTANT(), nullable=True),
        sa.CheckConstraint(
            "(session_hash IS NULL) = (session_until IS NULL)", name=op.f("ck_recipient_page_session_has_end")
        ),
        _of_task("recipient_page"),
        _of_request("recipient_page"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_recipient_page")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_recipient_page_token_hash")),
    )
    op.create_index("ix_recipient_page_request_id", "recipient_page", ["request_id"])


def _make_codes() -> None:
    op.create_table(
        "recipient_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _INSTANT(), nullable=False),
        sa.Column("expires_at", _INSTANT(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", _INSTANT(), nullable=True),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_recipient_code_tries_not_negative")),
        _of_task("recipient_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient_code")),
    )
    op.create_index("ix_recipient_code_task_id", "recipient_code", ["task_id", "made_at"])


def _make_files() -> None:
    op.create_table(
        "task_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("scan", sa.String(), nullable=False),
        sa.Column("uploaded_at", _INSTANT(), nullable=False),
        sa.Column("scanned_at", _INSTANT(), nullable=True),
        sa.Column("destroyed_at", _INSTANT(), nullable=True),
        sa.CheckConstraint(
            "scan IN ('clean', 'infected', 'pending', 'not_scanned')", name=op.f("ck_task_file_scan_known")
        ),
        sa.CheckConstraint(
            "scan <> 'infected' OR destroyed_at IS NOT NULL", name=op.f("ck_task_file_infected_is_destroyed")
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_task_file_size_positive")),
        _of_task("task_file"),
        _of_request("task_file"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_file")),
        sa.UniqueConstraint("task_id", "sha256", name=op.f("uq_task_file_task_id_sha256")),
    )
    op.create_index("ix_task_file_request_id", "task_file", ["request_id"])
    op.create_index("ix_task_file_pending", "task_file", ["uploaded_at"], postgresql_where=sa.text("scan = 'pending'"))


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute("DELETE FROM outgoing_mail WHERE task_id IS NOT NULL")
    op.execute(_NO_MAIL_BEFORE)
    op.drop_index("ix_outgoing_mail_task_id", table_name="outgoing_mail")
    op.drop_constraint(op.f("ck_outgoing_mail_to_recipient_has_purpose"), "outgoing_mail")
    op.drop_constraint(op.f("fk_outgoing_mail_task_id"), "outgoing_mail")
    for column in ("language", "purpose", "task_id"):
        op.drop_column("outgoing_mail", column)
