"""How long a controller may keep the files of requests: its profile says it, within bounds."""

import pytest

from app.profiles import BrokenProfile, load_profiles
from app.profiles.model import Profile
from tests.harness.database import REPOSITORY

SHIPPED = load_profiles(REPOSITORY / "profiles")


class TestCaseFileMonths:
    @pytest.mark.parametrize("controller", SHIPPED)
    def test_f27_are_twenty_four_where_a_profile_says_nothing(self, controller: str) -> None:
        """F27, law.md E: no source sets a time; 24 months is the default and nobody's invention of a longer one."""
        assert SHIPPED[controller].case_file_months == 24

    @pytest.mark.parametrize("months", [5, 61, 84, 120, 0, -1])
    def test_f27_are_no_bookkeeping_period(self, months: int, tmp_path) -> None:
        """F27: seven years are for invoices; ten are for claims; neither is for the file of a request."""
        text = (REPOSITORY / "profiles" / "westila.yaml").read_text("utf-8")
        (tmp_path / "westila.yaml").write_text(f"{text}\ncase_file_months: {months}\n", "utf-8")

        with pytest.raises(BrokenProfile) as refused:
            load_profiles(tmp_path)
        assert [fault for fault in refused.value.faults if "case_file_months" in str(fault)]

    @pytest.mark.parametrize("months", [6, 24, 60])
    def test_may_be_what_a_controller_has_reason_for(self, months: int, tmp_path) -> None:
        """Within the bounds it is the controller's to say."""
        text = (REPOSITORY / "profiles" / "westila.yaml").read_text("utf-8")
        (tmp_path / "westila.yaml").write_text(f"{text}\ncase_file_months: {months}\n", "utf-8")
        found: Profile = load_profiles(tmp_path)["westila"]

        assert found.case_file_months == months
