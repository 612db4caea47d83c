"""Questions to the person: when they may be put, and which may stop the clock."""

import pytest

from app.domain.clarification import (
    REASONS,
    NoLargeAmount,
    NothingToDoubt,
    QuestionAsked,
    QuestionKind,
    QuestionReasonUnknown,
    QuestionTooThin,
    check_question,
    reason,
)
from app.domain.identity import Level
from app.domain.rights import RIGHTS

TEXT = "Visa på ett av sätten att det är du som har skickat begäran."
DOUBT = REASONS["not_told_apart"]
MUCH = REASONS["large_amount"]


def put(asked=DOUBT, text=TEXT, rights=("access",), held=Level.SUBSTANTIAL, still_open=()):
    check_question(asked, text, rights=[RIGHTS[one] for one in rights], held=held, still_open=still_open)


class TestReasons:
    def test_stop_the_clock_for_doubt_and_for_a_large_amount_only(self):
        """
        B.2: identity (Art. 12(6)) and recital 63 may suspend; wanting to understand somebody may not.
        """
        assert {one.key for one in REASONS.values() if not one.stops} == {"unclear_request"}
        assert {one.key for one in REASONS.values() if one.kind is QuestionKind.CLARIFICATION and one.stops} == {
            "large_amount"
        }

    def test_belong_to_their_kind(self):
        """
        A large amount of data is no doubt about who asks.
        """
        assert reason(QuestionKind.IDENTITY, "not_told_apart") is DOUBT
        for kind, key in ((QuestionKind.IDENTITY, "large_amount"), (QuestionKind.CLARIFICATION, "no_such")):
            with pytest.raises(QuestionReasonUnknown):
                reason(kind, key)

    def test_tell_nobody_whether_they_are_known(self):
        """
        Whoever asks may be an ex-partner: no doubt is worded as knowledge of the person (Art. 12(6), 5(1)(f)).
        """
        said = [f"{one.sv} {one.en}".lower() for one in REASONS.values() if one.kind is QuestionKind.IDENTITY]

        assert not [
            text for text in said for word in ("våra uppgifter", "om dig", "our records", "we hold") if word in text
        ]


class TestQuestion:
    def test_is_put_in_whole_words_and_once_at_a_time(self):
        """
        GDPR Art. 12(1): what is wanted is said; a second one waits for the first to be answered.
        """
        put()
        with pytest.raises(QuestionTooThin):
            put(text="  Vem?  ")
        with pytest.raises(QuestionAsked):
            put(still_open=["identity"])
        put(still_open=["clarification"])

    @pytest.mark.parametrize("right", ["marketing_objection", "consent_withdrawal", "automated_decision"])
    def test_r12_9_doubts_nobody_where_the_law_asks_for_no_more_proof(self, right):
        """
        R12-9, F12: Art. 12(6) speaks of Articles 15 to 21; what stops at once is not made to wait.
        """
        with pytest.raises(NothingToDoubt):
            put(rights=(right,))
        put(rights=(right, "access"))

    @pytest.mark.parametrize(
        ("rights", "held"), [(("erasure",), Level.HIGH), (("access",), Level.NONE), (("access",), Level.CHANNEL)]
    )
    def test_speaks_of_a_large_amount_only_of_a_copy_and_to_somebody_known(self, rights, held):
        """
        Recital 63 is about access; that there is much of it is told to nobody who has not proved who they are.
        """
        with pytest.raises(NoLargeAmount):
            put(MUCH, rights=rights, held=held)
        put(MUCH)
