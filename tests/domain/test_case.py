"""The life of a request, read off its table."""

import pytest

from app.domain.case import TRANSITIONS, ClaimOutcome, ClaimState, Phase, Step, StepNotAllowed, advance

OPEN_PHASES = [phase for phase in Phase if phase is not Phase.CLOSED]
FORBIDDEN = [(phase, step) for phase in Phase for step in Step if (phase, step) not in TRANSITIONS]


def reachable_from(phase: Phase) -> set[Phase]:
    """Every phase some row of steps leads to."""
    found: set[Phase] = set()
    ahead = [phase]
    while ahead:
        here = ahead.pop()
        nexts = {to for (start, _), to in TRANSITIONS.items() if start is here} - found
        found |= nexts
        ahead += nexts
    return found


class TestTransitions:
    @pytest.mark.parametrize(("phase", "step"), list(TRANSITIONS))
    def test_lead_where_the_table_says(self, phase: Phase, step: Step) -> None:
        """
        A step that the table has is taken.
        """
        assert advance(phase, step) is TRANSITIONS[phase, step]

    @pytest.mark.parametrize(("phase", "step"), FORBIDDEN)
    def test_know_no_other_step(self, phase: Phase, step: Step) -> None:
        """
        A step that the table lacks is refused, and the refusal names both.
        """
        with pytest.raises(StepNotAllowed) as refusal:
            advance(phase, step)

        assert phase in str(refusal.value)
        assert step in str(refusal.value)

    def test_let_nothing_follow_the_end(self) -> None:
        """
        A closed request is never reopened; who asks again files a new one.
        """
        assert not reachable_from(Phase.CLOSED)

    @pytest.mark.parametrize("phase", OPEN_PHASES)
    def test_lead_to_an_end_from_every_open_phase(self, phase: Phase) -> None:
        """
        No request is ever stuck (GDPR Art. 12(3)).
        """
        assert Phase.CLOSED in reachable_from(phase)

    def test_reach_every_phase_from_receipt(self) -> None:
        """
        There is no phase a request can never be in.
        """
        assert reachable_from(Phase.RECEIVED) == set(OPEN_PHASES) - {Phase.RECEIVED} | {Phase.CLOSED}

    def test_never_lead_back(self) -> None:
        """
        A request only moves on: the clock of Art. 12(3) runs one way, too. One step leads back: what was to be answered
        was asked for somebody else, and is asked anew (Art. 5(1)(f)).
        """
        order = list(Phase)
        back = [(start, step) for (start, step), to in TRANSITIONS.items() if order.index(start) >= order.index(to)]

        assert back == [(Phase.ANSWERING, Step.EXECUTE_ANEW)]

    @pytest.mark.parametrize("phase", OPEN_PHASES)
    def test_never_close_without_an_answer(self, phase: Phase) -> None:
        """
        The only way to the end is through the answer (GDPR Art. 12(3), 12(4)).
        """
        ways = [start for (start, _), to in TRANSITIONS.items() if to is Phase.CLOSED]

        assert ways == [Phase.ANSWERING]
        assert (phase, Step.BEGIN_ANSWER) in TRANSITIONS or phase is Phase.ANSWERING

    def test_never_execute_without_assessment(self) -> None:
        """
        Nothing is asked of a processor for a claim before somebody, or the law, said yes; once more for somebody else
        only after all that had come first.
        """
        leading = {step: start for (start, step), to in TRANSITIONS.items() if to is Phase.EXECUTING}

        assert leading == {Step.BEGIN_EXECUTION: Phase.ASSESSING, Step.EXECUTE_ANEW: Phase.ANSWERING}

    @pytest.mark.parametrize("step", Step)
    def test_use_every_step(self, step: Step) -> None:
        """
        There is no step that can never be taken.
        """
        assert any(taken is step for _, taken in TRANSITIONS)


class TestWireNames:
    @pytest.mark.parametrize(
        ("words", "names"),
        [
            (Phase, "received identifying assessing executing answering closed"),
            (ClaimState, "open awaiting_approval decided closed"),
            (
                ClaimOutcome,
                "granted partly_granted refused nothing_held not_identified withdrawn forwarded",
            ),
        ],
    )
    def test_stay_as_they_are(self, words: type[Phase | ClaimState | ClaimOutcome], names: str) -> None:
        """
        Other systems and old rows know these words; a phase is never added or renamed.
        """
        assert [word.value for word in words] == names.split()
