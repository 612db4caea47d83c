"""
When an answer is due, and why on that day.

One month from receipt, three if extended, counted as Regulation (EEC, Euratom) 1182/71 counts: the day
of receipt stands outside the period, a month without that day ends it on its last day, and a period never
ends on a Saturday, a Sunday or a public holiday. The result explains itself, so that what staff see, what
a letter says and what an alarm acts on are the same object. Nothing here reads a clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from app.domain.errors import DomainError
from app.domain.working_days import Calendar, CalendarUsed, RolledDay, months_later

ANSWER_WITHIN_MONTHS = 1
EXTENDED_TO_MONTHS = 3  # from the day of receipt, not two more months from an already rolled or clamped day
ASK_WITHIN_DAYS = 7
INTERNAL_TARGET_WORKING_DAYS = -5
ALARM_WORKING_DAYS = (-10, -5, -1)

YEARS = range(2000, 2200)  # anything outside is a slip of the keyboard, and would run off the end of time

SOURCES = (
    "GDPR Art. 12(3)",
    "GDPR Art. 12(4)",
    "Regulation 1182/71 Art. 3(1)",
    "Regulation 1182/71 Art. 3(2)(c)",
    "Regulation 1182/71 Art. 3(4)",
)
SUSPENSION_SOURCES = ("EDPB Guidelines 01/2022 para 159", "IMY-2022-9442")

_ONE_DAY = timedelta(days=1)


class TimeZoneMissing(DomainError):
    """The time has no time zone, so it cannot be told which day it falls on."""


class TimeZoneUnknown(DomainError):
    """The time zone is not known."""


class DayOutOfRange(DomainError):
    """The date lies too far in the past or in the future to be meant."""


class AskedBeforeReceipt(DomainError):
    """The question to the person is dated before the request was received."""


class AnsweredBeforeAsked(DomainError):
    """The person's answer is dated before the question."""


