"""
What is to be done next.

:func:`next_actions` looks at a case and an instant and says what is to be done; it changes nothing and asks nobody.
Whatever happens (a proof, a decision, a callback, a timer, a restart) only writes a fact and asks again. Asking twice
changes nothing: an action that was carried out is no longer among the answers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from app.domain import case_clock, execution, waiting
from app.domain.case import ClaimOutcome, ClaimState, Phase, Step
from app.domain.case_clock import ClockAct
from app.domain.decisions import Verdict
from app.domain.extension import ExtensionState
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.identity import Level
from app.domain.snapshot import CARRIED_OUT, Case, Claim


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
    """Say something to the person; once per kind and what it is about (an id or a code, empty for the case itself)."""

    kind: str
    about: str = ""


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
    """Ask a person for a new decision: what was granted could not be done anywhere."""

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


@dataclass(frozen=True)
class CoolOff:
    """Tell every address the controller knows, and let what cannot be undone wait."""

    claim: str


@dataclass(frozen=True)
class SendCode:
    """Send the one-time code that was asked for, where there is an address that may be sent one."""


Act = (
    TakeStep
    | ShowStatus
    | WriteLetter
    | CreateTask
    | GrantAtOnce
    | Reopen
    | NamePerson
    | SealPackage
    | CloseClaim
    | ClockAct
    | CoolOff
    | SendCode
)
Rule = Callable[[Case, date], Iterable[Act]]  #: see RULES, in the order in which they are asked


def next_actions(case: Case, *, today: date) -> list[Act]:
    """
    Return what is to be done now, in order; empty when the case waits for somebody or is closed.

    Args:
        today: The civil date in the controller's time zone.
    """
    if case.phase is Phase.CLOSED:
        return []
    for rule in STOPPED if case.stopped else RULES:
        if acts := list(rule(case, today)):
            return acts
    return []


def next_instant(case: Case, *, now: datetime, next_midnight: datetime) -> datetime | None:
    """
    Return when the case must be looked at again even if nothing happens; None only for a closed one.

    Every open case is looked at once a day at least, as the day begins: no end is silent, and no alarm waits.
    """
    if case.phase is Phase.CLOSED:
        return None
    waits = [t.next_at for t in case.tasks if not t.is_over and t.next_at is not None and t.next_at > now]
    waits += [c.cooling_until for c in case.open_claims if c.cooling_until is not None and c.cooling_until > now]
    return min([*waits, next_midnight])


def _keep_time(case: Case, today: date) -> Iterator[Act]:
    # Before everything else: a letter that cannot be written silences no alarm.
    yield from case_clock.due(case.clock, due_on=case.due_on, today=today)


def _tell_of_extension(case: Case, _today: date) -> Iterator[Act]:
    # GDPR Art. 12(3): it counts once the person has been told, with the reasons, in time.
    if case.clock.extension is ExtensionState.CLAIMED and "extension" not in case.letters:
        yield WriteLetter("extension")


def _confirm_receipt(case: Case, _today: date) -> Iterator[Act]:
    if "receipt" not in case.letters and not case.is_follow_up:
        yield WriteLetter("receipt")


def _freeze(case: Case, _today: date) -> Iterator[Act]:
    # R15-11: from receipt on nothing may be deleted by itself; freezing reveals nothing, so it waits for no proof.
    if case.phase is not Phase.ANSWERING and any(claim.right.freezes for claim in case.open_claims):
        yield from _ask_all(case, Action.FREEZE)


def _locate(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING and (
        case.code_wanted or any(case.is_ready(claim) for claim in case.open_claims)
    ):
        yield from _ask_all(case, Action.LOCATE)


def _send_code(case: Case, _today: date) -> Iterator[Act]:
    # Whoever knows the person also knows where they are reached; the search comes first.
    if case.code_wanted and waiting.search_is_over(case):
        yield SendCode()


def _cool_off(case: Case, _today: date) -> Iterator[Act]:
    for claim in waiting.to_cool_off(case):
        yield CoolOff(claim.id)


def _ask_all(case: Case, action: Action) -> Iterator[Act]:
    asked = {task.processor for task in case.tasks if task.action is action and task.claim is None}
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


def _reopen(case: Case, _today: date) -> Iterator[Act]:
    """
    Hand back a yes of which nothing could be done: a no needs a ground, reasons and two people (Art. 12(4)).

    What is granted at once cannot be refused, so its answer says what each recipient said.
    """
    for claim in case.claims:
        if not claim.right.granted_at_once and execution.was_in_vain(case, claim):
            yield Reopen(claim.id)


def _plan(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.EXECUTING:
        return
    for claim in case.claims:
        if not (claim.is_carried_out and case.is_ready(claim) and execution.is_its_turn(case, claim)):
            continue
        if claim.has_cooled_off or claim.right.yields_package:  # a copy is made and waits for its release
            for processor, action in execution.to_be_asked(case, claim):
                yield CreateTask(claim.id, processor.id, action, tuple(sorted(processor.categories - claim.left_out)))


def _verify(case: Case, _today: date) -> Iterator[Act]:
    # R17-4, F22: an erasure is looked after, not only believed; what is found again goes to a person.
    if case.phase is not Phase.EXECUTING:
        return
    for claim in case.claims:
        if claim.is_carried_out:
            for processor in execution.to_be_verified(case, claim):
                categories = tuple(sorted(processor.categories - claim.left_out))
                yield CreateTask(claim.id, processor.id, Action.LOCATE, categories)


def _begin_execution(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is Phase.ASSESSING and any(claim.is_carried_out for claim in case.claims):
        yield TakeStep(Step.BEGIN_EXECUTION)


def _seal(case: Case, _today: date) -> Iterator[Act]:
    copies = [claim for claim in case.claims if claim.right.yields_package]
    wanted = [claim for claim in copies if claim.is_carried_out]
    if wanted and not case.package_sealed and all(execution.is_through(case, claim) for claim in copies):
        yield SealPackage()


def _begin_answer(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING and all(execution.is_through(case, claim) for claim in case.claims):
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
    decided = [c for c in case.claims if c.outcome not in (ClaimOutcome.WITHDRAWN, ClaimOutcome.NOT_IDENTIFIED)]
    verdicts = {claim.verdict for claim in decided}
    granted = [claim for claim in decided if claim.verdict in CARRIED_OUT]
    nothing_there = [claim for claim in granted if _is_told_nothing_is_held(case, claim)]
    if len(nothing_there) < len(granted):
        owed.append("kept_erased" if case.is_follow_up else "fulfilment")
    if nothing_there:
        owed.append("nothing_held")
    if Verdict.REFUSED in verdicts or Verdict.PARTLY_GRANTED in verdicts:
        owed.append("refusal")
    if any(claim.outcome is ClaimOutcome.NOT_IDENTIFIED for claim in case.claims):
        owed.append("not_identified")
    if any(claim.outcome is ClaimOutcome.WITHDRAWN for claim in case.claims):
        owed.append("withdrawal")
    return owed


def _is_told_nothing_is_held(case: Case, claim: Claim) -> bool:
    """Not to whoever proved nothing: it would answer whether a name they typed is a customer's (ASVS 8.2)."""
    proved_nothing = case.assurance is Level.NONE and claim.right.needs is Level.NONE
    return outcome_of(case, claim) is ClaimOutcome.NOTHING_HELD and not proved_nothing


