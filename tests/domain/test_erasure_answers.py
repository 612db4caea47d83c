"""Whose word is enough to keep data against an erasure, and for how long."""

from datetime import date
from typing import Any

import pytest

from app.domain import answers
from app.domain.answers import Asked
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


PART = {"outcome": "completed_partial"}


def kept(category: str, law: str, until: str) -> dict[str, Any]:
    return {"outcome": "retained", "retained": [{"category": category, "law": law, "until": until}]}


def asked(*categories: str, keep: tuple[str, ...] = (), found: frozenset[str] | None = None) -> Asked:
    return Asked(action=Action.ERASE, categories=frozenset(categories), keep=frozenset(keep), found=found)


def doubt(said: dict[str, Any], task: Asked | None = None) -> str | None:
    task = task or asked(*(one["category"] for one in said.get("retained", ())))
    return answers.doubt(Outcome(said["outcome"]), said, task, reach=REACH)


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

    def _doubt(self, said: dict[str, Any], task: Asked | None = None) -> str | None:
        return doubt({"outcome": "completed_partial", **said}, task or asked("books", "contact"))

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
        assert self._doubt(said) == "partly_unexplained"

    def test_r17_3_is_believed_where_each_category_is_accounted_for(self) -> None:
        """R17-3: books, within the years the law can reach; of the rest nothing is left."""
        assert self._doubt(kept("books", "BFL_7_2", "2033-12-31") | PART | {"erased_categories": ["contact"]}) is None

    @pytest.mark.parametrize("outcome", ["completed_partial", "retained"])
    @pytest.mark.parametrize("erased", [[], ["footage"]])
    def test_r17_4_that_is_silent_about_a_category_goes_to_a_person(self, outcome: str, erased: list[str]) -> None:
        """R17-4, Art. 12(4): a law for the books says nothing of the customer's card."""
        said = kept("books", "BFL_7_2", "2033-12-31") | {"outcome": outcome, "erased_categories": erased}

        assert doubt(said, asked("books", "contact", "footage")) == "partly_unexplained"

    def test_r17_3_with_words_beside_the_law_goes_to_a_person(self) -> None:
        """Art. 12(4): "we kept the card as well" is read by somebody, whatever the lists say."""
        said = kept("books", "BFL_7_2", "2033-12-31") | PART | {"message": "Vi behöll även kundkortet."}

        assert doubt(said, asked("books")) == "words_to_read"

    @pytest.mark.parametrize("word", ["anonymised", "Anonymised", "anonymiserad", "De-identified", "soft deleted"])
    @pytest.mark.parametrize("where", ["reason", "method"])
    @pytest.mark.parametrize("outcome", ["completed", "completed_partial", "retained"])
    def test_r17_4_is_seen_through_where_it_is_a_disguise(self, word: str, where: str, outcome: str) -> None:
        """R17-4, F28: an anonymisation is named as what it is, however it is spelled and whatever is kept besides."""
        said = kept("books", "BFL_7_2", "2033-12-31") if outcome != "completed" else {}
        named = {"reason": word} if where == "reason" else {"evidence": {"method": word}}

        assert doubt(said | named | {"outcome": outcome}, asked("books")) == "anonymised"


class TestDone:
    @pytest.mark.parametrize("method", ["erased", "Deleted", " raderat "])
    def test_r17_4_is_what_a_word_for_erasing_says(self, method: str) -> None:
        assert doubt({"outcome": "completed", "evidence": {"method": method}}, asked("contact")) is None

    @pytest.mark.parametrize("said", [{"evidence": {"method": "queued"}}, {"reason": "tidied_up"}])
    def test_r17_4_by_a_word_nobody_knows_goes_to_a_person(self, said: dict[str, Any]) -> None:
        """R17-4: a list of disguises is never complete; only known words of erasure are taken for one."""
        assert doubt({"outcome": "completed", **said}, asked("contact")) == "method_not_known"

    def test_r17_1_although_a_part_was_to_be_kept_goes_to_a_person(self) -> None:
        """R17-1, Art. 17(3)(b), 5(2): books that the law keeps are not gone without a word."""
        assert doubt({"outcome": "completed"}, asked("books", "contact", keep=("books",))) == "told_to_keep"

    def test_r17_1_is_believed_where_the_search_found_nothing_of_what_was_to_be_kept(self) -> None:
        task = asked("books", "contact", keep=("books",), found=frozenset({"contact"}))

        assert doubt({"outcome": "completed"}, task) is None

    def test_r17_1_in_part_that_forgets_what_was_to_be_kept_goes_to_a_person(self) -> None:
        said = kept("contact", "CLAIM_OWN", "2028-03-01") | PART | {"erased_categories": ["books"]}

        assert doubt(said, asked("books", "contact", keep=("books",))) == "told_to_keep"

    def test_r17_4_with_something_retained_is_not_the_whole(self) -> None:
        said = kept("books", "BFL_7_2", "2033-12-31") | {"outcome": "completed"}

        assert doubt(said, asked("books")) == "partly_unexplained"


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