SuspensionReason = Literal["identity", "clarification"]
SuspensionState = Literal["ongoing", "counted", "refused"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspension:
    """
    A question to the person without whose answer the request could not be worked on.

    Both days are civil dates in the controller's time zone (:func:`civil_date`); ``answered_on`` is None
    while the answer is awaited. No other reason than these two suspends anything.
    """

    asked_on: date
    answered_on: date | None
    reason: SuspensionReason


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedSuspension:
    """
    A suspension and what it does to the due date.

    ``elapsed_days`` run from receipt to question, ``days`` from question to answer. ``carry_over_on`` and
    ``resume_on`` are the due dates (rolled) the two methods would give if this were the only suspension;
    they are shown where it was refused too, and are None while the answer is awaited.
    """

    asked_on: date
    answered_on: date | None
    reason: SuspensionReason
    state: SuspensionState
    allowed: bool
    reason_if_refused: str | None
    elapsed_days: int
    days: int | None
    carry_over_on: date | None
    resume_on: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """
    A due date with everything that led to it. Field names are the wire names; dates are civil dates in
    ``timezone`` and mean the whole day.

    ``due_on`` is the date without extension, ``binding_on`` the one that applies; the target, the alarms
    and ``breach_on`` belong to the latter. ``late_from`` is the first instant that is too late. The eves'
    dates are for show: nothing may be timed by them.
    """

    anchor: date
    nominal_on: date
    due_on: date
    rolled: tuple[RolledDay, ...]
    nominal_extended_on: date
    extended_due_on: date
    rolled_extended: tuple[RolledDay, ...]
    extended: bool
    binding_on: date
    late_from: datetime
    breach_on: date
    internal_target_on: date
    alarms_on: Mapping[int, date] = field(hash=False)  # working days ahead (negative) → day
    answer_by_extension_notice: date
    refusal_notice_due_on: date  # Art. 12(4) knows no extension
    due_without_suspension_on: date
    suspensions: tuple[JudgedSuspension, ...]
    due_on_eves: date
    extended_due_on_eves: date
    calendar: CalendarUsed
    timezone: str
    sources: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the object as JSON has it: dates and times as ISO 8601 strings, tuples as lists."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}


def explain(
    *,
    received_at: datetime,
    calendar: Calendar,
    eves_calendar: Calendar,
    zone: ZoneInfo | str,
    extended: bool = False,
    suspensions: Iterable[Suspension] = (),
) -> Deadline:
    """
    Return when a request must be answered, with the whole reckoning.

    An unanswered question moves nothing: the date stands where it stood until the answer is in, and only
    then may it become a later one.

    Args:
        received_at: When the request reached the controller by any channel, with any UTC offset.
        calendar: The working days that decide.
        eves_calendar: The same with the three eves, for show.
        zone: The controller's time zone; it decides which day the request arrived on.
        extended: Whether the two further months were claimed, with reasons and in time.
        suspensions: Questions put to the person, in any order.

    Raises:
        TimeZoneMissing, TimeZoneUnknown, DayOutOfRange, AskedBeforeReceipt, AnsweredBeforeAsked.

    Sources:
        GDPR Art. 12(3)-(4); Regulation (EEC, Euratom) 1182/71 Art. 3(1), (2)(c), (4); EDPB Guidelines
        01/2022 paras 157-164; IMY-2022-9442 for the arithmetic of a suspension.
    """
    place = _zone(zone)
    anchor = civil_date(received_at, zone=place)
    judged = tuple(_judged(one, anchor, calendar) for one in sorted(suspensions, key=_by_day))
    counted = [one for one in judged if one.state == "counted"]
    reckoning = _reckon(anchor, [(one.asked_on, one.answered_on) for one in counted if one.answered_on])
    nominal = min(reckoning.carry_over, reckoning.resume)
    nominal_extended = months_later(anchor, EXTENDED_TO_MONTHS) + timedelta(days=reckoning.days)
    due, rolled = calendar.roll(nominal)
    extended_due, rolled_extended = calendar.roll(nominal_extended)
    binding = extended_due if extended else due
    return Deadline(
        anchor=anchor,
        nominal_on=nominal,
        due_on=due,
        rolled=rolled,
        nominal_extended_on=nominal_extended,
        extended_due_on=extended_due,
        rolled_extended=rolled_extended,
        extended=extended,
        binding_on=binding,
        late_from=datetime.combine(binding + _ONE_DAY, time(), place),
        breach_on=binding + _ONE_DAY,
        internal_target_on=calendar.add_working_days(binding, INTERNAL_TARGET_WORKING_DAYS),
        alarms_on={ahead: calendar.add_working_days(binding, ahead) for ahead in ALARM_WORKING_DAYS},
        answer_by_extension_notice=due,
        refusal_notice_due_on=due,
        due_without_suspension_on=calendar.roll(months_later(anchor, ANSWER_WITHIN_MONTHS))[0],
        suspensions=judged,
        due_on_eves=eves_calendar.roll(nominal)[0],
        extended_due_on_eves=eves_calendar.roll(nominal_extended)[0],
        calendar=calendar.used,
        timezone=place.key,
        sources=SOURCES + calendar.laws + (SUSPENSION_SOURCES if judged else ()),
    )


def is_late(deadline: Deadline, now: datetime) -> bool:
    """
    Return whether an answer given at *now* (aware, any offset) is too late.

    The bound is exclusive: the last microsecond of the due day is in time, midnight is not.

    Raises:
        TimeZoneMissing: If *now* has no UTC offset.
    """
    _require_offset(now)
    return now >= deadline.late_from


def answer_by(*, deadline_on: date, today: date, calendar: Calendar) -> date:
    """
    Return the day a processor is asked to answer by, so that the controller can still answer in time.

    Ten working days before the case is due. Where that is too soon to be fair, two working days from today;
    but one working day is always left to the controller, and that outweighs fairness. A day already gone
    is never asked for: in a case that far on the answer is wanted today.
    """
    wished = calendar.add_working_days(deadline_on, -10)
    fair = calendar.add_working_days(today, 2)
    last = calendar.add_working_days(deadline_on, -1)
    return max(min(max(wished, fair), last), today)


def civil_date(moment: datetime, *, zone: ZoneInfo | str) -> date:
    """
    Return the day it is in *zone* at *moment*.

    Raises:
        TimeZoneMissing: If *moment* has no UTC offset.
        TimeZoneUnknown: If there is no such *zone*.
        DayOutOfRange: If the year cannot be meant.
    """
    _require_offset(moment)
    _require_plausible(moment)
    return moment.astimezone(_zone(zone)).date()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reckoning:
    days: int  # on which the clock stood still
    carry_over: date
    resume: date


def _reckon(anchor: date, stops: Iterable[tuple[date, date]]) -> _Reckoning:
    """
    Measure the two methods over any number of stops (question, answer); without one both give the month.

    Carry-over adds the days on which the clock stood still. IMY lets a new month run from the answer and
    takes off the days already used. Neither is always the earlier, so the caller takes the earlier of both.
    With several stops a day is counted once however many questions were open, the month runs from the last
    answer, and the days used are those on which nothing was open. The law is silent on that case; this is
    what the rule for one stop gives where two touch, and it grants no day twice.
    """
    stood_still: set[int] = set()
    last = anchor
    for asked_on, answered_on in stops:
        stood_still.update(range(asked_on.toordinal(), answered_on.toordinal()))
        last = max(last, answered_on)
    days = len(stood_still)
    used = (last - anchor).days - days
    return _Reckoning(
        days=days,
        carry_over=months_later(anchor, ANSWER_WITHIN_MONTHS) + timedelta(days=days),
        resume=months_later(last, ANSWER_WITHIN_MONTHS) - timedelta(days=used),
    )


def _judged(one: Suspension, anchor: date, calendar: Calendar) -> JudgedSuspension:
    elapsed = (one.asked_on - anchor).days
    if elapsed < 0:
        raise AskedBeforeReceipt
    days = carry_over = resume = None
    if one.answered_on is not None:
        if one.answered_on < one.asked_on:
            raise AnsweredBeforeAsked
        _require_plausible(one.answered_on)
        days = (one.answered_on - one.asked_on).days
        alone = _reckon(anchor, [(one.asked_on, one.answered_on)])
        carry_over, resume = calendar.roll(alone.carry_over)[0], calendar.roll(alone.resume)[0]
    allowed = elapsed <= ASK_WITHIN_DAYS
    state: SuspensionState = "refused" if not allowed else "ongoing" if days is None else "counted"
    return JudgedSuspension(
        asked_on=one.asked_on,
        answered_on=one.answered_on,
        reason=one.reason,
        state=state,
        allowed=allowed,
        reason_if_refused=None if allowed else "asked_too_late",
        elapsed_days=elapsed,
        days=days,
        carry_over_on=carry_over,
        resume_on=resume,
    )


def _by_day(one: Suspension) -> tuple[date, date, str]:
    return one.asked_on, one.answered_on or date.max, one.reason


def _zone(zone: ZoneInfo | str) -> ZoneInfo:
    if isinstance(zone, ZoneInfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # not found, not a name, a folder of names
        raise TimeZoneUnknown from None


def _require_offset(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise TimeZoneMissing


def _require_plausible(day: date) -> None:
    if day.year not in YEARS:
        raise DayOutOfRange


def _plain(value: object) -> Any:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value
