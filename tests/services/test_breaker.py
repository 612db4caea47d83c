"""
A processor that is down is left alone, tried with one call, and never given up on in silence.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from app.domain.breaker import (
    FAILURES_TO_OPEN,
    FIRST_REST,
    GIVE_UP,
    REFUSALS_OF_A_TASK,
    REFUSALS_TO_OPEN,
    State,
)
from app.domain.fanout import Outcome
from app.observability import LANE_BREAKER
from app.processors import Answer
from app.repositories import lane_state
from app.repositories import lanes as repository
from app.services import lane_health, processor_secrets, registration
from tests.harness.house import eventually
from tests.services.lane_world import (
    CONTROLLER,
    DONE,
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

#: An error of the server's own: nobody can tell what came of the call, and the next one would meet the same.
DOWN = ({}, 500)
WELL = (DONE, 200)
NEW_SECRET = "whsec_" + base64.b64encode(b"n" * 32).decode()


@pytest.fixture
async def server() -> AsyncIterator[Counting]:
    async with counting() as server:
        yield server


async def opened(house, server, *, tasks=8, **limits):
    """A lane whose breaker has opened, with so many tasks still on it."""
    processor = await register(house, server, **({"concurrency": 1} | limits))
    ids = await put_on_lane(house, processor, tasks)
    server.answer = DOWN
    await drain(house, processor)
    assert (await lane(house, processor)).breaker == "open"
    return processor, ids


class TestBreaker:
    async def test_opens_after_failures_in_a_row_and_sends_nothing_more(self, house, server):
        """
        Five calls tell that a processor is down; the other three tasks are not sent to find out the same.
        """
        processor, ids = await opened(house, server)
        again = await drain(house, processor)
        attempts = [row.attempts for row in await rows(house, ids)]

        assert len(server.heard) == FAILURES_TO_OPEN
        assert again == 0
        assert sum(attempts) == FAILURES_TO_OPEN

    async def test_is_written_down_for_every_worker(self, house, server):
        """
        It stands with the lane, not in a process: another worker, or the next, finds it open.
        """
        processor, _ = await opened(house, server)
        standing = await lane(house, processor)
        async with lanes_of_their_own(house, 2) as workers:
            made = [await one.drain(CONTROLLER, processor.id) for one in workers]

        assert made == [0, 0]
        assert (standing.failures, standing.last_code) == (FAILURES_TO_OPEN, "http_500")
        assert standing.probe_at - standing.opened_at == FIRST_REST

    async def test_stays_closed_over_what_one_task_got_wrong(self, house, server):
        """
        Eight refusals are eight tasks' own: a person has each, and the lane is well.
        """
        processor = await register(house, server, concurrency=1)
        ids = await put_on_lane(house, processor, 8)
        server.answer = ({}, 400)
        await drain(house, processor)

        assert len(server.heard) == 8
        assert set(await states(house, ids)) == {"needs_person"}
        assert (await lane(house, processor)).breaker == "closed"

    async def test_forgets_a_failure_with_the_next_working_answer(self, house, server):
        """
        Every fifth call fails: slow, not down.
        """
        processor = await register(house, server, concurrency=1)
        answers = iter(([DOWN] * (FAILURES_TO_OPEN - 1) + [WELL]) * 4)

        async def answer_next():
            server.answer = next(answers)

        server.work = answer_next
        ids = await put_on_lane(house, processor, 2 * FAILURES_TO_OPEN)
        await drain(house, processor)

        assert len(server.heard) >= len(ids)
        assert (await lane(house, processor)).breaker == "closed"


class TestRefusedCredentials:
    """A revoked key is one person's to set anew, not hundreds of tasks' to be done by hand."""

    @pytest.mark.parametrize("status", [401, 403])
    async def test_stop_the_lane_with_one_alarm_and_leave_its_tasks_waiting(self, house, server, status):
        processor = await register(house, server, concurrency=1)
        ids = await put_on_lane(house, processor, 8)
        server.answer = ({}, status)
        with capture_logs() as logs:
            await drain(house, processor)
        standing = await lane(house, processor)

        assert len(server.heard) == REFUSALS_TO_OPEN
        assert set(await states(house, ids)) == {"open"}
        assert (standing.breaker, standing.last_code) == ("open", "credentials_refused")
        assert [one["code"] for one in logs if one["event"] == "lane.opened"] == ["credentials_refused"]

    async def test_bring_a_person_in_where_a_deadline_is_near(self, house, server):
        """Art. 12(3): what waits for a new secret never waits past the day on which people can still do it."""
        processor = await register(house, server, concurrency=1)
        ids = await put_on_lane(house, processor, 4)
        server.answer = ({}, 401)
        await drain(house, processor)
        await later(house, hours=30)
        await drain(house, processor)
        before = set(await states(house, ids))
        await due_in(house, ids[0], 2)
        await drain(house, processor)
        after = await rows(house, ids)

        assert before == {"open"}
        assert {(row.state, row.attention) for row in after} == {("needs_person", "deadline_near")}

    async def test_are_done_with_once_a_new_secret_is_set(self, house, server):
        """Nobody has to know of the lane: who sets the secret sends what waits."""
        processor = await register(house, server, concurrency=1)
        ids = await put_on_lane(house, processor, 8)
        server.answer = ({}, 401)
        await drain(house, processor)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, processor.id)
            await processor_secrets.add_secret(tx, house.ctx, held, NEW_SECRET)
        server.answer = WELL
        await later(house, hours=2)
        await drain(house, processor)

        assert set(await states(house, ids)) == {"closed"}
        assert (await lane(house, processor)).breaker == "closed"

    async def test_of_one_task_are_a_persons_after_a_few_tries(self, house, server):
        """Where it alone is refused, it is about that task, and somebody sees it."""
        processor = await register(house, server, concurrency=1)
        (task,) = await put_on_lane(house, processor, 1)
        server.answer = ({}, 403)
        for _ in range(REFUSALS_OF_A_TASK):
            await drain(house, processor)
            await later(house, hours=2)
        (row,) = await rows(house, [task])

        assert len(server.heard) == REFUSALS_OF_A_TASK
        assert (row.state, row.attention, row.last_code) == ("needs_person", "failed", "http_403")


class TestTrial:
    async def test_is_one_call_and_then_all_of_the_lane(self, house, server):
        """
        Half open: one call in hand while its answer is awaited; once it works the lane is used as it bears.
        """
        processor, ids = await opened(house, server, concurrency=1)
        await house.sql("UPDATE processor SET concurrency = 3 WHERE id = $1", processor.id)
        heard_before, go_on = len(server.heard), asyncio.Event()
        server.answer, server.work, server.most_in_hand = WELL, go_on.wait, 0
        await later(house, seconds=11)
        async with lanes_of_their_own(house, 2) as (one, other):
            draining = asyncio.create_task(one.drain(CONTROLLER, processor.id))
            await eventually(lambda: server.in_hand == 1)
            made_by_other = await other.drain(CONTROLLER, processor.id)
            trying = await lane(house, processor)
            heard_while_trying, most_while_trying = len(server.heard) - heard_before, server.most_in_hand
            go_on.set()
            await draining

        assert (trying.breaker, made_by_other, heard_while_trying, most_while_trying) == ("half_open", 0, 1, 1)
        assert (await lane(house, processor)).breaker == "closed"
        await later(house, hours=1)
        await drain(house, processor)
        assert set(await states(house, ids)) == {"closed"}

    async def test_that_fails_rests_the_lane_for_longer(self, house, server):
        """
        Twice as long each time, from one call.
        """
        processor, _ = await opened(house, server)
        await later(house, seconds=11)
        made = await drain(house, processor)
        async with house.tx() as tx:
            rest = (await lane(house, processor)).probe_at - tx.now

        assert made == 1
        assert FIRST_REST < rest <= 2 * FIRST_REST

    async def test_is_made_with_the_task_that_failed_least(self, house, server):
        """
        One poisoned task does not keep a lane shut: somebody else's shows that the processor is well.
        """
        processor, ids = await opened(house, server)
        failed = set(server.keys)
        await later(house, hours=1)  # every retry is due again
        await drain(house, processor)

        assert server.keys[-1] in {str(one) for one in ids} - failed

    async def test_is_made_again_after_its_worker_died(self, house, server):
        """
        What we broke off ourselves says nothing of the processor: neither open nor closed by it.
        """
        processor, ids = await opened(house, server)
        await later(house, seconds=11)
        async with house.tx(CONTROLLER) as tx:  # a worker that dies in the middle of its trial
            held = await repository.take(tx, processor.id, owner=uuid4(), seconds=60)
            kept = await repository.keep(tx, held, seconds=60, rate=1000, burst=1000)
            ((task, _),) = await repository.claim_batch(tx, held, most=1, is_trial=True)
            await lane_state.set_breaker(tx, processor.id, replace(kept.breaker, state=State.HALF_OPEN))
        await house.sql("UPDATE lane SET lease_until = now() - interval '1 second'")
        server.answer = WELL
        await drain(house, processor)
        await later(house, hours=1)
        await drain(house, processor)

        assert (await lane(house, processor)).breaker == "closed"
        assert set(await states(house, ids)) == {"closed"}
        assert task.id in ids


class TestOutage:
    async def test_gives_a_person_what_cannot_wait_for_the_next_trial(self, house, server):
        """
        A case due in four days is a person's at once; the others wait for the trial.
        """
        processor, ids = await opened(house, server)
        await later(house, hours=1)
        (near,) = await put_on_lane(house, processor, 1)
        await due_in(house, near, 4)
        await house.sql("UPDATE lane SET probe_at = opened_at + interval '2 hours'")
        await drain(house, processor)
        (task,) = await rows(house, [near])

        assert (task.state, task.attention) == ("needs_person", "deadline_near")
        assert set(await states(house, ids)) == {"open"}

    async def test_of_a_day_gives_people_everything_that_waits(self, house, server):
        """
        Nothing waits in silence: after a day each task says that its processor is down, and with which code.
        """
        processor, ids = await opened(house, server)
        await later(house, seconds=GIVE_UP.total_seconds())
        await drain(house, processor)
        found = await rows(house, ids)

        assert {(row.state, row.attention) for row in found} == {("needs_person", "processor_down")}
        assert {row.last_code for row in found} == {"http_500", None}

    async def test_ends_when_an_administrator_says_so(self, house, server):
        """
        Nobody waits an hour for the next trial of a processor that is known to be well again.
        """
        processor, _ = await opened(house, server)
        server.answer = WELL
        with capture_logs() as lines:
            async with house.tx(CONTROLLER) as tx:
                await lane_health.reset(tx, CONTROLLER, processor.id)
        made = await drain(house, processor)
        standing = await lane(house, processor)

        assert made >= 3
        assert (standing.breaker, standing.failures, standing.opened_at) == ("closed", 0, None)
        assert [(line["event"], line["state"]) for line in lines] == [("lane.reset", "open")]

    async def test_is_logged_and_shown_by_codes_alone(self, house, server):
        """
        Which lane, whose, what code: enough to act on, and nobody's data.
        """
        with capture_logs() as lines:
            processor, _ = await opened(house, server)
        async with house.tx() as tx:
            await lane_health.show(tx)
        (line,) = [one for one in lines if one["event"] == "lane.opened"]

        assert set(line) == {"event", "log_level", "lane", "controller", "code", "count"}
        assert LANE_BREAKER.labels(controller=CONTROLLER, processor=processor.key)._value.get() == 1.0

    async def test_is_not_rung_for_before_its_trial(self, house, server):
        """
        The sweep leaves a resting lane alone, and finds it when it may be tried.
        """
        processor, _ = await opened(house, server)

        async def is_found():
            async with house.tx() as tx:
                return (CONTROLLER, processor.id) in await lane_state.with_work(tx)

        before = await is_found()
        await later(house, seconds=11)

        assert (before, await is_found()) == (False, True)


class TestWorker:
    async def test_tries_again_by_itself(self, house, server):
        """
        Nobody has to do anything for a processor that comes back: the lane is rung for when its rest is over.
        """
        processor = await register(house, server, concurrency=1)
        ids = await put_on_lane(house, processor, 6)
        server.answer = DOWN

        async def is_open():
            return (await lane(house, processor)).breaker == "open"

        async def all_closed():
            return set(await states(house, ids)) == {"closed"}

        async with house.working():
            await eventually(is_open)
            server.answer = WELL
            await eventually(all_closed)

    async def test_that_died_is_no_failure_of_the_processor(self, house, server):
        """
        Our own crashes open nobody's breaker.
        """
        processor = await register(house, server)
        async with house.tx(CONTROLLER) as tx:
            for _ in range(2 * FAILURES_TO_OPEN):
                lost = Answer(outcome=Outcome.UNKNOWN, code="worker_lost")
                await lane_health.heard_from(tx, CONTROLLER, processor.id, lost, is_watched=True)

        assert (await lane(house, processor)).failures == 0
