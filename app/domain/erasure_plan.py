"""
What becomes of each category of data when somebody asks for erasure: proposed from facts, never guessed.

A storage period of the controller's own is no reason to keep (Art. 17(3) knows five, and none is that): once the
purpose is over the data go. Kept is what a law keeps, what a concrete claim or investigation needs, and what a running
contract cannot do without; an alarm is never disarmed by way of Article 17. Where a fact that decides is missing, a
person decides.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from app.domain.erasure_grounds import LEGAL_CLAIMS, LEGAL_OBLIGATION, STILL_NECESSARY
from app.domain.retention import (
    BOOKKEEPING_HOLD,
    Anchor,
    RetentionFacts,
    RetentionRule,
    ends_on,
    later,
    parse_rule,
)

#: How long a condition may keep data before a person looks at it again, at most and by default.
REVIEW_MONTHS = 12
#: preskriptionslagen (1981:130) 2 §: a claim on a consumer, any other claim; an interruption starts it anew (5-7 §§).
CLAIM_YEARS_CONSUMER, CLAIM_YEARS = 3, 10

_LIVE = frozenset({"security", "movement", "secret"})
_FOR_CONTRACT = frozenset({"contract", "pre_contract"})


class Contract(StrEnum):
    """Whether the person has a running contract with the controller."""

    ACTIVE = "active"
    ENDED = "ended"
    NONE = "none"
    UNKNOWN = "unknown"


class Fate(StrEnum):
    """What becomes of one category."""

    ERASE_NOW = "erase_now"
    ERASE_BEYOND_HOLD = "erase_beyond_hold"  #: erased but for what the law keeps; the recipient names that and its end
    KEEP_UNTIL = "keep_until"
    KEEP_WHILE = "keep_while"
    NOT_HELD = "not_held"
    FORWARD = "forward"  #: held for another controller, who decides
    UNDECIDED = "undecided"  #: a fact is missing; a person decides


#: What is asked of recipients now.
ERASED = frozenset({Fate.ERASE_NOW, Fate.ERASE_BEYOND_HOLD})
#: What stays with us, and for which a day has to come.
KEPT = frozenset({Fate.KEEP_UNTIL, Fate.KEEP_WHILE})
#: What no recipient is asked to erase now.
WITHHELD = KEPT | {Fate.FORWARD}

Question = Literal["contract", "necessity", "fiscal_year", "crime_report", "permit", "public_steps"]


@dataclass(frozen=True, kw_only=True)
class CategoryFacts:
    """What the profile says of a category, as far as erasure turns on it. ``law`` is a hold code."""

    id: str
    data_class: str = "ordinary"
    is_processor: bool = False
    legal_bases: frozenset[str] = frozenset()
    marketing_only: bool = False
    rule: RetentionRule | None = None
    law: str | None = None
    made_public: bool = False

    @property
    def hold(self) -> str | None:
        """The statute that sets the period of the whole category."""
        return self.law or (self.rule.hold if self.rule is not None else None)

    @property
    def is_bookkeeping(self) -> bool:
        """Räkenskapsinformation: invoices, payments, weighty agreements; never recordings, notes or logs."""
        return self.hold == BOOKKEEPING_HOLD

    @property
    def is_live_alarm(self) -> bool:
        """What the running alarm works with: zones, codes, who came and went, whom to call, who holds keys."""
        return self.data_class in _LIVE or (self.data_class == "third_party" and not self.marketing_only)

    @property
    def shows_events(self) -> bool:
        """What an investigation of one event may need."""
        return self.data_class in ("recording", "offence", "movement", "security")


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """
    What is known of the person's case, from processors or from staff. Days are civil dates.

    ``fiscal_years_ended`` are the ends of the financial years of the bookkeeping records there are; they are
    ``books_complete`` if everybody who holds such records has told. ``crime_report`` is None while nobody has said.
    """

    contract: Contract = Contract.UNKNOWN
    relationship_ended_on: date | None = None
    fiscal_years_ended: tuple[date, ...] = ()
    books_complete: bool = False
    event_on: date | None = None
    crime_report: bool | None = None
    objected: bool = False  #: an objection to a legitimate interest was granted (R21-4)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """
    What becomes of one category, and why: codes and days only.

    ``until`` is the last day, of several financial years the first to come; ``policy_ends_on`` what the controller's
    own period would have come to. ``asks`` are the questions a person has to answer, or should.
    """

    category: str
    fate: Fate
    ground: str | None = None
    exception: str | None = None
    hold: str | None = None
    until: date | None = None
    condition: str | None = None
    review_on: date | None = None
    policy_ends_on: date | None = None
    asks: tuple[Question, ...] = field(default_factory=tuple)
    by_person: bool = False
    reason: str = field(default="", repr=False)


def propose(category: CategoryFacts, facts: CaseFacts, *, today: date, held: bool | None = None) -> Planned:
    """
    Return what the law makes of *category*.

    Args:
        held: False if every recipient who could hold it has said that it does not; None if nobody knows.

    Sources:
        GDPR Art. 17(1), 17(3), 28(3); bokföringslagen (1999:1078) 7 kap. 2 §; preskriptionslagen (1981:130) 2 §.
    """
    return _Case(category, facts, today).planned(held=held)


def claim_ends_on(*, since: date, is_consumer: bool) -> date:
    """
    Return the last day of the company's own claim: three years on a consumer, else ten, from the claim or from what
    last interrupted the period. The end is not rolled.

    Source: preskriptionslagen (1981:130) 2 §, 5-7 §§.
    """
    return later(since, years=CLAIM_YEARS_CONSUMER if is_consumer else CLAIM_YEARS)


def review_by(today: date) -> date:
    """The last day on which a condition that keeps data must be looked at again."""
    return later(today, months=REVIEW_MONTHS)


def bookkeeping_ends(years_ended: Collection[date]) -> list[date]:
    """The last day of each financial year's records: 31 December of the year it ended in, plus seven."""
    rule = parse_rule("BFL 7:2")
    ends = [ends_on(rule=rule, facts=RetentionFacts(fiscal_year_ended_on=one)) for one in years_ended]
    return sorted(one for one in ends if one is not None)


