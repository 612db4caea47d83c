"""
What a decision must be documented with, per right, verdict and ground.

The controller bears the burden (GDPR Art. 5(2), 12(5), 21(1)): a decision that rests on facts names them before it
counts. What is wanted of which decision is the table :data:`NEEDS`; what those facts must show is in the rules below.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from app.domain.decisions import COMMON, LEAST_REASONS, RIGHTS_OF_OTHERS, SECRECY, Verdict
from app.domain.errors import DomainError
from app.domain.grounds_18 import GROUNDS_18
from app.domain.working_days import months_later

_NOES = frozenset({Verdict.PARTLY_GRANTED, Verdict.REFUSED})
_YESES = frozenset({Verdict.GRANTED, Verdict.PARTLY_GRANTED})
ARTICLE_12_5 = frozenset(ground.key for ground in COMMON)
#: Less than two dated facts show no excess (C-526/24).
LEAST_FACTS = 2
#: A year after the last comparable request the next one is never excessive (EDPB 01/2022 para 185, R12-8).
NEVER_EXCESSIVE_AFTER_MONTHS = 12
#: Bases an objection under Art. 21(1) reaches: 6(1)(e) and (f).
OBJECTABLE = frozenset({"legitimate_interest", "public_task"})


class FactKind(StrEnum):
    """What a dated fact is about; the list may grow."""

    EARLIER_REQUEST = "earlier_request"  #: the person asked for the same before, on that day
    ANSWER_GIVEN = "answer_given"  #: what is asked for was given that day
    NOTHING_CHANGED = "nothing_changed"  #: looked up that day: nothing is new since
    STATED_PURPOSE = "stated_purpose"  #: what the person said the request is for
    OFFER_TO_WITHDRAW = "offer_to_withdraw"  #: the request would be dropped for an advantage (EDPB 01/2022 para 190)
    CONDUCT = "conduct"  #: what the person did that shows the aim
    OTHER = "other"


@dataclass(frozen=True, repr=False)
class Fact:
    """One documented fact: its kind, its civil date, and what happened."""

    kind: FactKind
    on: date
    what: str


@dataclass(frozen=True, repr=False)
class Intent:
    """Proven abuse (C-526/24): circumstances seen from outside, and the aim they show."""

    objective: str
    subjective: str


@dataclass(frozen=True, repr=False)
class Weighed:
    """What was weighed for one category that a copy leaves out (Art. 15(4), 20(4))."""

    category: str
    balancing: str


@dataclass(frozen=True)
class Statute:
    """The legislative act a restriction of rights rests on (Art. 23): SFS number and section."""

    sfs: str
    section: str


@dataclass(frozen=True, repr=False)
class Balancing:
    """The balancing of Art. 21(1): the interest, why it takes these data, what it does to the person, why it wins."""

    interest: str
    necessity: str
    impact_on_person: str
    why_overrides: str


@dataclass(frozen=True, repr=False)
class Review:
    """What a person came to who looked again at an automated decision (Art. 22(3))."""

    new_decision: str
    why: str


@dataclass(frozen=True, repr=False, kw_only=True)
class Record:
    """What one decision rests on. Holds personal data: shown without it."""

    evidence: tuple[Fact, ...] = ()
    intent: Intent | None = None
    weighed: tuple[Weighed, ...] = ()
    statute: Statute | None = None
    balancing: Balancing | None = None
    checked: str = ""  #: what was looked at, where and by which means
    ground_18: str | None = None  #: a, b, c or d of Art. 18(1)
    review: Review | None = None

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> "Record":
        """From plain JSON values; what is not there is left empty."""
        parts: dict[str, Any] = {}
        for name, kind in (("intent", Intent), ("statute", Statute), ("balancing", Balancing), ("review", Review)):
            parts[name] = kind(**plain[name]) if plain.get(name) else None
        return cls(
            evidence=tuple(
                Fact(FactKind(one["kind"]), date.fromisoformat(one["on"]), one["what"])
                for one in plain.get("evidence") or ()
            ),
            weighed=tuple(Weighed(**one) for one in plain.get("weighed") or ()),
            checked=plain.get("checked") or "",
            ground_18=plain.get("ground_18"),
            **parts,
        )

    def as_plain(self) -> dict[str, Any]:
        """As plain JSON values; what is empty is left out."""
        found = {name: value for name, value in asdict(self).items() if value}
        if self.evidence:
            found["evidence"] = [asdict(one) | {"on": one.on.isoformat()} for one in self.evidence]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    def codes(self) -> dict[str, Any]:
        """The coded parts: kinds, numbers and days, nothing about a person."""
        codes: dict[str, Any] = {}
        if self.evidence:
            codes["evidence"] = len(self.evidence)
            codes["evidence_kinds"] = sorted({one.kind.value for one in self.evidence})
        if self.intent is not None:
            codes["intent"] = True
        if self.ground_18 is not None:
            codes["ground_18"] = self.ground_18
        if self.statute is not None:
            codes["statute"] = asdict(self.statute)
        return codes


# --- what is wanted -------------------------------------------------------------------------------------------------


class EvidenceNeeded(DomainError):
    """Manifestly unfounded or excessive is for the controller to show: documented facts with their days are needed."""


class WeighingNeeded(DomainError):
    """For each category that the copy leaves out it must be recorded what was weighed against the person's right."""


