"""
One controller's rows are nobody else's: held by PostgreSQL, whatever the code forgets.
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.db import APP_ROLE
from app.models import METADATA
from app.services import steps
from tests.harness.house import House
from tests.services.street import Street, a_house

WALKED, OTHER = "westra", "securitas"
#: Tables that belong to no controller: the sandbox's clock, letters' wording, the alarm clock, the migrations.
SHARED = {"clock_offset", "letter_template", "alembic_version"}
APPEND_ONLY = ("audit_entry", "callback_event")
TABLES = sorted(table.name for table in METADATA.sorted_tables)
TENANT_TABLES = [name for name in TABLES if name not in SHARED]
#: The whole tables a superuser would copy; what each must have rows in after the fixture, or the test proves nothing.
FILLED = "SELECT count(*) FROM {table} WHERE controller_id = $1"


@pytest.fixture(scope="module")
async def lived_in(street: Street, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house in which one controller has a row in every table, and another has its registry."""
    async with a_house(street, tmp_path_factory.mktemp("tenancy")) as house:
        async with house.working():
            await house.until_closed(await house.file(WALKED, "access", "erasure"))
        await _fill_the_rest(house)
        yield house


async def _fill_the_rest(house: House) -> None:
    """What a walk by itself leaves no row of."""
    request = (await house.sql("SELECT id FROM request"))[0]["id"]
    async with house.superuser() as connection:
        await connection.execute(
            "INSERT INTO download VALUES ('\\x00', $1, $2, '\\x00', now(), now(), 1)", request, WALKED
        )
        await connection.execute(
            "INSERT INTO idempotency (controller_id, client, route, key, fingerprint, status, body, headers, made_at)"
            " VALUES ($1, 'client', 'route', 'key', '\\x00', 201, '{}', '{}', now())",
            WALKED,
        )
        await connection.execute(
            "INSERT INTO outgoing_mail (id, request_id, controller_id, dedupe, mail_sealed, state, attempts, made_at)"
            " VALUES (gen_random_uuid(), $1, $2, 'once', '\\x00', 'waiting', 0, now())",
            request,
            WALKED,
        )
        await connection.execute(
            "INSERT INTO suspension (id, request_id, controller_id, reason, code, stops, question_sealed, asked_at,"
            " asked_by) VALUES (gen_random_uuid(), $1, $2, 'identity', 'unsure', true, '\\x00', now(), 'agent')",
            request,
            WALKED,
        )
        claim = await connection.fetchval("SELECT id FROM claim WHERE request_id = $1 LIMIT 1", request)
        await connection.execute(
            "INSERT INTO case_note VALUES (gen_random_uuid(), $1, $2, 'note', '\\x00', 'agent', now())", request, WALKED
        )
        await connection.execute(
            "INSERT INTO disagreement_note VALUES (gen_random_uuid(), $1, $2, $3, '\\x00', 'person', now())",
            request,
            claim,
            WALKED,
        )
        await connection.execute(
            "INSERT INTO fee_notice (id, request_id, claim_id, controller_id, ground, amount_ore, basis, record_sealed,"
            " asked_by, asked_at) VALUES (gen_random_uuid(), $1, $2, $3, 'excessive', 1, '{\"evidence\": 1}', '\\x00',"
            " 'agent', now())",
            request,
            claim,
            WALKED,
        )
        await connection.execute(
            "INSERT INTO suppression VALUES ($1, 'marketing', '\\x00', 'email', 'INS-2026-ABCDEFGH', now())", WALKED
        )
        await connection.execute(
            "INSERT INTO scheduled_erasure (id, controller_id, request_id, claim_id, reference, processor_id, category,"
            " exception, hold, until, due_on, state, next_at, decided_by, decided_at, identifiers_checked, assurance,"
            " language, protected, made_at) SELECT gen_random_uuid(), $1::varchar, $2, gen_random_uuid(), 'INS', id,"
            " 'contact', 'legal_obligation', 'BFL_7_2', '2033-12-31', '2034-01-01', 'waiting', now(), 'a', now(),"
            " false, 'high', 'sv', false, now() FROM processor WHERE controller_id = $1::varchar LIMIT 1",
            WALKED,
            request,
        )
        await connection.execute(
            "INSERT INTO profile_supplement"
            " VALUES (gen_random_uuid(), $1, 'transfers', 'Inga.', 'None.', '[]', 'x', now())",
            WALKED,
        )
        await connection.execute(
            "INSERT INTO lane_call SELECT processor_id, now(), controller_id, 1 FROM lane WHERE controller_id = $1"
            " LIMIT 1",
            WALKED,
        )
        await connection.execute("INSERT INTO case_count VALUES ($1, '2024-01-01', '*', '*', true, 1)", WALKED)
        await connection.execute(
            "INSERT INTO one_time_code (id, request_id, controller_id, wanted_at, tries)"
            " VALUES (gen_random_uuid(), $1, $2, now(), 0)",
            request,
            WALKED,
        )
        await connection.execute(
            "INSERT INTO contact_change (id, request_id, controller_id, type, new_blind, since)"
            " VALUES (gen_random_uuid(), $1, $2, 'email', '\\x00', now())",
            request,
            WALKED,
        )
        await connection.execute(
            "INSERT INTO protection_mark (id, request_id, controller_id, mark, reason_sealed, by, at)"
            " VALUES (gen_random_uuid(), $1, $2, 'on', '\\x00', 'somebody', now())",
            request,
            WALKED,
        )
        restriction = "00000000-0000-4000-8000-000000000001"
        await connection.execute(
            "INSERT INTO restriction"
            " (id, controller_id, request_id, claim_id, reference, ground, categories, since, former)"
            " VALUES ($1, $2, $3, $3, 'INS-2026-AAAAAAAA', 'accuracy_contested', '[]', now(), false)",
            restriction,
            WALKED,
            request,
        )
        await connection.execute("INSERT INTO restriction_identifier VALUES ($1, '\\x00', $2)", restriction, WALKED)
        await connection.execute(
            "INSERT INTO forwarding (id, request_id, processor_id, controller_id, categories, state,"
            " received_by_processor_at, due_by, controller_due_on, opened_at)"
            " SELECT gen_random_uuid(), $1, id, controller_id, '[]', 'pending', now(), now(), now(), now()"
            " FROM processor WHERE controller_id = $2 LIMIT 1",
            request,
            WALKED,
        )
        task = await connection.fetchval("SELECT id FROM task WHERE request_id = $1 LIMIT 1", request)
        await connection.execute(
            "INSERT INTO recipient_page (task_id, request_id, controller_id, token_hash, language, made_at)"
            " VALUES ($1, $2, $3, '\\x00', 'sv', now())",
            task,
            request,
            WALKED,
        )
        await connection.execute(
            "INSERT INTO recipient_code (id, task_id, controller_id, code_hash, made_at, expires_at, tries)"
            " VALUES (gen_random_uuid(), $1, $2, '\\x00', now(), now(), 0)",
            task,
            WALKED,
        )
        await connection.execute(
            "INSERT INTO task_file (id, task_id, request_id, controller_id, category, media_type, size, sha256,"
            " name_sealed, file, via, scan, uploaded_at)"
            " VALUES (gen_random_uuid(), $1, $2, $3, 'contact', 'text/csv', 1, 'x', '\\x00', 'x', 'page', 'clean',"
            " now())",
            task,
            request,
            WALKED,
        )
        await connection.execute("INSERT INTO profile_applied VALUES ($1, 'sha256', now(), '{}')", WALKED)


