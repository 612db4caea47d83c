from datetime import UTC, datetime, timedelta

import pytest

from sandbox.durations import NotADuration, parse


class TestDuration:
    @pytest.mark.parametrize(
        ("text", "later"),
        [
            pytest.param("P31D", datetime(2026, 3, 3, 12, tzinfo=UTC), id="days"),
            pytest.param("P1M", datetime(2026, 2, 28, 12, tzinfo=UTC), id="a month without a 31st"),
            pytest.param("P13M", datetime(2027, 2, 28, 12, tzinfo=UTC), id="months over a year's end"),
            pytest.param("PT5M", datetime(2026, 1, 31, 12, 5, tzinfo=UTC), id="minutes after the T"),
            pytest.param("P1W", datetime(2026, 2, 7, 12, tzinfo=UTC), id="weeks"),
            pytest.param("P1Y2M3DT4H5M6S", datetime(2027, 4, 3, 16, 5, 6, tzinfo=UTC), id="all of it"),
        ],
    )
    def test_leads_to(self, text, later):
        """
        Years and months are steps in the calendar, the rest exact lengths.
        """
        assert parse(text).after(datetime(2026, 1, 31, 12, tzinfo=UTC)) == later

    def test_takes_the_leap_day_where_there_is_one(self):
        """
        The day is clamped to the month it lands in, not to the month's usual length.
        """
        assert parse("P1M").after(datetime(2028, 1, 31, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)

    @pytest.mark.parametrize("text", ["", "P", "PT", "P1H", "31D", "-P1D", "P1.5D", "P1DT", "p1d", "P1D "])
    def test_is_nothing_else(self, text):
        """
        What is no ISO 8601 duration of whole steps forward is refused, not guessed at.
        """
        with pytest.raises(NotADuration):
            parse(text)

    def test_of_days_is_exact(self):
        """
        A day is 24 hours, so a test that asks for 31 days gets 31 days.
        """
        now = datetime(2026, 3, 1, tzinfo=UTC)

        assert parse("P31D").after(now) - now == timedelta(days=31)
