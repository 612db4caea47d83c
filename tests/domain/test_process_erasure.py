"""An erasure on its way: by its plan, looked after, told before it is over."""

from app.domain import execution
from app.domain.case import ClaimOutcome, Phase, Step
from app.domain.fanout import Action, Outcome
from app.domain.ledger import About, EntryState
from app.domain.process import CloseClaim, CreateTask, TakeStep, WriteLetter, outcome_of
from app.domain.snapshot import Entry
from tests.domain.process_cases import CLERK, ERASED, POST, a_case, a_processor, a_task, granted, located, wanted

CHECKED = a_task("erasure", Action.LOCATE, Outcome.NOT_FOUND, id="check")
#: Who erased knows of it; nobody else had the data.
TOLD = Entry(id="e", claim="erasure", about=About.CHANGE, recipient="crm", processor="crm", state=EntryState.CONFIRMED)
TWO = a_processor(categories=frozenset({"contact", "alarm"}))


class TestVerification:
    def test_f22_follows_every_erasure_that_can_be_looked_at(self) -> None:
        """F22, R17-4: whoever says that all is erased is asked whether it still knows the person."""
        case = a_case(granted("erasure"), tasks=(located(), ERASED))

        assert wanted(case) == [CreateTask("erasure", "crm", Action.LOCATE, ("contact",))]

    def test_waits_until_everybody_has_erased(self) -> None:
        """What is erased here may come back from there."""
        case = a_case(granted("erasure"), processors=[a_processor(), CLERK], tasks=(located(), ERASED))

        assert [act.action for act in wanted(case) if isinstance(act, CreateTask)] == [Action.ERASE]

    def test_is_not_asked_of_people_or_of_who_keeps_something(self) -> None:
        """A part that is kept is found, and rightly; a mailbox is not searched by itself."""
        partly = a_task("erasure", Action.ERASE, Outcome.COMPLETED_PARTIAL)
        by_hand = a_task("erasure", Action.ERASE, Outcome.COMPLETED, "clerk")
        case = a_case(granted("erasure"), processors=[a_processor(), CLERK], tasks=(located(), partly, by_hand))

        assert not list(execution.to_be_verified(case, case.claims[0]))

    def test_f10_holds_the_answer_back(self) -> None:
        """F10: the case is open as long as a processor's task is."""
        looking = a_task("erasure", Action.LOCATE, id="check")
        case = a_case(granted("erasure"), tasks=(located(), ERASED, looking))

        assert not execution.is_executed(case, case.claims[0])

    def test_does_not_count_as_the_search_or_as_something_done(self) -> None:
        case = a_case(granted("erasure"), tasks=(CHECKED, located(), ERASED))

        assert case.located("crm") == located()
        assert CHECKED not in execution.own_tasks(case, case.claims[0])


class TestPlan:
    def test_r17_1_leaves_out_what_is_kept_or_passed_on(self) -> None:
        """R17-1: no recipient is asked for a category that the plan keeps."""
        case = a_case(granted("erasure", withheld=frozenset({"alarm"})), processors=[TWO], tasks=(located(),))

        assert wanted(case) == [CreateTask("erasure", "crm", Action.ERASE, ("contact",))]

    def test_r17_5_makes_the_end_a_part_of_what_was_asked(self) -> None:
        """R17-5, F08: "erased" is never said of what is kept."""
        claim = granted("erasure", withheld=frozenset({"alarm"}))
        case = a_case(claim, processors=[TWO], tasks=(located(), ERASED, CHECKED))

        assert outcome_of(case, claim) is ClaimOutcome.PARTLY_GRANTED
        assert outcome_of(a_case(granted("erasure"), tasks=(located(), ERASED)), granted("erasure")) == "granted"


class TestEnd:
    def test_f07_is_not_reached_before_the_person_is_told(self) -> None:
        """F07, R17-5: silent erasure is a breach; the letter comes first."""
        case = a_case(granted("erasure"), phase=Phase.ANSWERING, tasks=(located(), ERASED, CHECKED), ledger=(TOLD,))
        told = a_case(
            granted("erasure"),
            phase=Phase.ANSWERING,
            tasks=(located(), ERASED, CHECKED),
            ledger=(TOLD,),
            letters=frozenset({"receipt", "fulfilment"}),
        )

        assert wanted(case) == [WriteLetter("fulfilment")]
        assert wanted(told) == [CloseClaim("erasure", ClaimOutcome.GRANTED)]

    def test_r17_7_comes_after_recipients_were_told(self) -> None:
        """R17-7, Art. 19: whoever can only be told is told before the answer."""
        case = a_case(granted("erasure"), processors=[a_processor(), POST], tasks=(located(), ERASED, CHECKED))

        assert wanted(case) == [CreateTask("erasure", "post", Action.NOTIFY, ("contact",))]


class TestFollowUp:
    def test_begins_without_a_receipt_and_ends_with_a_letter_of_its_own(self) -> None:
        """Nobody asked for it, so nothing is confirmed; what was promised is told when it is done."""
        new = a_case(granted("erasure"), phase=Phase.RECEIVED, letters=frozenset(), is_follow_up=True)
        done = a_case(
            granted("erasure"),
            phase=Phase.ANSWERING,
            tasks=(located(), ERASED, CHECKED),
            ledger=(TOLD,),
            letters=frozenset(),
            is_follow_up=True,
        )

        assert wanted(new) == [TakeStep(Step.BEGIN_ASSESSMENT)]
        assert wanted(done) == [WriteLetter("kept_erased")]
