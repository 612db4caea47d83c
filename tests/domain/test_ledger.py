"""The recipients' ledger: who is told, how each stands, and what it holds up (GDPR Art. 19)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain import notifying
from app.domain.case import ClaimOutcome, ClaimState, Phase, Step
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.ledger import (
    About,
    EntryNotSettled,
    EntrySettled,
    EntryState,
    ExcuseNeedsReason,
    check_settling,
)
from app.domain.notifying import ToTell
from app.domain.outward import MoveEntry, OpenLedger
from app.domain.process import CreateTask, TakeStep
from app.domain.snapshot import Entry, Restriction
from tests.domain.process_cases import (
    POST,
    a_case,
    a_processor,
    a_task,
    granted,
    located,
    partly,
    wanted,
)

CHANGES = {"rectification": Action.RECTIFY, "erasure": Action.ERASE, "restriction": Action.RESTRICT}
REASON = "The company was dissolved in 2024."


def changed(right, **more):
    """A case in which a claim has been carried out at the only processor that can."""
    tasks = (located(), a_task(right, CHANGES[right], Outcome.COMPLETED))
    if right == "erasure":  # looked at again, and found to be gone
        tasks += (a_task(right, Action.LOCATE, Outcome.NOT_FOUND, id="check"),)
    state = (Restriction(id="r", claim=right),) if right == "restriction" else ()
    return a_case(granted(right), **{"tasks": tasks, "recipients": ("police",), "restrictions": state} | more)


def entry(recipient="crm", processor="crm", **more):
    return Entry(**{"id": recipient, "claim": "erasure", "about": About.CHANGE, "recipient": recipient,
                    "processor": processor} | more)  # fmt: skip


class TestLedger:
    @pytest.mark.parametrize("right", CHANGES)
    def test_is_opened_for_everybody_once_the_change_is_done(self, right):
        """
        R19-1, R16-4, R17-7, R18-4: one row a recipient, processors and independent controllers alike.
        """
        assert wanted(changed(right)) == [OpenLedger(ToTell(right, About.CHANGE, ("crm",), ("police",)))]

    @pytest.mark.parametrize("right", ["access", "portability", "objection", "consent_withdrawal"])
    def test_is_not_opened_by_other_rights(self, right):
        """
        R19-2: not triggered by 15, 20, 21 alone.
        """
        claim = granted(right)
        case = a_case(claim, tasks=(located(), a_task(right, claim.right.action, Outcome.COMPLETED)))

        assert not [act for act in wanted(case) if isinstance(act, OpenLedger)]

    @pytest.mark.parametrize("outcome", [None, Outcome.REFUSED, Outcome.NOT_FOUND])
    def test_is_not_opened_for_what_was_not_done(self, outcome):
        """
        R19-1: nobody is told of a change that did not happen.
        """
        case = changed("erasure", tasks=(located(), a_task("erasure", Action.ERASE, outcome)))

        assert not [act for act in wanted(case) if isinstance(act, OpenLedger)]

    def test_names_only_who_may_have_been_given_the_data(self):
        """
        R19-1 with Art. 5(1)(c): neither who knows nobody of that name, nor who holds only what was left out.
        """
        others = [
            a_processor("stranger", frozenset({Action.LOCATE, Action.NOTIFY})),
            a_processor("other", frozenset({Action.NOTIFY}), categories=frozenset({"billing"})),
            a_processor("theirs", frozenset({Action.NOTIFY}), categories=frozenset(), forwarded=frozenset({"gps"})),
        ]
        case = a_case(
            partly("erasure", "billing"),
            processors=[a_processor(), *others],
            tasks=(
                located(),
                located("stranger", Outcome.NOT_FOUND),
                a_task("erasure", Action.ERASE, Outcome.COMPLETED_PARTIAL),
            ),
        )

        assert wanted(case) == [OpenLedger(ToTell("erasure", About.CHANGE, ("crm",), ()))]

    def test_tells_of_a_restriction_meanwhile_and_of_its_lifting(self):
        """
        R18-4: also a restriction that only lasts until an objection is weighed, and the end of any.
        """
        done = a_task("objection", Action.RESTRICT, Outcome.COMPLETED)
        state = Restriction(id="r", claim="objection", is_lift_proposed=True)
        claim = granted("objection")
        case = a_case(claim, tasks=(located(), done, a_task("objection", Action.STOP_PURPOSES)), restrictions=(state,))
        told = (entry(claim="objection", about=About.MEANWHILE, state=EntryState.CONFIRMED),)
        lifted = replace(case, ledger=told, restrictions=(replace(state, is_lifted=True),))
        lifting = a_task("objection", Action.LIFT_RESTRICTION)

        assert wanted(case) == [OpenLedger(ToTell("objection", About.MEANWHILE, ("crm",), ()))]
        assert OpenLedger(ToTell("objection", About.LIFT, ("crm",), ())) in wanted(
            replace(lifted, tasks=(*lifted.tasks, lifting))
        )

    def test_holds_the_answer_up_no_longer_than_the_law_allows(self):
        """
        R19-2, R12-4: the answer names who was told, and is not late because somebody was not.
        """
        case = changed("erasure", ledger=(entry("police", None),), status="recipients_to_tell")
        near = case.due_on - timedelta(days=7)

        assert wanted(case) == []
        assert wanted(case, near) == [TakeStep(Step.BEGIN_ANSWER)]

    @pytest.mark.parametrize("state", EntryState)
    def test_blocks_closing_until_everybody_is_told_or_explained(self, state):
        """
        F25: a case is not over while a recipient does not know; an excuse with its reason counts.
        """
        claim = granted("erasure", state=ClaimState.CLOSED, outcome=ClaimOutcome.GRANTED)
        case = a_case(
            claim,
            phase=Phase.ANSWERING,
            letters=frozenset({"receipt", "fulfilment"}),
            tasks=(a_task("erasure", Action.ERASE, Outcome.COMPLETED),),
            ledger=(entry("police", None, state=state),),
        )

        assert (TakeStep(Step.CLOSE) in wanted(case)) == (state is not EntryState.PENDING)


class TestEntryReachedByASystem:
    @pytest.mark.parametrize(
        ("task", "state", "reason"),
        [
            ({"outcome": Outcome.COMPLETED}, EntryState.CONFIRMED, ""),
            ({"outcome": Outcome.RETAINED}, EntryState.CONFIRMED, ""),
            ({"outcome": Outcome.FAILED}, EntryState.IMPOSSIBLE, "failed"),
            ({"state": TaskState.ACCEPTED}, EntryState.SENT, ""),
        ],
    )
    def test_follows_its_task(self, task, state, reason):
        """
        R19-1: who did the erasure knows of it; who was asked and could not has a reason of their own.
        """
        told = a_task(
            "erasure", Action.NOTIFY, task.get("outcome"), "post", **{k: v for k, v in task.items() if k == "state"}
        )
        case = changed("erasure", processors=[a_processor(), POST], ledger=(entry("post", "post"),))
        case = replace(case, tasks=(*case.tasks, told))

        assert MoveEntry("post", state, reason) in wanted(case)
        assert not notifying.is_by_hand(case, case.ledger[0])

    def test_is_told_by_its_task_and_not_twice(self):
        """
        R19-1: the notification task there was and the ledger are one thing.
        """
        case = changed("erasure", processors=[a_processor(), POST], recipients=())

        assert wanted(case) == [CreateTask("erasure", "post", Action.NOTIFY, ("contact",))]


class TestEntryReachedByAPerson:
    def test_is_settled_by_them(self):
        """
        R19-1: the police have no system of ours.
        """
        case = changed("erasure", ledger=(entry("police", None),))

        assert notifying.is_by_hand(case, case.ledger[0])
        check_settling(now=EntryState.PENDING, to=EntryState.SENT, reason="")

    @pytest.mark.parametrize("state", [EntryState.IMPOSSIBLE, EntryState.DISPROPORTIONATE])
    def test_is_excused_with_a_reason_only(self, state):
        """
        R19-1: impossible and disproportionate need a reason.
        """
        with pytest.raises(ExcuseNeedsReason):
            check_settling(now=EntryState.PENDING, to=state, reason="no")
        check_settling(now=EntryState.PENDING, to=state, reason=REASON)

    def test_does_not_become_open_again(self):
        """
        What was told is told; a confirmation may still come.
        """
        check_settling(now=EntryState.SENT, to=EntryState.CONFIRMED, reason="")
        with pytest.raises(EntryNotSettled):
            check_settling(now=EntryState.SENT, to=EntryState.PENDING, reason="")
        with pytest.raises(EntrySettled):
            check_settling(now=EntryState.CONFIRMED, to=EntryState.IMPOSSIBLE, reason=REASON)


class TestNobodyToTell:
    def test_is_no_ledger_to_open_over_and_over(self):
        """
        R19-1: where nobody else can have been given the data there is nobody to tell, and the case goes on.
        """
        others = a_processor("crm", categories=frozenset(), forwarded=frozenset({"gps"}))
        case = changed("rectification", processors=[others], recipients=())

        assert not [act for act in wanted(case) if isinstance(act, OpenLedger)]
