"""
A processor calls back: who says it is proved, what is said counts once, and nothing that is over is opened again.
"""

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app import clock
from app.domain import audit_export, webhook_signature
from app.domain.webhook_signature import WebhookRefused
from app.models import ProcessorRow, TaskRow
from app.processors import AnswerNotUnderstood
from app.repositories import audit
from app.services import callbacks, registration, tasks
from app.services.callbacks import CallbackOver, UnknownCallback
from app.services.lanes import Lanes
from tests.harness.house import House, new_secret
from tests.services.lane_world import CONTROLLER, counting, put_on_lane, register, rows

OTHER_CONTROLLER = "securitas"


@dataclass
class Caller:
    """A processor that calls back about tasks of its own."""

    house: House
    processor: ProcessorRow
    secret: str
    task_ids: list[UUID] = field(default_factory=list)

    def token(self, task_id: UUID, controller: str = CONTROLLER) -> str:
        return tasks.callback_token(self.house.ctx, controller, task_id)

    def signed(self, body: bytes, *, event: str, secret: str | None = None, late: int = 0) -> dict[str, str]:
        stamp = int(time.time()) - late
        signature = webhook_signature.sign(secret or self.secret, event, stamp, body)
        return {"webhook-id": event, "webhook-timestamp": str(stamp), "webhook-signature": signature}

    async def call(
        self,
        said: Mapping[str, Any],
        *,
        event: str = "evt_1",
        token: str | None = None,
        secret: str | None = None,
        late: int = 0,
    ) -> bool:
        """Call back about the first task; what the service makes of it."""
        body = message(self.task_ids[0], said)
        async with self.house.tx(CONTROLLER) as tx:
            return await callbacks.receive(
                tx,
                self.house.ctx,
                token or self.token(self.task_ids[0]),
                headers=self.signed(body, event=event, secret=secret, late=late),
                body=body,
                wall_clock=time.time(),
            )

    async def task(self) -> TaskRow:
        return (await rows(self.house, self.task_ids))[0]

    async def trace(self) -> tuple[str, str | None, int, int]:
        """State and outcome of the first task, events kept, entries in its request's chain."""
        task = await self.task()
        events = await self.house.sql("SELECT 1 FROM callback_event")
        return task.state, task.outcome, len(events), len(await self.house.steps_of(task.request_id))


def message(task_id: UUID, said: Mapping[str, Any]) -> bytes:
    data = {"task_id": str(task_id)} | said
    return json.dumps({"type": "task.outcome", "timestamp": "2026-03-02T10:00:00Z", "data": data}).encode()


DONE = {"outcome": "completed"}
STARTED = {"outcome": "accepted"}


@pytest.fixture
async def caller(house: House) -> AsyncIterator[Caller]:
    """A processor with one task that is waiting to be sent."""
    async with counting() as server:
        processor = await register(house, server)
        async with house.tx(CONTROLLER) as tx:
            (secret,) = registration.secrets_of(house.ctx, processor)
            assert tx.controllers == {CONTROLLER}
        yield Caller(house, processor, secret, await put_on_lane(house, processor, 1))


