"""What a question to the person does to the due date: IMY's case, the rule at its edges, several at once."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import deadlines
from app.domain.deadlines import Deadline, Suspension, civil_date, explain
from app.profiles.calendars import sweden
from tests.domain import deadline_oracle as oracle

STOCKHOLM = ZoneInfo("Europe/Stockholm")
STRICT, EVES = sweden("strict"), sweden("eves")
DAY = timedelta(days=1)

CASES = json.loads((Path(__file__).parent / "data" / "deadline_suspension_cases.json").read_text())

swedish = partial(explain, calendar=STRICT, eves_calendar=EVES, zone=STOCKHOLM)


def received_on(day: date, *stops: Suspension, extended: bool = False) -> Deadline:
    at_noon = datetime(day.year, day.month, day.day, 12, tzinfo=STOCKHOLM)
    return swedish(received_at=at_noon, suspensions=stops, extended=extended)


def stop(asked_on: date, answered_on: date | None) -> Suspension:
    return Suspension(asked_on=asked_on, answered_on=answered_on, reason="identity")


class TestPublishedSuspension:
    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_gives_both_methods_and_the_earlier_counts(self, case: dict[str, Any]) -> None:
        """
        EDPB 01/2022 para 159 and IMY-2022-9442, asked for without undue delay or not at all.
        """
        received, asked, answered = (
            datetime.fromisoformat(case[key]) for key in ("received", "info_requested", "info_received")
        )
        question = stop(civil_date(asked, zone=STOCKHOLM), civil_date(answered, zone=STOCKHOLM))

        sent = swedish(received_at=received, suspensions=[question]).as_json()

        (judged,) = sent["suspensions"]
        assert judged["elapsed_days"] == case["elapsed_days"]
        assert judged["days"] == case["suspended_days"]
        assert judged["carry_over_on"] == case["due_carry_over"]
        assert judged["resume_on"] == case["due_imy_resume"]
        assert min(judged["carry_over_on"], judged["resume_on"]) == case["due_safe"]
        assert judged["allowed"] == case["suspension_allowed"]
        assert sent["due_on"] == case["expected_due"]
        assert sent["due_without_suspension_on"] == case["due_no_suspension"]
        if case["suspension_allowed"]:
            assert sent["extended_due_on"] == case["extended_due_carry_over"]


class TestSuspension:
    RECEIVED = date(2026, 3, 2)

    @pytest.mark.parametrize(("waited", "allowed"), [(0, True), (7, True), (8, False)])
    def test_must_be_asked_for_within_a_week(self, waited: int, allowed: bool) -> None:
        """
        Asking on the seventh day suspends, on the eighth it does not, and the object says why.
        """
        asked_on = self.RECEIVED + timedelta(days=waited)
        plain = received_on(self.RECEIVED)
        found = received_on(self.RECEIVED, stop(asked_on, asked_on + timedelta(days=10)))

        (judged,) = found.suspensions
        assert judged.allowed is allowed
        assert judged.state == ("counted" if allowed else "refused")
        assert judged.reason_if_refused == (None if allowed else "asked_too_late")
        assert (found.due_on == plain.due_on) is not allowed
        assert (found.extended_due_on == plain.extended_due_on) is not allowed

    @pytest.mark.parametrize(("waited", "state"), [(1, "ongoing"), (8, "refused")])
    def test_moves_nothing_while_unanswered(self, waited: int, state: str) -> None:
        """
        A silent person never makes a silent later date: the date stands until the answer is in.
        """
        plain = received_on(self.RECEIVED)
        found = received_on(self.RECEIVED, stop(self.RECEIVED + timedelta(days=waited), None))

        (judged,) = found.suspensions
        assert judged.state == state
        assert (judged.days, judged.carry_over_on, judged.resume_on) == (None, None, None)
        assert set(deadlines.SUSPENSION_SOURCES) < set(found.sources)
        assert (found.due_on, found.extended_due_on) == (plain.due_on, plain.extended_due_on)

    def test_shows_the_nominal_day_it_leads_to(self) -> None:
        """
        The nominal day includes the suspension; the day without it stands beside; both are explained.
        """
        found = received_on(date(2026, 11, 20), stop(date(2026, 11, 23), date(2026, 12, 7)))

        assert found.nominal_on == date(2027, 1, 3)
        assert [one.reason for one in found.rolled] == ["sunday"]
        assert found.due_without_suspension_on == date(2026, 12, 21)
        assert set(deadlines.SUSPENSION_SOURCES) < set(found.sources)

    def test_can_move_the_day_forward_at_a_short_month(self) -> None:
        """
        IMY's way can fall before the plain month where February is short; the rule takes the earlier.
        """
        found = received_on(date(2026, 1, 30), stop(date(2026, 1, 31), date(2026, 1, 31)))

        assert found.due_without_suspension_on == date(2026, 3, 2)
        assert found.due_on == date(2026, 2, 27)

    @pytest.mark.parametrize("year", [2027, 2028], ids=["plain year", "leap year"])
    def test_moves_it_forward_by_no_more_than_the_short_month_lacks(self, year: int) -> None:
        """
        At most three days; an answer that took three days or more never brings the date forward.
        """
        anchors = [date(year, 1, 20) + timedelta(days=k) for k in range(45)]
        for anchor in anchors:
            plain = oracle.period_end(anchor, 1)
            for waited in range(8):
                for days in range(5):
                    asked_on = anchor + timedelta(days=waited)
                    found = received_on(anchor, stop(asked_on, asked_on + timedelta(days=days)))
                    assert plain - timedelta(days=max(3 - days, 0)) <= found.nominal_on
                    assert found.nominal_on <= plain + timedelta(days=days)

    @settings(deadline=None)
    @given(
        anchor=st.dates(date(2020, 1, 1), date(2040, 12, 31)),
        waited=st.integers(0, 20),
        days=st.integers(0, 120),
        extended=st.booleans(),
    )
    def test_follows_the_rule(self, anchor: date, waited: int, days: int, extended: bool) -> None:
        """
        The earlier of both methods up to a week after receipt, nothing afterwards; reckoned by walking.
        """
        asked_on = anchor + timedelta(days=waited)
        answered_on = asked_on + timedelta(days=days)
        found = received_on(anchor, stop(asked_on, answered_on), extended=extended)

        carry_over = oracle.period_end(anchor, 1) + timedelta(days=days)
        resume = oracle.period_end(answered_on, 1) - timedelta(days=waited)
        allowed = waited <= 7
        nominal = min(carry_over, resume) if allowed else oracle.period_end(anchor, 1)
        nominal_extended = oracle.period_end(anchor, 3) + timedelta(days=days if allowed else 0)
        assert (found.nominal_on, found.nominal_extended_on) == (nominal, nominal_extended)
        assert found.due_on == STRICT.roll(nominal)[0]
        assert found.extended_due_on == STRICT.roll(nominal_extended)[0]
        assert found.binding_on == (found.extended_due_on if extended else found.due_on)
        assert found.due_on_eves == EVES.roll(nominal)[0]


class TestSeveralSuspensions:
    ANCHOR = date(2026, 1, 25)  # before a short month, where the two methods differ by days

    def after(self, *days: tuple[int, int | None]) -> Deadline:
        at = [
            stop(self.ANCHOR + asked * DAY, None if answered is None else self.ANCHOR + answered * DAY)
            for asked, answered in days
        ]
        return received_on(self.ANCHOR, *at)

    def test_add_up(self) -> None:
        """
        One to three and five to ten: seven days still, three used; the earlier of both methods.
        """
        found = self.after((1, 3), (5, 10))

        assert found.nominal_extended_on == date(2026, 4, 25) + 7 * DAY
        assert found.nominal_on == min(date(2026, 2, 25) + 7 * DAY, date(2026, 3, 4) - 3 * DAY)

    @pytest.mark.parametrize(
        "days",
        [
            pytest.param([(1, 10), (3, 5)], id="one inside the other"),
            pytest.param([(1, 6), (4, 10)], id="overlapping"),
            pytest.param([(1, 6), (6, 10)], id="touching"),
            pytest.param([(1, 10), (1, 10)], id="the same twice"),
            pytest.param([(1, 10), (8, 40)], id="a second one asked too late"),
            pytest.param([(1, 10), (2, None)], id="a second one unanswered"),
        ],
    )
    def test_grant_no_day_twice(self, days: Sequence[tuple[int, int | None]]) -> None:
        """
        However many questions were open between two days, the clock stood still but once.
        """
        together, alone = self.after(*days), self.after((1, 10))

        assert together.nominal_on == alone.nominal_on
        assert together.nominal_extended_on == alone.nominal_extended_on

    def test_come_in_any_order(self) -> None:
        """
        The object is the same however the questions were stored, and lists them by day.
        """
        found = self.after((5, 10), (1, 3), (5, None))

        assert found == self.after((5, None), (1, 3), (5, 10))
        assert [one.elapsed_days for one in found.suspensions] == [1, 5, 5]
        assert [one.state for one in found.suspensions] == ["counted", "counted", "ongoing"]

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=4))
    def test_stay_within_what_each_method_gives(self, drawn: list[tuple[int, int]]) -> None:
        """
        Never later than the month and the days a question asked in time was open; at most three days earlier.
        """
        found = self.after(*((asked, asked + days) for asked, days in drawn))

        still = {day for asked, days in drawn if asked <= 7 for day in range(asked, asked + days)}
        assert found.nominal_on <= date(2026, 2, 25) + len(still) * DAY
        assert found.nominal_on >= date(2026, 2, 25) - 3 * DAY
        assert found.nominal_extended_on == date(2026, 4, 25) + len(still) * DAY
