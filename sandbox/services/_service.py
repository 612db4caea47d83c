"""
What sets one simulated processor apart from the next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Service:
    """What sets one simulated processor apart; *holds* names the law that keeps a row it was told to erase."""

    name: str
    answers: Literal["sync", "poll", "callback"]
    idempotency: Literal["yes", "no", "query"]
    holds: Callable[[str, Mapping[str, Any]], Hold | None] = nothing_held


@dataclass(frozen=True)
class Pace:
    """Seconds until an answer that is not given at once is ready."""

    callback_after: float = 0.3
    poll_after: float = 0.5
