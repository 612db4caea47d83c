"""Whose word is enough to keep data against an erasure, and for how long."""

from datetime import date
from typing import Any

import pytest

from app.domain import erasure_answers
from app.domain.erasure_answers import (
    LawDoesNotReach,
    LawNotKnown,
    NoExceptionFromErasure,
    Reach,
    RetainedTooLong,
    check_retained,
)
from app.domain.fanout import Action, Outcome

TODAY = date(2026, 11, 26)
REACH = Reach(
    today=TODAY,
    bookkeeping={"books"},
    planned={("contact", "CLAIM_OWN"): date(2028, 3, 1), ("footage", "CRIME_REPORT"): date(2027, 11, 26)},
)
#: What can be done in part without anything that was to go being left.
NOT_ERASURE = [one for one in Action if one not in (Action.ERASE, Action.LOCATE, Action.STOP_MARKETING)]


def kept(category: str, law: str, until: str) -> dict[str, Any]:
    return {"outcome": "retained", "retained": [{"category": category, "law": law, "until": until}]}


def doubt(said: dict[str, Any]) -> str | None:
    return erasure_answers.doubt(
        Action.ERASE, Outcome.RETAINED, said, asked={"books", "contact", "footage"}, is_check=False, reach=REACH
    )


class TestRecipient:
    """Art. 5(2), 28(3)(a), 17(3): the controller decides on an exemption; a recipient's word alone keeps little."""

    @pytest.mark.parametrize(
        "said",
        [
            ("contact", "CLAIM_OWN", "2028-03-01"),
            ("contact", "CLAIM_OWN", "2027-03-01"),
            ("footage", "CRIME_REPORT", "2027-11-26"),
            ("books", "BFL_7_2", "2026-12-31"),
            ("books", "BFL_7_2", "2034-12-31"),
        ],
    )
    def test_r17_2_is_believed_within_the_decision_and_about_books(self, said: tuple[str, str, str]) -> None:
        """R17-2, R17-3: what two people decided already, or bookkeeping within the years the law can reach."""
        assert doubt(kept(*said)) is None

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            (("contact", "CLAIM_OWN", "2028-03-02"), "retained_unplanned"),
            (("contact", "CLAIM_AGAINST", "2028-03-01"), "retained_unplanned"),
            (("contact", "CLAIM_AGAINST", "2199-12-31"), "retained_unplanned"),
            (("books", "CLAIM_OWN", "2027-12-31"), "retained_unplanned"),
            (("footage", "SOS_1981_1104", "2027-01-31"), "retained_unplanned"),
            (("footage", "LEK_2022_482", "2027-01-31"), "retained_unplanned"),
            (("books", "BFL_7_2", "2035-12-31"), "retained_unplanned"),
            (("books", "BFL_7_2", "2199-12-31"), "retained_unplanned"),
            (("books", "BFL_7_2", "2033-06-30"), "retained_unplanned"),
            (("books", "BFL_7_2", "2025-12-31"), "retained_unplanned"),
            (("contact", "BFL_7_2", "2033-12-31"), "law_does_not_reach"),
            (("contact", "DSL_5", "2027-12-31"), "law_does_not_reach"),
            (("contact", "SSF_136", "2027-12-31"), "law_not_known"),
        ],
    )
    def test_r17_3_goes_to_a_person_with_everything_else(self, said: tuple[str, str, str], why: str) -> None:
        """R17-3: no processor claims an exemption by itself, for any category, to any year."""
        assert doubt(kept(*said)) == why

    def test_r17_3_goes_to_a_person_if_one_entry_of_several_does(self) -> None:
        said = kept("books", "BFL_7_2", "2033-12-31")
        said["retained"] += kept("contact", "CLAIM_AGAINST", "2027-01-01")["retained"]

        assert doubt(said) == "retained_unplanned"


