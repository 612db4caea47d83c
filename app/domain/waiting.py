"""
Which claims of a case wait, and for what: the cooling-off as the process sees it (:mod:`app.domain.guarding`).
"""

from collections.abc import Iterator

from app.domain import execution
from app.domain.case import ClaimState
from app.domain.fanout import Action, TaskState
from app.domain.guarding import Cooling
from app.domain.snapshot import Case, Claim


def search_is_over(case: Case) -> bool:
    """Whether nobody is looked for by a machine any more: everybody able has been asked, and said or fell silent."""
    searches = [task for task in case.tasks if task.action is Action.LOCATE]
    able = {one.id for one in case.processors.values() if Action.LOCATE in one.actions}
    answered = all(task.is_over or task.state is TaskState.NEEDS_PERSON for task in searches)
    return answered and able <= {task.processor for task in searches}


def to_cool_off(case: Case) -> Iterator[Claim]:
    """
    The claims whose wait begins now.

    As early as everybody who may be reached is known, so that it runs beside the assessment and not after it. Where
    nothing is held about the person there is nobody to tell and nothing to undo.
    """
    if not search_is_over(case):
        return
    for claim in case.open_claims:
        is_wanted = claim.state is not ClaimState.DECIDED or claim.is_carried_out
        is_out = claim.right.yields_package and case.package_released
        is_due = claim.cooling is Cooling.DUE and case.is_ready(claim) and is_wanted and not is_out
        if is_due and not execution.nothing_is_held(case, claim):
            yield claim


def package_waits(case: Case) -> bool:
    """
    Whether the copy is made and the time to say "that was not me" still runs.

    A wait that has begun ends with its time and with nothing else, as the database has it (``release_cooled_off``):
    whatever was decided, and also where nothing turned out to be held.
    """
    copies = [claim for claim in case.claims if claim.right.yields_package]
    if any(claim.cooling is Cooling.RUNNING for claim in copies):
        return True
    granted = [claim for claim in copies if claim.is_carried_out]
    return any(not claim.has_cooled_off and not execution.nothing_is_held(case, claim) for claim in granted)


def is_held_up(case: Case) -> bool:
    """Whether a claim that was granted has nothing to wait for but its time."""
    return any(
        claim.is_carried_out
        and claim.cooling is Cooling.RUNNING
        and not claim.right.yields_package
        and execution.is_its_turn(case, claim)
        for claim in case.claims
    ) and not any(task.claim and not task.is_over for task in case.tasks)
