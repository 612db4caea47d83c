"""How many calls a processor takes in a minute or a day, and which calls count."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.quotas import Quota, period, read

NOON = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)  # a Wednesday
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class TestPeriod:
    @pytest.mark.parametrize(
        ("text", "length"),
        [("PT5S", timedelta(seconds=5)), ("PT1M", MINUTE), ("PT12H", timedelta(hours=12)), ("P1D", DAY)],
    )
    def test_is_read(self, text, length):
        """One unit, as vendors' terms have it."""
        assert period(text) == length

    @pytest.mark.parametrize("text", ["", "P0D", "P1M", "PT1H30M", "1 day", "P1D\n", "PT99999S", "p1d"])
    def test_that_could_mean_something_else_is_refused(self, text):
        """A month has no length."""
        with pytest.raises(ValueError, match="period"):
            period(text)


class TestSlidingWindow:
    def test_reaches_back_from_every_instant(self):
        """250 in any minute, not in a minute of the clock."""
        quota = Quota(calls=250, per=MINUTE)

        assert quota.since(NOON) == NOON - MINUTE
        assert quota.free_at(NOON, blocking=NOON - timedelta(seconds=20)) == NOON + timedelta(seconds=40)


class TestFixedWindow:
    def test_of_a_minute_begins_with_every_full_one(self):
        """As the processor's own counter is set back."""
        quota = Quota(calls=5, per=MINUTE, kind="fixed")

        assert quota.since(NOON) == NOON.replace(second=0)
        assert quota.free_at(NOON, blocking=None) == NOON.replace(second=0) + MINUTE

    @pytest.mark.parametrize(
        ("zone", "begins"),
        [
            ("UTC", datetime(2026, 3, 4, tzinfo=UTC)),
            ("America/Los_Angeles", datetime(2026, 3, 4, 8, tzinfo=UTC)),
            ("Europe/Stockholm", datetime(2026, 3, 3, 23, tzinfo=UTC)),
        ],
    )
    def test_of_a_day_begins_at_its_zones_midnight(self, zone, begins):
        """A vendor's day is the vendor's."""
        quota = Quota(calls=500, per=DAY, kind="fixed", zone=zone)

        assert (quota.since(NOON), quota.free_at(NOON, blocking=None)) == (begins, begins + DAY)

    def test_of_a_day_is_as_long_as_that_day(self):
        """On 29 March 2026 Sweden loses an hour."""
        quota = Quota(calls=1, per=DAY, kind="fixed", zone="Europe/Stockholm")
        noon = datetime(2026, 3, 29, 12, tzinfo=UTC)

        assert quota.free_at(noon, blocking=None) - quota.since(noon) == timedelta(hours=23)


class TestQuota:
    def test_counts_what_a_task_costs(self):
        """Who needs four calls for a task lets 62 tasks go in 250 calls."""
        assert Quota(calls=250, per=MINUTE, cost=4).tasks == 62

    @pytest.mark.parametrize("wrong", [{"cost": 6}, {"zone": "Mars/Olympus"}, {"zone": "../etc/passwd"}])
    def test_that_could_never_let_anything_go_is_refused(self, wrong):
        """A lane that stands still for ever is a mistake found when it is made."""
        with pytest.raises(ValueError, match="quota"):
            read([{"calls": 5, "per": "PT1M", **wrong}])
