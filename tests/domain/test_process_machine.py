"""
The pure process under everything that may happen, in any order.

A random request of one to four claims meets a random registry; then people prove, decide, agree and withdraw,
processors answer well or badly or not at all, what was done nowhere is handed back and tried again, days pass,
processors are added and the service restarts. After every such event, and after every step the process then takes, its
promises are looked at; at the end of every walk the case must still find its way to an end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar, get_args

from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain import process
from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.case_clock import Alarm
from app.domain.decisions import Verdict
from app.domain.extension import ExtensionState
from app.domain.fanout import SAYABLE, TERMINAL_BY_PERSON, Action, AnswerMode, Idempotency, Outcome, TaskState
from app.domain.guarding import Cooling
from app.domain.identity import Level
from app.domain.ledger import SETTLED, EntryState
from app.domain.rights import RIGHTS, Right
from app.domain.snapshot import Case, Claim, Processor, Restriction, Task
from tests.domain.process_ending import drive_to_the_end
from tests.domain.process_promises import is_never_silently_over, keeps_its_promises
from tests.domain.process_world import DONE, World, a_clock

T = TypeVar("T")

FIRST_DAY = date(2026, 3, 2)
CATEGORIES = ("alarm", "billing", "contact")
MOST_PROCESSORS = 7
#: Four ranks, each waiting for up to seven processors one after the other, and what comes before and after.
TURNS_TO_CLOSE = 4 * MOST_PROCESSORS + 8

#: A walk is usually cut short by its randomness running out; all together come to at least so many states.
WALKS, STEPS_A_WALK, LEAST_STEPS = 420, 200, 50_000

#: A number stands for a choice; which one, the state of the world decides.
picks = st.integers(0, 2**12 - 1)


def one_of(choices: Sequence[T], pick: int) -> T:
    return choices[pick % len(choices)]


def some_of(choices: Iterable[T], pick: int) -> frozenset[T]:
    return frozenset(choice for place, choice in enumerate(choices) if pick >> place & 1)


def waits(right: Right, *, strict: bool) -> Cooling:
    """What cannot be undone waits; in a strict case copies do too, for they show how a home is protected."""
    cools = right.key == "erasure" or (strict and (right.yields_package or right.key == "rectification"))
    return Cooling.DUE if cools else Cooling.NOT_NEEDED


HUMAN = (Idempotency.NO, AnswerMode.HUMAN)
MANNERS = [(i, m) for i in Idempotency for m in (AnswerMode.SYNC, AnswerMode.POLL, AnswerMode.CALLBACK)]
OTHER_THAN_LOCATE = tuple(action for action in Action if action is not Action.LOCATE)


def a_processor(id_: str, before: Sequence[str], pick: int) -> tuple[Processor, tuple[Idempotency, AnswerMode]]:
    """One of four kinds of recipients; it may have to wait for those registered *before* it, never in a circle."""
    kind, pick = pick % 4, pick // 4
    after, held = some_of(before, pick >> 3), some_of(CATEGORIES, ~pick)
    # Now and then some or all of it is held for another controller.
    forwarded = some_of(held, pick >> 2) if pick % 5 == 1 else frozenset()
    match kind:
        case 0:
            able, manners = frozenset(Action), one_of(MANNERS, pick)
        case 1:
            able, manners = some_of(OTHER_THAN_LOCATE, pick) | {Action.LOCATE}, one_of(MANNERS, pick)
        case 2:
            able, manners = some_of(OTHER_THAN_LOCATE, ~pick), HUMAN
        case _:
            able, manners = frozenset({Action.NOTIFY}), one_of([*MANNERS, HUMAN], pick)
    return Processor(id=id_, actions=able, categories=held - forwarded, after=after, forwarded=forwarded), manners


class Watch:
    """Looks at every state any world comes to, and counts them."""

    steps = 0

    @classmethod
    def look(cls, world: World) -> None:
        cls.steps += 1
        keeps_its_promises(world)
        is_never_silently_over(world)


class Requests(RuleBasedStateMachine):
    """Requests of one person after another, each until it is closed or the walk ends."""

    @initialize(
        rights=st.lists(st.sampled_from(sorted(RIGHTS)), min_size=1, max_size=4, unique=True),
        registry=st.lists(picks, min_size=1, max_size=5),
        strict=st.booleans(),
        by_post=st.booleans(),
        recipients=st.integers(0, 2),
    )
    def file(self, rights: list[str], registry: list[int], strict: bool, by_post: bool, recipients: int) -> None:
        claims = tuple(
            Claim(
                id=key,
                right=right,
                needs=Level.HIGH if strict and right.needs >= Level.SUBSTANTIAL else right.needs,
                cooling=waits(right, strict=strict),
            )
            for key, right in ((key, RIGHTS[key]) for key in rights)
        )
        case = Case(
            phase=Phase.RECEIVED,
            status=Phase.RECEIVED.value,
            assurance=Level.NONE,
            due_on=FIRST_DAY + timedelta(days=31),
            claims=claims,
            clock=a_clock(FIRST_DAY + timedelta(days=31)),
            code_wanted=strict,
            recipients=("police", "insurers")[:recipients],
        )
        self.world = World(case=case, today=FIRST_DAY, watch=Watch.look, by_post=by_post)
        for pick in registry:
            self._register(pick)

    def _register(self, pick: int) -> None:
        known = list(self.world.registry)
        self.world.register(*a_processor(f"p{len(known)}", known, pick))

    def _claims(self, *states: ClaimState) -> list[Claim]:
        return [claim for claim in self.world.case.claims if claim.state in states]

    def _tasks(self, *states: TaskState) -> list[Task]:
        return [task for task in self.world.case.tasks if task.state in states]

    def _undecided(self) -> list[Claim]:
        return [claim for claim in self._claims(ClaimState.OPEN) if not claim.right.granted_at_once]

    # --- what may happen -----------------------------------------------------------------------------------------

    @rule()
    def worker_advances(self) -> None:
        assert self.world.run(), "asks for more and more"

    @rule(rounds=st.integers(0, 3))
    def worker_dies_half_way(self, rounds: int) -> None:
        self.world.run(rounds)
        wanted = self.world.next_actions()
        self.world.restart(rounds)

        assert set(self.world.next_actions()) == set(wanted)

    @precondition(lambda self: self.world.case.assurance < Level.HIGH)
    @rule(level=st.sampled_from([Level.SUBSTANTIAL, Level.CHANNEL, Level.HIGH]))
    def person_proves_identity(self, level: Level) -> None:
        self.world.prove(level)

    @precondition(lambda self: not self.world.case.stopped and self.world.case.phase is not Phase.CLOSED)
    @rule(pick=picks)
    def somebody_says_that_was_not_me(self, pick: int) -> None:
        """Rarely, or nothing would ever be carried out."""
        if pick % 16 == 7:
            self.world.stop()

    @precondition(lambda self: self.world.case.stopped)
    @rule(genuine=st.booleans())
    def staff_settle_what_was_stopped(self, genuine: bool) -> None:
        self.world.settle_stop(genuine=genuine)

    @precondition(lambda self: self._undecided() and not self.world.case.stopped)
    @rule(pick=picks)
    def staff_decide(self, pick: int) -> None:
        claim = one_of(self._undecided(), pick)
        verdict = one_of(list(Verdict), pick // 8)
        if any(not task.is_over for task in self.world.case.tasks_of(claim)):
            return  # what was handed back is being tried once more
        if self.world.did_something(claim):
            verdict = Verdict.GRANTED
        if verdict is Verdict.REFUSED or self.world.case.is_ready(claim):
            self.world.decide(claim.id, verdict, some_of(CATEGORIES, pick // 32), some_of(CATEGORIES, pick // 256))

    @precondition(lambda self: self._claims(ClaimState.AWAITING_APPROVAL))
    @rule(pick=picks, agrees=st.booleans())
    def second_person_speaks(self, pick: int, agrees: bool) -> None:
        claim = one_of(self._claims(ClaimState.AWAITING_APPROVAL), pick)
        if agrees:
            self.world.approve(claim.id)
        else:
            self.world.send_back(claim.id)

    @precondition(lambda self: self._claims(ClaimState.OPEN, ClaimState.AWAITING_APPROVAL))
    @rule(pick=picks)
    def undecided_claim_is_given_up(self, pick: int) -> None:
        claim = one_of(self._claims(ClaimState.OPEN, ClaimState.AWAITING_APPROVAL), pick // 8)
        if pick % 8 == 7 and not any(task.claim == claim.id for task in self.world.case.tasks):
            outcome = ClaimOutcome.WITHDRAWN if self.world.case.is_ready(claim) else ClaimOutcome.NOT_IDENTIFIED
            self.world.end(claim.id, outcome)

    @precondition(lambda self: self._tasks(TaskState.OPEN, TaskState.ACCEPTED))
    @rule(pick=picks, outcome=st.sampled_from([*sorted(SAYABLE), Outcome.RETRY, Outcome.UNKNOWN]))
    def processor_answers(self, pick: int, outcome: Outcome) -> None:
        self.world.answer(one_of(self._tasks(TaskState.OPEN, TaskState.ACCEPTED), pick), outcome)

    @precondition(lambda self: self._tasks(TaskState.OPEN, TaskState.ACCEPTED))
    @rule(outcome=st.sampled_from([Outcome.COMPLETED, Outcome.NOT_FOUND]))
    def every_processor_answers(self, outcome: Outcome) -> None:
        for task in self._tasks(TaskState.OPEN, TaskState.ACCEPTED):
            self.world.answer(task, outcome)

    @precondition(lambda self: self._tasks(TaskState.NEEDS_PERSON))
    @rule(pick=picks, outcome=st.sampled_from([*sorted(TERMINAL_BY_PERSON), Outcome.RETRY]))
    def person_settles_a_task(self, pick: int, outcome: Outcome) -> None:
        self.world.resolve(one_of(self._tasks(TaskState.NEEDS_PERSON), pick), outcome)

    @precondition(lambda self: self.world.reopened)
    @rule(pick=picks)
    def person_has_it_tried_once_more(self, pick: int) -> None:
        claim = self.world.claim(one_of(sorted(self.world.reopened), pick))
        in_vain = [t for t in self.world.own_tasks(claim) if t.is_over and t.outcome not in DONE]
        if in_vain and claim.state is ClaimState.OPEN:  # one that has ended since is not tried again
            self.world.send_again(one_of(in_vain, pick // 8))

    @precondition(lambda self: self.world.by_hand())
    @rule(pick=picks, state=st.sampled_from(sorted(SETTLED)))
    def person_tells_a_recipient(self, pick: int, state: EntryState) -> None:
        self.world.settle(one_of(self.world.by_hand(), pick), state)

    def _restrictions(self) -> list[Restriction]:
        return [one for one in self.world.case.restrictions if not one.is_lifted]

    @precondition(lambda self: self._restrictions())
    @rule(pick=picks)
    def person_is_told_of_a_lifting(self, pick: int) -> None:
        chosen = one_of(self._restrictions(), pick)
        if chosen.id not in self.world.announced:
            self.world.announce_lift(chosen.id)

    @precondition(lambda self: self._restrictions())
    @rule(pick=picks)
    def two_people_lift(self, pick: int) -> None:
        chosen = one_of(self._restrictions(), pick)
        if self.world.announced.get(chosen.id, self.world.today) < self.world.today:
            self.world.lift(chosen.id)

    @rule(opposed=st.booleans())
    def person_wants_data_kept_or_no_longer(self, opposed: bool) -> None:
        self.world.case = replace(self.world.case, erasure_opposed=opposed)

    @precondition(lambda self: any(one.is_open for one in self.world.case.forwardings))
    @rule(pick=picks)
    def request_is_passed_on(self, pick: int) -> None:
        self.world.pass_on(one_of([one for one in self.world.case.forwardings if one.is_open], pick))

    @precondition(lambda self: self.world.may_release())
    @rule()
    def staff_release_the_package(self) -> None:
        self.world.release()

    @precondition(lambda self: self.world.case.unsent_letters)
    @rule()
    def staff_post_the_letters(self) -> None:
        self.world.post()

    @rule(days=st.sampled_from([1, 20]))
    def days_pass(self, days: int) -> None:
        self.world.pass_time(days)
        assert self.world.run()

        late = not self.world.is_closed and self.world.today > self.world.case.due_on
        assert not late or Alarm.OVERDUE in self.world.case.clock.raised, "late, and nobody was told"
        waiting = self._tasks(TaskState.OPEN, TaskState.ACCEPTED)
        silent = [task for task in waiting if task.answer_by < self.world.today]
        assert not silent or self.world.case.stopped, "silence is borne"

    @rule()
    def staff_ask_for_time(self) -> None:
        self.world.ask_for_time()

    @precondition(lambda self: self.world.case.clock.extension is ExtensionState.ASKED)
    @rule(agrees=st.booleans())
    def second_person_speaks_of_time(self, agrees: bool) -> None:
        self.world.agree_to_time(agrees)

    @precondition(lambda self: len(self.world.registry) < MOST_PROCESSORS)
    @rule(pick=picks)
    def processor_is_registered(self, pick: int) -> None:
        self._register(pick)

    @precondition(lambda self: self.world.is_closed)
    @rule(pick=picks)
    def person_asks_again(self, pick: int) -> None:
        """A closed request stays closed; a follow-up is a new one, at the same controller."""
        claims = tuple(
            Claim(id=right.key, right=right, needs=right.needs)
            for right in some_of(RIGHTS.values(), pick) or {RIGHTS["access"]}
        )[:4]
        fresh = Case(
            phase=Phase.RECEIVED,
            status=Phase.RECEIVED.value,
            assurance=Level.NONE,
            due_on=self.world.today + timedelta(days=31),
            claims=claims,
            processors=self.world.registry,
            clock=a_clock(self.world.today + timedelta(days=31)),
        )
        known = self.world
        self.world = World(
            case=fresh,
            today=known.today,
            watch=known.watch,
            manners=known.manners,
            registry=known.registry,
            by_post=known.by_post,
        )

    # --- what must always be true --------------------------------------------------------------------------------

    @invariant()
    def keeps_its_promises(self) -> None:
        self.world.watch(self.world)

    def teardown(self) -> None:
        """Wherever the walk ended: when everybody does their part the case is closed, whatever staff try again."""
        if hasattr(self, "world"):
            for try_again in (False, True):
                drive_to_the_end(replace(self.world), within=TURNS_TO_CLOSE, try_again=try_again)


class TestRequests:
    def test_keep_their_promises_and_find_an_end_whatever_happens(self) -> None:
        """
        The invariants hold after every step, an end can be reached from everywhere, and the walks have been everywhere.

        R22-2, R12-8: among them that nobody but a person says no, wherever a case may come to.
        """
        Watch.steps = 0
        World.carried_out.clear()

        run_state_machine_as_test(
            Requests,
            settings=settings(
                max_examples=WALKS,
                stateful_step_count=STEPS_A_WALK,
                deadline=None,
                phases=[Stage.reuse, Stage.generate, Stage.shrink],  # to explain a failure it would trace every line
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            ),
        )

        assert Watch.steps >= LEAST_STEPS
        assert World.carried_out >= set(get_args(process.Act)), "an action the walks never met"
