"""
What is to be done next.

:func:`next_actions` looks at a case and an instant and says what is to be done; it changes nothing and asks nobody.
Whatever happens (a proof, a decision, a callback, a timer, a restart) only writes a fact and asks again. Asking twice
changes nothing: an action that was carried out is no longer among the answers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from graphlib import CycleError, TopologicalSorter

from app.domain.case import ClaimOutcome, ClaimState, Phase, Step
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.snapshot import Case, Claim, Processor, Task


@dataclass(frozen=True)
class TakeStep:
    """Move the request on."""

    step: Step


@dataclass(frozen=True)
class ShowStatus:
    """Say under the phase where the request stands."""

    status: str


@dataclass(frozen=True)
class WriteLetter:
    """Say something to the person; once per kind."""

    kind: str


@dataclass(frozen=True)
class CreateTask:
    """Ask one processor for one action."""

    claim: str | None
    processor: str
    action: Action
    categories: tuple[str, ...]


@dataclass(frozen=True)
class GrantAtOnce:
    """Say yes without a person weighing it: GDPR Art. 21(2)-(3), 7(3). There is no such action for a no."""

    claim: str


@dataclass(frozen=True)
class Reopen:
    """Ask for a new decision: what was granted could not be done anywhere."""

    claim: str


@dataclass(frozen=True)
class NamePerson:
    """Hand a task to a person."""

    task: str
    reason: str


@dataclass(frozen=True)
class SealPackage:
    """Put together and seal what the person is to get."""


@dataclass(frozen=True)
class CloseClaim:
    """End one claim with its outcome."""

    claim: str
    outcome: ClaimOutcome


Act = TakeStep | ShowStatus | WriteLetter | CreateTask | GrantAtOnce | Reopen | NamePerson | SealPackage | CloseClaim
Rule = Callable[[Case, date], Iterable[Act]]


def next_actions(case: Case, *, today: date) -> list[Act]:
    """
    Return what is to be done now, in order; empty when the case waits for somebody or is closed.

    Args:
        today: The civil date in the controller's time zone.
    """
    if case.phase is Phase.CLOSED:
        return []
    for rule in RULES:
        if acts := list(rule(case, today)):
            return acts
    return []


def next_instant(case: Case, *, now: datetime, next_midnight: datetime) -> datetime | None:
    """
    Return when the case must be looked at again even if nothing happens; None only for a closed one.

    Every open case is looked at once a day at least: no end is silent.
    """
    if case.phase is Phase.CLOSED:
        return None
    waits = [t.next_at for t in case.tasks if not t.is_over and t.next_at is not None and t.next_at > now]
    return min([*waits, next_midnight])


# --- the rules, in the order in which they are asked -------------------------------------------------------------


def _confirm_receipt(case: Case, _today: date) -> Iterator[Act]:
    if "receipt" not in case.letters:
        yield WriteLetter("receipt")


def _freeze(case: Case, _today: date) -> Iterator[Act]:
    # R15-11: from receipt on nothing may be deleted by itself; freezing reveals nothing, so it waits for no proof.
    if case.phase is not Phase.ANSWERING and any(claim.right.freezes for claim in case.open_claims):
        yield from _ask_all(case, Action.FREEZE)


def _locate(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING and any(case.is_ready(claim) for claim in case.open_claims):
        yield from _ask_all(case, Action.LOCATE)


def _ask_all(case: Case, action: Action) -> Iterator[Act]:
    asked = {task.processor for task in case.tasks if task.action is action}
    for processor in case.processors.values():
        if action in processor.actions and processor.id not in asked:
            yield CreateTask(None, processor.id, action, tuple(sorted(processor.categories)))


def _begin(case: Case, _today: date) -> Iterator[Act]:
    if case.phase not in (Phase.RECEIVED, Phase.IDENTIFYING) or not case.open_claims:
        return
    if any(case.is_ready(claim) for claim in case.open_claims):
        yield TakeStep(Step.BEGIN_ASSESSMENT)
    elif case.phase is Phase.RECEIVED:
        yield TakeStep(Step.ASK_FOR_IDENTITY)


def _grant_at_once(case: Case, _today: date) -> Iterator[Act]:
    for claim in case.claims:
        if claim.state is ClaimState.OPEN and claim.right.granted_at_once and case.is_ready(claim):
            yield GrantAtOnce(claim.id)


def _plan(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.EXECUTING:
        return
    for claim in case.claims:
        if claim.is_carried_out and case.is_ready(claim) and _is_its_turn(case, claim):
            yield from _tasks_wanted(case, claim)


def _is_its_turn(case: Case, claim: Claim) -> bool:
    """Order within a request: lower ranks are through, and no erasure before the copy is sealed."""
    for other in case.claims:
        if other.right.rank < claim.right.rank and not _is_through(case, other):
            return False
    wants_copy = any(other.right.yields_package and other.is_carried_out for other in case.claims)
    return not (claim.right.action is Action.ERASE and wants_copy and not case.package_sealed)


def _tasks_wanted(case: Case, claim: Claim) -> Iterator[CreateTask]:
    asked = {task.processor for task in case.tasks_of(claim)}
    for processor in case.processors.values():
        action = action_for(claim, processor)
        if action is None or processor.id in asked or not _knows_the_person(case, processor):
            continue
        if action is Action.NOTIFY and not (_acted(case, claim) and _something_was_done(case, claim)):
            continue
        if any(first in case.processors and not _has_answered(case, claim, first) for first in processor.after):
            continue
        yield CreateTask(claim.id, processor.id, action, tuple(sorted(processor.categories - claim.excluded)))


def action_for(claim: Claim, processor: Processor) -> Action | None:
    """What a claim asks of a processor: the right's own action, else (Art. 19) a notification, else nothing."""
    if processor.categories and not processor.categories - claim.excluded:
        return None  # all it holds has been left out
    if claim.right.action in processor.actions:
        return claim.right.action
    if claim.right.tells_recipients and Action.NOTIFY in processor.actions:
        return Action.NOTIFY
    return None


