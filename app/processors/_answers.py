"""
Reading what a processor says. It is hostile input: checked for shape and size before it is believed.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from app.domain.errors import DomainError
from app.domain.fanout import SAYABLE, Outcome
from app.domain.plain_json import is_plain, once_each
from app.processors._port import Answer

#: No answer is larger than this; an export that is belongs into files.
MOST_BYTES = 4 * 1024 * 1024
#: Deeper JSON than this is nobody's honest answer.
MOST_DEPTH = 12
LONGEST_WAIT = timedelta(days=3)
#: A recipient's words are for people to read; what comes after so many signs nobody does.
LONGEST_WORDS = 2_000
#: No law keeps anything beyond this year, and nothing takes effect outside of these.
LAST_YEAR = 2199
FIRST_YEAR = 2000
#: No records of anybody's reach over more financial years.
MOST_YEARS = 100

_LAW = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
#: The three spellings of an HTTP-date: one to send, two of old.
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
    r"|[A-Z][a-z]{5,8}, [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}"
)
_CONTRACTS = ("active", "ended", "none")


class AnswerNotUnderstood(DomainError):
    """The processor's answer does not have the agreed shape."""


def parse_json(raw: bytes) -> dict[str, Any]:
    """
    The JSON object in *raw*.

    Raises:
        AnswerNotUnderstood: Too large or too deep, no object, a field twice, or text and numbers that cannot be kept.
    """
    if len(raw) > MOST_BYTES:
        raise AnswerNotUnderstood("The answer is larger than agreed.")
    try:
        value = json.loads(raw, parse_constant=_refuse, object_pairs_hook=once_each)
    except (ValueError, RecursionError):
        raise AnswerNotUnderstood from None
    if not isinstance(value, dict) or not is_plain(value, deepest=MOST_DEPTH):
        raise AnswerNotUnderstood
    return value


