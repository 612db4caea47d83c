"""
What a case's own clock asks for: an extension that takes effect or lapses, alarms before the due date and after it.

Level-triggered like the rest of the process: from what is written about the case and the day it is, so a worker that
was down, or a clock that was moved, misses nothing. Alarms belong to the due date they were raised for; a case whose
date has moved is watched anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from app.domain.extension import PENDING, ExtensionState


class Alarm(StrEnum):
    """What staff must not overlook."""

    DUE_IN_10 = "due_in_10"
    DUE_IN_5 = "due_in_5"
    DUE_IN_1 = "due_in_1"
    OVERDUE = "overdue"
    EXTENSION_LAPSED = "extension_lapsed"
    REFUSAL_LATE = "refusal_late"  #: the no was told later than a month after receipt (GDPR Art. 12(4))
    LATER_DATE_POSSIBLE = "later_date_possible"  #: a new holiday table would give a later date, if a person says so


#: Working days ahead (negative), the least urgent first; the day after the due date is the breach (F05).
WORKING_DAYS: Mapping[Alarm, int] = {Alarm.DUE_IN_10: -10, Alarm.DUE_IN_5: -5, Alarm.DUE_IN_1: -1, Alarm.OVERDUE: 1}


@dataclass(frozen=True)
class RaiseAlarm:
    """Tell staff."""

    alarm: Alarm


@dataclass(frozen=True)
class TakeExtension:
    """Let a claimed extension take effect: the person was told in time."""


@dataclass(frozen=True)
class LapseExtension:
    """Give up an extension of which the person was not told in time; the due date stands."""


ClockAct = RaiseAlarm | TakeExtension | LapseExtension


@dataclass(frozen=True, kw_only=True)
class CaseClock:
    """
    What is written of a case's clock. Civil dates in the controller's time zone.

    ``alarm_days`` are the first days of each alarm for the date that binds; ``raised`` those raised for it.
    """

    extension: ExtensionState | None = None
    notice_sent_on: date | None = None  #: the day the letter of extension was out
    alarm_days: Mapping[Alarm, date] = field(default_factory=dict)
    raised: frozenset[Alarm] = frozenset()
    refusal_due_on: date | None = None  #: GDPR Art. 12(4) knows no extension
    refusal_sent_on: date | None = None


def due(clock: CaseClock, *, due_on: date, today: date) -> Iterator[ClockAct]:
    """What the clock asks for *today*; nothing of it twice."""
    if takes_effect(clock, due_on=due_on):
        yield TakeExtension()
        return  # the alarms of the new date are not those of the old one
    if clock.extension in PENDING and today > due_on:
        yield LapseExtension()
    yield from _alarm(clock, today)
    if is_refusal_late(clock) and Alarm.REFUSAL_LATE not in clock.raised:
        yield RaiseAlarm(Alarm.REFUSAL_LATE)


def takes_effect(clock: CaseClock, *, due_on: date) -> bool:
    """Whether the person was told of a claimed extension on or before the day it extends (GDPR Art. 12(3), F06)."""
    told = clock.notice_sent_on
    return clock.extension is ExtensionState.CLAIMED and told is not None and told <= due_on


def is_refusal_late(clock: CaseClock) -> bool:
    """Whether a no was told after the day on which it was due, extended or not (GDPR Art. 12(4))."""
    if clock.refusal_sent_on is None or clock.refusal_due_on is None:
        return False
    return clock.refusal_sent_on > clock.refusal_due_on


def _alarm(clock: CaseClock, today: date) -> Iterator[ClockAct]:
    """The most urgent alarm whose day has come; those it overtook would say what is no longer so."""
    come = [alarm for alarm in WORKING_DAYS if alarm in clock.alarm_days and clock.alarm_days[alarm] <= today]
    if come and come[-1] not in clock.raised:
        yield RaiseAlarm(come[-1])


def next_alarm_on(clock: CaseClock, *, today: date) -> date | None:
    """The next day on which an alarm comes of itself; None after the last."""
    return min((day for day in clock.alarm_days.values() if day > today), default=None)
