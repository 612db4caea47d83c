"""
When a case restricts, and what has to be undone when a restriction is lifted (GDPR Art. 18).

While an objection is weighed (Art. 18(1)(d), 21(1)) or a contested accuracy is checked (Art. 18(1)(a)) the data are
restricted without anybody deciding so; the lifting is only ever proposed. Only processes a case's plain values.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from app.domain import execution
from app.domain.case import ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.fanout import Action
from app.domain.restrictions import MEANWHILE, Ground
from app.domain.snapshot import Case, Claim, Processor, Restriction, Task

#: What is undecided so long after somebody could have decided it is contested in earnest.
CHECKED_AT_ONCE = timedelta(days=1)


def ground_meanwhile(case: Case, claim: Claim, *, today: date) -> Ground | None:
    """
    Why the data are restricted while the claim is pending; None where nothing is.

    An objection restricts as soon as the person is known (R21-1). A correction does so when it is not granted at once:
    undecided on the day after the person was known, or a no that waits for its second person (R18-1(a)).
    """
    pending = claim.state in (ClaimState.OPEN, ClaimState.AWAITING_APPROVAL)
    if not pending or not case.is_ready(claim) or case.phase in (Phase.ANSWERING, Phase.CLOSED):
        return None
    ground = MEANWHILE.get(claim.right.key)
    if ground is Ground.ACCURACY_CONTESTED and not _is_contested(case, claim, today):
        return None
    return ground


def _is_contested(case: Case, claim: Claim, today: date) -> bool:
    denied = claim.state is ClaimState.AWAITING_APPROVAL and claim.verdict is not Verdict.GRANTED
    return denied or (case.known_on is not None and today >= case.known_on + CHECKED_AT_ONCE)


def holders(case: Case) -> list[Processor]:
    """
    Who holds data of the person that are the controller's own.

    As long as nobody who could look has found the person there is nothing to restrict, and nobody is bothered by hand.
    """
    searches = [one for one in case.processors.values() if Action.LOCATE in one.actions]
    known = [one for one in case.processors.values() if execution.knows_the_person(case, one)]
    if searches and not any(Action.LOCATE in one.actions for one in known):
        return []
    return [one for one in known if one.categories or not one.forwarded]


def to_be_restricted(case: Case, claim: Claim) -> Iterator[Processor]:
    """
    Who has to be asked now to restrict while the claim is pending; nobody who was asked already.

    A copy that is being made for the same person comes first; one that nobody has decided on holds nothing up.
    """
    copies = [one for one in case.claims if one.right.yields_package and one.is_carried_out]
    if not all(execution.is_through(case, copy) for copy in copies):
        return
    asked = {task.processor for task in case.meanwhile(claim)}
    for processor in holders(case):
        if Action.RESTRICT in processor.actions and processor.id not in asked:
            yield processor


def has_restriction(case: Case, claim: Claim) -> bool:
    return any(one.claim == claim.id and not one.is_former for one in case.restrictions)


def was_restricted(case: Case, claim: Claim) -> bool:
    """Whether a claim for restriction has been carried out: the state is made from what was done, not decided (F08)."""
    if claim.right.action is not Action.RESTRICT:
        return False
    return execution.is_executed(case, claim) and execution.something_was_done(case, claim)


def categories_restricted(case: Case, claim: Claim) -> tuple[str, ...]:
    """The categories that are restricted by what was done for a claim, or while it is pending."""
    if claim.right.action is Action.RESTRICT:
        done = {task.processor for task in execution.own_tasks(case, claim) if task.outcome in execution.DONE}
        found = [one for one in case.processors.values() if one.id in done]
    else:
        found = holders(case)
    return tuple(sorted(frozenset[str]().union(*(one.categories for one in found)) - claim.excluded))


def lifts_to_propose(case: Case) -> Iterator[Restriction]:
    """Restrictions whose claim has been answered: a person is to see to their lifting; nothing lifts itself."""
    claims = {claim.id: claim for claim in case.claims}
    for one in case.restrictions:
        claim = claims.get(one.claim)
        if claim is None or claim.right.action is Action.RESTRICT or one.is_lift_proposed or one.is_lifted:
            continue
        if execution.is_through(case, claim):
            yield one


def set_by(case: Case, restriction: Restriction) -> list[Task]:
    """The tasks by which somebody restricted."""
    tasks = (t for t in (case.former if restriction.is_former else case.tasks) if t.claim == restriction.claim)
    return [t for t in tasks if t.action is Action.RESTRICT and t.outcome in execution.DONE]


def to_be_lifted(case: Case) -> Iterator[tuple[Restriction, Processor]]:
    """Every restriction that was lifted, with each processor that still keeps it up."""
    for one in case.restrictions:
        asked = {task.processor for task in case.liftings_of(one)}
        for task in set_by(case, one) if one.is_lifted else ():
            processor = case.processors.get(task.processor)
            if processor is not None and Action.LIFT_RESTRICTION in processor.actions and processor.id not in asked:
                yield one, processor
