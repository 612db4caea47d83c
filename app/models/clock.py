"""What moves a case's due date: questions to the person, and the rules by which an extension counts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from app.models._base import Row

#: Of the request's row. An extension counts with two people, neither of them the requester, and with reasons; and no
#: deadline is an extended one without it.
EXTENSION_CHECKS = (
    CheckConstraint(
        "(extension_state IS NULL) = (extension_ground IS NULL)"
        " AND (extension_state IS NULL) = (extension_reasons_sealed IS NULL)"
        " AND (extension_state IS NULL) = (extension_asked_by IS NULL)",
        name="extension_has_ground_and_reasons",
    ),
    CheckConstraint(
        "extension_state IS NULL OR extension_state IN ('asked', 'rejected', 'lapsed')"
        " OR extension_approved_by IS NOT NULL",
        name="extension_approved",
    ),
    CheckConstraint(
        "extension_approved_by IS NULL OR (extension_approved_by <> extension_asked_by"
        " AND (requester_ref IS NULL OR extension_approved_by <> requester_ref))",
        name="extension_two_people",
    ),
    CheckConstraint(
        "extension_asked_by IS NULL OR requester_ref IS NULL OR extension_asked_by <> requester_ref",
        name="extension_not_asked_by_the_requester",
    ),
    CheckConstraint(
        "NOT deadline @> '{\"extended\": true}' OR extension_state IS NOT DISTINCT FROM 'effective'",
        name="extended_by_an_extension",
    ),
)


class SuspensionRow(Row, table=True):
    """
    A question to the person: a doubt about who asks, or what they want. Its letter is ``about`` its id.

    ``stops`` is whether the clock may stand still for it at all; from when until when is worked out with the deadline.
    """

    __tablename__ = "suspension"
    __table_args__ = (
        CheckConstraint("reason IN ('identity', 'clarification')", name="reason_known"),
        CheckConstraint("answered_at IS NULL OR answered_at >= asked_at", name="answered_after_asked"),
        CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="answer_has_a_person"),
        Index(
            "uq_suspension_open",
            "request_id",
            "reason",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE", index=True)
    controller_id: str = Field(max_length=64)
    reason: str
    code: str
    stops: bool
    question_sealed: bytes
    asked_at: datetime
    asked_by: str
    answered_at: datetime | None = None
    answered_by: str | None = None
    answer_sealed: bytes | None = None
