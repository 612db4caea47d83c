"""
Restriction as a state: why data are kept and not used, what may still be done, and how it ends (GDPR Art. 18).

It outlives the request it came from. It ends only after the person has been told (Art. 18(3)), on a day later than
that letter, and nobody ends it alone.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.errors import DomainError


class Ground(StrEnum):
    """Why data are restricted; the four of GDPR Art. 18(1)."""

    ACCURACY_CONTESTED = "accuracy_contested"
    ERASURE_OPPOSED = "erasure_opposed"
    NEEDED_FOR_CLAIMS = "needed_for_claims"
    OBJECTION_PENDING = "objection_pending"


@dataclass(frozen=True, kw_only=True)
class GroundText:
    """A ground as letters and staff cite it."""

    source: str
    sv: str
    en: str


GROUNDS: dict[Ground, GroundText] = {
    Ground.ACCURACY_CONTESTED: GroundText(
        source="GDPR Art. 18(1)(a)",
        sv="Du har sagt att uppgifterna är fel, och vi kontrollerar dem",
        en="You have said that the data are wrong, and we are checking them",
    ),
    Ground.ERASURE_OPPOSED: GroundText(
        source="GDPR Art. 18(1)(b)",
        sv="Behandlingen är olaglig, men du vill inte att uppgifterna raderas",
        en="The processing is unlawful, but you do not want the data erased",
    ),
    Ground.NEEDED_FOR_CLAIMS: GroundText(
        source="GDPR Art. 18(1)(c)",
        sv="Du behöver uppgifterna för ett rättsligt anspråk",
        en="You need the data for a legal claim",
    ),
    Ground.OBJECTION_PENDING: GroundText(
        source="GDPR Art. 18(1)(d)",
        sv="Du har invänt, och vi prövar om våra skäl väger tyngre",
        en="You have objected, and we are weighing whether our grounds override yours",
    ),
}

#: The claims that restrict while they are pending, and on which ground.
MEANWHILE: dict[str, Ground] = {
    "rectification": Ground.ACCURACY_CONTESTED,
    "objection": Ground.OBJECTION_PENDING,
}
#: While these hold the person wants the data kept: whoever erased them would take from the person what they asked for.
AGAINST_ERASURE = frozenset({Ground.ERASURE_OPPOSED, Ground.NEEDED_FOR_CLAIMS})

#: GDPR Art. 18(2): all that may be done with restricted data. Live alarm handling protects others, and says so.
PERMITTED = ("storage", "consent", "legal_claims", "protect_others", "public_interest")
#: What somebody may use restricted data for if they say why; storing needs no word.
USES = PERMITTED[1:]

#: How a ground can have ended, as the 18(3) notice says it: code -> (Swedish, English).
ENDINGS: dict[str, tuple[str, str]] = {
    "accuracy_verified": (
        "Vi har kontrollerat uppgifterna och de stämmer.",
        "We have checked the data and they are correct.",
    ),
    "corrected": ("Uppgifterna är rättade.", "The data have been corrected."),
    "now_lawful": ("Behandlingen är inte längre olaglig.", "The processing is no longer unlawful."),
    "claims_over": (
        "Det rättsliga anspråket som du behövde uppgifterna för är avslutat.",
        "The legal claim that you needed the data for is over.",
    ),
    "objection_upheld": (
        "Du fick rätt i din invändning, och det du invände mot har upphört.",
        "Your objection was upheld, and what you objected to has stopped.",
    ),
    "objection_refused": (
        "Vi har prövat din invändning, och våra skäl väger tyngre.",
        "We have weighed your objection, and our grounds override it.",
    ),
    "another_person": (
        "Begränsningen gällde någon annan än den som bad om den.",
        "The restriction was about somebody else than whoever asked for it.",
    ),
    "person_asked": (
        "Du har själv sagt att begränsningen inte längre behövs.",
        "You have said yourself that the restriction is no longer needed.",
    ),
}
#: Which endings fit which ground.
ENDS: dict[Ground, frozenset[str]] = {
    Ground.ACCURACY_CONTESTED: frozenset({"accuracy_verified", "corrected", "person_asked"}),
    Ground.ERASURE_OPPOSED: frozenset({"now_lawful", "person_asked"}),
    Ground.NEEDED_FOR_CLAIMS: frozenset({"claims_over", "person_asked"}),
    Ground.OBJECTION_PENDING: frozenset({"objection_upheld", "objection_refused", "person_asked"}),
}

#: How one ends that was set about another person than the one who asked: nobody's ground was ever theirs.
ENDS_FORMER = frozenset({"another_person"})


class UnknownRestriction(DomainError):
    """There is no such restriction."""


class RestrictionLifted(DomainError):
    """The restriction has been lifted already."""


class EndingDoesNotFit(DomainError):
    """That is not how a restriction on this ground ends."""


class LiftingTooSoon(DomainError):
    """A restriction is lifted on a later day than its notice (GDPR Art. 18(3))."""


class NoticeGiven(DomainError):
    """The person has been told of the lifting already; a day that was told is not moved."""


class NoticeNotOut(DomainError):
    """The person must have been told first: the notice of the lifting is not out (GDPR Art. 18(3))."""


class LiftingDayNotCome(DomainError):
    """The day the person was told has not come yet."""


class LiftAsked(DomainError):
    """The lifting waits for a second person already."""


class ErasureRestricted(DomainError):
    """The person wants these data kept (GDPR Art. 18(1)(b)-(c)): lift that restriction first, after its notice."""


class UseNotPermitted(DomainError):
    """Restricted data may not be used for that (GDPR Art. 18(2))."""


def ground_said(details: object) -> Ground:
    """
    The ground a claim names in its details; whoever names none need not know the article (R12-2).

    Contested accuracy is then assumed: it forbids every use as the others do and stands in the way of no other claim.
    """
    said = details.get("ground") if isinstance(details, dict) else None
    return Ground(said) if isinstance(said, str) and said in set(Ground) else Ground.ACCURACY_CONTESTED


def endings(ground: Ground, *, is_former: bool) -> frozenset[str]:
    """
    The ways in which a restriction can end.

    Args:
        is_former: Whether it was set about somebody else than its request turned out to be of.
    """
    return ENDS_FORMER if is_former else ENDS[ground]


def check_notice(*, ground: Ground, ending: str, lifting_on: date, today: date, is_former: bool = False) -> None:
    """
    Refuse a notice that the law would not take for one.

    Raises:
        EndingDoesNotFit, LiftingTooSoon
    """
    if ending not in endings(ground, is_former=is_former):
        raise EndingDoesNotFit
    if lifting_on <= today:
        raise LiftingTooSoon


def check_lift(*, notice_sent_at: datetime | None, lifting_on: date | None, now: datetime, today: date) -> None:
    """
    Refuse to lift before the notice is out and its day has come.

    Raises:
        NoticeNotOut, LiftingDayNotCome
    """
    if notice_sent_at is None or lifting_on is None or notice_sent_at >= now:
        raise NoticeNotOut
    if today < lifting_on:
        raise LiftingDayNotCome


def check_use(use: str) -> None:
    """Raise :class:`UseNotPermitted` unless Art. 18(2) has the use."""
    if use not in USES:
        raise UseNotPermitted
