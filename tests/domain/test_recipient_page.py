"""When a recipient by mail is reminded, what its code is worth, and what it may say on its page."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.fanout import TERMINAL, Action, Outcome
from app.domain.recipient_page import (
    ANSWERS,
    CODE_LIVES,
    CODES_PER_TASK,
    MOST_TRIES,
    Code,
    PageAnswerNotUnderstood,
    answers_to,
    is_address,
    may_be_tried,
    next_reminder,
    read_answer,
)

FIRST = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ANSWER_BY = date(2026, 3, 27)
CATEGORIES = ("contact", "invoices")


def reminder(now, *, answer_by=ANSWER_BY, days=(7, 14), before=2):
    return next_reminder(now, first=FIRST, answer_by=answer_by, days=days, before=before)


class TestReminders:
    def test_come_after_seven_days_after_fourteen_and_before_the_day(self):
        """
        The three of the contract, one after the other, and then none: a person goes after who stays silent.
        """
        seen, now = [], FIRST
        while (due := reminder(now)) is not None:
            seen.append(due)
            now = due

        assert seen == [
            datetime(2026, 3, 9, 9, 30, tzinfo=UTC),
            datetime(2026, 3, 16, 9, 30, tzinfo=UTC),
            datetime(2026, 3, 25, 7, tzinfo=UTC),
        ]

    def test_are_not_made_up_for(self):
        """
        A clock that was moved, or a worker that slept, brings one reminder and not three.
        """
        assert reminder(datetime(2026, 3, 18, tzinfo=UTC)) == datetime(2026, 3, 25, 7, tzinfo=UTC)

    def test_never_come_on_the_day_or_after_it(self):
        """
        From there on it is a person's.
        """
        assert reminder(FIRST, answer_by=date(2026, 3, 5), days=(7,), before=0) is None
        assert reminder(datetime(2026, 3, 26, tzinfo=UTC)) is None

    def test_before_the_day_come_only_after_the_first_mail(self):
        """
        A task that is mailed a day before its answer is due is not reminded of a day earlier.
        """
        assert reminder(FIRST, answer_by=date(2026, 3, 3)) is None


class TestAddress:
    @pytest.mark.parametrize("value", ["dpo@example.org", "a.b+c@x-y.example.org"])
    def test_is_a_plain_one(self, value):
        """What a mail server takes."""
        assert is_address(value)

    @pytest.mark.parametrize(
        "value",
        ["", "dpo", "a@b", "Dpo <a@example.org>", "a@example.org\nBcc: b@example.org", "a@example.org,b@example.org",
         "a b@example.org", "å@example.org", "x" * 65 + "@example.org", None, 7, ["a@example.org"]],
    )  # fmt: skip
    def test_is_nothing_else(self, value):
        """No second recipient, no header."""
        assert not is_address(value)


class TestCode:
    @pytest.mark.parametrize(
        ("changed", "may"),
        [
            ({}, True),
            ({"tries": MOST_TRIES}, False),
            ({"used": True}, False),
            ({"expires_at": FIRST}, False),
        ],
    )
    def test_counts_once_for_a_while_and_for_few_tries(self, changed, may):
        """
        ASVS 6.5.1, 6.5.5, 6.6.3.
        """
        code = Code(**{"expires_at": FIRST + CODE_LIVES, "tries": 0, "used": False} | changed)

        assert may_be_tried(code, now=FIRST) is may

    def test_cannot_be_found_by_trying(self):
        """
        All guesses of half a year of days together are less than one in twenty thousand.
        """
        assert CODES_PER_TASK * MOST_TRIES * 183 / 10**8 < 1 / 20_000


class TestAnswer:
    def test_is_one_of_the_buttons(self):
        """
        Each is an outcome of the contract; all but a refusal end the task.
        """
        assert {Outcome(one) for one in ANSWERS} - TERMINAL == {Outcome.REFUSED}
        assert [one for one in Action if "retained" in answers_to(one)] == [Action.ERASE]

    def test_has_no_button_for_a_part_of_a_marketing_stop(self):
        """
        GDPR Art. 21(3): it stops whole, or whoever does not stop it says so and why.
        """
        assert [one for one in Action if "completed_partial" not in answers_to(one)] == [Action.STOP_MARKETING]

    @pytest.mark.parametrize(
        ("said", "what"),
        [
            ({}, "outcome"),
            ({"outcome": "failed"}, "outcome"),
            ({"outcome": "accepted"}, "outcome"),
            ({"outcome": "refused"}, "message"),
            ({"outcome": "refused", "message": "  \n "}, "message"),
            ({"outcome": "completed_partial"}, "message"),
            ({"outcome": "completed", "message": "x" * 2_001}, "message"),
            ({"outcome": "retained"}, "category"),
            ({"outcome": "retained", "category": "alarms", "law": "BFL_7_2", "until": "2033-12-31"}, "category"),
            ({"outcome": "retained", "category": "contact", "law": "MADE_UP", "until": "2033-12-31"}, "law"),
            ({"outcome": "retained", "category": "contact", "law": "DSL_5", "until": "2033-12-31"}, "law"),
            ({"outcome": "retained", "category": "contact", "law": "BFL_7_2", "until": "soon"}, "until"),
        ],
    )
    def test_lacks_nothing_it_needs(self, said, what):
        """
        What is kept has its law and its day, a no has its reason; the page says which is missing.
        """
        with pytest.raises(PageAnswerNotUnderstood) as refused:
            read_answer(said, action=Action.ERASE, categories=CATEGORIES)

        assert refused.value.what == what

    def test_holds_nothing_that_was_only_sent_along(self):
        """
        Fields nobody asked for are not kept.
        """
        said = {"outcome": "completed", "records": "[]", "law": "BFL_7_2", "evidence": "x", "message": "Klart\x00."}

        assert read_answer(said, action=Action.ERASE, categories=CATEGORIES) == {
            "outcome": "completed",
            "evidence": {"by": "page"},
            "message": "Klart .",
        }

    def test_names_what_is_kept(self):
        """
        In the shape any processor would.
        """
        said = {"outcome": "retained", "category": "invoices", "law": "BFL_7_2", "until": "2033-12-31"}

        assert read_answer(said, action=Action.ERASE, categories=CATEGORIES)["retained"] == [
            {"category": "invoices", "law": "BFL_7_2", "until": "2033-12-31"}
        ]

    def test_of_a_review_says_what_it_came_to(self):
        """
        GDPR Art. 22(3).
        """
        with pytest.raises(PageAnswerNotUnderstood):
            read_answer({"outcome": "completed"}, action=Action.REVIEW_DECISION, categories=())


class TestDay:
    def test_is_the_controllers(self):
        """A reminder's hour is the first mail's, so that it finds people at work."""
        assert reminder(FIRST) - FIRST == timedelta(days=7)
