"""What belongs to recipients without an API: the page a task is answered on, its codes, the files that come with it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.models._base import Row


class RecipientPageRow(Row, table=True):
    """
    The page of one task: found by the hash of its address, open while the hash of a session is there and not over.

    One session at a time; whoever gets in later closes it for whoever was there before.
    """

    __tablename__ = "recipient_page"
    __table_args__ = (
        CheckConstraint("(session_hash IS NULL) = (session_until IS NULL)", name="session_has_end"),
        Index("ix_recipient_page_request_id", "request_id"),
    )

    task_id: UUID = Field(primary_key=True, foreign_key="task.id", ondelete="CASCADE")
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    token_hash: bytes = Field(unique=True)
    language: str
    made_at: datetime
    session_hash: bytes | None = None
    session_until: datetime | None = None
    answered_at: datetime | None = None


class RecipientCodeRow(Row, table=True):
    """A one-time code of a page; eight digits under a key of ours, bound to the task."""

    __tablename__ = "recipient_code"
    __table_args__ = (
        CheckConstraint("tries >= 0", name="tries_not_negative"),
        Index("ix_recipient_code_task_id", "task_id", "made_at"),
    )

    id: UUID = Field(primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    code_hash: bytes
    made_at: datetime
    expires_at: datetime
    tries: int = 0
    used_at: datetime | None = None


class TaskFileRow(Row, table=True):
    """
    A file that a recipient handed in, sealed with the key of the request's contents.

    ``scan``: ``clean``, ``infected`` (then it is destroyed at once), ``pending`` (the scanner did not answer yet) or
    ``not_scanned`` (there is none). Only rows of clean files are taken into an answer without a person's word.
    """

    __tablename__ = "task_file"
    __table_args__ = (
        UniqueConstraint("task_id", "sha256"),
        CheckConstraint("scan IN ('clean', 'infected', 'pending', 'not_scanned')", name="scan_known"),
        CheckConstraint("scan <> 'infected' OR destroyed_at IS NOT NULL", name="infected_is_destroyed"),
        CheckConstraint("size > 0", name="size_positive"),
        Index("ix_task_file_request_id", "request_id"),
        Index("ix_task_file_pending", "uploaded_at", postgresql_where=text("scan = 'pending'")),
    )

    id: UUID = Field(primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", ondelete="CASCADE")
    request_id: UUID = Field(foreign_key="request.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    category: str = Field(max_length=64)
    media_type: str
    size: int
    sha256: str
    name_sealed: bytes  #: what it was called there
    file: str  #: under which name of ours it lies in the file store
    via: str  #: page or callback
    scan: str
    uploaded_at: datetime
    scanned_at: datetime | None = None
    destroyed_at: datetime | None = None
