"""
Questions to the person: when one may be asked, and which of them may make the clock stand still.

The clock may stand still for two kinds only: a reasonable doubt about who asks (GDPR Art. 12(6)), and a copy out of a
large amount of data that the person is asked to narrow down (recital 63; EDPB 01/2022 para 159). Any other question
may be asked and moves nothing; so may one asked later than a week after receipt (``deadlines.ASK_WITHIN_DAYS``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import DomainError
from app.domain.identity import Level
from app.domain.rights import Right

#: Shorter than this no question tells the person what is wanted.
LEAST_QUESTION = 20
#: GDPR Art. 12(6) names Articles 15 to 21: no extra proof for a review under Article 22 (R12-9), nor for what stops
#: at once (F12).
NOT_DOUBTED = frozenset({"automated_decision", "marketing_objection", "consent_withdrawal"})


class QuestionKind(StrEnum):
    """What is asked about."""

    IDENTITY = "identity"
    CLARIFICATION = "clarification"


@dataclass(frozen=True, kw_only=True)
class QuestionReason:
    """
    Why a question is asked, as its letter says it. ``stops`` is whether the clock may stand still for it.

    The words say nothing about whether the person is known: whoever asks may be somebody else.
    """

    key: str
    kind: QuestionKind
    source: str
    stops: bool
    sv: str
    en: str


REASONS: dict[str, QuestionReason] = {
    one.key: one
    for one in (
        QuestionReason(
            key="not_told_apart",
            kind=QuestionKind.IDENTITY,
            source="GDPR Art. 12(6)",
            stops=True,
            sv="Det som står i begäran räcker inte för att skilja dig från andra som kan heta eller bo likadant",
            en="What the request says is not enough to tell you from others of the same name or address",
        ),
        QuestionReason(
            key="sent_by_somebody_else",
            kind=QuestionKind.IDENTITY,
            source="GDPR Art. 12(6)",
            stops=True,
            sv="Begäran ser ut att vara skickad av någon annan än den som den gäller",
            en="The request appears to have been sent by somebody other than the person it is about",
        ),
        QuestionReason(
            key="way_open_to_others",
            kind=QuestionKind.IDENTITY,
            source="GDPR Art. 12(6)",
            stops=True,
            sv="Begäran kom på en väg som även andra kan ha tillgång till",
            en="The request came by a way that others may have access to as well",
        ),
        QuestionReason(
            key="answer_could_harm",
            kind=QuestionKind.IDENTITY,
            source="GDPR Art. 12(6), 32",
            stops=True,
            sv="Ett svar om larm och bevakning får inte hamna hos någon annan än den som det gäller",
            en="An answer about alarms and guarding must not reach anybody but the person it is about",
        ),
        QuestionReason(
            key="large_amount",
            kind=QuestionKind.CLARIFICATION,
            source="GDPR recital 63",
            stops=True,
            sv="Vi behandlar en stor mängd uppgifter om dig och vill veta vad du främst vill ha",
            en="We process a large amount of data about you and would like to know what you want most",
        ),
        QuestionReason(
            key="unclear_request",
            kind=QuestionKind.CLARIFICATION,
            source="GDPR Art. 12(2)",
            stops=False,
            sv="Vi är inte säkra på att vi har förstått vad du vill",
            en="We are not sure that we have understood what you want",
        ),
    )
}


class QuestionReasonUnknown(DomainError):
    """There is no such reason for a question of that kind."""


class QuestionTooThin(DomainError):
    """A question says in whole words what is wanted, so that the person can answer it."""


class NothingToDoubt(DomainError):
    """Nothing that is asked for here may be made to wait for more proof of identity."""


class NoLargeAmount(DomainError):
    """Only a copy of data can be narrowed down because there is much of it; and only for somebody who is known."""


class QuestionAsked(DomainError):
    """A question of that kind is open already."""


def reason(kind: QuestionKind, key: str) -> QuestionReason:
    """The reason with that wire name, of that kind; raises :class:`QuestionReasonUnknown`."""
    found = REASONS.get(key)
    if found is None or found.kind is not kind:
        raise QuestionReasonUnknown
    return found


def check_question(
    asked: QuestionReason, text: str, *, rights: Iterable[Right], held: Level, still_open: Iterable[str]
) -> None:
    """
    Say whether a question may be put to the person.

    Args:
        rights: Of the claims that are not over.
        held: What has been proved of who asks.
        still_open: Kinds of the questions that wait for their answer.

    Raises:
        QuestionTooThin, QuestionAsked, NothingToDoubt, NoLargeAmount
    """
    if len(text.strip()) < LEAST_QUESTION:
        raise QuestionTooThin
    if asked.kind in set(still_open):
        raise QuestionAsked
    if asked.kind is QuestionKind.IDENTITY:
        if all(right.key in NOT_DOUBTED for right in rights):
            raise NothingToDoubt
    elif asked.key == "large_amount" and not any(right.key == "access" and held >= right.needs for right in rights):
        raise NoLargeAmount
