"""Restrictions, recipients that are told, requests that are passed on: bodies and answers."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import Answer, Body, Code, IdentifierIn, Line, Plain, Slug, Text
from app.schemas.requests import Page

CivilDate = Annotated[date, Field(strict=False, examples=["2026-03-16"])]
GroundKey = Literal["accuracy_contested", "erasure_opposed", "needed_for_claims", "objection_pending"]


class LookupIn(Body):
    """Whose data may be restricted; the identifiers travel in the body so that no log holds them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"controller": "westra", "identifiers": [{"type": "email", "value": "anna@example.org"}]}]
        }
    )

    controller: Slug | None = None
    identifiers: Annotated[list[IdentifierIn], Field(min_length=1, max_length=20)]


class RestrictionFound(Answer):
    """A restriction that holds: only the uses named are permitted (GDPR Art. 18(2))."""

    id: UUID
    controller: str
    since: datetime
    ground: GroundKey
    categories: list[str]
    permitted_uses: list[str]


class LookupOut(Answer):
    """Whether anything is restricted; the same shape for somebody unknown."""

    restricted: bool
    restrictions: list[RestrictionFound]


class RestrictionOut(RestrictionFound):
    """A restriction as staff see it; nothing about the person."""

    request_id: UUID
    claim_id: UUID
    reference: str
    source: str
    state: Literal["in_force", "lift_proposed", "lift_announced", "awaiting_approval", "lifted"]
    endings_allowed: list[str]
    found_by: int = Field(
        description="By how many identifiers a lookup finds it. By none while nothing of the person is proved or "
        "compared: then nobody's system knows of it, and somebody has to see to it."
    )
    lifting_on: date | None = None
    lifted_at: datetime | None = None
    approval_id: UUID | None = None


class RestrictionPage(Page):
    items: list[RestrictionOut]


class LiftNoticeIn(Body):
    """What the person is told before a restriction is lifted (GDPR Art. 18(3)), in the person's language."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ground_ended": "accuracy_verified",
                    "outcome": "Vi har jämfört adressen med folkbokföringen, och den stämmer.",
                    "lifting_on": "2026-03-16",
                    "then": "Vi använder adressen igen för fakturor och utryckning.",
                }
            ]
        }
    )

    ground_ended: Code
    outcome: Annotated[Text, Field(min_length=10, max_length=2_000)]
    lifting_on: CivilDate
    then: Annotated[Text, Field(min_length=10, max_length=2_000)]


class UseIn(Body):
    """That restricted data are used all the same: for what, and a code for why. No free text."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"use": "protect_others", "reason": "alarm_response"}]})

    use: Code
    reason: Code


class SettleIn(Body):
    """What came of telling a recipient; a reason is needed where it could not be told."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "sent", "reason": "By letter, see the file."}]})

    state: Literal["sent", "confirmed", "impossible", "disproportionate"]
    reason: Annotated[Plain, Field(max_length=2_000)] = ""


class ForwardIn(Body):
    """That a part of the request has been passed on, and to whom; or that its controller has confirmed it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"state": "sent", "to_name": "Bostadsbolaget Exempel AB", "contact": "dso@example.org"}]
        }
    )

    state: Literal["sent", "confirmed"] = "sent"
    to_name: Line | None = None
    contact: Line | None = None


class ForwardingOut(Answer):
    """A part of a request that belongs to another controller (GDPR Art. 28(3)(e))."""

    id: UUID
    categories: list[str]
    state: Literal["pending", "sent", "confirmed"]
    to_name: str | None = None
    contact: str | None = None
    received_by_processor_at: datetime
    due_by: date = Field(description="Two working days: the last day for passing it on.")
    controller_due_on: date = Field(description="The controller's own last day, counted from the processor's receipt.")
    forwarded_at: datetime | None = None
    confirmed_at: datetime | None = None


class ForwardingState(Answer):
    """What became of a forwarding; nothing about anybody."""

    id: UUID
    state: Literal["pending", "sent", "confirmed"]
    forwarded_at: datetime | None = None
    confirmed_at: datetime | None = None


class ForwardingList(Answer):
    items: list[ForwardingOut]


class EntryState(Answer):
    """What became of a ledger entry; nothing about anybody."""

    id: UUID
    state: Literal["pending", "sent", "confirmed", "impossible", "disproportionate"]
    at: datetime | None = None


class UseOut(Answer):
    status: Literal["noted"] = "noted"
