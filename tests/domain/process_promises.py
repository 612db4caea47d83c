"""What must be true of a case in every state it can come to."""

from datetime import timedelta

from app.domain.case import ClaimOutcome, ClaimState
from app.domain.decisions import Verdict
from app.domain.extension import ExtensionState
from app.domain.fanout import Action
from app.domain.ledger import About
from app.domain.snapshot import Claim
from tests.domain.process_world import World


def keeps_its_promises(world: World) -> None:
    """No claim is over while somebody works on it, nobody but a person says no, no erasure before the copy."""
    case = world.case
    at_work = {t.claim for t in case.tasks if not t.is_over and t.action is not Action.LIFT_RESTRICTION}
    for claim in case.claims:
        over = claim.state is ClaimState.CLOSED
        assert over == (claim.outcome is not None)
        assert not (over and claim.id in at_work), "a claim is closed while a task of it is open"
        said_no = claim.verdict is Verdict.REFUSED or claim.outcome is ClaimOutcome.REFUSED
        assert not said_no or claim.id in world.refused, "nobody said no"
        _says_what_was_done(world, claim)
    assert all(one.id in world.announced for one in case.restrictions if one.is_lifted), "lifted before its notice"
    if any(task.action is Action.ERASE for task in case.tasks):
        copies = [
            c for c in case.claims if c.right.yields_package and c.verdict in (Verdict.GRANTED, Verdict.PARTLY_GRANTED)
        ]
        assert not copies or case.package_sealed, "an erasure before the copy is sealed"
    keeps_its_date(world)


def keeps_its_date(world: World) -> None:
    """The date by which an answer is due moves by an extension alone: agreed to by two, and told in time."""
    clock, first = world.case.clock, world.first_due_on
    assert first is not None
    is_extended = clock.extension is ExtensionState.EFFECTIVE
    assert (world.case.due_on > first) == is_extended, "another date, and no extension"
    assert not is_extended or (clock.notice_sent_on is not None and clock.notice_sent_on <= first)


def _says_what_was_done(world: World, claim: Claim) -> None:
    if claim.outcome is ClaimOutcome.GRANTED:
        assert world.did_something(claim), "granted, and nothing was done"
        assert not claim.withheld, "granted, and something is kept"
    if claim.outcome is ClaimOutcome.PARTLY_GRANTED and not claim.right.granted_at_once:
        assert world.did_something(claim), "granted in part, and no part was done"
    if claim.outcome is ClaimOutcome.FORWARDED:
        assert world.case.forwardings, "passed on, and to nobody"
    if claim.outcome in (ClaimOutcome.REFUSED, ClaimOutcome.NOTHING_HELD, ClaimOutcome.FORWARDED):
        assert not world.did_something(claim), "done, and not said"


def is_never_silently_over(world: World) -> None:
    """An open case is looked at again within a day; a closed one has nothing left to do, and every end a word."""
    at = world.next_instant()
    if not world.is_closed:
        assert at is not None
        assert world.now < at <= world.now + timedelta(days=1), "an open case that nobody looks at"
        return
    lifted = {one.claim for one in world.case.restrictions if one.is_lifted}
    lifting = [t for t in world.case.tasks if t.action is Action.LIFT_RESTRICTION]
    pending = [entry for entry in world.case.ledger if not entry.is_settled]
    assert {task.claim for task in lifting} <= lifted
    assert all(entry.about is About.LIFT for entry in pending), "closed while a recipient is to be told (F25)"
    assert not any(one.is_open for one in world.case.forwardings), "closed before it was passed on"
    if pending or not all(task.is_over for task in lifting):
        assert at is not None, "a restriction that nobody lifts to its end"
    else:
        assert at is None or world.next_actions()
    assert all(claim.state is ClaimState.CLOSED and claim.outcome for claim in world.case.claims)
    assert all(task.is_over and task.outcome for task in world.case.tasks if task not in lifting)
