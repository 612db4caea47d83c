"""What a controller has settled since its policy was written."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.models._base import Row


class SupplementRow(Row, table=True):
    """
    One fact about the processing that a controller has settled: where in the profile it belongs, in both languages,
    who said so and when. Rows are only added; the newest of a path counts, and one without text takes it back.
    """

    __tablename__ = "profile_supplement"
    __table_args__ = (Index("ix_profile_supplement_controller_id_path", "controller_id", "path", "settled_at"),)

    id: UUID = Field(primary_key=True)
    controller_id: str = Field(max_length=64)
    path: str = Field(max_length=200)
    sv: str | None = None
    en: str | None = None
    codes: list[str] = Field(default_factory=list, sa_type=JSONB)
    settled_by: str
    settled_at: datetime
