"""What is kept beside the case: the audit chain, letters, packages, replays."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.models._base import Row


class AuditEntryRow(Row, table=True):
    """One entry of a request's hash chain. Append-only: a trigger refuses everything but INSERT."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        # Where a controller's chains begin, and which of them say that a key was destroyed.
        Index("ix_audit_entry_first", "controller_id", "request_id", postgresql_where=text("seq = 1")),
        Index("ix_audit_entry_destroyed", "controller_id", postgresql_where=text("step = 'key:destroyed'")),
    )

    request_id: UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    at: datetime
    step: str
    actor_role: str
    actor_ref: str
    facts: dict[str, Any] = Field(sa_type=JSONB)
    prev_hash: str
    hash: str


class LetterRow(Row, table=True):
    """
    Something said to the person, as it was rendered; once per kind and what it is ``about``.

    ``via`` is how it reaches them (``portal``: behind their own login, ``email``: a notice without personal data,
    ``post``: a PDF) and ``sent_at`` when it was out. A notice the law wants in time is out only then.
    """

    __tablename__ = "letter"
    __table_args__ = (
        UniqueConstraint("request_id", "kind", "about"),
        CheckConstraint("sent_at IS NULL OR sent_at >= written_at", name="sent_after_written"),
        Index("ix_letter_unsent", "controller_id", "id", postgresql_where=text("sent_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    kind: str
    about: str = Field(default="", max_length=64)  #: an id or a code; empty where there is one of the kind
    language: str
    template_sha256: str
    body_sealed: bytes
    written_at: datetime
    via: str = "portal"
    sent_at: datetime | None = None


class OutgoingMailRow(Row, table=True):
    """
    A mail on its way: written in the transaction that makes it true, sent by a worker, once per ``dedupe``.

    Never personal data in it but the address it goes to, and that is sealed. One with a ``task_id`` goes to that
    task's recipient, about the task; the others go to the request's person.
    """

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        UniqueConstraint("request_id", "dedupe"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_instant"),
        CheckConstraint(
            "(task_id IS NULL) = (purpose IS NULL) AND (task_id IS NULL OR letter_id IS NULL)",
            name="to_recipient_has_purpose",
        ),
        Index("ix_outgoing_mail_task_id", "task_id"),
        Index("ix_outgoing_mail_due", "next_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_outgoing_mail_letter_id", "letter_id"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    letter_id: UUID | None = Field(default=None, foreign_key="letter.id", ondelete="CASCADE")
    dedupe: str = Field(max_length=128)
    mail_sealed: bytes  #: {"to", "subject", "text"}
    state: str = "waiting"  #: waiting, sent, failed
    attempts: int = 0
    next_at: datetime | None = None
    made_at: datetime
    sent_at: datetime | None = None
    failure: str | None = None  #: a code
    task_id: UUID | None = Field(default=None, foreign_key="task.id", ondelete="CASCADE")
    purpose: str | None = Field(default=None, max_length=32)  #: to a recipient: asked, reminder, code
    language: str | None = None  #: of a recipient; the person's is the request's


class LetterTemplateRow(Row, table=True):
    """
    A version of a letter's wording, kept when the first letter is made from it: what exactly was said, years later.

    Everybody's and nobody's: it holds no data of a controller, so it has none. The service can add and not change.
    """

    __tablename__ = "letter_template"

    sha256: str = Field(primary_key=True, max_length=64)
    kind: str
    language: str
    sources: list[dict[str, str]] = Field(sa_type=JSONB)  #: ``{"name", "text"}``, in the order of the hash
    kept_at: datetime


class PackageRow(Row, table=True):
    """
    What the person gets; the file is sealed with the key of the request's contents. Made again it is the next
    ``version``.

    Whoever opened what the rules keep back does not release it, and what shows how a home is protected leaves on two
    people's word: held by the database.
    """

    __tablename__ = "package"
    __table_args__ = (
        CheckConstraint("released_at IS NULL OR released_by IS NOT NULL", name="released_by_a_person"),
        CheckConstraint(
            "NOT has_security OR released_at IS NULL OR (approved_by IS NOT NULL AND approved_by <> released_by)",
            name="security_approved",
        ),
        CheckConstraint("released_by IS NULL OR NOT opened_by @> to_jsonb(released_by)", name="not_opened_by"),
        Index("ix_package_standing", "controller_id", "released_at", postgresql_where=text("destroyed_at IS NULL")),
    )

    request_id: UUID = Field(primary_key=True, foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    file: str
    sha256: str
    size: int
    sealed_at: datetime
    left_out: int  #: rows that were withheld; which, where and why is sealed beside it
    left_out_sealed: bytes  #: {"left_out": [...], "not_portable": [...]}
    released_at: datetime | None = None
    released_by: str | None = None
    version: int = 1
    has_security: bool = False  #: whether anything in it shows how a home is protected
    to_review: int = 0  #: rows the rules leave to a person: to be masked, transcribed, looked at
    redactions_sealed: bytes | None = None
    opened_by: list[str] = Field(default_factory=list, sa_type=JSONB)  #: who showed what the rules keep back
    asked_by: str | None = None  #: who asked for a release that waits for a second person
    approved_by: str | None = None
    former_file: str | None = None  #: the version before, to be destroyed once this one is committed
    destroyed_at: datetime | None = None  #: when the file went; the row stays as long as the case


class DownloadRow(Row, table=True):
    """A one-time way to a package: only the token's hash is kept."""

    __tablename__ = "download"
    __table_args__ = (
        CheckConstraint("uses_left >= 0", name="uses_left_not_negative"),
        Index("ix_download_request_id", "request_id"),
    )

    token_hash: bytes = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    subject_key: bytes
    created_at: datetime
    expires_at: datetime
    uses_left: int


class IdempotencyRow(Row, table=True):
    """The first answer to a key, kept as long as the case it belongs to."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_request_id", "request_id"),)

    controller_id: str = Field(primary_key=True, max_length=64)
    client: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: bytes
    request_id: UUID | None = Field(default=None, foreign_key="request.id", ondelete="CASCADE")
    status: int
    body: dict[str, Any] = Field(sa_type=JSONB)
    headers: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    made_at: datetime


class CallbackEventRow(Row, table=True):
    """An event id a processor has used. Kept for ever: an old signed event never counts twice."""

    __tablename__ = "callback_event"

    processor_id: UUID = Field(primary_key=True, foreign_key="processor.id")
    event_id: str = Field(primary_key=True, max_length=255)
    controller_id: str = Field(max_length=64)
    task_id: UUID
    received_at: datetime


class CaseCountRow(Row, table=True):
    """
    What is left of case files that are over: how many ended how, in which month; nobody in particular.

    A claim counts under its right and outcome, a request once under ``*``.
    """

    __tablename__ = "case_count"
    __table_args__ = (CheckConstraint("n > 0", name="n_positive"),)

    controller_id: str = Field(primary_key=True, max_length=64)
    month: date = Field(primary_key=True)  #: first day of the month in which the requests were closed
    right: str = Field(primary_key=True)
    outcome: str = Field(primary_key=True)
    in_time: bool = Field(primary_key=True)
    n: int
