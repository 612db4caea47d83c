"""
Asking processors: what may be asked, what they may answer, and what an answer leads to.

A task is done only with terminal evidence. When nobody knows whether a call took effect, the outcome is
``unknown``: the same key again where the processor honours it, a question where it can be asked, else a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Literal

#: What is done with a task that is due.
Verb = Literal["send", "poll", "ask"]
#: An adapter's word for "this task has never been here": only then a question leads to sending.
NEVER_ARRIVED = "never_arrived"


class Action(StrEnum):
    """What a processor can be asked to do."""

    LOCATE = "locate"
    FREEZE = "freeze"
    EXPORT = "export"
    RECTIFY = "rectify"
    ERASE = "erase"
    RESTRICT = "restrict"
    LIFT_RESTRICTION = "lift_restriction"
    STOP_PURPOSES = "stop_purposes"
    STOP_MARKETING = "stop_marketing"
    REVIEW_DECISION = "review_decision"
    NOTIFY = "notify"


class Outcome(StrEnum):
    """What came of a task, in the processor's or a person's words."""

    COMPLETED = "completed"
    COMPLETED_PARTIAL = "completed_partial"
    NOT_FOUND = "not_found"
    RETAINED = "retained"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"
    EFFECTIVE_LATER = "effective_later"
    ACCEPTED = "accepted"
    RETRY = "retry"
    UNKNOWN = "unknown"
    FAILED = "failed"


#: A processor's word that ends a task.
TERMINAL = frozenset({Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL, Outcome.NOT_FOUND, Outcome.RETAINED})
#: A person's word that ends a task; "refused" and "failed" then stand in the answer, with the person's reason.
TERMINAL_BY_PERSON = TERMINAL | {Outcome.REFUSED, Outcome.FAILED}
#: What a processor may say in an answer or a callback.
SAYABLE = frozenset(Outcome) - {Outcome.RETRY, Outcome.UNKNOWN}


class Idempotency(StrEnum):
    """What a processor does with the same key sent twice."""

    YES = "yes"  #: one effect, the first answer again
    NO = "no"  #: a second effect
    QUERY = "query"  #: can be asked what became of a key


class AnswerMode(StrEnum):
    """How a processor's answer reaches us."""

    SYNC = "sync"
    POLL = "poll"
    CALLBACK = "callback"
    HUMAN = "human"


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"  #: due to be sent at its next instant
    SENDING = "sending"  #: an attempt row is written, the call is under way
    ACCEPTED = "accepted"  #: the processor works; callback or poll follows
    NEEDS_PERSON = "needs_person"
    CLOSED = "closed"


@dataclass(frozen=True)
class Close:
    """The task is over."""


@dataclass(frozen=True)
class Wait:
    """The processor works on it; ask again at *poll_at*, or only wait for its callback."""

    poll_at: datetime | None


@dataclass(frozen=True)
class TryAgain:
    """Send the same task under the same key once more."""

    at: datetime


@dataclass(frozen=True)
class AskProcessor:
    """Ask what became of the key before anything is sent again."""

    at: datetime


@dataclass(frozen=True)
class AskPerson:
    """Nobody but a person can tell what to do now."""

    reason: str


Consequence = Close | Wait | TryAgain | AskProcessor | AskPerson

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(hours=1)
#: After this many calls in a row without an answer a person is asked; about six hours with the longest waits.
MOST_ATTEMPTS = 18
POLL_EVERY = timedelta(seconds=30)
#: So many days before a case is due a person has what no machine has got done.
DAYS_FOR_A_PERSON = 5
#: What comes so soon delays nobody, however near the day is.
AT_ONCE = timedelta(minutes=1)
#: How long a lane rests for a quota whose end the processor did not say.
UNSAID_REST = timedelta(hours=1)
#: No processor's word lets its lane rest longer: then one call asks again.
LONGEST_LANE_REST = timedelta(days=3)
#: Codes of answers that are about all calls, not about one, where they say how long to wait.
_LANE_CODES = frozenset({"http_429", "http_503"})


def is_empty_handed(action: Action, outcome: Outcome, said: Mapping[str, Any]) -> bool:
    """
    Whether a copy is called done and no data came with it: "done" is what the person can read (R15-5, F10).

    Who holds nothing says ``not_found``; who handed the data over another way tells a person so.
    """
    if action is not Action.EXPORT or outcome not in (Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL):
        return False
    return not any(one.get("rows") for one in said.get("records") or ())


