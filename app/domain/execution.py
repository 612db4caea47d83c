"""
Carrying a claim out: which recipient is asked what, in which order, and what has come of it.

Says nothing about what follows for the case; that is :mod:`app.domain.process`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from app.domain.case import ClaimState
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.fanout import Action, Outcome
from app.domain.snapshot import Case, Claim, Processor, Task

#: A task that ended so changed or yielded something.
DONE = (Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL)


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


def taking_part(first: Mapping[str, Processor], *, later: Iterable[Processor]) -> dict[str, Processor]:
    """
    Return who takes part in a case: all who were there when it began to be carried out, and of those who came
    *later* (in the order in which they came) whoever can do what nobody before them could, for that alone.

    Otherwise a newcomer would be asked to erase what nobody has copied; without any newcomer a claim that nobody
    is able to carry out would never end.
    """
    joined = dict(first)
    for one in later:
        own = (other for other in joined.values() if other.categories or not other.forwarded)
        able = frozenset[Action]().union(*(other.actions for other in own))
        if lacking := one.actions - able - {Action.LOCATE, Action.FREEZE, Action.NOTIFY}:
            joined[one.id] = replace(one, actions=lacking | (one.actions & {Action.LOCATE}))
    return joined


def action_for(claim: Claim, processor: Processor) -> Action | None:
    """What a claim asks of a processor: the right's own action, else (Art. 19) a notification, else nothing."""
    if (processor.categories or processor.forwarded) and not processor.categories - claim.left_out:
        return None  # all it holds has been left out, or is another controller's
    if claim.right.action in processor.actions:
        return claim.right.action
    if claim.right.tells_recipients and Action.NOTIFY in processor.actions:
        return Action.NOTIFY
    return None


def is_its_turn(case: Case, claim: Claim) -> bool:
    """Order within a request: lower ranks are through, and no erasure before the copy is sealed."""
    for other in case.claims:
        if other.right.rank < claim.right.rank and not is_through(case, other):
            return False
    wants_copy = any(other.right.yields_package and other.is_carried_out for other in case.claims)
    return not (claim.right.action is Action.ERASE and wants_copy and not case.package_sealed)


def to_be_asked(case: Case, claim: Claim) -> Iterator[tuple[Processor, Action]]:
    """The recipients whose turn it is, and what each is asked; nobody who was asked already."""
    asked = {task.processor for task in case.tasks_of(claim)}
    for processor in case.processors.values():
        action = action_for(claim, processor)
        if action is None or processor.id in asked or not knows_the_person(case, processor):
            continue
        # Art. 19 tells of what was done: not before everybody has answered, and not if nothing was.
        if action is Action.NOTIFY and not (have_acted(case, claim) and something_was_done(case, claim)):
            continue
        before = [case.processors[first] for first in processor.after if first in case.processors]
        if any(_holds_up(case, claim, first, action) for first in before):
            continue
        yield processor, action


def knows_the_person(case: Case, processor: Processor) -> bool:
    """Found there; or nobody could ask, as at a recipient only a person reaches."""
    if Action.LOCATE not in processor.actions:
        return True
    located = case.located(processor.id)
    return located is not None and located.is_over and located.outcome is not Outcome.NOT_FOUND


def _holds_up(case: Case, claim: Claim, first: Processor, action: Action) -> bool:
    """Whether an *action* elsewhere has to wait for the processor that comes *first*."""
    if action is not Action.NOTIFY and action_for(claim, first) is Action.NOTIFY:
        return False  # it is told when all is done: waiting for it would wait for oneself
    tasks = [task for task in case.tasks_of(claim) if task.processor == first.id]
    return not all(task.is_over for task in tasks) if tasks else _is_pending(case, claim, first)


def _is_pending(case: Case, claim: Claim, processor: Processor) -> bool:
    """Whether a task at that processor is still to be made for the claim."""
    action = action_for(claim, processor)
    if action is None or any(task.processor == processor.id for task in case.tasks_of(claim)):
        return False
    if action is Action.NOTIFY and not something_was_done(case, claim):
        return False  # it comes only once there is something to tell
    if Action.LOCATE in processor.actions:
        located = case.located(processor.id)
        return located is None or not located.is_over or located.outcome is not Outcome.NOT_FOUND
    return True


