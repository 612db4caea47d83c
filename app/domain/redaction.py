"""
What a person changes about an answer before it leaves: hide more, show what the rules leave to a person, or put words
in place of what nobody may hand over as it is.

The rules (:mod:`app.domain.release`) come first and fail closed. Staff may hide anything, with a reason the person will
read. They may open only what the rules say a person must look at; a secret, somebody else's movements and what a higher
proof of identity would open stay closed, whoever says otherwise.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import DomainError

#: Shorter than this no note tells an auditor why.
LEAST_NOTE = 10
LONGEST_TEXT = 50_000


class RedactionAction(StrEnum):
    """What is done to a row, or to a field of it."""

    HIDE = "hide"
    SHOW = "show"
    REPLACE = "replace"


#: What lets out more than the rules do: whoever does it does not release the package as well.
OPENING = (RedactionAction.SHOW, RedactionAction.REPLACE)
#: Why staff may hide more than the rules do; the codes are reasons of ``release_reasons`` and the person reads them.
HIDE_REASONS = ("others_freedoms", "secrecy", "working_notes", "not_about_you")
#: What a person may open: the rule's code, and the codes of why it was opened.
MAY_SHOW: Mapping[str, frozenset[str]] = {
    "needs_masking": frozenset({"masked_externally"}),  # CCTV, sound: F19, R15-10
    "offence": frozenset({"reviewed"}),  # GDPR Art. 10
    "unknown_class": frozenset({"reviewed"}),
    "employee_name": frozenset({"indispensable"}),  # C-579/21: only a field
}
#: What words may stand for: the rule's code, and the codes of why.
MAY_REPLACE: Mapping[str, frozenset[str]] = {
    "needs_masking": frozenset({"full_transcript", "masked_externally"}),
    "summary_only": frozenset({"full_transcript"}),
    "voice_of_others": frozenset({"full_transcript"}),
    "third_party": frozenset({"masked_externally"}),
}
_REASONS: Mapping[RedactionAction, frozenset[str]] = {
    RedactionAction.HIDE: frozenset(HIDE_REASONS),
    RedactionAction.SHOW: frozenset().union(*MAY_SHOW.values()),
    RedactionAction.REPLACE: frozenset().union(*MAY_REPLACE.values()),
}


class UnknownRow(DomainError):
    """The package has no such row, or the row has no such field."""


class NotReviewable(DomainError):
    """The rules leave that to nobody: it cannot be shown or replaced."""


class RedactionReasonNotAllowed(DomainError):
    """That reason does not go with what is to be done."""


class NoteNeeded(DomainError):
    """Whoever shows or replaces what the rules keep back says why, in a note of ten characters or more."""


class TextNeeded(DomainError):
    """A replacement, and only a replacement, has the text that stands for the row."""


class RowTwice(DomainError):
    """The same row or field is named twice."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Redaction:
    """One change: of a row (its key), or of one of its fields. ``text`` stands for a row that is replaced."""

    row: str
    action: RedactionAction
    reason: str
    field: str | None = None
    note: str = ""
    text: str | None = None

    def opens(self) -> frozenset[str]:
        """The rules' codes that it opens for the whole row."""
        if self.action is not RedactionAction.SHOW or self.field is not None:
            return frozenset()
        return frozenset(code for code, reasons in MAY_SHOW.items() if self.reason in reasons)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a row offers to a person: which codes keep it or its fields back, and what it can be asked about."""

    fields: frozenset[str]
    stays: str | None  #: the code that keeps the row back
    rule: str  #: the rule that said so
    masked: Mapping[str, str]  #: fields that are masked, and by which code

    def may(self, action: RedactionAction, field: str | None = None) -> frozenset[str]:
        """The reasons with which *action* may be done."""
        if action is RedactionAction.HIDE:
            return frozenset(HIDE_REASONS) if self.stays is None or field is not None else frozenset()
        if action is RedactionAction.SHOW:
            code = self.stays if field is None else self.masked.get(field)
            if (field is None) == (code == "employee_name"):
                return frozenset()
            return MAY_SHOW.get(code or "", frozenset())
        if field is not None or self.stays is None:
            return frozenset()
        by_rule = MAY_REPLACE.get(self.rule, frozenset()) if self.stays == "rights_of_others" else frozenset()
        return MAY_REPLACE.get(self.stays, by_rule)


def check(redactions: Sequence[Redaction], subjects: Mapping[str, Subject]) -> None:
    """
    Refuse what may not be done.

    Args:
        subjects: By key, every row of the answer as the rules alone would have it.

    Raises:
        UnknownRow, RowTwice, RedactionReasonNotAllowed, NotReviewable, NoteNeeded, TextNeeded
    """
    if any(count > 1 for count in Counter((one.row, one.field) for one in redactions).values()):
        raise RowTwice
    for one in redactions:
        subject = subjects.get(one.row)
        if subject is None or (one.field is not None and one.field not in subject.fields):
            raise UnknownRow
        if one.reason not in _REASONS[one.action]:
            raise RedactionReasonNotAllowed
        allowed = subject.may(one.action, one.field)
        if not allowed:
            raise NotReviewable
        if one.reason not in allowed:
            raise RedactionReasonNotAllowed
        if one.action is not RedactionAction.HIDE and len(one.note.strip()) < LEAST_NOTE:
            raise NoteNeeded
        if (one.action is RedactionAction.REPLACE) != bool((one.text or "").strip()):
            raise TextNeeded


def row_keys(rows: Iterable[object], *, salt: str, processor: str, category: str) -> list[str]:
    """
    A key for each row: the same for the same answer, another for any other content or request.

    Args:
        salt: The request's id, so that one key says nothing in another case.
    """
    seen: Counter[str] = Counter()
    keys = []
    for row in rows:
        written = json.dumps(row, sort_keys=True, ensure_ascii=True, default=str)
        seen[written] += 1
        named = json.dumps([salt, processor, category, written, seen[written]])
        keys.append(hashlib.sha256(named.encode()).hexdigest()[:24])
    return keys


def by_row(redactions: Iterable[Redaction]) -> dict[str, tuple[Redaction, ...]]:
    """The changes of each row."""
    found: dict[str, tuple[Redaction, ...]] = {}
    for one in redactions:
        found[one.row] = (*found.get(one.row, ()), one)
    return found