def _knows_the_person(case: Case, processor: Processor) -> bool:
    """Found there; or nobody could ask, as at a recipient only a person reaches."""
    if Action.LOCATE not in processor.actions:
        return True
    located = case.located(processor.id)
    return located is not None and located.is_over and located.outcome is not Outcome.NOT_FOUND


def _has_answered(case: Case, claim: Claim, processor: str) -> bool:
    tasks = [task for task in case.tasks_of(claim) if task.processor == processor]
    if tasks:
        return all(task.is_over for task in tasks)
    return not _is_pending(case, claim, case.processors[processor])


def _is_pending(case: Case, claim: Claim, processor: Processor) -> bool:
    """Whether a task at that processor is still to be made for the claim."""
    action = action_for(claim, processor)
    if action is None or any(task.processor == processor.id for task in case.tasks_of(claim)):
        return False
    if action is Action.NOTIFY and _acted(case, claim) and not _something_was_done(case, claim):
        return False  # Art. 19 tells of what was done; nothing was
    if Action.LOCATE in processor.actions:
        located = case.located(processor.id)
        return located is None or not located.is_over or located.outcome is not Outcome.NOT_FOUND
    return True


def _own_tasks(case: Case, claim: Claim) -> list[Task]:
    return [task for task in case.tasks_of(claim) if task.action is not Action.NOTIFY]


def _acted(case: Case, claim: Claim) -> bool:
    """Whether everybody who has to do the right's own action has answered."""
    actors = [one for one in case.processors.values() if action_for(claim, one) not in (None, Action.NOTIFY)]
    return all(task.is_over for task in _own_tasks(case, claim)) and not any(
        _is_pending(case, claim, one) for one in actors
    )


def _something_was_done(case: Case, claim: Claim) -> bool:
    done = (Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL)
    return any(task.outcome in done for task in _own_tasks(case, claim))


def _nothing_is_held(case: Case, claim: Claim) -> bool:
    """Everybody who was asked, to look or to act, said that there is nothing about the person."""
    asked = [task for task in case.tasks if task.action is Action.LOCATE] + _own_tasks(case, claim)
    telling = [task for task in asked if _is_telling(case, claim, task)] or asked
    return bool(telling) and all(task.outcome is Outcome.NOT_FOUND for task in telling)


def _is_telling(case: Case, claim: Claim, task: Task) -> bool:
    # Who found the person but has nothing to do with this right says nothing about what this right reaches.
    if task.action is not Action.LOCATE:
        return True
    processor = case.processors.get(task.processor)
    return processor is not None and action_for(claim, processor) not in (None, Action.NOTIFY)


def nobody_is_able(case: Case, claim: Claim) -> bool:
    """A granted claim that reaches no processor at all, although the person may be known: a person must see to it."""
    if not claim.is_carried_out or not _acted(case, claim) or _own_tasks(case, claim):
        return False
    return claim.verdict is Verdict.GRANTED and not _nothing_is_held(case, claim)


def is_executed(case: Case, claim: Claim) -> bool:
    """Whether every recipient that has to do something for the claim has answered."""
    if not claim.is_carried_out or not case.is_ready(claim) or nobody_is_able(case, claim):
        return False
    missing = any(_is_pending(case, claim, one) for one in case.processors.values())
    return not missing and all(task.is_over for task in case.tasks_of(claim))


def _is_through(case: Case, claim: Claim) -> bool:
    refused = claim.state is ClaimState.DECIDED and claim.verdict is Verdict.REFUSED
    return claim.state is ClaimState.CLOSED or refused or is_executed(case, claim)


def _reopen(case: Case, _today: date) -> Iterator[Act]:
    """
    Hand back a yes of which nothing could be done: a no needs a ground, reasons and two people (Art. 12(4)).

    What is granted at once cannot be refused, so its answer says what each recipient said.
    """
    for claim in case.claims:
        if claim.right.granted_at_once or not is_executed(case, claim) or not _own_tasks(case, claim):
            continue
        if not _something_was_done(case, claim) and not _nothing_is_held(case, claim):
            yield Reopen(claim.id)