class TestSignature:
    async def test_by_the_processor_of_the_task_is_believed(self, caller):
        """
        The right secret, the right task: the answer counts, and the task is over.
        """
        assert await caller.call(DONE) is True
        assert (await caller.task()).closed_by == "callback"

    @pytest.mark.parametrize("late", [299, -299])
    async def test_may_be_five_minutes_off(self, caller, late):
        """
        Clocks of honest senders differ: within five minutes either way it is taken.
        """
        assert await caller.call(DONE, late=late) is True

    @pytest.mark.parametrize("late", [302, -302, 86_400])
    async def test_may_not_be_stale(self, caller, late):
        """
        Older or newer than five minutes it is refused, however well it is signed.
        """
        before = await caller.trace()
        with pytest.raises(WebhookRefused):
            await caller.call(DONE, late=late)

        assert await caller.trace() == before

    async def test_by_nobody_we_know_is_refused(self, caller):
        """
        A made-up secret opens nothing and leaves no trace.
        """
        before = await caller.trace()
        with pytest.raises(WebhookRefused):
            await caller.call(DONE, secret=new_secret())

        assert await caller.trace() == before

    async def test_by_another_processor_of_the_same_controller_is_refused(self, house, caller):
        """
        A processor speaks for its own tasks only, even when it learns of another's address.
        """
        before = await caller.trace()
        with pytest.raises(WebhookRefused):
            await caller.call(DONE, secret=house.secrets[CONTROLLER, "telephony"])

        assert await caller.trace() == before

    async def test_with_the_secret_before_is_believed_until_the_next(self, house, caller):
        """
        A secret being replaced stays valid until the one after it.
        """
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, caller.processor.id)
            await registration.add_secret(tx, house.ctx, held, new_secret())
        assert await caller.call(STARTED, event="evt_started") is True
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, caller.processor.id)
            await registration.add_secret(tx, house.ctx, held, new_secret())

        with pytest.raises(WebhookRefused):
            await caller.call(DONE)


class TestEvent:
    async def test_counts_once(self, caller):
        """
        A replay is thanked and changes nothing: not the task, not the chain.
        """
        assert await caller.call(STARTED) is True
        before = await caller.trace()

        assert await caller.call(STARTED) is False
        assert await caller.trace() == before

    async def test_counts_once_whatever_it_says_the_second_time(self, caller):
        """
        The id is the event: the same id with another outcome is still a replay.
        """
        await caller.call(STARTED)

        assert await caller.call(DONE) is False
        assert (await caller.task()).state == "accepted"

    async def test_replayed_after_the_end_is_a_replay(self, caller):
        """
        A processor that missed our thanks repeats itself for days and is not told off for it.
        """
        await caller.call(DONE)
        before = await caller.trace()

        assert await caller.call(DONE) is False
        assert await caller.trace() == before

    async def test_new_after_the_end_is_too_late(self, caller):
        """
        A task that is over takes no other answer: the first one was acted upon.
        """
        await caller.call(DONE)
        before = await caller.trace()
        for said in (DONE, {"outcome": "not_found"}, STARTED):
            with pytest.raises(CallbackOver):
                await caller.call(said, event=f"evt_late_{said['outcome']}")

        assert await caller.trace() == before

    async def test_after_the_statutory_end_of_the_case_is_too_late(self, house, caller):
        """
        The address lives as long as the case may by law, extension included, and not a day longer.
        """
        async with house.tx(CONTROLLER) as tx:
            await clock.move(tx.session, to=tx.now + timedelta(days=31 * 3 + 7))
        with pytest.raises(CallbackOver):
            await caller.call(DONE)

    async def test_does_not_use_its_id_up_when_it_is_not_understood(self, caller):
        """
        A processor that sent nonsense may say it again properly under the same id.
        """
        with pytest.raises(AnswerNotUnderstood):
            await caller.call({"outcome": "done, we think"})

        assert await caller.call(DONE) is True


