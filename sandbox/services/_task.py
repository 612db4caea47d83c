"""
What Insyn sends a processor of kind ``webhook``, as the simulated processors read it.
"""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Action = Literal[
    "locate", "export", "rectify", "erase", "restrict", "lift_restriction", "stop_purposes", "stop_marketing",
    "review_decision", "freeze", "notify",
]  # fmt: skip
Outcome = dict[str, Any]


class _Part(BaseModel):
    # A processor reads what it understands: a new field in the contract must not break an old processor.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Identifier(_Part):
    type: str
    value: str
    format: str = "raw"


class Data(_Part):
    task_id: str = Field(min_length=1, max_length=200)
    reference: str | None = None
    controller: str
    action: Action
    data_categories: list[str] = []
    identifiers: list[Identifier] = []
    details: dict[str, Any] = {}
    answer_by: date | None = None
    callback_url: str | None = None


class Task(_Part):
    """One task: *timestamp* is Insyn's own time, which the sandbox can move."""

    type: Literal["task.requested"]
    timestamp: datetime
    data: Data
