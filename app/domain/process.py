"""
What is to be done next.

:func:`next_actions` looks at a case and an instant and says what is to be done; it changes nothing and asks nobody.
Whatever happens (a proof, a decision, a callback, a timer, a restart) only writes a fact and asks again. Asking twice
changes nothing: an action that was carried out is no longer among the answers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain import case_clock, execution, forwarding, notifying, restricting, waiting
from app.domain.case import ClaimOutcome, ClaimState, Phase, Step
from app.domain.case_clock import ClockAct
from app.domain.decisions import Verdict
from app.domain.extension import ExtensionState
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.identity import Level
from app.domain.outward import MoveEntry, OpenForwarding, OpenLedger, ProposeLift, SetRestriction
from app.domain.snapshot import CARRIED_OUT, Case, Claim, letter_key


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
    restriction: str | None = None  #: the one it ends, where that was set about somebody else than is known now


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
    | SetRestriction
    | ProposeLift
    | OpenLedger
    | MoveEntry
    | OpenForwarding
)
#: So long before the last day the answer no longer waits for recipients to be told.
ANSWER_WAITS_UNTIL = timedelta(days=7)
Rule = Callable[[Case, date], Iterable[Act]]  #: see RULES, in the order in which they are asked


def next_actions(case: Case, *, today: date) -> list[Act]:
    """
    Return what is to be done now, in order; empty when the case waits for somebody or is over.

    A closed request is not opened again; only a restriction that outlived it may still have to be lifted.

    Args:
        today: The civil date in the controller's time zone.
    """
    for rule in AFTERWARDS if case.phase is Phase.CLOSED else STOPPED if case.stopped else RULES:
        if acts := list(rule(case, today)):
            return acts
    return []


def next_instant(case: Case, *, now: datetime, next_midnight: datetime) -> datetime | None:
    """
    Return when the case must be looked at again even if nothing happens; None only for a closed one of which no
    restriction is still being lifted.

    Every open case is looked at once a day at least, as the day begins: no end is silent, and no alarm waits.
    """
    if case.phase is Phase.CLOSED and not is_being_lifted(case):
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
            # Looking and holding back deletion reach also what is another controller's.
            yield CreateTask(None, processor.id, action, tuple(sorted(processor.categories | processor.forwarded)))


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
        if claim.right.action is Action.ERASE and case.erasure_opposed:
            continue  # the person wants the data kept (Art. 18(1)(b)-(c)): first that restriction is lifted
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


def _restrict_meanwhile(case: Case, today: date) -> Iterator[Act]:
    for claim in case.claims:
        ground = restricting.ground_meanwhile(case, claim, today=today)
        if ground is None or not restricting.holders(case):
            continue
        if not restricting.has_restriction(case, claim):
            yield SetRestriction(claim.id, ground, restricting.categories_restricted(case, claim))
        for processor in restricting.to_be_restricted(case, claim):
            yield CreateTask(claim.id, processor.id, Action.RESTRICT, tuple(sorted(processor.categories)))


def _restrict(case: Case, _today: date) -> Iterator[Act]:
    for claim in case.claims:
        if not restricting.has_restriction(case, claim) and restricting.was_restricted(case, claim):
            yield SetRestriction(claim.id, None, restricting.categories_restricted(case, claim))


def _propose_lift(case: Case, _today: date) -> Iterator[Act]:
    for restriction in restricting.lifts_to_propose(case):
        yield ProposeLift(restriction.id)


def _lift(case: Case, _today: date) -> Iterator[Act]:
    for one, processor in restricting.to_be_lifted(case):
        categories, former = tuple(sorted(processor.categories)), one.id if one.is_former else None
        yield CreateTask(one.claim, processor.id, Action.LIFT_RESTRICTION, categories, restriction=former)


def is_being_lifted(case: Case) -> bool:
    """Whether a restriction that was lifted is still kept up somewhere, or somebody was not told of it."""
    lifting = [task for one in case.restrictions if one.is_lifted for task in case.liftings_of(one)]
    return any(not task.is_over for task in lifting) or not notifying.is_settled(case)


def _open_ledger(case: Case, _today: date) -> Iterator[Act]:
    for to_tell in notifying.ledgers_due(case):
        yield OpenLedger(to_tell)


def _keep_ledger(case: Case, _today: date) -> Iterator[Act]:
    for entry, state, reason in notifying.moves(case):
        yield MoveEntry(entry.id, state, reason)


def _pass_on(case: Case, _today: date) -> Iterator[Act]:
    for processor, categories in forwarding.to_be_opened(case):
        yield OpenForwarding(processor, tuple(sorted(categories)))


def _tell_of_passing_on(case: Case, _today: date) -> Iterator[Act]:
    for about in forwarding.letters_due(case):
        if letter_key("forwarding", about) not in case.letters:
            yield WriteLetter("forwarding", about)


def _end_forwarded(case: Case, _today: date) -> Iterator[Act]:
    for claim in forwarding.to_be_ended(case):
        if all(task.is_over for task in (*case.tasks_of(claim), *case.meanwhile(claim))):
            yield CloseClaim(claim.id, ClaimOutcome.FORWARDED)


def _begin_execution(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is Phase.ASSESSING and any(claim.is_carried_out for claim in case.claims):
        yield TakeStep(Step.BEGIN_EXECUTION)


def _seal(case: Case, _today: date) -> Iterator[Act]:
    copies = [claim for claim in case.claims if claim.right.yields_package]
    wanted = [claim for claim in copies if claim.is_carried_out]
    if wanted and not case.package_sealed and all(execution.is_through(case, claim) for claim in copies):
        yield SealPackage()


def _begin_answer(case: Case, today: date) -> Iterator[Act]:
    # The answer names who was told (Art. 19), but never comes late for want of it.
    told = notifying.is_settled(case) or today >= case.due_on - ANSWER_WAITS_UNTIL
    if case.phase is not Phase.ANSWERING and told and all(execution.is_through(case, c) for c in case.claims):
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
    without = (ClaimOutcome.WITHDRAWN, ClaimOutcome.NOT_IDENTIFIED)
    decided = [c for c in case.claims if c.outcome not in without and not _is_passed_on(case, c)]
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
    """Not where somebody typed a name or a number: it would answer whether that is a customer's (ASVS 8.2)."""
    proved_nothing = (case.assurance is Level.NONE or case.typed) and claim.right.needs is Level.NONE
    return outcome_of(case, claim) is ClaimOutcome.NOTHING_HELD and not proved_nothing


