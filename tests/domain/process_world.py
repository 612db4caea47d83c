"""
A small world in memory in which a case lives: it applies what the process asks for, and lets the outside answer.

The world holds one :class:`Case` at a time and replaces it. Applying an action checks what must be true at that
moment: that is where the law would be broken.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from app.domain import execution, ledger, notifying, process, waiting
from app.domain.case import ClaimOutcome, ClaimState, Phase, Step, advance
from app.domain.case_clock import (
    WORKING_DAYS,
    Alarm,
    CaseClock,
    LapseExtension,
    RaiseAlarm,
    TakeExtension,
    is_refusal_late,
)
from app.domain.decisions import Verdict, check, needs_two
from app.domain.extension import ExtensionState
from app.domain.fanout import (
    TERMINAL_BY_PERSON,
    Action,
    AnswerMode,
    AskPerson,
    AskProcessor,
    Close,
    Idempotency,
    Outcome,
    TaskState,
    TryAgain,
    Wait,
    judge,
)
from app.domain.guarding import Cooling, cooling_of
from app.domain.identity import Level
from app.domain.ledger import EntryState
from app.domain.notifying import ToTell
from app.domain.restrictions import check_lift
from app.domain.snapshot import (
    Case,
    Claim,
    Entry,
    Forwarding,
    ForwardingState,
    Processor,
    Restriction,
    Task,
    letter_key,
)
from tests.domain.process_facts import from_facts, to_facts

REASONS = "These are reasons a person can understand."
COPY = frozenset({"access", "portability"})
DONE = frozenset({Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL})
#: More rounds of asking than any case needs: a case that is still restless then will never rest.
MOST_ROUNDS = 60
MIDNIGHT = time(0, tzinfo=UTC)
#: Two further months, about.
EXTENDED_BY = timedelta(days=61)


def a_clock(due_on: date, **more: Any) -> CaseClock:
    """The clock of a case due on that day, in a world where every day is a working day."""
    days = {alarm: due_on + timedelta(days=ahead) for alarm, ahead in WORKING_DAYS.items()}
    return replace(CaseClock(alarm_days=days, refusal_due_on=due_on), **more)


@dataclass
class World:
    """One case, the day it is, and how each of its processors behaves."""

    case: Case
    today: date
    watch: Callable[["World"], None]  #: looks at every state this world comes to
    manners: dict[str, tuple[Idempotency, AnswerMode]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()  #: claims a person said no to
    reopened: frozenset[str] = frozenset()  #: claims handed back, as long as nobody decided again
    registry: dict[str, Processor] = field(default_factory=dict)  #: the controller's, in the order of registration
    by_post: bool = False  #: whether a letter is out only when somebody has posted it
    first_due_on: date | None = None  #: before any extension
    announced: dict[str, date] = field(default_factory=dict)  #: restrictions whose notice is out, and since when
    first: Mapping[str, Processor] | None = None  #: who was there when the case began to be carried out
    carried_out: ClassVar[set[type]] = set()  #: kinds of actions any world has met

    def __post_init__(self) -> None:
        self.first_due_on = self.first_due_on or self.case.due_on

    @property
    def now(self) -> datetime:
        return datetime.combine(self.today, time(12, tzinfo=UTC))

    @property
    def is_closed(self) -> bool:
        return self.case.phase is Phase.CLOSED

    def next_instant(self) -> datetime | None:
        return process.next_instant(
            self.case, now=self.now, next_midnight=datetime.combine(self.today + timedelta(days=1), MIDNIGHT)
        )

    def _claim(self, claim: str, **changes: Any) -> None:
        claims = tuple(replace(one, **changes) if one.id == claim else one for one in self.case.claims)
        self.case = replace(self.case, claims=claims)

    def _task(self, task: str, **changes: Any) -> None:
        tasks = tuple(replace(one, **changes) if one.id == task else one for one in self.case.tasks)
        self.case = replace(self.case, tasks=tasks)

    # --- what the process asks for -------------------------------------------------------------------------------

    def next_actions(self) -> list[process.Act]:
        """What is to be done; asked twice, as a worker and the sweep would, and heard the same."""
        wanted = process.next_actions(self.case, today=self.today)
        assert process.next_actions(self.case, today=self.today) == wanted
        return wanted

    def run(self, rounds: int = MOST_ROUNDS) -> bool:
        """
        Carry out what is to be done, at most *rounds* times; say whether the case has come to rest.

        As long as nothing happens outside nothing is done twice: a claim is not opened and granted in a circle.
        """
        done: set[process.Act] = set()
        for _ in range(rounds):
            wanted = self.next_actions()
            if not wanted:
                return True
            assert not done & set(wanted), f"a circle: {wanted}"
            done |= set(wanted)
            for act in wanted:
                self.apply(act)
            self.watch(self)
            assert not set(wanted) & set(self.next_actions()), f"carried out and asked for again: {wanted}"
        return False

    def apply(self, act: process.Act) -> None:
        """Do one thing, and look that it may be done."""
        World.carried_out.add(type(act))
        match act:
            case process.TakeStep(step):
                assert not self.case.stopped, "a step of what somebody said is not theirs"
                if step is Step.CLOSE:
                    owed = set(process.letters_owed(self.case))
                    assert owed <= self.case.letters - self.case.unsent_letters, "closed, and somebody was not told"
                self.case = replace(self.case, phase=advance(self.case.phase, step))
                if step is Step.BEGIN_EXECUTION:
                    self.first = self.case.processors
            case process.ShowStatus(status):
                self.case = replace(self.case, status=status)
            case process.WriteLetter(kind, about):
                self._write(kind, about)
            case process.CreateTask():
                self._ask(act)
            case process.GrantAtOnce(claim):
                granted = self.claim(claim)
                assert granted.right.granted_at_once
                assert granted.state is ClaimState.OPEN
                self._claim(claim, state=ClaimState.DECIDED, verdict=Verdict.GRANTED)
            case process.Reopen(claim):
                self._reopen(self.claim(claim))
            case process.NamePerson(task, _):
                self._task(task, state=TaskState.NEEDS_PERSON, next_at=None)
            case process.SealPackage():
                assert not self.case.package_sealed
                assert not any(t.action is Action.EXPORT and not t.is_over for t in self.case.tasks)
                self.case = replace(self.case, package_sealed=True)
            case process.CloseClaim(claim, outcome):
                forwarded = outcome is ClaimOutcome.FORWARDED
                assert self.claim(claim).state is ClaimState.DECIDED or forwarded
                assert not self._at_work(claim)
                self._claim(claim, state=ClaimState.CLOSED, outcome=outcome)
            case RaiseAlarm(alarm):
                self._alarm(alarm)
            case TakeExtension():
                self._extend()
            case LapseExtension():
                assert self.today > self.case.due_on, "given up while there was time"
                self._clock(extension=ExtensionState.LAPSED)
                self._alarm(Alarm.EXTENSION_LAPSED)
                if self.case.clock.notice_sent_on is None:
                    self.case = replace(self.case, letters=self.case.letters - {"extension"})
            case process.CoolOff(claim):
                assert self.claim(claim).cooling is Cooling.DUE, "told twice"
                until = self.now + timedelta(hours=48)
                self._claim(claim, cooling=Cooling.RUNNING, cooling_until=until)
            case process.SendCode():
                assert all(task.is_over or task.state is TaskState.NEEDS_PERSON for task in self._searches())
                self.case = replace(self.case, code_wanted=False)
            case process.SetRestriction():
                self._restrict(act)
            case process.ProposeLift(restriction):
                self._restriction(restriction, is_lift_proposed=True)
            case process.OpenLedger(to_tell):
                self._open_ledger(to_tell)
            case process.MoveEntry(entry, state):
                self._entry(entry, state=state)
            case process.OpenForwarding(processor):
                assert processor not in {one.processor for one in self.case.forwardings}
                number = len(self.case.forwardings)
                made = Forwarding(
                    id=f"f{number}",
                    processor=processor,
                    due_by=self.today + timedelta(days=2),
                    is_known=bool(number % 2),
                )
                self.case = replace(self.case, forwardings=(*self.case.forwardings, made))

    def _clock(self, **changes: Any) -> None:
        self.case = replace(self.case, clock=replace(self.case.clock, **changes))

    def _alarm(self, alarm: Alarm) -> None:
        clock = self.case.clock
        assert alarm not in clock.raised, f"{alarm} is raised twice"
        assert alarm not in WORKING_DAYS or clock.alarm_days[alarm] <= self.today, f"{alarm} before its day"
        assert alarm is not Alarm.OVERDUE or self.today > self.case.due_on, "late while there was time"
        assert alarm is not Alarm.REFUSAL_LATE or is_refusal_late(clock)
        self._clock(raised=clock.raised | {alarm})

    def _extend(self) -> None:
        clock, told = self.case.clock, self.case.clock.notice_sent_on
        assert clock.extension is ExtensionState.CLAIMED, "extended by one person, or twice"
        assert told is not None, "extended, and nobody was told"
        assert told <= self.case.due_on, "extended, and told too late"
        due_on = self.case.due_on + EXTENDED_BY
        later = a_clock(due_on, raised=clock.raised - set(WORKING_DAYS), refusal_due_on=clock.refusal_due_on)
        self.case = replace(self.case, due_on=due_on)
        self._clock(extension=ExtensionState.EFFECTIVE, alarm_days=later.alarm_days, raised=later.raised)
        for task in self.case.tasks:
            if not task.is_over:
                self._task(task.id, answer_by=self._answer_by())

    def _searches(self) -> list[Task]:
        return [task for task in self.case.tasks if task.action is Action.LOCATE]

    def _at_work(self, claim: str) -> list[Task]:
        """Tasks of a claim that are not over; lifting a restriction comes after the claim."""
        found = [task for task in self.case.tasks if task.claim == claim and not task.is_over]
        return [task for task in found if task.action is not Action.LIFT_RESTRICTION]

    def _restrict(self, act: process.SetRestriction) -> None:
        claim = self.claim(act.claim)
        assert act.claim not in {one.claim for one in self.case.restrictions}, "restricted twice"
        assert self.case.is_ready(claim)
        if act.ground is None:
            assert self.did_something(claim), "restricted by what nobody did"
        else:
            assert claim.state in (ClaimState.OPEN, ClaimState.AWAITING_APPROVAL), "restricted after the decision"
        made = Restriction(id=f"r{len(self.case.restrictions)}", claim=act.claim)
        self.case = replace(self.case, restrictions=(*self.case.restrictions, made))

    def _restriction(self, restriction: str, **changes: Any) -> None:
        changed = tuple(replace(one, **changes) if one.id == restriction else one for one in self.case.restrictions)
        self.case = replace(self.case, restrictions=changed)

    def _entry(self, entry: str, **changes: Any) -> None:
        changed = tuple(replace(one, **changes) if one.id == entry else one for one in self.case.ledger)
        self.case = replace(self.case, ledger=changed)

    def _open_ledger(self, to_tell: ToTell) -> None:
        assert (to_tell.claim, to_tell.about) not in {(one.claim, one.about) for one in self.case.ledger}
        number = len(self.case.ledger)
        told = [(one, one) for one in to_tell.processors] + [(one, None) for one in to_tell.recipients]
        made = tuple(
            Entry(
                id=f"e{number + place}",
                claim=to_tell.claim,
                about=to_tell.about,
                recipient=recipient,
                processor=processor,
            )
            for place, (recipient, processor) in enumerate(told)
        )
        self.case = replace(self.case, ledger=(*self.case.ledger, *made))

    # --- what people do about restrictions, recipients and other controllers -------------------------------------

    def by_hand(self) -> list[Entry]:
        """Entries that only a person can settle."""
        return [one for one in self.case.ledger if not one.is_settled and notifying.is_by_hand(self.case, one)]

    def settle(self, entry: Entry, state: EntryState) -> None:
        ledger.check_settling(now=entry.state, to=state, reason=REASONS)
        self._entry(entry.id, state=state)

    def announce_lift(self, restriction: str) -> None:
        """The notice is out; the day it names is tomorrow."""
        self.announced = {**self.announced, restriction: self.today}

    def lift(self, restriction: str) -> None:
        """Two people lift a restriction, after its notice."""
        check_lift(
            notice_sent_at=datetime.combine(self.announced[restriction], MIDNIGHT),
            lifting_on=self.announced[restriction] + timedelta(days=1),
            now=self.now,
            today=self.today,
        )
        self._restriction(restriction, is_lifted=True)

    def pass_on(self, one: Forwarding) -> None:
        changed = tuple(
            replace(other, state=ForwardingState.SENT, is_known=True) if other.id == one.id else other
            for other in self.case.forwardings
        )
        self.case = replace(self.case, forwardings=changed)

    def claim(self, claim: str) -> Claim:
        return next(one for one in self.case.claims if one.id == claim)

    def own_tasks(self, claim: Claim) -> list[Task]:
        return [task for task in self.case.tasks_of(claim) if task.action is claim.right.action]

    def did_something(self, claim: Claim) -> bool:
        return any(task.outcome in DONE for task in self.own_tasks(claim))

    def _reopen(self, claim: Claim) -> None:
        assert not claim.right.granted_at_once, "opened to be granted again"
        assert claim.is_carried_out
        assert all(task.is_over for task in self.case.tasks_of(claim)), "handed back while somebody works on it"
        assert not self.did_something(claim), "handed back although something was done"
        self._claim(claim.id, state=ClaimState.OPEN, verdict=None, excluded=frozenset(), withheld=frozenset())
        self.reopened |= {claim.id}

    def _write(self, kind: str, about: str) -> None:
        key = letter_key(kind, about)
        assert not self.case.stopped, "a letter about what somebody said is not theirs"
        assert key not in self.case.letters, f"the letter {key} is written twice"
        if kind not in ("receipt", "extension", "forwarding"):
            assert not any(self._at_work(claim.id) for claim in self.case.claims), f"{kind} before the work is done"
        if kind == "fulfilment":
            copies = [c for c in self.case.claims if c.right.yields_package and c.is_carried_out]
            assert not copies or self.case.package_released, "a fulfilment letter before its package is released"
        self.case = replace(
            self.case,
            letters=self.case.letters | {key},
            unsent_letters=self.case.unsent_letters | ({key} if self.by_post else set()),
        )
        if kind == "refusal":
            self._clock(refusal_sent_on=self.today)
        if not self.by_post:
            self.post()

    def _ask(self, act: process.CreateTask) -> None:
        key = (act.claim, act.processor, act.action)
        assert key not in {(t.claim, t.processor, t.action) for t in self.case.tasks}, f"asked twice: {key}"
        assert not self.case.stopped, "somebody is asked although it was stopped"
        assert act.action in self.case.processors[act.processor].actions
        if act.action is Action.LIFT_RESTRICTION:
            self._check_lift(act)
        elif (
            act.claim is not None and act.action is Action.RESTRICT and self.claim(act.claim).right.key != "restriction"
        ):
            self._check_meanwhile(act)
        elif act.claim is not None:
            claim = self.claim(act.claim)
            assert claim.is_carried_out
            assert self.case.is_ready(claim)
            assert claim.has_cooled_off or claim.right.yields_package, "done before anybody could say it was not them"
            assert not claim.left_out & set(act.categories), "asked for what the decision leaves out"
            assert not self.case.processors[act.processor].forwarded & set(act.categories), "another controller's"
            assert act.action is not Action.ERASE or not self.case.erasure_opposed, "erased what the person wants kept"
            if Action.LOCATE in self.case.processors[act.processor].actions:
                search = self.case.located(act.processor)
                assert search and search.is_over and search.outcome is not Outcome.NOT_FOUND, "asked before found"  # noqa: PT018
            self._check_turn(claim)
            if act.action is Action.NOTIFY:
                assert all(task.is_over for task in self.own_tasks(claim)), "told of what is not done yet"
                assert self.did_something(claim), "told of what nobody did"
        else:
            assert self.case.phase is not Phase.ANSWERING, "a search after the answer has begun"
            self.case = replace(self.case, known_on=self.case.known_on or self.today)
        human = self.manners[act.processor][1] is AnswerMode.HUMAN
        task = Task(
            id=f"t{len(self.case.tasks)}",
            claim=act.claim,
            processor=act.processor,
            action=act.action,
            state=TaskState.NEEDS_PERSON if human else TaskState.OPEN,
            answer_by=self._answer_by(),
            next_at=None if human else self.now,
        )
        self.case = replace(self.case, tasks=(*self.case.tasks, task))

    def _check_lift(self, act: process.CreateTask) -> None:
        (restriction,) = [one for one in self.case.restrictions if one.claim == act.claim]
        assert restriction.is_lifted, "lifted by itself"
        assert self.announced[restriction.id] < self.today, "lifted before the notice was out (R18-3)"
        done = [
            t for t in self.case.tasks if (t.claim, t.processor) == (act.claim, act.processor) and t.outcome in DONE
        ]
        assert Action.RESTRICT in {task.action for task in done}, "lifted where nobody restricted"

    def _check_meanwhile(self, act: process.CreateTask) -> None:
        claim = self.claim(str(act.claim))
        assert claim.right.key in ("objection", "rectification"), "restricted for a right that does not restrict"
        assert claim.state in (ClaimState.OPEN, ClaimState.AWAITING_APPROVAL), "restricted after the decision"
        assert self.case.is_ready(claim)
        assert not self.case.processors[act.processor].forwarded & set(act.categories), "another controller's"

    def _answer_by(self) -> date:
        """Before the case is due, but never a day that has passed; of a closed one, in two weeks."""
        due = self.case.due_on if self.case.phase is not Phase.CLOSED else self.today + timedelta(days=14)
        return max(min(self.today + timedelta(days=14), due), self.today)

    def _check_turn(self, claim: Claim) -> None:
        """Nothing of a higher rank starts before the lower ones are through, and no erasure before the copy."""
        for other in self.case.claims:
            if other.right.rank < claim.right.rank and other.state is not ClaimState.CLOSED:
                assert other.state is ClaimState.DECIDED, f"{claim.right.key} before {other.right.key} is decided"
                assert all(t.is_over for t in self.case.tasks_of(other)), f"{claim.right.key} before {other.right.key}"
        if claim.right.key == "erasure" and any(c.right.key in COPY and c.is_carried_out for c in self.case.claims):
            assert self.case.package_sealed, "an erasure before the copy is sealed"

    # --- what happens outside ------------------------------------------------------------------------------------

    def decide(
        self,
        claim: str,
        verdict: Verdict,
        excluded: frozenset[str] = frozenset(),
        withheld: frozenset[str] = frozenset(),
    ) -> None:
        """A member of staff decides an open claim; where two are needed it then waits for the second."""
        right = self.claim(claim).right
        ground = None if verdict is Verdict.GRANTED else right.refusal_grounds[0].key
        check(verdict=verdict, ground=ground, reasons=REASONS, allowed=right.refusal_grounds)
        waits = needs_two(verdict, grant_needs_two=right.grant_needs_two)
        state = ClaimState.AWAITING_APPROVAL if waits else ClaimState.DECIDED
        left_out = excluded if verdict is Verdict.PARTLY_GRANTED else frozenset()
        kept = withheld if right.action is Action.ERASE and verdict is not Verdict.REFUSED else frozenset()
        self._claim(claim, state=state, verdict=verdict, excluded=left_out, withheld=kept)
        self.reopened -= {claim}
        if verdict is Verdict.REFUSED:
            self.refused |= {claim}

    def ask_for_time(self) -> None:
        """A member of staff asks for two further months, where that may be asked at all."""
        may = self.case.clock.extension in (None, ExtensionState.REJECTED) and self.today <= self.case.due_on
        if may and self.case.phase is not Phase.ANSWERING and not self.is_closed:
            self._clock(extension=ExtensionState.ASKED)

    def agree_to_time(self, agrees: bool) -> None:
        """The second person's word on it; a yes that comes too late is not taken."""
        if agrees and (self.today > self.case.due_on or self.case.phase is Phase.ANSWERING):
            return
        self._clock(extension=ExtensionState.CLAIMED if agrees else ExtensionState.REJECTED)

    def post(self) -> None:
        """Every letter that lies somewhere goes out; of an extension the day counts."""
        self.case = replace(self.case, unsent_letters=frozenset())
        if "extension" in self.case.letters and self.case.clock.notice_sent_on is None:
            self._clock(notice_sent_on=self.today)

    def approve(self, claim: str) -> None:
        self._claim(claim, state=ClaimState.DECIDED)

    def send_back(self, claim: str) -> None:
        """The second person says no: the claim is open again, as if nothing had been decided."""
        self._claim(claim, state=ClaimState.OPEN, verdict=None, excluded=frozenset(), withheld=frozenset())
        self.refused -= {claim}

    def end(self, claim: str, outcome: ClaimOutcome) -> None:
        """The person withdraws an undecided claim, or staff give up identifying the person for it."""
        self._claim(
            claim, state=ClaimState.CLOSED, outcome=outcome, verdict=None, excluded=frozenset(), withheld=frozenset()
        )
        self.refused -= {claim}

    def prove(self, level: Level) -> None:
        self.case = replace(self.case, assurance=max(self.case.assurance, level))

    def answer(self, task: Task, outcome: Outcome) -> None:
        """The processor answers, or nobody knows whether it did; what follows is for the domain to judge."""
        number = self.attempts[task.id] = self.attempts.get(task.id, 0) + 1
        idempotency, mode = self.manners[task.processor]
        verdict = judge(
            outcome,
            now=self.now,
            attempt=number,
            idempotency=idempotency,
            answer_mode=mode,
            fraction=0.5,
            effective_at=self.now + timedelta(days=3),
        )
        match verdict:
            case Close():
                self._close(task, outcome)
            case Wait(poll_at):
                self._task(task.id, state=TaskState.ACCEPTED, next_at=poll_at)
            case TryAgain(at) | AskProcessor(at):
                self._task(task.id, state=TaskState.OPEN, next_at=at)
            case AskPerson():
                self._task(task.id, state=TaskState.NEEDS_PERSON, next_at=None)

    def _close(self, task: Task, outcome: Outcome) -> None:
        """The task is over; who found the person may have found what it holds for another controller."""
        self._task(task.id, state=TaskState.CLOSED, outcome=outcome, next_at=None)
        held = self.case.processors[task.processor].forwarded if task.processor in self.case.processors else frozenset()
        if task.action is Action.LOCATE and outcome is not Outcome.NOT_FOUND and held:
            self.case = replace(self.case, to_forward={**self.case.to_forward, task.processor: held})

    def resolve(self, task: Task, outcome: Outcome) -> None:
        """A person says what came of a task; any other word than an end sends it once more."""
        if outcome in TERMINAL_BY_PERSON:
            self._close(task, outcome)
        else:
            self.send_again(task)

    def send_again(self, task: Task) -> None:
        """The same task once more, with a day of its own; also one that was over, of a claim handed back."""
        self._task(task.id, state=TaskState.OPEN, outcome=None, next_at=self.now, answer_by=self._answer_by())

    def register(self, processor: Processor, manners: tuple[Idempotency, AnswerMode]) -> None:
        """Who comes after the case began to be carried out does what nobody else can, or waits for the next case."""
        self.registry = {**self.registry, processor.id: processor}
        self.manners = {**self.manners, processor.id: manners}
        if self.first is None:
            seen = self.registry
        else:
            later = [one for one in self.registry.values() if one.id not in self.first]
            seen = execution.taking_part(self.first, later=later)
        self.case = replace(self.case, processors=seen)

    def release(self) -> None:
        assert not self.case.stopped
        assert not waiting.package_waits(self.case), "released before anybody could say it was not them"
        self.case = replace(self.case, package_released=True)

    def may_release(self) -> bool:
        """Whether somebody could let the package go: made, not gone, nothing to wait for, nobody said no."""
        ripe = self.case.package_sealed and not self.case.package_released and not self.case.stopped
        return ripe and not waiting.package_waits(self.case)

    def pass_time(self, days: int) -> None:
        """Days pass; what waited for its time may have waited long enough."""
        self.today += timedelta(days=days)
        for one in self.case.claims:
            cools = one.cooling is Cooling.DUE
            self._claim(one.id, cooling=cooling_of(cools=cools, until=one.cooling_until, now=self.now))

    def stop(self) -> None:
        """Somebody says "that was not me": what waits for a second person is as if it had not been asked."""
        for one in self.case.claims:
            if one.state is ClaimState.AWAITING_APPROVAL:
                self.send_back(one.id)
        self.case = replace(self.case, stopped=True)

    def settle_stop(self, *, genuine: bool) -> None:
        """A person settles it: on it goes after a stronger proof, or nobody knows who asked."""
        if genuine:
            self.case = replace(self.case, stopped=False)
            self.prove(Level.HIGH)
            return
        if any(task.claim and not task.is_over for task in self.case.tasks):
            return  # settled when everybody has answered
        self.case = replace(self.case, stopped=False)
        for one in self.case.claims:
            if one.state is ClaimState.CLOSED:
                continue
            if self.did_something(one) and (self.case.package_released or not one.right.yields_package):
                self._claim(one.id, state=ClaimState.CLOSED, outcome=ClaimOutcome.PARTLY_GRANTED)
            else:
                self.end(one.id, ClaimOutcome.NOT_IDENTIFIED)
        if not self.case.package_released:
            self.case = replace(self.case, package_sealed=False, package_left_out=0)

    def restart(self, order: int) -> None:
        """Everything in memory is lost: the case is read back from its facts, in whatever order they come."""
        self.case = from_facts(json.loads(json.dumps(to_facts(self.case))), order=order)
