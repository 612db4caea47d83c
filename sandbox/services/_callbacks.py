"""
The late answers: signed events sent to Insyn until they are taken.

What is owed lies in the store, so a restarted server sends what its predecessor could not.
"""

import asyncio
import sqlite3
import time

import httpx

from app.domain.webhook_signature import sign
from sandbox.store import Store

#: Seconds for which a delivery in flight is nobody else's; afterwards its sender counts as dead.
LEASE_SECONDS = 15.0
#: Seconds between two looks when nothing was due.
LOOK_EVERY_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 20.0
AT_ONCE = 8
#: Taken, or the address is over (410) or never was (404): nothing more to say.
_FINAL = frozenset({*range(200, 300), 404, 410})


class Callbacks:
    """Sends what is owed; several processes on one store share the work."""

    def __init__(self, store: Store, client: httpx.AsyncClient) -> None:
        self._store = store
        self._client = client

    async def send_for_ever(self) -> None:
        while True:
            batch = await asyncio.to_thread(self._claim)
            await asyncio.gather(*(self._send(row) for row in batch))
            if not batch:
                await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _claim(self) -> list[sqlite3.Row]:
        now = time.time()
        due = "status IS NULL AND due_at <= ?"
        # Looked at without the write lock first: most of the time nothing is due.
        if not self._store.read(f"SELECT 1 FROM deliveries WHERE {due} LIMIT 1", now):  # noqa: S608 - constant
            return []
        with self._store.transaction() as db:
            query = f"SELECT * FROM deliveries WHERE {due} ORDER BY due_at, id LIMIT ?"  # noqa: S608 - constant
            rows = db.execute(query, (now, AT_ONCE)).fetchall()
            for row in rows:
                db.execute(
                    "UPDATE deliveries SET due_at = ?, attempts = attempts + 1 WHERE id = ?",
                    (now + LEASE_SECONDS, row["id"]),
                )
        return rows

    async def _send(self, row: sqlite3.Row) -> None:
        body = row["body"].encode()
        stamp = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": row["event"],
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(row["secret"], row["event"], stamp, body),
        }
        try:
            answer = await self._client.post(row["url"], content=body, headers=headers)
        except httpx.HTTPError:
            status = None
        else:
            # A forged event is sent once: it is meant to be refused.
            status = answer.status_code if row["forged"] or answer.status_code in _FINAL else None
        await asyncio.to_thread(self._note, row, status)

    def _note(self, row: sqlite3.Row, status: int | None) -> None:
        again_at = time.time() + min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** min(row["attempts"], 10))
        with self._store.transaction() as db:
            db.execute("UPDATE deliveries SET status = ?, due_at = ? WHERE id = ?", (status, again_at, row["id"]))
