"""What is to be done next, from the sealed copy to the closed case."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.case import ClaimOutcome, ClaimState, Phase, Step
from app.domain.decisions import Verdict
from app.domain.fanout import Action, Outcome
from app.domain.identity import Level
from app.domain.ledger import About, EntryState
from app.domain.process import (
    CloseClaim,
    SealPackage,
    ShowStatus,
    TakeStep,
    WriteLetter,
    letters_owed,
    outcome_of,
)
from app.domain.snapshot import Claim, Entry
from tests.domain.process_cases import (
    a_case,
    a_claim,
    a_processor,
    a_task,
    granted,
    located,
    wanted,
)

WITHDRAWN: dict[str, Any] = {"state": ClaimState.CLOSED, "outcome": ClaimOutcome.WITHDRAWN}
NOT_IDENTIFIED: dict[str, Any] = {"state": ClaimState.CLOSED, "outcome": ClaimOutcome.NOT_IDENTIFIED}


class TestSeal:
    def test_waits_for_every_copy(self) -> None:
        """
        There is one package: access and portability are sealed together.
        """
        claims = granted("access"), granted("portability")
        one = (located(), a_task("access", Action.EXPORT, Outcome.COMPLETED))
        both = (*one, a_task("portability", Action.EXPORT, Outcome.COMPLETED))

        assert SealPackage() not in wanted(a_case(*claims, tasks=one))
        assert wanted(a_case(*claims, tasks=both)) == [SealPackage()]

    def test_waits_for_the_other_copy_to_be_decided(self) -> None:
        """
        A sealed package is never opened again to add to it.
        """
        tasks = (located(), a_task("access", Action.EXPORT, Outcome.COMPLETED))

        assert SealPackage() not in wanted(a_case(granted("access"), a_claim("portability"), tasks=tasks))

    def test_happens_even_when_nothing_was_found(self) -> None:
        """
        "We hold nothing about you" is an answer too (R15-1).
        """
        case = a_case(granted("access"), tasks=(located(outcome=Outcome.NOT_FOUND),))

        assert wanted(case) == [SealPackage()]

    def test_is_for_copies_alone(self) -> None:
        """
        An erasure yields no package.
        """
        checked = a_task("erasure", Action.LOCATE, Outcome.NOT_FOUND, id="check")  # F22: an erasure is looked after
        tasks = (located(), a_task("erasure", Action.ERASE, Outcome.COMPLETED), checked)

        assert SealPackage() not in wanted(a_case(granted("erasure"), tasks=tasks))
        told = (Entry(id="e", claim="erasure", about=About.CHANGE, recipient="crm", state=EntryState.CONFIRMED),)
        assert wanted(a_case(granted("erasure"), tasks=tasks, ledger=told)) == [TakeStep(Step.BEGIN_ANSWER)]


class TestAnswer:
    @pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.IDENTIFYING, Phase.ASSESSING, Phase.EXECUTING])
    def test_begins_when_every_claim_is_through(self, phase: Phase) -> None:
        """
        From every open phase: withdrawn, not identified or refused claims need no execution.
        """
        over = a_claim("access", state=ClaimState.CLOSED, outcome=ClaimOutcome.WITHDRAWN)

        assert wanted(a_case(over, phase=phase)) == [TakeStep(Step.BEGIN_ANSWER)]

    def test_does_not_begin_while_a_claim_is_open(self) -> None:
        """
        One request, one answer.
        """
        case = a_case(a_claim("access", Verdict.REFUSED), a_claim("erasure"), phase=Phase.ASSESSING, tasks=(located(),))

        assert TakeStep(Step.BEGIN_ANSWER) not in wanted(case)

    def test_waits_for_the_release(self) -> None:
        """
        The letter that says "here it is" is written when it is there.
        """
        tasks = (located(), a_task("access", Action.EXPORT, Outcome.COMPLETED))
        sealed = a_case(
            granted("access"), phase=Phase.ANSWERING, tasks=tasks, package_sealed=True, status="awaiting_release"
        )

        assert wanted(sealed) == []
        assert wanted(replace(sealed, package_released=True)) == [WriteLetter("fulfilment")]

    def test_closes_the_claims_when_the_letters_are_written(self) -> None:
        """
        First the person is told, then the claim is over.
        """
        case = a_case(a_claim("access", Verdict.REFUSED), phase=Phase.ANSWERING, tasks=(located(),))
        told = replace(case, letters=case.letters | {"refusal"})

        assert wanted(case) == [WriteLetter("refusal")]
        assert wanted(told) == [CloseClaim("access", ClaimOutcome.REFUSED)]

    def test_closes_no_claim_whose_task_is_open(self) -> None:
        """
        Whatever was said already: a claim is over when its last processor has answered.
        """
        tasks = (located(), a_task("erasure", Action.ERASE))
        told = frozenset({"receipt", "fulfilment"})
        case = a_case(granted("erasure"), phase=Phase.ANSWERING, status="answering", letters=told, tasks=tasks)

        assert wanted(case) == []

    @pytest.mark.parametrize("state", [ClaimState.OPEN, ClaimState.AWAITING_APPROVAL])
    def test_closes_no_claim_that_nobody_decided(self, state: ClaimState) -> None:
        """
        However a case came to be answered: an end needs a decision (Art. 12(4)).
        """
        acts = wanted(a_case(a_claim(state=state), phase=Phase.ANSWERING))

        assert not [act for act in acts if isinstance(act, CloseClaim)]

    def test_closes_the_case_when_nothing_is_loose(self) -> None:
        """
        A search or a freeze that is still under way holds the case open.
        """
        over = a_claim("access", Verdict.REFUSED, state=ClaimState.CLOSED, outcome=ClaimOutcome.REFUSED)
        case = a_case(
            over, phase=Phase.ANSWERING, letters=frozenset({"receipt", "refusal"}), tasks=(located(outcome=None),)
        )

        assert TakeStep(Step.CLOSE) not in wanted(case)
        assert wanted(replace(case, tasks=(located(),))) == [TakeStep(Step.CLOSE)]


class TestUnsentAnswer:
    @pytest.mark.parametrize("unsent", ["fulfilment", "refusal"])
    def test_f07_keeps_the_case_open(self, unsent: str) -> None:
        """
        F07: DI-2020-10538, erased and never told. A letter that is written and lies somewhere has told nobody.
        """
        over = a_claim("access", Verdict.PARTLY_GRANTED, state=ClaimState.CLOSED, outcome=ClaimOutcome.PARTLY_GRANTED)
        told = frozenset({"receipt", "fulfilment", "refusal"})
        out = a_case(over, phase=Phase.ANSWERING, letters=told, tasks=(located(),))
        waiting = replace(out, unsent_letters=frozenset({unsent}))

        assert wanted(waiting) == [ShowStatus("letter_waiting")]
        assert wanted(replace(waiting, status="letter_waiting")) == []
        assert wanted(out) == [TakeStep(Step.CLOSE)]

    def test_is_the_answer_and_not_the_receipt(self) -> None:
        """
        A receipt nobody posted has been overtaken by the answer.
        """
        over = a_claim("access", Verdict.REFUSED, state=ClaimState.CLOSED, outcome=ClaimOutcome.REFUSED)
        told = frozenset({"receipt", "refusal"})
        case = a_case(over, phase=Phase.ANSWERING, letters=told, unsent_letters=frozenset({"receipt"}))

        assert wanted(case) == [TakeStep(Step.CLOSE)]


class TestNothingHeld:
    def test_is_a_letter_of_its_own(self) -> None:
        """
        R15-1: "we hold nothing about you" is an answer; beside it stands what was done for the other claims.
        """
        tasks = (located(), a_task("erasure", Action.ERASE, Outcome.NOT_FOUND))
        nothing = a_case(granted("erasure"), tasks=tasks)
        both = a_case(
            granted("erasure"),
            granted("access"),
            tasks=(*tasks, a_task("access", Action.EXPORT, Outcome.COMPLETED)),
        )

        assert letters_owed(replace(nothing, tasks=tasks[1:])) == ["nothing_held"]
        assert letters_owed(replace(both, tasks=both.tasks[1:])) == ["fulfilment", "nothing_held"]

    def test_is_not_told_to_who_proved_nothing(self) -> None:
        """
        It would answer whether a name somebody typed is a customer's (ASVS 8.2).
        """
        tasks = (a_task("marketing_objection", Action.STOP_MARKETING, Outcome.NOT_FOUND),)
        case = a_case(granted("marketing_objection"), tasks=tasks, assurance=Level.NONE)

        assert letters_owed(case) == ["fulfilment"]
        assert letters_owed(replace(case, assurance=Level.SUBSTANTIAL)) == ["nothing_held"]


class TestLettersOwed:
    @pytest.mark.parametrize(
        ("claims", "letters"),
        [
            ([granted("access")], ["fulfilment"]),
            ([a_claim("access", Verdict.REFUSED)], ["refusal"]),
            ([a_claim("access", Verdict.PARTLY_GRANTED)], ["fulfilment", "refusal"]),
            ([granted("access"), a_claim("erasure", Verdict.REFUSED)], ["fulfilment", "refusal"]),
            ([a_claim(state=ClaimState.CLOSED, outcome=ClaimOutcome.NOT_IDENTIFIED)], ["not_identified"]),
            ([a_claim(state=ClaimState.CLOSED, outcome=ClaimOutcome.WITHDRAWN)], ["withdrawal"]),
            ([a_claim("erasure", Verdict.REFUSED, **WITHDRAWN)], ["withdrawal"]),
            ([granted("erasure", **WITHDRAWN), a_claim("access", Verdict.REFUSED)], ["refusal", "withdrawal"]),
            ([granted("access", **NOT_IDENTIFIED)], ["not_identified"]),
        ],
    )
    def test_say_what_was_done_and_what_was_not(self, claims: list[Claim], letters: list[str]) -> None:
        """
        GDPR Art. 12(3) for what was done, 12(4) for every no, whole or in part, 11(2) for who was not identified; of a
        decision about what was then withdrawn nothing is said.
        """
        assert letters_owed(a_case(*claims)) == letters


class TestOutcomeOf:
    @pytest.mark.parametrize(
        ("verdict", "outcomes", "ends"),
        [
            (Verdict.GRANTED, [Outcome.COMPLETED], ClaimOutcome.GRANTED),
            (Verdict.GRANTED, [Outcome.COMPLETED, Outcome.NOT_FOUND], ClaimOutcome.GRANTED),
            (Verdict.GRANTED, [Outcome.NOT_FOUND, Outcome.NOT_FOUND], ClaimOutcome.NOTHING_HELD),
            (Verdict.GRANTED, [Outcome.COMPLETED, Outcome.RETAINED], ClaimOutcome.PARTLY_GRANTED),
            (Verdict.GRANTED, [Outcome.COMPLETED, Outcome.REFUSED], ClaimOutcome.PARTLY_GRANTED),
            (Verdict.GRANTED, [Outcome.COMPLETED_PARTIAL], ClaimOutcome.PARTLY_GRANTED),
            (Verdict.PARTLY_GRANTED, [Outcome.COMPLETED], ClaimOutcome.PARTLY_GRANTED),
            (Verdict.REFUSED, [], ClaimOutcome.REFUSED),
        ],
    )
    def test_is_what_the_processors_did(self, verdict: Verdict, outcomes: list[Outcome], ends: ClaimOutcome) -> None:
        """
        Never confirm what is not true (R17-5): a yes that met a hold ends as a part.
        """
        claim = a_claim("erasure", verdict)
        tasks = [a_task("erasure", Action.ERASE, outcome, f"p{place}") for place, outcome in enumerate(outcomes)]

        able = [a_processor(task.processor) for task in tasks]

        assert outcome_of(a_case(claim, processors=able, tasks=tuple(tasks)), claim) is ends

    @pytest.mark.parametrize("said", [Outcome.NOT_FOUND, Outcome.RETAINED, Outcome.REFUSED, Outcome.FAILED])
    def test_is_no_yes_where_nothing_was_done(self, said: Outcome) -> None:
        """
        Who was found, and whose marketing nobody stopped, is not told that it was stopped (F08, F13).
        """
        claim = granted("marketing_objection")
        tasks = (located(), a_task("marketing_objection", Action.STOP_MARKETING, said))

        assert outcome_of(a_case(claim, tasks=tasks), claim) is ClaimOutcome.PARTLY_GRANTED

    @pytest.mark.parametrize("right", ["access", "portability"])
    def test_is_a_part_where_the_package_withholds_rows(self, right: str) -> None:
        """
        GDPR Art. 12(4), 15(4): nobody is told that they got all they asked for while rows stayed behind.
        """
        claim = granted(right)
        tasks = (located(), a_task(right, Action.EXPORT, Outcome.COMPLETED))
        sealed = a_case(claim, tasks=tasks, package_sealed=True)

        assert outcome_of(sealed, claim) is ClaimOutcome.GRANTED
        assert outcome_of(replace(sealed, package_left_out=1), claim) is ClaimOutcome.PARTLY_GRANTED

    def test_of_what_is_no_copy_does_not_hang_on_the_package(self) -> None:
        """
        A row withheld from the copy takes nothing from the erasure beside it.
        """
        claim = granted("erasure")
        tasks = (a_task("erasure", Action.ERASE, Outcome.COMPLETED),)
        case = a_case(claim, tasks=tasks, package_sealed=True, package_left_out=3)

        assert outcome_of(case, claim) is ClaimOutcome.GRANTED

    def test_does_not_count_who_was_only_told(self) -> None:
        """
        A notification that could not be delivered does not undo an erasure.
        """
        tasks = (
            a_task("erasure", Action.ERASE, Outcome.COMPLETED),
            a_task("erasure", Action.NOTIFY, Outcome.FAILED, "post"),
        )
        claim = granted("erasure")

        assert outcome_of(a_case(claim, tasks=tasks), claim) is ClaimOutcome.GRANTED
