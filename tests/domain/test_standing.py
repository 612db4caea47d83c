"""Whether an order may leave: there is a yes behind it, to whoever is known now."""

import itertools

import pytest

from app.domain.case import ClaimState
from app.domain.decisions import Verdict
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.domain.finding import Known
from app.domain.rights import RIGHTS, right
from app.domain.snapshot import CARRIED_OUT
from app.domain.standing import NEEDS_NO_YES, Former, Yes, former, has_effect, has_left, may_leave, needs_yes

ANNA, BO = b"anna", b"bo"
TO_DECIDE = [one for one in RIGHTS.values() if not one.granted_at_once]


def yes(**changed):
    said = {
        "right": right("erasure"),
        "state": ClaimState.DECIDED,
        "verdict": Verdict.GRANTED,
        "decided_for": ANNA,
        "known_now": ANNA,
    }
    return Yes(**(said | changed))


class TestOrder:
    @pytest.mark.parametrize("one", TO_DECIDE, ids=lambda one: one.key)
    def test_leaves_only_with_a_yes_to_whoever_is_known(self, one):
        """GDPR Art. 5(1)(f), 12(6), 24, 32: over every state, verdict and person, and for every right."""
        left = [
            (state, verdict, decided_for)
            for state, verdict, decided_for in itertools.product(ClaimState, [None, *Verdict], [None, ANNA, BO])
            if may_leave(
                one.action,
                yes(right=one, state=state, verdict=verdict, decided_for=decided_for),
                asked_for=decided_for,
            )
        ]

        assert left
        assert {decided_for for _, _, decided_for in left} <= {None, ANNA}
        assert all(
            verdict in CARRIED_OUT or (state is ClaimState.OPEN and decided_for == ANNA)
            for state, verdict, decided_for in left
        )
        assert all(state is not ClaimState.AWAITING_APPROVAL for state, _, _ in left)

    @pytest.mark.parametrize("asked_for", [BO, None])
    def test_made_about_another_does_not_leave_under_a_new_yes(self, asked_for):
        """GDPR Art. 5(1)(d): its key would bring an answer about somebody else."""
        assert not may_leave(Action.ERASE, yes(), asked_for=asked_for)

    @pytest.mark.parametrize("action", sorted(NEEDS_NO_YES | {Action.RESTRICT}))
    def test_that_the_law_does_not_let_wait_leaves_at_once(self, action):
        """GDPR Art. 18(1)(a), (d): looks, holds and the restriction meanwhile need nobody's decision."""
        undecided = yes(right=right("rectification"), state=ClaimState.OPEN, verdict=None, decided_for=None)

        assert may_leave(action, undecided, asked_for=None)

    def test_of_a_restriction_that_is_asked_for_needs_its_decision(self):
        """GDPR Art. 18(1): the right itself is decided; only what is meanwhile is not."""
        assert needs_yes(Action.RESTRICT, right("restriction"))
        assert not needs_yes(Action.RESTRICT, right("objection"))

    def test_that_is_granted_at_once_leaves(self):
        """GDPR Art. 7(3), 21(3): there is nothing to decide."""
        asked = yes(right=right("marketing_objection"), state=ClaimState.DECIDED, decided_for=None)

        assert may_leave(Action.STOP_MARKETING, asked, asked_for=None)


EMAIL, PHONE = ("email", "anna@example.org"), ("phone", "+46701740601")
NUMBER = ("personnummer", "197001019806")


def known(*, sure=(), written=()):
    return [*(Known(*one, vouched=True) for one in sure), *(Known(*one, vouched=False) for one in written)]


class TestFormer:
    """Why what was asked for whoever was known before counts no more (GDPR Art. 5(1)(f))."""

    @pytest.mark.parametrize(
        ("before", "now", "checked", "why"),
        [
            (known(sure=[EMAIL]), known(sure=[NUMBER], written=[EMAIL]), False, Former.ANOTHER),
            (known(sure=[EMAIL]), known(sure=[EMAIL, NUMBER]), False, Former.MORE_KNOWN),
            (known(sure=[EMAIL]), known(sure=[EMAIL], written=[PHONE]), True, Former.MORE_KNOWN),
            (known(sure=[EMAIL], written=[PHONE]), known(sure=[EMAIL, PHONE]), True, Former.MORE_KNOWN),
            (known(written=[EMAIL]), known(written=[EMAIL], sure=[NUMBER]), True, Former.MORE_KNOWN),
            (known(sure=[EMAIL, NUMBER]), known(sure=[NUMBER], written=[EMAIL]), True, Former.ANOTHER),
        ],
    )
    def test_is_another_as_soon_as_something_is_answered_for_no_more(self, before, now, checked, why):
        assert former(before, now, right=right("erasure"), checked=checked) is why

    def test_is_nobody_else_where_nothing_had_to_be_proved(self):
        """GDPR Art. 21(2)-(3): a stop of marketing was for whoever has the address, whoever typed it."""
        now = known(sure=[NUMBER], written=[EMAIL])

        assert former(known(sure=[EMAIL]), now, right=right("marketing_objection"), checked=False) is Former.MORE_KNOWN

    @pytest.mark.parametrize("action", Action)
    @pytest.mark.parametrize("outcome", [*Outcome, None])
    def test_has_to_be_put_right_where_something_was_changed(self, action, outcome):
        """GDPR Art. 24: a look, a hold, a copy that stayed here, the end of a restriction change nothing."""
        apart = {Action.LOCATE, Action.FREEZE, Action.EXPORT, Action.LIFT_RESTRICTION}

        assert has_effect(action, outcome) == (action not in apart and outcome in DONE)

    @pytest.mark.parametrize(
        ("outcome", "code", "left"),
        [
            ("failed", "phone_alone", False),
            ("failed", "no_identifier", False),
            ("failed", "unreadable", False),
            ("refused", "no_identifier", True),  # a recipient's word: it was asked
            ("failed", "not_decided", True),
            ("failed", "http_500", True),
            (None, None, True),  # nobody knows yet
        ],
    )
    def test_had_to_leave_the_house_for_anybody_to_have_been_told(self, outcome, code, left):
        """GDPR Art. 24: in doubt it has; only of what a lane refused to tell does nobody say what came of it."""
        assert has_left(outcome, code) is left
