"""
What a recipient says of an erasure and is not simply believed; each doubt brings a person in.

Anonymised is not erased (R17-4, CEF 2025). What is found after "all erased" was not erased (F22). A law that nobody
knows, or one that does not reach what it is said to keep, keeps nothing. Whether an exemption of Art. 17(3) applies is
the controller's to decide (Art. 5(2), 28(3)(a)): a recipient's word is enough for what was decided, and for bookkeeping
records within the years the law can reach. An erasure "in part" accounts for each category of the task: nothing is left
of it, or a law keeps it until a day; a recipient's sentence is no reason to give a person (Art. 12(4)). What was to be
kept is not erased without a word (Art. 5(2), 17(3)(b)).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.domain.errors import DomainError
from app.domain.fanout import Outcome
from app.domain.holds import HOLDS
from app.domain.retention import BOOKKEEPING_HOLD, later

#: How words begin that a recipient may call no erasure by; spelled small, with one underscore between words.
DISGUISES = (
    *("anonym", "pseudonym", "avident", "de_ident", "deident", "mask", "hidden", "dold", "dolt", "suppress"),
    *("soft_", "archiv", "arkiv", "deactivat", "inactiv", "inaktiv", "disabled", "block", "spärr", "encrypt", "hash"),
)
#: What is an erasure, word for word.
ERASURES = frozenset(
    {"erased", "erase", "erasure", "deleted", "delete", "deletion", "removed", "purged", "destroyed", "wiped"}
    | {"raderad", "raderat", "raderade", "radering", "borttagen", "borttaget", "borttagna", "förstörd", "förstört"}
)
#: Why something is kept, beside the law that says so.
KEPT_BECAUSE = frozenset({"kept_by_law", "legal_hold", "retained"})

#: How it is said that something was left because the only way takes more than what was asked for.
REACHES_FURTHER = "reaches_further"


class AnonymisedIsNotErased(DomainError):
    """Data that were anonymised, masked or hidden are not erased; erase them, or say what was not done."""


class LawNotKnown(DomainError):
    """What is retained names the code of a law that is known here."""


class LawDoesNotReach(DomainError):
    """The Bookkeeping Act keeps bookkeeping records; that category is none."""


class NoExceptionFromErasure(DomainError):
    """That law excepts from being informed, not from erasure: it keeps nothing."""


class RetainedTooLong(DomainError):
    """What is retained ends on a day that the law it names cannot reach, or that is past."""


#: dataskyddslagen (2018:218) 5 kap. restricts Art. 13-15, and says nothing of Art. 17.
NO_EXCEPTION = frozenset({"DSL_5"})
#: The law keeps a year for seven more; one that ends next year is the last a recipient is believed to hold.
BOOKS_BELIEVED, BOOKS_BY_PERSON = 8, 9
#: How far ahead a person may keep by another law, in years: preskriptionslagen (1981:130) 2 §; an investigation ends.
MOST_YEARS = {"CLAIM_OWN": 10, "CLAIM_AGAINST": 10, "CRIME_REPORT": 2, "SOS_1981_1104": 10, "LEK_2022_482": 10}


@dataclass(frozen=True, kw_only=True)
class Reach:
    """
    What an answer can keep without more: ``bookkeeping`` are the categories that are bookkeeping records, ``planned``
    the last day (or the day somebody looks again) that the decision gave to a category and a law.
    """

    today: date
    bookkeeping: Collection[str] = ()
    planned: Mapping[tuple[str, str], date] = field(default_factory=dict)


def doubt(
    outcome: Outcome,
    said: Mapping[str, Any],
    *,
    asked: Collection[str],
    keep: Collection[str],
    reach: Reach,
) -> str | None:
    """
    Return why a person has to look at an erasure that is called done, in part or not at all; None for one as it should
    be (:mod:`app.domain.answers` asks).

    Args:
        asked: The categories of the task.
        keep: Those of which the order said that a part is to be kept.
        reach: What the answer can keep.
    """
    if is_disguised(said):
        return "anonymised"
    try:
        check_retained(said, reach=reach)
    except LawNotKnown:
        return "law_not_known"
    except (LawDoesNotReach, NoExceptionFromErasure):
        return "law_does_not_reach"
    except RetainedTooLong:
        return "retained_unplanned"
    retained = said.get("retained") or ()
    whole = outcome is Outcome.COMPLETED
    if is_unexplained(said) if not whole else retained:
        return "partly_unexplained"
    if not all(_is_believed(one, reach) for one in retained):
        return "retained_unplanned"
    kept = {one["category"] for one in retained}
    if not whole and set(asked) - kept - set(said.get("erased_categories") or ()):
        return "partly_unexplained"
    if set(keep) - kept:
        return "told_to_keep"
    return None if _is_erasure(said, may_say_why=not whole) else "method_not_known"


def is_unexplained(said: Mapping[str, Any]) -> bool:
    """Whether something is left of which the answer names no law, or more than it names one for."""
    return not said.get("retained") or said.get("reason") == REACHES_FURTHER


def _is_believed(one: Mapping[str, Any], reach: Reach) -> bool:
    """Whether a recipient's word is enough: the decision holds it already, or it is a year's bookkeeping."""
    until = date.fromisoformat(one["until"])
    decided = reach.planned.get((one["category"], one["law"]))
    if decided is not None and until <= decided:
        return True
    return one["law"] == BOOKKEEPING_HOLD and until <= date(reach.today.year + BOOKS_BELIEVED, 12, 31)


def is_disguised(said: Mapping[str, Any]) -> bool:
    """Whether the answer itself says that the data are still there in another dress."""
    return any(one.startswith(DISGUISES) for one in _methods(said))


def _is_erasure(said: Mapping[str, Any], *, may_say_why: bool) -> bool:
    """Whether each word an answer has for what was done means erasing, or why something was kept."""
    known = ERASURES | KEPT_BECAUSE if may_say_why else ERASURES
    return all(one in known for one in _methods(said))


def _methods(said: Mapping[str, Any]) -> list[str]:
    """What an answer calls what was done, in one spelling."""
    evidence = said.get("evidence") or {}
    words = (said.get("reason"), evidence.get("method"))
    return [re.sub(r"[\s_-]+", "_", one.strip().casefold()) for one in words if isinstance(one, str) and one.strip()]


def check_retained(said: Mapping[str, Any], *, reach: Reach) -> None:
    """
    Check the laws and days that anybody's answer names, a person's too.

    Raises:
        LawNotKnown, LawDoesNotReach, NoExceptionFromErasure, RetainedTooLong
    """
    for one in said.get("retained") or ():
        if one["law"] not in HOLDS:
            raise LawNotKnown
        if one["law"] in NO_EXCEPTION:
            raise NoExceptionFromErasure
        if one["law"] == BOOKKEEPING_HOLD and one["category"] not in reach.bookkeeping:
            raise LawDoesNotReach
        if not reach.today <= date.fromisoformat(one["until"]) <= _longest(one, reach):
            raise RetainedTooLong


def _longest(one: Mapping[str, Any], reach: Reach) -> date:
    if one["law"] != BOOKKEEPING_HOLD:
        return later(reach.today, years=MOST_YEARS[one["law"]])
    until = date.fromisoformat(one["until"])
    ends_a_year = (until.month, until.day) == (12, 31)
    return date(reach.today.year + BOOKS_BY_PERSON, 12, 31) if ends_a_year else date.min
