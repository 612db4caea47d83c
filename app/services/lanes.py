"""
Draining one lane: everything due to one processor, within its limits.

Whoever owns the lane takes due tasks in batches, calls the processor, and records what came of it, each in a
transaction of its own: the attempt is written before the call, the outcome after it. When the owner dies between the
two, the next owner finds the task in the air and treats its outcome as unknown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

import structlog

from app.db import Tx
from app.domain.fanout import Outcome, TaskState
from app.models import ProcessorRow, TaskRow
from app.processors import Adapter, Answer, Kind, Line, Order, connect
from app.repositories import lanes, registry
from app.repositories.lanes import Held, Verb
from app.services import registration, steps, tasks
from app.services.context import Context
from app.services.orders import NobodyToAskFor, order_for
from app.vault import Unreadable

log = structlog.get_logger()

#: Why a task that is due is given to a person instead of being sent.
_NOT_SENT: dict[type[Exception], str] = {Unreadable: "unreadable", NobodyToAskFor: "no_identifier"}
#: How long an owner waits at most before it looks at its lane again, in seconds.
LONGEST_REST = 1.0


@dataclass
class Lanes:
    """The adapters of this process, one long-lived connection pool a lane, made anew when the registration changes."""

    ctx: Context
    _open: dict[UUID, tuple[int, Adapter]] = field(default_factory=dict)
    _retired: list[Adapter] = field(default_factory=list)

    def adapter(self, row: ProcessorRow) -> Adapter:
        """The lane's adapter for the registration as it stands."""
        known = self._open.get(row.id)
        if known is not None and known[0] == row.version:
            return known[1]
        if known is not None:
            # The old one may have calls under way; it is closed with the process.
            self._retired.append(known[1])
        line = Line(
            connections=row.concurrency,
            seconds=self.ctx.settings.processor_timeout_seconds,
            sandbox=self.ctx.settings.sandbox,
            keep=partial(self._keep, row.controller_id, row.id),
        )
        made = connect(Kind(row.kind), registration.target_of(self.ctx, row), line)
        self._open[row.id] = (row.version, made)
        return made

    async def aclose(self) -> None:
        for adapter in [*self._retired, *(one for _, one in self._open.values())]:
            await adapter.aclose()
        self._open.clear()
        self._retired.clear()

    async def _keep(self, controller: str, processor_id: UUID, name: str, secret: str) -> None:
        """Seal a secret that the processor itself has changed; the adapter that has it goes on being used."""
        async with self.ctx.database.transaction([controller]) as tx:
            row = await registration.hold(tx, processor_id)
            await registration.add_secret(tx, self.ctx, row, secret, name=name)
            version = row.version
        known = self._open.get(processor_id)
        if known is not None:
            self._open[processor_id] = (version, known[1])

    async def drain(self, controller: str, processor_id: UUID) -> int:
        """Send what is due on the lane; return the number of calls made, 0 when somebody else owns it."""
        return await _Owner(self, controller, processor_id).work()

    async def record(self, controller: str, task_id: UUID, number: int, answer: Answer) -> None:
        """Write down what came of one attempt, and let the task take the consequence."""
        async with self.ctx.database.transaction([controller]) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            await lanes.finish_attempt(tx, task_id, number, outcome=answer.outcome.value, code=answer.code)
            # A callback may have been quicker, or another owner may have gone on: then this answer is only noted.
            if task.state == TaskState.SENDING and task.attempts == number:
                await tasks.settle(tx, self.ctx, row, task, answer, by="answer")
        log.info("task.answered", task_id=str(task_id), outcome=answer.outcome.value, code=answer.code)

    async def hand_over(self, controller: str, task_id: UUID, number: int, reason: str) -> None:
        """Give a task that cannot be sent to a person."""
        async with self.ctx.database.transaction([controller]) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            await lanes.finish_attempt(tx, task_id, number, outcome=Outcome.FAILED.value, code=reason)
            if task.state == TaskState.SENDING and task.attempts == number:
                await tasks.hand_to_person(tx, row, task, reason)
                await steps.changed(tx, row)

    @property
    def lease(self) -> float:
        return self.ctx.settings.lane_lease_seconds


@dataclass
class _Look:
    """What one look at the lane found."""

    processor: ProcessorRow | None
    orders: list[tuple[TaskRow, Verb, Order]] = field(default_factory=list)
    left: Sequence[tuple[UUID, int]] = ()  #: tasks an earlier owner was calling when it died
    rest: float | None = None  #: how long to rest when only the rate holds more back
    broken: list[tuple[UUID, int, str]] = field(default_factory=list)  #: tasks that cannot be sent, and why
    gone: bool = False  #: nothing was left to do, and the lane was let go


