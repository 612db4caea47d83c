"""
Draining one lane: everything due to one processor, within its limits.

Whoever owns the lane takes due tasks in batches, calls the processor, and records what came of it, each in a
transaction of its own: the attempt is written before the call, the outcome after it. When the owner dies between the
two, the next owner finds the task in the air and treats its outcome as unknown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

import structlog

from app.db import Tx
from app.domain import fanout, quotas
from app.domain.breaker import State, is_about_the_processor
from app.domain.fanout import Outcome, TaskState, Verb
from app.domain.finding import NumberAlone
from app.models import ProcessorRow, TaskRow
from app.processors import Adapter, Answer, Kind, Line, Order, Target, connect
from app.repositories import jobs, lane_state, lanes, registry
from app.repositories.lanes import Held, Kept
from app.services import lane_health, processor_secrets, registration, steps, tasks
from app.services.context import Context
from app.services.orders import NobodyToAskFor, order_for
from app.services.standing import NOT_DECIDED, NotDecided
from app.vault import Unreadable

log = structlog.get_logger()

#: Why a task that is due is given to a person instead of being sent.
_NOT_SENT: dict[type[Exception], str] = {
    Unreadable: "unreadable",
    NobodyToAskFor: "no_identifier",
    NumberAlone: "phone_alone",
    NotDecided: NOT_DECIDED,
}
#: How long an owner waits at most before it looks at its lane again, in seconds.
LONGEST_REST = 1.0


@dataclass
class Lanes:
    """The adapters of this process, one long-lived connection pool a lane, made anew when the registration changes."""

    ctx: Context
    _open: dict[UUID, tuple[int, Adapter]] = field(default_factory=dict)
    _retired: list[Adapter] = field(default_factory=list)
    _rung: set[UUID] = field(default_factory=set)
    _at_work: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)

    def adapter(self, row: ProcessorRow) -> Adapter:
        """The lane's adapter for the registration as it stands."""
        known = self._open.get(row.id)
        if known is not None and known[0] == row.version:
            return known[1]
        if known is not None:
            # The old one may have calls under way; it is closed with the process.
            self._retired.append(known[1])
        target = registration.target_of(self.ctx, row)
        line = Line(
            connections=row.concurrency,
            seconds=self.ctx.settings.processor_timeout_seconds,
            sandbox=self.ctx.settings.sandbox,
            mails=self.ctx.settings.smtp_host is not None,
            keep=self.keeper(row, target),
        )
        made = connect(Kind(row.kind), target, line)
        self._open[row.id] = (row.version, made)
        return made

    async def aclose(self) -> None:
        for adapter in [*self._retired, *(one for _, one in self._open.values())]:
            await adapter.aclose()
        self._open.clear()
        self._retired.clear()

    def keeper(self, row: ProcessorRow, target: Target) -> Callable[[str, str], Awaitable[None]]:
        """What an adapter that is made for the registration as it stands seals renewed secrets with."""
        opened = {name: values[0] for name, values in target.named.items() if values}
        return partial(self._keep, row.controller_id, row.id, registration.place_of(row), opened)

    async def _keep(
        self,
        controller: str,
        processor_id: UUID,
        place: Mapping[str, str],
        opened: dict[str, str],
        name: str,
        secret: str,
    ) -> None:
        """
        Seal a secret that the processor itself has changed; the adapter that has it goes on being used.

        Not where the registration is gone or leads elsewhere by now: what one place has given is told to no other. Nor
        over a secret that somebody has replaced or taken out since the adapter was made: what comes of the one that
        leaked would be good again. And an adapter that the registration has moved on from stays so.
        """
        async with self.ctx.database.transaction([controller]) as tx:
            row = await registry.processor(tx, processor_id, lock=True)
            if row is None or row.state == "removed" or registration.place_of(row) != place:
                return
            before = row.version
            if not await processor_secrets.renew(tx, self.ctx, row, name, used=opened.get(name), secret=secret):
                log.warning("secret.not_kept", lane=str(processor_id))
                return
            version = row.version
        opened[name] = secret
        known = self._open.get(processor_id)
        if known is not None and known[0] == before:
            self._open[processor_id] = (version, known[1])

    async def ring(self, controller: str, processor_id: UUID) -> None:
        """
        Have a lane drained, beside whoever rings: a bulkhead. However many processors hang, each holds up its own lane
        and none of the places at work in which cases, mails and other lanes are seen to.

        A ring while the lane is being drained here has it looked at once more.
        """
        self._rung.add(processor_id)
        if processor_id not in self._at_work:
            self._at_work[processor_id] = asyncio.create_task(self._answer_rings(controller, processor_id))

    async def _answer_rings(self, controller: str, processor_id: UUID) -> None:
        try:
            while processor_id in self._rung:
                self._rung.discard(processor_id)
                await self.drain(controller, processor_id)
        except Exception:
            # What should have been done is still due there, and the sweep rings again.
            log.exception("lane.failed", lane=str(processor_id))
        finally:
            self._rung.discard(processor_id)
            del self._at_work[processor_id]

    async def finish(self) -> None:
        """Wait until every lane that was rung for has been drained."""
        while self._at_work:
            await asyncio.wait(self._at_work.values())

    async def drain(self, controller: str, processor_id: UUID) -> int:
        """Send what is due on the lane; return the number of calls made, 0 when somebody else owns it."""
        return await _Owner(self, controller, processor_id).work()

    async def record(
        self,
        controller: str,
        task_id: UUID,
        number: int,
        answer: Answer,
        *,
        verb: Verb = "send",
        is_watched: bool = False,
    ) -> None:
        """
        Write down what came of one attempt; the task takes the consequence, and the lane where it is about all calls.
        """
        async with self.ctx.database.transaction([controller]) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            await lanes.finish_attempt(tx, task_id, number, outcome=answer.outcome.value, code=answer.code)
            # A callback may have been quicker, or another owner may have gone on: then this answer is only noted.
            if task.state == TaskState.SENDING and task.attempts == number:
                await tasks.settle(tx, self.ctx, row, task, answer, by="answer", verb=verb)
            await lane_health.heard_from(tx, controller, task.processor_id, answer, is_watched=is_watched)
        log.info("task.answered", task_id=str(task_id), outcome=answer.outcome.value, code=answer.code)

    async def hand_over(self, controller: str, task_id: UUID, number: int, reason: str) -> None:
        """Give a task that cannot be sent to a person."""
        async with self.ctx.database.transaction([controller]) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            await lanes.finish_attempt(tx, task_id, number, outcome=Outcome.FAILED.value, code=reason)
            if task.state == TaskState.SENDING and task.attempts == number:
                await tasks.hand_to_person(tx, row, task, reason)
                await steps.changed(tx, row)

    async def give_up(self, controller: str, task_id: UUID, reason: str) -> None:
        """Give a task that waits on a resting lane to a person, unless something has come of it meanwhile."""
        async with self.ctx.database.transaction([controller]) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            if task.state in (TaskState.OPEN, TaskState.ACCEPTED) and task.next_at is not None:
                await tasks.hand_to_person(tx, row, task, reason, code=task.last_code)
                await steps.changed(tx, row)

    @property
    def lease(self) -> float:
        return self.ctx.settings.lane_lease_seconds


