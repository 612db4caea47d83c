"""
The written procedure says what the service does, and is made of the tables it acts on.
"""

from pathlib import Path

import pytest

from app.domain.extension import GROUNDS
from app.domain.rights import RIGHTS
from app.letters.words import LANGUAGES, say
from app.letters.words import RIGHTS as RIGHT_WORDS
from app.profiles import load_profiles
from app.services import procedure
from app.services.approving import FOLLOWS

PROFILES = load_profiles(Path(__file__).parents[2] / "profiles")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PROFILES)
class TestProcedure:
    def sections(self, name, language):
        made = procedure.of(PROFILES[name], language)
        return {one["key"]: " ".join(one["lines"]) for one in made["sections"]}

    def test_f27_covers_rights_identity_times_refusals_and_who_decides(self, name, language):
        """
        F27: documented, with wide search, minimal identification and who does what; for every controller.
        """
        told = self.sections(name, language)

        for key, right in RIGHTS.items():
            words = say(RIGHT_WORDS, key, language)
            assert words in told["rights"]
            assert words in told["refusals"]
            assert right.refusal_grounds or ("nekas inte" in told["refusals"] or "is not refused" in told["refusals"])
        for ground in GROUNDS.values():
            assert (ground.sv if language == "sv" else ground.en).lower() in told["deadlines"]
        assert ("att förlänga tiden" in told["four_eyes"]) or ("extending the time" in told["four_eyes"])
        assert told["four_eyes"].count(". ") == len(FOLLOWS)
        for system in PROFILES[name].systems:
            assert system.title.in_language(language) in told["search"]

    def test_f27_says_how_long_the_case_file_is_kept(self, name, language):
        """
        F27, GDPR Art. 5(1)(e): CEF 2024 found none, or seven years as for bookkeeping; ours is the profile's own.
        """
        profile = PROFILES[name]
        longer = profile.model_copy(update={"case_file_months": profile.case_file_months + 1})
        months = "månader" if language == "sv" else "months"
        told = self.sections(name, language)["case_files"]
        lines = procedure.of(longer, language)["sections"][-1]["lines"]

        assert f"{profile.case_file_months} {months}" in told
        assert f"{longer.case_file_months} {months}" in " ".join(lines)

    def test_f31_promises_no_quota_and_demands_no_form(self, name, language):
        """
        F31, R12-2: whatever the policy says of signed paper or once a year.
        """
        told = self.sections(name, language)["intake"]

        assert ("ingen gräns" in told) or ("no limit" in told)
        assert ("Ingen blankett" in told) or ("No form" in told)
