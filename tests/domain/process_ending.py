"""A world that helps: everybody does their part until the case is closed."""

from dataclasses import replace

from app.domain import execution
from app.domain.case import ClaimState
from app.domain.decisions import Verdict
from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from app.domain.guarding import Cooling
from app.domain.identity import Level
from app.domain.ledger import EntryState
from app.domain.snapshot import Claim, Processor
from tests.domain.process_world import World


def drive_to_the_end(world: World, *, within: int, try_again: bool) -> int:
    """
    Cooperate until the case is closed; the number of times everybody had to, at most *within*.

    Staff say no to what was done nowhere, or (*try_again*) have it tried once more and then say yes again.
    """
    for turn in range(within):
        assert world.run(), f"never rests: {world.case}"
        if world.is_closed:
            return turn
        cooperate(world, try_again=try_again)
    raise AssertionError(f"cannot be closed: {world.case}")


def cooperate(world: World, *, try_again: bool) -> None:
    """Everybody does their part once: the person is proved, staff decide, agree and post letters, processors answer."""
    if world.case.stopped:
        world.settle_stop(genuine=True)
    world.prove(Level.HIGH)
    if any(claim.cooling is Cooling.RUNNING for claim in world.case.claims):
        world.pass_time(3)
    for claim in world.case.claims:
        if execution.nobody_is_able(world.case, claim):
            _find_somebody(world, claim.right.action)
        if claim.state is ClaimState.OPEN and not claim.right.granted_at_once:
            _decide(world, claim, try_again=try_again)
        if world.claim(claim.id).state is ClaimState.AWAITING_APPROVAL:
            world.approve(claim.id)
    for task in world.case.tasks:
        if not task.is_over:
            world.resolve(task, Outcome.COMPLETED)
    if world.may_release():
        world.release()
    world.post()
    world.case = replace(world.case, erasure_opposed=False)
    for entry in world.by_hand():
        world.settle(entry, EntryState.CONFIRMED)
    for one in world.case.forwardings:
        if one.is_open:
            world.pass_on(one)


def _find_somebody(world: World, action: Action) -> None:
    clerk = Processor(id=f"p{len(world.registry)}", actions=frozenset({action}), categories=frozenset({"contact"}))
    world.register(clerk, (Idempotency.NO, AnswerMode.HUMAN))


def _decide(world: World, claim: Claim, *, try_again: bool) -> None:
    if any(not task.is_over for task in world.case.tasks_of(claim)):
        return  # what was handed back is being tried once more
    if claim.id not in world.reopened or world.did_something(claim):
        world.decide(claim.id, Verdict.GRANTED)
    elif not try_again:
        world.decide(claim.id, Verdict.REFUSED)
    else:
        for task in world.own_tasks(claim):
            world.send_again(task)
        world.decide(claim.id, Verdict.GRANTED)
