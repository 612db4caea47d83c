"""A case's clock: alarms, an extension that takes effect or lapses, a no that comes late."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone

import pytest

from app.domain.case import Phase
from app.domain.case_clock import (
    WORKING_DAYS,
    Alarm,
    CaseClock,
    LapseExtension,
    RaiseAlarm,
    TakeExtension,
    due,
    is_refusal_late,
    next_alarm_on,
)
from app.domain.extension import ExtensionState
from app.domain.process import WriteLetter, next_instant
from tests.domain.process_cases import a_case, a_claim, wanted

DUE_ON = date(2026, 4, 16)
DAYS = {
    Alarm.DUE_IN_10: date(2026, 3, 30),
    Alarm.DUE_IN_5: date(2026, 4, 9),
    Alarm.DUE_IN_1: date(2026, 4, 15),
    Alarm.OVERDUE: date(2026, 4, 17),
}
ONE_DAY = timedelta(days=1)


def acts(clock: CaseClock, today: date) -> list[object]:
    return list(due(clock, due_on=DUE_ON, today=today))


def claimed(told_on: date | None) -> CaseClock:
    return CaseClock(extension=ExtensionState.CLAIMED, notice_sent_on=told_on)


class TestAlarms:
    @pytest.mark.parametrize(("alarm", "day"), DAYS.items())
    def test_f05_come_on_their_day_and_not_before(self, alarm: Alarm, day: date) -> None:
        """
        F05: at -10, -5 and -1 working days and as a breach on the day after the due date.
        """
        earlier = frozenset(one for one in DAYS if DAYS[one] < day)
        clock = CaseClock(alarm_days=DAYS, raised=earlier)

        assert acts(clock, day - ONE_DAY) == []
        assert acts(clock, day) == [RaiseAlarm(alarm)]

    def test_f05_are_raised_once(self) -> None:
        """
        F05: what was raised is not raised again, however often the case is looked at.
        """
        for alarm, day in DAYS.items():
            raised = frozenset(one for one in DAYS if DAYS[one] <= day)
            assert acts(CaseClock(alarm_days=DAYS, raised=raised), day) == [], alarm

    def test_f05_miss_nothing_when_nobody_looked_for_days(self) -> None:
        """
        F05: after a gap the most urgent one is raised; what it overtook would no longer be true.
        """
        assert acts(CaseClock(alarm_days=DAYS), date(2026, 4, 11)) == [RaiseAlarm(Alarm.DUE_IN_5)]
        assert acts(CaseClock(alarm_days=DAYS), date(2026, 6, 1)) == [RaiseAlarm(Alarm.OVERDUE)]

    def test_are_counted_in_working_days(self) -> None:
        """
        F05: the three days ahead, and the breach.
        """
        assert list(WORKING_DAYS.values()) == [-10, -5, -1, 1]

    def test_are_raised_before_anything_else_is_tried(self) -> None:
        """
        A letter that cannot be written silences no alarm.
        """
        case = a_case(a_claim(), letters=frozenset(), clock=CaseClock(alarm_days=DAYS), due_on=DUE_ON)

        assert wanted(case, today=DUE_ON + ONE_DAY) == [RaiseAlarm(Alarm.OVERDUE)]

    def test_find_the_case_awake_on_every_alarm_day(self) -> None:
        """
        An open case is looked at as each day begins, so as each alarm's day begins.
        """
        zone = timezone(ONE_DAY / 24)
        case = a_case(a_claim(), clock=CaseClock(alarm_days=DAYS), due_on=DUE_ON)
        for day in (DUE_ON - ONE_DAY * back for back in range(30)):
            now, midnight = datetime.combine(day, time(12), zone), datetime.combine(day + ONE_DAY, time(), zone)
            alarm = next_alarm_on(case.clock, today=day)
            at = next_instant(case, now=now, next_midnight=midnight)

            assert alarm is not None
            assert at is not None
            assert at <= datetime.combine(alarm, time(), zone)


class TestExtension:
    @pytest.mark.parametrize("told_on", [DUE_ON - ONE_DAY * 9, DUE_ON])
    def test_r12_5_takes_effect_when_the_notice_is_out_in_time(self, told_on: date) -> None:
        """
        R12-5: out on or before the due date; also when the case is only looked at after it.
        """
        for today in (told_on, DUE_ON, DUE_ON + ONE_DAY):
            assert acts(claimed(told_on), today) == [TakeExtension()]

    def test_f06_lapses_when_the_due_day_passes_first(self) -> None:
        """
        F06: told after the due date, or not at all, the claim extends nothing.
        """
        for told_on in (None, DUE_ON + ONE_DAY):
            assert acts(claimed(told_on), DUE_ON + ONE_DAY) == [LapseExtension()]
        assert acts(claimed(None), DUE_ON) == []

    @pytest.mark.parametrize("state", list(ExtensionState))
    def test_f06_needs_the_second_person_first(self, state: ExtensionState) -> None:
        """
        Only a claimed one takes effect: not one that is merely asked for, rejected, lapsed or in effect already.
        """
        clock = CaseClock(extension=state, notice_sent_on=DUE_ON - ONE_DAY)

        assert (TakeExtension() in acts(clock, DUE_ON)) == (state is ExtensionState.CLAIMED)

    def test_that_nobody_agreed_to_lapses_too(self) -> None:
        """
        A question to the second person that stands open over the due date is over.
        """
        assert acts(CaseClock(extension=ExtensionState.ASKED), DUE_ON + ONE_DAY) == [LapseExtension()]

    def test_comes_before_the_alarms_of_the_date_it_replaces(self) -> None:
        """
        No breach is reported of a date that no longer holds.
        """
        clock = replace(claimed(DUE_ON), alarm_days=DAYS)

        assert acts(clock, DUE_ON + ONE_DAY) == [TakeExtension()]

    def test_r12_5_is_told_as_soon_as_it_is_claimed(self) -> None:
        """
        R12-5: the letter with the reasons is written at once, and once.
        """
        case = a_case(a_claim(), phase=Phase.ASSESSING, status="locating", clock=claimed(None), due_on=DUE_ON)

        assert wanted(case) == [WriteLetter("extension")]
        assert WriteLetter("extension") not in wanted(replace(case, letters=case.letters | {"extension"}))


class TestRefusal:
    @pytest.mark.parametrize(("sent_on", "late"), [(None, False), (DUE_ON, False), (DUE_ON + ONE_DAY, True)])
    def test_is_late_after_a_month_whatever_was_extended(self, sent_on: date | None, late: bool) -> None:
        """
        GDPR Art. 12(4) knows no extension: the no is flagged, and flagged once.
        """
        clock = CaseClock(extension=ExtensionState.EFFECTIVE, refusal_due_on=DUE_ON, refusal_sent_on=sent_on)

        assert is_refusal_late(clock) == late
        assert acts(clock, DUE_ON + ONE_DAY) == ([RaiseAlarm(Alarm.REFUSAL_LATE)] if late else [])
        assert acts(replace(clock, raised=frozenset({Alarm.REFUSAL_LATE})), DUE_ON + ONE_DAY) == []
