"""
What we keep ourselves, and how it goes: nothing is kept because nobody thought of it, and gone means gone.
"""

import os
from datetime import timedelta
from uuid import UUID

import pytest

from app import clock
from app.domain.case import ClaimOutcome
from app.repositories import cases
from app.services import correspondence, own_retention, packaging, sealing, steps, tasks
from app.services.own_retention import Cleaned
from app.services.packaging import PackageExpired
from app.vault.envelope import Address
from app.vault.errors import Reason, Unreadable
from tests.harness.house import AGENT, House
from tests.services.by_hand import answer, answer_all, approve, found, grant, look, open_tasks, release
from tests.services.kept import (
    CASE_FILE,
    CONTROLLER,
    MONTH,
    NOTHING,
    ended,
    given_out,
    move,
    row_of,
    rows_left,
    says,
    tasks_of,
)
from tests.services.test_restriction import announce, ask, restricted, restriction_of


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
        assert [task.records_sealed for task in await tasks_of(house, request_id)] == [None] * len(
            await tasks_of(house, request_id)
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

    async def test_from_which_a_restriction_holds_stays_until_that_is_lifted(self, house: House):
        """
        R18-3: the notice of its end is for a person whose name only the case file knows; lifted, both go.
        """
        request_id, restriction = await restricted(house)
        await move(house, CASE_FILE)
        assert (await own_retention.clean(house.ctx)).case_files == 0
        assert await restriction_of(house, request_id)

        await announce(house, restriction)
        await move(house, timedelta(days=4))
        await approve(house, await ask(house, restriction))
        assert (await own_retention.clean(house.ctx)).case_files == 1
        assert await rows_left(house, request_id) == {"audit_entry"}
        assert await house.sql("SELECT FROM restriction_identifier") == []

    async def test_takes_the_file_of_a_former_version_along(self, house: House):
        """
        A package that was made anew may have a version before it that nobody came to destroy.
        """
        request_id = await given_out(house)
        folder = house.ctx.settings.data_dir / "packages" / CONTROLLER
        former = folder / f"{request_id}-former.sealed"
        former.write_bytes(next(folder.glob("*.sealed")).read_bytes())
        await house.sql("UPDATE package SET former_file = $1", f"{CONTROLLER}/{request_id}-former")
        await move(house, MONTH)

        assert (await own_retention.clean(house.ctx)).packages == 1
        assert list(folder.glob("*.sealed")) == []

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
