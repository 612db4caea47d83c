"""
who asks: known channels, one-time codes, quarantine, cooling-off, "that was not me", protected identity

Revises: letters sent, mails on their way, and four eyes for more than decisions
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c1a000000005"
down_revision = "c1a000000004"
branch_labels = None
depends_on = None

_IS_MINE = "controller_id = ANY (string_to_array(current_setting('insyn.controllers', true), ','))"
_TABLES = ("known_channel", "one_time_code", "contact_change", "protection_mark")
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime

# What must not happen whatever the code forgets. Instants are the service's own (its clock can be moved in the
# sandbox), so they are compared with each other and never with the database's clock.
_NO_TASK = """
CREATE FUNCTION refuse_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM request r WHERE r.id = NEW.request_id
               AND r.stopped_at IS NOT NULL AND r.stop_verdict IS NULL) THEN
        RAISE EXCEPTION 'the request is stopped' USING ERRCODE = 'check_violation', CONSTRAINT = 'task_not_stopped';
    END IF;
    IF NEW.action = 'erase' AND NEW.claim_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM claim c WHERE c.id = NEW.claim_id AND c.cooling_until <= NEW.created_at) THEN
        RAISE EXCEPTION 'the cooling-off is not over' USING ERRCODE = 'check_violation', CONSTRAINT = 'task_cooled_off';
    END IF;
    RETURN NEW;
END $$
"""
_NO_RELEASE = """
CREATE FUNCTION refuse_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM request r WHERE r.id = NEW.request_id
               AND r.stopped_at IS NOT NULL AND r.stop_verdict IS NULL) THEN
        RAISE EXCEPTION 'the request is stopped' USING ERRCODE = 'check_violation', CONSTRAINT = 'release_not_stopped';
    END IF;
    IF EXISTS (SELECT FROM claim c WHERE c.request_id = NEW.request_id
               AND c."right" IN ('access', 'portability') AND c.cooling_until > NEW.released_at) THEN
        RAISE EXCEPTION 'the cooling-off is not over'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'release_cooled_off';
    END IF;
    RETURN NEW;
END $$
"""
_NO_DOWNLOAD = """
CREATE FUNCTION refuse_download() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM request r WHERE r.id = NEW.request_id
               AND r.stopped_at IS NOT NULL AND r.stop_verdict IS DISTINCT FROM 'genuine') THEN
        RAISE EXCEPTION 'the request is stopped' USING ERRCODE = 'check_violation', CONSTRAINT = 'download_not_stopped';
    END IF;
    RETURN NEW;
END $$
"""
_NO_MAIL = """
CREATE FUNCTION refuse_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM request r WHERE r.id = NEW.request_id AND r.protected) THEN
        RAISE EXCEPTION 'no mail about a protected person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outgoing_mail_not_protected';
    END IF;
    RETURN NEW;
END $$
"""
_NO_UNMARKING = """
CREATE FUNCTION refuse_unmarking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM protection_mark m WHERE m.request_id = NEW.id AND m.mark = 'off' AND m.approved_by IS NOT NULL
        AND m.approved_at >= coalesce((SELECT max(n.at) FROM protection_mark n
                                       WHERE n.request_id = NEW.id AND n.mark = 'on'), '-infinity')) THEN
        RAISE EXCEPTION 'a protection is lifted by two people'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_unmarked_by_two';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("request", sa.Column("protected", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "request",
        sa.Column("risk_marks", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"),
    )
    op.add_column("request", sa.Column("stopped_at", _INSTANT(), nullable=True))
    op.add_column("request", sa.Column("stopped_by", sa.String(), nullable=True))
    op.add_column("request", sa.Column("stop_verdict", sa.String(), nullable=True))
    op.add_column("request", sa.Column("stop_settled_by", sa.String(), nullable=True))
    op.add_column("request", sa.Column("stop_settled_at", _INSTANT(), nullable=True))
    op.alter_column("request", "protected", server_default=None)
    op.alter_column("request", "risk_marks", server_default=None)
    op.create_check_constraint(
        op.f("ck_request_stop_has_somebody"), "request", "(stopped_at IS NULL) = (stopped_by IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_request_stop_settled_by_another"),
        "request",
        "(stop_verdict IS NULL AND stop_settled_by IS NULL AND stop_settled_at IS NULL)"
        " OR (stop_verdict IN ('genuine', 'not_genuine') AND stop_settled_by IS NOT NULL"
        " AND stop_settled_at IS NOT NULL AND stopped_at IS NOT NULL AND stop_settled_by <> stopped_by"
        " AND (requester_ref IS NULL OR stop_settled_by <> requester_ref))",
    )
    op.add_column("claim", sa.Column("cooling_until", _INSTANT(), nullable=True))
    op.add_column("claim", sa.Column("moves_contact", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("claim", "moves_contact", server_default=None)
    op.add_column("claim", sa.Column("two_needed", sa.Boolean(), nullable=False, server_default=sa.false()))
    # Erasures that were under way before this rule have waited long enough.
    op.execute("ALTER TABLE claim NO FORCE ROW LEVEL SECURITY")  # or the owner would reach no row
    op.execute("UPDATE claim SET cooling_until = decided_at WHERE \"right\" = 'erasure' AND state = 'decided'")
    op.execute("ALTER TABLE claim FORCE ROW LEVEL SECURITY")
    op.alter_column("claim", "two_needed", server_default=None)
    op.create_check_constraint(
        op.f("ck_claim_two_where_two_are_needed"),
        "claim",
        "NOT two_needed OR verdict IS NULL OR state IN ('open', 'awaiting_approval') OR approved_by IS NOT NULL",
    )
    _make_tables()
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_IS_MINE}) WITH CHECK ({_IS_MINE})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO insyn_app")
    for function in (_NO_TASK, _NO_RELEASE, _NO_DOWNLOAD, _NO_MAIL, _NO_UNMARKING):
        op.execute(function)
    op.execute("CREATE TRIGGER task_guarded BEFORE INSERT ON task FOR EACH ROW EXECUTE FUNCTION refuse_task()")
    op.execute(
        "CREATE TRIGGER package_guarded BEFORE UPDATE OF released_at ON package FOR EACH ROW"
        " WHEN (OLD.released_at IS NULL AND NEW.released_at IS NOT NULL) EXECUTE FUNCTION refuse_release()"
    )
    op.execute(
        "CREATE TRIGGER package_made_guarded BEFORE INSERT ON package FOR EACH ROW"
        " WHEN (NEW.released_at IS NOT NULL) EXECUTE FUNCTION refuse_release()"
    )
    op.execute(
        "CREATE TRIGGER download_guarded BEFORE INSERT ON download FOR EACH ROW EXECUTE FUNCTION refuse_download()"
    )
    op.execute(
        "CREATE TRIGGER outgoing_mail_guarded BEFORE INSERT ON outgoing_mail FOR EACH ROW"
        " EXECUTE FUNCTION refuse_mail()"
    )
    op.execute(
        "CREATE TRIGGER request_guarded BEFORE UPDATE OF protected ON request FOR EACH ROW"
        " WHEN (OLD.protected AND NOT NEW.protected) EXECUTE FUNCTION refuse_unmarking()"
    )


