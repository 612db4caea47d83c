"""What a worker does beside the cases: what is over goes, and the day's checkpoint is made."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.services import checkpoints, own_retention, processor_secrets
from app.services.context import Context
from app.vault.signing import SigningKey

log = structlog.get_logger()

#: Nothing here is urgent to the second, and every look costs the database a few questions.
LEAST_SECONDS = 60.0


class Housekeeping:
    """Looks at once, and then every minute or every sweep, whichever is longer; nothing ends it but *stop*."""

    def __init__(self, ctx: Context, signing: SigningKey | None) -> None:
        self._ctx = ctx
        self._signing = signing

    async def run(self, stop: asyncio.Event) -> None:
        # What came back with a backup goes first: it was over once already.
        await self._guarded("replay", own_retention.replay)
        while not stop.is_set():
            await self._guarded("retention", own_retention.clean)
            await self._guarded("secrets", processor_secrets.end_overlaps)
            await self._guarded("checkpoint", self._checkpoint)
            try:
                await asyncio.wait_for(stop.wait(), timeout=max(LEAST_SECONDS, self._ctx.settings.sweep_seconds))
            except TimeoutError:
                continue

    async def _checkpoint(self, ctx: Context) -> None:
        if self._signing is not None:
            await checkpoints.make_due(ctx, self._signing)

    async def _guarded(self, kind: str, act: Callable[[Context], Awaitable[object]]) -> None:
        try:
            await act(self._ctx)
        except Exception:
            log.exception("housekeeping.failed", kind=kind)
