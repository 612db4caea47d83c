"""
Requests that ended, time that passes, and what is left of them anywhere.
"""

from datetime import timedelta
from uuid import UUID

from app import clock
from app.domain.case import ClaimOutcome
from app.models import RequestRow, TaskRow
from app.repositories import cases
from app.services import casework, steps
from app.services.own_retention import Cleaned
from tests.harness.house import AGENT, House
from tests.services.by_hand import answer_all, found, grant, look, release

CONTROLLER = "westra"
MONTH, CASE_FILE = timedelta(days=31), timedelta(days=25 * 31)
NOTHING = Cleaned(0, 0, 0)
EXPORTED = {"outcome": "completed", "records": [{"category": "contact", "rows": [{"email": "anna@example.org"}]}]}


def says(task: TaskRow):
    is_export = task.action == "export" and "contact" in task.categories
    return EXPORTED if is_export else {"outcome": "completed"}


async def move(house: House, by: timedelta) -> None:
    async with house.tx() as tx:
        await clock.move(tx.session, to=tx.now + by)


async def given_out(house: House) -> UUID:
    """A request that was answered with a package, and closed."""
    request_id = await found(house, "access")
    await grant(house, request_id, "access")
    await answer_all(house, request_id, says)
    seen = await release(house, request_id)
    assert seen.is_closed
    return request_id


async def ended(house: House, outcome: str) -> UUID:
    """A closed request that ended in one of the ways there are."""
    if outcome in (ClaimOutcome.GRANTED, ClaimOutcome.PARTLY_GRANTED, ClaimOutcome.REFUSED):
        request_id = await given_out(house)
    else:
        request_id = await found(house, "access")
        async with house.tx() as tx:
            await casework.withdraw(tx, await steps.hold(tx, request_id), rights=[], actor=AGENT)
        await look(house, request_id)
    await house.sql("UPDATE claim SET outcome = $1 WHERE request_id = $2", outcome, request_id)
    assert (await house.see(request_id)).is_closed
    return request_id


async def row_of(house: House, request_id: UUID) -> RequestRow:
    async with house.tx() as tx:
        row = await cases.request(tx, request_id)
        assert row is not None
        return row


async def rows_left(house: House, request_id: UUID) -> set[str]:
    """Every table that still holds a row of the request, by any column that names it."""
    columns = await house.sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name IN ('request_id', 'id', 'task_id') AND data_type = 'uuid'"
    )
    ids = [request_id, *(task.id for task in (await tasks_of(house, request_id)))]
    left = set()
    for table, column in columns:
        if (await house.sql(f'SELECT count(*) FROM "{table}" WHERE {column} = ANY($1)', ids))[0][0]:  # noqa: S608
            left.add(table)
    return left


async def tasks_of(house: House, request_id: UUID) -> list[TaskRow]:
    async with house.tx() as tx:
        return list(await cases.tasks_of(tx, request_id))
