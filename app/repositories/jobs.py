"""
Wake-ups, enqueued in the transaction that makes them true.

A wake-up is an alarm clock and no more: it carries ids only, may be lost, may ring twice. What is due stands in the
tables; the sweep finds it there.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID

from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from app.db import Tx

Entrypoint = Literal["case.advance", "lane.drain", "letter.send", "retention.end", "task.recall"]


@dataclass
class _Wakes:
    """The wake-ups of one transaction: each case or lane rings once, at the earliest instant asked for."""

    asked: dict[tuple[Entrypoint, str, UUID], timedelta] = field(default_factory=dict)

    async def enqueue(self, tx: Tx) -> None:
        raw = (await (await tx.session.connection()).get_raw_connection()).driver_connection
        if raw is None or not raw.is_in_transaction():
            # SQLAlchemy begins with the first statement; before that an enqueue would survive a rollback.
            raise RuntimeError("A wake-up is only ever enqueued inside an open transaction.")
        await Queries(AsyncpgDriver(raw)).enqueue(
            [entrypoint for entrypoint, _, _ in self.asked],
            [json.dumps({"controller": one, "id": str(id)}).encode() for _, one, id in self.asked],
            [0] * len(self.asked),
            list(self.asked.values()),
        )


def wake(tx: Tx, entrypoint: Entrypoint, *, controller: str, id: UUID, at: datetime | None = None) -> None:
    """
    Ring *entrypoint* for one case or lane once this transaction commits, or at *at* if that is later.

    All wake-ups of a transaction are enqueued together, at its end and inside it. No deduplication key: PgQueuer
    would drop a wake-up that comes while the one before it runs, although that one may already have read the state.
    Waking twice is harmless.
    """
    wakes: _Wakes = tx.session.info.setdefault("wakes", _Wakes())
    delay = max(at - tx.now, timedelta()) if at is not None else timedelta()
    rings = (entrypoint, controller, id)
    wakes.asked[rings] = min(delay, wakes.asked.get(rings, delay))
    tx.finishing.setdefault("wakes", partial(wakes.enqueue, tx))
