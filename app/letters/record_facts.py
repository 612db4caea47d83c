"""What a decision rests on, as a letter tells it: texts in its language, days in the controller's time zone."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True, repr=False)
class FactLine:
    """A documented fact: when, and what."""

    on: date
    what: str


@dataclass(frozen=True, kw_only=True, repr=False)
class WeighedLine:
    """What was weighed for one category that was left out."""

    category_title: str
    balancing: str


@dataclass(frozen=True, kw_only=True, repr=False)
class BalancingFacts:
    """The balancing of an objection (GDPR Art. 21(1))."""

    interest: str
    necessity: str
    impact_on_person: str
    why_overrides: str


@dataclass(frozen=True, kw_only=True, repr=False)
class RestrictionFacts:
    """A restriction: its letter in Art. 18(1), that ground in words, and how it ends."""

    letter: str
    ground: str
    ends: str


@dataclass(frozen=True, kw_only=True, repr=False)
class ReviewFacts:
    """A person's review of an automated decision: by whom (a reference, no name), what came of it, and why."""

    reviewer: str
    new_decision: str
    why: str


@dataclass(frozen=True, kw_only=True, repr=False)
class RaisedFacts:
    """What a granted claim raised: the ground of erasure and the categories it is about."""

    source: str
    categories: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class FeeFacts:
    """A fee asked instead of a refusal: the amount in words, the ground, and why it is that much."""

    amount: str
    source: str
    text: str
    reason: str
    told_on: date


@dataclass(frozen=True, kw_only=True, repr=False)
class RecordFacts:
    """What the decision about one claim rests on; what it does not rest on is empty."""

    evidence: tuple[FactLine, ...] = ()
    intent: tuple[str, ...] = ()  #: the circumstances, and the aim they show
    weighed: tuple[WeighedLine, ...] = ()
    statute: str | None = None
    balancing: BalancingFacts | None = None
    checked: str | None = None
    restriction: RestrictionFacts | None = None
    review: ReviewFacts | None = None
    withdrawn_on: date | None = None
    raised: RaisedFacts | None = None
    raised_by: str | None = None  #: the article by which this claim was raised without being asked for
    fee: FeeFacts | None = None


NOTHING = RecordFacts()
