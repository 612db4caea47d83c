"""
What sets one simulated processor apart from the next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal


@dataclass(frozen=True)
class Hold:
    """A law that keeps a row alive; *until* is the last day of it."""

    law: str
    until: date
    reason: str


def nothing_held(_kind: str, _row: Mapping[str, Any]) -> Hold | None:
    """Most services have no law of their own to keep anything."""
    return None


def nothing_told(_rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Most services know nothing of the person's contract."""
    return {}


def contract_of(rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Whether the person's contract runs, from whatever row says so."""
    told: dict[str, Any] = {}
    for _, row in rows:
        if "contract" in row:
            told["contract"] = row["contract"]
        if "contract_ended_on" in row:
            told["relationship_ended_on"] = row["contract_ended_on"]
    return told


@dataclass(frozen=True)
class Service:
    """
    What sets one simulated processor apart.

    *holds* names the law that keeps a row it was told to erase, *facts* what a search tells of the person's dealings,
    *kept_months* after how many months a routine deletes rows of a kind.
    """

    name: str
    answers: Literal["sync", "poll", "callback"]
    idempotency: Literal["yes", "no", "query"]
    holds: Callable[[str, Mapping[str, Any]], Hold | None] = nothing_held
    facts: Callable[[list[tuple[str, dict[str, Any]]]], dict[str, Any]] = nothing_told
    kept_months: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pace:
    """Seconds until an answer that is not given at once is ready."""

    callback_after: float = 0.3
    poll_after: float = 0.5
