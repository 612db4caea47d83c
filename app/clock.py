"""
Where "now" comes from.

The law's clock is read once per transaction and handed down as a value. In production it is the machine's clock in
UTC. In the sandbox it is that clock moved by what the database says, so that API and workers move together. What
travels on the wire (tokens, signatures, leases) always runs on the machine's clock.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_MOVE = text(
    "INSERT INTO clock_offset (id, seconds) VALUES (1, :seconds) ON CONFLICT (id) DO UPDATE SET seconds = :seconds"
)


def machine_time(*, moved_by: float = 0.0) -> datetime:
    """The machine's clock, UTC, moved forward by so many seconds (0 outside the sandbox)."""
    return datetime.now(UTC) + timedelta(seconds=moved_by)


async def move(session: AsyncSession, *, to: datetime) -> None:
    """Set the sandbox's clock so that "now" is *to*, an aware instant."""
    await session.execute(_MOVE, {"seconds": (to - datetime.now(UTC)).total_seconds()})