async def _as_service(house: House, controllers: str | None) -> asyncpg.Connection:
    """A connection with the service's rights, inside a transaction that sees *controllers*."""
    connection = await asyncpg.connect(house.db.app_dsn, server_settings={"role": APP_ROLE})
    await connection.execute("BEGIN")
    if controllers is not None:
        await connection.execute("SELECT set_config('insyn.controllers', $1, true)", controllers)
    return connection


class TestEveryTable:
    async def test_is_known_here(self, lived_in):
        """
        A new table must take its place in this file, or somebody forgets its fence.
        """
        found = await lived_in.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ours = {row["tablename"] for row in found if not row["tablename"].startswith("pgqueuer")}

        assert ours == set(TABLES) | SHARED

    async def test_with_a_controller_is_fenced_for_everybody(self, lived_in):
        """
        Row-level security is on, and forced, so that not even the owner looks over the fence.
        """
        found = await lived_in.sql(
            "SELECT c.table_name AS name, t.relrowsecurity AND t.relforcerowsecurity AS fenced,"
            " (SELECT count(*) FROM pg_policies p WHERE p.tablename = c.table_name) AS policies,"
            " (SELECT bool_and(qual IS NOT NULL AND qual = with_check AND cmd = 'ALL' AND permissive = 'PERMISSIVE')"
            "    FROM pg_policies p WHERE p.tablename = c.table_name) AS both_ways"
            " FROM information_schema.columns c JOIN pg_class t ON t.relname = c.table_name"
            " WHERE c.table_schema = 'public' AND c.column_name = 'controller_id'"
        )

        assert {row["name"] for row in found} == set(TENANT_TABLES)
        assert [dict(row) for row in found if not (row["fenced"] and row["both_ways"] and row["policies"] == 1)] == []


