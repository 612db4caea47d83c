"""
So many calls a day are so many calls a day, whoever works; and a quota the processor speaks of is the whole lane's.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.repositories import lane_state
from app.services import registration
from tests.harness.house import eventually
from tests.services.lane_world import (
    CONTROLLER,
    Counting,
    counting,
    drain,
    due_in,
    lane,
    lanes_of_their_own,
    later,
    put_on_lane,
    register,
    rows,
    states,
)
from tests.services.test_lanes import drain_until_closed

HOURLY = {"calls": 5, "per": "PT1H", "kind": "sliding", "zone": "UTC", "cost": 1}


@pytest.fixture
async def server() -> AsyncIterator[Counting]:
    async with counting() as server:
        yield server


class TestQuota:
    async def test_is_kept_to_the_call_over_all_workers(self, house, server):
        """
        Three workers on a lane of 16 tasks make five calls, and the lane says until when it rests.
        """
        processor = await register(house, server, quota=[HOURLY])
        ids = await put_on_lane(house, processor, 16)
        async with lanes_of_their_own(house, 3) as workers:

            async def all_have_been():
                for one in workers:
                    await one.drain(CONTROLLER, processor.id)
                return (await lane(house, processor)).rests_until

            until = await eventually(all_have_been)
            async with house.tx() as tx:
                now = tx.now

        assert len(server.heard) == 5
        assert sorted(await states(house, ids)) == ["closed"] * 5 + ["open"] * 11
        assert timedelta(minutes=50) < until - now <= timedelta(hours=1)
        assert (await lane(house, processor)).rests_for == "quota"

    async def test_has_room_as_calls_fall_out_of_its_window(self, house, server):
        """
        Sliding: an hour after the first five there is room for five more, and what is counted no longer is gone.
        """
        processor = await register(house, server, quota=[HOURLY])
        await put_on_lane(house, processor, 11)
        first = await drain(house, processor)
        await later(house, hours=1, seconds=2)
        second = await drain(house, processor)

        assert (first, second) == (5, 5)
        assert [one["calls"] for one in await house.sql("SELECT sum(calls) AS calls FROM lane_call")] == [5]

    async def test_of_two_the_tighter_one_holds(self, house, server):
        """
        Five an hour, but six a day: after an hour one is left.
        """
        daily = HOURLY | {"calls": 6, "per": "P1D"}
        processor = await register(house, server, quota=[HOURLY, daily])
        await put_on_lane(house, processor, 11)
        first = await drain(house, processor)
        await later(house, hours=1, seconds=2)
        second = await drain(house, processor)

        assert (first, second) == (5, 1)

    async def test_of_a_fixed_day_begins_anew_at_midnight(self, house, server):
        """
        What was called yesterday, in the processor's zone, does not count today.
        """
        daily = HOURLY | {"per": "P1D", "kind": "fixed", "zone": "America/Los_Angeles"}
        processor = await register(house, server, quota=[daily])
        await put_on_lane(house, processor, 11)
        first = await drain(house, processor)
        await later(house, days=1)
        second = await drain(house, processor)

        assert (first, second) == (5, 5)

    async def test_counts_what_a_task_costs(self, house, server):
        """
        A task that takes two of five calls leaves room for two.
        """
        processor = await register(house, server, quota=[HOURLY | {"cost": 2}])
        await put_on_lane(house, processor, 5)

        assert await drain(house, processor) == 2

    async def test_that_is_raised_lets_the_lane_go_on_at_once(self, house, server):
        """
        Nobody waits for the end of a window that is no longer one.
        """
        processor = await register(house, server, quota=[HOURLY])
        ids = await put_on_lane(house, processor, 9)
        await drain(house, processor)
        async with house.tx(CONTROLLER) as tx:
            row = await registration.hold(tx, processor.id)
            await registration.change(tx, house.ctx, row, {"quota": [HOURLY | {"calls": 8}]})

        assert await drain(house, processor) == 3
        assert (await states(house, ids)).count("closed") == 8

    async def test_of_a_second_is_waited_for_by_its_owner(self, house, server):
        """
        A short window is no rest: the lane is kept, and the calls keep to it by the processor's own clock.
        """
        quota = HOURLY | {"calls": 3, "per": "PT1S"}
        processor = await register(house, server, quota=[quota], concurrency=1)
        ids = await put_on_lane(house, processor, 8)
        async with lanes_of_their_own(house, 2) as workers:
            await drain_until_closed(house, processor, ids, workers)
        at = sorted(when for when, _ in server.heard)

        assert len(at) == 8
        # The fourth after each call begins a second later; hearing may be late by what a busy machine takes.
        assert all(fourth - first > 0.7 for first, fourth in zip(at, at[3:], strict=False))


class TestQuotaOfTheProcessor:
    @pytest.mark.parametrize("status", [429, 503])
    async def test_rests_the_whole_lane(self, house, server, status):
        """
        "Come back in two hours" is said to all of the lane: what is behind is not sent into it one by one.
        """
        processor = await register(house, server, concurrency=1)
        ids = await put_on_lane(house, processor, 6)
        server.answer, server.headers = ({}, status), {"Retry-After": "7200"}
        made = [await drain(house, processor), await drain(house, processor)]
        resting = await lane(house, processor)
        server.answer, server.headers = Counting().answer, {}
        await later(house, hours=2, seconds=2)
        after = await drain(house, processor)

        assert made == [1, 0]
        assert (resting.rests_for, resting.breaker) == ("said_by_processor", "closed")
        assert after == 6
        assert set(await states(house, ids)) == {"closed"}

    async def test_is_not_rung_for_before_its_end(self, house, server):
        """
        The sweep finds a resting lane when its rest is over, and not every few seconds before.
        """
        processor = await register(house, server, concurrency=1)
        await put_on_lane(house, processor, 2)
        server.answer, server.headers = ({}, 429), {"Retry-After": "600"}

        async def is_found():
            async with house.tx() as tx:
                return (CONTROLLER, processor.id) in await lane_state.with_work(tx)

        before = await is_found()
        await drain(house, processor)
        resting = await is_found()
        await later(house, minutes=10, seconds=2)

        assert (before, resting, await is_found()) == (True, False, True)


async def two_cases(house, processor, *, days):
    """A task of a case due in so many days, and one of a case that has its month."""
    (near,) = await put_on_lane(house, processor, 1)
    (far,) = await put_on_lane(house, processor, 1)
    await due_in(house, near, days)
    return near, far


async def stand(house, *ids):
    return [(row.state, row.attention) for row in await rows(house, ids)]


NEAR, WAITS = ("needs_person", "deadline_near"), ("open", None)


class TestDeadline:
    async def test_gives_a_person_what_cannot_wait_for_the_lanes_rest(self, house, server):
        """
        The lane rests for three days, the case is due in seven: its last try would be too late, so a person has it
        now. The case that has its month waits.
        """
        processor = await register(house, server, concurrency=1)
        (first,) = await put_on_lane(house, processor, 1)
        server.answer, server.headers = ({}, 429), {"Retry-After": "259200"}
        await drain(house, processor)
        near, far = await two_cases(house, processor, days=7)
        await drain(house, processor)

        assert await stand(house, near, far) == [NEAR, WAITS]
        assert len(server.heard) == 1
        assert await stand(house, first) == [WAITS]

    async def test_gives_a_person_what_cannot_wait_for_a_quota(self, house, server):
        """
        Our own count of the day is a rest like any other.
        """
        processor = await register(house, server, quota=[HOURLY | {"calls": 1, "per": "P3D"}])
        await put_on_lane(house, processor, 1)
        await drain(house, processor)
        near, far = await two_cases(house, processor, days=7)
        await drain(house, processor)

        assert await stand(house, near, far) == [NEAR, WAITS]

    async def test_gives_a_person_what_a_pause_has_kept_too_long(self, house, server):
        """
        Nobody knows when a paused lane goes on: five days before the day a person does it.
        """
        processor = await register(house, server)
        near, far = await two_cases(house, processor, days=3)
        async with house.tx(CONTROLLER) as tx:
            row = await registration.hold(tx, processor.id)
            await registration.change(tx, house.ctx, row, {"state": "paused"})
        await drain(house, processor)

        assert await stand(house, near, far) == [NEAR, WAITS]
        assert server.heard == []

    async def test_gives_a_person_a_task_whose_own_wait_is_too_long(self, house, server):
        """
        A job that says "look again in two days" in a case due in six.
        """
        processor = await register(house, server, concurrency=1)
        (task,) = await put_on_lane(house, processor, 1)
        await house.sql("UPDATE processor SET answer_mode = 'poll' WHERE id = $1", processor.id)
        await due_in(house, task, 6)
        server.answer, server.headers = ({}, 202), {"Retry-After": "172800"}
        await drain(house, processor)

        assert await stand(house, task) == [NEAR]

    async def test_says_so_in_the_case_without_a_word_about_the_person(self, house, server):
        """
        The audit entry names the task, the reason and the adapter's code.
        """
        processor = await register(house, server, concurrency=1)
        (task,) = await put_on_lane(house, processor, 1)
        await due_in(house, task, 6)
        server.answer, server.headers = ({}, 429), {"Retry-After": "172800"}
        await drain(house, processor)
        (entry,) = await house.sql("SELECT facts::text AS facts FROM audit_entry WHERE step = 'task:escalated'")

        assert '"deadline_near"' in entry["facts"]
        assert '"http_429"' in entry["facts"]
