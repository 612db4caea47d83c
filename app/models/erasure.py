"""What erasure leaves behind: the plan, what is kept and when it goes, what must not come back."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.models._base import Row


class ErasurePlanRow(Row, table=True):
    """
    What a decision says of one category of an erasure, in codes; counts when its claim is decided and approved.

    What a person wrote as the reason is sealed with the request's key.
    """

    __tablename__ = "erasure_plan"
    __table_args__ = (
        CheckConstraint("fate NOT IN ('erase_now', 'erase_beyond_hold') OR ground IS NOT NULL", name="erased_by_law"),
        CheckConstraint("fate NOT LIKE 'keep%' OR exception IS NOT NULL", name="kept_by_exemption"),
        CheckConstraint("fate <> 'keep_until' OR until IS NOT NULL", name="kept_until_a_day"),
        CheckConstraint(
            "fate <> 'keep_while' OR (condition IS NOT NULL AND review_on IS NOT NULL)", name="kept_with_a_review"
        ),
        CheckConstraint(
            "coalesce(exception, '') NOT IN ('legal_obligation', 'legal_claims') OR hold IS NOT NULL",
            name="law_has_a_code",
        ),
        CheckConstraint("fate <> 'undecided'", name="decided"),
    )

    claim_id: UUID = Field(primary_key=True, foreign_key="claim.id", ondelete="CASCADE")
    category: str = Field(primary_key=True, max_length=60)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE", index=True)
    controller_id: str = Field(max_length=64)
    fate: str
    ground: str | None = None
    exception: str | None = None
    hold: str | None = None
    until: date | None = None
    condition: str | None = None
    review_on: date | None = None
    by_person: bool = False
    reason_sealed: bytes | None = None


class ScheduledErasureRow(Row, table=True):
    """
    One category that is kept at one processor after an answered request, and the day on which it goes or is looked at.

    It outlives the request (no foreign key to it): it holds what that processor needs to find the person, sealed under
    a key of its own that is destroyed when all is done. Two people agreed to the erasure it carries out.
    """

    __tablename__ = "scheduled_erasure"
    __table_args__ = (
        UniqueConstraint("claim_id", "processor_id", "category"),
        CheckConstraint("(due_on IS NULL) <> (review_on IS NULL)", name="due_or_looked_at"),
        CheckConstraint("due_on IS NULL OR (until IS NOT NULL AND due_on > until)", name="due_after_until"),
        CheckConstraint("approved_by IS NULL OR approved_by <> decided_by", name="two_people"),
        CheckConstraint("state IN ('waiting', 'begun', 'performed')", name="state"),
        CheckConstraint("(state = 'waiting') = (next_at IS NOT NULL)", name="waiting_has_instant"),
        CheckConstraint("state <> 'performed' OR wrapped_key IS NULL", name="performed_has_no_key"),
        Index("ix_scheduled_erasure_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_scheduled_erasure_request_id", "request_id"),
    )

    id: UUID = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    request_id: UUID  #: whose answer it belongs to; may be gone
    claim_id: UUID
    reference: str = Field(max_length=32)
    processor_id: UUID = Field(foreign_key="processor.id")
    category: str = Field(max_length=60)
    exception: str
    hold: str | None = None
    until: date | None = None
    due_on: date | None = None
    condition: str | None = None
    review_on: date | None = None
    state: str = "waiting"
    next_at: datetime | None = None
    follow_up: UUID | None = None  #: the request that carries it out
    decided_by: str
    decided_at: datetime
    approved_by: str | None = None
    identifiers_checked: bool = False
    assurance: str
    language: str
    subject_key: bytes | None = None
    subject_sealed: bytes | None = None
    wrapped_key: bytes | None = None
    protected: bool = False  #: as the request's mark, which it outlives: seen by trained handlers only
    made_at: datetime
    performed_at: datetime | None = None
    outcome: str | None = None


class SuppressionRow(Row, table=True):
    """
    That somebody must not be advertised to (``marketing``) or imported again (``reimport``): a blind index, no more.

    It outlives the request it comes from, or the person would have to say it again.
    """

    __tablename__ = "suppression"
    __table_args__ = (CheckConstraint("kind IN ('marketing', 'reimport')", name="kind"),)

    controller_id: str = Field(primary_key=True, max_length=64)
    kind: str = Field(primary_key=True)
    blind: bytes = Field(primary_key=True)
    type: str
    reference: str = Field(max_length=32)
    since: datetime


class ErasedDataRow(Row, table=True):
    """
    What one processor erased of one person, wholly or but for what a law keeps: what must not come back when it
    restores a backup.

    ``blinds`` are blind indexes in hex; ``backups_overwritten_by`` is known where the system states it.
    """

    __tablename__ = "erased_data"
    __table_args__ = (Index("ix_erased_data_processor_id", "processor_id", "id"),)

    id: UUID = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    task_id: UUID
    processor_id: UUID = Field(foreign_key="processor.id")
    reference: str = Field(max_length=32)
    categories: list[str] = Field(sa_type=JSONB)
    blinds: list[dict[str, Any]] = Field(sa_type=JSONB)
    erased_on: date
    backups_overwritten_by: date | None = None
