"""
Wrapping every data key anew after the master key was changed; what the keys sealed stays untouched.

In small transactions, beside the running service; broken off, it goes on where it stopped. When nothing is left, the
old master key opens nothing any more and may go.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.repositories import rewrapping
from app.repositories.rewrapping import PLACES, Place
from app.services.context import Context
from app.vault.errors import Unreadable

AT_ONCE = 100


@dataclass(frozen=True)
class Rewrapped:
    """How many keys were wrapped anew, by table, and how many could not be: their master key is not set."""

    done: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)


async def rewrap(ctx: Context) -> Rewrapped:
    """Wrap the keys of every controller anew that another master key than the current one has wrapped."""
    done: Counter[str] = Counter({place.table: 0 for place in PLACES})
    left: Counter[str] = Counter()
    for controller in ctx.profiles:
        for place in PLACES:
            after: UUID | None = None
            while (batch := await _batch(ctx, place, controller, after)) is not None:
                after, good, bad = batch
                done[place.table] += good
                left[place.table] += bad
    return Rewrapped(dict(done), {table: count for table, count in left.items() if count})


async def _batch(ctx: Context, place: Place, controller: str, after: UUID | None) -> tuple[UUID, int, int] | None:
    good = bad = 0
    async with ctx.database.transaction([controller]) as tx:
        found = await rewrapping.outdated(tx, place, controller, mark=ctx.vault.current_mark, after=after, most=AT_ONCE)
        for id_, wrapped, subject in found:
            try:
                anew = ctx.vault.rewrap(wrapped, str(subject))
            except Unreadable:
                bad += 1
                continue
            await rewrapping.put(tx, place, id_, anew)
            good += 1
    return (found[-1][0], good, bad) if found else None
