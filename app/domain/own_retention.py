"""
How long we keep what we ourselves hold of a request: contents, case file, counts. Pure.

====================  =============================================================================================
contents              what processors exported and the package made of it: 30 days after release, or after closing
                      where nothing was released. Destroyed with their own key, so a copy of the database holds
                      nothing readable of them either
case file             who asked, when, what was decided and why, letters: ``case_file_months`` after closing, and as
                      long as a restriction that came from it holds, for its end has to be told (Art. 18(3))
counts                how many ended how, in which month: for good; nobody in particular
audit chain           for good: ids, codes and dates, which belong to nobody once the rest is gone
====================  =============================================================================================

It does not matter how a request ended: withdrawn, refused, forwarded, stopped, not identified or granted, it is closed
and its time runs. Sources: GDPR Art. 5(1)(e), 5(2), 17(1)(a); CEF 2024 (F27): request files are kept too long, and
bookkeeping periods are not theirs.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.working_days import months_later

#: How long a package waits for the person.
PACKAGE_DAYS = 30
#: Months after closing; no source sets one (law.md E).
DEFAULT_CASE_FILE_MONTHS = 24
#: Shorter than the time in which a complaint usually comes would leave us without an answer to it; longer is what the
#: authorities found wrong (F27), and far below the seven years of bookkeeping.
LEAST_CASE_FILE_MONTHS, MOST_CASE_FILE_MONTHS = 6, 60


def package_until(released_at: datetime) -> datetime:
    """When a released package goes, fetched or not."""
    return released_at + timedelta(days=PACKAGE_DAYS)


def contents_until(*, closed_at: datetime | None, released_at: datetime | None) -> datetime | None:
    """
    When exported data and package go; None while the request is open, for its letters are written from them.

    A package nobody ever released goes as well.
    """
    if closed_at is None:
        return None
    return max(closed_at, package_until(released_at)) if released_at else package_until(closed_at)


def case_file_until(closed_on: date, *, months: int) -> date:
    """The last day on which the case file is kept; no weekend or holiday moves it."""
    return months_later(closed_on, months)


def last_closing_day_over(today: date, *, months: int) -> date:
    """
    The latest closing day whose case files are over by *today*.

    Shorter months are clamped (closed on 31 August is kept to 28 February), so this is found, not reckoned back.
    """
    day = months_later(today, -months)
    while case_file_until(day, months=months) >= today:
        day -= timedelta(days=1)
    while case_file_until(day + timedelta(days=1), months=months) < today:
        day += timedelta(days=1)
    return day


@dataclass(frozen=True)
class Counted:
    """One line of what is left: a right and how it ended, or a request as such (``*``)."""

    month: date
    right: str
    outcome: str
    in_time: bool


#: The request as such among what is counted.
ALL = "*"


def counted(*, closed_on: date, due_on: date, outcomes: list[tuple[str, str]]) -> list[Counted]:
    """What a closed request leaves behind: itself once, and each claim by right and outcome."""
    month, in_time = closed_on.replace(day=1), closed_on <= due_on
    return [Counted(month, right, outcome, in_time) for right, outcome in [(ALL, ALL), *outcomes]]
