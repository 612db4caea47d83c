"""
Sweden's working days, in the two readings a deadline is shown in.

The holidays come from the ``holidays`` package, whose tables change with its version; the version is
therefore part of the calendar and of every deadline computed with it. A year is built when first asked
for and kept.
"""

import re
from datetime import date
from functools import cache
from importlib.metadata import version

from holidays import country_holidays
from holidays.constants import DE_FACTO, PUBLIC

from app.domain.working_days import Calendar, DayOff, Variant

_CATEGORIES: dict[Variant, tuple[str, ...]] = {"strict": (PUBLIC,), "eves": (PUBLIC, DE_FACTO)}
_LAWS: dict[Variant, tuple[str, ...]] = {
    "strict": ("Lag (1989:253) 1–2 §§",),
    # The act that adds the three eves to national periods; whether it reaches this one is an open question.
    "eves": ("Lag (1989:253) 1–2 §§", "Lag (1930:173) 2 §"),
}


@cache
def sweden(variant: Variant) -> Calendar:
    """Return Sweden's calendar; the same object each time, so that its years are built once."""

    def holiday_on(day: date) -> DayOff | None:
        return _year(variant, day.year).get(day)

    return Calendar(
        variant=variant,
        source=f"holidays {version('holidays')} SE {'+'.join(_CATEGORIES[variant])}",
        laws=_LAWS[variant],
        holiday_on=holiday_on,
    )


@cache
def _year(variant: Variant, year: int) -> dict[date, DayOff]:
    swedish, english = (
        # Plain Sundays stay out: the domain knows them, and with them every holiday would be called one.
        country_holidays(
            "SE",
            years=year,
            expand=False,
            language=language,
            categories=_CATEGORIES[variant],
            include_sundays=False,
        )
        for language in ("sv", "en_US")
    )
    return {day: DayOff(_code(name), swedish[day], name) for day, name in english.items()}


def _code(english_name: str) -> str:
    """``"New Year's Day"`` → ``new_years_day``: stays the same when a translation is reworded."""
    return re.sub(r"[^a-z0-9]+", "_", english_name.lower().replace("'", "")).strip("_")
