"""
What we keep ourselves, and how it goes: nothing is kept because nobody thought of it, and gone means gone.
"""

import json
import os
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app import clock
from app.domain.case import ClaimOutcome
from app.models import RequestRow, TaskRow
from app.repositories import cases
from app.services import casework, correspondence, intake, own_retention, packaging, sealing, steps, tasks
from app.services.own_retention import Cleaned, Replayed
from app.services.packaging import PackageExpired
from app.vault.envelope import Address
from app.vault.errors import Reason, Unreadable
from sandbox.people import BY_ID
from tests.harness.house import AGENT, CUSTOMER, House
from tests.services.by_hand import answer, answer_all, found, grant, look, open_tasks, release

CONTROLLER = "westra"
MONTH, CASE_FILE = timedelta(days=31), timedelta(days=25 * 31)
NOTHING = Cleaned(0, 0, 0)
EXPORTED = {"outcome": "completed", "records": [{"category": "contact", "rows": [{"email": "anna@example.org"}]}]}


def says(task: TaskRow):
    is_export = task.action == "export" and "contact" in task.categories
    return EXPORTED if is_export else {"outcome": "completed"}


async def move(house: House, by: timedelta) -> None:
    async with house.tx() as tx:
        await clock.move(tx.session, to=tx.now + by)


async def given_out(house: House) -> UUID:
    """A request that was answered with a package, and closed."""
    request_id = await found(house, "access")
    await grant(house, request_id, "access")
    await answer_all(house, request_id, says)
    seen = await release(house, request_id)
    assert seen.is_closed
    return request_id


async def ended(house: House, outcome: str) -> UUID:
    """A closed request that ended in one of the ways there are."""
    if outcome in (ClaimOutcome.GRANTED, ClaimOutcome.PARTLY_GRANTED, ClaimOutcome.REFUSED):
        request_id = await given_out(house)
    else:
        request_id = await found(house, "access")
        async with house.tx() as tx:
            await casework.withdraw(tx, await steps.hold(tx, request_id), rights=[], actor=AGENT)
        await look(house, request_id)
    await house.sql("UPDATE claim SET outcome = $1 WHERE request_id = $2", outcome, request_id)
    assert (await house.see(request_id)).is_closed
    return request_id


async def row_of(house: House, request_id: UUID) -> RequestRow:
    async with house.tx() as tx:
        row = await cases.request(tx, request_id)
        assert row is not None
        return row


async def rows_left(house: House, request_id: UUID) -> set[str]:
    """Every table that still holds a row of the request, by any column that names it."""
    columns = await house.sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name IN ('request_id', 'id', 'task_id') AND data_type = 'uuid'"
    )
    ids = [request_id, *(task.id for task in (await _tasks(house, request_id)))]
    left = set()
    for table, column in columns:
        if (await house.sql(f'SELECT count(*) FROM "{table}" WHERE {column} = ANY($1)', ids))[0][0]:  # noqa: S608
            left.add(table)
    return left


async def _tasks(house: House, request_id: UUID) -> list[TaskRow]:
    async with house.tx() as tx:
        return list(await cases.tasks_of(tx, request_id))


class Dump:
    """What a copy of the database, made at some moment, holds of a request; and the master key beside it."""

    @classmethod
    async def of(cls, house: House, request_id: UUID) -> "Dump":
        made = cls()
        made.house = house
        made.request = dict((await house.sql("SELECT * FROM request WHERE id = $1", request_id))[0])
        made.tasks = [dict(r) for r in await house.sql("SELECT * FROM task WHERE request_id = $1", request_id)]
        made.letters = [dict(r) for r in await house.sql("SELECT * FROM letter WHERE request_id = $1", request_id)]
        package = await house.sql("SELECT file FROM package WHERE request_id = $1", request_id)
        files = house.ctx.settings.data_dir / "packages"
        made.package = {r["file"]: (files / f"{r['file']}.sealed").read_bytes() for r in package}
        return made

    def opens(self, wrapped: str, key_id: str) -> bytes | Reason:
        """Try a key of the dump with everything that is left: the master key, and the key store as it stands."""
        vault, shares = self.house.ctx.vault, self.house.ctx.shares
        try:
            name = self.request[key_id]
            share = shares.read(CONTROLLER, name)
            key = vault.open_data_key(self.request[wrapped], str(name), share)
            where = Address(CONTROLLER, "request", "subject", str(self.request["id"]))
            return key.open(self.request["subject_sealed"], where=where) if wrapped == "wrapped_key" else b"open"
        except Unreadable as error:
            return error.reason