def answer_is_out(case: Case) -> bool:
    """F07: an answer that is written and lies somewhere has told nobody anything."""
    return not case.unsent_letters.intersection(letters_owed(case))


def _close_claims(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING or (case.package_sealed and not case.package_released):
        return
    for claim in case.open_claims:
        if claim.state is ClaimState.DECIDED and all(task.is_over for task in case.tasks_of(claim)):
            yield CloseClaim(claim.id, outcome_of(case, claim))


def outcome_of(case: Case, claim: Claim) -> ClaimOutcome:
    """
    How a claim ends: from what the processors did, never from the decision alone (F08).

    A copy from which rows were withheld is a part of what was asked for (Art. 12(4), 15(4)).
    """
    if claim.outcome is not None:
        return claim.outcome
    if claim.verdict is Verdict.REFUSED:
        return ClaimOutcome.REFUSED
    if execution.nothing_is_held(case, claim):
        return ClaimOutcome.NOTHING_HELD
    if claim.right.yields_package and case.package_left_out:
        return ClaimOutcome.PARTLY_GRANTED
    outcomes = {task.outcome for task in execution.own_tasks(case, claim)}
    whole = execution.something_was_done(case, claim) and outcomes <= {Outcome.COMPLETED, Outcome.NOT_FOUND}
    whole = whole and not claim.withheld  # what is kept or passed on is a part that was not done (R17-1)
    return ClaimOutcome.GRANTED if whole and claim.verdict is Verdict.GRANTED else ClaimOutcome.PARTLY_GRANTED


def _close(case: Case, _today: date) -> Iterator[Act]:
    loose = [task for task in case.tasks if not task.is_over and task.claim is None]
    if case.phase is Phase.ANSWERING and not case.open_claims and not loose and answer_is_out(case):
        yield TakeStep(Step.CLOSE)


def _chase(case: Case, today: date) -> Iterator[Act]:
    for task in case.tasks:
        if task.state not in (TaskState.OPEN, TaskState.ACCEPTED):
            continue
        if task.processor not in case.processors:
            yield NamePerson(task.id, "processor_removed")
        elif task.answer_by < today:
            yield NamePerson(task.id, "silent")


def _show_status(case: Case, _today: date) -> Iterator[Act]:
    status = status_of(case)
    if status != case.status:
        yield ShowStatus(status)


def status_of(case: Case) -> str:
    """The finer word under the phase; the list may grow."""
    if case.phase is Phase.CLOSED:
        return case.phase.value
    if case.stopped:
        return "stopped"
    if case.phase is Phase.RECEIVED:
        return case.phase.value
    if case.unclassified:
        return "awaiting_classification"
    if case.phase is Phase.IDENTIFYING:
        return "identity_wanted"
    if any(task.state is TaskState.NEEDS_PERSON for task in case.tasks):
        return "needs_person"
    if any(execution.nobody_is_able(case, claim) for claim in case.claims):
        return "nobody_able"
    if case.phase is Phase.ANSWERING:
        if case.package_sealed and not case.package_released:
            return "cooling_off" if waiting.package_waits(case) else "awaiting_release"
        return "answering" if answer_is_out(case) else "letter_waiting"
    if any(claim.state is ClaimState.AWAITING_APPROVAL for claim in case.claims):
        return "awaiting_approval"
    undecided = [c for c in case.claims if c.state is ClaimState.OPEN]
    if any(not case.is_ready(claim) for claim in undecided):
        return "identity_wanted"
    if any(not task.is_over for task in case.searches):
        return "locating"
    if undecided:
        return "awaiting_decision"
    return "cooling_off" if waiting.is_held_up(case) else "executing"


RULES: tuple[Rule, ...] = (
    _keep_time,
    _confirm_receipt,
    _tell_of_extension,
    _freeze,
    _begin,
    _locate,
    _send_code,
    _cool_off,
    _grant_at_once,
    _begin_execution,
    _reopen,
    _plan,
    _verify,
    _seal,
    _begin_answer,
    _answer,
    _close_claims,
    _chase,
    _close,
    _show_status,
)
#: While somebody's "that was not me" is not settled nothing goes on but time, and a person is named by the status.
STOPPED: tuple[Rule, ...] = (_keep_time, _show_status)
