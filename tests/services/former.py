"""A request of a login without a number, whose person turns out to be somebody else, or more than was known."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.models import TaskRow
from app.processors import Order, read_outcome
from app.repositories import registry
from app.services import casework, fulfilment, orders, steps, tasks
from app.services.context import Actor
from app.services.intake import Identifier
from sandbox.people import BY_ID
from tests.harness.house import House, Seen
from tests.services.by_hand import DONE, answer, answer_all, approve, decide, found, look, open_tasks

OTHER = Actor("approver", "44444444-1111-4111-8111-111111111111")
ANNA, BO = BY_ID["anna-lindqvist"], "197001019806"
EMAIL = dict(ANNA.identifiers)["email"]
LOGIN = [Identifier(type_, value) for type_, value in ANNA.identifiers if type_ != "personnummer"]
WITH_NUMBER = [Identifier(type_, value) for type_, value in ANNA.identifiers]
NOT_FOUND: Mapping[str, Any] = {"outcome": "not_found"}


async def asked_by_anna(house: House, *rights: str, **changed: Any) -> UUID:
    """A request that a login without a number has made; everybody, who would take a number too, has found her."""
    await takes_numbers(house)
    return await found(house, *rights, **{"identifiers": LOGIN, "subject_key": b"k" * 32, **changed})


async def takes_numbers(house: House) -> None:
    """Every recipient may be told a personnummer."""
    await house.sql("""UPDATE processor SET identifier_types = identifier_types || '["personnummer"]'""")


async def proves(
    house: House, request_id: UUID, number: str | None = BO, *, method: str = "letter_to_registered_address"
) -> Seen:
    """Whoever has that number, or nobody says which, proves who they are; the case is not carried on yet."""
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        await casework.prove_identity(tx, house.ctx, row, method=method, number=number, actor=OTHER)
    return await house.see(request_id)


async def word(house: House, task: TaskRow, said: Mapping[str, Any], *, by: str = "answer") -> TaskRow:
    """The processor's own word."""
    async with house.tx() as tx:
        row, held = await tasks.hold_with_request(tx, task.id)
        await tasks.settle(tx, house.ctx, row, held, read_outcome(said, code="http_200"), by=by)
    return next(one for one in (await house.see(task.request_id)).tasks if one.id == task.id)


async def all_done(house: House, request_id: UUID, action: str, said: Mapping[str, Any] | None = None) -> set[UUID]:
    """Everybody who is asked for *action* says it is done, or a person where only one can; the ids of those tasks."""
    asked = [task for task in open_tasks(await look(house, request_id)) if task.action == action]
    for task in asked:
        if task.attention == "manual":
            await answer(house, task, said or DONE)
        else:
            await word(house, task, said or {"outcome": "completed"})
    return {task.id for task in asked}


async def granted_anew(house: House, request_id: UUID, right: str, **said: Any) -> Seen:
    """What is still looked for is found, and people decide about whoever is known now."""
    await answer_all(house, request_id)
    if (waits := await decide(house, request_id, right, identifiers_checked=True, **said)) is not None:
        await approve(house, waits)
    return await look(house, request_id)


async def order(house: House, task_id: UUID) -> Order:
    """What its recipient would be told."""
    async with house.tx() as tx:
        _, task = await tasks.hold_with_request(tx, task_id)
        processor = await registry.processor(tx, task.processor_id)
        assert processor is not None
        return await orders.order_for(tx, house.ctx, processor, task)


def told(order: Order) -> set[str]:
    """The values it names."""
    return {one["value"] for one in order.identifiers}


async def came_to(house: House, task: TaskRow, said: Mapping[str, Any]) -> TaskRow:
    """What one call of a worker came to."""
    await house.sql("UPDATE task SET state = 'sending', next_at = NULL, attempts = 1 WHERE id = $1", task.id)
    return await word(house, task, said)


async def alarms_of(house: House) -> dict[str, str]:
    """Who has to hear that something was done for somebody else, and where that stands."""
    found = await house.sql("SELECT recipient, state FROM ledger_entry WHERE about = 'former' AND NOT former")
    return {one["recipient"]: one["state"] for one in found}


async def step(house: House, request_id: UUID) -> Seen:
    """What the worker does when a case wakes, while the clock stands still."""
    async with house.tx() as tx:
        await fulfilment.advance(tx, house.ctx, request_id)
    return await house.see(request_id)
