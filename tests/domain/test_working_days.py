"""Which days count, tried on Sweden and on a calendar without holidays."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.working_days import Calendar, DayOff, months_later
from app.profiles.calendars import sweden
from tests.domain import deadline_oracle as oracle

STRICT, EVES = sweden("strict"), sweden("eves")
PLAIN = Calendar(variant="strict", source="none", holiday_on=lambda _day: None)
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


class TestDayOff:
    @pytest.mark.parametrize(
        ("day", "code", "sv", "en"),
        [
            pytest.param(date(2026, 11, 21), "saturday", "Lördag", "Saturday", id="Saturday"),
            pytest.param(date(2026, 11, 22), "sunday", "Söndag", "Sunday", id="Sunday"),
            pytest.param(date(2026, 4, 3), "good_friday", "Långfredagen", "Good Friday", id="a weekday"),
            pytest.param(
                date(2026, 12, 26), "second_day_of_christmas", "Annandag jul", "Second Day of Christmas",
                id="a holiday on a Saturday is named as the holiday",
            ),
            pytest.param(
                date(2029, 1, 1), "new_years_day", "Nyårsdagen", "New Year's Day", id="an apostrophe in the name"
            ),
        ],
    )  # fmt: skip
    def test_says_why(self, day: date, code: str, sv: str, en: str) -> None:
        """
        Staff and letters can name the reason in both languages, programs by its code.
        """
        assert STRICT.day_off(day) == DayOff(code, sv, en)
        assert STRICT.reason_not_working(day) == code
        assert not STRICT.is_working_day(day)

    @pytest.mark.parametrize(
        "day",
        [
            pytest.param(date(2026, 4, 2), id="Maundy Thursday"),
            pytest.param(date(2026, 4, 30), id="Walpurgis Eve"),
            pytest.param(date(2026, 1, 5), id="eve of Epiphany"),
            pytest.param(date(2028, 6, 5), id="Whit Monday"),
            pytest.param(date(2027, 5, 3), id="Monday after a May Day on Saturday"),
        ],
    )
    def test_leaves_ordinary_days_alone(self, day: date) -> None:
        """
        Act 1989:253 lists the holidays; custom adds none, and none is made up for on another day.
        """
        for calendar in (STRICT, EVES):
            assert calendar.day_off(day) is None
            assert calendar.reason_not_working(day) is None
            assert calendar.is_working_day(day)

    @pytest.mark.parametrize("day", [date(2027, 6, 25), date(2025, 12, 24), date(2025, 12, 31)])
    def test_knows_the_three_eves_in_one_variant_only(self, day: date) -> None:
        """
        Midsummer Eve, Christmas Eve and New Year's Eve are Act 1930:173's, not 1989:253's.
        """
        assert STRICT.is_working_day(day)
        assert not EVES.is_working_day(day)

    @pytest.mark.parametrize("year", range(2020, 2042))
    def test_agrees_with_the_acts_every_day(self, year: int) -> None:
        """
        Both variants match a reading of the acts that shares no code with them.
        """
        day = date(year, 1, 1)
        while day.year == year:
            assert STRICT.is_working_day(day) == oracle.works(day, eves=False), day
            assert EVES.is_working_day(day) == oracle.works(day, eves=True), day
            day += timedelta(days=1)


class TestCalendar:
    def test_tells_its_variant_source_and_laws(self) -> None:
        """
        A date can be recomputed years later only if it is known what it was computed with.
        """
        assert (STRICT.used.variant, EVES.used.variant) == ("strict", "eves")
        assert STRICT.source.startswith("holidays ")
        assert STRICT.source.endswith(" SE public")
        assert EVES.source.endswith(" SE public+de_facto")
        assert STRICT.laws == ("Lag (1989:253) 1–2 §§",)
        assert EVES.laws[-1] == "Lag (1930:173) 2 §"

    def test_is_built_once(self) -> None:
        """
        Two questions for the same calendar share its years.
        """
        assert sweden("strict") is sweden("strict")
        assert sweden("eves") is not STRICT


class TestAddWorkingDays:
    @pytest.mark.parametrize(
        ("day", "n", "result"),
        [
            pytest.param(date(2026, 11, 20), 1, date(2026, 11, 23), id="Friday to Monday"),
            pytest.param(date(2026, 11, 23), -1, date(2026, 11, 20), id="Monday to Friday"),
            pytest.param(date(2026, 11, 21), 1, date(2026, 11, 23), id="from a Saturday"),
            pytest.param(date(2026, 11, 22), -2, date(2026, 11, 19), id="back from a Sunday"),
            pytest.param(date(2026, 12, 23), 2, date(2026, 12, 28), id="over Christmas"),
            pytest.param(date(2026, 11, 22), 0, date(2026, 11, 22), id="none"),
        ],
    )
    def test_steps(self, day: date, n: int, result: date) -> None:
        """
        The day one starts from is not counted, Reg. 1182/71 Art. 3(1).
        """
        assert STRICT.add_working_days(day, n) == result

    @settings(deadline=None)
    @given(day=DAYS, n=st.integers(1, 30))
    def test_counts_as_a_walk_does(self, day: date, n: int) -> None:
        """
        Between start and end lie just as many working days as were asked for.
        """
        ahead, back = STRICT.add_working_days(day, n), STRICT.add_working_days(day, -n)

        between = [day + timedelta(days=k) for k in range(1, (ahead - day).days + 1)]
        assert sum(oracle.works(one, eves=False) for one in between) == n
        assert STRICT.is_working_day(ahead)
        assert back == oracle.working_days_ahead(day, n, eves=False)


class TestRoll:
    def test_names_each_day_passed_over(self) -> None:
        """
        Christmas 2025: two holidays, a Saturday and a Sunday lie between the 25th and the 29th.
        """
        day, passed = STRICT.roll(date(2025, 12, 25))

        assert day == date(2025, 12, 29)
        assert [(one.date.day, one.reason) for one in passed] == [
            (25, "christmas_day"), (26, "second_day_of_christmas"), (27, "saturday"), (28, "sunday"),
        ]  # fmt: skip
        assert (passed[0].sv, passed[0].en) == ("Juldagen", "Christmas Day")

    @settings(deadline=None)
    @given(day=DAYS)
    def test_happens_once(self, day: date) -> None:
        """
        A day rolled to stays where it is; nothing but days off is passed over; the eves never come earlier.
        """
        rolled, passed = STRICT.roll(day)

        assert STRICT.roll(rolled) == (rolled, ())
        assert [one.date for one in passed] == [day + timedelta(days=k) for k in range((rolled - day).days)]
        assert not any(STRICT.is_working_day(one.date) for one in passed)
        assert EVES.roll(day)[0] >= rolled >= day

    def test_knows_weekends_without_any_table(self) -> None:
        """
        A country whose holidays are not known still has its Saturdays and Sundays.
        """
        assert PLAIN.roll(date(2026, 12, 25)) == (date(2026, 12, 25), ())
        assert PLAIN.roll(date(2026, 12, 26))[0] == date(2026, 12, 28)


class TestMonthsLater:
    @pytest.mark.parametrize(
        ("day", "months", "result"),
        [
            pytest.param(date(2024, 3, 5), 1, date(2024, 4, 5), id="same number"),
            pytest.param(date(2026, 1, 31), 1, date(2026, 2, 28), id="no 31st"),
            pytest.param(date(2028, 1, 31), 1, date(2028, 2, 29), id="leap year"),
            pytest.param(date(2028, 2, 29), 1, date(2028, 3, 29), id="not bound to the month's end"),
            pytest.param(date(2026, 11, 30), 1, date(2026, 12, 30), id="into December"),
            pytest.param(date(2026, 12, 30), 1, date(2027, 1, 30), id="into the next year"),
            pytest.param(date(2028, 2, 29), 12, date(2029, 2, 28), id="a year from a leap day"),
            pytest.param(date(2099, 11, 29), 3, date(2100, 2, 28), id="2100 is no leap year"),
        ],
    )
    def test_falls_on(self, day: date, months: int, result: date) -> None:
        """
        Same date, or the last day of a month that lacks it: Reg. 1182/71 Art. 3(2)(c).
        """
        assert months_later(day, months) == result
