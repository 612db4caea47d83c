"""
What is written down about every step, and how anybody can check that nothing was changed afterwards.

Each request has its own chain: an entry's hash covers the entry and the hash before it. Entries hold ids, codes and
dates, never personal data, so that erasing a person need not touch them. A processor whose secrets change has a chain
as well, under its own id.

A chain alone shows edits, deletions, insertions, reordering and swaps between requests or controllers. It cannot
show that its end was cut off, or that all of it was written anew: for that, compare with *heads* noted earlier and
kept elsewhere. Checking and exporting are in ``audit_export``.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

#: What the first entry of every chain is chained to.
GENESIS = "0" * 64
FORMAT = "insyn-audit/1"


class AuditStep(StrEnum):
    """Every step there is: ``source:action``, the action in the past tense."""

    REQUEST_RECEIVED = "request:received"
    REQUEST_CLASSIFIED = "request:classified"
    REQUEST_IDENTITY_ASKED = "request:identity_asked"
    REQUEST_IDENTITY_PROVEN = "request:identity_proven"
    REQUEST_IDENTITY_REFUSED = "request:identity_refused"
    REQUEST_ASSESSMENT_BEGUN = "request:assessment_begun"
    REQUEST_CLARIFICATION_ASKED = "request:clarification_asked"
    REQUEST_CLARIFIED = "request:clarified"
    REQUEST_EXECUTION_BEGUN = "request:execution_begun"
    REQUEST_ANSWER_BEGUN = "request:answer_begun"
    REQUEST_EXTENDED = "request:extended"
    REQUEST_EXTENSION_LAPSED = "request:extension_lapsed"
    REQUEST_DEADLINE_MOVED = "request:deadline_moved"
    REQUEST_LATER_DATE_POSSIBLE = "request:later_date_possible"
    REQUEST_DUE_SOON = "request:due_soon"
    REQUEST_OVERDUE = "request:overdue"
    REQUEST_REFUSAL_LATE = "request:refusal_late"
    REQUEST_ASSIGNED = "request:assigned"
    REQUEST_NOTED = "request:noted"
    REQUEST_ATTACHED = "request:attached"
    REQUEST_PROTECTED = "request:protected"
    REQUEST_FORWARDED = "request:forwarded"
    FORWARDING_OPENED = "forwarding:opened"
    FORWARDING_CONFIRMED = "forwarding:confirmed"
    REQUEST_STOPPED = "request:stopped"
    REQUEST_STOP_SETTLED = "request:stop_settled"
    REQUEST_COOLING_BEGUN = "request:cooling_begun"
    REQUEST_CONTACT_CHANGED = "request:contact_changed"
    REQUEST_CODE_MADE = "request:code_made"
    REQUEST_CODE_TRIED = "request:code_tried"
    REQUEST_MORE_TOLD = "request:more_told"
    REQUEST_WITHDRAWN = "request:withdrawn"
    REQUEST_CLOSED = "request:closed"
    REQUEST_READ = "request:read"
    REQUEST_FOUND = "request:found"
    REQUEST_ERASED = "request:erased"
    AUDIT_READ = "audit:read"
    AUDIT_EXPORTED = "audit:exported"
    EVIDENCE_EXPORTED = "evidence:exported"
    CLAIM_DECIDED = "claim:decided"
    CLAIM_REOPENED = "claim:reopened"
    CLAIM_RAISED = "claim:raised"
    CLAIM_CLOSED = "claim:closed"
    CLAIM_DISAGREED = "claim:disagreed"
    CLAIM_FEE_ASKED = "claim:fee_asked"
    APPROVAL_ASKED = "approval:asked"
    APPROVAL_GIVEN = "approval:given"
    APPROVAL_REFUSED = "approval:refused"
    TASK_CREATED = "task:created"
    TASK_SENT = "task:sent"
    TASK_ACCEPTED = "task:accepted"
    TASK_POSTPONED = "task:postponed"
    TASK_LEFT_UNKNOWN = "task:left_unknown"
    TASK_ESCALATED = "task:escalated"
    TASK_RETRIED = "task:retried"
    TASK_CANCELLED = "task:cancelled"
    TASK_CLOSED = "task:closed"
    TASK_REMINDED = "task:reminded"
    TASK_MAIL_FAILED = "task:mail_failed"
    TASK_CODE_MADE = "task:code_made"
    TASK_CODE_TRIED = "task:code_tried"
    TASK_FILE_TAKEN = "task:file_taken"
    TASK_FILE_SCANNED = "task:file_scanned"
    TASK_FILE_READ = "task:file_read"
    CALLBACK_ACCEPTED = "callback:accepted"
    CALLBACK_REPEATED = "callback:repeated"
    CALLBACK_REFUSED = "callback:refused"
    RECIPIENT_NAMED = "recipient:named"
    RECIPIENT_NOTIFIED = "recipient:notified"
    RECIPIENT_CONFIRMED = "recipient:confirmed"
    RECIPIENT_EXCUSED = "recipient:excused"
    LETTER_WRITTEN = "letter:written"
    LETTER_SENT = "letter:sent"
    LETTER_FAILED = "letter:failed"
    LETTER_READ = "letter:read"
    PACKAGE_SEALED = "package:sealed"
    PACKAGE_READ = "package:read"
    PACKAGE_REDACTED = "package:redacted"
    PACKAGE_RELEASED = "package:released"
    PACKAGE_LINKED = "package:linked"
    PACKAGE_DOWNLOADED = "package:downloaded"
    PACKAGE_DESTROYED = "package:destroyed"
    RESTRICTION_SET = "restriction:set"
    RESTRICTION_READ = "restriction:read"
    RESTRICTION_USED = "restriction:used"
    RESTRICTION_LIFT_PROPOSED = "restriction:lift_proposed"
    RESTRICTION_LIFT_ANNOUNCED = "restriction:lift_announced"
    RESTRICTION_LIFTED = "restriction:lifted"
    SUPPRESSION_SET = "suppression:set"
    RETENTION_SCHEDULED = "retention:scheduled"
    RETENTION_ENDED = "retention:ended"
    RETENTION_ERASED = "retention:erased"
    KEY_DESTROYED = "key:destroyed"
    PROCESSOR_REGISTERED = "processor:registered"
    PROCESSOR_CHANGED = "processor:changed"
    SECRET_SET = "secret:set"  # noqa: S105 - the name of a step
    SECRET_REMOVED = "secret:removed"  # noqa: S105 - the name of a step
    SECRET_ENDED = "secret:ended"  # noqa: S105 - the name of a step


_STEPS = frozenset(AuditStep)


class FactsRefused(ValueError):
    """An audit entry was given something other than ids, codes and dates. A fault of ours, never of the person's."""


