"""
What the tests of lanes need: a processor whose every call is counted, and tasks on its lane.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import clock
from app.db import Database, Tx, make_engine
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.process import CreateTask
from app.models import LaneRow, ProcessorRow, RequestRow, TaskRow
from app.processors import Kind
from app.repositories import cases, lane_state
from app.services import intake, registration, steps, tasks
from app.services.lanes import Lanes
from sandbox.people import BY_ID
from sandbox.serving import served
from tests.harness.house import CUSTOMER, House, new_secret

CONTROLLER = "westra"
#: What can be asked once each in the name of one request and ends by a machine's word; a review is read first.
ACTIONS = tuple(one for one in Action if one is not Action.REVIEW_DECISION)
_numbers = itertools.count(1)
#: An answer that ends any task, a copy too.
DONE: Mapping[str, Any] = {
    "outcome": "completed",
    "records": [{"category": "contact", "rows": [{"email": "a@example.org"}]}],
}


@dataclass
class Counting:
    """A processor's server that counts: when each call came, under which key, and how many were in hand at once."""

    url: str = ""
    heard: list[tuple[float, str]] = field(default_factory=list)
    in_hand: int = 0
    most_in_hand: int = 0
    #: What happens before an answer; by default a little work.
    work: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0.01)
    answer: tuple[Mapping[str, Any], int] = field(default_factory=lambda: (DONE, 200))
    headers: Mapping[str, str] = field(default_factory=dict)
    #: What is said to whoever looks, and who did: by the task's id.
    look: tuple[Mapping[str, Any], int] = field(default_factory=lambda: (DONE, 200))
    looked_at: list[str] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.heard.append((time.monotonic(), request.headers["idempotency-key"]))
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            await self.work()
        finally:
            self.in_hand -= 1
        body, status = self.answer
        return JSONResponse(body, status, dict(self.headers))

    async def show(self, request: Request) -> Response:
        self.looked_at.append(request.path_params["id"])
        body, status = self.look
        return JSONResponse(body, status)

    @property
    def keys(self) -> list[str]:
        return [key for _, key in self.heard]

    def most_over(self, *, rate: float) -> float:
        """How many calls came in the busiest window beyond the ones *rate* a second explains."""
        at = sorted(when for when, _ in self.heard)
        return max(
            last - first + 1 - rate * (at[last] - at[first])
            for first in range(len(at))
            for last in range(first, len(at))
        )


@asynccontextmanager
async def counting() -> AsyncIterator[Counting]:
    server = Counting()
    routes = [Route("/tasks", server.take, methods=["POST"]), Route("/tasks/{id}", server.show, methods=["GET"])]
    async with served(Starlette(routes=routes)) as url:
        server.url = f"{url}/tasks"
        yield server


async def register(house: House, server: Counting, actions: Sequence[str] = (), **limits: Any) -> ProcessorRow:
    """
    Register a processor at *server*: one effect a key, answers at once.

    Args:
        actions: What cases ask of it; nothing, so that only what a test puts on its lane is there.
        limits: Other than a thousand a second and four at once, an answer at once, one effect a key.
    """
    new = registration.NewProcessor(
        key=f"counting-{next(_numbers)}",
        title="Counting",
        kind=Kind.WEBHOOK,
        recipient_kind="processor",
        actions=list(actions),
        categories=["contact"],
        identifier_types=["email"],
        **(
            {"answer_mode": "sync", "idempotency": "yes"}
            | {"rate_per_second": 1000.0, "burst": 1000, "concurrency": 4}
            | limits
        ),
    )
    async with house.tx(CONTROLLER) as tx:
        row = await registration.register(tx, house.ctx, CONTROLLER, new)
        await registration.add_secret(tx, house.ctx, row, new_secret())
        return await registration.change(tx, house.ctx, row, {"endpoint": server.url, "state": "active"})


async def put_on_lane(house: House, processor: ProcessorRow, count: int) -> list[UUID]:
    """Make *count* tasks for a processor, as many requests as that takes; their lane is woken."""
    made: list[UUID] = []
    while len(made) < count:
        async with house.tx(CONTROLLER) as tx:
            row = await quiet_request(house, tx)
            for action in ACTIONS[: count - len(made)]:
                made.append((await tasks.create(tx, house.ctx, row, _wanted(processor, action))).id)
    return made


def _wanted(processor: ProcessorRow, action: Action) -> CreateTask:
    return CreateTask(None, str(processor.id), action, ("contact",))


async def quiet_request(house: House, tx: Tx) -> RequestRow:
    """A request that asks nothing of anybody by itself: it waits for a proof of identity that does not come."""
    new = house.request_of(
        BY_ID["anna-lindqvist"], CONTROLLER, ["rectification"], received_at=tx.now, assurance=Level.NONE
    )
    return await intake.file(tx, house.ctx, new, actor=CUSTOMER)


@asynccontextmanager
async def lanes_of_their_own(house: House, count: int) -> AsyncIterator[list[Lanes]]:
    """As many processes' lanes: each with its own connections to the database and to the processors."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            database = Database(make_engine(house.db.app_dsn, pool_size=10), movable_clock=True)
            stack.push_async_callback(database.dispose)
            made.append(Lanes(replace(house.ctx, database=database)))
            stack.push_async_callback(made[-1].aclose)
        yield made


async def states(house: House, ids: Sequence[UUID]) -> list[str]:
    return [row.state for row in await rows(house, ids)]


async def rows(house: House, ids: Sequence[UUID]) -> list[TaskRow]:
    async with house.tx(CONTROLLER) as tx:
        found = [await cases.task(tx, one) for one in ids]
        assert all(found)
        return [row for row in found if row is not None]


async def hold(house: House, tx: Tx, task_id: UUID) -> RequestRow:
    task = await cases.task(tx, task_id)
    assert task is not None
    return await steps.hold(tx, task.request_id)


async def lane(house: House, processor: ProcessorRow) -> LaneRow:
    """How a lane stands."""
    async with house.tx(CONTROLLER) as tx:
        return (await lane_state.of(tx, [processor.id]))[processor.id]


async def later(house: House, **by: float) -> None:
    """The law's clock moves on; the database's own does not, so what it counted is moved back instead."""
    async with house.tx() as tx:
        await clock.move(tx.session, to=tx.now + timedelta(**by))
    await house.sql("UPDATE lane_call SET at = at - $1::interval", timedelta(**by))


async def drain(house: House, processor: ProcessorRow) -> int:
    """One worker's turn at a lane, in a process of its own; the calls it made."""
    async with lanes_of_their_own(house, 1) as (lanes,):
        return await lanes.drain(CONTROLLER, processor.id)


async def due_in(house: House, task_id: UUID, days: int) -> None:
    """Let a task's case be due so many days from today."""
    await house.sql(
        "UPDATE request SET due_on = (now() + $2 * interval '1 day')::date"
        " WHERE id = (SELECT request_id FROM task WHERE id = $1)",
        task_id,
        days,
    )
