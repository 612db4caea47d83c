"""
How long data may be kept: the rules a profile may state, read and evaluated.

A rule is one line of text, because a lawyer writes it and a person reads it:

=============================  ==================================================================
``relationship_end+P12M``      twelve months after the contract ended
``event+P12M``                 twelve months after the alarm event
``recording+P2M``              two months after the recording was made
``collected+P12M -> ARCHIVE``  moved to an archive after twelve months: *no end is known*
``BFL 7:2``                    31 December of the year in which the financial year ended, plus 7
``until_unsubscribe``          as long as a condition holds, which somebody has to look after
=============================  ==================================================================

The end of a retention period is never rolled over a weekend or a holiday: the
rolling rule is for acts of a person, and erasing is done by a machine.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from app.domain.errors import DomainError

BOOKKEEPING_YEARS = 7  # bokföringslagen (1999:1078) 7 kap. 2 §
BOOKKEEPING_HOLD = "BFL_7_2"

_PERIOD = re.compile(
    r"(?P<anchor>[a-z_]+)\+P(?=\d)(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<days>\d{1,5})D)?"
    r"(?P<archive> -> ARCHIVE)?"
)
_BOOKKEEPING = re.compile(r"BFL 7:2(?: \(.*\))?|fiscal_year_end\+P7Y@dec31")
_CONDITION = re.compile(r"until_(?P<condition>[a-z][a-z0-9_]*)")


class RetentionRuleNotUnderstood(DomainError):
    """The retention rule is not written in a form this service knows."""


class Anchor(StrEnum):
    """What a period is counted from."""

    RELATIONSHIP_END = "relationship_end"
    EVENT = "event"
    RECORDING = "recording"
    COLLECTED = "collected"
    FISCAL_YEAR_END = "fiscal_year_end"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """
    One rule, read. ``archives`` means the data live on after the period; ``hold`` is the law that sets it.

    Exactly one of a period (years, months, days) and a ``condition`` is meant.
    """

    text: str
    anchor: Anchor
    years: int = 0
    months: int = 0
    days: int = 0
    to_year_end: bool = False
    archives: bool = False
    condition: str | None = None
    hold: str | None = None

    @property
    def has_known_end(self) -> bool:
        """Whether a last day follows from the rule as soon as its anchor is known."""
        return not self.archives and self.condition is None


@dataclass(frozen=True, slots=True)
class RetentionFacts:
    """
    The days a rule may count from, all civil dates in the controller's time zone; None where it has not happened.

    ``conditions_ended`` holds the day on which a condition (``unsubscribe``, ...) came true.
    """

    relationship_ended_on: date | None = None
    event_on: date | None = None
    recorded_on: date | None = None
    collected_on: date | None = None
    fiscal_year_ended_on: date | None = None
    conditions_ended: Mapping[str, date] = field(default_factory=dict)


def parse_rule(text: str) -> RetentionRule:
    """
    Read one rule.

    Raises:
        RetentionRuleNotUnderstood: If *text* is none of the forms in this module's table.
    """
    written = " ".join(text.split())
    if _BOOKKEEPING.fullmatch(written):
        return RetentionRule(
            text=written,
            anchor=Anchor.FISCAL_YEAR_END,
            years=BOOKKEEPING_YEARS,
            to_year_end=True,
            hold=BOOKKEEPING_HOLD,
        )
    if found := _CONDITION.fullmatch(written):
        return RetentionRule(text=written, anchor=Anchor.CONDITION, condition=found["condition"])
    found = _PERIOD.fullmatch(written)
    if found is None or found["anchor"] not in set(Anchor) - {Anchor.CONDITION}:
        raise RetentionRuleNotUnderstood(f"The retention rule '{written}' is not understood.")
    return RetentionRule(
        text=written,
        anchor=Anchor(found["anchor"]),
        years=int(found["years"] or 0),
        months=int(found["months"] or 0),
        days=int(found["days"] or 0),
        archives=found["archive"] is not None,
    )


def ends_on(*, rule: RetentionRule, facts: RetentionFacts) -> date | None:
    """
    Return the last day on which the data may be kept; erasing is due on the day after.

    None means that no end is known: the anchor has not happened yet, or the
    rule only moves the data to an archive, which ends nothing.

    Sources:
        GDPR Art. 5(1)(e); bokföringslagen (1999:1078) 7 kap. 2 §.
    """
    return None if rule.archives else _period_end(rule, facts)


def archived_on(*, rule: RetentionRule, facts: RetentionFacts) -> date | None:
    """
    Return the day on which the data move to the archive, None for a rule that has none.

    Archived data are still processed: access and erasure reach them (GDPR Art. 15, 17).
    """
    return _period_end(rule, facts) if rule.archives else None


def fiscal_year_end(*, day: date, closes: tuple[int, int] = (12, 31)) -> date:
    """
    Return the end of the financial year that *day* lies in.

    Args:
        day: The day of the business event, for example of an invoice.
        closes: Month and day on which the controller's financial year ends; a day
            the month lacks (29 February) means the last day it has.
    """
    this_year = _clamped(day.year, *closes)
    return this_year if day <= this_year else _clamped(day.year + 1, *closes)


def later(day: date, *, years: int = 0, months: int = 0) -> date:
    """The same date so much later, or the last day its month has; never rolled over a weekend or holiday."""
    total = day.year * 12 + day.month - 1 + years * 12 + months
    return _clamped(total // 12, total % 12 + 1, day.day)


def _period_end(rule: RetentionRule, facts: RetentionFacts) -> date | None:
    anchor = _anchor_day(rule, facts)
    if anchor is None or rule.condition is not None:
        return anchor
    end = later(anchor, years=rule.years, months=rule.months) + timedelta(days=rule.days)
    return date(end.year, 12, 31) if rule.to_year_end else end


def _anchor_day(rule: RetentionRule, facts: RetentionFacts) -> date | None:
    match rule.anchor:
        case Anchor.RELATIONSHIP_END:
            return facts.relationship_ended_on
        case Anchor.EVENT:
            return facts.event_on
        case Anchor.RECORDING:
            return facts.recorded_on
        case Anchor.COLLECTED:
            return facts.collected_on
        case Anchor.FISCAL_YEAR_END:
            return facts.fiscal_year_ended_on
        case Anchor.CONDITION:
            return facts.conditions_ended.get(rule.condition or "")


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