class NotCanonical(ValueError):
    """A value that has no single spelling in JSON: a fraction, a lone surrogate, a number beyond 2**53."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    One step of one request, before it is chained.

    Attributes:
        seq: 1, 2, 3 … within the request.
        at: Aware; written in UTC with microseconds.
        actor_ref: An id of ours (UUID) or a code such as ``worker``; never a name, address or personnummer.
        facts: Ids, codes, dates and numbers, see :func:`check_facts`.
    """

    controller: str
    request_id: str
    seq: int
    at: datetime
    actor_role: str
    actor_ref: str
    step: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry in its place: with the hash it follows and its own, both 64 hex digits."""

    entry: Entry
    prev_hash: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last entry of a chain at some moment."""

    seq: int
    hash: str


#: A chain is named by its controller and its request.
ChainId = tuple[str, str]

# --- what an entry may say -------------------------------------------------------------------------------------------

LONGEST_TEXT = 80
DEEPEST, LONGEST_LIST = 4, 200
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: Ids and instants, in which long runs of digits are no personnummer.
_ID_OR_TIME = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # UUID
    r"|[0-9a-f]{64}"  # SHA-256
    r"|INS-[0-9]{4}-[0-9A-Z]{6,16}"  # our reference
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2}))?"
)
#: Codes are all lower or all upper case before their first separator: ``kept_by_law``, ``sos-alarm``, ``BFL_7_2``.
#: Names ('Anna'), addresses, sentences and mail addresses are none of these.
_CODE = re.compile(r"[a-z][a-z0-9]*([_:/-][a-z0-9]+)*|[A-Z][A-Z0-9]*([_-][A-Za-z0-9]+)*|[0-9]{1,4}([_-][A-Za-z0-9]+)*")
_MANY_DIGITS = re.compile(r"(?:[0-9][_:/-]?){6}")


def check_facts(facts: Mapping[str, Any]) -> None:
    """
    Refuse facts that could carry personal data: free text, names, addresses, numbers written as text.

    Raises:
        FactsRefused: Naming the key, never the value.
    """
    for key, value in facts.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise FactsRefused("an audit fact's key is a short word in snake_case")
        _check_fact(key, value, depth=1)