def _begin_execution(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is Phase.ASSESSING and any(claim.is_carried_out for claim in case.claims):
        yield TakeStep(Step.BEGIN_EXECUTION)


def _seal(case: Case, _today: date) -> Iterator[Act]:
    copies = [claim for claim in case.claims if claim.right.yields_package]
    wanted = [claim for claim in copies if claim.is_carried_out]
    if wanted and not case.package_sealed and all(_is_through(case, claim) for claim in copies):
        yield SealPackage()


def _begin_answer(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING and all(_is_through(case, claim) for claim in case.claims):
        yield TakeStep(Step.BEGIN_ANSWER)


def _answer(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING or (case.package_sealed and not case.package_released):
        return
    for kind in letters_owed(case):
        if kind not in case.letters:
            yield WriteLetter(kind)


def letters_owed(case: Case) -> list[str]:
    """The letters that end the case: what was done, and what was not with its reasons (GDPR Art. 12(3), 12(4))."""
    owed = []
    decided = [c.verdict for c in case.claims if c.outcome not in (ClaimOutcome.WITHDRAWN, ClaimOutcome.NOT_IDENTIFIED)]
    if Verdict.GRANTED in decided or Verdict.PARTLY_GRANTED in decided:
        owed.append("fulfilment")
    if Verdict.REFUSED in decided or Verdict.PARTLY_GRANTED in decided:
        owed.append("refusal")
    if any(claim.outcome is ClaimOutcome.NOT_IDENTIFIED for claim in case.claims):
        owed.append("not_identified")
    if any(claim.outcome is ClaimOutcome.WITHDRAWN for claim in case.claims):
        owed.append("withdrawal")
    return owed


def _close_claims(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING or (case.package_sealed and not case.package_released):
        return
    for claim in case.open_claims:
        if claim.state is ClaimState.DECIDED and all(task.is_over for task in case.tasks_of(claim)):
            yield CloseClaim(claim.id, outcome_of(case, claim))


def outcome_of(case: Case, claim: Claim) -> ClaimOutcome:
    """How a claim ends: from what the processors did, never from the decision alone (F08)."""
    if claim.outcome is not None:
        return claim.outcome
    if claim.verdict is Verdict.REFUSED:
        return ClaimOutcome.REFUSED
    if _nothing_is_held(case, claim):
        return ClaimOutcome.NOTHING_HELD
    outcomes = {task.outcome for task in _own_tasks(case, claim)}
    whole = claim.verdict is Verdict.GRANTED and outcomes <= {Outcome.COMPLETED, Outcome.NOT_FOUND}
    return ClaimOutcome.GRANTED if whole else ClaimOutcome.PARTLY_GRANTED


def _close(case: Case, _today: date) -> Iterator[Act]:
    loose = [task for task in case.tasks if not task.is_over and task.claim is None]
    if case.phase is Phase.ANSWERING and not case.open_claims and not loose:
        yield TakeStep(Step.CLOSE)


def _chase(case: Case, today: date) -> Iterator[Act]:
    for task in case.tasks:
        if task.state in (TaskState.OPEN, TaskState.ACCEPTED) and task.answer_by < today:
            yield NamePerson(task.id, "silent")


def _show_status(case: Case, _today: date) -> Iterator[Act]:
    status = status_of(case)
    if status != case.status:
        yield ShowStatus(status)


def status_of(case: Case) -> str:
    """The finer word under the phase; the list may grow."""
    if case.phase in (Phase.RECEIVED, Phase.CLOSED):
        return case.phase.value
    if case.phase is Phase.IDENTIFYING:
        return "identity_wanted"
    if any(task.state is TaskState.NEEDS_PERSON for task in case.tasks):
        return "needs_person"
    if any(nobody_is_able(case, claim) for claim in case.claims):
        return "nobody_able"
    if case.phase is Phase.ANSWERING:
        return "awaiting_release" if case.package_sealed and not case.package_released else "answering"
    if any(claim.state is ClaimState.AWAITING_APPROVAL for claim in case.claims):
        return "awaiting_approval"
    waiting = [c for c in case.claims if c.state is ClaimState.OPEN]
    if any(not case.is_ready(claim) for claim in waiting):
        return "identity_wanted"
    if any(not task.is_over for task in case.tasks if task.action is Action.LOCATE):
        return "locating"
    return "awaiting_decision" if waiting else "executing"


RULES: tuple[Rule, ...] = (
    _confirm_receipt,
    _freeze,
    _begin,
    _locate,
    _grant_at_once,
    _begin_execution,
    _plan,
    _reopen,
    _seal,
    _begin_answer,
    _answer,
    _close_claims,
    _chase,
    _close,
    _show_status,
)


class OrderHasCycle(DomainError):
    """Processors cannot wait for each other in a circle."""


def check_order(after: Mapping[str, Iterable[str]]) -> None:
    """
    Refuse an order among processors (key to the keys that come before it) in which one waits for itself.

    Raises:
        OrderHasCycle
    """
    try:
        TopologicalSorter({key: set(first) for key, first in after.items()}).prepare()
    except CycleError:
        raise OrderHasCycle from None
