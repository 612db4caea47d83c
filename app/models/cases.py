"""The case: a request, its claims, its tasks and their attempts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.models._base import Row
from app.models.clock import EXTENSION_CHECKS


class RequestRow(Row, table=True):
    """One request of one person to one controller."""

    __tablename__ = "request"
    __table_args__ = (
        UniqueConstraint("controller_id", "reference"),
        CheckConstraint("received_at <= filed_at", name="received_not_after_filed"),
        *EXTENSION_CHECKS,
        CheckConstraint("(stopped_at IS NULL) = (stopped_by IS NULL)", name="stop_has_somebody"),
        CheckConstraint(
            "(stop_verdict IS NULL AND stop_settled_by IS NULL AND stop_settled_at IS NULL)"
            " OR (stop_verdict IN ('genuine', 'not_genuine') AND stop_settled_by IS NOT NULL"
            " AND stop_settled_at IS NOT NULL AND stopped_at IS NOT NULL AND stop_settled_by <> stopped_by"
            " AND (requester_ref IS NULL OR stop_settled_by <> requester_ref)"
            " AND (filed_by_ref IS NULL OR stop_settled_by <> filed_by_ref))",
            name="stop_settled_by_another",
        ),
        Index("ix_request_controller_id_due_on", "controller_id", "due_on", "id"),
        Index("ix_request_controller_id_subject_key", "controller_id", "subject_key", "id"),
        Index("ix_request_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_request_closed_at", "controller_id", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index("ix_request_contents", "controller_id", "closed_at", postgresql_where=text("contents_key IS NOT NULL")),
        Index("ix_request_contents_id", "contents_id", postgresql_where=text("contents_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    reference: str = Field(max_length=32)
    phase: str
    status: str
    channel: str
    language: str
    received_at: datetime
    filed_at: datetime
    due_on: date
    deadline: dict[str, Any] = Field(sa_type=JSONB)
    assurance: str
    subject_key: bytes | None = None
    requester_ref: str | None = None
    filed_by_role: str
    filed_by_ref: str | None = None  #: who made it, or took it in; unknown of what is older than the column
    assignee_ref: str | None = None
    next_at: datetime | None = None
    follows: UUID | None = None  #: a closed request of which this one carries out what was kept; may be gone
    only_categories: list[str] | None = Field(default=None, sa_type=JSONB)  #: what a request that follows is about
    participants: list[str] | None = Field(default=None, sa_type=JSONB)  #: processors, once execution has begun
    answer_form: str = "electronic"  #: electronic, paper, oral: as asked for, else by channel
    unclassified: bool = False  #: came as free text, and no person has said yet which rights it claims
    closed_at: datetime | None = None
    version: int = 1
    wrapped_key: bytes
    subject_sealed: bytes
    message_sealed: bytes | None = None
    alarms: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)  #: [{"alarm", "on", "due_on"}]
    extension_state: str | None = None
    extension_ground: str | None = None
    extension_reasons_sealed: bytes | None = None
    extension_asked_by: str | None = None
    extension_asked_at: datetime | None = None
    extension_approved_by: str | None = None
    extended_at: datetime | None = None
    contents_id: UUID | None = None  #: names the key of what is given out, once there is something
    contents_key: bytes | None = None  #: its half; gone when the contents are over
    protected: bool = False  #: the person must not be found: seen by trained handlers only
    risk_marks: list[str] = Field(default_factory=list, sa_type=JSONB)  #: of app.domain.identity.RiskMark
    stopped_at: datetime | None = None  #: somebody said "that was not me"
    stopped_by: str | None = None
    stop_verdict: str | None = None  #: genuine or not_genuine; until then nothing goes on
    stop_settled_by: str | None = None
    stop_settled_at: datetime | None = None

    @property
    def is_stopped(self) -> bool:
        return self.stopped_at is not None and self.stop_verdict is None


class IdentifierRow(Row, table=True):
    """A blind index of one identifier of a request's person: finds, and says nothing."""

    __tablename__ = "identifier"
    __table_args__ = (Index("ix_identifier_controller_id_blind", "controller_id", "blind"),)

    request_id: UUID = Field(primary_key=True, foreign_key="request.id", ondelete="CASCADE")
    blind: bytes = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    type: str