def retry_after(attempt: int, *, fraction: float, asked: timedelta | None = None) -> timedelta:
    """
    Return how long to wait before the next try: full jitter under a doubling ceiling, never less than asked.

    Args:
        attempt: Number of the attempt that failed, from 1.
        fraction: A random number in [0, 1).
        asked: What the processor's ``Retry-After`` said, if anything.
    """
    doubled: timedelta = FIRST_RETRY * 2 ** min(attempt - 1, 20)
    ceiling = min(LONGEST_RETRY, doubled)
    return max(ceiling * fraction, asked or timedelta())


def judge(
    outcome: Outcome,
    *,
    now: datetime,
    attempt: int,
    idempotency: Idempotency,
    answer_mode: AnswerMode,
    fraction: float,
    wait: timedelta | None = None,
    effective_at: datetime | None = None,
    verb: Verb = "send",
    code: str = "",
) -> Consequence:
    """
    Return what follows from a processor's answer (or from its absence).

    *attempt* counts the calls that failed in a row, this one included; *wait* is the processor's ``Retry-After``;
    *effective_at* its word for ``effective_later``; *verb* is what was done, *code* what the adapter calls the answer.
    """
    if outcome in TERMINAL:
        return Close()
    if outcome is Outcome.ACCEPTED:
        polls = answer_mode is AnswerMode.POLL
        return Wait(poll_at=now + max(wait or POLL_EVERY, FIRST_RETRY) if polls else None)
    if outcome is Outcome.EFFECTIVE_LATER:
        if effective_at is None or idempotency is Idempotency.NO or attempt >= MOST_ATTEMPTS:
            return AskPerson("effective_later")
        return TryAgain(max(effective_at, now + retry_after(max(1, attempt), fraction=fraction) + FIRST_RETRY))
    if outcome in (Outcome.REFUSED, Outcome.AMBIGUOUS, Outcome.FAILED):
        return AskPerson(outcome.value)
    if attempt >= MOST_ATTEMPTS:
        return AskPerson("no_answer")
    pause = retry_after(max(1, attempt), fraction=fraction, asked=wait)
    if verb != "send" and code != NEVER_ARRIVED:
        # A look that failed tells nothing of what was sent before: one looks again, and sends nothing on it.
        return Wait(now + pause) if verb == "poll" else AskProcessor(now + pause)
    if outcome is Outcome.RETRY:
        return TryAgain(now + pause)
    match idempotency:  # unknown: it may have taken effect
        case Idempotency.YES:
            return TryAgain(now + pause)
        case Idempotency.QUERY:
            return AskProcessor(now + pause)
        case Idempotency.NO:
            return AskPerson("unknown")


def latest_try(due_on: date, zone: tzinfo) -> datetime:
    """The instant from which on a try of a case due on *due_on* is too late: five whole days are a person's."""
    return datetime.combine(due_on - timedelta(days=DAYS_FOR_A_PERSON - 1), time(), tzinfo=zone)


def due_too_soon(next_try: datetime, zone: tzinfo) -> date:
    """The last due day for which *next_try* is too late; the other way round of :func:`latest_try`."""
    return next_try.astimezone(zone).date() + timedelta(days=DAYS_FOR_A_PERSON - 1)


def in_time(consequence: Consequence, *, now: datetime, latest: datetime | None) -> Consequence:
    """
    A person now, where the next try or look would leave a person too little time.

    Args:
        latest: From :func:`latest_try`; None where no statutory day depends on the task.
    """
    at = consequence.poll_at if isinstance(consequence, Wait) else getattr(consequence, "at", None)
    if latest is None or at is None or at < latest or at <= now + AT_ONCE:
        return consequence
    return AskPerson("deadline_near")


def lane_rest(outcome: Outcome, code: str, wait: timedelta | None) -> timedelta | None:
    """
    How long nothing more is sent to a processor after what it said to one call; None: it said nothing of the kind.

    A used-up quota ("quota", or 429 and 503 with their ``Retry-After``) is everybody's who calls there, so the tasks
    behind are not sent into it one by one.
    """
    if outcome is not Outcome.RETRY or not (code == "quota" or (wait and code in _LANE_CODES)):
        return None
    return min(wait or UNSAID_REST, LONGEST_LANE_REST)
