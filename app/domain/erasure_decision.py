"""
What people may decide about a category against the proposal, and what the law does not let them.

To keep needs an exemption and an end: a last day, or a condition with the day on which somebody looks again. To erase
needs one of the grounds of Art. 17(1). A certificate, a norm or an insurer's wish is no law (R17-2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from app.domain.decisions import LEAST_REASONS
from app.domain.erasure_grounds import CONDITIONS, EXEMPTIONS, GROUNDS, LEGAL_CLAIMS, LEGAL_OBLIGATION, STILL_NECESSARY
from app.domain.erasure_plan import (
    ERASED,
    KEPT,
    CaseFacts,
    CategoryFacts,
    Contract,
    Fate,
    Planned,
    bookkeeping_ends,
    claim_ends_on,
    next_bookkeeping_end,
    policy_end,
    propose,
    review_by,
)
from app.domain.errors import DomainError
from app.domain.holds import HOLDS
from app.domain.retention import BOOKKEEPING_HOLD


class ErasureGroundNeeded(DomainError):
    """Erasing a category names one of the grounds of GDPR Art. 17(1)."""


class ErasureGroundDoesNotFit(DomainError):
    """That ground of GDPR Art. 17(1) is not true of the category."""


class LiveAlarmNotErased(DomainError):
    """What a running alarm works with is kept until the contract ends; offer to end the service instead."""


class LawKeepsIt(DomainError):
    """A law keeps that category; it is not erased before its last day."""


class ExemptionNeeded(DomainError):
    """Keeping a category names an exemption of GDPR Art. 17(3), or that the data are still necessary, and why."""


class LawNeeded(DomainError):
    """That exemption names the law it rests on by its hold code; the law must be one of that exemption's."""


class NotALaw(DomainError):
    """A certificate, a norm or an insurer's wish is no law and keeps nothing (GDPR Art. 17(3)(b))."""


class OnlyBookkeeping(DomainError):
    """The Bookkeeping Act keeps bookkeeping records only: no recordings, photos, notes or logs."""


class UntilNeeded(DomainError):
    """What is kept has a last day that is still to come, or a condition with the day it is looked at again."""


class LongerThanAllowed(DomainError):
    """That is longer than the law, the claim or the controller's own storage period allows."""


class CategoryUndecided(DomainError):
    """A person has to say what becomes of a category: the facts do not tell."""

    def __init__(self, categories: Sequence[str] = ()) -> None:
        named = f": {', '.join(categories)}" if categories else ""
        super().__init__(f"A person has to say what becomes of each category the facts do not decide{named}.")
        self.categories = tuple(categories)


class NothingToErase(DomainError):
    """Nothing would be erased by that plan: say no, with its ground and reasons."""


class PlanForErasureOnly(DomainError):
    """Only a decision on erasure says what becomes of each category."""


class SameCategoryTwice(DomainError):
    """A plan names each category once."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    A person's word on one category. ``reason`` is what the person who asked will read.

    ``since`` is the day of the company's own claim, or of what last interrupted its limitation.
    """

    category: str
    verdict: Literal["erase", "keep"]
    ground: str | None = None
    exception: str | None = None
    hold: str | None = None
    until: date | None = None
    condition: str | None = None
    review_on: date | None = None
    since: date | None = None
    is_consumer: bool = True
    reason: str = field(default="", repr=False)

    @property
    def has_reason(self) -> bool:
        return len(self.reason.strip()) >= LEAST_REASONS


def plan(
    categories: Sequence[CategoryFacts],
    entries: Sequence[Entry],
    facts: CaseFacts,
    *,
    today: date,
    held: Mapping[str, bool],
    excluded: frozenset[str] = frozenset(),
) -> list[Planned]:
    """
    Return what becomes of each category that is not *excluded*: the person's word where there is one, else the
    proposal.

    Raises:
        CategoryUndecided: The facts decide nothing about a category and nobody did.
        SameCategoryTwice, and whatever :func:`decide` raises.
    """
    said = {entry.category: entry for entry in entries}
    if len(said) < len(entries):
        raise SameCategoryTwice
    planned = []
    for category in categories:
        if category.id in excluded:
            continue
        entry = said.get(category.id)
        if entry is None:
            planned.append(propose(category, facts, today=today, held=held.get(category.id)))
        else:
            planned.append(decide(entry, category, facts, today=today))
    if unclear := [one.category for one in planned if one.fate is Fate.UNDECIDED]:
        raise CategoryUndecided(unclear)
    return planned


