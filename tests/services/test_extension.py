"""
Two further months: asked by one, agreed to by another, and in effect when the person has been told in time.
"""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from app import clock
from app.domain.extension import (
    ExtendedAlready,
    ExtensionReasonsNeeded,
    ExtensionReasonsRefused,
    ExtensionTooLate,
    NothingToExtend,
)
from app.domain.four_eyes import SecondPersonNeeded
from app.domain.identity import Level
from app.repositories import cases
from app.services import approving, clock_views, correspondence, extension, steps, views
from app.services.casework import IdentityNotProven
from tests.harness.house import AGENT, APPROVER, CUSTOMER
from tests.letters.page import Page
from tests.services.by_hand import CONTROLLER, answer_all, approve, found, look

REASONS = "Begäran rör fjorton anläggningar med egna larmloggar under nio år, och grannar måste maskeras."
#: A month later is Monday 16 March, three months later Saturday 16 May.
RECEIVED_AT = datetime(2032, 2, 16, 9, tzinfo=UTC)
DUE_ON, EXTENDED_ON = date(2032, 3, 16), date(2032, 5, 17)


async def at(house, moment):
    async with house.tx() as tx:
        await clock.move(tx.session, to=moment)


async def begun(house, *rights, **changed):
    """A request at work, received on the day the arithmetic is about."""
    await at(house, RECEIVED_AT)
    return await found(house, *(rights or ("access",)), **changed)


async def ask(house, request_id, *, ground="complexity", reasons=REASONS, actor=AGENT):
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        return await extension.ask(tx, house.ctx, row, ground=ground, reasons=reasons, actor=actor)


async def reject(house, approval):
    async with house.tx() as tx:
        await approving.give(tx, house.ctx, approval.id, approved=False, reason="Nej.", actor=APPROVER)


async def posted(house, request_id, *, moment):
    """Say that the letter went out then, as whoever posts it does."""
    await house.sql("UPDATE letter SET sent_at = $2 WHERE request_id = $1 AND kind = 'extension'", request_id, moment)
    async with house.tx() as tx:
        await steps.changed(tx, await steps.hold(tx, request_id))


async def seen_by_staff(house, request_id):
    async with house.tx() as tx:
        return await views.staff_request(tx, house.ctx, await steps.hold(tx, request_id))


