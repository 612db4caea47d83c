"""
What the process asks for beyond the request itself: a restriction that outlives it, recipients, other controllers.
"""

from dataclasses import dataclass

from app.domain.ledger import EntryState
from app.domain.notifying import ToTell
from app.domain.restrictions import Ground


@dataclass(frozen=True)
class SetRestriction:
    """Write down that data are restricted; *ground* is None where the claim itself says why (GDPR Art. 18)."""

    claim: str
    ground: Ground | None
    categories: tuple[str, ...]


@dataclass(frozen=True)
class ProposeLift:
    """Let a person see to the end of a restriction: what it waited for has been answered."""

    restriction: str


@dataclass(frozen=True)
class OpenLedger:
    """Write down whom a change has to be told to (GDPR Art. 19)."""

    to_tell: ToTell


@dataclass(frozen=True)
class MoveEntry:
    """Let an entry of the ledger say what its recipient's task says."""

    entry: str
    state: EntryState
    reason: str = ""


@dataclass(frozen=True)
class OpenForwarding:
    """Write down that a part of the request belongs to another controller (GDPR Art. 28(3)(e))."""

    processor: str
    categories: tuple[str, ...]