def check_something_is_erased(planned: Sequence[Planned]) -> None:
    """Raise :class:`NothingToErase` for a yes by which everything is kept."""
    if any(one.fate in KEPT for one in planned) and not any(one.fate in ERASED for one in planned):
        raise NothingToErase


def decide(entry: Entry, category: CategoryFacts, facts: CaseFacts, *, today: date) -> Planned:
    """
    Return what a person decided about *category*, checked against the law.

    Raises:
        ErasureGroundNeeded, ErasureGroundDoesNotFit, LiveAlarmNotErased, LawKeepsIt, ExemptionNeeded, LawNeeded,
        NotALaw, OnlyBookkeeping, UntilNeeded, LongerThanAllowed
    """
    decided = _erase if entry.verdict == "erase" else _keep
    made = decided(entry, category, facts, today)
    return replace(made, policy_ends_on=policy_end(category, facts), by_person=True, reason=entry.reason.strip())


def _erase(entry: Entry, category: CategoryFacts, facts: CaseFacts, today: date) -> Planned:
    if category.is_processor:
        return propose(category, facts, today=today)  # another controller's data: nobody here can say erase
    ground = GROUNDS.get(entry.ground or "")
    if ground is None:
        raise ErasureGroundNeeded
    if category.hold is not None:
        if not category.is_bookkeeping or propose(category, facts, today=today).fate is not Fate.ERASE_NOW:
            raise LawKeepsIt
    elif category.is_live_alarm and facts.contract in (Contract.ACTIVE, Contract.UNKNOWN):
        raise LiveAlarmNotErased
    if not _is_true(ground.key, category, facts) or (ground.needs_reason and not entry.has_reason):
        raise ErasureGroundDoesNotFit
    if category.made_public and not entry.has_reason:
        raise ErasureGroundDoesNotFit("The data were made public: say which reasonable steps were taken (Art. 17(2)).")
    return Planned(category=category.id, fate=Fate.ERASE_NOW, ground=ground.key)


def _is_true(ground: str, category: CategoryFacts, facts: CaseFacts) -> bool:
    """Whether a ground can be true; where the profile names no basis a person's word is enough."""
    bases = category.legal_bases
    if ground == "consent_withdrawn":
        return not bases or "consent" in bases
    if ground == "objection":
        return category.marketing_only or (facts.objected and (not bases or "legitimate_interest" in bases))
    return True


def _keep(entry: Entry, category: CategoryFacts, facts: CaseFacts, today: date) -> Planned:
    exemption = EXEMPTIONS.get(entry.exception or "")
    if exemption is None:
        raise ExemptionNeeded
    if entry.hold is not None and entry.hold not in HOLDS:
        raise NotALaw
    if (entry.hold is None) != (not exemption.holds) or (entry.hold is not None and entry.hold not in exemption.holds):
        raise LawNeeded
    if entry.hold != BOOKKEEPING_HOLD and not entry.has_reason:
        raise ExemptionNeeded("Say in words the person can follow why the category is kept.")
    if exemption.key == STILL_NECESSARY and category.legal_bases == {"consent"}:
        raise ErasureGroundDoesNotFit("Consent was the only basis, and it is taken back: the data are erased.")
    bounded = _BY_HOLD.get(entry.hold or "", _by_end)(entry, category, facts, today)
    return replace(bounded, exception=exemption.key, hold=entry.hold)


