"""
A recipient without an API: when it is reminded, how it proves that it reads the registered mailbox, what it may say.

The page's address comes by mail, so whoever has the mail has the address. What opens the page is a code that is sent,
on demand, to the registered mailbox and nowhere else. OWASP ASVS 5.0: 6.5.1 used once, 6.5.4 at least 20 bits,
6.6.2 bound to the task, 6.6.3 rate-limited, 7.3.2 a session ends.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.domain.answers import RULES
from app.domain.erasure_answers import NO_EXCEPTION
from app.domain.errors import DomainError
from app.domain.fanout import Action, Outcome
from app.domain.holds import HOLDS

#: How long a code lives. Mail is slower than a text message: a greylisting server opens after some minutes.
CODE_LIVES = timedelta(minutes=20)
#: How often a code may be tried, and how many a task gets within :data:`WINDOW`: 25 guesses at 10^8 a day.
MOST_TRIES, CODES_PER_TASK = 5, 5
WINDOW = timedelta(hours=24)
#: How long a page stays open. It is not prolonged: a machine left alone closes it by itself.
SESSION_LIVES = timedelta(minutes=60)

#: Days after the first mail, and days before the answer is due, on which a recipient is reminded.
REMINDER_DAYS, DAYS_BEFORE = (7, 14), 2
MOST_REMINDERS, LONGEST_REMINDER = 6, 90
#: Mails go out in the morning (UTC), not at midnight.
_MORNING = time(7)

_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
LONGEST_MESSAGE = 2_000
#: What a recipient may say that it keeps data by; which of them reach, the controller decides.
LAWS = HOLDS - NO_EXCEPTION


class PageAnswerNotUnderstood(DomainError):
    """What was said on the page is not an answer to the task."""

    def __init__(self, what: str = "") -> None:
        super().__init__()
        self.what = what  #: a word of ours: which field it is about


def is_address(value: object) -> bool:
    """Whether *value* is a plain mail address, as a registration may hold it."""
    return isinstance(value, str) and len(value) <= 254 and _ADDRESS.fullmatch(value) is not None


def next_reminder(
    now: datetime, *, first: datetime, answer_by: date, days: Sequence[int], before: int
) -> datetime | None:
    """
    When a recipient that was mailed at *first* is reminded next; None: not any more before the answer is due.

    Args:
        days: After how many days.
        before: How many days before the answer is due it is reminded for the last time; 0: not at all.
    """
    last = datetime.combine(answer_by - timedelta(days=before), _MORNING, tzinfo=UTC)
    planned = [first + timedelta(days=one) for one in days] + ([last] if before and last > first else [])
    end = datetime.combine(answer_by, time(), tzinfo=UTC)
    return min((at for at in planned if now < at < end), default=None)


@dataclass(frozen=True, kw_only=True)
class Code:
    """A code as it stands."""

    expires_at: datetime
    tries: int
    used: bool


def may_be_tried(code: Code, *, now: datetime) -> bool:
    """Whether a guess still counts."""
    return not code.used and now < code.expires_at and code.tries < MOST_TRIES


#: What a recipient may answer, by a button; for a search there are two.
ANSWERS = ("completed", "completed_partial", "not_found", "retained", "refused")
_NEEDS_MESSAGE = frozenset({"completed_partial", "refused"})


def answers_to(action: Action) -> tuple[str, ...]:
    """
    The answers there are buttons for: no law keeps anything but from being erased, and marketing stops whole.

    What is done in part otherwise has a button too, for it is the truth; a person reads it.
    """
    rule = RULES[action]
    offered = [one for one in ANSWERS if one != "retained" or Outcome.RETAINED in rule.ends]
    return tuple(one for one in offered if one != "completed_partial" or action is not Action.STOP_MARKETING)


def read_answer(said: Mapping[str, str], *, action: Action, categories: Sequence[str]) -> dict[str, Any]:
    """
    An answer of the page as an outcome object; plain words of ours, never what else was sent along.

    Raises:
        PageAnswerNotUnderstood: No such answer for this action, or it lacks what it needs (``what`` says which).
    """
    outcome = said.get("outcome", "")
    if outcome not in answers_to(action):
        raise PageAnswerNotUnderstood("outcome")
    message = " ".join("".join(one if one.isprintable() else " " for one in said.get("message", "")).split())
    if len(message) > LONGEST_MESSAGE:
        raise PageAnswerNotUnderstood("message")
    needs_words = outcome in _NEEDS_MESSAGE or (action is Action.REVIEW_DECISION and outcome == "completed")
    if needs_words and not message:
        raise PageAnswerNotUnderstood("message")
    answer: dict[str, Any] = {"outcome": outcome, "evidence": {"by": "page"}}
    if message:
        answer["message"] = message
    if outcome == "refused":
        answer["reason"] = "said_on_page"
    if outcome == "retained" or (outcome == "completed_partial" and said.get("law")):
        answer["retained"] = [_retained(said, categories)]
    if action is Action.LOCATE and outcome in ("completed", "completed_partial"):
        answer["found_categories"] = list(categories)
    return answer


def _retained(said: Mapping[str, str], categories: Sequence[str]) -> dict[str, str]:
    category, law, until = said.get("category", ""), said.get("law", ""), said.get("until", "")
    if category not in categories:
        raise PageAnswerNotUnderstood("category")
    if law not in LAWS:
        raise PageAnswerNotUnderstood("law")
    try:
        date.fromisoformat(until)
    except ValueError:
        raise PageAnswerNotUnderstood("until") from None
    return {"category": category, "law": law, "until": until}