def _check_fact(key: str, value: Any, *, depth: int) -> None:
    if depth > DEEPEST:
        raise FactsRefused(f"audit fact {key!r} is nested too deep")
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > _LARGEST_WHOLE:
                raise FactsRefused(f"audit fact {key!r} is too large a number")
        case str():
            if not _says_only_a_code(value):
                raise FactsRefused(f"audit fact {key!r} is neither an id, a code nor a date")
        case list() | tuple():
            if len(value) > LONGEST_LIST:
                raise FactsRefused(f"audit fact {key!r} is too long a list")
            for one in value:
                _check_fact(key, one, depth=depth + 1)
        case dict():
            check_facts(dict.fromkeys(value))
            for name, one in value.items():
                _check_fact(name, one, depth=depth + 1)
        case _:
            raise FactsRefused(f"audit fact {key!r} is a {type(value).__name__}")


def as_code(text: str | None) -> str | None:
    """Return a foreign word (a processor's ``reason``) if it is fit to be a fact, else ``unprintable``."""
    if text is None:
        return None
    return text if _says_only_a_code(text) else "unprintable"


def _says_only_a_code(text: str) -> bool:
    if len(text) > LONGEST_TEXT:
        return False
    if _ID_OR_TIME.fullmatch(text):
        return True
    return bool(_CODE.fullmatch(text)) and not _MANY_DIGITS.search(text)


# --- hashing ---------------------------------------------------------------------------------------------------------

#: Beyond this a JSON number no longer names one whole number everywhere (RFC 8785, I-JSON).
_LARGEST_WHOLE = 2**53 - 1


_SPELL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def canonical_json(value: Any) -> bytes:
    """
    Return the one spelling of *value*: UTF-8, no spaces, keys in UTF-16 order, as RFC 8785 has it.

    Only str, int, bool, None, list, tuple and dict with str keys; fractions have no place in an entry.

    Raises:
        NotCanonical: For anything else.
    """
    try:
        return _SPELL(_ordered(value)).encode()
    except (UnicodeEncodeError, RecursionError):
        raise NotCanonical("text with a lone surrogate, or nested beyond reason") from None


def _ordered(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict and all(type(key) is str for key in value):
        # In ASCII all orders are one; asking for UTF-16 of every key takes most of the time of checking an export.
        in_order = sorted(value)
        if not all(map(str.isascii, in_order)):
            in_order.sort(key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key]) for key in in_order}
    return _ordered_otherwise(value)


def _ordered_otherwise(value: Any) -> Any:
    match value:
        case int() if abs(value) <= _LARGEST_WHOLE:
            return int(value)
        case str():
            return str(value)
        case list() | tuple():
            return [_ordered(one) for one in value]
        case dict() if all(isinstance(key, str) for key in value):
            return _ordered({str(key): one for key, one in value.items()})
    raise NotCanonical(f"a {type(value).__name__} has no place in an audit entry")


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """An entry as JSON values; what is hashed and what is exported are the same."""
    if entry.at.tzinfo is None:
        raise FactsRefused("an audit entry's time has no zone")
    return {
        "controller": entry.controller,
        "request_id": entry.request_id,
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor_role": entry.actor_role,
        "actor_ref": entry.actor_ref,
        "step": str(entry.step),
        "facts": dict(entry.facts),
    }


def entry_hash(prev_hash: str, entry: Entry) -> str:
    """
    Return the hash of *entry* in its place after *prev_hash*: SHA-256, 64 hex digits.

    The controller and the request are part of what is hashed, so an entry fits no other chain.
    """
    return hashlib.sha256(
        canonical_json({"entry": entry_as_json(entry), "format": FORMAT, "prev": prev_hash})
    ).hexdigest()


def chain(prev: Head | None, entry: Entry) -> Link:
    """
    Put *entry* after the head of its chain (None: it is the first), checking what it says.

    Raises:
        FactsRefused: If it could hold personal data, its step is unknown or its number is not the next.
    """
    check_facts(entry.facts)
    for name in ("controller", "request_id", "actor_role", "actor_ref"):
        _check_fact(name, getattr(entry, name), depth=1)
    if entry.step not in _STEPS:
        raise FactsRefused("there is no such audit step")
    if entry.seq != (prev.seq if prev else 0) + 1:
        raise FactsRefused("an audit entry is numbered after its predecessor")
    before = prev.hash if prev else GENESIS
    return Link(entry=entry, prev_hash=before, hash=entry_hash(before, entry))
