"""
How many calls a processor takes over a longer time: so many a minute, so many a day.

A sliding window reaches back from every instant; a fixed one begins anew at every full minute, hour or, where it is
one day long, at midnight of its zone. The counting is done in the database; here is which calls count.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

#: ``P1D``, ``PT12H``, ``PT1M``, ``PT5S``: one unit is all that any processor's terms speak of.
PERIOD = r"^P(?:[1-9][0-9]?D|T[1-9][0-9]{0,3}[HMS])$"
_PERIOD = re.compile(PERIOD)
_UNITS = {"D": timedelta(days=1), "H": timedelta(hours=1), "M": timedelta(minutes=1), "S": timedelta(seconds=1)}
_DAY = timedelta(days=1)
#: A Monday: a fixed week begins with one.
_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """At most ``calls`` in any window of that kind; a task counts ``cost`` of them."""

    calls: int
    per: timedelta
    kind: Literal["sliding", "fixed"] = "sliding"
    zone: str = "UTC"
    cost: int = 1

    def __post_init__(self) -> None:
        if self.cost > self.calls:
            raise ValueError("a quota lets at least one task go: its cost is no more than its calls")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError("the zone of a quota is a name such as Europe/Stockholm") from None

    @property
    def tasks(self) -> int:
        """How many tasks that lets go in one window."""
        return self.calls // self.cost

    def since(self, now: datetime) -> datetime:
        """The instant after which (sliding) or from which (fixed) a call counts at *now*."""
        if self.kind == "sliding":
            return now - self.per
        if self.per == _DAY:
            local = now.astimezone(ZoneInfo(self.zone))
            return datetime.combine(local.date(), time(), tzinfo=local.tzinfo).astimezone(UTC)
        return _EPOCH + (now - _EPOCH) // self.per * self.per

    def free_at(self, now: datetime, *, blocking: datetime | None) -> datetime:
        """
        When a full window has room again.

        Args:
            blocking: The call that has to fall out of a sliding window for that.
        """
        if self.kind == "sliding":
            return (blocking or now) + self.per
        if self.per == _DAY:
            local = now.astimezone(ZoneInfo(self.zone))
            return datetime.combine(local.date() + _DAY, time(), tzinfo=local.tzinfo).astimezone(UTC)
        return self.since(now) + self.per


def period(text: str) -> timedelta:
    """The length of ``P1D``, ``PT1M`` and their like; ValueError for anything else."""
    if not _PERIOD.fullmatch(text):
        raise ValueError("a period is P<n>D or PT<n>H, M or S")
    return _UNITS[text[-1]] * int(text.strip("PTDHMS"))


def read(stored: Iterable[Mapping[str, Any]]) -> tuple[Quota, ...]:
    """A registration's quotas, as they were checked when it was made."""
    return tuple(Quota(**{**one, "per": period(str(one["per"]))}) for one in stored)
