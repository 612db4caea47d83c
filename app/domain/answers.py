"""
What a recipient's last word may mean: for each thing that can be asked, which words end the task by themselves, what
they need for it, and which are a person's. Words beside them are read by somebody, unless nothing hangs on them.

One table, whichever way an answer comes: at once, on being asked again, by a callback, from the recipient's own page.
Where a right ends is the controller's to decide and to explain (GDPR Art. 5(2), 12(4), 28(3)(a)). A recipient's "in
part" or "we keep it" is therefore shown to a person, with one exception: what an erasure leaves, where a law that
reaches it, its last day and each category are named. And a recipient that has found somebody does not end a task by
not knowing them.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.domain import erasure_answers
from app.domain.erasure_answers import Reach
from app.domain.errors import DomainError
from app.domain.fanout import TERMINAL, Action, Outcome, is_empty_handed


class WordsHoldAddress(DomainError):
    """The recipient's words hold an address or a link; a letter of ours gives none on. Write your own."""


class NoWordsToTake(DomainError):
    """The recipient has not answered anything that could be taken over."""


class Need(StrEnum):
    """What a last word brings with it in order to end a task by itself."""

    NOTHING = "nothing"
    SEARCH_AGREES = "search_agrees"  #: its own search did not find the person, or a known reason says why that fits
    DATA = "data"  #: rows, of each category that its own search found
    ERASED = "erased"  #: a word for erasing if any, nothing retained, and nothing that was to be kept
    COVERAGE = "coverage"  #: each category named: of this nothing is left, that is kept by a law that reaches it


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One action. An outcome that ``ends`` does not name is a person's, for the reason in ``persons``."""

    article: str
    ends: Mapping[Outcome, Need]
    explains: frozenset[str] = frozenset()  #: why somebody who is known there may have nothing of what was asked
    persons: Mapping[Outcome, str] = field(default_factory=dict)
    words_are_read: bool = True  #: whether a sentence beside a last word is: it may say what was not done

    def why_a_person(self, outcome: Outcome) -> str | None:
        """The code of why a last word never ends this action by itself; None where it can."""
        if outcome in self.ends or outcome not in TERMINAL:
            return None
        return self.persons.get(outcome, _WHY[outcome])


_WHY: Mapping[Outcome, str] = {
    Outcome.COMPLETED: "words_to_read",
    Outcome.COMPLETED_PARTIAL: "partly_unexplained",
    Outcome.RETAINED: "nothing_to_retain",
    Outcome.NOT_FOUND: "contradicts_search",
}
#: The vendor deletes nothing by routine, sends no marketing, decides nothing: never said of a copy or an erasure.
NOT_APPLICABLE = "not_applicable"
_GOES_ON = {Outcome.COMPLETED_PARTIAL: "marketing_goes_on", Outcome.RETAINED: "marketing_goes_on"}
_DONE_OR_UNKNOWN: Mapping[Outcome, Need] = {
    Outcome.COMPLETED: Need.NOTHING,
    Outcome.NOT_FOUND: Need.SEARCH_AGREES,
}

