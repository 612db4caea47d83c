"""The vendor's own limits on calls, kept in this process: windows that count costs, and how many at once."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from app.processors.rest.grammar import Limits

#: Longer than this nobody sits and waits: the task comes back.
LONGEST_SIT: Final = 5.0


class LimitReached(Exception):
    """The vendor's limit is used up for now; nothing was sent."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("limit")


class Limiter:
    """Counts what all tasks of a lane send."""

    def __init__(self, limits: Limits | None) -> None:
        self._windows = [(one.calls, one.per.total_seconds()) for one in limits.windows] if limits else []
        self._spent: list[deque[tuple[float, int]]] = [deque() for _ in self._windows]
        self._at_once = asyncio.Semaphore(limits.concurrency) if limits and limits.concurrency else None

    @asynccontextmanager
    async def turn(self, cost: int) -> AsyncIterator[None]:
        """
        Wait for a turn and take it.

        Raises:
            LimitReached: The turn is too far away to sit and wait for.
        """
        while (wait := self._wait(cost)) > 0:
            if wait > LONGEST_SIT:
                raise LimitReached(timedelta(seconds=wait))
            await asyncio.sleep(wait)
        now = time.monotonic()
        for spent in self._spent:
            spent.append((now, cost))
        if self._at_once is None:
            yield
            return
        async with self._at_once:
            yield

    def _wait(self, cost: int) -> float:
        now, longest = time.monotonic(), 0.0
        for (calls, per), spent in zip(self._windows, self._spent, strict=True):
            while spent and spent[0][0] <= now - per:
                spent.popleft()
            left = calls - sum(one for _, one in spent)
            for at, one in spent:
                if left >= min(cost, calls):
                    break
                left += one
                longest = max(longest, at + per - now)
        return longest
