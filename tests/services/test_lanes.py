"""
One lane, one owner: what a processor can bear is kept to the number, whoever works and whoever dies.
"""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.repositories import lanes as repository
from app.services import registration
from app.worker import AT_ONCE
from tests.harness.house import eventually
from tests.services.lane_world import (
    CONTROLLER,
    Counting,
    counting,
    lanes_of_their_own,
    put_on_lane,
    register,
    states,
)
from tests.services.street import a_house

#: How much later than its token a call may be heard, on a machine that does other things as well.
JITTER_SECONDS = 0.3


@pytest.fixture
async def server() -> AsyncIterator[Counting]:
    async with counting() as server:
        yield server


async def drain_until_closed(house, processor, ids, workers):
    """Let all *workers* have a go at the lane again and again until every task is over."""
    over = asyncio.Event()

    async def work(lanes) -> int:
        made = 0
        while not over.is_set():
            made += await lanes.drain(CONTROLLER, processor.id)
            await asyncio.sleep(0.005)
        return made

    async def all_closed():
        return set(await states(house, ids)) == {"closed"}

    working = [asyncio.create_task(work(lanes)) for lanes in workers]
    try:
        await eventually(all_closed)
    finally:
        over.set()
        made = await asyncio.gather(*working)
    return made


class TestThreeWorkersOnOneLane:
    async def test_never_have_more_calls_in_hand_than_the_processor_bears(self, house, server):
        """
        Concurrency 3 is 3 over all workers together, and is made use of.
        """
        processor = await register(house, server, concurrency=3)
        async with lanes_of_their_own(house, 3) as workers:
            ids = await put_on_lane(house, processor, 44)
            await drain_until_closed(house, processor, ids, workers)

        assert server.most_in_hand == 3

    async def test_never_call_faster_than_agreed(self, house, server):
        """
        In no window more than burst + rate * t calls, by the processor's own clock.
        """
        rate, burst = 20.0, 4
        processor = await register(house, server, rate_per_second=rate, burst=burst, concurrency=10)
        async with lanes_of_their_own(house, 3) as workers:
            ids = await put_on_lane(house, processor, 24)
            await drain_until_closed(house, processor, ids, workers)

        assert len(server.heard) == 24
        assert server.most_over(rate=rate) <= burst + rate * JITTER_SECONDS

    async def test_call_for_every_task_once(self, house, server):
        """
        Tasks that keep coming while owners come and go are each sent exactly once, under their own id.
        """
        processor = await register(house, server)
        ids = await put_on_lane(house, processor, 5)
        async with lanes_of_their_own(house, 3) as workers:
            working = asyncio.create_task(drain_until_closed(house, processor, ids, workers))
            for _ in range(8):
                ids += await put_on_lane(house, processor, 4)
            made = await working

        assert sorted(server.keys) == sorted(str(one) for one in ids)
        assert sum(made) == len(ids)


class TestTakingABatch:
    async def test_looks_only_after_the_lane_is_locked(self, house, server):
        """
        Who waited for the lane sees what its predecessor took: neither the same token nor the same task again.
        """
        processor = await register(house, server, rate_per_second=0.001, burst=1)
        await put_on_lane(house, processor, 2)
        await house.sql("UPDATE lane SET tokens = 1 WHERE processor_id = $1", processor.id)
        limits = {"seconds": 60, "rate": 0.001, "burst": 1}
        async with house.tx(CONTROLLER) as tx:
            held = await repository.take(tx, processor.id, owner=uuid4(), seconds=60)

        async def second():
            async with house.tx(CONTROLLER) as tx:
                tokens = (await repository.keep(tx, held, **limits)).tokens
                return tokens, await repository.claim_batch(tx, held, most=int(tokens)) if tokens >= 1 else []

        async def waits_for_lock():
            return await house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")

        async with house.tx(CONTROLLER) as first:
            assert (await repository.keep(first, held, **limits)).tokens >= 1
            assert len(await repository.claim_batch(first, held, most=1)) == 1
            waiting = asyncio.create_task(second())
            await eventually(waits_for_lock)
        tokens, batch = await waiting

        assert tokens < 1
        assert batch == []

    async def test_gives_nothing_to_somebody_who_lost_the_lane(self, house, server):
        """
        An owner whose lease ran out gets no tokens, even before anybody else has come.
        """
        processor = await register(house, server)
        async with house.tx(CONTROLLER) as tx:
            held = await repository.take(tx, processor.id, owner=uuid4(), seconds=60)
        await house.sql("UPDATE lane SET lease_until = now() - interval '1 second'")

        async with house.tx(CONTROLLER) as tx:
            assert await repository.keep(tx, held, seconds=60, rate=1000, burst=1000) is None


