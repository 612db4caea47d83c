"""
ISO 8601 durations, as the movable clock takes them: ``P31D``, ``P1M``, ``PT5M``, ``P1Y2M3DT4H``.

Years and months are steps in the calendar (31 January and one month is 28 February); weeks, days, hours,
minutes and seconds are exact lengths. Only whole numbers, only forward.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

_PARTS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)


class NotADuration(ValueError):
    """A duration is written like P31D, P1M or PT5M."""


@dataclass(frozen=True)
class Duration:
    """A step forward in time: first *months* in the calendar, then *exact*."""

    months: int
    exact: timedelta

    def after(self, instant: datetime) -> datetime:
        """Return the instant this much later, in the time zone of *instant*; the day is clamped to its month."""
        months = instant.year * 12 + instant.month - 1 + self.months
        year, month = divmod(months, 12)
        day = min(instant.day, monthrange(year, month + 1)[1])
        return instant.replace(year=year, month=month + 1, day=day) + self.exact


def parse(text: str) -> Duration:
    """
    Read an ISO 8601 duration.

    Raises:
        NotADuration: If *text* is anything else.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise NotADuration(NotADuration.__doc__)
    years, months, *rest = (int(found[part] or 0) for part in _PARTS)
    exact = timedelta(**dict(zip(_PARTS[2:], rest, strict=True)))
    return Duration(months=years * 12 + months, exact=exact)
