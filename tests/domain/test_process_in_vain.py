"""When a yes comes to nothing: nothing is held, nobody is able, or everybody was asked in vain."""

from dataclasses import replace

import pytest

from app.domain.case import ClaimOutcome, Phase, Step
from app.domain.decisions import Verdict
from app.domain.execution import (
    is_executed,
    nobody_is_able,
    nothing_is_held,
)
from app.domain.fanout import Action, Outcome
from app.domain.process import Reopen, SealPackage, TakeStep, WriteLetter, outcome_of
from app.domain.rights import RIGHTS
from app.domain.snapshot import Claim, Processor, Task
from tests.domain.process_cases import (
    CLERK,
    ERASED,
    POST,
    a_case,
    a_claim,
    a_processor,
    a_task,
    granted,
    located,
    partly,
    wanted,
)

IN_VAIN = [Outcome.RETAINED, Outcome.REFUSED, Outcome.FAILED]


class TestReopen:
    @pytest.mark.parametrize("outcome", IN_VAIN)
    @pytest.mark.parametrize("right", [key for key, one in RIGHTS.items() if not one.granted_at_once])
    def test_hands_back_a_yes_of_which_nothing_could_be_done(self, right: str, outcome: Outcome) -> None:
        """
        What comes out as a no must be decided as one, with ground, reasons and two people (Art. 12(4)).
        """
        tasks = (located(), a_task(right, RIGHTS[right].action, outcome))

        assert wanted(a_case(granted(right), tasks=tasks)) == [Reopen(right)]

    @pytest.mark.parametrize("right", ["marketing_objection", "consent_withdrawal"])
    def test_never_hands_back_what_cannot_be_refused(self, right: str) -> None:
        """
        The unconditional is not weighed a second time either (R21-2, R7-1): the answer says what each one said.
        """
        claim, tasks = granted(right), (located(), a_task(right, RIGHTS[right].action, Outcome.FAILED))
        case = a_case(claim, tasks=tasks)

        assert not [act for act in wanted(case) if isinstance(act, Reopen)]
        assert outcome_of(case, claim) is ClaimOutcome.PARTLY_GRANTED

    @pytest.mark.parametrize("outcome", [None, Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL])
    def test_leaves_alone_what_somebody_does_or_did(self, outcome: Outcome | None) -> None:
        """
        One processor that did its part, or may yet, makes the yes true (F08).
        """
        tasks = (
            located("crm"),
            located("billing"),
            a_task("restriction", Action.RESTRICT, Outcome.FAILED),
            a_task("restriction", Action.RESTRICT, outcome, "billing"),
        )
        case = a_case(granted("restriction"), processors=[a_processor(), a_processor("billing")], tasks=tasks)

        assert not [act for act in wanted(case) if isinstance(act, Reopen)]

    def test_leaves_alone_where_nothing_is_held(self) -> None:
        """
        "We hold nothing about you" is an answer, not a no (R15-1).
        """
        case = a_case(granted("access"), tasks=(located(outcome=Outcome.NOT_FOUND),))

        assert wanted(case) == [SealPackage()]

    def test_hands_back_a_part_that_leaves_nothing(self) -> None:
        """
        A decision that leaves out all there is refuses the whole, and says so (Art. 12(4), F08).
        """
        assert wanted(a_case(partly("erasure", "contact"), tasks=(located(),))) == [Reopen("erasure")]

    def test_comes_before_the_next_rank(self) -> None:
        """
        Nothing is erased while it is open again whether the data must be kept (Art. 18(2)).
        """
        tasks = (located(), a_task("restriction", Action.RESTRICT, Outcome.FAILED))
        case = a_case(granted("erasure"), granted("restriction"), tasks=tasks)

        assert wanted(case) == [Reopen("restriction")]

    def test_comes_before_the_package_and_the_answer(self) -> None:
        """
        No empty copy is sealed where a copy failed (F08).
        """
        tasks = (located(), a_task("access", Action.EXPORT, Outcome.FAILED))

        assert wanted(a_case(granted("access"), tasks=tasks)) == [Reopen("access")]

    def test_ends_in_a_refusal_by_people(self) -> None:
        """
        Open again it waits for a person; refused it is answered with its reasons (Art. 12(4)).
        """
        failed = (located(), a_task("access", Action.EXPORT, Outcome.FAILED))
        again = a_case(a_claim("access"), tasks=failed, status="awaiting_decision")
        refused = a_case(a_claim("access", Verdict.REFUSED), tasks=failed)

        assert wanted(again) == []
        assert wanted(refused) == [TakeStep(Step.BEGIN_ANSWER)]
        assert wanted(replace(refused, phase=Phase.ANSWERING)) == [WriteLetter("refusal")]