class TestDeadProcessor:
    async def test_delays_nobody_else(self, house, server):
        """
        While one processor answers nothing, everything due to another is sent and answered.
        """
        async with counting() as dead:
            revived = asyncio.Event()
            dead.work = revived.wait
            hung = await put_on_lane(house, await register(house, dead), 8)
            async with house.working():
                await eventually(lambda: dead.in_hand == 4)
                sent = await put_on_lane(house, await register(house, server), 12)

                async def all_closed():
                    return set(await states(house, sent)) == {"closed"}

                await eventually(all_closed)
                still_waiting = await states(house, hung)
                revived.set()

        assert sorted(still_waiting) == ["open"] * 4 + ["sending"] * 4

    async def test_of_many_takes_no_place_at_work(self, house, server):
        """
        More hanging lanes than a worker has places: cases are still carried on, and who is well is still called.
        """
        async with counting() as dead:
            revived = asyncio.Event()
            dead.work = revived.wait
            many = AT_ONCE + 2
            for _ in range(many):
                await put_on_lane(house, await register(house, dead), 1)
            async with house.working():
                await eventually(lambda: dead.in_hand == many)
                sent = await put_on_lane(house, await register(house, server), 3)
                request_id = await house.file(CONTROLLER, "marketing_objection")

                async def all_closed():
                    return set(await states(house, sent)) == {"closed"}

                await eventually(all_closed)
                await house.until(request_id, lambda seen: any(task.state == "closed" for task in seen.tasks))
                still_hanging = dead.in_hand
                revived.set()

        assert still_hanging == many


class TestTaskThatCannotBeSent:
    async def test_delays_no_other_on_its_lane(self, house, server):
        """
        One request that can no longer be opened is its own trouble: the lane's other tasks go out.
        """
        processor = await register(house, server)
        (broken,) = await put_on_lane(house, processor, 1)
        sent = await put_on_lane(house, processor, 3)
        await house.sql(
            "UPDATE request SET wrapped_key = '' WHERE id = (SELECT request_id FROM task WHERE id = $1)", broken
        )

        async def all_closed():
            return set(await states(house, sent)) == {"closed"}

        async with house.working():
            await eventually(all_closed, seconds=10)


class TestOwner:
    async def test_makes_no_further_call_once_the_lane_is_lost(self, house, server):
        """
        A lane taken by somebody else is let go of: the call under way is recorded, no other is begun.
        """
        processor = await register(house, server, concurrency=1)
        ids = await put_on_lane(house, processor, 5)
        go_on = asyncio.Event()
        server.work = go_on.wait
        async with lanes_of_their_own(house, 1) as (lanes,):
            draining = asyncio.create_task(lanes.drain(CONTROLLER, processor.id))
            await eventually(lambda: server.in_hand == 1)
            await house.sql(
                "UPDATE lane SET owner = $1, fence = fence + 1 WHERE processor_id = $2", uuid4(), processor.id
            )
            go_on.set()
            made = await draining

        assert made == len(server.heard) == 1
        assert sorted(await states(house, ids)) == ["closed", "open", "open", "open", "open"]

    async def test_looks_once_more_before_it_goes(self, house, server, monkeypatch):
        """
        A task that came while the owner was leaving found the lane taken; it is still sent.
        """
        processor = await register(house, server)
        ids = await put_on_lane(house, processor, 1)
        leave = repository.leave
        async with lanes_of_their_own(house, 2) as (lanes, other):

            async def leave_late(tx, held):
                if len(ids) == 1:
                    ids.extend(await put_on_lane(house, processor, 1))
                    assert await other.drain(CONTROLLER, processor.id) == 0
                await leave(tx, held)

            monkeypatch.setattr(repository, "leave", leave_late)
            made = await lanes.drain(CONTROLLER, processor.id)

        assert made == 2
        assert await states(house, ids) == ["closed", "closed"]

    async def test_keeps_the_lane_over_a_call_longer_than_its_lease(self, street, tmp_path, server):
        """
        A slow call never lets the lease run out: nobody takes the task for lost.
        """
        async with a_house(street, tmp_path, lane_lease_seconds=0.6) as house:
            processor = await register(house, server, concurrency=2)
            ids = await put_on_lane(house, processor, 1)
            server.work = lambda: asyncio.sleep(1.5)
            async with lanes_of_their_own(house, 2) as workers:
                await drain_until_closed(house, processor, ids, workers)

        assert server.keys == [str(ids[0])]

    async def test_sends_nothing_to_a_paused_processor(self, house, server):
        """
        Paused is paused: tasks wait on the lane and go out when it is active again.
        """
        processor = await register(house, server)
        ids = await put_on_lane(house, processor, 3)
        async with lanes_of_their_own(house, 1) as (lanes,):
            async with house.tx(CONTROLLER) as tx:
                row = await registration.hold(tx, processor.id)
                await registration.change(tx, house.ctx, row, {"state": "paused"})
            assert await lanes.drain(CONTROLLER, processor.id) == 0
            assert server.heard == []
            async with house.tx(CONTROLLER) as tx:
                row = await registration.hold(tx, processor.id)
                await registration.change(tx, house.ctx, row, {"state": "active"})
            await lanes.drain(CONTROLLER, processor.id)

        assert set(await states(house, ids)) == {"closed"}