def own_tasks(case: Case, claim: Claim) -> list[Task]:
    """The tasks that do what the claim wants; a notification only tells of it, a look afterwards only checks it."""
    return [task for task in case.tasks_of(claim) if task.action not in (Action.NOTIFY, Action.LOCATE)]


def have_acted(case: Case, claim: Claim) -> bool:
    """Whether everybody who has to do the right's own action has answered."""
    actors = [one for one in case.processors.values() if action_for(claim, one) not in (None, Action.NOTIFY)]
    return all(task.is_over for task in own_tasks(case, claim)) and not any(
        _is_pending(case, claim, one) for one in actors
    )


def something_was_done(case: Case, claim: Claim) -> bool:
    """Whether at least one recipient did what the claim wants, or a part of it."""
    return claim.id in case.done_before or any(task.outcome in DONE for task in own_tasks(case, claim))


def able_to(case: Case, claim: Claim) -> set[str]:
    """Who can do what the claim wants, also where the decision leaves out all they hold."""
    own = (one for one in case.processors.values() if one.categories or not one.forwarded)
    return {one.id for one in own if claim.right.action in one.actions}


def nothing_is_held(case: Case, claim: Claim) -> bool:
    """
    Whether everybody able was asked, to look or to act, and said each time that there is nothing about the person.

    Who found the person but cannot do what this right wants says nothing about what this right reaches; only where
    nobody is able does every search count.
    """
    if claim.id in case.done_before:
        return False  # what is not there any more was there
    able, searches = able_to(case, claim), list(case.searches)
    acted = own_tasks(case, claim)
    # Who holds the person's data for another controller finds them too: what it says when asked to act counts alone.
    silent = {task.processor for task in acted if _holds_for_others(case, task.processor)}
    telling = acted + [task for task in searches if task.processor in able - silent] or searches
    heard = {task.processor for task in telling}
    return bool(telling) and able <= heard and all(task.outcome is Outcome.NOT_FOUND for task in telling)


def _holds_for_others(case: Case, processor: str) -> bool:
    return processor in case.processors and bool(case.processors[processor].forwarded)


def nobody_is_able(case: Case, claim: Claim) -> bool:
    """A yes for which no recipient can be asked, although the person may be known: a person must see to it."""
    if not claim.is_carried_out or able_to(case, claim) or own_tasks(case, claim):
        return False
    return not nothing_is_held(case, claim)


def is_executed(case: Case, claim: Claim) -> bool:
    """Whether every recipient that has to do something for the claim has answered."""
    if not claim.is_carried_out or not case.is_ready(claim) or nobody_is_able(case, claim):
        return False
    missing = any(_is_pending(case, claim, one) for one in case.processors.values())
    able = able_to(case, claim)
    searches = [task for task in case.searches if task.processor in able]
    return not missing and all(task.is_over for task in (*searches, *case.tasks_of(claim)))


def to_be_verified(case: Case, claim: Claim) -> Iterator[Processor]:
    """
    Who says that all is erased, or that there was nothing although it had found the person, and can be asked whether
    it still knows them (F22, R17-4).

    Only once everybody has answered: what is erased here may come back from there.
    """
    if claim.right.action is not Action.ERASE or not have_acted(case, claim):
        return
    looked = {task.processor for task in case.tasks_of(claim) if task.action is Action.LOCATE}
    for task in own_tasks(case, claim):
        processor = case.processors.get(task.processor)
        if processor is None or task.processor in looked or Action.LOCATE not in processor.actions:
            continue
        if task.outcome is Outcome.COMPLETED or (task.outcome is Outcome.NOT_FOUND and _had_found(case, processor)):
            yield processor


def _had_found(case: Case, processor: Processor) -> bool:
    located = case.located(processor.id)
    return located is not None and located.outcome in DONE


def was_in_vain(case: Case, claim: Claim) -> bool:
    """Everybody has answered and nobody did anything, although something may be held."""
    return is_executed(case, claim) and not something_was_done(case, claim) and not nothing_is_held(case, claim)


def is_through(case: Case, claim: Claim) -> bool:
    """Whether nothing is to be done for the claim any more but to answer."""
    refused = claim.state is ClaimState.DECIDED and claim.verdict is Verdict.REFUSED
    done = claim.state is ClaimState.CLOSED or refused or is_executed(case, claim)
    return done and all(task.is_over for task in case.meanwhile(claim))
