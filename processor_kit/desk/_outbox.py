"""
Telling Insyn what has been answered, until it has heard.

What is owed lies in the store. A message goes on being sent, with pauses that grow to an hour, until Insyn takes it or
says that the address is over.
"""

import asyncio
import random
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import httpx

from app.domain.webhook_signature import sign
from processor_kit.desk._config import Config
from processor_kit.desk._store import Store

LOOK_EVERY_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 3600.0
EMPTY_EVERY_SECONDS = 3600.0
AT_ONCE = 8
#: Taken; or the task is over (410) or never was (404): nothing more to say.
_FINAL = frozenset({*range(200, 300), 404, 410})

_spread = random.Random()  # noqa: S311 - spreads retries; nothing secret hangs on it


class Outbox:
    """Sends what is owed. One a store: the folder is locked."""

    def __init__(self, config: Config, store: Store, client: httpx.AsyncClient) -> None:
        self._config = config
        self._store = store
        self._client = client
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Look at once: something has just been answered."""
        self._rung.set()

    async def run(self) -> None:
        """Send for ever, and keep nothing about anybody longer than agreed."""
        emptied = 0.0
        while True:
            if time.monotonic() - emptied > EMPTY_EVERY_SECONDS or not emptied:
                emptied = time.monotonic()
                before = datetime.now(UTC) - timedelta(days=self._config.keep_days)
                await asyncio.to_thread(self._store.empty, before=before)
            batch = await asyncio.to_thread(self._store.owed, at=time.time(), most=AT_ONCE)
            await asyncio.gather(*(self._send(row) for row in batch))
            if not batch:
                await self._rest()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._rung.wait(), timeout=LOOK_EVERY_SECONDS)
        except TimeoutError:
            return
        self._rung.clear()

    async def _send(self, row: sqlite3.Row) -> None:
        body = row["body"].encode()
        url = row["callback_url"]
        status: int | None = None
        # Checked again: the addresses of Insyn may have been changed since the task came in.
        if self._config.may_be_called(url):
            try:
                async with self._client.stream("POST", url, content=body, headers=self._headers(row, body)) as answer:
                    status = answer.status_code
            except httpx.HTTPError:
                status = None
        ceiling = min(LONGEST_PAUSE_SECONDS, self._config.first_retry_seconds * 2 ** min(row["attempts"], 20))
        await asyncio.to_thread(
            self._store.note,
            row["id"],
            status=status,
            is_over=status in _FINAL,
            due_at=time.time() + ceiling * (0.5 + _spread.random() / 2),
        )

    def _headers(self, row: sqlite3.Row, body: bytes) -> dict[str, str]:
        headers = {"content-type": "application/json", "user-agent": "Insyn-desk/1"}
        if row["via"] == "opendsr":
            return headers | {
                "x-opendsr-processor-domain": self._config.domain,
                "x-opendsr-signature": self._config.signer.sign(body),
            }
        event, stamp = f"evt_{row['task']}", int(time.time())
        return headers | {
            "webhook-id": event,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(self._config.secrets[0], event, stamp, body),
        }
