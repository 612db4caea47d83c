"""The registered processors, as rows and as the process sees them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from app.db import Tx
from app.domain.execution import taking_part
from app.domain.fanout import Action
from app.domain.forwarding import split
from app.domain.snapshot import Processor
from app.models import LaneRow, ProcessorRow
from app.processors import implied_order

#: States in which a processor takes part in new cases. "unconnected" does too: its tasks go to a person.
TAKES_PART = ("active", "unconnected", "paused")


async def processors_of(tx: Tx, controllers: Iterable[str], *, with_removed: bool = False) -> Sequence[ProcessorRow]:
    """The processors of these controllers in the order of their keys; removed ones only when asked for."""
    query = select(ProcessorRow).where(col(ProcessorRow.controller_id).in_(list(controllers)))
    if not with_removed:
        query = query.where(col(ProcessorRow.state) != "removed")
    query = query.order_by(col(ProcessorRow.controller_id), col(ProcessorRow.key))
    return (await tx.session.execute(query)).scalars().all()


async def processor(tx: Tx, processor_id: UUID, *, lock: bool = False, steady: bool = False) -> ProcessorRow | None:
    """
    One registration; read once a transaction unless it is to be locked, or to be *steady*: as it is now, and nobody
    changes it until this transaction ends.

    Locked so that tasks may still be made for it (``FOR NO KEY UPDATE``): whoever makes one holds its request, which
    the one who removes the processor is about to wake.
    """
    held = {"key_share": True} if lock else {"read": True} if steady else None
    return await tx.session.get(ProcessorRow, processor_id, with_for_update=held, populate_existing=lock or steady)


async def with_secrets_over(tx: Tx, controller: str, *, at: datetime) -> Sequence[ProcessorRow]:
    """Processors with a secret whose overlap is over, held; removed ones too."""
    query = (
        select(ProcessorRow)
        .where(col(ProcessorRow.controller_id) == controller, col(ProcessorRow.secrets_end_at) <= at)
        .order_by(col(ProcessorRow.id))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()


async def processor_by_key(tx: Tx, controller: str, key: str) -> ProcessorRow | None:
    query = select(ProcessorRow).where(col(ProcessorRow.controller_id) == controller, col(ProcessorRow.key) == key)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def lock_order(tx: Tx, controller: str) -> None:
    """Let one at a time say who comes after whom: two halves of a circle are each none."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await tx.session.execute(lock, {"name": f"order:{controller}"})


async def add(tx: Tx, row: ProcessorRow) -> None:
    """Register a processor together with its lane."""
    tx.session.add(row)
    await tx.session.flush()
    tx.session.add(LaneRow(processor_id=row.id, controller_id=row.controller_id, refilled_at=tx.now))


def as_seen(
    rows: Iterable[ProcessorRow], *, among: Collection[str] | None, forwarded: frozenset[str] = frozenset()
) -> dict[str, Processor]:
    """
    The processors as the pure process sees them; order by key, so that plans are the same every time.

    Once a case is being carried out (*among*: ids of who was there when that began) a newcomer does only what nobody
    before it could.
    """
    there = [row for row in rows if row.state in TAKES_PART]
    ids = {row.key: str(row.id) for row in there}
    before = implied_order((row.key, row.settings) for row in there)
    first = {str(row.id): _seen(row, ids, forwarded, before) for row in there if among is None or str(row.id) in among}
    newcomers = sorted((row for row in there if str(row.id) not in first), key=lambda row: (row.created_at, row.key))
    return taking_part(first, later=[_seen(row, ids, forwarded, before) for row in newcomers])


def _seen(
    row: ProcessorRow, ids: Mapping[str, str], forwarded: frozenset[str], before: Mapping[str, set[str]]
) -> Processor:
    own, others = split(row.categories, forwarded=forwarded)
    return Processor(
        id=str(row.id),
        actions=frozenset(Action(action) for action in row.actions),
        categories=own,
        forwarded=others,
        after=frozenset(ids[key] for key in {*row.after, *before.get(row.key, ())} if key in ids),
    )
