"""Who is asked: the processors of each controller, and the lane to each."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.models._base import Row


class ProcessorRow(Row, table=True):
    """A registered recipient of one controller: an adapter kind, what it can be asked, and its limits."""

    __tablename__ = "processor"
    __table_args__ = (
        UniqueConstraint("controller_id", "key"),
        CheckConstraint("concurrency > 0 AND rate_per_second > 0 AND burst > 0", name="limits_positive"),
    )

    id: UUID = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    key: str = Field(max_length=64)
    title: str
    kind: str
    recipient_kind: str
    state: str
    endpoint: str | None = None
    sandbox_service: str | None = None
    actions: list[str] = Field(sa_type=JSONB)
    categories: list[str] = Field(sa_type=JSONB)
    identifier_types: list[str] = Field(sa_type=JSONB)
    after: list[str] = Field(sa_type=JSONB)
    answer_mode: str
    idempotency: str
    rate_per_second: float
    burst: int
    concurrency: int
    quota: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)  #: see :mod:`app.domain.quotas`
    contact: str | None = None
    country: str | None = None
    safeguard: str | None = None
    from_profile: bool = False
    secrets_sealed: bytes | None = None
    secret_names: list[str] = Field(default_factory=list, sa_type=JSONB)
    #: By name, the newest first: when each secret was set and by whom, and until when it is good. Never a value.
    secret_facts: dict[str, list[dict[str, Any]]] = Field(default_factory=dict, sa_type=JSONB)
    secrets_end_at: datetime | None = None  #: when the first overlap is over
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)  #: the kind's own; never a secret
    wrapped_key: bytes
    version: int = 1
    created_at: datetime
    updated_at: datetime
    was_on: bool = False  #: it was switched on where it leads now, whatever it is by now


class LaneRow(Row, table=True):
    """
    Everything on its way to one processor: one owner at a time, its tokens, its fence, its breaker, its rest.

    The lease and the tokens run on the database's own clock (the law's clock may be moved in the sandbox, what goes
    over the wire may not). When the breaker tries again and how long a rest lasts are next instants like a task's,
    and stand in the law's time.
    """

    __tablename__ = "lane"
    __table_args__ = (
        CheckConstraint("breaker IN ('closed', 'open', 'half_open')", name="breaker_known"),
        CheckConstraint(
            "(breaker = 'closed') = (opened_at IS NULL) AND (breaker = 'closed') = (probe_at IS NULL)",
            name="breaker_has_instants",
        ),
        CheckConstraint("(rests_until IS NULL) = (rests_for IS NULL)", name="rest_has_reason"),
    )

    processor_id: UUID = Field(primary_key=True, foreign_key="processor.id", ondelete="CASCADE")
    controller_id: str = Field(max_length=64)
    owner: UUID | None = None
    fence: int = 0
    lease_until: datetime | None = None
    tokens: float = 0.0
    refilled_at: datetime = Field(sa_column_kwargs={"server_default": func.now()})
    breaker: str = Field(default="closed", sa_column_kwargs={"server_default": "closed"})
    failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    openings: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    closed_at: datetime | None = None
    last_code: str | None = None
    rests_until: datetime | None = None
    rests_for: str | None = None


class LaneCallRow(Row, table=True):
    """
    So many calls began at one instant of the database's clock; kept as long as a quota of the lane looks back.

    Written only where there is a quota.
    """

    __tablename__ = "lane_call"

    processor_id: UUID = Field(primary_key=True, foreign_key="lane.processor_id", ondelete="CASCADE")
    at: datetime = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    calls: int


class ClockOffsetRow(Row, table=True):
    """How far the sandbox has moved the law's clock. Read only where the sandbox is on."""

    __tablename__ = "clock_offset"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(primary_key=True)
    seconds: float = 0.0


class ProfileAppliedRow(Row, table=True):
    """Which version of a controller's profile the registry was last made from."""

    __tablename__ = "profile_applied"

    controller_id: str = Field(primary_key=True, max_length=64)
    sha256: str
    applied_at: datetime
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


Index("ix_processor_controller_id_state", ProcessorRow.__table__.c.controller_id, ProcessorRow.__table__.c.state)  # type: ignore[attr-defined]