def _make_tables() -> None:
    op.create_table(
        "known_channel",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("told_at", _INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_known_channel_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "blind", name=op.f("pk_known_channel")),
    )
    op.create_index("ix_known_channel_controller_id_blind", "known_channel", ["controller_id", "blind"])
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("wanted_at", _INSTANT(), nullable=False),
        sa.Column("made_at", _INSTANT(), nullable=True),
        sa.Column("expires_at", _INSTANT(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("blind", sa.LargeBinary(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", _INSTANT(), nullable=True),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_one_time_code_tries_bounded")),
        sa.CheckConstraint(
            "(made_at IS NULL) = (expires_at IS NULL) AND (made_at IS NULL) = (code_hash IS NULL)",
            name=op.f("ck_one_time_code_made_whole"),
        ),
        sa.CheckConstraint(
            "expires_at <= made_at + interval '10 minutes'", name=op.f("ck_one_time_code_lives_ten_minutes")
        ),
        sa.CheckConstraint("used_at IS NULL OR used_at <= expires_at", name=op.f("ck_one_time_code_used_in_time")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_one_time_code_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    op.create_index("ix_one_time_code_request_id", "one_time_code", ["request_id"])
    op.create_index("ix_one_time_code_controller_id_blind", "one_time_code", ["controller_id", "blind"])
    op.create_table(
        "contact_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("new_blind", sa.LargeBinary(), nullable=False),
        sa.Column("old_blind", sa.LargeBinary(), nullable=True),
        sa.Column("old_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_contact_change_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_change")),
        sa.UniqueConstraint("request_id", "new_blind", name=op.f("uq_contact_change_request_id_new_blind")),
    )
    op.create_index("ix_contact_change_controller_id_new_blind", "contact_change", ["controller_id", "new_blind"])
    op.create_table(
        "protection_mark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _INSTANT(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", _INSTANT(), nullable=True),
        sa.CheckConstraint("mark IN ('on', 'off')", name=op.f("ck_protection_mark_known_word")),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL OR approved_by <> by)",
            name=op.f("ck_protection_mark_two_people"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_protection_mark_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protection_mark")),
    )
    op.create_index("ix_protection_mark_request_id", "protection_mark", ["request_id"])


def downgrade() -> None:
    op.execute("DROP TRIGGER request_guarded ON request")
    op.execute("DROP TRIGGER outgoing_mail_guarded ON outgoing_mail")
    op.execute("DROP TRIGGER download_guarded ON download")
    op.execute("DROP TRIGGER package_made_guarded ON package")
    op.execute("DROP TRIGGER package_guarded ON package")
    op.execute("DROP TRIGGER task_guarded ON task")
    for function in ("task", "release", "download", "mail", "unmarking"):
        op.execute(f"DROP FUNCTION refuse_{function}()")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_claim_two_where_two_are_needed"), "claim")
    op.drop_column("claim", "two_needed")
    op.drop_column("claim", "moves_contact")
    op.drop_column("claim", "cooling_until")
    op.drop_constraint(op.f("ck_request_stop_settled_by_another"), "request")
    op.drop_constraint(op.f("ck_request_stop_has_somebody"), "request")
    for column in ("stop_settled_at", "stop_settled_by", "stop_verdict", "stopped_by", "stopped_at", "risk_marks"):
        op.drop_column("request", column)
    op.drop_column("request", "protected")
