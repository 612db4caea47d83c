"""What a recipient's last word ends by itself, for each thing that is asked, and what is a person's."""

from datetime import date
from typing import Any

import pytest

from app.domain.answers import RULES, Asked, NoWordsToTake, WordsHoldAddress, doubt, is_gone, taken_over
from app.domain.erasure_answers import Reach
from app.domain.fanout import TERMINAL, Action, Outcome

REACH = Reach(today=date(2026, 11, 26), bookkeeping={"books"})
BOOKS = [{"category": "books", "law": "BFL_7_2", "until": "2033-12-31"}]
CHANGES = sorted(set(Action) - {Action.LOCATE, Action.NOTIFY})
FOUND = frozenset({"contact", "calls"})


def judged(action: Action, said: dict[str, Any], **task: Any) -> str | None:
    asked = Asked(action=action, categories=frozenset({"contact", "calls"}), **task)
    return doubt(Outcome(said["outcome"]), said, asked, reach=REACH)


class TestTable:
    def test_has_a_row_with_its_article_for_everything_that_can_be_asked(self) -> None:
        """No action is judged by accident, and none without its law."""
        assert set(RULES) == set(Action)
        assert all(rule.article.startswith("GDPR Art. ") for rule in RULES.values())

    @pytest.mark.parametrize("action", Action)
    def test_says_of_each_last_word_whether_it_ends_or_why_it_is_a_persons(self, action: Action) -> None:
        rule = RULES[action]

        assert set(rule.ends) <= TERMINAL
        assert {one for one in TERMINAL if rule.why_a_person(one) is None} == set(rule.ends)


class TestInPart:
    @pytest.mark.parametrize("action", [one for one in CHANGES if one is not Action.ERASE])
    @pytest.mark.parametrize("said", [{"message": "Bara e-post."}, {"reason": "partial"}, {}])
    def test_is_a_persons_wherever_something_was_to_be_done(self, action: Action, said: dict[str, Any]) -> None:
        """Art. 12(4), 15(3), 16, 18, 21(1): what was not done is the controller's to decide and to explain."""
        said = {"outcome": "completed_partial", "records": [{"category": "contact", "rows": [{"a": 1}]}], **said}

        assert judged(action, said) in ("partly_unexplained", "marketing_goes_on")

    def test_r21_2_of_a_marketing_stop_says_that_it_goes_on(self) -> None:
        """R21-2, Art. 21(3): the data shall no longer be processed for it; there is no part of that."""
        assert judged(Action.STOP_MARKETING, {"outcome": "completed_partial"}) == "marketing_goes_on"

    @pytest.mark.parametrize("action", [Action.LOCATE, Action.NOTIFY])
    def test_of_a_search_or_a_notice_takes_nothing_from_anybody(self, action: Action) -> None:
        assert judged(action, {"outcome": "completed_partial", "found_categories": ["contact"]}) is None


class TestRetained:
    @pytest.mark.parametrize("action", [one for one in Action if one is not Action.ERASE])
    @pytest.mark.parametrize("outcome", ["retained", "completed", "completed_partial"])
    def test_is_no_answer_to_anything_but_an_erasure(self, action: Action, outcome: str) -> None:
        """Art. 15(3), 17(3): a law keeps data from being erased; it withholds no copy and lets no marketing go on."""
        said = {"outcome": outcome, "retained": BOOKS, "records": [{"category": "contact", "rows": [{"a": 1}]}]}

        assert judged(action, said) in ("nothing_to_retain", "marketing_goes_on")


class TestNotFound:
    @pytest.mark.parametrize("action", [one for one in CHANGES if one is not Action.LIFT_RESTRICTION])
    @pytest.mark.parametrize("found", [FOUND, frozenset[str]()])
    def test_r17_5_after_a_find_is_a_persons(self, action: Action, found: frozenset[str]) -> None:
        """R17-5, Art. 12(3), 15(1): whoever has found somebody does not end a task by not knowing them."""
        assert judged(action, {"outcome": "not_found"}, found=found) == "contradicts_search"
        assert judged(action, {"outcome": "not_found"}) is None

    @pytest.mark.parametrize("action", [one for one in CHANGES if one is not Action.LIFT_RESTRICTION])
    def test_r17_5_fits_a_find_in_other_categories_than_are_asked_for(self, action: Action) -> None:
        """R17-5: the search named where the person is, and it is nowhere among these."""
        assert judged(action, {"outcome": "not_found"}, found=frozenset({"left_out"})) is None

    @pytest.mark.parametrize(
        ("action", "reason"), [(Action.RECTIFY, "field_not_held"), (Action.REVIEW_DECISION, "no_automated_decision")]
    )
    def test_fits_a_find_where_a_known_reason_says_what_is_not_there(self, action: Action, reason: str) -> None:
        assert judged(action, {"outcome": "not_found", "reason": reason}, found=FOUND) is None
        assert judged(Action.ERASE, {"outcome": "not_found", "reason": reason}, found=FOUND) == "contradicts_search"

    @pytest.mark.parametrize("action", [one for one in CHANGES if one is not Action.LIFT_RESTRICTION])
    def test_fits_a_find_where_the_vendor_does_no_such_thing_but_holds_what_it_holds(self, action: Action) -> None:
        """A ledger sends no marketing; but of whom it has found it gives a copy, erases, restricts."""
        said = {"outcome": "not_found", "evidence": {"not_applicable": "Sends invoices and no marketing."}}
        is_about_what_is_held = action in (Action.EXPORT, Action.ERASE, Action.RESTRICT)

        assert judged(action, said, found=FOUND) == ("contradicts_search" if is_about_what_is_held else None)


