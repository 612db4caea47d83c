"""What a person may say came of a task, and what has to be said with it."""

from typing import Any

import pytest

from app.domain.ended_by_person import (
    KeptIsNotAll,
    KeptWithoutReason,
    MarketingStopsWhole,
    NothingToRetain,
    OutcomeNotAPersons,
    ReasonMissing,
    check,
    check_all_is_kept,
)
from app.domain.fanout import TERMINAL_BY_PERSON, Action, Outcome

BOOKS = {"category": "books", "law": "BFL_7_2", "until": "2033-12-31"}
WHY = {"message": "Resten ligger i en säkerhetskopia som skrivs över den 1 mars."}
#: What only looks or holds back: nobody is told of it in a letter.
LOOKS = (Action.LOCATE, Action.FREEZE)
#: What was to be done of the person's own, and can be done in part.
CHANGES = (Action.RECTIFY, Action.RESTRICT, Action.LIFT_RESTRICTION, Action.STOP_PURPOSES, Action.NOTIFY)


def said(action: Action, outcome: str, **more: Any) -> None:
    check(action, Outcome(outcome), {"outcome": outcome, **more})


class TestErasureInPart:
    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"message": ""},
            {"message": "  \n"},
            {"retained": []},
            {"reason": "partial_success"},
            {"reason": "reaches_further", "retained": [BOOKS]},
        ],
    )
    def test_r17_3_is_not_ended_without_saying_what_was_kept_and_why(self, more: dict[str, Any]) -> None:
        """R17-3, Art. 12(4), 17(3): a code is no reason, and what is left beside a law needs one of its own."""
        with pytest.raises(KeptWithoutReason):
            said(Action.ERASE, "completed_partial", **more)

    @pytest.mark.parametrize("more", [WHY, {"retained": [BOOKS]}, {"reason": "reaches_further", **WHY}])
    def test_r17_1_is_ended_with_a_law_and_its_day_or_with_words(self, more: dict[str, Any]) -> None:
        """R17-1: the letter says it in these words, or by that law."""
        said(Action.ERASE, "completed_partial", **more)


class TestErasureKeptByLaw:
    def test_r17_4_names_the_law_of_everything_that_was_asked(self) -> None:
        """R17-4, Art. 12(4): the letter says "kept" of all of it; words beside it explain no category left out."""
        with pytest.raises(KeptIsNotAll):
            check_all_is_kept(Action.ERASE, Outcome.RETAINED, {"retained": [BOOKS], **WHY}, asked=["books", "contact"])

    @pytest.mark.parametrize("asked", [["books"], []])
    def test_r17_4_is_an_end_where_nothing_else_was_asked(self, asked: list[str]) -> None:
        """R17-4: also of a recipient whose registration names no categories."""
        check_all_is_kept(Action.ERASE, Outcome.RETAINED, {"retained": [BOOKS]}, asked=asked)


class TestAnythingElseInPart:
    @pytest.mark.parametrize("action", CHANGES)
    @pytest.mark.parametrize("more", [{}, {"message": " "}, {"reason": "field_not_held"}])
    def test_says_in_words_what_was_not_done(self, action: Action, more: dict[str, Any]) -> None:
        """Art. 12(4): whoever asked reads why a part is missing; so the letter could not be written without."""
        with pytest.raises(ReasonMissing):
            said(action, "completed_partial", **more)

    @pytest.mark.parametrize("action", CHANGES)
    def test_is_a_persons_to_say_with_words(self, action: Action) -> None:
        said(action, "completed_partial", **WHY)

    @pytest.mark.parametrize("rows", [[], [{"n": 1}]])
    def test_of_a_copy_says_what_is_missing_also_where_rows_came(self, rows: list[Any]) -> None:
        """Art. 15(3), 12(4): "in part" without a word would leave the person guessing what was held back."""
        records = [{"category": "books", "rows": rows}]
        with pytest.raises(ReasonMissing):
            said(Action.EXPORT, "completed_partial", records=records)
        said(Action.EXPORT, "completed_partial", records=records, **WHY)

    @pytest.mark.parametrize("action", LOOKS)
    def test_is_no_matter_where_nothing_was_to_be_done(self, action: Action) -> None:
        said(action, "completed_partial")


class TestMarketing:
    @pytest.mark.parametrize(
        ("outcome", "more"), [("completed_partial", WHY), ("refused", WHY), ("retained", {"retained": [BOOKS]})]
    )
    def test_r21_2_stops_whole_or_has_not_stopped(self, outcome: str, more: dict[str, Any]) -> None:
        """R21-2, Art. 21(3): without condition; no ground refuses it, no law keeps it going, half of it is none."""
        with pytest.raises(MarketingStopsWhole):
            said(Action.STOP_MARKETING, outcome, **more)

    @pytest.mark.parametrize(("outcome", "more"), [("completed", {}), ("not_found", {}), ("failed", WHY)])
    def test_r21_2_is_stopped_or_said_to_go_on(self, outcome: str, more: dict[str, Any]) -> None:
        """R21-2, Art. 12(4): where no machine and no person can stop it, the letter says so and why."""
        said(Action.STOP_MARKETING, outcome, **more)


class TestRetained:
    @pytest.mark.parametrize("action", [Action.EXPORT, Action.RECTIFY, Action.REVIEW_DECISION, *LOOKS])
    def test_is_nothing_where_nothing_was_to_go(self, action: Action) -> None:
        """Art. 17(3) excepts from erasure; no law that keeps data refuses a copy or a correction of them."""
        with pytest.raises(NothingToRetain):
            said(action, "retained", retained=[BOOKS])

    @pytest.mark.parametrize("action", [Action.ERASE, Action.RESTRICT, Action.STOP_PURPOSES, Action.NOTIFY])
    def test_is_said_where_something_was(self, action: Action) -> None:
        """Art. 17(3), 18(2), 19: also by a recipient that was told of an erasure."""
        said(action, "retained", retained=[BOOKS])


class TestAnyEnd:
    @pytest.mark.parametrize("outcome", sorted(set(Outcome) - TERMINAL_BY_PERSON))
    def test_is_one_that_ends(self, outcome: Outcome) -> None:
        with pytest.raises(OutcomeNotAPersons):
            said(Action.ERASE, outcome, **WHY)

    @pytest.mark.parametrize("action", [one for one in Action if one is not Action.STOP_MARKETING])
    @pytest.mark.parametrize("outcome", ["refused", "failed"])
    def test_without_effect_says_why(self, action: Action, outcome: str) -> None:
        """Art. 12(4)."""
        for more in ({}, {"message": " "}, {"reason": "no_ground"}):
            with pytest.raises(ReasonMissing):
                said(action, outcome, **more)
        said(action, outcome, **WHY)

    @pytest.mark.parametrize("action", list(Action))
    def test_that_found_nothing_needs_no_words(self, action: Action) -> None:
        said(action, "not_found")

    def test_f10_of_a_copy_without_data_says_how_it_was_given(self) -> None:
        """F10, Art. 15(3)."""
        with pytest.raises(ReasonMissing, match="copy"):
            said(Action.EXPORT, "completed")
        said(Action.EXPORT, "completed", **WHY)

    def test_of_a_review_says_what_it_came_to(self) -> None:
        """Art. 22(3)."""
        with pytest.raises(ReasonMissing, match="review"):
            said(Action.REVIEW_DECISION, "completed")
        said(Action.REVIEW_DECISION, "completed", **WHY)
