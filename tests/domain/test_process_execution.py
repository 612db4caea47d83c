"""Carrying a claim out: who is asked what, who is told, and what it means that nobody did anything."""

from dataclasses import replace

import pytest

from app.domain.case import ClaimOutcome, Phase, Step
from app.domain.decisions import Verdict
from app.domain.execution import (
    OrderHasCycle,
    action_for,
    check_order,
    is_executed,
    nobody_is_able,
    nothing_is_held,
    taking_part,
)
from app.domain.fanout import Action, Outcome
from app.domain.identity import Level
from app.domain.process import CreateTask, Reopen, SealPackage, TakeStep, WriteLetter, outcome_of
from app.domain.rights import RIGHTS
from app.domain.snapshot import Claim, Processor, Task
from tests.domain.process_cases import a_case, a_claim, a_processor, a_task, granted, located, wanted

IN_VAIN = [Outcome.RETAINED, Outcome.REFUSED, Outcome.FAILED]
POST = a_processor("post", frozenset({Action.NOTIFY}))
CLERK = a_processor("clerk", frozenset({Action.ERASE}))
ERASED = a_task("erasure", Action.ERASE, Outcome.COMPLETED)
TELL_POST = CreateTask("erasure", "post", Action.NOTIFY, ("contact",))


def partly(right: str, *excluded: str) -> Claim:
    return a_claim(right, Verdict.PARTLY_GRANTED, excluded=frozenset(excluded))


class TestActionFor:
    @pytest.mark.parametrize("right", RIGHTS)
    def test_tells_recipients_only_of_what_must_be_told(self, right: str) -> None:
        """
        A recipient that can only be told is told of corrections, erasures and restrictions (R19-1, R19-2).
        """
        post = a_processor("post", frozenset({Action.NOTIFY}))
        told = right in ("rectification", "erasure", "restriction")

        assert action_for(granted(right), post) is (Action.NOTIFY if told else None)

    def test_prefers_doing_to_telling(self) -> None:
        """
        Who can erase is asked to erase, not told of an erasure.
        """
        assert action_for(granted("erasure"), a_processor(actions=frozenset(Action))) is Action.ERASE

    def test_asks_nothing_of_who_holds_only_what_is_left_out(self) -> None:
        """
        A processor all of whose data is kept has nothing to do.
        """
        claim = a_claim("erasure", Verdict.PARTLY_GRANTED, excluded=frozenset({"contact"}))

        assert action_for(claim, a_processor()) is None


class TestIsExecuted:
    @pytest.mark.parametrize(
        ("tasks", "executed"),
        [
            pytest.param((), False, id="not searched"),
            pytest.param((located(outcome=None),), False, id="searching"),
            pytest.param((located(),), False, id="found, not asked"),
            pytest.param((located(), a_task("access", Action.EXPORT)), False, id="asked"),
            pytest.param((located(), a_task("access", Action.EXPORT, Outcome.COMPLETED)), True, id="answered"),
            pytest.param((located(outcome=Outcome.NOT_FOUND),), True, id="not known there"),
        ],
    )
    def test_when_everybody_has_answered(self, tasks: tuple[Task, ...], executed: bool) -> None:
        """
        Asked is not answered, and not asked is not answered either.
        """
        claim = granted("access")

        assert is_executed(a_case(claim, tasks=tasks), claim) is executed

    @pytest.mark.parametrize("claim", [a_claim(), a_claim("access", Verdict.REFUSED)], ids=["undecided", "refused"])
    def test_never_without_a_yes(self, claim: Claim) -> None:
        """
        What was not granted was not carried out.
        """
        assert not is_executed(a_case(claim, tasks=(located(outcome=Outcome.NOT_FOUND),)), claim)

    def test_not_before_the_person_is_known_well_enough(self) -> None:
        """
        A yes given to somebody else is nobody's yes (GDPR Art. 12(6)).
        """
        claim = granted("access", needs=Level.HIGH)
        tasks = (located(), a_task("access", Action.EXPORT, Outcome.COMPLETED))

        assert not is_executed(a_case(claim, tasks=tasks), claim)

    def test_not_before_who_is_left_out_has_been_searched(self) -> None:
        """
        Whether anything is held where the decision leaves all out is known when the search there is over.
        """
        claim = partly("erasure", "contact")

        assert not is_executed(a_case(claim, tasks=(located(outcome=None),)), claim)
        assert is_executed(a_case(claim, tasks=(located(),)), claim)