class TestCopy:
    def test_r15_5_without_a_category_that_was_found_is_a_persons(self) -> None:
        """Art. 15(1), 15(3): a copy is of all that is held, and the search said what is."""
        said = {"outcome": "completed", "records": [{"category": "contact", "rows": [{"a": 1}]}]}

        assert judged(Action.EXPORT, said, found=FOUND) == "contradicts_search"
        assert judged(Action.EXPORT, said, found=frozenset({"contact", "left_out"})) is None
        assert judged(Action.EXPORT, said | {"records": []}) == "no_data_came"


class TestWords:
    @pytest.mark.parametrize("action", [one for one in CHANGES if one is not Action.FREEZE])
    @pytest.mark.parametrize("outcome", ["completed", "not_found"])
    def test_beside_a_last_word_are_read_by_somebody(self, action: Action, outcome: str) -> None:
        """Art. 12(4), 21(3), 28(3)(a): "done", and "the texts go on till New Year" beside it, is not done."""
        said = {"outcome": outcome, "records": [{"category": "contact", "rows": [{"a": 1}]}]}

        assert judged(action, said | {"message": "Utom fakturorna, dem måste vi spara."}) == "words_to_read"
        if action is not Action.REVIEW_DECISION:
            assert judged(action, said | {"message": " "}) is None

    @pytest.mark.parametrize("action", [Action.LOCATE, Action.FREEZE, Action.NOTIFY])
    def test_beside_a_search_a_hold_or_a_notice_change_nothing(self, action: Action) -> None:
        """They take nothing from anybody, and what is asked for comes after."""
        assert judged(action, {"outcome": "completed", "message": "Gjort."}) is None

    def test_do_not_hide_a_graver_doubt(self) -> None:
        said = {"outcome": "not_found", "message": "Hittar inget."}

        assert judged(Action.ERASE, said, found=FOUND) == "contradicts_search"


class TestReview:
    def test_is_read_by_somebody_before_it_is_told(self) -> None:
        """Art. 22(3): what a review came to is the controller's answer."""
        assert judged(Action.REVIEW_DECISION, {"outcome": "completed", "message": "Oförändrat."}) == "words_to_read"


class TestSecondLook:
    @pytest.mark.parametrize("found", [[], ["contact"], ["Contact"], ["books", "unheard_of"], ["books", "contact"]])
    def test_f22_proves_nothing_by_what_was_erased_or_by_words_nobody_knows(self, found: list[str]) -> None:
        """F22, R17-5: found under another name may be the very thing that was to go."""
        said = {"outcome": "completed", "found_categories": found}

        assert judged(Action.LOCATE, said, is_check=True, registered=frozenset({"contact", "calls", "books"})) == (
            "still_held"
        )

    def test_f22_is_passed_by_finding_only_what_was_to_stay(self) -> None:
        assert is_gone({"found_categories": ["books"]}, {"contact"}, registered={"contact", "books"})


class TestTakingOver:
    def test_puts_what_the_recipient_brought_to_a_persons_word(self) -> None:
        """What the person says stands; nothing else of the answer comes along."""
        theirs = {"outcome": "completed_partial", "message": "Bara e-post.", "retained": BOOKS, "more": 1}

        assert taken_over(theirs, {"outcome": "completed", "message": "Vi ringde."}) == {
            "outcome": "completed",
            "message": "Vi ringde.",
            "retained": BOOKS,
        }

    @pytest.mark.parametrize("words", ["Logga in: http://evil.example", "Se www.x", "Skriv a@b", "Se evil.example"])
    def test_takes_over_no_address(self, words: str) -> None:
        """Art. 12(1), 32: a letter of ours leads nobody to a stranger's page."""
        with pytest.raises(WordsHoldAddress):
            taken_over({"message": words}, {"outcome": "refused"})

    @pytest.mark.parametrize("reason", ["Logga in: http://evil.example", "Se www.x", "Skriv a@b", "evil.example"])
    def test_takes_over_no_address_by_its_reason_either(self, reason: str) -> None:
        """Where there is no message, the letter prints the reason."""
        with pytest.raises(WordsHoldAddress):
            taken_over({"reason": reason, "message": "Vi slutar inte."}, {"outcome": "refused"})
        assert taken_over({"reason": reason, "retained": BOOKS}, {"outcome": "refused", "message": "Nej."}) == {
            "outcome": "refused",
            "message": "Nej.",
            "retained": BOOKS,
        }

    def test_takes_a_code_for_a_reason(self) -> None:
        assert taken_over({"reason": "system_retired"}, {"outcome": "refused"})["reason"] == "system_retired"

    def test_takes_plain_words_for_what_they_are(self) -> None:
        words = "Det går inte, t.ex. för att systemet är avvecklat sedan kl. 10."

        assert taken_over({"message": words}, {"outcome": "refused"})["message"] == words

    def test_needs_an_answer(self) -> None:
        with pytest.raises(NoWordsToTake):
            taken_over({}, {"outcome": "refused"})