def answer_is_out(case: Case) -> bool:
    """F07: an answer that is written and lies somewhere has told nobody anything."""
    return not case.unsent_letters.intersection(letters_owed(case))


def _is_passed_on(case: Case, claim: Claim) -> bool:
    """Whether a claim has no answer of its own: the letter about the forwarding is its answer."""
    return claim.verdict is not Verdict.REFUSED and forwarding.ends_forwarded(case, claim)


def _close_claims(case: Case, _today: date) -> Iterator[Act]:
    if case.phase is not Phase.ANSWERING or (case.package_sealed and not case.package_released):
        return
    for claim in case.open_claims:
        tasks = (*case.tasks_of(claim), *case.meanwhile(claim))
        if claim.state is ClaimState.DECIDED and all(task.is_over for task in tasks):
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
    if forwarding.ends_forwarded(case, claim):
        return ClaimOutcome.FORWARDED
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
    # F25: every recipient is told or explained; and what is another controller's has gone there.
    waits = not notifying.is_settled(case) or any(one.is_open for one in case.forwardings)
    is_over = not case.open_claims and not loose and not waits
    if case.phase is Phase.ANSWERING and is_over and answer_is_out(case):
        yield TakeStep(Step.CLOSE)


def _chase(case: Case, today: date) -> Iterator[Act]:
    for task in case.tasks:
        if task.state not in (TaskState.OPEN, TaskState.ACCEPTED):
            continue
        if task.processor not in case.processors:
            yield NamePerson(task.id, "processor_removed")
        elif task.answer_by < today:
            yield NamePerson(task.id, "silent")


def _show_status(case: Case, today: date) -> Iterator[Act]:
    status = status_of(case, today=today)
    if status != case.status:
        yield ShowStatus(status)


def status_of(case: Case, *, today: date | None = None) -> str:
    """The finer word under the phase; the list may grow. Without *today* nothing is late."""
    if case.phase is Phase.CLOSED:
        return case.phase.value
    if case.stopped:
        return "stopped"
    if any(forwarding.is_late(one, today=today) for one in case.forwardings):
        return "forwarding_late"
    if case.phase is Phase.RECEIVED:
        return case.phase.value
    if case.unclassified:
        return "awaiting_classification"
    if case.phase is Phase.IDENTIFYING:
        return "identity_wanted"
    if any(task.state is TaskState.NEEDS_PERSON for task in case.tasks):
        return "needs_person"
    if notifying.must_be_put_right(case):
        return "recipients_to_tell"  # something was done for somebody who never asked for it
    if any(execution.nobody_is_able(case, claim) for claim in case.claims):
        return "nobody_able"
    if case.phase is Phase.ANSWERING:
        if case.package_sealed and not case.package_released:
            return "cooling_off" if waiting.package_waits(case) else "awaiting_release"
        return _waits_at_the_end(case) or ("answering" if answer_is_out(case) else "letter_waiting")
    if any(claim.state is ClaimState.AWAITING_APPROVAL for claim in case.claims):
        return "awaiting_approval"
    undecided = [c for c in case.claims if c.state is ClaimState.OPEN]
    if any(not case.is_ready(claim) for claim in undecided):
        return "identity_wanted"
    if any(not task.is_over for task in case.searches):
        return "locating"
    opposed = case.erasure_opposed and any(claim.right.action is Action.ERASE for claim in case.open_claims)
    if not undecided and opposed:
        return "restricted"
    if undecided:
        return "awaiting_decision"
    return "cooling_off" if waiting.is_held_up(case) else _waits_at_the_end(case) or "executing"


def _waits_at_the_end(case: Case) -> str | None:
    """What keeps a case open that is otherwise done: a recipient to be told, a controller to be found."""
    by_hand = [entry for entry in case.ledger if not entry.is_settled and notifying.is_by_hand(case, entry)]
    if by_hand and not any(not task.is_over for task in case.tasks):
        return "recipients_to_tell"
    if any(one.is_open for one in case.forwardings) and all(execution.is_through(case, c) for c in case.claims):
        return "forwarding_wanted"
    return None


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
    _pass_on,
    _tell_of_passing_on,
    _restrict_meanwhile,
    _begin_execution,
    _reopen,
    _plan,
    _verify,
    _restrict,
    _open_ledger,
    _keep_ledger,
    _propose_lift,
    _lift,
    _seal,
    _end_forwarded,
    _begin_answer,
    _answer,
    _close_claims,
    _chase,
    _close,
    _show_status,
)
#: What may still have to be done about a closed request: a restriction that outlived it comes to its end.
AFTERWARDS: tuple[Rule, ...] = (_lift, _open_ledger, _keep_ledger, _chase)
#: While somebody's "that was not me" is not settled nothing goes on but time, and a person is named by the status.
STOPPED: tuple[Rule, ...] = (_keep_time, _show_status)