class TestExtension:
    async def test_r12_5_moves_the_due_date_once_two_agree_and_the_person_is_told(self, house):
        """
        R12-5: three months from receipt, rolled; until the letter is out the month stands.
        """
        request_id = await begun(house)
        approval = await ask(house, request_id)
        asked = (await look(house, request_id)).row
        await approve(house, approval)
        claimed = (await house.see(request_id)).row
        done = (await look(house, request_id)).row

        assert [row.deadline["extension"]["state"] for row in (asked, claimed, done)] == [
            *("asked", "claimed", "effective")
        ]
        assert (asked.extension_state, asked.due_on, asked.deadline["extended"]) == ("asked", DUE_ON, False)
        assert (claimed.extension_state, claimed.due_on, claimed.deadline["extended"]) == ("claimed", DUE_ON, False)
        assert (done.extension_state, done.due_on, done.deadline["extended"]) == ("effective", EXTENDED_ON, True)
        assert done.deadline["refusal_notice_due_on"] == DUE_ON.isoformat()
        assert "request:extended" in await house.steps_of(request_id)

    async def test_r12_5_is_told_with_reasons_the_new_day_and_where_to_complain(self, house):
        """
        R12-5, R77-1: law.md G.3: specific reasons, both days, what is ready, IMY and court.
        """
        request_id = await begun(house)
        await approve(house, await ask(house, request_id))
        await look(house, request_id)
        text = " ".join(Page((await house.letters(request_id))["extension"]).text.split())

        for said in (
            *("senast 16 mars 2032", "Ny sista dag: 17 maj 2032", REASONS, "komplicerad", "artikel 12.3"),
            *("Integritetsskyddsmyndigheten (IMY)", "allmän domstol", "Det som redan är klart"),
            "där du bor eller arbetar, eller där felet begicks",
        ):
            assert said in text

    async def test_f06_is_refused_after_the_due_day(self, house):
        """
        F06: the first instant after the due day in Stockholm is too late, for asking and for agreeing.
        """
        request_id = await begun(house)
        approval = await ask(house, request_id)
        await at(house, datetime(2032, 3, 16, 22, 59, 59, tzinfo=UTC))
        await reject(house, approval)
        late = await ask(house, request_id)
        await at(house, datetime(2032, 3, 16, 23, 0, tzinfo=UTC))
        with pytest.raises(ExtensionTooLate):
            await approve(house, late)
        await reject(house, late)
        with pytest.raises(ExtensionTooLate):
            await ask(house, request_id)

        assert (await look(house, request_id)).row.due_on == DUE_ON

    @pytest.mark.parametrize(
        ("reasons", "refusal"),
        [
            ("", ExtensionReasonsNeeded),
            ("Komplex begäran.", ExtensionReasonsNeeded),
            ("Personalbrist under julen på hela avdelningen i Stockholm.", ExtensionReasonsRefused),
        ],
    )
    async def test_f06_is_refused_without_reasons_or_with_banned_ones(self, house, reasons, refusal):
        """
        F06: empty and banned reasons ask nobody anything.
        """
        request_id = await begun(house)
        with pytest.raises(refusal):
            await ask(house, request_id, reasons=reasons)

        assert await house.waiting_approvals(request_id) == []

    async def test_f06_is_claimed_once(self, house):
        """
        F06, R12-5: neither while it waits nor after it took effect is there a second one.
        """
        request_id = await begun(house)
        approval = await ask(house, request_id)
        with pytest.raises(ExtendedAlready):
            await ask(house, request_id)
        await approve(house, approval)
        await look(house, request_id)
        with pytest.raises(ExtendedAlready):
            await ask(house, request_id)

    async def test_takes_three_people(self, house):
        """
        Neither the one who asked for it nor the requester agrees to it; the requester does not ask for it.
        """
        request_id = await begun(house)
        approval = await ask(house, request_id)
        for same in (AGENT, CUSTOMER):
            with pytest.raises(SecondPersonNeeded):
                await approve(house, approval, actor=same)

        assert (await house.see(request_id)).row.extension_state == "asked"

    async def test_is_held_by_the_database_where_the_code_is_walked_round(self, house):
        """
        No statement extends a case alone: not the state, not the deadline, not a second person who is the first.
        """
        request_id = await begun(house)
        walked_round = [
            "UPDATE request SET deadline = jsonb_set(deadline, '{extended}', 'true')",
            "UPDATE request SET extension_state = 'effective'",
        ]
        for statement in walked_round:
            with pytest.raises(asyncpg.CheckViolationError):
                await house.sql(statement + " WHERE id = $1", request_id)
        await ask(house, request_id)
        for statement in (
            *walked_round,
            "UPDATE request SET extension_state = 'claimed'",
            "UPDATE request SET extension_state = 'claimed', extension_approved_by = extension_asked_by",
            "UPDATE request SET extension_state = 'claimed', extension_approved_by = requester_ref",
            "UPDATE request SET extension_asked_by = requester_ref",
            "UPDATE request SET extension_reasons_sealed = NULL",
        ):
            with pytest.raises(asyncpg.CheckViolationError):
                await house.sql(statement + " WHERE id = $1", request_id)

    async def test_is_asked_for_nobody_unknown(self, house):
        """
        What is complex about somebody's data is not written to whoever typed their name.
        """
        await at(house, RECEIVED_AT)
        request_id = await house.file(CONTROLLER, "access", assurance=Level.NONE)
        with pytest.raises(IdentityNotProven):
            await ask(house, request_id)

    async def test_is_not_asked_once_the_answer_has_begun(self, house):
        """
        A case being answered has nothing left to extend.
        """
        request_id = await begun(house, "rectification")
        await house.sql("UPDATE request SET phase = 'answering' WHERE id = $1", request_id)
        with pytest.raises(NothingToExtend):
            await ask(house, request_id)


