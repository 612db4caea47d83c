"""
What a person may say came of a task, and what has to be said with it.

A processor's doubtful word goes to a person (:mod:`app.domain.erasure_answers`), so a person's is the last there is:
what it leaves unsaid nobody asks after. Whatever was not done is told with its reason (GDPR Art. 12(4)), in words that
the letter gives on, or by the law that keeps the data and its last day (Art. 17(3)).
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.domain.erasure_answers import is_unexplained
from app.domain.errors import DomainError
from app.domain.fanout import TERMINAL_BY_PERSON, Action, Outcome, is_empty_handed
from app.domain.finding import HARMLESS


class OutcomeNotAPersons(DomainError):
    """A person ends a task with completed, completed_partial, not_found, retained, refused or failed."""


class ReasonMissing(DomainError):
    """What was not done, or not wholly, needs a message that tells the person why."""


class KeptWithoutReason(DomainError):
    """An erasure in part says what was kept: by which law until which day, or in a message why (GDPR Art. 17(3))."""


class KeptIsNotAll(DomainError):
    """Kept by law means all that was asked for: name each category with its law, or end it as done in part."""


class MarketingStopsWhole(DomainError):
    """Direct marketing stops altogether (GDPR Art. 21(3)): end it completed, or failed with why it still goes on."""


class NothingToRetain(DomainError):
    """A law keeps data from being erased, stopped or restricted; it refuses no copy and no correction."""


#: Of what it can be said that a law keeps it: what was to go, to stand still, or is told of by Art. 19.
MAY_RETAIN = frozenset({Action.ERASE, Action.RESTRICT, Action.STOP_PURPOSES, Action.NOTIFY})
#: No ground, no law and no half leaves direct marketing going (Art. 21(3)).
NO_END_OF_MARKETING = frozenset({Outcome.COMPLETED_PARTIAL, Outcome.RETAINED, Outcome.REFUSED})


def check(action: Action, outcome: Outcome, said: Mapping[str, Any]) -> None:
    """
    Refuse an end that leaves unsaid what the person is to be told.

    Args:
        said: The outcome object, of the agreed shape; ``message`` is what the person who asked will read.

    Raises:
        OutcomeNotAPersons, ReasonMissing, KeptWithoutReason, MarketingStopsWhole, NothingToRetain
    """
    if outcome not in TERMINAL_BY_PERSON:
        raise OutcomeNotAPersons
    if action is Action.STOP_MARKETING and outcome in NO_END_OF_MARKETING:
        raise MarketingStopsWhole
    if outcome is Outcome.RETAINED and action not in MAY_RETAIN:
        raise NothingToRetain
    if str(said.get("message") or "").strip():
        return
    if outcome in (Outcome.REFUSED, Outcome.FAILED):
        raise ReasonMissing
    if is_empty_handed(action, outcome, said):
        raise ReasonMissing("A copy without data says in a message how the person was given theirs (GDPR Art. 15(3)).")
    if action is Action.REVIEW_DECISION and outcome is Outcome.COMPLETED:
        raise ReasonMissing("A review says in a message what it came to (GDPR Art. 22(3)).")
    if outcome is Outcome.COMPLETED_PARTIAL and action not in HARMLESS:
        _check_part(action, said)


def _check_part(action: Action, said: Mapping[str, Any]) -> None:
    """What is done in part and without words is explained by the law that keeps the rest, or not at all."""
    if action is Action.ERASE:
        if is_unexplained(said):
            raise KeptWithoutReason
    elif action not in MAY_RETAIN or not said.get("retained"):
        raise ReasonMissing


def check_all_is_kept(action: Action, outcome: Outcome, said: Mapping[str, Any], *, asked: Collection[str]) -> None:
    """
    Refuse an erasure kept by law that leaves a category of the task (*asked*) without one.

    The letter says of all that was asked for that it is kept, and by which law (Art. 12(4), 17(3)).

    Raises:
        KeptIsNotAll
    """
    if action is not Action.ERASE or outcome is not Outcome.RETAINED:
        return
    if set(asked) - {one["category"] for one in said.get("retained", ())}:
        raise KeptIsNotAll
