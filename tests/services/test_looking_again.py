"""
What was sent is never sent again because a look at it failed: one looks again.
"""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.repositories import lanes as repository
from app.services import replaying, tasks
from tests.harness.house import AGENT
from tests.services.lane_world import (
    CONTROLLER,
    Counting,
    counting,
    drain,
    due_in,
    later,
    put_on_lane,
    register,
    rows,
    states,
)

SILENT = ({}, 500)
BUSY = ({}, 503)


@pytest.fixture
async def server() -> AsyncIterator[Counting]:
    async with counting() as server:
        yield server


async def accepted(house, server, *, idempotency="no"):
    """A task the processor has taken, and says where its status is."""
    processor = await register(house, server, answer_mode="poll", idempotency=idempotency)
    (task,) = await put_on_lane(house, processor, 1)
    server.answer = ({}, 202)
    server.headers = {"Location": f"{server.url}/{task}", "Retry-After": "10"}
    await drain(house, processor)
    assert await states(house, [task]) == ["accepted"]
    return processor, task


class TestPoll:
    @pytest.mark.parametrize("look", [SILENT, BUSY], ids=["nobody knows", "busy"])
    async def test_that_fails_is_made_again(self, house, server, look):
        """
        A processor with two effects for two calls is polled again when its status cannot be had; never asked twice.
        """
        processor, task = await accepted(house, server)
        good, server.look = server.look, look
        await later(house, seconds=11)
        await drain(house, processor)
        (between,) = await rows(house, [task])
        server.look = good
        await later(house, hours=1)
        await drain(house, processor)

        assert (between.state, between.outcome) == ("accepted", None)
        assert server.keys == [str(task)]
        assert len(server.looked_at) >= 2
        assert await states(house, [task]) == ["closed"]

    async def test_whose_worker_died_is_made_again(self, house, server):
        """
        The next owner knows what was being done: a look, which it makes once more.
        """
        processor, task = await accepted(house, server)
        await later(house, seconds=11)
        async with house.tx(CONTROLLER) as tx:
            held = await repository.take(tx, processor.id, owner=uuid4(), seconds=60)
            await repository.keep(tx, held, seconds=60, rate=1000, burst=1000)
            assert [verb for _, verb in await repository.claim_batch(tx, held, most=1)] == ["poll"]
        await house.sql("UPDATE lane SET lease_until = now() - interval '1 second'")
        await drain(house, processor)
        await later(house, hours=1)
        await drain(house, processor)

        assert server.keys == [str(task)]
        assert await states(house, [task]) == ["closed"]


async def left_unknown(house, server, look):
    """A task of which nobody knows what came, at a processor that can be asked, and says *look*."""
    processor = await register(house, server, idempotency="query")
    (task,) = await put_on_lane(house, processor, 1)
    server.answer, server.look = SILENT, look
    await drain(house, processor)
    server.answer = Counting().answer
    return processor, task


class TestQuestion:
    async def test_that_got_no_answer_is_asked_again(self, house, server):
        """
        "Could not be asked" is not "has never been here": nothing is sent on it.
        """
        processor, task = await left_unknown(house, server, BUSY)
        for _ in range(2):
            await later(house, hours=1)
            await drain(house, processor)
        server.look = Counting().look
        await later(house, hours=1)
        await drain(house, processor)

        assert server.keys == [str(task)]
        assert len(server.looked_at) >= 3
        assert await states(house, [task]) == ["closed"]

    async def test_that_says_never_arrived_leads_to_sending(self, house, server):
        """
        404: now it may be sent.
        """
        processor, task = await left_unknown(house, server, ({}, 404))
        for _ in range(2):
            await later(house, hours=1)
            await drain(house, processor)

        assert len(server.keys) >= 2
        assert set(server.keys) == set(server.looked_at) == {str(task)}
        assert await states(house, [task]) == ["closed"]

    async def test_comes_first_also_when_a_person_sends_it_again(self, house, server):
        """
        The last days took the task from the machine; a person's click asks, as the machine would have.
        """
        processor, task = await left_unknown(house, server, BUSY)
        await due_in(house, task, 4)
        await later(house, hours=1)
        for _ in range(12):  # until a try is more than a minute away
            await drain(house, processor)
            await later(house, minutes=1)
        given_up = await states(house, [task])
        server.look = Counting().look
        async with house.tx(CONTROLLER) as tx:
            await tasks.retry(tx, house.ctx, task, actor=AGENT)
        await drain(house, processor)

        assert given_up == ["needs_person"]
        assert server.keys == [str(task)]
        assert await states(house, [task]) == ["closed"]


class TestReplay:
    async def test_leaves_alone_what_may_have_taken_effect(self, house, server):
        """
        At a processor with two effects for two calls: what was never heard of or refused goes again, what was taken
        does not.
        """
        processor = await register(house, server, answer_mode="callback", idempotency="no", concurrency=1)
        found = {}
        for name, answer in (("taken", ({}, 202)), ("nobody knows", SILENT), ("refused", ({}, 400))):
            server.answer = answer
            (found[name],) = await put_on_lane(house, processor, 1)
            await drain(house, processor)
        (found["never sent"],) = await put_on_lane(house, processor, 1)
        await house.sql(
            "UPDATE task SET state = 'needs_person', next_at = NULL, attention = 'silent' WHERE state <> 'needs_person'"
            " AND id = ANY($1)",
            list(found.values()),
        )
        async with house.tx(CONTROLLER) as tx:
            done = await replaying.replay(tx, house.ctx, replaying.Wanted(processor=processor.id), actor=AGENT)

        assert set(done.tasks) == {found["refused"], found["never sent"]}
        assert await states(house, [found["taken"], found["nobody knows"]]) == ["needs_person"] * 2