class TestNothingIsHeld:
    @pytest.mark.parametrize(
        ("tasks", "nothing"),
        [
            pytest.param((), False, id="nobody asked"),
            pytest.param((located("crm", None),), False, id="still searching"),
            pytest.param((located("crm", Outcome.NOT_FOUND),), False, id="one of two"),
            pytest.param((located("crm", Outcome.NOT_FOUND), located("billing", Outcome.FAILED)), False, id="failed"),
            pytest.param((located("crm", Outcome.NOT_FOUND), located("billing", Outcome.NOT_FOUND)), True, id="both"),
            pytest.param(
                (
                    *(located("crm", Outcome.NOT_FOUND), located("billing")),
                    a_task("access", Action.EXPORT, Outcome.NOT_FOUND, "billing"),
                ),
                False,
                id="found, then not",
            ),
        ],
    )
    def test_when_everybody_said_so(self, tasks: tuple[Task, ...], nothing: bool) -> None:
        """
        "Nothing" is said only of what everybody able has denied (R15-1, R17-5).
        """
        claim, processors = granted("access"), [a_processor("crm"), a_processor("billing")]

        assert nothing_is_held(a_case(claim, processors=processors, tasks=tasks), claim) is nothing

    def test_whoever_found_the_person_without_being_able_to_act(self) -> None:
        """
        A store outside the right's reach does not make the person known to those inside it.
        """
        looks = a_processor("looks", frozenset({Action.LOCATE}))
        claim = granted("erasure")
        case = a_case(
            claim, processors=[a_processor(), looks], tasks=(located(outcome=Outcome.NOT_FOUND), located("looks"))
        )

        assert nothing_is_held(case, claim)

    @pytest.mark.parametrize(
        "left_out",
        [
            pytest.param(a_processor("keeps"), id="found there"),
            pytest.param(replace(CLERK, id="keeps"), id="no search"),
        ],
    )
    def test_never_of_what_was_left_out(self, left_out: Processor) -> None:
        """
        What a decision keeps is held, though nobody was asked to act on it (R17-1, R17-5).
        """
        claim = partly("erasure", "contact")
        crm = a_processor(categories=frozenset({"alarm"}))
        found = (located("crm", Outcome.NOT_FOUND), located("keeps"))
        tasks = found if Action.LOCATE in left_out.actions else found[:1]
        case = a_case(claim, processors=[crm, left_out], tasks=tasks)

        assert not nothing_is_held(case, claim)
        assert wanted(case) == [Reopen("erasure")]


class TestNobodyIsAble:
    @pytest.mark.parametrize("right", ["erasure", "marketing_objection"])
    def test_when_a_yes_reaches_nobody(self, right: str) -> None:
        """
        The controller stays responsible (F10): such a claim is neither done nor over, and it is said so.
        """
        looks = a_processor("looks", frozenset({Action.LOCATE, Action.NOTIFY}))
        claim = granted(right)
        case = a_case(claim, processors=[looks], tasks=(located("looks"),))

        assert nobody_is_able(case, claim)
        assert not is_executed(case, claim)
        assert [getattr(act, "status", None) for act in wanted(case)] == ["nobody_able"]

    @pytest.mark.parametrize("verdict", [Verdict.GRANTED, Verdict.PARTLY_GRANTED])
    def test_without_any_processor(self, verdict: Verdict) -> None:
        """
        An empty registry is no answer.
        """
        claim = a_claim("access", verdict)

        assert nobody_is_able(a_case(claim, processors=[]), claim)

    def test_not_when_nothing_is_held_anyway(self) -> None:
        """
        Where no search found the person nobody need be able.
        """
        looks = a_processor("looks", frozenset({Action.LOCATE}))
        claim = granted("erasure")
        case = a_case(claim, processors=[looks], tasks=(located("looks", Outcome.NOT_FOUND),))

        assert not nobody_is_able(case, claim)
        assert outcome_of(case, claim) is ClaimOutcome.NOTHING_HELD

    @pytest.mark.parametrize("claim", [a_claim("erasure"), a_claim("erasure", Verdict.REFUSED)], ids=["open", "no"])
    def test_not_without_a_yes(self, claim: Claim) -> None:
        """
        What was not granted needs nobody.
        """
        assert not nobody_is_able(a_case(claim, processors=[POST]), claim)

    def test_not_when_who_was_able_has_left(self) -> None:
        """
        A processor that did its part and was then removed has done it.
        """
        claim = granted("erasure")

        assert not nobody_is_able(a_case(claim, processors=[POST], tasks=(ERASED,)), claim)