class TestContents:
    async def test_go_with_the_package_thirty_days_after_release(self, house: House):
        """
        The package, and what it was made of: the file, the rows processors gave, the tokens to fetch it.
        """
        request_id = await given_out(house)
        file = next((house.ctx.settings.data_dir / "packages").rglob("*.sealed"))
        assert await own_retention.clean(house.ctx) == NOTHING
        await move(house, MONTH)

        assert await own_retention.clean(house.ctx) == Cleaned(packages=1, contents=1, case_files=0)
        assert not file.exists()
        assert [task.records_sealed for task in await _tasks(house, request_id)] == [None] * len(
            await _tasks(house, request_id)
        )
        row = await row_of(house, request_id)
        with pytest.raises(Unreadable):
            sealing.contents_key_of(house.ctx, row)
        async with house.tx() as tx:
            with pytest.raises(PackageExpired):
                await packaging.new_download(tx, house.ctx, row, subject_key=b"x", actor=AGENT)

    async def test_leave_the_facts_of_the_case(self, house: House):
        """
        Law.md E: the case record holds facts, not contents: letters are read, and how much was given is known.
        """
        request_id = await given_out(house)
        await move(house, MONTH)
        await own_retention.clean(house.ctx)

        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            assert "<html" in await correspondence.read_letter(tx, house.ctx, row, "receipt")
            told = [tasks.answer_of(house.ctx, row, task) for task in await cases.tasks_of(tx, request_id)]
        assert {"outcome": "completed", "records_given": {"contact": 1}} in told
        assert not any("records" in one for one in told)

    async def test_cannot_be_read_in_a_dump_made_before(self, house: House):
        """
        GDPR Art. 17, 5(1)(e): whoever has the old rows, the old file and the master key has nothing; the person's own
        data of the case, not yet over, opens still.
        """
        request_id = await given_out(house)
        dump = await Dump.of(house, request_id)
        assert dump.opens("contents_key", "contents_id") == b"open"
        await move(house, MONTH)
        await own_retention.clean(house.ctx)

        assert dump.opens("contents_key", "contents_id") is Reason.NO_SHARE
        assert b"anna" in dump.opens("wrapped_key", "id").lower()

    async def test_are_written_down_as_gone(self, house: House):
        """
        Art. 5(2): which package, which key, in the chain; and the key outside the database as well.
        """
        request_id = await given_out(house)
        contents_id = (await row_of(house, request_id)).contents_id
        await move(house, MONTH)
        await own_retention.clean(house.ctx)

        assert (await house.steps_of(request_id))[-2:] == ["package:destroyed", "key:destroyed"]
        (line,) = await house.ctx.journal.destroyed(CONTROLLER)
        assert (line["key_id"], line["request_id"], line["what"]) == (str(contents_id), str(request_id), "contents")

    async def test_of_a_request_that_is_still_open_stay(self, house: House):
        """
        F08: letters still to be written are written from what was done; only the package itself has had its time.
        """
        request_id = await found(house, "access", "rectification")
        await grant(house, request_id, "access")
        for task in open_tasks(await look(house, request_id)):
            if task.action == "export":
                await answer(house, task, says(task))
        await answer_all(house, request_id, says)
        seen = await release(house, request_id)
        assert not seen.is_closed
        await move(house, MONTH)

        assert await own_retention.clean(house.ctx) == Cleaned(packages=1, contents=0, case_files=0)
        row = await row_of(house, request_id)
        assert sealing.contents_key_of(house.ctx, row)


