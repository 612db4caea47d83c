"""Requests, claims, decisions: bodies and answers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import (
    PROVED_CONTACT,
    PROVED_NUMBER,
    Answer,
    AnswerForm,
    Body,
    CategoryId,
    Channel,
    ClaimIn,
    Code,
    ContactIn,
    IdentifierIn,
    Instant,
    KnownAs,
    Language,
    Phase,
    Plain,
    RightKey,
    Slug,
    Text,
)
from app.schemas.clock import AlarmOut, QuestionOut, StaffExtension, StaffQuestion
from app.schemas.decisions import DecisionRecordIn, DecisionViewed, NoteOut, RaisedOut
from app.schemas.erasure import PlanEntryIn, PlanFactsIn

Claims = Annotated[list[ClaimIn], Field(min_length=1, max_length=9)]


PROTECTED = "The person must not be found: specially trained staff take over, and nothing is mailed."


class OwnRequestIn(Body):
    """A request of the person who is logged in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"controller": "westra", "claims": [{"right": "access"}], "language": "sv"}],
        }
    )

    controller: Slug | None = Field(default=None, description="Needed when the token is good for several.")
    claims: Claims
    language: Language = "sv"
    message: Text | None = None
    contact: ContactIn = ContactIn()
    identifiers: list[IdentifierIn] = Field(default_factory=list, max_length=20)
    answer_form: AnswerForm | None = Field(default=None, description="How the answer is wanted; else electronic.")
    protected_identity: bool = Field(default=False, description=PROTECTED)


class PersonIn(Body):
    """Who asks, as far as it is known."""

    identifiers: Annotated[list[IdentifierIn], Field(min_length=1, max_length=20)]
    contact: ContactIn = ContactIn()


class RequestIn(Body):
    """A request that came by phone, letter, in person, by e-mail: entered by staff, counted from its receipt."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "controller": "westra",
                    "channel": "letter",
                    "received_at": "2026-02-03T10:15:00+01:00",
                    "claims": [{"right": "erasure", "details": {"categories": ["billing"]}}],
                    "subject": {"identifiers": [{"type": "email", "value": "anna@example.org"}]},
                    "language": "sv",
                }
            ],
        }
    )

    controller: Slug
    channel: Channel
    received_at: Instant
    claims: Claims
    subject: PersonIn
    language: Language = "sv"
    message: Text | None = None
    answer_form: AnswerForm | None = Field(default=None, description="How the answer is wanted; else by channel.")
    note: Text | None = Field(default=None, description="What was said, in staff's words: a call, a visit, a chat.")
    protected_identity: bool = Field(default=False, description=PROTECTED)


class SearchIn(Body):
    """Whose requests to look for; the identifiers travel in the body so that no log holds them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"identifiers": [{"type": "email", "value": "anna@example.org"}]}]}
    )

    identifiers: Annotated[list[IdentifierIn], Field(min_length=1, max_length=20)]
    controller: Slug | None = None


class WithdrawalIn(Body):
    """Which claims are taken back; none named means all that can be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rights": ["erasure"]}]})

    rights: list[RightKey] = Field(default_factory=list, max_length=9)


class ProofIn(Body):
    """How the person proved who they are; or that it was not possible. Never a copy of anything."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"method": "e_id_in_call", "result": "proved", "personnummer": "198001019804"}],
        }
    )

    method: Code = "none"
    result: Literal["proved", "not_possible"] = "proved"
    personnummer: str | None = PROVED_NUMBER
    contact: IdentifierIn | None = PROVED_CONTACT
    reason: Text | None = Field(
        default=None, description="Why nobody can tell who asks, in twenty characters or more; for not_possible."
    )


class PlanIn(Body):
    """
    What a partly granted claim leaves out; for an erasure also the facts it is planned from and what becomes of each
    category. What is not named takes the proposal of `GET …/plan`.
    """

    exclude: list[CategoryId] = Field(default_factory=list, max_length=200)
    categories: list[PlanEntryIn] = Field(default_factory=list, max_length=200)
    facts: PlanFactsIn = PlanFactsIn()


class DecisionIn(Body):
    """The decision on one claim. A no, whole or in part, needs a ground of that right and reasons."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcome": "refused",
                    "ground": "manifestly_unfounded",
                    "reasons": "The same copy was sent a week ago and nothing has changed since.",
                    "record": {
                        "evidence": [
                            {"kind": "answer_given", "on": "2026-02-03", "what": "The copy was sent and fetched."},
                        ],
                    },
                }
            ]
        }
    )

    outcome: Literal["granted", "partly_granted", "refused"]
    ground: Code | None = None
    reasons: Annotated[Plain, Field(max_length=10_000)] = ""
    plan: PlanIn = PlanIn()
    identifiers_checked: bool = Field(
        default=False,
        description="That identifiers the person only wrote were compared and are theirs; needed for a yes then.",
    )
    record: DecisionRecordIn = DecisionRecordIn()


class VerdictIn(Body):
    """The second person's word."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "approved", "reason": "Checked."}]})

    verdict: Literal["approved", "rejected"]
    reason: Text


