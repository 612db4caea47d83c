"""
Where "now" comes from.

The law's clock is read once per transaction and handed down as a value. In production it is the machine's clock in
UTC. In the sandbox it is that clock moved by what the database says, so that API and workers move together. What
travels on the wire (tokens, signatures, leases) always runs on the machine's clock.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

#: Reads the instant (aware, UTC) at which a transaction takes place.
ReadClock = Callable[[AsyncSession], Awaitable[datetime]]

_OFFSET = text("SELECT seconds FROM clock_offset WHERE id = 1")
_MOVE = text(
    "INSERT INTO clock_offset (id, seconds) VALUES (1, :seconds) ON CONFLICT (id) DO UPDATE SET seconds = :seconds"
)


async def machine_time(_session: AsyncSession) -> datetime:
    """The machine's clock, UTC."""
    return datetime.now(UTC)


async def movable_time(session: AsyncSession) -> datetime:
    """The machine's clock moved by the sandbox, UTC."""
    seconds = (await session.execute(_OFFSET)).scalar_one_or_none() or 0.0
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def move(session: AsyncSession, *, to: datetime) -> None:
    """Set the sandbox's clock so that "now" is *to*, an aware instant."""
    await session.execute(_MOVE, {"seconds": (to - datetime.now(UTC)).total_seconds()})
