"""
Looking at a case costs next to nothing while nothing has changed: ten answers ring ten times.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event

from app.repositories import jobs
from app.services import fulfilment, steps
from tests.services.by_hand import CONTROLLER, answer, answer_all, found, grant, look, open_tasks


@contextmanager
def statements(house) -> Iterator[list[str]]:
    """Every statement the service sends meanwhile."""
    heard: list[str] = []

    def hear(_connection, _cursor, statement, *_rest):
        heard.append(" ".join(statement.split()))

    engine = house.ctx.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


async def ring(house, request_id):
    """What a wake-up does; how many actions that were."""
    async with house.tx(CONTROLLER) as tx:
        return await fulfilment.advance_if_due(tx, house.ctx, request_id)


async def everything(house):
    """All there is of the case, as the database has it."""
    return [
        (await house.sql(f"SELECT t::text FROM {table} t ORDER BY 1"))  # noqa: S608
        for table in ("request", "claim", "task", "letter", "audit_entry", "pgqueuer")
    ]


class TestRing:
    async def test_without_a_change_is_one_look(self, house):
        """
        Nothing is read but whether the case is due, and nothing is written.
        """
        request_id = await house.file(CONTROLLER, "access")
        await look(house, request_id)
        before = await everything(house)
        with statements(house) as heard:
            assert await ring(house, request_id) == 0

        enter, only = heard
        assert "set_config" in enter
        assert only.startswith("SELECT request.")
        assert only.endswith("FOR UPDATE")
        assert await everything(house) == before

    async def test_after_many_changes_does_the_work_of_all_once(self, house):
        """
        Every answer rings; whoever comes first carries the case on, the others find it done.
        """
        request_id = await house.file(CONTROLLER, "access", "rectification")
        for task in open_tasks(await look(house, request_id)):
            await answer(house, task)
        done = [await ring(house, request_id) for _ in range(4)]

        assert done[0] > 0
        assert done[1:] == [0, 0, 0]
        assert (await house.see(request_id)).row.status == "awaiting_decision"

    async def test_of_a_closed_case_is_one_look_too(self, house):
        """
        An alarm may ring after the end; nothing comes of it.
        """
        request_id = await found(house, "rectification")
        await grant(house, request_id, "rectification")
        assert (await answer_all(house, request_id)).is_closed
        with statements(house) as heard:
            assert await ring(house, request_id) == 0

        assert len(heard) == 2


class TestManyReasonsToRing:
    async def test_in_one_transaction_are_one_alarm_at_the_earliest(self, house):
        """
        However often a case is changed before the commit: one alarm for it, one for each lane, at the first instant.
        """
        request_id = await found(house, "access")
        await house.sql("DELETE FROM pgqueuer")
        async with house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, request_id)
            for minutes in (30, None, 10):
                at = None if minutes is None else tx.now + timedelta(minutes=minutes)
                await steps.changed(tx, row, at=at)
                jobs.wake(tx, "lane.drain", controller=CONTROLLER, id=request_id, at=at or tx.now + timedelta(hours=1))
        waits = await house.sql(
            "SELECT entrypoint, extract(epoch FROM execute_after - now())::int AS wait FROM pgqueuer ORDER BY 1"
        )

        assert [row["entrypoint"] for row in waits] == ["case.advance", "lane.drain"]
        assert waits[0]["wait"] <= 0
        assert 570 <= waits[1]["wait"] <= 600
