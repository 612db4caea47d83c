"""
Backups come back, transactions come to nothing, folders are not mounted: what was destroyed stays destroyed, and
nothing else is.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app.services import intake, own_retention, sealing
from app.services.own_retention import Replayed
from app.vault.errors import Unreadable
from sandbox.people import BY_ID
from tests.harness.house import CUSTOMER, House
from tests.services.kept import CASE_FILE, CONTROLLER, MONTH, given_out, move, row_of, rows_left


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