class TestNotification:
    def test_follows_when_everybody_has_answered(self) -> None:
        """
        Art. 19 tells of what was done: while one processor is still erasing nobody is told.
        """
        tasks = (located("crm"), located("billing"), ERASED)
        working = a_task("erasure", Action.ERASE, processor="billing")
        case = a_case(
            granted("erasure"), processors=[a_processor(), a_processor("billing"), POST], status="executing",
            tasks=(*tasks, working),
        )  # fmt: skip
        over = replace(working, state=ERASED.state, outcome=Outcome.RETAINED)

        assert wanted(case) == []
        assert wanted(replace(case, tasks=(*tasks, over))) == [TELL_POST]

    def test_waits_for_who_has_not_been_asked_yet(self) -> None:
        """
        Nobody at work is not yet everybody through.
        """
        then = a_processor("billing", after=frozenset({"crm"}))
        acts = wanted(
            a_case(
                granted("erasure"),
                processors=[a_processor(), then, POST],
                tasks=(located("crm"), located("billing"), ERASED),
            )
        )

        assert acts == [CreateTask("erasure", "billing", Action.ERASE, ("contact",))]

    @pytest.mark.parametrize("outcome", [*IN_VAIN, Outcome.NOT_FOUND])
    def test_is_not_sent_when_nothing_was_done(self, outcome: Outcome) -> None:
        """
        Art. 19 knows no notice of an erasure that did not happen.
        """
        tasks = (located(), a_task("erasure", Action.ERASE, outcome))
        acts = wanted(a_case(granted("erasure"), processors=[a_processor(), POST], tasks=tasks))

        assert TELL_POST not in acts

    @pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL])
    def test_is_sent_also_of_a_part(self, outcome: Outcome) -> None:
        """
        Art. 19 speaks of any erasure carried out; while the notice is on its way the claim is not over.
        """
        claim, tasks = granted("erasure"), (located(), a_task("erasure", Action.ERASE, outcome))
        case = a_case(claim, processors=[a_processor(), POST], tasks=tasks)

        assert wanted(case) == [TELL_POST]
        assert not is_executed(case, claim)

    def test_is_not_sent_of_what_was_left_out(self) -> None:
        """
        A recipient of nothing but data that are kept has nothing to be told (Art. 19).
        """
        processors = [a_processor(categories=frozenset({"contact", "alarm"})), POST]
        case = a_case(partly("erasure", "contact"), processors=processors, tasks=(located(), ERASED))

        assert not [act for act in wanted(case) if isinstance(act, CreateTask)]

    def test_holds_up_nobody_who_acts(self) -> None:
        """
        A processor ordered behind one that is only told does not wait for the notice, which waits for it.
        """
        behind = a_processor("crm", after=frozenset({"post"}))
        acts = wanted(a_case(granted("erasure"), processors=[behind, POST], tasks=(located(),)))

        assert acts == [CreateTask("erasure", "crm", Action.ERASE, ("contact",))]


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


class TestTakingPart:
    def test_is_settled_when_execution_begins(self) -> None:
        """
        A newcomer is not asked to erase what nobody has copied (Art. 15(3)).
        """
        first = {"crm": a_processor()}

        assert taking_part(first, later=[a_processor("new"), POST]) == first

    def test_lets_in_who_can_do_what_nobody_could(self) -> None:
        """
        For that alone, and not unsearched: otherwise the claim would never end (F10).
        """
        able = frozenset({Action.EXPORT, Action.LOCATE})
        joined = taking_part({"crm": a_processor(actions=able)}, later=[a_processor("new", frozenset(Action))])

        assert joined["crm"].actions == able
        assert joined["new"].actions == frozenset(Action) - {Action.EXPORT, Action.FREEZE, Action.NOTIFY}

    def test_lets_in_only_the_first_of_them(self) -> None:
        """
        The second one can do nothing that the first cannot.
        """
        assert list(taking_part({}, later=[CLERK, replace(CLERK, id="other")])) == ["clerk"]


class TestCheckOrder:
    @pytest.mark.parametrize("after", [{}, {"a": ["b"], "b": ["c"]}, {"a": ["gone"]}, {"a": ["c"], "b": ["c"]}])
    def test_takes_an_order_with_a_beginning(self, after: dict[str, list[str]]) -> None:
        """
        Also one that names somebody who is not there.
        """
        check_order(after)

    @pytest.mark.parametrize(
        "after", [{"a": ["a"]}, {"a": ["b"], "b": ["a"]}, {"a": ["b"], "b": ["c"], "c": ["a"], "d": []}]
    )
    def test_refuses_a_circle(self, after: dict[str, list[str]]) -> None:
        """
        Processors that wait for each other would never be asked.
        """
        with pytest.raises(OrderHasCycle):
            check_order(after)