class TestCaseFile:
    @pytest.mark.parametrize("outcome", list(ClaimOutcome))
    async def test_goes_however_the_request_ended(self, house: House, outcome: str):
        """
        Every terminal state is cleaned, not only the happy one: nothing of the request is left in any table but its
        chain, and nothing in any folder.
        """
        request_id = await ended(house, outcome)
        await move(house, CASE_FILE)
        assert (await own_retention.clean(house.ctx)).case_files == 1

        assert await rows_left(house, request_id) == {"audit_entry"}
        assert await house.ctx.shares.kept(CONTROLLER) == []
        assert list((house.ctx.settings.data_dir / "packages").rglob("*.sealed")) == []
        counts = await house.sql('SELECT "right", outcome, n FROM case_count ORDER BY 1')
        assert [tuple(one) for one in counts] == [("*", "*", 1), ("access", outcome, 1)]

    async def test_f27_stays_until_its_last_day_is_over(self, house: House):
        """
        F27: 24 months after closing by default, a day in the controller's time zone; not a day longer.
        """
        request_id = await ended(house, ClaimOutcome.WITHDRAWN)
        closed_at = (await row_of(house, request_id)).closed_at
        last = house.ctx.today(CONTROLLER, closed_at).replace(year=closed_at.year + 2)
        async with house.tx() as tx:
            await clock.move(tx.session, to=closed_at.replace(year=last.year, month=last.month, day=last.day))
        assert (await own_retention.clean(house.ctx)).case_files == 0

        await move(house, timedelta(days=1))
        assert (await own_retention.clean(house.ctx)).case_files == 1

    async def test_cannot_be_read_in_a_dump_made_before(self, house: House):
        """
        GDPR Art. 17, 5(1)(e): the rows of a dump, its package files and the master key, and no key to be found.
        """
        request_id = await given_out(house)
        dump = await Dump.of(house, request_id)
        assert b"anna" in dump.opens("wrapped_key", "id").lower()
        await move(house, CASE_FILE)
        await own_retention.clean(house.ctx)

        assert dump.opens("wrapped_key", "id") is Reason.NO_SHARE
        assert dump.opens("contents_key", "contents_id") is Reason.NO_SHARE
        with pytest.raises(Unreadable):
            house.ctx.vault.open_data_key(dump.request["wrapped_key"], str(request_id), os.urandom(32)).open(
                dump.request["subject_sealed"], where=Address(CONTROLLER, "request", "subject", str(request_id))
            )

    async def test_leaves_a_chain_that_says_so(self, house: House):
        """
        Art. 5(2): that we erased must be provable; the chain holds ids, codes and dates and belongs to nobody now.
        """
        request_id = await given_out(house)
        await move(house, CASE_FILE)
        await own_retention.clean(house.ctx)

        assert (await house.steps_of(request_id))[-2:] == ["key:destroyed", "request:erased"]

    async def test_is_not_touched_a_second_time(self, house: House):
        """
        Level-triggered: nothing is over, nothing is done.
        """
        await given_out(house)
        await move(house, CASE_FILE)
        await own_retention.clean(house.ctx)

        assert await own_retention.clean(house.ctx) == NOTHING
        assert sum(r["n"] for r in await house.sql("SELECT n FROM case_count")) == 2

    async def test_that_a_crash_left_half_destroyed_goes_the_next_time(self, house: House):
        """
        kill -9 between the share and the rows: the file is still over, is found again, and counts once.
        """
        request_id = await given_out(house)
        await move(house, CASE_FILE)
        await house.ctx.journal.note_destroyed(
            CONTROLLER, {"key_id": str(request_id), "request_id": str(request_id), "what": "case"}
        )
        await house.ctx.shares.destroy(CONTROLLER, [request_id])

        assert (await own_retention.clean(house.ctx)).case_files == 1
        assert await rows_left(house, request_id) == {"audit_entry"}

    async def test_that_cannot_be_erased_does_not_hold_up_others(self, house: House, monkeypatch):
        """
        One that fails is logged and left for the next time.
        """
        first, second = await ended(house, ClaimOutcome.WITHDRAWN), await ended(house, ClaimOutcome.WITHDRAWN)
        await move(house, CASE_FILE)
        path = house.ctx.shares._path(CONTROLLER, first)
        path.unlink()
        path.mkdir()  # no file can be destroyed where a folder stands

        assert (await own_retention.clean(house.ctx)).case_files == 1
        assert await rows_left(house, second) == {"audit_entry"}
        path.rmdir()
        assert (await own_retention.clean(house.ctx)).case_files == 1
        assert await rows_left(house, first) == {"audit_entry"}

    async def test_of_an_open_request_is_never_over(self, house: House):
        """
        However long it has been lying about: it has to be answered first.
        """
        request_id = await found(house, "access")
        await move(house, CASE_FILE)

        assert await own_retention.clean(house.ctx) == NOTHING
        assert await row_of(house, request_id)


