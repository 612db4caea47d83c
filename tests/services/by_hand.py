"""
A case carried on step by step, without a worker: the test says who answers what, and when the case is looked at.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from app.domain.decisions import Verdict
from app.domain.fanout import TaskState
from app.models import ApprovalRow, ClaimRow, ProcessorRow, TaskRow
from app.processors import Kind
from app.repositories import cases, registry
from app.services import approving, fulfilment, registration, steps, tasks
from app.services.context import Actor
from tests.harness.house import AGENT, APPROVER, TO_TELL, House, Seen

CONTROLLER = "westra"
REASONS = "Uppgifterna har kontrollerats mot avtalet och stämmer."
DONE: Mapping[str, Any] = {"outcome": "completed", "message": "Gjort."}
FAILED: Mapping[str, Any] = {"outcome": "failed", "message": "Systemet går inte att ändra."}
Says = Callable[[TaskRow], Mapping[str, Any]]


async def look(house: House, request_id: UUID) -> Seen:
    """Do what the worker does when a case wakes."""
    async with house.tx() as tx:
        await fulfilment.advance(tx, house.ctx, request_id)
    seen = await house.see(request_id)
    if seen.row.status != "cooling_off":
        return seen
    await house.pass_cooling_off(request_id)  # everybody waits; the clock does not
    async with house.tx() as tx:
        await fulfilment.advance(tx, house.ctx, request_id)
    return await house.see(request_id)


async def answer(house: House, task: TaskRow, said: Mapping[str, Any] = DONE) -> None:
    async with house.tx() as tx:
        await tasks.resolve(tx, house.ctx, task.id, said, actor=AGENT)


async def answer_all(house: House, request_id: UUID, says: Says = lambda _task: DONE) -> Seen:
    """Have everybody who is asked answer until nobody is asked any more, and everybody told who has to be."""
    while True:
        while waiting := open_tasks(seen := await look(house, request_id)):
            async with house.tx() as tx:
                for task in waiting:
                    await tasks.resolve(tx, house.ctx, task.id, says(task), actor=AGENT)
        if seen.row.status not in TO_TELL:
            return seen
        async with house.tx() as tx:
            await house.tell_everybody(tx, await steps.hold(tx, request_id))


def open_tasks(seen: Seen) -> list[TaskRow]:
    return [task for task in seen.tasks if task.state != TaskState.CLOSED]


def claim_of(seen: Seen, right: str) -> ClaimRow:
    return next(claim for claim in seen.claims if claim.right == right)


async def decide(
    house: House, request_id: UUID, right: str, *, actor: Actor = AGENT, verdict: Verdict = Verdict.GRANTED, **said: Any
) -> ApprovalRow | None:
    """Decide one claim in a transaction of its own; the approval it waits for, if it does."""
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        claim = next(one for one in await cases.claims_of(tx, [request_id]) if one.right == right)
        return await house.decide(tx, row, claim, actor=actor, verdict=verdict, **said)


async def approve(house: House, approval: ApprovalRow, *, actor: Actor = APPROVER) -> None:
    async with house.tx() as tx:
        await approving.give(tx, house.ctx, approval.id, approved=True, reason="Läst.", actor=actor)


async def grant(house: House, request_id: UUID, *rights: str) -> Seen:
    """Say yes to these claims, with a second person where one is needed, and carry the case on."""
    for right in rights:
        if (waits := await decide(house, request_id, right)) is not None:
            await approve(house, waits)
    return await look(house, request_id)


async def release(house: House, request_id: UUID, *, actor: Actor = APPROVER) -> Seen:
    """Let the person have the package, and carry the case on."""
    async with house.tx() as tx:
        await house.release(tx, await steps.hold_open(tx, request_id), actor=actor)
    return await look(house, request_id)


async def found(house: House, *rights: str, **changed: Any) -> UUID:
    """A request whose person everybody has found: it waits for its decisions."""
    request_id = await house.file(CONTROLLER, *rights, **changed)
    await answer_all(house, request_id)
    return request_id


async def registered(house: House, key: str = "newcomer", *, actions: list[str]) -> ProcessorRow:
    """A recipient that is not connected yet, there from now on: only people reach it."""
    new = registration.NewProcessor(
        key=key, title="Nykomlingen", kind=Kind.WEBHOOK, recipient_kind="processor", actions=actions,
        categories=["contact"], answer_mode="sync", idempotency="no",
    )  # fmt: skip
    async with house.tx(CONTROLLER) as tx:
        return await registration.register(tx, house.ctx, CONTROLLER, new)


async def remove(house: House, *keys: str) -> None:
    """Take recipients out of all work."""
    async with house.tx(CONTROLLER) as tx:
        for key in keys:
            row = await registry.processor_by_key(tx, CONTROLLER, key)
            assert row is not None
            await registration.remove(tx, await registration.hold(tx, row.id))