class TestDoneInPart:
    """Art. 17(1), 17(3), 12(4): what is not erased is kept by a law, or it is the controller's to decide."""

    def _doubt(self, action: Action, said: dict[str, Any]) -> str | None:
        return erasure_answers.doubt(
            action, Outcome.COMPLETED_PARTIAL, said, asked={"books", "contact"}, is_check=False, reach=REACH
        )

    @pytest.mark.parametrize(
        "said",
        [
            {"message": "Vi behöll kundkortet."},
            {"reason": "partial_success"},
            {"message": "Resten ligger i arkiv.", "retained": []},
            {"reason": "reaches_further", "retained": kept("books", "BFL_7_2", "2033-12-31")["retained"]},
        ],
    )
    def test_r17_3_without_law_and_day_goes_to_a_person(self, said: dict[str, Any]) -> None:
        """R17-3, Art. 12(4): no recipient's sentence is the reason a person is given for what was kept."""
        assert self._doubt(Action.ERASE, said) == "partly_unexplained"

    def test_r17_3_is_believed_where_a_law_and_its_day_say_what_is_left(self) -> None:
        """R17-3: books, within the years the law can reach."""
        assert self._doubt(Action.ERASE, kept("books", "BFL_7_2", "2033-12-31")) is None

    def test_r17_4_is_still_seen_through_where_it_is_a_disguise(self) -> None:
        """R17-4: an anonymisation is named as what it is."""
        assert self._doubt(Action.ERASE, {"reason": "anonymised"}) == "anonymised"

    @pytest.mark.parametrize("action", NOT_ERASURE)
    @pytest.mark.parametrize("said", [{"message": "Bara e-post."}, {"reason": "field_not_held"}])
    def test_is_believed_where_nothing_was_to_go(self, action: Action, said: dict[str, Any]) -> None:
        assert self._doubt(action, said) is None

    @pytest.mark.parametrize("action", NOT_ERASURE)
    @pytest.mark.parametrize("said", [{}, {"message": ""}, {"retained": []}])
    def test_without_a_word_goes_to_a_person_whatever_was_asked(self, action: Action, said: dict[str, Any]) -> None:
        """Art. 12(4): the answer to whoever asked says why a part is missing, and could not be written without."""
        assert self._doubt(action, said) == ("partly_unexplained" if action is not Action.FREEZE else None)


class TestMarketingThatGoesOn:
    """Art. 21(3): an objection to direct marketing has no exception, so no recipient's half stands unseen."""

    @pytest.mark.parametrize(
        ("outcome", "said"),
        [
            (Outcome.COMPLETED_PARTIAL, {"message": "Bara e-post."}),
            (Outcome.COMPLETED_PARTIAL, {"reason": "field_not_held"}),
            (Outcome.RETAINED, kept("books", "BFL_7_2", "2033-12-31")),
        ],
    )
    def test_r21_2_goes_to_a_person(self, outcome: Outcome, said: dict[str, Any]) -> None:
        """R21-2."""
        asked = {"books", "contact"}
        doubted = erasure_answers.doubt(Action.STOP_MARKETING, outcome, said, asked=asked, is_check=False, reach=REACH)
        assert doubted == "marketing_goes_on"


class TestPerson:
    @pytest.mark.parametrize(
        ("law", "last"),
        [
            ("CLAIM_OWN", "2036-11-26"),
            ("CLAIM_AGAINST", "2036-11-26"),
            ("CRIME_REPORT", "2028-11-26"),
            ("SOS_1981_1104", "2036-11-26"),
            ("LEK_2022_482", "2036-11-26"),
        ],
    )
    def test_r17_3_keeps_as_long_as_the_law_can_reach_and_no_longer(self, law: str, last: str) -> None:
        """R17-3, preskriptionslagen 2 §: ten years at most for a claim, two for an investigation."""
        check_retained(kept("contact", law, last), reach=REACH)
        for day in (last.replace("-26", "-27"), "2199-12-31", "2026-11-25"):
            with pytest.raises(RetainedTooLong):
                check_retained(kept("contact", law, day), reach=REACH)

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            (("contact", "DSL_5", "2027-12-31"), NoExceptionFromErasure),
            (("contact", "BFL_7_2", "2027-12-31"), LawDoesNotReach),
            (("contact", "SSF_136", "2027-12-31"), LawNotKnown),
            (("books", "BFL_7_2", "2036-12-31"), RetainedTooLong),
            (("books", "BFL_7_2", "2033-06-30"), RetainedTooLong),
        ],
    )
    def test_r17_2_keeps_nothing_by_what_is_no_law_of_erasure(
        self, said: tuple[str, str, str], refusal: type[Exception]
    ) -> None:
        """R17-2, Art. 17(3)(b): dataskyddslagen 5 kap. is about being informed; bookkeeping ends with a year."""
        with pytest.raises(refusal):
            check_retained(kept(*said), reach=REACH)
