"""
The worker: rings of the alarm clock in, cases, lanes and mails carried on.

A job says which case, lane or mail; everything else stands in the tables. A job that fails is logged by its kind of
failure and let go: what it should have done is still due there, and the sweep wakes it again.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job

from app.db import APP_ROLE, plain_url
from app.observability import serve_metrics
from app.post import Postman
from app.services import fulfilment, keeping, recalling, sweep
from app.services.context import Context
from app.services.housekeeping import Housekeeping
from app.services.lanes import Lanes
from app.services.mailing import Mailer
from app.vault.signing import SigningKey

log = structlog.get_logger()

#: A package file that is still half-written after this long was left by a crash.
LEFTOVER_SECONDS = 3600
#: Cases and mails one worker has in hand at once; lanes are drained beside them.
AT_ONCE = 40
Handler = Callable[[str, UUID], Awaitable[object]]


class Worker:
    """One worker process's loop over one PostgreSQL; any number may run."""

    def __init__(
        self, ctx: Context, *, url: str, postman: Postman | None = None, signing: SigningKey | None = None
    ) -> None:
        self._ctx = ctx
        self._url = url
        self._signing = signing
        self._lanes = Lanes(ctx)
        self.jobs: dict[str, Handler] = {
            "case.advance": self._advance,
            "lane.drain": self._lanes.ring,
            "letter.send": Mailer(ctx, postman).send,
            "retention.end": self._end_retention,
            "task.recall": partial(recalling.recall, ctx),
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set; what is under way is finished first."""
        async with asyncpg.create_pool(
            plain_url(self._url), min_size=2, max_size=6, server_settings={"role": APP_ROLE, "timezone": "UTC"}
        ) as pool:
            queue = PgQueuer(AsyncpgPoolDriver(pool))
            for name, handler in self.jobs.items():
                queue.entrypoint(name)(_guarded(name, handler))
            if self._ctx.settings.metrics_port:
                serve_metrics(self._ctx.settings.metrics_port, addr=self._ctx.settings.host)
            await self._ctx.files.remove_leftovers(unfinished_before=time.time() - LEFTOVER_SECONDS)
            sweeping = asyncio.create_task(self._sweep(stop))
            keeping = asyncio.create_task(Housekeeping(self._ctx, self._signing).run(stop))
            stopping = asyncio.create_task(_pass_on(stop, queue))
            try:
                await queue.run(dequeue_timeout=timedelta(seconds=1), batch_size=20, max_concurrent_tasks=AT_ONCE)
            finally:
                stop.set()
                await asyncio.gather(sweeping, keeping, stopping)
                await self._lanes.finish()
                await self._lanes.aclose()

    async def _advance(self, controller: str, request_id: UUID) -> None:
        async with self._ctx.database.transaction([controller]) as tx:
            done = await fulfilment.advance_if_due(tx, self._ctx, request_id)
        if done:
            log.info("case.advanced", request_id=str(request_id), controller=controller, actions=done)

    async def _end_retention(self, controller: str, scheduled_id: UUID) -> None:
        async with self._ctx.database.transaction([controller]) as tx:
            row = await keeping.begin(tx, self._ctx, scheduled_id)
        if row is not None:
            log.info("retention.ended", request_id=str(row.id), controller=controller)

    async def _sweep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                woken = await sweep.wake_what_is_due(self._ctx)
                log.info("sweep.done", woken=woken)
            except Exception:
                # Without a sweep nothing lost is ever found, so nothing ends it: it tries again.
                log.exception("sweep.failed")
            try:
                await asyncio.wait_for(stop.wait(), timeout=self._ctx.settings.sweep_seconds)
            except TimeoutError:
                continue


async def _pass_on(stop: asyncio.Event, queue: PgQueuer) -> None:
    await stop.wait()
    queue.shutdown.set()


def _guarded(name: str, handler: Handler) -> Callable[[Job], Awaitable[None]]:
    """
    A handler whose failures stay with us: PgQueuer writes an exception's text into its log table, and texts of
    foreign exceptions may hold personal data.
    """

    async def handle(job: Job) -> None:
        try:
            said = json.loads(job.payload or b"{}")
            await handler(said["controller"], UUID(said["id"]))
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("job.failed", job=name)

    return handle
