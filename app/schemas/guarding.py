"""Requests without a login, codes, stops, marks: bodies and answers."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import (
    PROVED_CONTACT,
    PROVED_NUMBER,
    Answer,
    Body,
    Code,
    ContactIn,
    IdentifierIn,
    Language,
    Line,
    Plain,
    RiskMarkKey,
    Text,
)
from app.schemas.requests import PROTECTED, Claims


class PublicRequestIn(Body):
    """A request of whoever writes, without a login."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "claims": [{"right": "marketing_objection"}],
                    "identifiers": [{"type": "email", "value": "anna@example.org"}],
                    "language": "sv",
                }
            ]
        }
    )

    claims: Claims
    identifiers: list[IdentifierIn] = Field(
        default_factory=list, max_length=20, description="What helps to find the person; none of it proves anything."
    )
    contact: ContactIn = ContactIn()
    language: Language = "sv"
    message: Text | None = None
    protected_identity: bool = Field(default=False, description=PROTECTED)


class PublicRequestOut(Answer):
    """The same for everybody, known here or not."""

    id: UUID
    reference: str = Field(examples=["INS-2026-7K2M9QXA"])
    received_at: datetime
    due_on: date


class CodeIn(Body):
    """A one-time code, or the wish for another one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "1234 5678"}]})

    code: Annotated[Plain, Field(min_length=1, max_length=40)] | None = Field(
        default=None, description="Eight digits; spaces and dashes do no harm. Left out: send another code."
    )


class CodeOut(Answer):
    """Whether the code counted. A wrong one, one never sent and one that is over look alike."""

    proved: bool


class StopByReferenceIn(Body):
    """The request somebody was told of and has not made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reference": "INS-2026-7K2M9QXA"}]})

    reference: Annotated[Plain, Field(pattern=r"^INS-[0-9]{4}-[0-9A-Z]{6,16}$")]


class StoppedOut(Answer):
    """That a request is stopped."""

    reference: str
    stopped_at: datetime


class SettlementIn(Body):
    """What a case officer found out about a stopped request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"verdict": "genuine", "method": "letter_to_registered_address", "personnummer": "198001019804"},
            ],
        }
    )

    verdict: Literal["genuine", "not_genuine"]
    method: Code | None = Field(default=None, description="How it was proved, stronger than before; for genuine.")
    personnummer: str | None = PROVED_NUMBER
    contact: IdentifierIn | None = PROVED_CONTACT
    reason: Text | None = Field(
        default=None, description="Why it is not the person's own, in twenty characters or more; for not_genuine."
    )


class ProtectionIn(Body):
    """Mark the person as one who must not be found, or ask for the mark to be taken off."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"mark": "on", "reason": "Secrecy mark in the register."}]}
    )

    mark: Literal["on", "off"]
    reason: Line


class ProtectionOut(Answer):
    """Taking the mark off waits for a second trained handler."""

    approval_id: UUID | None = None


class RiskMarksIn(Body):
    """What makes a case more dangerous than its rights alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"marks": ["household_split"]}]})

    marks: Annotated[list[RiskMarkKey], Field(min_length=1, max_length=2)]


class FootageIn(Body):
    """What somebody who was filmed can say so that they are found (IMY: day, time, place, looks)."""

    date: Line | None = None
    time: Line | None = None
    place: Line | None = None
    appearance: Line | None = None


class MoreIn(Body):
    """More that helps to find the person's data (GDPR Art. 11(2))."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"identifiers": [{"type": "customer_number", "value": "C-10001"}]}]}
    )

    identifiers: list[IdentifierIn] = Field(default_factory=list, max_length=20)
    footage: FootageIn = FootageIn()