class TestServiceRole:
    async def test_may_nothing_that_would_make_fences_pointless(self, lived_in):
        """
        The role the service works as owns nothing, is no superuser and bypasses no policy.
        """
        role = (await lived_in.sql("SELECT * FROM pg_roles WHERE rolname = $1", APP_ROLE))[0]
        owned = await lived_in.sql("SELECT relname FROM pg_class WHERE relowner = $1::regrole", APP_ROLE)

        assert not any(role[right] for right in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb"))
        assert owned == []

    async def test_of_the_login_is_no_mightier(self, lived_in):
        """
        Leaving the role again (RESET ROLE) gains nothing: the login itself sees no row either.
        """
        connection = await asyncpg.connect(lived_in.db.app_dsn)
        try:
            mighty = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user"
            assert await connection.fetchval(mighty) is False
            assert await connection.fetchval("SELECT count(*) FROM request") == 0
        finally:
            await connection.close()


@pytest.mark.parametrize("table", TENANT_TABLES)
class TestRows:
    async def test_are_seen_by_nobody_who_names_no_controller(self, lived_in, table):
        """
        Without SET LOCAL there is nothing: forgetting the tenant shows no row instead of all of them.
        """
        assert (await lived_in.sql(FILLED.format(table=table), WALKED))[0][0] > 0
        for controllers in (None, "", "westr", "westra%", " westra"):
            connection = await _as_service(lived_in, controllers)
            seen = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            await connection.close()

            assert seen == 0

    async def test_are_seen_by_their_own_controller_only(self, lived_in, table):
        """
        A transaction that names one controller sees that one's rows and nobody else's.
        """
        here, there = await _as_service(lived_in, WALKED), await _as_service(lived_in, OTHER)
        own = await here.fetch(f"SELECT DISTINCT controller_id FROM {table}")  # noqa: S608
        foreign = await there.fetchval(f"SELECT count(*) FROM {table} WHERE controller_id = $1", WALKED)  # noqa: S608
        await here.close()
        await there.close()

        assert [row[0] for row in own] == [WALKED]
        assert foreign == 0

    async def test_are_not_written_into_another_controller(self, lived_in, table):
        """
        Neither an insert for another controller nor moving a row over the fence is possible.
        """
        connection = await _as_service(lived_in, WALKED)
        copy = (
            f'INSERT INTO {table} SELECT (jsonb_populate_record(r, \'{{"controller_id": "{OTHER}"}}\')).*'  # noqa: S608
            f" FROM {table} r LIMIT 1"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(copy)
        await connection.execute("ROLLBACK")
        await connection.close()


@pytest.mark.parametrize("table", [name for name in TENANT_TABLES if name not in APPEND_ONLY])
class TestChangeableRows:
    async def test_are_not_changed_from_another_controller(self, lived_in, table):
        """
        Another controller's transaction changes and deletes nothing here.
        """
        connection = await _as_service(lived_in, OTHER)
        changed = await connection.execute(
            f"UPDATE {table} SET controller_id = controller_id WHERE controller_id = $1",  # noqa: S608
            WALKED,
        )
        deleted = await connection.execute(f"DELETE FROM {table} WHERE controller_id = $1", WALKED)  # noqa: S608
        await connection.execute("ROLLBACK")
        await connection.close()

        assert (changed, deleted) == ("UPDATE 0", "DELETE 0")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET controller_id = controller_id", "DELETE FROM {}", "TRUNCATE {}"])
class TestAppendOnly:
    async def test_refuses_the_service(self, lived_in, table, statement):
        """
        The service has no right to change what was written down once.
        """
        connection = await _as_service(lived_in, WALKED)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(statement.format(table))
        await connection.close()

    async def test_refuses_its_owner_too(self, lived_in, table, statement):
        """
        Whoever owns the table is stopped by a trigger: the rule would have to be removed first, and visibly.
        """
        connection = await asyncpg.connect(lived_in.db.owner_dsn)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement.format(table))
        await connection.close()


class TestTransaction:
    async def test_forgets_its_controllers_with_its_end(self, lived_in):
        """
        The next transaction on the same pooled connection starts without a tenant.
        """
        async with lived_in.tx(WALKED) as tx:
            assert tx.controllers == {WALKED}
        async with lived_in.ctx.database.transaction() as tx:
            seen = (await tx.session.connection()).exec_driver_sql
            assert (await seen("SELECT count(*) FROM request")).scalar_one() == 0

    async def test_filed_for_one_controller_cannot_be_held_by_another(self, lived_in):
        """
        An id that leaks is worth nothing to another tenant.
        """
        request_id = await lived_in.file(WALKED, "rectification")
        async with lived_in.tx(OTHER) as tx:
            with pytest.raises(steps.UnknownRequest):
                await steps.hold(tx, request_id)