class TestAddress:
    async def test_nobody_gave_out_is_unknown(self, caller):
        """
        A token of the right shape that leads to no task.
        """
        with pytest.raises(UnknownCallback):
            await caller.call(DONE, token=f"{CONTROLLER}.{'A' * 43}")

    async def test_of_one_controller_leads_to_no_other(self, house, caller):
        """
        The same secret part behind another controller's name enters that tenant, and finds nothing there.
        """
        _, _, secret_part = caller.token(caller.task_ids[0]).partition(".")
        token = f"{OTHER_CONTROLLER}.{secret_part}"
        body = message(caller.task_ids[0], DONE)
        async with house.tx(callbacks.controller_of(house.ctx, token)) as tx:
            with pytest.raises(UnknownCallback):
                await callbacks.receive(
                    tx,
                    house.ctx,
                    token,
                    headers=caller.signed(body, event="evt_1"),
                    body=body,
                    wall_clock=time.time(),
                )

    @pytest.mark.parametrize(
        "token", ["", "westra", "westra.", "westra.short", "nobody." + "A" * 43, "westra." + "A" * 99]
    )
    def test_of_another_shape_enters_nowhere(self, street, house, token):
        """
        What cannot be a token is refused before any tenant is entered.
        """
        with pytest.raises(UnknownCallback):
            callbacks.controller_of(house.ctx, token)

    async def test_is_stored_as_a_hash(self, house, caller):
        """
        A copy of the database gives nobody an address to call.
        """
        token = caller.token(caller.task_ids[0])
        found = await house.sql("SELECT t::text FROM task t")

        assert not any(token in row[0] or token.partition(".")[2] in row[0] for row in found)


class TestAnswer:
    async def test_about_another_task_is_refused(self, house, caller):
        """
        Address and body speak of the same task, or of none.
        """
        (other,) = await put_on_lane(house, caller.processor, 1)
        with pytest.raises(AnswerNotUnderstood):
            await caller.call(DONE | {"task_id": str(other)})

        assert {row.state for row in await rows(house, [*caller.task_ids, other])} == {"open"}

    @pytest.mark.parametrize(
        "said",
        [
            pytest.param({"records": [{"category": "credentials", "rows": []}]}, id="records"),
            pytest.param(
                {"retained": [{"category": "credentials", "law": "BFL_7_2", "until": "2033-12-31"}]}, id="retained"
            ),
        ],
    )
    async def test_about_a_category_nobody_asked_for_is_refused(self, house, caller, said):
        """
        A processor does not widen a request: rows of another category never come into the case.
        """
        await house.sql("UPDATE task SET action = 'export' WHERE id = $1", caller.task_ids[0])
        before = await caller.trace()
        with pytest.raises(AnswerNotUnderstood):
            await caller.call(DONE | said)

        assert await caller.trace() == before

    async def test_may_come_before_our_call_has_returned(self, house, street):
        """
        A quick processor calls back before we have read its 202: the callback stands, the 202 is only noted.
        """
        async with counting() as server, httpx.AsyncClient(trust_env=False) as client:
            processor = await register(house, server)
            (task_id,) = await put_on_lane(house, processor, 1)
            (secret,) = registration.secrets_of(house.ctx, processor)
            caller = Caller(house, processor, secret, [task_id])
            answers = []

            async def call_back_first():
                body = message(task_id, DONE)
                url = f"{street.url}/v1/callbacks/{caller.token(task_id)}"
                answers.append(await client.post(url, content=body, headers=caller.signed(body, event="evt_quick")))

            server.work, server.answer = call_back_first, ({"outcome": "accepted"}, 202)
            lanes = Lanes(house.ctx)
            await lanes.drain(CONTROLLER, processor.id)
            await lanes.aclose()
        task = await caller.task()

        assert [answer.status_code for answer in answers] == [202]
        assert (task.state, task.outcome, task.closed_by) == ("closed", "completed", "callback")
        assert [row["outcome"] for row in await house.sql("SELECT outcome FROM attempt")] == ["accepted"]

    async def test_leaves_a_chain_that_verifies(self, house, caller):
        """
        What was taken is in the audit chain, who said it by id only.
        """
        await caller.call(STARTED, event="evt_a")
        await caller.call(DONE, event="evt_b")
        request_id = (await caller.task()).request_id
        async with house.tx(CONTROLLER) as tx:
            chain = [audit.as_link(row) for row in await audit.entries_of(tx, request_id)]

        assert audit_export.verify(chain, controller=CONTROLLER) == []
        assert [link.entry.step for link in chain].count("callback:accepted") == 2
        assert chain[-1].entry.facts["by"] == "callback"