def next_bookkeeping_end(years_ended: Collection[date], *, today: date) -> date | None:
    """
    The last day of the oldest year the law still keeps. Each year goes on a day of its own: no law keeps an older one
    until a younger one may go, so that is the day to ask again, and who holds the records then names what is left.

    Source: bokföringslagen (1999:1078) 7 kap. 2 §; GDPR Art. 17(3)(b), 5(1)(e).
    """
    return next((one for one in bookkeeping_ends(years_ended) if one >= today), None)


def policy_end(category: CategoryFacts, facts: CaseFacts) -> date | None:
    """The last day of the controller's own storage period, as far as its facts are known."""
    if category.rule is None or category.rule.hold is not None:
        return None
    known = RetentionFacts(
        relationship_ended_on=facts.relationship_ended_on, event_on=facts.event_on, recorded_on=facts.event_on
    )
    return ends_on(rule=category.rule, facts=known)


@dataclass(frozen=True)
class _Case:
    category: CategoryFacts
    facts: CaseFacts
    today: date

    def planned(self, *, held: bool | None) -> Planned:
        category, facts = self.category, self.facts
        if category.is_processor:
            return self._say(Fate.FORWARD)  # Art. 28(3)(a), (e): its controller decides
        if held is False:
            return self._say(Fate.NOT_HELD)
        if category.hold is not None:
            return self._by_law(category.hold)
        if facts.crime_report and category.shows_events:
            return self._while("crime_case_open", exception=LEGAL_CLAIMS, hold="CRIME_REPORT")
        if category.data_class == "offence" and facts.crime_report is None:
            return self._say(Fate.UNDECIDED, asks=("crime_report",))
        if category.is_live_alarm:
            return self._by_contract(needs_it=True)
        if category.legal_bases == {"consent"}:
            return self._erase("consent_withdrawn")
        if category.marketing_only or (facts.objected and category.legal_bases == {"legitimate_interest"}):
            return self._erase("objection")
        return self._by_contract(needs_it=self._is_for_the_contract())

    def _by_law(self, hold: str) -> Planned:
        if hold != BOOKKEEPING_HOLD:
            return self._say(Fate.UNDECIDED, hold=hold, asks=("permit",))
        ends = bookkeeping_ends(self.facts.fiscal_years_ended)
        kept = {"exception": LEGAL_OBLIGATION, "hold": hold}
        if ends and self.facts.books_complete:
            if ends[-1] < self.today:
                return self._erase("not_necessary")
            if ends[0] >= self.today:
                return self._say(Fate.KEEP_UNTIL, until=ends[0], **kept)
        until = next_bookkeeping_end(self.facts.fiscal_years_ended, today=self.today)
        asks: tuple[Question, ...] = () if self.facts.books_complete else ("fiscal_year",)
        return self._say(Fate.ERASE_BEYOND_HOLD, ground="not_necessary", until=until, asks=asks, **kept)

    def _by_contract(self, *, needs_it: bool) -> Planned:
        contract = self.facts.contract
        if contract in (Contract.ENDED, Contract.NONE) or self._is_for_events_only(needs_it=needs_it):
            return self._erase("not_necessary")
        if needs_it and contract is Contract.ACTIVE:
            return self._while("contract_runs", exception=STILL_NECESSARY)
        return self._say(Fate.UNDECIDED, asks=("contract",) if needs_it else ("necessity",))

    def _is_for_the_contract(self) -> bool:
        rule = self.category.rule
        ends_with_it = rule is not None and rule.anchor is Anchor.RELATIONSHIP_END
        return ends_with_it or bool(self.category.legal_bases & _FOR_CONTRACT)

    def _is_for_events_only(self, *, needs_it: bool) -> bool:
        """Tied to an event, a recording or the person's own word, and not to the contract."""
        rule = self.category.rule
        if needs_it or rule is None or rule.archives:
            return False
        return rule.anchor in (Anchor.EVENT, Anchor.RECORDING) or rule.condition == "erasure_request"

    def _erase(self, ground: str) -> Planned:
        return self._say(Fate.ERASE_NOW, ground=ground, asks=("public_steps",) if self.category.made_public else ())

    def _while(self, condition: str, *, exception: str, hold: str | None = None) -> Planned:
        review_on = review_by(self.today)
        return self._say(Fate.KEEP_WHILE, condition=condition, exception=exception, hold=hold, review_on=review_on)

    def _say(self, fate: Fate, **why: Any) -> Planned:
        ends_on = policy_end(self.category, self.facts)
        return Planned(category=self.category.id, fate=fate, policy_ends_on=ends_on, **why)
