"""Carrying a claim out: who is asked what, who is told, and when everybody has answered."""

from dataclasses import replace

import pytest

from app.domain.decisions import Verdict
from app.domain.execution import (
    OrderHasCycle,
    action_for,
    check_order,
    is_executed,
    taking_part,
)
from app.domain.fanout import TERMINAL_BY_PERSON, Action, Outcome, TaskState
from app.domain.identity import Level
from app.domain.process import CreateTask
from app.domain.rights import RIGHTS
from app.domain.snapshot import Claim, Task
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
TELL_POST = CreateTask("erasure", "post", Action.NOTIFY, ("contact",))


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

    def test_asks_who_has_named_no_categories(self) -> None:
        """
        Nothing named is not nothing held.
        """
        assert action_for(granted("erasure"), a_processor(categories=frozenset())) is Action.ERASE


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

    def test_without_a_search_that_says_nothing_about_the_right(self) -> None:
        """
        One who cannot erase may still be searching; nobody waits for what it finds.
        """
        looks = a_processor("looks", frozenset({Action.LOCATE}))
        claim = granted("erasure")
        case = a_case(claim, processors=[a_processor(), looks], tasks=(located(), located("looks", None), ERASED))

        assert is_executed(case, claim)


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
        claim, tasks = granted("erasure"), (located(), a_task("erasure", Action.ERASE, outcome))
        case = a_case(claim, processors=[a_processor(), POST], tasks=tasks)

        assert TELL_POST not in wanted(case)
        assert is_executed(case, claim)

    @pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL])
    def test_is_sent_also_of_a_part(self, outcome: Outcome) -> None:
        """
        Art. 19 speaks of any erasure carried out; until the notice has been taken the claim is not over.
        """
        claim, tasks = granted("erasure"), (located(), a_task("erasure", Action.ERASE, outcome))
        case = a_case(claim, processors=[a_processor(), POST], tasks=tasks)

        on_its_way = replace(case, tasks=(*tasks, a_task("erasure", Action.NOTIFY, processor="post")))

        assert wanted(case) == [TELL_POST]
        assert not is_executed(case, claim)
        assert not is_executed(on_its_way, claim)

    def test_is_not_sent_of_what_was_left_out(self) -> None:
        """
        A recipient of nothing but data that are kept has nothing to be told (Art. 19).
        """
        processors = [a_processor(categories=frozenset({"contact", "alarm"})), POST]
        checked = a_task("erasure", Action.LOCATE, Outcome.NOT_FOUND, id="check")  # F22: an erasure is looked after
        case = a_case(partly("erasure", "contact"), processors=processors, tasks=(located(), ERASED, checked))

        assert not [act for act in wanted(case) if isinstance(act, CreateTask)]

    def test_holds_up_nobody_who_acts(self) -> None:
        """
        A processor ordered behind one that is only told does not wait for the notice, which waits for it.
        """
        behind = a_processor("crm", after=frozenset({"post"}))
        acts = wanted(a_case(granted("erasure"), processors=[behind, POST], tasks=(located(),)))

        assert acts == [CreateTask("erasure", "crm", Action.ERASE, ("contact",))]


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


class TestOrder:
    FIRST_THEN = (a_processor(), a_processor("billing", after=frozenset({"crm"})))
    LOCATED = (located("crm"), located("billing"))
    THEN = CreateTask("erasure", "billing", Action.ERASE, ("contact",))

    @pytest.mark.parametrize("state", [one for one in TaskState if one is not TaskState.CLOSED])
    def test_holds_until_who_comes_first_is_through(self, state: TaskState) -> None:
        """
        Also when a machine has given it up and a person has it: what comes after would be filled again from there.
        """
        first = replace(ERASED, state=state, outcome=None)
        case = a_case(granted("erasure"), processors=self.FIRST_THEN, tasks=(*self.LOCATED, first), status="executing")

        assert self.THEN not in wanted(case)

    @pytest.mark.parametrize("outcome", sorted(TERMINAL_BY_PERSON))
    def test_ends_with_any_last_word(self, outcome: Outcome) -> None:
        """
        A person's "could not be done" is one: the next is asked, and nothing waits for ever.
        """
        first = replace(ERASED, outcome=outcome)
        case = a_case(granted("erasure"), processors=self.FIRST_THEN, tasks=(*self.LOCATED, first), status="executing")

        assert self.THEN in wanted(case)
