from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import own_retention as rules

CLOSED = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
DAYS = st.dates(min_value=date(2001, 1, 1), max_value=date(2150, 1, 1))
MONTHS = st.integers(rules.LEAST_CASE_FILE_MONTHS, rules.MOST_CASE_FILE_MONTHS)


class TestContents:
    def test_go_thirty_days_after_release(self) -> None:
        """GDPR Art. 5(1)(e): a package waits a month for its person, fetched or not."""
        released = CLOSED - timedelta(days=1)

        assert rules.contents_until(closed_at=CLOSED, released_at=released) == released + timedelta(days=30)

    def test_that_nobody_released_go_thirty_days_after_closing(self) -> None:
        """Withdrawn, stopped, refused: what was exported before is not kept because nobody got it."""
        assert rules.contents_until(closed_at=CLOSED, released_at=None) == CLOSED + timedelta(days=30)

    def test_stay_while_the_request_is_open(self) -> None:
        """F08: letters are written from what was done; they need it until the last one is written."""
        released = CLOSED - timedelta(days=60)

        assert rules.contents_until(closed_at=None, released_at=released) is None
        assert rules.contents_until(closed_at=CLOSED, released_at=released) == CLOSED


class TestCaseFile:
    @pytest.mark.parametrize(
        ("closed", "until"),
        [
            ("2026-03-02", "2028-03-02"),
            ("2026-02-28", "2028-02-28"),
            ("2024-02-29", "2026-02-28"),
            ("2026-08-31", "2028-08-31"),
            ("2026-12-24", "2028-12-24"),  # a Sunday and Christmas Eve: retention ends are not rolled
        ],
    )
    def test_f27_is_kept_for_twenty_four_months_and_not_longer(self, closed: str, until: str) -> None:
        """F27, law.md E: the default for the record of a request."""
        closed_on = date.fromisoformat(closed)

        assert rules.case_file_until(closed_on, months=rules.DEFAULT_CASE_FILE_MONTHS) == date.fromisoformat(until)

    def test_f27_is_never_kept_for_a_bookkeeping_period(self) -> None:
        """F27: the EDPB warns against borrowing them; whatever a profile says, seven years are out of reach."""
        assert rules.MOST_CASE_FILE_MONTHS < 7 * 12
        assert rules.LEAST_CASE_FILE_MONTHS <= rules.DEFAULT_CASE_FILE_MONTHS <= rules.MOST_CASE_FILE_MONTHS

    @given(today=DAYS, months=MONTHS)
    def test_is_over_by_the_day_after_its_last(self, today: date, months: int) -> None:
        """The day that divides: everything closed until then is over, nothing closed later is."""
        day = rules.last_closing_day_over(today, months=months)

        assert rules.case_file_until(day, months=months) < today
        assert rules.case_file_until(day + timedelta(days=1), months=months) >= today


class TestCounts:
    def test_say_how_many_and_nobody_in_particular(self) -> None:
        """Art. 5(2): month, right, outcome, in time; no day, no reference."""
        found = rules.counted(
            closed_on=date(2026, 3, 2),
            due_on=date(2026, 3, 2),
            outcomes=[("access", "granted"), ("erasure", "refused")],
        )

        assert [(one.right, one.outcome, one.in_time) for one in found] == [
            ("*", "*", True), ("access", "granted", True), ("erasure", "refused", True),
        ]  # fmt: skip
        assert {one.month for one in found} == {date(2026, 3, 1)}

    def test_say_what_was_late(self) -> None:
        """Art. 12(3): late from midnight after the due date."""
        found = rules.counted(closed_on=date(2026, 3, 3), due_on=date(2026, 3, 2), outcomes=[])

        assert [one.in_time for one in found] == [False]
