"""What reaches beyond a request: restrictions that outlive it, recipients that are told, other controllers."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.models._base import Row


class RestrictionRow(Row, table=True):
    """
    Data that are kept and not used (GDPR Art. 18). Lifted only after its notice, and by two people.

    It names its request without belonging to it: the request may be closed and its row deleted while the
    restriction holds. ``lift_sealed`` is {"outcome", "then"} under the request's key.
    """

    __tablename__ = "restriction"
    __table_args__ = (
        Index("uq_restriction_of_claim", "request_id", "claim_id", unique=True, postgresql_where=text("NOT former")),
        CheckConstraint(
            "ground IN ('accuracy_contested', 'erasure_opposed', 'needed_for_claims', 'objection_pending')",
            name="ground_of_article_18",
        ),
        CheckConstraint(
            "lifted_at IS NULL OR (notice_sent_at IS NOT NULL AND lifting_on IS NOT NULL"
            " AND lifted_at > notice_sent_at)",
            name="lifted_after_notice",
        ),
        CheckConstraint(
            "lift_approved_by IS NULL OR (lift_asked_by IS NOT NULL AND lift_approved_by <> lift_asked_by)",
            name="two_people",
        ),
        CheckConstraint("lifted_at IS NULL OR lift_approved_by IS NOT NULL", name="lifted_by_two"),
        Index("ix_restriction_live", "controller_id", "id", postgresql_where=text("lifted_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    request_id: UUID
    claim_id: UUID
    reference: str = Field(max_length=32)
    ground: str
    categories: list[str] = Field(sa_type=JSONB)
    since: datetime
    former: bool = False  #: set about somebody else than whoever its request turned out to be of
    lift_proposed_at: datetime | None = None
    lift_ending: str | None = None
    lift_sealed: bytes | None = None
    lifting_on: date | None = None
    notice_sent_at: datetime | None = None
    lift_asked_by: str | None = None
    lift_approved_by: str | None = None
    lifted_at: datetime | None = None


class RestrictionIdentifierRow(Row, table=True):
    """A blind index of one identifier of a restricted person: finds the restriction, also when the request is gone."""

    __tablename__ = "restriction_identifier"
    __table_args__ = (Index("ix_restriction_identifier_controller_id_blind", "controller_id", "blind"),)

    restriction_id: UUID = Field(primary_key=True, foreign_key="restriction.id", ondelete="CASCADE")
    blind: bytes = Field(primary_key=True)
    controller_id: str = Field(max_length=64)


class LedgerEntryRow(Row, table=True):
    """One recipient that is told of one change (GDPR Art. 19). Without ``processor_id`` no system reaches it."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        Index(
            "uq_ledger_entry_told_once",
            "request_id",
            "claim_id",
            "about",
            "recipient",
            unique=True,
            postgresql_where=text("NOT former"),
        ),
        CheckConstraint(
            "state IN ('pending', 'sent', 'confirmed', 'impossible', 'disproportionate')", name="state_known"
        ),
        CheckConstraint(
            "state NOT IN ('impossible', 'disproportionate') OR reason_code IS NOT NULL", name="excuse_has_reason"
        ),
        CheckConstraint(
            "state <> 'disproportionate' OR (reason_sealed IS NOT NULL AND settled_by IS NOT NULL)",
            name="disproportionate_said_by_a_person",
        ),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    claim_id: UUID = Field(foreign_key="claim.id", ondelete="CASCADE")
    processor_id: UUID | None = Field(default=None, foreign_key="processor.id")
    controller_id: str = Field(max_length=64)
    about: str
    recipient: str = Field(max_length=64)  #: the recipient's id in the profile, or the processor's key
    state: str = "pending"
    reason_code: str | None = None
    reason_sealed: bytes | None = None
    settled_by: str | None = None
    made_at: datetime
    former: bool = False  #: told of what was done for somebody else than whoever is known now
    at: datetime | None = None  #: when it came to its state


class ForwardingRow(Row, table=True):
    """
    A part of a request that belongs to another controller (GDPR Art. 28(3)(e)). ``to_sealed`` is {"name", "contact"},
    ``letter_sealed`` what was sent there.
    """

    __tablename__ = "forwarding"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'sent', 'confirmed')", name="state_known"),
        CheckConstraint(
            "(state = 'pending') = (forwarded_at IS NULL) AND (state = 'pending' OR to_sealed IS NOT NULL)",
            name="sent_has_instant_and_addressee",
        ),
        Index("ix_forwarding_request_id", "request_id"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    processor_id: UUID = Field(foreign_key="processor.id")
    controller_id: str = Field(max_length=64)
    categories: list[str] = Field(sa_type=JSONB)
    to_sealed: bytes | None = None
    state: str = "pending"
    received_by_processor_at: datetime
    due_by: date
    controller_due_on: date
    opened_at: datetime
    forwarded_at: datetime | None = None
    forwarded_by: str | None = None
    confirmed_at: datetime | None = None
    letter_sealed: bytes | None = None
