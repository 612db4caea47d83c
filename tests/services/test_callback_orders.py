"""
Callbacks in any order, any number of times, forged and stale ones among them, around our own record of the call.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.db import Database
from app.domain import audit_export, webhook_signature
from app.domain.fanout import Action, Outcome
from app.domain.process import CreateTask
from app.domain.webhook_signature import WebhookRefused
from app.processors import Answer, Kind
from app.repositories import audit, cases
from app.repositories import lanes as lane_rows
from app.services import callbacks, registration, tasks
from app.services.callbacks import CallbackOver
from app.services.context import Context
from app.services.lanes import Lanes
from tests.harness.house import House, new_secret
from tests.services.lane_world import CONTROLLER, quiet_request
from tests.services.street import Street, context_on
from tests.services.test_callbacks import message

#: Lives for each seed: two hundred in all.
ORDERS = 50
SEEDS = (1, 2, 3, 4)
FINAL = ("completed", "not_found")


@dataclass(frozen=True)
class Event:
    """One thing that can happen to a task that is in the air; ``ours`` is our own record of the processor's 202."""

    id: str
    outcome: str
    believed: bool = True

    @property
    def is_final(self) -> bool:
        return self.believed and self.outcome in FINAL


OURS = Event("ours", "accepted")
EVENTS = (
    OURS,
    Event("evt_started", "accepted"),
    Event("evt_done", "completed"),
    Event("evt_gone", "not_found"),
    Event("evt_forged", "completed", believed=False),
    Event("evt_stale", "completed", believed=False),
)


def orders(seed: int) -> Iterator[list[Event]]:
    """Random lives of a task, from one event to eight, repetitions included; our own record comes once."""
    chance = random.Random(seed)
    for _ in range(ORDERS):
        life = chance.choices(EVENTS[1:], k=chance.randint(0, 7))
        life.insert(chance.randint(0, len(life)), OURS)
        yield life


def expected(life: list[Event]) -> tuple[str, str | None]:
    """What the rule says: the first final word ends the task, and nothing after it matters."""
    first = next((event.outcome for event in life if event.is_final), None)
    return ("closed", first) if first else ("accepted", None)


class World:
    """One processor on one rolled-back connection, and a task in the air for every life."""

    def __init__(self, ctx: Context, house: House) -> None:
        self.ctx, self.house, self.secret = ctx, house, new_secret()

    async def open(self) -> None:
        new = registration.NewProcessor(
            key="caller",
            title="Caller",
            kind=Kind.WEBHOOK,
            recipient_kind="processor",
            actions=[],
            categories=["contact"],
            answer_mode="callback",
            idempotency="yes",
            endpoint="http://127.0.0.1:9/tasks",
        )
        async with self.ctx.database.transaction([CONTROLLER]) as tx:
            row = await registration.register(tx, self.ctx, CONTROLLER, new)
            await registration.add_secret(tx, self.ctx, row, self.secret)
            await registration.change(tx, self.ctx, row, {"state": "active"})
            held = await lane_rows.take(tx, row.id, owner=uuid4(), seconds=600)
        assert held is not None
        self.processor, self.held = row, held
        self.lanes = Lanes(self.ctx)

    async def in_the_air(self) -> Any:
        """A task whose call is under way."""
        async with self.ctx.database.transaction([CONTROLLER]) as tx:
            row = await quiet_request(self.house, tx)
            task = await tasks.create(
                tx, self.ctx, row, CreateTask(None, str(self.processor.id), Action.EXPORT, ("contact",))
            )
            await tx.session.flush()
            ((claimed, _),) = await lane_rows.claim_batch(tx, self.held, most=1)
            assert claimed.id == task.id
        return task

    async def happen(self, task_id: Any, event: Event) -> bool | None:
        """Let one event happen; whether it counted, None when it was refused."""
        if event is OURS:
            await self.lanes.record(CONTROLLER, task_id, 1, Answer(outcome=Outcome.ACCEPTED, code="http_202"))
            return None
        # A copy that is done brings data; whatever else is said brings none.
        records = [{"category": "contact", "rows": [{"email": "a@example.org"}]}]
        body = message(task_id, {"outcome": event.outcome, "records": records if event.outcome == "completed" else []})
        stamp = int(time.time()) - (3600 if event.id == "evt_stale" else 0)
        secret = new_secret() if event.id == "evt_forged" else self.secret
        # An event id is one processor's; every task here has its own.
        event_id = f"{event.id}_{task_id}"
        signature = webhook_signature.sign(secret, event_id, stamp, body)
        headers = {"webhook-id": event_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
        try:
            async with self.ctx.database.transaction([CONTROLLER]) as tx:
                token = tasks.callback_token(self.ctx, CONTROLLER, task_id)
                return await callbacks.receive(tx, self.ctx, token, headers=headers, body=body, wall_clock=time.time())
        except (CallbackOver, WebhookRefused):
            return None


@pytest.fixture
async def world(street: Street, db: Database, tmp_path: Path) -> World:
    ctx = context_on(street, db, tmp_path)
    made = World(ctx, House(ctx=ctx, db=None, store=street.store, urls=street.urls))  # type: ignore[arg-type]
    await made.open()
    return made


@pytest.mark.parametrize("seed", SEEDS)
class TestTask:
    async def test_ends_with_the_first_final_word_in_every_order(self, world, seed):
        """
        Whatever comes, in whatever order and however often: the first final word counts, once, and for good.
        """
        for number, life in enumerate(orders(seed)):
            task = await world.in_the_air()
            counted: list[str] = []
            ended: tuple[str, str | None] | None = None
            for event in life:
                if await world.happen(task.id, event):
                    counted.append(event.id)
                async with world.ctx.database.transaction([CONTROLLER]) as tx:
                    now = await cases.task(tx, task.id)
                stands = (now.state, now.outcome)
                assert ended in (None, stands), (number, life)
                ended = stands if now.state == "closed" else None

            assert stands == expected(life), (number, life)
            assert len(counted) == len(set(counted)), (number, life)
            assert not {"evt_forged", "evt_stale"} & set(counted), (number, life)
            assert sum(one in ("evt_done", "evt_gone") for one in counted) <= 1, (number, life)
            async with world.ctx.database.transaction([CONTROLLER]) as tx:
                chain = [audit.as_link(row) for row in await audit.entries_of(tx, task.request_id)]
            assert audit_export.verify(chain) == []
            assert [link.entry.step for link in chain].count("callback:accepted") == len(counted)
