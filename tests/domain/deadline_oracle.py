"""
A second reckoning of the same dates, made on purpose in another way.

Nothing of Insyn is imported. Easter is read from the table of paschal full moons that holds from 1900 to
2199 rather than computed; a month is found by walking day by day until its end comes, never by arithmetic
on month numbers. Where this page and the service disagree, one of them misreads the law.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

STEP = timedelta(days=1)

# The paschal full moon (month, day) for each golden number 1–19.
FULL_MOONS = (
    *((4, 14), (4, 3), (3, 23), (4, 11), (3, 31), (4, 18), (4, 8), (3, 28), (4, 16), (4, 5)),
    *((3, 25), (4, 13), (4, 2), (3, 22), (4, 10), (3, 30), (4, 17), (4, 7), (3, 27)),
)


def days_from(first: date) -> Iterator[date]:
    while True:
        yield first
        first += STEP


def first_weekday(first: date, weekday: int) -> date:
    return next(day for day in days_from(first) if day.isoweekday() == weekday)


def easter(year: int) -> date:
    month, day = FULL_MOONS[year % 19]
    return first_weekday(date(year, month, day) + STEP, 7)


@cache
def public_holidays(year: int) -> frozenset[date]:
    """Act 1989:253 sections 1 and 2, Sundays apart."""
    fixed = {date(year, month, day) for month, day in ((1, 1), (1, 6), (5, 1), (6, 6), (12, 25), (12, 26))}
    sunday = easter(year)
    moving = {
        sunday - 2 * STEP,
        sunday + STEP,
        sunday + 39 * STEP,
        midsummer_day(year),
        first_weekday(date(year, 10, 31), 6),
    }
    return frozenset(fixed | moving)


@cache
def three_eves(year: int) -> frozenset[date]:
    """The eves that Act 1930:173 section 2 adds."""
    return frozenset({midsummer_day(year) - STEP, date(year, 12, 24), date(year, 12, 31)})


def midsummer_day(year: int) -> date:
    return first_weekday(date(year, 6, 20), 6)


def works(day: date, *, eves: bool) -> bool:
    if day.isoweekday() >= 6 or day in public_holidays(day.year):
        return False
    return not (eves and day in three_eves(day.year))


def period_end(anchor: date, months: int) -> date:
    """Walk until the calendar has turned *months* times and the day has the same number, or the month ends."""
    turned = 0
    for day, next_day in pairwise(days_from(anchor)):
        if turned == months and (day.day == anchor.day or next_day.day == 1):
            return day
        turned += next_day.day == 1
    raise AssertionError


def due(anchor: date, months: int, *, eves: bool) -> date:
    return next(day for day in days_from(period_end(anchor, months)) if works(day, eves=eves))


def working_days_ahead(day: date, count: int, *, eves: bool) -> date:
    """The day from which exactly *count* working days, itself among them, lie before *day*."""
    found = [back for k in range(1, 60) if works(back := day - k * STEP, eves=eves)]
    return found[count - 1]