class StatuteNeeded(DomainError):
    """A restriction of rights rests on a legislative act: its SFS number and section are needed."""


class BalancingNeeded(DomainError):
    """An objection is only turned down with a recorded balancing: interest, necessity, impact, and why it overrides."""


class CheckNeeded(DomainError):
    """It must be recorded what was checked before the claim is turned down."""


class RestrictionGroundNeeded(DomainError):
    """A restriction names its ground: a, b, c or d of Article 18(1)."""


class ReviewNeeded(DomainError):
    """A person looks again: the new decision and why are needed."""


def _says(*texts: str) -> bool:
    return all(len(text.strip()) >= LEAST_REASONS for text in texts)


def _is_evidenced(record: Record, _excluded: frozenset[str]) -> bool:
    return bool(record.evidence) and all(one.what.strip() for one in record.evidence)


def _is_weighed(record: Record, excluded: frozenset[str]) -> bool:
    said = {one.category for one in record.weighed if _says(one.balancing)}
    return bool(said) and excluded <= said


def _is_balanced(record: Record, _excluded: frozenset[str]) -> bool:
    return record.balancing is not None and _says(*asdict(record.balancing).values())


@dataclass(frozen=True)
class Part:
    """One part of a record: whether it is there (given the categories left out), and the refusal when it is not."""

    is_there: Callable[[Record, frozenset[str]], bool]
    lacking: type[DomainError]


