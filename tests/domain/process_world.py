"""
A small world in memory in which a case lives: it applies what the process asks for, and lets the outside answer.

The world holds one :class:`Case` at a time and replaces it. Applying an action checks what must be true at that
moment: that is where the law would be broken.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, ClassVar

from app.domain import process
from app.domain.case import ClaimOutcome, ClaimState, Phase, advance
from app.domain.decisions import Verdict, check, needs_two
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
from app.domain.identity import Level
from app.domain.rights import RIGHTS
from app.domain.snapshot import Case, Claim, Processor, Task

REASONS = "These are reasons a person can understand."
COPY = frozenset({"access", "portability"})
#: More rounds of asking than any case needs: a case that is still restless then will never rest.
MOST_ROUNDS = 60
MIDNIGHT = time(0, tzinfo=UTC)


@dataclass
class World:
    """One case, the day it is, and how each of its processors behaves."""

    case: Case
    today: date
    manners: dict[str, tuple[Idempotency, AnswerMode]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()  #: claims a person said no to
    carried_out: ClassVar[set[type]] = set()  #: kinds of actions any world has met

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
        """Carry out what is to be done, at most *rounds* times; say whether the case has come to rest."""
        for _ in range(rounds):
            wanted = self.next_actions()
            if not wanted:
                return True
            for act in wanted:
                self.apply(act)
            assert not set(wanted) & set(self.next_actions()), f"carried out and asked for again: {wanted}"
        return False

    def apply(self, act: process.Act) -> None:
        """Do one thing, and look that it may be done."""
        World.carried_out.add(type(act))
        match act:
            case process.TakeStep(step):
                self.case = replace(self.case, phase=advance(self.case.phase, step))
            case process.ShowStatus(status):
                self.case = replace(self.case, status=status)
            case process.WriteLetter(kind):
                self._write(kind)
            case process.CreateTask():
                self._ask(act)
            case process.GrantAtOnce(claim):
                granted = self.claim(claim)
                assert granted.right.granted_at_once
                assert granted.state is ClaimState.OPEN
                self._claim(claim, state=ClaimState.DECIDED, verdict=Verdict.GRANTED)
            case process.NamePerson(task, _):
                self._task(task, state=TaskState.NEEDS_PERSON, next_at=None)
            case process.SealPackage():
                assert not self.case.package_sealed
                assert not any(t.action is Action.EXPORT and not t.is_over for t in self.case.tasks)
                self.case = replace(self.case, package_sealed=True)
            case process.CloseClaim(claim, outcome):
                assert self.claim(claim).state is ClaimState.DECIDED
                assert all(task.is_over for task in self.case.tasks_of(self.claim(claim)))
                self._claim(claim, state=ClaimState.CLOSED, outcome=outcome)

    def claim(self, claim: str) -> Claim:
        return next(one for one in self.case.claims if one.id == claim)

    def _write(self, kind: str) -> None:
        assert kind not in self.case.letters, f"the letter {kind} is written twice"
        if kind != "receipt":
            assert not any(task.claim and not task.is_over for task in self.case.tasks), (
                f"{kind} before the work is done"
            )
        if kind == "fulfilment":
            copies = [c for c in self.case.claims if c.right.yields_package and c.is_carried_out]
            assert not copies or self.case.package_released, "a fulfilment letter before its package is released"
        self.case = replace(self.case, letters=self.case.letters | {kind})

    def _ask(self, act: process.CreateTask) -> None:
        key = (act.claim, act.processor, act.action)
        assert key not in {(t.claim, t.processor, t.action) for t in self.case.tasks}, f"asked twice: {key}"
        assert act.action in self.case.processors[act.processor].actions
        if act.claim is not None:
            claim = self.claim(act.claim)
            assert claim.is_carried_out
            assert self.case.is_ready(claim)
            assert not claim.excluded & set(act.categories), "asked for what the decision leaves out"
            if Action.LOCATE in self.case.processors[act.processor].actions:
                search = self.case.located(act.processor)
                assert search and search.is_over and search.outcome is not Outcome.NOT_FOUND, "asked before found"  # noqa: PT018
            self._check_turn(claim)
        human = self.manners[act.processor][1] is AnswerMode.HUMAN
        task = Task(
            id=f"t{len(self.case.tasks)}",
            claim=act.claim,
            processor=act.processor,
            action=act.action,
            state=TaskState.NEEDS_PERSON if human else TaskState.OPEN,
            answer_by=min(self.today + timedelta(days=14), self.case.due_on),
            next_at=None if human else self.now,
        )
        self.case = replace(self.case, tasks=(*self.case.tasks, task))

    def _check_turn(self, claim: Claim) -> None:
        """Nothing of a higher rank starts before the lower ones are through, and no erasure before the copy."""
        for other in self.case.claims:
            if other.right.rank < claim.right.rank and other.state is not ClaimState.CLOSED:
                assert other.state is ClaimState.DECIDED, f"{claim.right.key} before {other.right.key} is decided"
                assert all(t.is_over for t in self.case.tasks_of(other)), f"{claim.right.key} before {other.right.key}"
        if claim.right.key == "erasure" and any(c.right.key in COPY and c.is_carried_out for c in self.case.claims):
            assert self.case.package_sealed, "an erasure before the copy is sealed"

    # --- what happens outside ------------------------------------------------------------------------------------

    def decide(self, claim: str, verdict: Verdict, excluded: frozenset[str] = frozenset()) -> None:
        """A member of staff decides an open claim; where two are needed it then waits for the second."""
        right = self.claim(claim).right
        ground = None if verdict is Verdict.GRANTED else right.refusal_grounds[0].key
        check(verdict=verdict, ground=ground, reasons=REASONS, allowed=right.refusal_grounds)
        waits = needs_two(verdict, grant_needs_two=right.grant_needs_two)
        state = ClaimState.AWAITING_APPROVAL if waits else ClaimState.DECIDED
        left_out = excluded if verdict is Verdict.PARTLY_GRANTED else frozenset()
        self._claim(claim, state=state, verdict=verdict, excluded=left_out)
        if verdict is Verdict.REFUSED:
            self.refused |= {claim}

    def approve(self, claim: str) -> None:
        self._claim(claim, state=ClaimState.DECIDED)

    def send_back(self, claim: str) -> None:
        """The second person says no: the claim is open again, as if nothing had been decided."""
        self._claim(claim, state=ClaimState.OPEN, verdict=None, excluded=frozenset())
        self.refused -= {claim}

    def end(self, claim: str, outcome: ClaimOutcome) -> None:
        """The person withdraws an undecided claim, or staff give up identifying the person for it."""
        self._claim(claim, state=ClaimState.CLOSED, outcome=outcome, verdict=None, excluded=frozenset())
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
                self._task(task.id, state=TaskState.CLOSED, outcome=outcome, next_at=None)
            case Wait(poll_at):
                self._task(task.id, state=TaskState.ACCEPTED, next_at=poll_at)
            case TryAgain(at) | AskProcessor(at):
                self._task(task.id, state=TaskState.OPEN, next_at=at)
            case AskPerson():
                self._task(task.id, state=TaskState.NEEDS_PERSON, next_at=None)

    def resolve(self, task: Task, outcome: Outcome) -> None:
        """A person says what came of a task; any other word than an end sends it once more."""
        if outcome in TERMINAL_BY_PERSON:
            self._task(task.id, state=TaskState.CLOSED, outcome=outcome, next_at=None)
        else:
            self._task(task.id, state=TaskState.OPEN, next_at=self.now)

    def register(self, processor: Processor, manners: tuple[Idempotency, AnswerMode]) -> None:
        self.case = replace(self.case, processors={**self.case.processors, processor.id: processor})
        self.manners = {**self.manners, processor.id: manners}

    def release(self) -> None:
        self.case = replace(self.case, package_released=True)

    def restart(self, order: int) -> None:
        """Everything in memory is lost: the case is read back from its facts, in whatever order they come."""
        self.case = from_facts(json.loads(json.dumps(to_facts(self.case))), order=order)

    # --- a world that helps --------------------------------------------------------------------------------------

    def cooperate(self) -> None:
        """Everybody does their part once: the person is proved, staff decide and agree, processors answer."""
        self.prove(Level.HIGH)
        for claim in self.case.claims:
            if claim.state is ClaimState.OPEN and not claim.right.granted_at_once:
                self.decide(claim.id, Verdict.GRANTED)
            if self.claim(claim.id).state is ClaimState.AWAITING_APPROVAL:
                self.approve(claim.id)
        for task in self.case.tasks:
            if not task.is_over:
                self.resolve(task, Outcome.COMPLETED)
        if self.case.package_sealed:
            self.release()

    def drive_to_the_end(self, within: int) -> int:
        """Cooperate until the case is closed; the number of times everybody had to, at most *within*."""
        for turn in range(within):
            assert self.run(), f"never rests: {self.case}"
            if self.is_closed:
                return turn
            self.cooperate()
        raise AssertionError(f"cannot be closed: {self.case}")


def to_facts(case: Case) -> dict[str, Any]:
    """A case as plain values, as a database would keep them."""
    plain: Callable[[Iterable[str]], list[str]] = sorted
    return {
        "case": [case.phase, case.status, case.assurance.key, case.due_on.isoformat()],
        "flags": [case.package_sealed, case.package_released],
        "letters": plain(case.letters),
        "claims": [
            [c.id, c.right.key, c.needs.key, c.state, c.verdict, plain(c.excluded), c.outcome] for c in case.claims
        ],
        "tasks": [
            [t.id, t.claim, t.processor, t.action, t.state, t.outcome, t.answer_by.isoformat(),
             t.next_at and t.next_at.isoformat()]
            for t in case.tasks
        ],
        "processors": [[p.id, plain(p.actions), plain(p.categories), plain(p.after)] for p in case.processors.values()],
    }  # fmt: skip


def from_facts(facts: dict[str, Any], *, order: int) -> Case:
    """The case those facts tell of; tasks and processors in an *order* of their own."""
    shuffle = Random(order).shuffle
    shuffle(facts["tasks"])
    shuffle(facts["processors"])
    phase, status, assurance, due_on = facts["case"]
    sealed, released = facts["flags"]
    return Case(
        phase=Phase(phase),
        status=status,
        assurance=Level.from_key(assurance),
        due_on=date.fromisoformat(due_on),
        claims=tuple(
            Claim(
                id=id_,
                right=RIGHTS[right],
                needs=Level.from_key(needs),
                state=ClaimState(state),
                verdict=verdict and Verdict(verdict),
                excluded=frozenset(excluded),
                outcome=outcome and ClaimOutcome(outcome),
            )
            for id_, right, needs, state, verdict, excluded, outcome in facts["claims"]
        ),
        tasks=tuple(
            Task(
                id=id_,
                claim=claim,
                processor=processor,
                action=Action(action),
                state=TaskState(state),
                outcome=outcome and Outcome(outcome),
                answer_by=date.fromisoformat(answer_by),
                next_at=next_at and datetime.fromisoformat(next_at),
            )
            for id_, claim, processor, action, state, outcome, answer_by, next_at in facts["tasks"]
        ),
        processors={
            id_: Processor(
                id=id_,
                actions=frozenset(map(Action, actions)),
                categories=frozenset(categories),
                after=frozenset(after),
            )
            for id_, actions, categories, after in facts["processors"]
        },
        letters=frozenset(facts["letters"]),
        package_sealed=sealed,
        package_released=released,
    )
