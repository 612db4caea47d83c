"""What is said about a case beside its decisions: notes of staff, a person's disagreement, a fee that is asked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.models._base import Row


class CaseNoteRow(Row, table=True):
    """What staff write down about a case: a call, a visit, an oral answer. Never changed."""

    __tablename__ = "case_note"
    __table_args__ = (Index("ix_case_note_request_id", "request_id"),)

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    kind: str  #: intake, note, oral_answer
    text_sealed: bytes
    written_by: str
    written_at: datetime


class DisagreementNoteRow(Row, table=True):
    """
    The person's own words beside data that were not rectified (GDPR Art. 16, 12(4)); one for each refused claim.

    Goes with later copies of the data (:func:`app.services.disagreement.notes_of_person`).
    """

    __tablename__ = "disagreement_note"
    __table_args__ = (UniqueConstraint("claim_id"),)

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    claim_id: UUID = Field(foreign_key="claim.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    text_sealed: bytes
    made_by: str
    made_at: datetime


class FeeNoticeRow(Row, table=True):
    """
    A fee that may be asked instead of a refusal (GDPR Art. 12(5)(a)), told before anything is charged.

    Rests on evidence and on two people, held by the database.
    """

    __tablename__ = "fee_notice"
    __table_args__ = (
        UniqueConstraint("claim_id"),
        CheckConstraint("amount_ore > 0", name="amount_positive"),
        CheckConstraint("COALESCE((basis ->> 'evidence')::int, 0) > 0", name="has_evidence"),
        CheckConstraint("approved_by IS NULL OR approved_by <> asked_by", name="two_people"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_has_instant"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    claim_id: UUID = Field(foreign_key="claim.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    ground: str
    amount_ore: int
    basis: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    record_sealed: bytes  #: {"record", "reason"}
    asked_by: str
    asked_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
