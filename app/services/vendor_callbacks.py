"""
A vendor calls by itself: a job has moved on, or it wants to know whether this address is ours.

What it says of the job is not believed. Whoever proves to be the vendor makes us ask sooner; more it cannot do.
"""

from collections.abc import Mapping
from uuid import UUID

from app.db import Tx
from app.processors import Kind, vendor_called
from app.repositories import jobs, registry, vendors
from app.services import registration
from app.services.callbacks import UnknownCallback
from app.services.context import Context


async def receive(
    tx: Tx,
    ctx: Context,
    processor_id: UUID,
    *,
    method: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
    wall_clock: float,
) -> str | None:
    """
    Take a vendor's call; returns a text that is to be given back, None where its tasks are asked after now.

    Raises:
        UnknownCallback: No such processor, or none that is called back. NotTheVendor: Nothing shows that it is.
    """
    row = await registry.processor(tx, processor_id)
    if row is None or row.kind != Kind.REST or row.state == "removed":
        raise UnknownCallback
    target = registration.target_of(ctx, row)
    echo = vendor_called(target, method=method, headers=headers, query=query, body=body, wall_clock=wall_clock)
    # Whoever is being connected may have its address proved; its news counts from then on.
    if echo is None and row.state in registration.HEARD and await vendors.ask_now(tx, row.id):
        jobs.wake(tx, "lane.drain", controller=row.controller_id, id=row.id)
    return echo
