"""What a decision rests on, free text made into claims, notes, fees, disagreement: bodies and answers."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.schemas.base import Answer, Body, CategoryId, ClaimIn, Plain, Text

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("not_a_day", "a civil date, YYYY-MM-DD")
    return value


Day = Annotated[
    date, BeforeValidator(_is_day, json_schema_input_type=str), Field(strict=False, examples=["2026-02-03"])
]
Words = Annotated[Plain, StringConstraints(min_length=1, max_length=4_000)]
FactKindKey = Literal[
    "earlier_request",
    "answer_given",
    "nothing_changed",
    "stated_purpose",
    "offer_to_withdraw",
    "conduct",
    "other",
]


class FactIn(Body):
    """A documented fact with its day."""

    kind: FactKindKey
    on: Day
    what: Words


class IntentIn(Body):
    """Proven abuse: the circumstances, and the aim they show (C-526/24)."""

    objective: Words
    subjective: Words


class WeighedIn(Body):
    """What was weighed for one category that a copy leaves out (GDPR Art. 15(4), 20(4))."""

    category: CategoryId
    balancing: Words


class StatuteIn(Body):
    """The legislative act a restriction of rights rests on (GDPR Art. 23)."""

    sfs: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}:[0-9]{1,4}$")]
    section: Annotated[Plain, StringConstraints(pattern=r"^[0-9A-Za-zåäö .,–-]*[0-9]+[^§]{0,10}§{1,2}$", max_length=60)]


class BalancingIn(Body):
    """The balancing that turns an objection down (GDPR Art. 21(1))."""

    interest: Words
    necessity: Words
    impact_on_person: Words
    why_overrides: Words


class ReviewIn(Body):
    """What a person came to who looked again at an automated decision; whoever decides is the reviewer."""

    new_decision: Words
    why: Words


class DecisionRecordIn(Body):
    """What a decision rests on. Which parts one needs is in ``decision_needs`` of the claim."""

    evidence: list[FactIn] = Field(default_factory=list, max_length=50)
    intent: IntentIn | None = None
    weighed: list[WeighedIn] = Field(default_factory=list, max_length=200)
    statute: StatuteIn | None = None
    balancing: BalancingIn | None = None
    checked: Annotated[Plain, Field(max_length=4_000)] = ""
    ground_18: Literal["a", "b", "c", "d"] | None = Field(default=None, description="Of GDPR Art. 18(1).")
    review: ReviewIn | None = None


class ClassificationIn(Body):
    """Which rights a message claims, as a person has read it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"claims": [{"right": "access"}, {"right": "erasure"}]}]})

    claims: Annotated[list[ClaimIn], Field(min_length=1, max_length=9)]


class NoteIn(Body):
    """What staff write down; ``oral_answer`` says that the answer was given in the conversation too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Called back; wants the copy by post."}]})

    text: Text
    kind: Literal["note", "oral_answer"] = "note"


class AssigneeIn(Body):
    """Whose case it is; nobody named is whoever calls."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    assignee: Annotated[UUID, Field(strict=False)] | None = None


class StatementIn(Body):
    """The person's own words beside data that were not rectified."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "I moved on 1 March, whatever the file says."}]})

    text: Annotated[Plain, StringConstraints(min_length=1, max_length=4_000)]


class StatementOut(Answer):
    """That the words are kept, without them."""

    id: UUID
    claim_id: UUID
    made_at: datetime


class FeeIn(Body):
    """A fee asked instead of a refusal, on the same facts; in öre."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ground": "excessive",
                    "amount_ore": 25000,
                    "reason": "Half an hour's work at 500 kr to copy the recording once more.",
                    "record": {
                        "evidence": [
                            {"kind": "answer_given", "on": "2026-01-12", "what": "The same copy was handed out."},
                            {"kind": "nothing_changed", "on": "2026-02-02", "what": "Nothing is new since then."},
                        ],
                    },
                }
            ]
        }
    )

    ground: Literal["manifestly_unfounded", "excessive"]
    amount_ore: Annotated[int, Field(ge=1, le=10_000_000)]
    reason: Text
    record: DecisionRecordIn


class NoteOut(Answer):
    """What was written down."""

    id: UUID
    kind: str
    text: str
    written_by: str
    written_at: datetime


class NeedPart(Answer):
    """One part of ``record`` that a decision needs, with its source and what it holds."""

    part: str
    source: str
    text: str


class DecisionNeed(Answer):
    """What a decision of that outcome and ground must be documented with."""

    outcome: str
    ground: str | None = None
    parts: list[NeedPart]


class RaisedOut(Answer):
    """What a granted claim has raised; ``unclear`` are categories whose basis the policy does not say."""

    by: str
    rule: str
    ground: str
    categories: list[str]
    unclear: list[str]
    added: bool = Field(description="Whether the erasure claim was added; else there was one, or only a note.")
    claim_id: UUID | None = None


class FeeOut(Answer):
    """A fee that was asked; ``told`` once a second person has agreed."""

    amount_ore: int
    ground: str
    reason: str
    state: Literal["awaiting_approval", "told"]


class DecisionViewed(Answer):
    """What staff see of a claim's decision."""

    record: dict[str, Any] = Field(default_factory=dict)
    basis: dict[str, Any] = Field(default_factory=dict)
    scope: list[str] | None = None
    decision_needs: list[DecisionNeed] = Field(default_factory=list)
    disagreement: str | None = None
    fee: FeeOut | None = None