PARTS: dict[str, Part] = {
    "evidence": Part(_is_evidenced, EvidenceNeeded),
    "weighed": Part(_is_weighed, WeighingNeeded),
    "statute": Part(lambda record, _: record.statute is not None, StatuteNeeded),
    "balancing": Part(_is_balanced, BalancingNeeded),
    "checked": Part(lambda record, _: _says(record.checked), CheckNeeded),
    "ground_18": Part(lambda record, _: record.ground_18 in GROUNDS_18, RestrictionGroundNeeded),
    "review": Part(
        lambda record, _: record.review is not None and _says(record.review.new_decision, record.review.why),
        ReviewNeeded,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Need:
    """Which decisions want a part. ``rights`` None is every right, ``grounds`` None a decision whatever its ground."""

    part: str
    source: str
    verdicts: frozenset[Verdict]
    rights: frozenset[str] | None = None
    grounds: frozenset[str] | None = None
    sv: str
    en: str

    def is_of(self, right: str, verdict: Verdict, ground: str | None) -> bool:
        """Whether a decision of that right, verdict and ground wants the part."""
        mine = self.rights is None or right in self.rights
        return mine and verdict in self.verdicts and (self.grounds is None or ground in self.grounds)


NEEDS: tuple[Need, ...] = (
    Need(
        part="evidence",
        source="GDPR Art. 12(5)",
        verdicts=_NOES,
        grounds=ARTICLE_12_5,
        sv="Dokumenterade fakta med dag. Orimlig: minst två, eller bevisat missbruk.",
        en="Documented facts with their days. Excessive: at least two, or proven abuse.",
    ),
    Need(
        part="weighed",
        source="GDPR Art. 15(4), 20(4)",
        verdicts=_NOES,
        rights=frozenset({"access", "portability"}),
        grounds=frozenset({RIGHTS_OF_OTHERS.key}),
        sv="För varje kategori som lämnas utanför: vad som vägdes mot vad.",
        en="For each category left out: what was weighed against what.",
    ),
    Need(
        part="statute",
        source="GDPR Art. 23",
        verdicts=_NOES,
        grounds=frozenset({SECRECY.key}),
        sv="Författningen: SFS-nummer och paragraf.",
        en="The legislative act: SFS number and section.",
    ),
    Need(
        part="balancing",
        source="GDPR Art. 21(1)",
        verdicts=_NOES,
        rights=frozenset({"objection"}),
        grounds=frozenset({"compelling_grounds", "legal_claims"}),
        sv="Avvägningen: intresset, varför uppgifterna behövs, följden för personen, varför det väger tyngre.",
        en="The balancing: the interest, why it takes the data, the impact on the person, why it overrides.",
    ),
    Need(
        part="checked",
        source="GDPR Art. 16, 12(4)",
        verdicts=_NOES,
        rights=frozenset({"rectification"}),
        grounds=frozenset({"data_are_correct"}),
        sv="Vad som kontrollerades och mot vad.",
        en="What was checked, and against what.",
    ),
    Need(
        part="checked",
        source="GDPR Art. 22(1)",
        verdicts=_NOES,
        rights=frozenset({"automated_decision"}),
        grounds=frozenset({"not_automated"}),
        sv="Vem som tog del i beslutet och vad den personen avgjorde.",
        en="Who took part in the decision and what that person settled.",
    ),
    Need(
        part="ground_18",
        source="GDPR Art. 18(1)",
        verdicts=_YESES,
        rights=frozenset({"restriction"}),
        sv="Skälet för begränsningen: a, b, c eller d.",
        en="The ground of the restriction: a, b, c or d.",
    ),
    Need(
        part="review",
        source="GDPR Art. 22(3)",
        verdicts=_YESES,
        rights=frozenset({"automated_decision"}),
        sv="Det nya beslutet och varför, av den som har prövat på nytt.",
        en="The new decision and why, by the person who looked again.",
    ),
)


def needs_of(right: str, verdict: Verdict, ground: str | None) -> tuple[Need, ...]:
    """What a decision of that right, verdict and ground must be documented with."""
    return tuple(need for need in NEEDS if need.is_of(right, verdict, ground))


# --- what the facts must show ---------------------------------------------------------------------------------------


class CopyNotRefusedWhole(DomainError):
    """The rights of others limit the copy, never the whole answer: leave out the categories concerned."""


class FactInTheFuture(DomainError):
    """A documented fact cannot lie in the future."""


class NeverExcessiveAfterAYear(DomainError):
    """A year or more has passed since the last comparable request; this one cannot be excessive."""


class FirstRequestNotExcessive(DomainError):
    """A first request is excessive only with proven abuse: what happened, and the aim it shows."""


class TooFewFacts(DomainError):
    """Excess takes at least two dated facts, or proven abuse."""


class NumberAloneNotEnough(DomainError):
    """How often somebody asks does not make a request excessive; another fact or proven abuse is needed."""


class OtherBasisNotPlausible(DomainError):
    """The policy does not say that all these data rest on something other than a legitimate interest."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """
    What is known beside the record.

    Args:
        received_on: The civil day the request reached the controller.
        previous_on: The day of the last comparable request of the same person that we know of.
        bases: The legal bases of each category in scope; None where the policy does not say.
    """

    today: date
    received_on: date
    previous_on: date | None = None
    excluded: frozenset[str] = frozenset()
    bases: Mapping[str, frozenset[str] | None] = field(default_factory=dict)


def check(*, right: str, verdict: Verdict, ground: str | None, record: Record, situation: Situation) -> None:
    """
    Refuse a decision whose record does not bear it out.

    Raises:
        CopyNotRefusedWhole, EvidenceNeeded, WeighingNeeded, StatuteNeeded, BalancingNeeded, CheckNeeded,
        RestrictionGroundNeeded, ReviewNeeded, FactInTheFuture, NeverExcessiveAfterAYear, FirstRequestNotExcessive,
        TooFewFacts, NumberAloneNotEnough, OtherBasisNotPlausible
    """
    if right == "access" and verdict is Verdict.REFUSED and ground == RIGHTS_OF_OTHERS.key:
        raise CopyNotRefusedWhole  # R15-9
    for need in needs_of(right, verdict, ground):
        if not PARTS[need.part].is_there(record, situation.excluded):
            raise PARTS[need.part].lacking
    if any(one.on > situation.today for one in record.evidence):
        raise FactInTheFuture
    if ground == "excessive":
        _check_excess(record, situation)
    if ground == "other_basis" and not _rest_on_something_else(situation.bases.values()):
        raise OtherBasisNotPlausible


def check_fee(*, ground: str, record: Record, situation: Situation) -> None:
    """A fee is asked on the same two grounds, with the same facts, as a refusal would rest on (Art. 12(5)(a))."""
    check(right="", verdict=Verdict.REFUSED, ground=ground, record=record, situation=situation)


def _check_excess(record: Record, situation: Situation) -> None:
    told = [one.on for one in record.evidence if one.kind is FactKind.EARLIER_REQUEST]
    earlier = [day for day in (*told, situation.previous_on) if day is not None and day <= situation.received_on]
    if earlier and months_later(max(earlier), NEVER_EXCESSIVE_AFTER_MONTHS) <= situation.received_on:
        raise NeverExcessiveAfterAYear
    if record.intent is not None and _says(record.intent.objective, record.intent.subjective):
        return
    if not earlier:
        raise FirstRequestNotExcessive
    if len(set(record.evidence)) < LEAST_FACTS:
        raise TooFewFacts
    if all(one.kind is FactKind.EARLIER_REQUEST for one in record.evidence):
        raise NumberAloneNotEnough  # C-416/23


def _rest_on_something_else(bases: Iterable[frozenset[str] | None]) -> bool:
    return all(one is not None and not one & OBJECTABLE for one in bases)