class ClaimRow(Row, table=True):
    """One right invoked in a request, decided alone."""

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("request_id", "right"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="closed_has_outcome"),
        CheckConstraint(
            "verdict IS NULL OR verdict = 'granted' OR (ground IS NOT NULL AND reasons_sealed IS NOT NULL)",
            name="no_has_ground_and_reasons",
        ),
        CheckConstraint("approved_by IS NULL OR approved_by <> decided_by", name="two_people"),
        CheckConstraint(
            "verdict IS NULL OR state IN ('open', 'awaiting_approval') OR approved_by IS NOT NULL"
            " OR (verdict = 'granted' AND \"right\" <> 'erasure')",
            name="no_and_erasure_approved",
        ),
        CheckConstraint(
            "ground IS NULL OR ground NOT IN ('manifestly_unfounded', 'excessive')"
            " OR COALESCE((basis ->> 'evidence')::int, 0) > 0 OR COALESCE(basis ->> 'before_records', '') = 'true'",
            name="unfounded_has_evidence",
        ),
        CheckConstraint(
            "NOT two_needed OR verdict IS NULL OR state IN ('open', 'awaiting_approval') OR approved_by IS NOT NULL",
            name="two_where_two_are_needed",
        ),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    position: int
    right: str
    state: str
    needs: str
    details_sealed: bytes | None = None
    verdict: str | None = None
    ground: str | None = None
    reasons_sealed: bytes | None = None
    record_sealed: bytes | None = None  #: what the decision rests on (:mod:`app.domain.records`)
    basis: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)  #: its coded parts: numbers, codes, days
    raised_by: str | None = None  #: the rule by which another claim raised this one
    scope: list[str] | None = Field(default=None, sa_type=JSONB)  #: the only categories a raised claim is about
    presumed: bool = False  #: the widest reading of free text, until a person says what was meant
    excluded: list[str] = Field(default_factory=list, sa_type=JSONB)
    identifiers_checked: bool = False
    decided_by: str | None = None
    decided_at: datetime | None = None
    approved_by: str | None = None
    outcome: str | None = None
    closed_at: datetime | None = None
    cooling_until: datetime | None = None  #: what cannot be undone waits until then
    moves_contact: bool = False  #: it may change where the person is reached
    two_needed: bool = False  #: a protected person's claim is decided by two, whatever it is
    decided_for: bytes | None = None  #: a sign of the person it was decided about (:mod:`app.domain.standing`)


class ApprovalRow(Row, table=True):
    """
    The second person's word on an act that nobody does alone. Approver ≠ who asked ≠ requester, held by the database.

    ``subject`` names the act (:mod:`app.domain.four_eyes`), ``claim_id`` or ``about`` what it is about.
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="not_the_one_who_asked"),
        CheckConstraint(
            "decided_by IS NULL OR requester_ref IS NULL OR decided_by <> requester_ref", name="not_the_requester"
        ),
        CheckConstraint("(verdict IS NULL) = (decided_by IS NULL)", name="verdict_has_a_person"),
        CheckConstraint("requester_ref IS NULL OR asked_by <> requester_ref", name="not_asked_by_the_requester"),
        Index(
            "uq_approval_open",
            "request_id",
            "subject",
            "claim_id",
            "about",
            unique=True,
            postgresql_where=text("verdict IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_approval_request_id", "request_id"),
        Index("ix_approval_claim_id", "claim_id"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    claim_id: UUID | None = Field(default=None, foreign_key="claim.id", ondelete="CASCADE")
    about: UUID | None = None
    controller_id: str = Field(max_length=64)
    subject: str
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)  #: ids, codes and dates of what is asked for
    asked_by: str
    asked_at: datetime
    requester_ref: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    verdict: str | None = None
    reason_sealed: bytes | None = None


class TaskRow(Row, table=True):
    """One action asked of one recipient. Its id is the idempotency key at the processor."""

    __tablename__ = "task"
    __table_args__ = (
        # Asked about another person it is another task: its key must not bring the first one's answer.
        Index(
            "uq_task_asked_once",
            "request_id",
            "claim_id",
            "processor_id",
            "action",
            "asked_for",
            "ends_former",
            unique=True,
            postgresql_where=text("former IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("former IN ('another', 'more_known')", name="former_known"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_instant"),
        CheckConstraint("state <> 'closed' OR outcome IS NOT NULL", name="closed_has_outcome"),
        Index(
            "ix_task_due",
            "processor_id",
            "next_at",
            postgresql_where=text("state IN ('open', 'accepted') AND next_at IS NOT NULL"),
        ),
        Index("ix_task_claim_id", "claim_id"),
        Index("ix_task_sending", "processor_id", postgresql_where=text("state = 'sending'")),
        Index(
            "ix_task_needs_person",
            "controller_id",
            "id",
            postgresql_where=text("state = 'needs_person'"),
        ),
        Index(
            "ix_task_given_up",
            "processor_id",
            "attention",
            "id",
            postgresql_where=text("state = 'needs_person'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE", index=True)
    claim_id: UUID | None = Field(default=None, foreign_key="claim.id", ondelete="CASCADE")
    processor_id: UUID = Field(foreign_key="processor.id")
    controller_id: str = Field(max_length=64)
    action: str
    categories: list[str] = Field(sa_type=JSONB)
    state: str
    outcome: str | None = None
    attention: str | None = None
    last_code: str | None = None  #: the adapter's word for what the last call came to
    answer_by: date
    next_at: datetime | None = None
    attempts: int = 0
    failures: int = 0
    ask_first: bool = False
    asked_for: bytes | None = None  #: the sign of the person it asks about, where a decision has to say so
    former: str | None = None  #: why it counts no more for whoever is known now (:class:`app.domain.standing.Former`)
    ends_former: UUID | None = None  #: the restriction it ends, where that was set about somebody else
    poll_url: str | None = None
    token_hash: bytes | None = Field(default=None, index=True, unique=True)
    answer_sealed: bytes | None = None
    records_sealed: bytes | None = None  #: what an export brought, under the key of the contents
    progress_sealed: bytes | None = None  #: what an adapter goes on from: a job's ids, the steps it has done
    created_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None


class AttemptRow(Row, table=True):
    """One try of a task; the row is there before the call, so a crash leaves 'outcome unknown' behind."""

    __tablename__ = "attempt"

    task_id: UUID = Field(primary_key=True, foreign_key="task.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    verb: str
    fence: int
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = None
    code: str | None = None
