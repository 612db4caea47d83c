"""Who is asked next for what was granted: the order of rights, of processors, and of the copy before all."""

from dataclasses import replace

import pytest

from app.domain.case import ClaimState, Phase, Step
from app.domain.decisions import Verdict
from app.domain.fanout import Action, Outcome
from app.domain.process import (
    CreateTask,
    SealPackage,
    TakeStep,
)
from app.domain.rights import RIGHTS
from tests.domain.process_cases import (
    a_case,
    a_claim,
    a_processor,
    a_task,
    granted,
    located,
    wanted,
)


class TestPlan:
    def test_begins_with_the_first_yes(self) -> None:
        """
        One claim is carried out while another is still weighed.
        """
        case = a_case(granted("access"), a_claim("erasure"), phase=Phase.ASSESSING, tasks=(located(),))

        assert wanted(case) == [TakeStep(Step.BEGIN_EXECUTION)]

    @pytest.mark.parametrize(("right", "action"), [(key, one.action) for key, one in RIGHTS.items()], ids=list(RIGHTS))
    def test_asks_for_the_action_of_the_right(self, right: str, action: Action) -> None:
        """
        At a processor where the person was found.
        """
        assert wanted(a_case(granted(right), tasks=(located(),))) == [CreateTask(right, "crm", action, ("contact",))]

    @pytest.mark.parametrize("answer", [None, Outcome.NOT_FOUND], ids=["not answered yet", "not known there"])
    def test_asks_nobody_who_does_not_know_the_person(self, answer: Outcome | None) -> None:
        """
        Personal data go only where the person is known (GDPR Art. 5(1)(c)).
        """
        acts = wanted(a_case(granted("access"), tasks=(located(outcome=answer),)))

        assert not [act for act in acts if isinstance(act, CreateTask)]

    @pytest.mark.parametrize("answer", [Outcome.REFUSED, Outcome.FAILED])
    def test_asks_who_may_know_the_person(self, answer: Outcome) -> None:
        """
        A search that failed found nothing out; only "not found" does.
        """
        acts = wanted(a_case(granted("access"), tasks=(located(outcome=answer),)))

        assert acts == [CreateTask("access", "crm", Action.EXPORT, ("contact",))]

    def test_asks_who_cannot_search(self) -> None:
        """
        A recipient reached only by a person is asked straight away.
        """
        clerk = a_processor("clerk", frozenset({Action.EXPORT}))

        assert wanted(a_case(granted("access"), processors=[clerk])) == [
            CreateTask("access", "clerk", Action.EXPORT, ("contact",))
        ]

    def test_leaves_out_what_the_decision_leaves_out(self) -> None:
        """
        A partly granted claim is carried out for the rest only (R17-1).
        """
        claim = a_claim("erasure", Verdict.PARTLY_GRANTED, excluded=frozenset({"billing"}))
        crm = a_processor(categories=frozenset({"billing", "contact", "alarm"}))
        acts = wanted(a_case(claim, processors=[crm], tasks=(located(),)))

        assert acts == [CreateTask("erasure", "crm", Action.ERASE, ("alarm", "contact"))]

    def test_keeps_the_order_of_processors(self) -> None:
        """
        The system that feeds another is asked before it.
        """
        first, then = a_processor("crm"), a_processor("billing", after=frozenset({"crm"}))
        found = (located("crm"), located("billing"))
        asked = a_case(granted("erasure"), processors=[then, first], tasks=found)
        at_work = replace(asked, tasks=(*found, a_task("erasure", Action.ERASE)), status="executing")
        answered = replace(asked, tasks=(*found, a_task("erasure", Action.ERASE, Outcome.COMPLETED)))

        assert wanted(asked) == [CreateTask("erasure", "crm", Action.ERASE, ("contact",))]
        assert wanted(at_work) == []
        assert wanted(answered) == [CreateTask("erasure", "billing", Action.ERASE, ("contact",))]

    def test_waits_for_nobody_who_has_nothing_to_do(self) -> None:
        """
        Who does not know the person, or is not registered any more, holds nobody up.
        """
        then = a_processor("billing", after=frozenset({"crm", "gone"}))
        case = a_case(
            granted("erasure"),
            processors=[a_processor("crm"), then],
            tasks=(located("crm", Outcome.NOT_FOUND), located("billing")),
        )

        assert wanted(case) == [CreateTask("erasure", "billing", Action.ERASE, ("contact",))]

    @pytest.mark.parametrize(
        ("first", "then"),
        [
            ("access", "restriction"),
            ("restriction", "rectification"),
            ("rectification", "erasure"),
            ("access", "erasure"),
        ],
    )
    def test_keeps_the_order_of_rights(self, first: str, then: str) -> None:
        """
        The copy before the restriction before the correction before the erasure.
        """
        claims = granted(then), granted(first)
        before = a_case(*claims, tasks=(located(),))
        during = a_case(*claims, tasks=(located(), a_task(first, RIGHTS[first].action)), status="executing")
        over = (located(), a_task(first, RIGHTS[first].action, Outcome.COMPLETED))

        assert [act.claim for act in wanted(before) if isinstance(act, CreateTask)] == [first]
        assert wanted(during) == []
        assert wanted(a_case(*claims, tasks=over, package_sealed=True)) == [
            CreateTask(then, "crm", RIGHTS[then].action, ("contact",))
        ]

    @pytest.mark.parametrize("state", [ClaimState.OPEN, ClaimState.AWAITING_APPROVAL])
    def test_erases_nothing_while_the_copy_is_undecided(self, state: ClaimState) -> None:
        """
        What was erased can never be copied (GDPR Art. 15(3)).
        """
        acts = wanted(a_case(a_claim("access", state=state), granted("erasure"), tasks=(located(),)))

        assert not [act for act in acts if isinstance(act, CreateTask)]

    def test_erases_nothing_before_the_copy_is_sealed(self) -> None:
        """
        Collected is not enough: the copy must be in a sealed package.
        """
        tasks = (located(), a_task("access", Action.EXPORT, Outcome.COMPLETED))
        case = a_case(granted("access"), granted("erasure"), tasks=tasks)

        assert wanted(case) == [SealPackage()]
        assert isinstance(wanted(replace(case, package_sealed=True))[0], CreateTask)

    def test_erases_without_a_copy_when_the_copy_was_refused(self) -> None:
        """
        A claim that is over holds up no other.
        """
        claims = a_claim("access", Verdict.REFUSED), granted("erasure")

        assert wanted(a_case(*claims, tasks=(located(),))) == [CreateTask("erasure", "crm", Action.ERASE, ("contact",))]
