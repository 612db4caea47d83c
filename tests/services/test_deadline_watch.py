"""
A case's due date is watched: alarms on their days, a new holiday table, a no that comes too late.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from app import clock
from app.domain.decisions import Verdict
from app.domain.working_days import Calendar, DayOff
from app.observability import ALARMS
from app.repositories import cases
from app.services import deadline_watch, extension, fulfilment, steps, views
from app.services.context import Context
from app.services.deadline_watch import NoLaterDate
from tests.harness.house import AGENT
from tests.services.by_hand import CONTROLLER, answer_all, approve, decide, found, look

RECEIVED_AT = datetime(2032, 2, 16, 9, tzinfo=UTC)
DUE_ON = date(2032, 3, 16)  # a Tuesday
NEW_HOLIDAY = DayOff("new_holiday", "Nydagen", "New Day")
REASONS = "Begäran rör fjorton anläggningar med egna larmloggar under nio år, och grannar måste maskeras."


async def at(house, moment):
    async with house.tx() as tx:
        await clock.move(tx.session, to=moment)


async def filed(house, moment=RECEIVED_AT):
    await at(house, moment)
    request_id = await house.file(CONTROLLER, "access")
    await look(house, request_id)
    return request_id


async def look_at(house, request_id, *moment):
    await at(house, datetime(*moment, tzinfo=UTC))
    return await look(house, request_id)


async def staff(house, request_id):
    async with house.tx() as tx:
        return await views.staff_request(tx, house.ctx, await steps.hold(tx, request_id))


async def facts_of(house, request_id, step):
    found_ = await house.sql("SELECT facts FROM audit_entry WHERE request_id = $1 AND step = $2", request_id, step)

    return [json.loads(one["facts"]) for one in found_]


@dataclass(frozen=True)
class OtherTable(Context):
    """The same house with another holiday table."""

    table: Calendar = field(kw_only=True)

    def calendar(self, controller: str) -> Calendar:
        return self.table


def with_table(house, *holidays, source="holidays 99.0 SE public"):
    """The house as it is after an update of its holidays: the old ones, and these."""
    old = house.ctx.calendar(CONTROLLER)

    def holiday_on(day):
        return NEW_HOLIDAY if day in holidays else old.holiday_on(day)

    table = dataclasses.replace(old, source=source, holiday_on=holiday_on)
    plain = {one.name: getattr(house.ctx, one.name) for one in dataclasses.fields(Context)}
    return OtherTable(**plain, table=table)


async def look_with(house, ctx, request_id):
    async with house.tx() as tx:
        await fulfilment.advance(tx, ctx, request_id)
    return await house.see(request_id)


class TestAlarms:
    async def test_f05_come_ten_five_and_one_working_days_ahead_and_after_the_end(self, house):
        """
        F05: written down with their days, shown to staff, counted without anybody's name.
        """
        request_id = await filed(house)
        before = ALARMS.labels(alarm="due_in_5", controller=CONTROLLER)._value.get()
        shown = []
        for moment in ((2032, 3, 1, 23, 30), (2032, 3, 8, 23, 30), (2032, 3, 14, 23, 30), (2032, 3, 16, 23, 30)):
            await look_at(house, request_id, *moment)
            await look(house, request_id)
            shown.append([one["alarm"] for one in (await staff(house, request_id))["alarms"]])

        assert shown[-1] == ["due_in_10", "due_in_5", "due_in_1", "overdue"]
        assert [len(one) for one in shown] == [1, 2, 3, 4]
        soon = await facts_of(house, request_id, "request:due_soon")
        assert [one["working_days"] for one in soon] == [-10, -5, -1]
        (late,) = await facts_of(house, request_id, "request:overdue")
        assert late == {"due_on": DUE_ON.isoformat(), "working_days": 1}
        assert ALARMS.labels(alarm="due_in_5", controller=CONTROLLER)._value.get() == before + 1

    async def test_f05_are_raised_anew_for_a_date_that_moved(self, house):
        """
        F05: an extended case is watched to its new end; what was raised for the old one is no longer current.
        """
        request_id = await filed(house)
        await look_at(house, request_id, 2032, 3, 8, 23, 30)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            asked = await extension.ask(tx, house.ctx, row, ground="complexity", reasons=REASONS, actor=AGENT)
        await approve(house, asked)
        await look(house, request_id)
        await look_at(house, request_id, 2032, 5, 17, 23, 30)
        shown = [(one["alarm"], one["current"]) for one in (await staff(house, request_id))["alarms"]]

        assert shown == [("due_in_5", False), ("overdue", True)]

    async def test_f05_find_a_case_that_was_late_when_it_was_filed(self, house):
        """
        F05: a letter that lay for six weeks is a breach on its first day here.
        """
        await at(house, datetime(2032, 4, 1, 9, tzinfo=UTC))
        request_id = await house.file(CONTROLLER, "access", received_at=RECEIVED_AT)
        await look(house, request_id)

        assert [one["alarm"] for one in (await staff(house, request_id))["alarms"]] == ["overdue"]
        assert "letter:written" in await house.steps_of(request_id)

    async def test_find_it_in_the_list_of_the_overdue(self, house):
        """
        F05: the list's filter and the breach are the same day.
        """
        request_id = await filed(house)
        await look_at(house, request_id, 2032, 3, 17, 9)
        async with house.tx() as tx:
            late = await cases.work_list(tx, after=None, limit=9, overdue_on=tx.now.date())

        assert [row.id for row in late] == [request_id]


class TestRefusal:
    async def test_that_is_told_after_a_month_is_flagged_though_the_case_is_extended(self, house):
        """
        GDPR Art. 12(4) knows no extension: staff see it, and it stands in the chain; it is told all the same.
        """
        await at(house, RECEIVED_AT)
        request_id = await found(house, "rectification")
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            asked = await extension.ask(tx, house.ctx, row, ground="complexity", reasons=REASONS, actor=AGENT)
        await approve(house, asked)
        await look(house, request_id)
        await at(house, datetime(2032, 3, 20, 9, tzinfo=UTC))
        no = {"verdict": Verdict.REFUSED, "ground": "data_are_correct", "reasons": REASONS}
        await approve(house, await decide(house, request_id, "rectification", **no))
        seen = await answer_all(house, request_id)
        shown = await staff(house, request_id)

        assert seen.is_closed
        assert shown["refusal_late"] is True
        assert (await house.steps_of(request_id)).count("request:refusal_late") == 1
        assert "request:overdue" not in await house.steps_of(request_id)

    async def test_in_time_is_not_flagged(self, house):
        """
        A no within the month is what the law wants.
        """
        await at(house, RECEIVED_AT)
        request_id = await found(house, "rectification")
        no = {"verdict": Verdict.REFUSED, "ground": "data_are_correct", "reasons": REASONS}
        await approve(house, await decide(house, request_id, "rectification", **no))
        await answer_all(house, request_id)

        assert (await staff(house, request_id))["refusal_late"] is False


class TestHolidayTable:
    async def test_that_gives_an_earlier_date_holds_at_once(self, house):
        """
        C.1: the case is reckoned anew at the next look, and the move is written down with its cause.
        """
        request_id = await filed(house)
        ctx = with_table(house, DUE_ON, source="old")
        later = await look_with(house, ctx, request_id)
        async with house.tx() as tx:
            await deadline_watch.take_later(tx, ctx, await steps.hold(tx, request_id), actor=AGENT)
        moved = (await house.see(request_id)).row.due_on
        seen = await look(house, request_id)

        assert later.row.due_on == DUE_ON
        assert moved == date(2032, 3, 17)
        assert seen.row.due_on == DUE_ON
        assert [
            (one["from"], one["to"], one["cause"])
            for one in await facts_of(house, request_id, "request:deadline_moved")
        ] == [("2032-03-16", "2032-03-17", "calendar"), ("2032-03-17", "2032-03-16", "calendar")]

    async def test_that_gives_a_later_date_only_shows_it(self, house):
        """
        C.1: never silently later: the date stands, the other is shown, staff are told once.
        """
        request_id = await filed(house)
        ctx = with_table(house, DUE_ON)
        for _ in range(3):
            seen = await look_with(house, ctx, request_id)
        shown = await staff(house, request_id)

        assert (seen.row.due_on, seen.row.deadline["later_possible_on"]) == (DUE_ON, "2032-03-17")
        assert [one["alarm"] for one in shown["alarms"]] == ["later_date_possible"]
        assert await facts_of(house, request_id, "request:later_date_possible") == [
            {"due_on": "2032-03-16", "later_on": "2032-03-17"}
        ]
        assert "request:deadline_moved" not in await house.steps_of(request_id)
        async with house.tx() as tx:
            own = await views.own_request(tx, house.ctx, await steps.hold(tx, request_id))
        assert "later_possible_on" not in own["deadline"]

    async def test_that_changes_nothing_for_the_case_changes_nothing_but_its_name(self, house):
        """
        A newer table with the same days: the object says which one it was reckoned with.
        """
        request_id = await filed(house)
        seen = await look_with(house, with_table(house), request_id)

        assert seen.row.due_on == DUE_ON
        assert seen.row.deadline["calendar"]["source"] == "holidays 99.0 SE public"
        assert "request:deadline_moved" not in await house.steps_of(request_id)

    async def test_offers_nothing_to_confirm_once_the_day_has_passed_or_none_was_offered(self, house):
        """
        What is late stays late.
        """
        request_id = await filed(house)
        ctx = with_table(house, DUE_ON)
        async with house.tx() as tx:
            with pytest.raises(NoLaterDate):
                await deadline_watch.take_later(tx, house.ctx, await steps.hold(tx, request_id), actor=AGENT)
        await look_with(house, ctx, request_id)
        await at(house, datetime(2032, 3, 16, 23, 30, tzinfo=UTC))
        async with house.tx() as tx:
            with pytest.raises(NoLaterDate):
                await deadline_watch.take_later(tx, ctx, await steps.hold(tx, request_id), actor=AGENT)

    async def test_leaves_a_closed_case_as_it_was(self, house):
        """
        What was answered was due when it was due.
        """
        request_id = await filed(house)
        await house.sql("UPDATE request SET phase = 'closed' WHERE id = $1", request_id)
        seen = await look_with(house, with_table(house, DUE_ON), request_id)

        assert "later_possible_on" not in seen.row.deadline


class TestProcessorsDay:
    async def test_is_derived_from_the_case_and_a_person_is_named_when_it_passes(self, house):
        """
        R12-4, B.3: ten working days before the case is due; whoever is silent then is a person's to chase.
        """
        request_id = await filed(house)
        before = await house.see(request_id)
        seen = await look_at(house, request_id, 2032, 3, 3, 9)
        silent = {task.attention for task in seen.tasks if task.state == "needs_person"}

        assert {task.answer_by for task in before.tasks} == {date(2032, 3, 2)}
        assert (await staff(house, request_id))["processors_answer_by"] == date(2032, 3, 2)
        assert "silent" in silent

    async def test_r12_4_leaves_a_target_of_our_own_before_the_ceiling(self, house):
        """
        R12-4: the month is a ceiling; the target is five working days earlier, and staff's alone.
        """
        request_id = await filed(house)
        seen = await house.see(request_id)
        async with house.tx() as tx:
            own = await views.own_request(tx, house.ctx, await steps.hold(tx, request_id))

        assert seen.row.deadline["internal_target_on"] == "2032-03-09"
        assert "internal_target_on" not in own["deadline"]
