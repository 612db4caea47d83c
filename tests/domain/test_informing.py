"""Telling people whose data came from somebody else."""

from datetime import date

import pytest

from app.domain.informing import inform_by


class TestInformBy:
    @pytest.mark.parametrize(
        ("obtained", "last"),
        [
            (date(2026, 3, 5), date(2026, 4, 5)),
            (date(2026, 1, 31), date(2026, 2, 28)),
            (date(2026, 8, 31), date(2026, 9, 30)),
        ],
    )
    def test_is_a_month_after_the_data_came(self, obtained: date, last: date) -> None:
        """
        R14-1: emergency contacts, referrals, bought lists: within a month at the latest.
        """
        assert inform_by(obtained_on=obtained) == last

    @pytest.mark.parametrize("what", ["first_spoken_to_on", "first_disclosed_on"])
    def test_is_earlier_where_they_are_spoken_to_or_their_data_passed_on(self, what: str) -> None:
        """
        R14-1: at the first communication or the first disclosure, whichever comes first.
        """
        early, late = date(2026, 3, 7), date(2026, 6, 1)

        assert inform_by(obtained_on=date(2026, 3, 5), **{what: early}) == early
        assert inform_by(obtained_on=date(2026, 3, 5), **{what: late}) == date(2026, 4, 5)
