"""
Yes, partly, no: what a decision on one claim must carry.

Each claim is decided alone. A no, whole or in part, names a coded ground of that right and reasons of its own
(GDPR Art. 12(4)); the service itself never says no. Erasure and every refusal need a second person.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import DomainError

#: Shorter than this no reasons tell the person anything (R12-6).
LEAST_REASONS = 20


class Verdict(StrEnum):
    """What was decided about a claim."""

    GRANTED = "granted"
    PARTLY_GRANTED = "partly_granted"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A coded legal ground on which a claim may be refused, whole or in part."""

    key: str
    source: str
    sv: str
    en: str


MANIFESTLY_UNFOUNDED = Ground(
    key="manifestly_unfounded",
    source="GDPR Art. 12(5)(b)",
    sv="Begäran är uppenbart ogrundad",
    en="The request is manifestly unfounded",
)
EXCESSIVE = Ground(key="excessive", source="GDPR Art. 12(5)(b)", sv="Begäran är orimlig", en="The request is excessive")
RIGHTS_OF_OTHERS = Ground(
    key="rights_of_others",
    source="GDPR Art. 15(4)",
    sv="Kopian skulle skada andras rättigheter och friheter",
    en="The copy would adversely affect the rights and freedoms of others",
)
SECRECY = Ground(
    key="secrecy",
    source="dataskyddslagen (2018:218) 5 kap. 1 §",
    sv="Uppgiften får enligt lag inte lämnas ut till dig",
    en="The law forbids disclosing the data to you",
)

NOT_IDENTIFIABLE = Ground(
    key="not_identifiable",
    source="GDPR Art. 12(2)",
    sv="Vi kan visa att det inte går att ta reda på vem du är",
    en="We can demonstrate that we are not in a position to identify you",
)

#: Grounds open to every right whose answer may be refused at all.
COMMON: tuple[Ground, ...] = (MANIFESTLY_UNFOUNDED, EXCESSIVE)


class GroundNeeded(DomainError):
    """A refusal, whole or in part, must name one of the legal grounds this right allows."""


class GroundNotAllowed(DomainError):
    """That legal ground does not exist for this right."""


class ReasonsNeeded(DomainError):
    """A refusal, whole or in part, must carry reasons the person can understand."""


def check(*, verdict: Verdict, ground: str | None, reasons: str, allowed: tuple[Ground, ...]) -> Ground | None:
    """
    Return the ground a decision rests on, or None for a plain yes.

    Raises:
        GroundNeeded, GroundNotAllowed, ReasonsNeeded: If a no does not carry what Art. 12(4) demands.
    """
    if verdict is Verdict.GRANTED:
        if ground is not None:
            raise GroundNotAllowed("A granted claim has no ground of refusal.")
        return None
    if ground is None:
        raise GroundNeeded
    chosen = next((one for one in allowed if one.key == ground), None)
    if chosen is None:
        raise GroundNotAllowed
    if len(reasons.strip()) < LEAST_REASONS:
        raise ReasonsNeeded
    return chosen


def needs_two(verdict: Verdict, *, grant_needs_two: bool) -> bool:
    """Whether a second person must agree before the decision counts."""
    return grant_needs_two or verdict is not Verdict.GRANTED