class TestNotice:
    @pytest.fixture
    async def waiting(self, house):
        """A claimed extension whose letter lies with the post."""
        request_id = await begun(house)
        await approve(house, await ask(house, request_id))
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            letter = await correspondence.write(tx, house.ctx, await cases.rows_of(tx, row), "extension")
            letter.via, letter.sent_at = "post", None
        await look(house, request_id)
        return request_id

    async def test_r12_5_that_is_posted_on_the_last_day_is_in_time(self, house, waiting):
        """
        R12-5: the civil day on which the letter is out counts, also when the case is looked at the day after.
        """
        last = datetime(2032, 3, 16, 22, 30, tzinfo=UTC)
        await at(house, last + timedelta(hours=8))
        await posted(house, waiting, moment=last)
        seen = await look(house, waiting)

        assert (seen.row.extension_state, seen.row.due_on) == ("effective", EXTENDED_ON)
        assert "request:overdue" not in await house.steps_of(waiting)

    async def test_f06_that_is_not_out_in_time_extends_nothing(self, house, waiting):
        """
        F06: the due date stands, the claim lapses, staff are alarmed, and the letter that would not be true is gone.
        """
        await at(house, datetime(2032, 3, 16, 23, 30, tzinfo=UTC))
        seen = await look(house, waiting)
        staff = await seen_by_staff(house, waiting)

        assert (seen.row.extension_state, seen.row.due_on) == ("lapsed", DUE_ON)
        assert {"request:extension_lapsed", "request:overdue"} <= set(await house.steps_of(waiting))
        assert {one["alarm"] for one in staff["alarms"]} >= {"extension_lapsed", "overdue"}
        assert "extension" not in await house.letters(waiting)
        assert await look(house, waiting) is not None
        assert (await house.steps_of(waiting)).count("request:extension_lapsed") == 1

    async def test_leaves_the_due_date_alone_while_it_lies(self, house, waiting):
        """
        A claimed extension shows the date that still holds.
        """
        staff = await seen_by_staff(house, waiting)

        assert (staff["due_on"], staff["extension"]["state"]) == (DUE_ON, "claimed")
        assert (staff["extension"]["until"], staff["extension"]["notice_due_on"]) == (EXTENDED_ON, DUE_ON)
        assert staff["extension"]["reasons"] == REASONS
        assert staff["extension"]["notice_sent_at"] is None


class TestTasks:
    async def test_are_given_more_time_with_the_case(self, house):
        """
        A processor's answer-by day is derived from the case, and follows it for what is still open (B.3).
        """
        await at(house, RECEIVED_AT)
        request_id = await house.file(CONTROLLER, "access")
        before = {task.id: task.answer_by for task in (await look(house, request_id)).tasks}
        await approve(house, await ask(house, request_id))
        after = {task.id: task.answer_by for task in (await look(house, request_id)).tasks}

        assert set(before.values()) == {date(2032, 3, 2)}
        assert {after[id_] for id_ in before} == {date(2032, 4, 30)}

    async def test_that_are_over_keep_theirs(self, house):
        """
        What was answered was asked for by its own day.
        """
        request_id = await begun(house)
        before = {task.id: task.answer_by for task in (await house.see(request_id)).tasks}
        await approve(house, await ask(house, request_id))
        await look(house, request_id)

        assert {task.id: task.answer_by for task in (await house.see(request_id)).tasks if task.id in before} == before


class TestStaffView:
    async def test_shows_nothing_where_nothing_was_asked(self, house):
        """
        No extension, no alarm, no question; and when recipients should have answered.
        """
        request_id = await begun(house)
        await answer_all(house, request_id)
        async with house.tx() as tx:
            shown = await clock_views.staff(tx, house.ctx, await steps.hold(tx, request_id))

        assert shown["extension"] is None
        assert (shown["alarms"], shown["questions"], shown["refusal_late"]) == ([], [], False)
        assert shown["processors_answer_by"] == date(2032, 3, 2)