class _Owner:
    """One drain of a lane, from taking it to leaving it. Each look is one transaction; calls run between looks."""

    def __init__(self, house: Lanes, controller: str, processor_id: UUID) -> None:
        self._house = house
        self._ctx = house.ctx
        self._controller = controller
        self._processor_id = processor_id
        self._held: Held | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._made = 0

    async def work(self) -> int:
        """Look and call until nothing is due, or the lane is somebody else's; the number of calls made."""
        try:
            while await self._turn():
                pass
        finally:
            await asyncio.gather(*self._calls, return_exceptions=True)
            if self._held is not None:
                async with self._ctx.database.transaction([self._controller]) as tx:
                    await lanes.leave(tx, self._held)
        return self._made

    async def _turn(self) -> bool:
        async with self._ctx.database.transaction([self._controller]) as tx:
            look = await self._look(tx)
        for task_id, number in look.left:
            log.info("task.left_unknown", task_id=str(task_id), attempt=number)
            answer = Answer(outcome=Outcome.UNKNOWN, code="worker_lost")
            await self._house.record(self._controller, task_id, number, answer)
        if look.gone:
            return await self._is_more_due()
        if self._held is None:
            return False
        for task_id, number, reason in look.broken:
            await self._house.hand_over(self._controller, task_id, number, reason)
        if look.processor is not None:
            self._start(self._house.adapter(look.processor) if look.orders else None, look.orders)
        await self._wait(look.rest)
        return True

    async def _look(self, tx: Tx) -> _Look:
        """Take or keep the lane, take what may be sent now, and let the lane go when there is nothing to wait for."""
        look = _Look(processor=await registry.processor(tx, self._processor_id))
        if look.processor is None:
            return look
        if self._held is None:
            self._held = await lanes.take(tx, self._processor_id, owner=uuid4(), seconds=self._house.lease)
            if self._held is None:
                return look
            look.left = await lanes.left_in_the_air(tx, self._held)
        tokens = await lanes.keep(
            tx,
            self._held,
            seconds=self._house.lease,
            rate=look.processor.rate_per_second,
            burst=look.processor.burst,
        )
        if tokens is None:
            self._held = None  # lost: somebody else goes on from here
            return look
        if look.processor.state == "active":
            batch = await self._batch(tx, self._held, look.processor, tokens)
            for task, verb in batch:
                try:
                    look.orders.append((task, verb, await order_for(tx, self._ctx, look.processor, task)))
                except (Unreadable, NobodyToAskFor) as error:
                    # A request that cannot be sent is its own trouble, not its neighbours' on the lane.
                    look.broken.append((task.id, task.attempts, _NOT_SENT[type(error)]))
            look.rest = await self._rest(tx, look.processor, tokens - len(batch))
        if not (look.orders or look.left or look.broken or self._calls or look.rest is not None):
            await lanes.leave(tx, self._held)
            self._held, look.gone = None, True
        return look

    async def _batch(
        self, tx: Tx, held: Held, processor: ProcessorRow, tokens: float
    ) -> Sequence[tuple[TaskRow, Verb]]:
        most = min(processor.concurrency - len(self._calls), int(tokens))
        return await lanes.claim_batch(tx, held, most=most) if most > 0 else []

    async def _rest(self, tx: Tx, processor: ProcessorRow, tokens: float) -> float | None:
        """Seconds until the next token, if it is a token that the next due task waits for."""
        if tokens >= 1:
            return None
        due = await lanes.next_due(tx, processor.id)
        if due is None or due > tx.now:
            return None
        return min(LONGEST_REST, max(0.001, (1 - tokens) / processor.rate_per_second))

    async def _is_more_due(self) -> bool:
        """
        Look once more after leaving: whoever rang before that found the lane taken, and its task is visible only now.
        """
        async with self._ctx.database.transaction([self._controller]) as tx:
            processor = await registry.processor(tx, self._processor_id)
            due = await lanes.next_due(tx, self._processor_id)
            return due is not None and due <= tx.now and processor is not None and processor.state == "active"

    def _start(self, adapter: Adapter | None, orders: list[tuple[TaskRow, Verb, Order]]) -> None:
        for task, verb, order in orders:
            if adapter is not None:
                call = asyncio.create_task(self._call(adapter, task, order, verb))
                self._calls.add(call)
                call.add_done_callback(self._done)
        self._made += len(orders)

    def _done(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled() and (error := call.exception()) is not None:
            # The task stays in the air; the next owner finds it there.
            log.error("task.recording_failed", kind=type(error).__name__)

    async def _wait(self, rest: float | None) -> None:
        # A third of the lease at the longest, so that a slow call never lets it run out; and not long while there is
        # room for another call, since who rings for a new task finds the lane taken.
        longest = min(self._house.lease / 3, LONGEST_REST)
        if self._calls:
            await asyncio.wait(self._calls, timeout=min(rest or longest, longest), return_when=asyncio.FIRST_COMPLETED)
        elif rest is not None:
            await asyncio.sleep(rest)

    async def _call(self, adapter: Adapter, task: TaskRow, order: Order, verb: Verb) -> None:
        if verb == "poll" and (task.poll_url is not None or order.progress is not None):
            answer = await adapter.poll(order, url=task.poll_url or "")
        elif verb == "send":
            answer = await adapter.send(order)
        else:
            answer = await adapter.ask(order)
        await self._house.record(self._controller, task.id, task.attempts, answer)
