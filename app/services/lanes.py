"""
Draining one lane: everything due to one processor, within its limits.

Whoever owns the lane takes due tasks in batches, calls the processor, and records what came of it, each in a
transaction of its own: the attempt is written before the call, the outcome after it. When the owner dies between the
two, the next owner finds the task in the air and treats its outcome as unknown.
"""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import structlog

from app.db import Tx
from app.domain.fanout import AnswerMode, Idempotency, Outcome, TaskState
from app.models import ProcessorRow, TaskRow
from app.processors import Adapter, Answer, Kind, Order, Target, connect
from app.repositories import lanes, registry
from app.repositories.lanes import Held, Verb
from app.services import orders, registration, tasks
from app.services.context import Context

log = structlog.get_logger()

#: How long an owner rests when its bucket is empty before it looks again.
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
        target = Target(
            key=row.key,
            endpoint=row.endpoint or "",
            secrets=tuple(registration.secrets_of(self.ctx, row)),
            answer_mode=AnswerMode(row.answer_mode),
            idempotency=Idempotency(row.idempotency),
        )
        made = connect(
            Kind(row.kind),
            target,
            connections=row.concurrency,
            seconds=self.ctx.settings.processor_timeout_seconds,
            sandbox=self.ctx.settings.sandbox,
        )
        self._open[row.id] = (row.version, made)
        return made

    async def aclose(self) -> None:
        for adapter in [*self._retired, *(one for _, one in self._open.values())]:
            await adapter.aclose()
        self._open.clear()
        self._retired.clear()

    async def drain(self, controller: str, processor_id: UUID) -> int:
        """Send what is due on the lane; return the number of calls made, 0 when somebody else owns it."""
        made = 0
        while True:
            async with self.ctx.database.transaction([controller]) as tx:
                held = await lanes.take(tx, processor_id, owner=uuid4(), seconds=self.lease)
            if held is None:
                return made
            try:
                made += await _Owner(self, controller, held).work()
            finally:
                async with self.ctx.database.transaction([controller]) as tx:
                    await lanes.leave(tx, held)
            # A task that was enqueued while we still owned the lane found it taken: look once more before going.
            async with self.ctx.database.transaction([controller]) as tx:
                due = await lanes.next_due(tx, processor_id)
                processor = await registry.processor(tx, processor_id)
            if due is None or due > tx.now or processor is None or processor.state != "active":
                return made

    @property
    def lease(self) -> float:
        return self.ctx.settings.lane_lease_seconds


class _Owner:
    """The owner of one lane, from taking it to leaving it."""

    def __init__(self, house: Lanes, controller: str, held: Held) -> None:
        self._house = house
        self._ctx = house.ctx
        self._controller = controller
        self._held = held
        self._calls: set[asyncio.Task[None]] = set()
        self._made = 0

    async def work(self) -> int:
        await self._pick_up_what_was_left()
        try:
            while await self._round():
                pass
        finally:
            await asyncio.gather(*self._calls, return_exceptions=True)
        return self._made

    async def _pick_up_what_was_left(self) -> None:
        async with self._ctx.database.transaction([self._controller]) as tx:
            left = await lanes.left_in_the_air(tx, self._held)
        for task_id, number in left:
            log.info("task.left_unknown", task_id=str(task_id), attempt=number)
            await self._record(task_id, number, Answer(outcome=Outcome.UNKNOWN, code="worker_lost"))

    async def _round(self) -> bool:
        """Take what may be sent now and wait for something to happen; False when there is nothing left to wait for."""
        async with self._ctx.database.transaction([self._controller]) as tx:
            if not await lanes.keep(tx, self._held, seconds=self._house.lease):
                return False
            processor = await registry.processor(tx, self._held.processor_id)
            if processor is None or processor.state != "active":
                return bool(self._calls) and await self._wait(None)
            batch, rest = await self._batch(tx, processor)
            prepared = [(task, verb, await orders.order_for(tx, self._ctx, processor, task)) for task, verb in batch]
        adapter = self._house.adapter(processor)
        for task, verb, order in prepared:
            call = asyncio.create_task(self._call(adapter, task, order, verb))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        self._made += len(batch)
        if not self._calls and rest is None:
            return False
        return await self._wait(rest)

    async def _batch(self, tx: Tx, processor: ProcessorRow) -> tuple[list[tuple[TaskRow, Verb]], float | None]:
        """The tasks that may be called now, and how long to rest when only the rate holds more back."""
        free = processor.concurrency - len(self._calls)
        if free <= 0:
            return [], None
        tokens = await lanes.refill(tx, self._held, rate=processor.rate_per_second, burst=processor.burst)
        batch = list(await lanes.claim_batch(tx, self._held, most=min(free, int(tokens)))) if tokens >= 1 else []
        if len(batch) < free and int(tokens) <= len(batch):
            due = await lanes.next_due(tx, processor.id)
            if due is not None and due <= tx.now:
                missing = 1 - (tokens - len(batch))
                return batch, min(LONGEST_REST, max(0.001, missing / processor.rate_per_second))
        return batch, None

    async def _wait(self, rest: float | None) -> bool:
        # A third of the lease at the longest, so that a slow call never lets it run out.
        longest = self._house.lease / 3
        if self._calls:
            await asyncio.wait(self._calls, timeout=min(rest or longest, longest), return_when=asyncio.FIRST_COMPLETED)
        elif rest is not None:
            await asyncio.sleep(rest)
        return True

    async def _call(self, adapter: Adapter, task: TaskRow, order: Order, verb: Verb) -> None:
        if verb == "poll" and task.poll_url is not None:
            answer = await adapter.poll(order, url=task.poll_url)
        elif verb == "send":
            answer = await adapter.send(order)
        else:
            answer = await adapter.ask(order)
        await self._record(task.id, task.attempts, answer)

    async def _record(self, task_id: UUID, number: int, answer: Answer) -> None:
        async with self._ctx.database.transaction([self._controller]) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            attempt = await lanes.attempt(tx, task_id, number)
            if attempt is not None and attempt.finished_at is None:
                attempt.finished_at, attempt.outcome, attempt.code = tx.now, answer.outcome.value, answer.code
            # A callback may have been quicker, or another owner may have gone on: then this answer is only noted.
            if task.state == TaskState.SENDING and task.attempts == number:
                await tasks.settle(tx, self._ctx, row, task, answer, by="answer")
        log.info("task.answered", task_id=str(task_id), outcome=answer.outcome.value, code=answer.code)
