"""
What a recipient says of an erasure and is not simply believed; each doubt brings a person in.

Anonymised is not erased (R17-4, CEF 2025). What is found after "all erased" was not erased (F22). A law that nobody
knows, or one that does not reach what it is said to keep, keeps nothing.
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.domain.errors import DomainError
from app.domain.fanout import Action, Outcome
from app.domain.holds import HOLDS
from app.domain.retention import BOOKKEEPING_HOLD

#: How a recipient may call what is no erasure.
NOT_ERASED = frozenset(
    {"anonymised", "anonymized", "anonymisation", "anonymization", "pseudonymised", "pseudonymized", "masked", "hidden"}
)


class AnonymisedIsNotErased(DomainError):
    """Data that were anonymised, masked or hidden are not erased; erase them, or say what was not done."""


class LawNotKnown(DomainError):
    """What is retained names the code of a law that is known here."""


class LawDoesNotReach(DomainError):
    """The Bookkeeping Act keeps bookkeeping records; that category is none."""


def doubt(
    action: Action,
    outcome: Outcome,
    said: Mapping[str, Any],
    *,
    asked: Collection[str],
    is_check: bool,
    bookkeeping: Collection[str],
) -> str | None:
    """
    Return the code of what a person has to look at before an answer counts, None for an answer as it should be.

    Args:
        asked: The categories of the task.
        is_check: Whether this is the look afterwards (a ``locate`` that belongs to a claim).
        bookkeeping: The categories that are bookkeeping records.
    """
    if is_check and action is Action.LOCATE and outcome in (Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL):
        found = said.get("found_categories")
        return "still_held" if not found or set(found) & set(asked) else None
    if action is Action.ERASE and outcome in (Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL) and is_disguised(said):
        return "anonymised"
    try:
        check_retained(said, bookkeeping=bookkeeping)
    except LawNotKnown:
        return "law_not_known"
    except LawDoesNotReach:
        return "law_does_not_reach"
    return None


def is_disguised(said: Mapping[str, Any]) -> bool:
    """Whether the answer itself says that the data are still there in another dress."""
    evidence = said.get("evidence") or {}
    return said.get("reason") in NOT_ERASED or evidence.get("method") in NOT_ERASED


def check_retained(said: Mapping[str, Any], *, bookkeeping: Collection[str]) -> None:
    """
    Check the laws an answer names.

    Raises:
        LawNotKnown, LawDoesNotReach
    """
    for one in said.get("retained") or ():
        if one["law"] not in HOLDS:
            raise LawNotKnown
        if one["law"] == BOOKKEEPING_HOLD and one["category"] not in bookkeeping:
            raise LawDoesNotReach
