"""
Two more months, once, for reasons the law knows (GDPR Art. 12(3)): what a claim to them must carry.

Only the complexity of a request or the number of requests is a ground. Staffing, holidays, effort by itself and a
processor that has not answered are none (EDPB 01/2022 paras 162-164, EDPB 07/2020 paras 127-129, DI-2021-10488).

How reasons are read: they fall into clauses (at stops, commas and words such as "och", "eftersom", "and", "because").
A clause that speaks of staffing, holidays, effort or a silent processor is struck out, however it is spelt. What is
left must be reasons: long enough, and with enough words that are about this request. Sentences without a struck
clause are read together; the rest of a sentence that has one must carry by itself, so remains do not add up. Such
wording beside a real reason does no harm, and alone, or beside words that say nothing, it carries nothing. The rule
reads words and not truth: the second person reads the truth.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.case import Phase
from app.domain.errors import DomainError
from app.domain.extension_words import is_no_reason, sentences_of, tells_something

#: Letters and digits that must be left when what does not count is struck out.
LEAST_LETTERS = 30
#: Different words about the request that must be left.
LEAST_WORDS = 4


class ExtensionState(StrEnum):
    """Where a claim to the two further months stands."""

    ASKED = "asked"  #: a member of staff wants it
    CLAIMED = "claimed"  #: a second person agrees; it counts once the person has been told, in time
    EFFECTIVE = "effective"
    LAPSED = "lapsed"  #: the person was not told in time, so nothing was extended
    REJECTED = "rejected"


#: In these the due date may still become the extended one.
PENDING = frozenset({ExtensionState.ASKED, ExtensionState.CLAIMED})


@dataclass(frozen=True, kw_only=True)
class ExtensionGround:
    """A ground the law knows, as the letter says it."""

    key: str
    source: str
    sv: str
    en: str


GROUNDS: dict[str, ExtensionGround] = {
    one.key: one
    for one in (
        ExtensionGround(
            key="complexity",
            source="GDPR Art. 12(3)",
            sv="Din begäran är komplicerad att besvara",
            en="Your request is complex to answer",
        ),
        ExtensionGround(
            key="number_of_requests",
            source="GDPR Art. 12(3)",
            sv="Du har gjort flera begäranden som vi behöver besvara samtidigt",
            en="You have made several requests that we need to answer at the same time",
        ),
    )
}


class ExtensionGroundUnknown(DomainError):
    """The time for answering is extended only for complexity or for the number of requests."""


class ExtensionReasonsNeeded(DomainError):
    """An extension needs reasons that say what in this very request takes longer."""


class ExtensionReasonsRefused(DomainError):
    """Staffing, holidays, effort or a late processor extend nothing; say what in the request takes longer."""


class ExtensionTooLate(DomainError):
    """The due date has passed; the time for answering can no longer be extended."""


class ExtendedAlready(DomainError):
    """The time for answering is extended once; that has been asked for or done."""


class NothingToExtend(DomainError):
    """The request is being answered; there is nothing left to extend."""


def check_claim(*, ground: str, reasons: str, state: ExtensionState | None, phase: Phase) -> None:
    """
    Say whether the two further months may be asked for, as far as the clock allows (:func:`check_in_time`).

    Raises:
        ExtendedAlready, NothingToExtend, ExtensionGroundUnknown, ExtensionReasonsNeeded, ExtensionReasonsRefused
    """
    if state in PENDING or state in (ExtensionState.EFFECTIVE, ExtensionState.LAPSED):
        raise ExtendedAlready
    check_open(phase)
    if ground not in GROUNDS:
        raise ExtensionGroundUnknown
    check_reasons(reasons)


def check_open(phase: Phase) -> None:
    """Raise :class:`NothingToExtend` once the answer has begun."""
    if phase in (Phase.ANSWERING, Phase.CLOSED):
        raise NothingToExtend


def check_in_time(*, late_from: datetime, now: datetime) -> None:
    """Raise :class:`ExtensionTooLate` from the first instant at which an answer would be late (F06)."""
    if now >= late_from:
        raise ExtensionTooLate


def check_reasons(reasons: str) -> None:
    """
    Say whether *reasons* carry an extension by themselves; the rule stands at the top of this module.

    Raises:
        ExtensionReasonsNeeded: They are empty, short, or say nothing about the request.
        ExtensionReasonsRefused: What is left without staffing, holidays, effort and silent processors carries nothing.
    """
    clean: list[str] = []
    remains: list[list[str]] = []
    for sentence in sentences_of(reasons):
        counting = [clause for clause in sentence if not is_no_reason(clause)]
        if len(counting) == len(sentence):
            clean += counting
        else:
            remains.append(counting)
    if not any(map(_carries, (clean, *remains))):
        raise ExtensionReasonsRefused if remains else ExtensionReasonsNeeded


def _carries(clauses: list[str]) -> bool:
    words = [word for clause in clauses for word in clause.split()]
    telling = {word for word in words if tells_something(word)}
    return sum(map(len, words)) >= LEAST_LETTERS and len(telling) >= LEAST_WORDS
