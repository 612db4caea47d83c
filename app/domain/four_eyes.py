"""
What nobody does alone.

Erasure, every no, an extension, the lifting of a restriction, the release of what shows how a home is protected, and
whatever touches a protected identity: one person asks, another says yes, and neither is the one who made the request.
The database holds it too, so that no way around this code exists.
"""

from enum import StrEnum

from app.domain.errors import DomainError


class Subject(StrEnum):
    """An act that waits for a second person."""

    DECISION = "decision"
    EXTENSION = "extension"
    RELEASE = "release"
    RESTRICTION_LIFT = "restriction_lift"
    PROTECTED_IDENTITY = "protected_identity"
    FEE = "fee"


class SecondPersonNeeded(DomainError):
    """The second person must be somebody other than the one who decided and the one who asked."""


def check_second_person(*, asked_by: str, approver: str, requester: str | None) -> None:
    """Raise :class:`SecondPersonNeeded` unless three different people are involved."""
    if approver in (asked_by, requester) or asked_by == requester:
        raise SecondPersonNeeded
