"""A case's clock: extension, questions, alarms, the later date of a new holiday table."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import Answer, Body, Code, Instant, Plain, Text

QuestionKind = Literal["identity", "clarification"]


class ExtensionIn(Body):
    """
    Two further months, once. The reasons say what in this very request takes longer; staffing, holidays, effort alone
    and a processor that is late are none.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ground": "complexity",
                    "reasons": "Begäran rör fjorton anläggningar under nio år, och grannar måste maskeras.",
                }
            ]
        }
    )

    ground: Code
    reasons: Annotated[Plain, Field(max_length=10_000)]


class ExtensionOut(Answer):
    """An extension and where it stands; it counts once the letter is out on or before ``notice_due_on``."""

    state: Literal["asked", "claimed", "effective", "lapsed", "rejected"]
    ground: str
    asked_by: str
    asked_at: datetime
    approved_by: str | None = None
    notice_due_on: date
    until: date = Field(description="The last day if it takes effect: three months from receipt.")
    effective_at: datetime | None = None


class StaffExtension(ExtensionOut):
    """An extension as staff see it."""

    reasons: str
    notice_sent_at: datetime | None = None


class ExtensionAsked(Answer):
    """An extension that waits for the second person; the due date stands."""

    extension: ExtensionOut
    approval_id: UUID
    due_on: date
    version: int


class QuestionIn(Body):
    """A question to the person, with a coded reason. Write nothing in it that shows what is held about anybody."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "identity",
                    "reason": "not_told_apart",
                    "question": "Visa på ett av sätten nedan att det är du som har skickat begäran.",
                }
            ]
        }
    )

    kind: QuestionKind
    reason: Code
    question: Text


class QuestionOut(Answer):
    """A question to the person; its words are in its letter."""

    id: UUID
    kind: QuestionKind
    reason: str = Field(description="The list may grow.", examples=["not_told_apart"])
    asked_at: datetime
    answered_at: datetime | None = None


class StaffQuestion(QuestionOut):
    """A question as staff see it, opened."""

    text: str
    answer: str | None = None
    asked_by: str


class QuestionAsked(Answer):
    """A question that is put, or answered, and the due date as it stands then."""

    question: QuestionOut
    due_on: date
    version: int


class OwnAnswerIn(Body):
    """The person's answer, to the question that waits for words or to the one named."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "Jag vill främst ha samtalen från i våras."}]})

    answer: Text
    question: UUID | None = None


class AnswerIn(Body):
    """An answer that came by telephone, letter or e-mail."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"answer": "Vill främst ha samtalen från i våras.", "answered_at": "2026-02-09T10:15:00+01:00"}
            ]
        }
    )

    answer: Text
    answered_at: Instant


class AlarmOut(Answer):
    """An alarm; ``current`` unless it was raised for a due date that has moved since."""

    alarm: str = Field(description="The list may grow.", examples=["due_in_5"])
    raised_on: date
    due_on: date
    current: bool