def _by_books(entry: Entry, category: CategoryFacts, facts: CaseFacts, today: date) -> Planned:
    """R17-2, BFL 7:2: through 31 December of the year the financial year ended in, plus seven."""
    if not category.is_bookkeeping:
        raise OnlyBookkeeping
    ends = bookkeeping_ends(facts.fiscal_years_ended)
    next_end = next_bookkeeping_end(facts.fiscal_years_ended, today=today)
    until = entry.until or next_end
    if until is None or until < today:
        raise UntilNeeded
    # A financial year that began today may last eighteen months (bokföringslagen 3 kap. 3 §).
    longest = date(today.year + 2 + 7, 12, 31)
    if ends and facts.books_complete:
        longest = next_end or ends[-1]  # a younger year has a day of its own, and is named on this one
    if until > longest or (until.month, until.day) != (12, 31):
        raise LongerThanAllowed
    return Planned(category=category.id, fate=Fate.KEEP_UNTIL, until=until)


def _by_own_claim(entry: Entry, category: CategoryFacts, _facts: CaseFacts, today: date) -> Planned:
    if entry.since is None:
        raise UntilNeeded("The company's own claim has a day, or the day of what last interrupted it.")
    last = claim_ends_on(since=entry.since, is_consumer=entry.is_consumer)
    until = entry.until or last
    if until > last:
        raise LongerThanAllowed
    if until < today:
        raise UntilNeeded
    return Planned(category=category.id, fate=Fate.KEEP_UNTIL, until=until)


def _by_dispute(entry: Entry, category: CategoryFacts, facts: CaseFacts, today: date) -> Planned:
    """R17-3: a claim on the company is a concrete, expected dispute with a day on which it is looked at again."""
    if entry.review_on is None:
        raise UntilNeeded("A dispute keeps data only with the day on which it is looked at again.")
    return _by_end(replace(entry, until=None, condition="dispute"), category, facts, today)


def _by_crime(entry: Entry, category: CategoryFacts, facts: CaseFacts, today: date) -> Planned:
    """The footage and the alarm log of one event, until it is handed over or closed."""
    if not category.shows_events:
        raise LawNeeded("An investigation keeps what shows the event, nothing else.")
    if entry.review_on is None:
        raise UntilNeeded("An investigation keeps data only with the day on which it is looked at again.")
    return _by_end(replace(entry, until=None, condition="crime_case_open"), category, facts, today)


def _by_end(entry: Entry, category: CategoryFacts, facts: CaseFacts, today: date) -> Planned:
    if entry.until is not None:
        return _until(entry, category, facts, today)
    if entry.condition not in CONDITIONS or entry.review_on is None or entry.review_on <= today:
        raise UntilNeeded
    if entry.review_on > review_by(today):
        raise LongerThanAllowed("A condition is looked at again within twelve months.")
    if entry.condition == "contract_runs" and facts.contract in (Contract.ENDED, Contract.NONE):
        raise UntilNeeded("There is no running contract that would keep the category.")
    return Planned(category=category.id, fate=Fate.KEEP_WHILE, condition=entry.condition, review_on=entry.review_on)


def _until(entry: Entry, category: CategoryFacts, facts: CaseFacts, today: date) -> Planned:
    """
    Art. 5(1)(e), R17-3: a last day lies where the controller's own period ends, or a year ahead: then somebody looks.

    Only the Bookkeeping Act and the company's own claim reckon a later one, and they reckon it by themselves.
    """
    if entry.until is None or entry.until < today:
        raise UntilNeeded
    own = policy_end(category, facts)
    if entry.exception == STILL_NECESSARY and own is not None and entry.until > own:
        raise LongerThanAllowed
    if entry.until > max(review_by(today), own or today):
        raise LongerThanAllowed(
            "A last day lies within twelve months or the controller's own storage period; for longer name a condition "
            "and the day it is looked at again."
        )
    return Planned(category=category.id, fate=Fate.KEEP_UNTIL, until=entry.until)


_BY_HOLD: Mapping[str, Callable[[Entry, CategoryFacts, CaseFacts, date], Planned]] = {
    BOOKKEEPING_HOLD: _by_books,
    "CLAIM_OWN": _by_own_claim,
    "CLAIM_AGAINST": _by_dispute,
    "CRIME_REPORT": _by_crime,
}

#: Grounds of a refused claim by which its categories are kept for a stated reason, and so have an end.
KEEPING_GROUNDS = frozenset({"no_ground", LEGAL_OBLIGATION, LEGAL_CLAIMS})