RULES: Mapping[Action, Rule] = {
    # To look and to be told take nothing from anybody: a part of either is as good as the whole.
    Action.LOCATE: Rule(
        article="GDPR Art. 15(1), 12(2)",
        ends={
            Outcome.COMPLETED: Need.NOTHING,
            Outcome.COMPLETED_PARTIAL: Need.NOTHING,
            Outcome.NOT_FOUND: Need.NOTHING,
        },
        words_are_read=False,
    ),
    Action.NOTIFY: Rule(
        article="GDPR Art. 19",
        ends={
            Outcome.COMPLETED: Need.NOTHING,
            Outcome.COMPLETED_PARTIAL: Need.NOTHING,
            Outcome.NOT_FOUND: Need.NOTHING,
        },
        words_are_read=False,
    ),
    Action.FREEZE: Rule(
        article="GDPR Art. 5(1)(a), 15(1)",
        ends=_DONE_OR_UNKNOWN,
        explains=frozenset({NOT_APPLICABLE}),
        words_are_read=False,
    ),
    # No law of bookkeeping or evidence excepts from the copy (Art. 15(4), 23): "retained" withholds it.
    Action.EXPORT: Rule(
        article="GDPR Art. 15(3), 20(1)",
        ends={Outcome.COMPLETED: Need.DATA, Outcome.NOT_FOUND: Need.SEARCH_AGREES},
    ),
    Action.RECTIFY: Rule(
        article="GDPR Art. 16", ends=_DONE_OR_UNKNOWN, explains=frozenset({"field_not_held", NOT_APPLICABLE})
    ),
    Action.ERASE: Rule(
        article="GDPR Art. 17(1), 17(3)",
        ends={
            Outcome.COMPLETED: Need.ERASED,
            Outcome.COMPLETED_PARTIAL: Need.COVERAGE,
            Outcome.RETAINED: Need.COVERAGE,
            Outcome.NOT_FOUND: Need.SEARCH_AGREES,
        },
    ),
    Action.RESTRICT: Rule(article="GDPR Art. 18(1), 18(2)", ends=_DONE_OR_UNKNOWN),
    # Whoever has nothing any more keeps nothing restricted either.
    Action.LIFT_RESTRICTION: Rule(
        article="GDPR Art. 18(3)", ends={Outcome.COMPLETED: Need.NOTHING, Outcome.NOT_FOUND: Need.NOTHING}
    ),
    Action.STOP_PURPOSES: Rule(
        article="GDPR Art. 7(3), 21(1)", ends=_DONE_OR_UNKNOWN, explains=frozenset({NOT_APPLICABLE})
    ),
    Action.STOP_MARKETING: Rule(
        article="GDPR Art. 21(2), 21(3)",
        ends=_DONE_OR_UNKNOWN,
        explains=frozenset({NOT_APPLICABLE}),
        persons=_GOES_ON,
    ),
    # What a review came to is told to the person: somebody of the controller's reads it first.
    Action.REVIEW_DECISION: Rule(
        article="GDPR Art. 22(3)",
        ends={Outcome.NOT_FOUND: Need.SEARCH_AGREES},
        explains=frozenset({"no_automated_decision", NOT_APPLICABLE}),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """
    The task that is answered.

    ``found`` are the categories in which the recipient's own search found the person, empty where it found them and
    named none; None where it did not find them, was not asked, or has erased them since.
    """

    action: Action
    categories: frozenset[str] = frozenset()
    is_check: bool = False  #: the look after an erasure
    registered: frozenset[str] = frozenset()  #: all that is said to be kept there
    found: frozenset[str] | None = None
    keep: frozenset[str] = frozenset()  #: what the order said is to be kept of these categories

    @property
    def is_known_there(self) -> bool:
        """Whether its own search found the person in what is asked for; one that says in nothing of that, did not."""
        if not self.found or not self.categories:
            return self.found is not None
        return not self.found.isdisjoint(self.categories)

    @property
    def kept_there(self) -> frozenset[str]:
        """What is to be kept and may be there, by the recipient's own search."""
        return self.keep & self.found if self.found else self.keep


def doubt(outcome: Outcome, said: Mapping[str, Any], asked: Asked, *, reach: Reach) -> str | None:
    """
    Return the code of what a person has to look at before a last word counts; None for one that ends the task.

    Args:
        said: The outcome object, of the agreed shape.
        reach: What an answer about an erasure can keep.
    """
    if outcome not in TERMINAL:
        return None
    rule = RULES[asked.action]
    if asked.is_check and outcome in (Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL):
        return None if is_gone(said, asked.categories, registered=asked.registered) else "still_held"
    if asked.action is not Action.ERASE and said.get("retained"):
        return rule.why_a_person(Outcome.RETAINED)
    if (why := _lacks(rule, outcome, said, asked, reach)) is not None:
        return why
    return "words_to_read" if rule.words_are_read and str(said.get("message") or "").strip() else None


def _lacks(rule: Rule, outcome: Outcome, said: Mapping[str, Any], asked: Asked, reach: Reach) -> str | None:
    """What a last word does not bring of what it needs."""
    need = rule.ends.get(outcome)
    match need:
        case None:
            return rule.why_a_person(outcome)
        case Need.NOTHING:
            return None
        case Need.SEARCH_AGREES:
            fits = not asked.is_known_there or why_nothing(asked.action, said) is not None
            return None if fits else "contradicts_search"
        case Need.DATA:
            return _data(asked, outcome, said)
        case Need.ERASED | Need.COVERAGE:
            return erasure_answers.doubt(outcome, said, asked=asked.categories, keep=asked.kept_there, reach=reach)


def why_nothing(action: Action, said: Mapping[str, Any]) -> str | None:
    """
    The code of why somebody who is known there may have nothing of what was asked: a reason, or a connector's
    declaration that the vendor does no such thing. None where the answer says none that fits the action.
    """
    declared = {NOT_APPLICABLE} if (said.get("evidence") or {}).get(NOT_APPLICABLE) else set()
    fitting = RULES[action].explains & (declared | {str(said.get("reason") or "")})
    return min(fitting, default=None)


def is_gone(said: Mapping[str, Any], erased: Collection[str], *, registered: Collection[str]) -> bool:
    """
    Whether a look after an erasure that still knows the person found nothing of what was erased (F22, R17-5).

    Only words that are known prove it: what is found under another name may be the very thing.
    """
    found = set(said.get("found_categories") or ())
    return bool(found) and found <= set(registered) and not found & set(erased)


def _data(asked: Asked, outcome: Outcome, said: Mapping[str, Any]) -> str | None:
    if is_empty_handed(asked.action, outcome, said):
        return "no_data_came"
    given = {one["category"] for one in said.get("records") or () if one.get("rows")}
    return "contradicts_search" if ((asked.found or frozenset()) & asked.categories) - given else None


# --- a recipient's words ---------------------------------------------------------------------------------------------

#: What of an answer a person can take over with a word of their own.
TAKEN_OVER = ("message", "reason", "records", "retained", "erased_categories", "found_categories", "facts", "evidence")
#: Of these a letter prints what there is, the first before the second.
_PRINTED = ("message", "reason")
#: An address of the web, of mail, or a bare domain; "t.ex." and "kl. 10" are none.
_ADDRESS = re.compile(r"://|\bwww\.|\S@\S|\b[a-z0-9-]{2,}\.[a-z]{2,}\b", re.IGNORECASE)


def taken_over(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """
    A person's word about a task, with what the recipient answered put to it; what the person says stands.

    Raises:
        NoWordsToTake, WordsHoldAddress
    """
    taken = {name: theirs[name] for name in TAKEN_OVER if theirs.get(name)}
    if not taken:
        raise NoWordsToTake
    for name in _PRINTED:
        if _ADDRESS.search(str(taken.get(name, ""))):
            if not ours.get("message"):
                raise WordsHoldAddress
            del taken[name]
    return taken | dict(ours)
