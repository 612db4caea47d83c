"""Erasure: what a decision says of each category, what is kept until when, who must not come back."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.schemas.base import Answer, Body, CategoryId, IdentifierIn, Plain, Slug


def _is_day(value: object) -> object:
    if not isinstance(value, str) or len(value) != len("2026-01-31"):
        raise PydanticCustomError("not_a_day", "a civil date is written YYYY-MM-DD")
    return value


#: A civil date in the controller's time zone.
Day = Annotated[date, BeforeValidator(_is_day, json_schema_input_type=str), Field(strict=False)]

GroundKey = Literal["not_necessary", "consent_withdrawn", "objection", "unlawful", "duty_to_erase", "child_service"]
ExemptionKey = Literal[
    "freedom_of_expression", "legal_obligation", "public_health", "archiving", "legal_claims", "still_necessary"
]
ConditionKey = Literal["contract_runs", "dispute", "crime_case_open", "permit", "other"]


class PlanEntryIn(Body):
    """
    What becomes of one category of an erasure, where it is not what the proposal says.

    To erase names a ground of Article 17(1). To keep names an exemption, its law where it has one, and its end: a last
    day, or a condition with the day on which it is looked at again.
    """

    category: CategoryId
    verdict: Literal["erase", "keep"]
    ground: GroundKey | None = None
    exception: ExemptionKey | None = None
    hold: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_:/ -]*$", max_length=40)] | None = Field(
        default=None, description="The code of a law: `BFL_7_2`, `CLAIM_OWN`, …"
    )
    until: Day | None = Field(default=None, description="The last day it is kept.")
    condition: ConditionKey | None = None
    review_on: Day | None = Field(default=None, description="When a person looks again, within twelve months.")
    since: Day | None = Field(default=None, description="Of the company's own claim, or what last interrupted it.")
    consumer: bool = Field(default=True, description="Whether that claim is on a consumer: three years, else ten.")
    reason: Annotated[Plain, Field(max_length=2_000)] = Field(
        default="", description="In words that the person who asked will read."
    )


class PlanFactsIn(Body):
    """What staff know of the case; it goes before what processors told."""

    contract: Literal["active", "ended", "none"] | None = None
    relationship_ended_on: Day | None = None
    fiscal_years_ended: list[Day] | None = Field(default=None, max_length=100)
    event_on: Day | None = None
    crime_report: bool | None = None


class PlannedOut(Answer):
    """What is proposed for, or was decided about, one category of an erasure."""

    fate: Literal["erase_now", "erase_beyond_hold", "keep_until", "keep_while", "not_held", "forward", "undecided"] = (
        Field(description="`erase_beyond_hold`: the recipient names what the law keeps, and until when.")
    )
    ground: str | None = None
    exception: str | None = None
    law: str | None = None
    until: date | None = None
    condition: str | None = None
    review_on: date | None = None
    policy_ends_on: date | None = Field(default=None, description="Where the controller's own period would end.")
    asks: list[str] = Field(default_factory=list, description="Facts that a person has to give, or should.")
    decided: bool = Field(default=False, description="Stored with a decision, not only proposed.")
    by_person: bool = False
    reason: str | None = None


class ScheduledErasureOut(Answer):
    """A category that one processor keeps after an answered request, and what its day brings."""

    id: UUID
    controller: str
    request_id: UUID
    reference: str
    processor: str
    category: str
    exception: str
    law: str | None = None
    until: date | None = None
    due_on: date | None = Field(default=None, description="The day it is erased, without anybody asking.")
    condition: str | None = None
    review_on: date | None = Field(default=None, description="The day a person is asked to decide anew.")
    state: Literal["waiting", "begun", "performed"]
    follow_up: UUID | None = Field(default=None, description="The request that carries it out.")
    performed_at: datetime | None = None
    outcome: str | None = None


class ScheduledErasurePage(Answer):
    items: list[ScheduledErasureOut]
    self: str
    next: str | None = None


class SuppressionLookupIn(Body):
    """Whom to look up; the identifiers travel in the body, and only as many as one person has."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"controller": "westra", "identifiers": [{"type": "email", "value": "anna@example.org"}]}]
        }
    )

    controller: Slug
    identifiers: Annotated[list[IdentifierIn], Field(min_length=1, max_length=20)]


class SuppressionOut(Answer):
    """What holds for whoever has one of the identifiers."""

    marketing_stopped: bool
    do_not_import: bool


class ErasedOut(Answer):
    """What a processor erased of one person, who is named by blind indexes only."""

    id: UUID
    controller: str
    processor: str
    reference: str
    categories: list[str]
    erased_on: date
    backups_overwritten_by: date | None = None
    blinds: list[dict[str, Any]]


class ErasedPage(Answer):
    items: list[ErasedOut]
    self: str
    next: str | None = None
