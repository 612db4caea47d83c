"""
Which days count as working days, and how to step over days and months as the law does.

Regulation (EEC, Euratom) 1182/71 Art. 2(2) leaves three kinds of day out: Saturdays, Sundays and the
public holidays of the country where something is to be done. The first two are known here; the third
is handed in as a look-up, so that this floor needs no table of any country.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

Variant = Literal["strict", "eves"]

_ONE_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class DayOff:
    """Why a day is no working day: a code for programs, a name in Swedish and in English for people."""

    code: str
    sv: str
    en: str


_WEEKEND = {
    _SATURDAY: DayOff("saturday", "Lördag", "Saturday"),
    _SUNDAY: DayOff("sunday", "Söndag", "Sunday"),
}


@dataclass(frozen=True, slots=True)
class RolledDay:
    """One day a period may not end on, and why. ``reason`` is the code of the :class:`DayOff`."""

    date: date
    reason: str
    sv: str
    en: str


@dataclass(frozen=True, slots=True)
class CalendarUsed:
    """What an answer must say about the calendar it was computed with."""

    variant: Variant
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """
    The working days of one country, in one reading of its law.

    Args:
        variant: ``strict`` knows the public holidays alone and decides; ``eves`` also leaves out
            Midsummer Eve, Christmas Eve and New Year's Eve and is only ever shown beside it.
        source: Where the holidays come from, with version, e.g. ``"holidays 0.109 SE public"``.
        laws: The acts that name the holidays, as cited to the person.
        holiday_on: Answers with the holiday that falls on a day, or None. Weekends need not be in it.
    """

    variant: Variant
    source: str
    laws: tuple[str, ...] = ()
    holiday_on: Callable[[date], DayOff | None] = field(repr=False)

    @property
    def used(self) -> CalendarUsed:
        return CalendarUsed(variant=self.variant, source=self.source)

    def day_off(self, day: date) -> DayOff | None:
        """Return why *day* is no working day, or None. A holiday on a weekend is named as the holiday."""
        return self.holiday_on(day) or _WEEKEND.get(day.weekday())

    def reason_not_working(self, day: date) -> str | None:
        """Return the code of what keeps *day* from being a working day, or None."""
        off = self.day_off(day)
        return off.code if off else None

    def is_working_day(self, day: date) -> bool:
        return self.day_off(day) is None

    def add_working_days(self, day: date, n: int) -> date:
        """
        Return the *n*-th working day after *day*, or before it where *n* is negative.

        *day* itself is never counted, working day or not (Reg. 1182/71 Art. 3(1)); with ``n == 0`` it is
        returned as it is.
        """
        step = _ONE_DAY if n > 0 else -_ONE_DAY
        left = abs(n)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def roll(self, day: date) -> tuple[date, tuple[RolledDay, ...]]:
        """
        Return the first working day on or after *day*, and each day passed over on the way, in order.

        Sources:
            Regulation (EEC, Euratom) 1182/71 Art. 3(4).
        """
        passed: list[RolledDay] = []
        while off := self.day_off(day):
            passed.append(RolledDay(date=day, reason=off.code, sv=off.sv, en=off.en))
            day += _ONE_DAY
        return day, tuple(passed)


def months_later(day: date, months: int) -> date:
    """
    Return the same day of the month *months* later, or that month's last day where it has no such day.

    Sources:
        Regulation (EEC, Euratom) 1182/71 Art. 3(2)(c).
    """
    years, month0 = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month0 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