class ClaimOut(Answer):
    """One right and where it stands."""

    id: UUID
    right: RightKey
    state: Literal["open", "awaiting_approval", "decided", "closed"]
    verdict: str | None = None
    outcome: str | None = None
    presumed: bool = Field(default=False, description="Read into free text until a person has classified it.")
    raised_by: str | None = Field(default=None, description="The rule by which another claim raised this one.")


class RequestOut(Answer):
    """A request, without anything about the person."""

    id: UUID
    reference: str = Field(examples=["INS-2026-7K2M9QXA"])
    controller: str
    phase: Phase
    status: str = Field(description="Finer word under the phase; the list may grow.", examples=["locating"])
    channel: str
    language: str
    received_at: datetime
    due_on: date
    closed_at: datetime | None = None
    version: int
    answer_form: AnswerForm = "electronic"
    unclassified: bool = False
    claims: list[ClaimOut]


class RequestWithDeadline(RequestOut):
    """A request with the explanation of its due date."""

    deadline: dict[str, Any]
    questions: list[QuestionOut] = Field(default_factory=list, description="Put to the person, answered or not.")


class StaffClaim(ClaimOut, DecisionViewed):
    """A claim as staff see it."""

    needs: str = Field(description="The level of identity it needs.")
    cooling_until: datetime | None = Field(default=None, description="What cannot be undone waits until then.")
    details: dict[str, Any] = Field(default_factory=dict)
    ground: str | None = None
    reasons: str | None = None
    excluded: list[str] = Field(default_factory=list)
    grounds_allowed: list[str]
    decided_by: str | None = None
    decided_at: datetime | None = None


class PersonOut(Answer):
    """The person, opened for this one answer."""

    identifiers: list[KnownAs]
    contact: dict[str, str] = Field(default_factory=dict)


class MissingOut(Answer):
    """A piece of information that the law demands in the answer, and the path at which it can be settled."""

    path: str
    piece: str
    law: str
    category: str | None = None


class StaffRequest(RequestWithDeadline):
    """A request as staff see it, the person included."""

    filed_at: datetime
    assurance: str
    identity_methods: list[str] = Field(description="The ways of proof that would do for all claims.")
    risk_marks: list[str] = Field(default_factory=list, description="What is known to be dangerous about the case.")
    protected: bool | None = Field(default=None, description="Only for trained handlers: the person must not be found.")
    stopped_at: datetime | None = None
    stop_verdict: str | None = None
    assignee: str | None = None
    subject: PersonOut
    message: str | None = None
    notes: list[NoteOut] = Field(default_factory=list)
    raised: list[RaisedOut] = Field(default_factory=list)
    claims: list[StaffClaim]  # type: ignore[assignment]
    questions: list[StaffQuestion] = Field(default_factory=list)  # type: ignore[assignment]
    extension: StaffExtension | None = None
    alarms: list[AlarmOut] = Field(default_factory=list)
    refusal_late: bool = Field(default=False, description="A no was told later than a month after receipt.")
    processors_answer_by: date | None = Field(
        default=None, description="When the first recipient should have answered."
    )
    missing: list[MissingOut] = Field(
        default_factory=list, description="What the answer still lacks while its status is package_incomplete."
    )


class DecisionOut(Answer):
    """What became of a decision; with an approval it waits for a second person."""

    claim: ClaimOut
    version: int
    approval_id: UUID | None = None


class ApprovalOut(Answer):
    """A decision that waits for, or has, a second person's word."""

    id: UUID
    request_id: UUID
    claim_id: UUID | None = None
    about: UUID | None = None
    controller: str
    subject: str = Field(description="The act that waits; the list may grow.", examples=["decision"])
    facts: dict[str, Any] = Field(default_factory=dict, description="Ids, codes and dates of what is asked for.")
    asked_at: datetime
    asked_by: str
    verdict: str | None = None
    decided_at: datetime | None = None


class Page(Answer):
    """A page of a list; ``next`` is absent on the last one."""

    self: str
    next: str | None = None


class RequestPage(Page):
    items: list[RequestOut]


class ApprovalPage(Page):
    items: list[ApprovalOut]