@dataclass
class _Look:
    """What one look at the lane found."""

    processor: ProcessorRow | None
    orders: list[tuple[TaskRow, Verb, Order]] = field(default_factory=list)
    left: Sequence[tuple[UUID, int, Verb]] = ()  #: tasks an earlier owner was calling when it died
    rest: float | None = None  #: how long to rest when only the rate holds more back
    broken: list[tuple[UUID, int, str]] = field(default_factory=list)  #: tasks that cannot be sent, and why
    waited: Sequence[UUID] = ()  #: tasks that wait on the resting lane longer than their case can
    given_up: str = "deadline_near"  #: why those are a person's now
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
        #: Whether something stands against the processor: then every answer counts for its breaker.
        self._watches = False

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
        for task_id, number, verb in look.left:
            log.info("task.left_unknown", task_id=str(task_id), attempt=number)
            answer = Answer(outcome=Outcome.UNKNOWN, code="worker_lost")
            await self._house.record(self._controller, task_id, number, answer, verb=verb)
        if look.gone:
            return await self._is_more_due()
        if self._held is None:
            return False
        for task_id, number, reason in look.broken:
            await self._house.hand_over(self._controller, task_id, number, reason)
        for task_id in look.waited:
            await self._house.give_up(self._controller, task_id, look.given_up)
        if look.processor is not None:
            self._start(self._house.adapter(look.processor) if look.orders else None, look.orders)
        await self._wait(look.rest)
        return True

    async def _look(self, tx: Tx) -> _Look:
        """Take or keep the lane, take what may be sent now, and let the lane go when there is nothing to wait for."""
        # Whoever leads it elsewhere waits for this look, and finds what it has taken under way.
        look = _Look(processor=await registry.processor(tx, self._processor_id, steady=True))
        if look.processor is None:
            return look
        if self._held is None:
            self._held = await lanes.take(tx, self._processor_id, owner=uuid4(), seconds=self._house.lease)
            if self._held is None:
                return look
            look.left = await lanes.left_in_the_air(tx, self._held)
        kept = await lanes.keep(
            tx,
            self._held,
            seconds=self._house.lease,
            rate=look.processor.rate_per_second,
            burst=look.processor.burst,
        )
        if kept is None:
            self._held = None  # lost: somebody else goes on from here
            return look
        self._watches = not kept.breaker.is_at_rest
        await self._fill(tx, look, look.processor, self._held, kept)
        is_idle = not (look.orders or look.left or look.broken or look.waited or self._calls)
        if is_idle and look.rest is None:
            await lanes.leave(tx, self._held)
            self._held, look.gone = None, True
        return look

    async def _fill(self, tx: Tx, look: _Look, processor: ProcessorRow, held: Held, kept: Kept) -> None:
        """What may be sent now; or, where nothing may for a while, what cannot wait that long."""
        # Nobody knows how long a pause lasts: there what is late already is late.
        resting = kept.resting_until(tx.now) if processor.state == "active" else tx.now
        if resting is None:
            room, resting = await self._room(tx, look, processor, kept)
        if resting is not None:
            has_given_up = kept.breaker.has_given_up(tx.now) and processor.state == "active"
            zone = self._ctx.zone(self._controller)
            due_before = None if has_given_up else fanout.due_too_soon(resting, zone)
            look.given_up = "processor_down" if has_given_up else "deadline_near"
            look.waited = await lane_state.waiting(tx, processor.id, until=resting, due_before=due_before)
            return
        batch = await self._batch(tx, held, processor, kept, room)
        for task, verb in batch:
            try:
                look.orders.append((task, verb, await order_for(tx, self._ctx, processor, task)))
            except (Unreadable, NobodyToAskFor, NumberAlone, NotDecided) as error:
                # A request that cannot be sent is its own trouble, not its neighbours' on the lane.
                look.broken.append((task.id, task.attempts, _NOT_SENT[type(error)]))
        if look.rest is None:
            look.rest = await self._rest(tx, processor, kept.tokens - len(batch))

    async def _batch(
        self, tx: Tx, held: Held, processor: ProcessorRow, kept: Kept, room: int
    ) -> Sequence[tuple[TaskRow, Verb]]:
        is_trial = kept.breaker.state is not State.CLOSED
        # While a processor is tried out, one call at a time is all it gets.
        at_once = 1 if is_trial else processor.concurrency
        most = min(at_once - len(self._calls), int(kept.tokens), room)
        batch = await lanes.claim_batch(tx, held, most=most, is_trial=is_trial) if most > 0 else []
        if batch and kept.breaker.state is State.OPEN:
            await lane_state.set_breaker(tx, processor.id, replace(kept.breaker, state=State.HALF_OPEN))
        if batch and processor.quota:
            counted = quotas.read(processor.quota)
            await lane_state.note_calls(tx, held, counted, at=kept.at, calls=len(batch))
        return batch

    async def _room(self, tx: Tx, look: _Look, processor: ProcessorRow, kept: Kept) -> tuple[int, datetime | None]:
        """How many tasks the quotas let go now; where none, and something is due, until when the lane then rests."""
        if not processor.quota:
            return processor.concurrency, None
        known = quotas.read(processor.quota)
        used = await lane_state.calls_in(tx, processor.id, known, at=kept.at)
        full = [one for one, count in zip(known, used, strict=True) if count >= one.tasks]
        if not full:
            return min(one.tasks - count for one, count in zip(known, used, strict=True)), None
        due = await lanes.next_due(tx, processor.id)
        if due is None or due > tx.now:
            return 0, None
        free = [
            one.free_at(kept.at, blocking=await lane_state.blocking_call(tx, processor.id, one, at=kept.at))
            for one in full
        ]
        pause = max(free) - kept.at
        if pause.total_seconds() <= LONGEST_REST:
            look.rest = max(0.001, pause.total_seconds())
            return 0, None
        until = tx.now + pause
        await lane_state.rest(tx, processor.id, until=until, why=lane_health.QUOTA)
        jobs.wake(tx, "lane.drain", controller=self._controller, id=processor.id, at=until)
        return 0, until

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
            if processor is None or processor.state != "active":
                return False
            return await lane_state.is_ready(tx, self._processor_id)

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
        self._watches |= is_about_the_processor(answer.outcome, answer.code)
        await self._house.record(self._controller, task.id, task.attempts, answer, verb=verb, is_watched=self._watches)
