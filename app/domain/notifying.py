"""
Which recipients a case has to tell of what was done, and how each stands (GDPR Art. 19).

A recipient that a system reaches is told by its task, and its entry follows that task; whoever no system reaches
stays pending until a person has told them, or has said why that cannot be done.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain import execution, restricting
from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.fanout import Outcome, TaskState
from app.domain.ledger import NOTHING_HELD, About, EntryState
from app.domain.snapshot import Case, Claim, Entry, Processor, Task

#: Answers with which a recipient shows that it knows; the others say that it could not be done.
_TOLD = frozenset({Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL, Outcome.RETAINED, Outcome.NOT_FOUND})


@dataclass(frozen=True)
class ToTell:
    """Everybody who is told of one thing: processors by id, and the profile's recipients that no system reaches."""

    claim: str
    about: About
    processors: tuple[str, ...]
    recipients: tuple[str, ...]


def ledgers_due(case: Case) -> Iterator[ToTell]:
    """The ledgers that have to be opened: each when what it tells of is done, once, and if there is anybody to tell."""
    yield from (one for one in _ripe(case) if one.processors or one.recipients)


def _ripe(case: Case) -> Iterator[ToTell]:
    opened = {(entry.claim, entry.about) for entry in case.ledger}
    restricted = {one.claim: one for one in case.restrictions if not one.is_former}
    for claim in case.claims:
        if (claim.id, About.CHANGE) not in opened and _is_changed(case, claim):
            yield _to_tell(case, claim, About.CHANGE)
        if (claim.id, About.MEANWHILE) not in opened and claim.id in restricted and _is_restricted(case, claim):
            yield _to_tell(case, claim, About.MEANWHILE)
        state = restricted.get(claim.id)
        was_told = bool(opened & {(claim.id, About.CHANGE), (claim.id, About.MEANWHILE)})
        if state is not None and state.is_lifted and was_told and (claim.id, About.LIFT) not in opened:
            yield _to_tell(case, claim, About.LIFT)


def _is_changed(case: Case, claim: Claim) -> bool:
    if not claim.right.tells_recipients:
        return False
    if case.phase is not Phase.CLOSED and claim.state is ClaimState.CLOSED:
        # Ended by "that was not me": what was done before is told all the same, and by people (F25).
        return claim.outcome is ClaimOutcome.PARTLY_GRANTED and execution.something_was_done(case, claim)
    if not claim.is_carried_out:
        return False
    return execution.something_was_done(case, claim) and execution.have_acted(case, claim)


def _is_restricted(case: Case, claim: Claim) -> bool:
    tasks = case.meanwhile(claim)
    return all(task.is_over for task in tasks) and any(task.outcome in execution.DONE for task in tasks)


def _to_tell(case: Case, claim: Claim, about: About) -> ToTell:
    """Only who may have been given what the claim is about: data minimisation holds here too."""
    told = [one.id for one in case.processors.values() if _may_hold(case, one) and _concerns(claim, one)]
    return ToTell(claim.id, about, tuple(sorted(told)), tuple(sorted(case.recipients)))


def _may_hold(case: Case, processor: Processor) -> bool:
    located = case.located(processor.id)
    return located is None or not located.is_over or located.outcome is not Outcome.NOT_FOUND


def _concerns(claim: Claim, processor: Processor) -> bool:
    return bool(processor.categories - claim.left_out) or not (processor.categories or processor.forwarded)


def _tasks(case: Case, entry: Entry) -> list[Task]:
    claim = next((one for one in case.claims if one.id == entry.claim), None)
    if claim is None or entry.processor is None:
        return []
    by_about = {
        About.CHANGE: case.tasks_of(claim),
        About.MEANWHILE: case.meanwhile(claim),
        About.LIFT: case.liftings(claim.id),
        About.FORMER: (),  # no task undoes what was done for another
    }
    return [task for task in by_about[entry.about] if task.processor == entry.processor]


def is_by_hand(case: Case, entry: Entry) -> bool:
    """Whether only a person can tell this recipient: no task does, and none is to come."""
    if _tasks(case, entry):
        return False
    processor = case.processors.get(entry.processor or "")
    claim = next((one for one in case.claims if one.id == entry.claim), None)
    if entry.about is About.FORMER:
        return True
    if processor is None or claim is None or (entry.about is About.CHANGE and claim.state is ClaimState.CLOSED):
        return True
    if entry.about is About.LIFT:
        coming = [(one.claim, two.id) for one, two in restricting.to_be_lifted(case) if not one.is_former]
        return (entry.claim, processor.id) not in coming
    return entry.about is not About.CHANGE or execution.action_for(claim, processor) is None


def moves(case: Case) -> Iterator[tuple[Entry, EntryState, str]]:
    """Entries that no longer say what their tasks do: the entry, its new state, and the code of the reason."""
    for entry in case.ledger:
        if entry.state not in (EntryState.PENDING, EntryState.SENT):
            continue
        state, reason = _state_of(case, entry)
        if state is not entry.state and state is not None:
            yield entry, state, reason


def _state_of(case: Case, entry: Entry) -> tuple[EntryState | None, str]:
    tasks = _tasks(case, entry)
    if entry.about is About.FORMER:
        return None, ""
    if not tasks:
        processor = case.processors.get(entry.processor or "")
        unknown = processor is not None and not _may_hold(case, processor)
        return (EntryState.IMPOSSIBLE, NOTHING_HELD) if unknown else (None, "")
    if any(task.state is TaskState.ACCEPTED for task in tasks):
        return EntryState.SENT, ""
    if not all(task.is_over for task in tasks):
        return EntryState.PENDING, ""
    if any(task.outcome in _TOLD for task in tasks):
        return EntryState.CONFIRMED, ""
    return EntryState.IMPOSSIBLE, str(tasks[-1].outcome)


def must_be_put_right(case: Case) -> bool:
    """Whether something was done for another than was meant, and a person has not yet seen to it."""
    return any(entry.about is About.FORMER and not entry.is_settled for entry in case.ledger)


def is_settled(case: Case) -> bool:
    """Whether every recipient has been told or explained."""
    return all(entry.is_settled for entry in case.ledger)