class TestRestore:
    async def test_of_the_key_store_brings_no_key_back(self, house: House):
        """
        A share that came back with a backup is destroyed again, by the chain alone if the journal is lost.
        """
        request_id = await given_out(house)
        path = house.ctx.shares._path(CONTROLLER, request_id)
        backup = path.read_bytes()
        await move(house, CASE_FILE)
        await own_retention.clean(house.ctx)
        path.write_bytes(backup)
        (house.ctx.settings.data_dir / "journal" / CONTROLLER / "destroyed.jsonl").unlink()

        assert await own_retention.replay(house.ctx) == Replayed(shares=1)
        assert not path.exists()

    async def test_of_the_database_brings_no_case_back(self, house: House):
        """
        Rows that came back with a dump go again, by the journal outside of it; they could not be read meanwhile.
        """
        request_id = await given_out(house)
        async with house.superuser() as connection:
            backup = await connection.fetchval("SELECT to_jsonb(r)::text FROM request r WHERE id = $1", request_id)
            await move(house, CASE_FILE)
            await own_retention.clean(house.ctx)
            await connection.execute(
                "INSERT INTO request SELECT * FROM jsonb_populate_record(NULL::request, $1::jsonb)", backup
            )
        row = await row_of(house, request_id)
        with pytest.raises(Unreadable):
            sealing.key_of(house.ctx, row)

        assert (await own_retention.replay(house.ctx)).case_files == 1
        assert await rows_left(house, request_id) == {"audit_entry"}
        assert await own_retention.replay(house.ctx) == Replayed()

    async def test_of_the_database_brings_no_contents_back(self, house: House):
        """
        The case file is not over yet, what was given out is: half a key and rows sealed under it go again.
        """
        request_id = await given_out(house)
        before = await row_of(house, request_id)
        await move(house, MONTH)
        await own_retention.clean(house.ctx)
        await house.sql("UPDATE request SET contents_key = $1 WHERE id = $2", before.contents_key, request_id)

        assert (await own_retention.replay(house.ctx)).contents == 1
        assert (await row_of(house, request_id)).contents_key is None
        assert await own_retention.replay(house.ctx) == Replayed()


class RolledBack(Exception):
    """What ends a transaction."""


class TestShareWithoutARow:
    @staticmethod
    async def orphan(house: House, *, age: float) -> Path:
        """What is left of an intake whose transaction came to nothing."""
        with suppress(RolledBack):
            async with house.tx(CONTROLLER) as tx:
                new = house.request_of(BY_ID["anna-lindqvist"], CONTROLLER, ["access"], received_at=tx.now)
                row = await intake.file(tx, house.ctx, new, actor=CUSTOMER)
                raise RolledBack
        path: Path = house.ctx.shares._path(CONTROLLER, row.id)
        os.utime(path, (time.time() - age, time.time() - age))
        return path

    async def test_is_swept_when_it_is_old(self, house: House):
        """
        Its transaction was rolled back: nothing is sealed under it.
        """
        path = await self.orphan(house, age=8 * 86_400)
        kept = await house.file(CONTROLLER, "access")

        assert await own_retention.replay(house.ctx) == Replayed(orphans=1)
        assert not path.exists()
        assert sealing.key_of(house.ctx, await row_of(house, kept))

    @pytest.mark.parametrize("age", [0, 6 * 86_400])
    async def test_is_left_alone_while_it_may_be_under_way(self, house: House, age: float):
        """
        An intake writes its share before its row can be seen.
        """
        path = await self.orphan(house, age=age)
        await house.file(CONTROLLER, "access")

        assert await own_retention.replay(house.ctx) == Replayed()
        assert path.exists()

    async def test_is_left_alone_by_a_database_that_knows_nothing_newer(self, house: House):
        """
        A database restored from last month must not destroy the keys of this month: a newer copy may yet be found.
        """
        await house.file(CONTROLLER, "access")
        path = await self.orphan(house, age=8 * 86_400)

        assert await own_retention.replay(house.ctx) == Replayed()
        assert path.exists()

    async def test_is_left_alone_where_there_are_many(self, house: House):
        """
        Another installation's database finds no row for any share: that is a mistake, not a heap of orphans.
        """
        paths = [await self.orphan(house, age=8 * 86_400) for _ in range(11)]
        await house.file(CONTROLLER, "access")

        assert await own_retention.replay(house.ctx) == Replayed()
        assert all(path.exists() for path in paths)


class TestKeyStore:
    async def test_of_another_installation_is_noticed(self, house: House):
        """
        A folder that is not mounted would make every case look erased: `/readyz` says so before anybody is let in.
        """
        assert await own_retention.has_its_keys(house.ctx)
        request_id = await house.file(CONTROLLER, "access")
        assert await own_retention.has_its_keys(house.ctx)

        house.ctx.shares._path(CONTROLLER, request_id).unlink()
        assert not await own_retention.has_its_keys(house.ctx)


class TestJournal:
    async def test_that_a_crash_cut_short_goes_on(self, house: House):
        """
        A line without an end spoke of a key that was not destroyed yet; the next one begins on a line of its own.
        """
        path = house.ctx.settings.data_dir / "journal" / CONTROLLER / "destroyed.jsonl"
        await house.ctx.journal.note_destroyed(CONTROLLER, {"n": 1})
        with path.open("a") as file:
            file.write('{"key_id": "half')
        await house.ctx.journal.note_destroyed(CONTROLLER, {"n": 2})

        assert [json.dumps(one) for one in await house.ctx.journal.destroyed(CONTROLLER)] == ['{"n": 1}', '{"n": 2}']
