"""
A wake-up is true or it is not there: enqueued in the transaction that makes it true, and by itself worth nothing.
"""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Tx
from app.repositories import jobs
from tests.services.lane_world import CONTROLLER


async def waiting(house):
    """Every alarm that is set: (entrypoint, payload, seconds from now)."""
    found = await house.sql(
        "SELECT entrypoint, payload, extract(epoch FROM execute_after - now())::int AS wait FROM pgqueuer ORDER BY id"
    )
    return [(row["entrypoint"], json.loads(row["payload"]), row["wait"]) for row in found]


class TestWake:
    async def test_is_there_once_the_transaction_commits(self, house):
        """
        Commit, and one alarm is set; it carries ids and nothing else.
        """
        case = uuid4()
        async with house.tx(CONTROLLER) as tx:
            jobs.wake(tx, "case.advance", controller=CONTROLLER, id=case)
            assert await waiting(house) == []

        ((entrypoint, payload, _),) = await waiting(house)
        assert (entrypoint, payload) == ("case.advance", {"controller": CONTROLLER, "id": str(case)})

    async def test_is_gone_with_a_rollback(self, house):
        """
        What did not happen wakes nobody.
        """

        async def fail():
            async with house.tx(CONTROLLER) as tx:
                jobs.wake(tx, "case.advance", controller=CONTROLLER, id=uuid4())
                raise LookupError

        with pytest.raises(LookupError):
            await fail()

        assert await waiting(house) == []

    async def test_is_refused_outside_a_transaction(self, house):
        """
        An alarm set before a transaction has begun would ring for something that may never become true.
        """
        async with AsyncSession(house.ctx.database.engine) as session:
            tx = Tx(session=session, controllers=frozenset({CONTROLLER}), now=datetime.now(UTC))
            jobs.wake(tx, "case.advance", controller=CONTROLLER, id=uuid4())
            with pytest.raises(RuntimeError, match="inside an open transaction"):
                await tx.finishing["wakes"]()

        assert await waiting(house) == []

    async def test_rings_once_a_transaction_and_at_the_earliest(self, house):
        """
        Ten reasons to look at a case are one alarm, at the first of the instants asked for.
        """
        case, lane = uuid4(), uuid4()
        async with house.tx(CONTROLLER) as tx:
            for minutes in (30, 10, 20):
                later = tx.now + timedelta(minutes=minutes)
                jobs.wake(tx, "case.advance", controller=CONTROLLER, id=case, at=later)
                jobs.wake(tx, "lane.drain", controller=CONTROLLER, id=lane, at=later)
            jobs.wake(tx, "lane.drain", controller=CONTROLLER, id=lane)
        found = {entrypoint: wait for entrypoint, _, wait in await waiting(house)}

        assert len(await waiting(house)) == 2
        assert 590 <= found["case.advance"] <= 600
        assert found["lane.drain"] <= 0

    async def test_for_the_past_rings_now(self, house):
        """
        An instant that has passed is no instant to wait for.
        """
        async with house.tx(CONTROLLER) as tx:
            jobs.wake(tx, "lane.drain", controller=CONTROLLER, id=uuid4(), at=tx.now - timedelta(days=40))

        ((_, _, wait),) = await waiting(house)
        assert wait <= 0


class TestFiling:
    async def test_sets_one_alarm_for_the_case(self, house):
        """
        A request that was taken in is carried on by itself, without waiting for the sweep.
        """
        request_id = await house.file(CONTROLLER, "access", "erasure")

        assert [(entrypoint, payload["id"]) for entrypoint, payload, _ in await waiting(house)] == [
            ("case.advance", str(request_id))
        ]
