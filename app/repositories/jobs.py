"""
Wake-ups, enqueued in the transaction that makes them true.

A wake-up is an alarm clock and no more: it carries ids only, may be lost, may ring twice. What is due stands in the
tables; the sweep finds it there.
"""

import json
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from app.db import Tx

Entrypoint = Literal["case.advance", "lane.drain"]


async def wake(tx: Tx, entrypoint: Entrypoint, *, controller: str, id: UUID, at: datetime | None = None) -> None:
    """
    Ring *entrypoint* for one case or lane once this transaction commits, or at *at* if that is later.

    No deduplication key: PgQueuer would drop a wake-up that comes while the one before it runs, although that one
    may already have read the state. Waking twice is harmless.
    """
    raw = (await (await tx.session.connection()).get_raw_connection()).driver_connection
    if raw is None or not raw.is_in_transaction():
        # SQLAlchemy begins with the first statement; before that an enqueue would survive a rollback.
        raise RuntimeError("A wake-up is only ever enqueued inside an open transaction.")
    delay = max(at - tx.now, timedelta()) if at is not None else None
    payload = json.dumps({"controller": controller, "id": str(id)}).encode()
    await Queries(AsyncpgDriver(raw)).enqueue(entrypoint, payload, execute_after=delay)