def _refuse(_constant: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def read_outcome(body: Mapping[str, Any], *, code: str) -> Answer:
    """
    Turn an outcome object into an answer.

    Raises:
        AnswerNotUnderstood: Unknown outcome, or a part of the wrong shape (texts, evidence, records, retained,
            instants).
    """
    try:
        outcome = Outcome(body.get("outcome", ""))
    except ValueError:
        raise AnswerNotUnderstood("The outcome is not one of the agreed words.") from None
    if outcome not in SAYABLE:
        raise AnswerNotUnderstood("The outcome is not one a processor gives.")
    _check_texts(body, "message", "reason")
    evidence = body.get("evidence", {})
    if not isinstance(evidence, dict):
        raise AnswerNotUnderstood("evidence must be an object.")
    _check_texts(evidence, "method", "receipt", "at")
    for name in ("found_categories", "erased_categories"):
        _check_categories(body.get(name, []), name)
    _check_records(body.get("records", []))
    _check_retained(body.get("retained", []), outcome)
    _check_facts(body.get("facts", {}))
    effective_at = _instant(body.get("effective_at"))
    if outcome is Outcome.EFFECTIVE_LATER and effective_at is None:
        raise AnswerNotUnderstood("'effective_later' says when, in effective_at.")
    return Answer(outcome=outcome, code=code, body=_bounded(body), effective_at=effective_at)


def _bounded(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer with its words cut to what somebody reads; one too long is no reason to ask for everything again."""
    long = [name for name in ("message", "reason") if len(body.get(name) or "") > LONGEST_WORDS]
    return {**body, **{name: body[name][: LONGEST_WORDS - 1] + "…" for name in long}} if long else body


def _check_texts(part: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not isinstance(part.get(name), str | None):
            raise AnswerNotUnderstood(f"{name} must be text.")


def _check_categories(named: object, name: str) -> None:
    if not (named is None or (isinstance(named, list) and all(isinstance(one, str) for one in named))):
        raise AnswerNotUnderstood(f"{name} must be a list of categories.")


def _check_records(records: object) -> None:
    if not isinstance(records, list):
        raise AnswerNotUnderstood("records must be a list.")
    for record in records:
        if not (isinstance(record, dict) and isinstance(record.get("category"), str)):
            raise AnswerNotUnderstood("Each record names its category.")
        rows = record.get("rows", [])
        if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            raise AnswerNotUnderstood("rows must be a list of objects.")
        _check_texts(record, "description")
        _check_disclosures(record.get("disclosures", []))


def _check_disclosures(disclosures: object) -> None:
    if not isinstance(disclosures, list):
        raise AnswerNotUnderstood("disclosures must be a list.")
    for one in disclosures:
        if not (isinstance(one, dict) and isinstance(one.get("to"), str) and one["to"].strip()):
            raise AnswerNotUnderstood("A disclosure names to whom.")
        if one.get("on") is not None:
            _check_date(one["on"], "A disclosure says on which day.")


def _check_retained(retained: object, outcome: Outcome) -> None:
    if not isinstance(retained, list):
        raise AnswerNotUnderstood("retained must be a list.")
    for one in retained:
        if not (isinstance(one, dict) and isinstance(one.get("category"), str) and _is_law(one.get("law"))):
            raise AnswerNotUnderstood("What is retained names its category and the code of the law that keeps it.")
        _check_texts(one, "reason")
        _check_date(one.get("until"))
    if outcome is Outcome.RETAINED and not retained:
        raise AnswerNotUnderstood("'retained' says what is kept: a list of category, law and until.")


def _is_law(code: object) -> bool:
    # Whether it is a law that anybody knows is for the domain: one that nobody does is shown to a person.
    return isinstance(code, str) and _LAW.fullmatch(code) is not None


def _check_facts(facts: object) -> None:
    """What a search may say of the person's contract and addresses; unknown facts are ignored."""
    if not isinstance(facts, dict) or facts.get("contract", "none") not in _CONTRACTS:
        raise AnswerNotUnderstood("facts are an object; contract is active, ended or none.")
    years = facts.get("fiscal_years_ended", [])
    if not isinstance(years, list) or len(years) > MOST_YEARS:
        raise AnswerNotUnderstood("fiscal_years_ended is a list of days.")
    for day in (*years, *([facts["relationship_ended_on"]] if "relationship_ended_on" in facts else ())):
        if not _is_day(day):
            raise AnswerNotUnderstood("A fact's day is a civil date.")
    contacts = facts.get("contacts", [])
    if not isinstance(contacts, list) or not all(isinstance(one, dict) for one in contacts):
        raise AnswerNotUnderstood("contacts is a list of addresses with a type, a value and since when.")
    for one in contacts:
        _check_texts(one, "type", "value", "since")


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and FIRST_YEAR - 100 <= date.fromisoformat(value).year <= LAST_YEAR
    except ValueError:
        return False


def _check_date(value: object, otherwise: str = "What is retained says until which day.") -> None:
    try:
        until = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        until = None
    if until is None or until.year > LAST_YEAR:
        raise AnswerNotUnderstood(otherwise)


def _instant(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        read = None
    if read is None or not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise AnswerNotUnderstood("effective_at is not an instant.")
    if read.tzinfo is None:
        raise AnswerNotUnderstood("effective_at lacks its offset.")
    return read


def read_wait(header: str | None, *, now: datetime | None = None) -> timedelta | None:
    """
    A ``Retry-After`` (RFC 9110, 10.2.3), in seconds or as a date, bounded; nonsense counts as absent.

    Args:
        now: The machine's own time, aware; a date that has passed is no wait.
    """
    said = (header or "").strip()
    if said.isascii() and said.isdecimal():
        return min(timedelta(seconds=int(said[:9])), LONGEST_WAIT)
    if not _HTTP_DATE.fullmatch(said):
        return None
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(at - (now or datetime.now(UTC)), timedelta()), LONGEST_WAIT)
