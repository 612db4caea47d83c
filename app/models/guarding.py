"""What guards a person against whoever pretends to be them: their channels, codes, changes, marks."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from app.models._base import Row


class KnownChannelRow(Row, table=True):
    """
    One address a controller has for the person of a request: sealed, found by its blind index, told of what is asked.

    ``source`` is the recipient's key, ``login`` or ``code``; ``told_at`` when a notice to it was put on its way.
    """

    __tablename__ = "known_channel"
    __table_args__ = (Index("ix_known_channel_controller_id_blind", "controller_id", "blind"),)

    request_id: UUID = Field(primary_key=True, foreign_key="request.id", ondelete="CASCADE")
    blind: bytes = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    type: str
    since: date
    source: str
    value_sealed: bytes
    told_at: datetime | None = None


class OneTimeCodeRow(Row, table=True):
    """
    A code that was asked for, and once a worker has seen to it, what it is measured against.

    Where no address may be sent one it is made all the same and goes nowhere (``channel`` is ``none``): from outside
    nobody sees a difference. Only a keyed hash stays here.
    """

    __tablename__ = "one_time_code"
    __table_args__ = (
        CheckConstraint("tries BETWEEN 0 AND 5", name="tries_bounded"),
        CheckConstraint(
            "(made_at IS NULL) = (expires_at IS NULL) AND (made_at IS NULL) = (code_hash IS NULL)", name="made_whole"
        ),
        CheckConstraint("expires_at <= made_at + interval '10 minutes'", name="lives_ten_minutes"),
        CheckConstraint("used_at IS NULL OR used_at <= expires_at", name="used_in_time"),
        Index("ix_one_time_code_controller_id_blind", "controller_id", "blind"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE", index=True)
    controller_id: str = Field(max_length=64)
    wanted_at: datetime
    made_at: datetime | None = None
    expires_at: datetime | None = None
    channel: str | None = None  #: email, or none
    blind: bytes | None = None
    code_hash: bytes | None = None
    tries: int = 0
    used_at: datetime | None = None


class ContactChangeRow(Row, table=True):
    """An address that was put in the place of another through us: thirty days it proves nothing."""

    __tablename__ = "contact_change"
    __table_args__ = (
        UniqueConstraint("request_id", "new_blind"),
        Index("ix_contact_change_controller_id_new_blind", "controller_id", "new_blind"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    type: str
    new_blind: bytes
    old_blind: bytes | None = None
    old_sealed: bytes | None = None
    since: date


class ProtectionMarkRow(Row, table=True):
    """Who marked a request's person as one who must not be found, or asked to take the mark off, and why (sealed)."""

    __tablename__ = "protection_mark"
    __table_args__ = (
        CheckConstraint("mark IN ('on', 'off')", name="known_word"),
        CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL OR approved_by <> by)",
            name="two_people",
        ),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE", index=True)
    controller_id: str = Field(max_length=64)
    mark: str
    reason_sealed: bytes
    by: str
    at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
