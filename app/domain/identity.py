"""
How sure we are of who asks, and how sure we must be.

Levels rise from nothing to a fresh e-ID with cooling-off. Finding a person is never proving one (GDPR Art. 11, 12(6)).

What is needed follows from the right, the data classes in scope and what marks the case as dangerous
(:func:`needed`); a controller's profile may ask for more and never for less.
"""

from collections.abc import Collection, Mapping
from enum import IntEnum, StrEnum

from app.domain.errors import DomainError


class Level(IntEnum):
    """Assurance of identity; comparable, a higher one includes the lower."""

    NONE = 0
    CHANNEL = 1
    SUBSTANTIAL = 2
    HIGH = 3

    @property
    def key(self) -> str:
        return self.name.lower()

    @classmethod
    def from_key(cls, key: str) -> "Level":
        """Read a level's wire name; raises :class:`UnknownLevel`."""
        try:
            return cls[key.upper()]
        except KeyError:
            raise UnknownLevel from None


#: What staff may record as proof, and the level each gives. No copies, no secret questions, no signatures:
#: OWASP ASVS 5.0 6.4.2, EDPB 01/2022 paras 73–79, IMY-2022-1032.
METHODS: dict[str, Level] = {
    "one_time_code": Level.CHANNEL,
    "known_channel_callback": Level.CHANNEL,
    "e_id": Level.SUBSTANTIAL,
    "e_id_in_call": Level.SUBSTANTIAL,
    "seen_in_person": Level.SUBSTANTIAL,
    "letter_to_registered_address": Level.HIGH,
}


class UnknownLevel(DomainError):
    """There is no such level of identity assurance."""


class UnknownMethod(DomainError):
    """That is no way of proving identity here: no ID copies, secret questions or signatures are taken."""


def level_of(method: str) -> Level:
    """The level a recorded proof gives; raises :class:`UnknownMethod`."""
    try:
        return METHODS[method]
    except KeyError:
        raise UnknownMethod from None


def suffices(held: Level, *, needed: Level) -> bool:
    """Whether what has been proved is enough for what is asked."""
    return held >= needed


class RiskMark(StrEnum):
    """What makes a case more dangerous than its right alone."""

    CONTACT_CHANGED = "contact_changed"  #: an address the controller has had for less than thirty days
    PROTECTED = "protected"  #: the person must not be found (OSL 22 kap. 1 §; folkbokföringslagen 16 §)
    HOUSEHOLD_SPLIT = "household_split"  #: people who shared the home no longer do


#: The least for each class of data before it is handed out (GDPR Art. 5(1)(f), 32); a class that is not here never is.
#: No profile lowers it. Which rows of a copy that lets out is the release rules' matter.
CLASS_FLOOR: Mapping[str, Level] = {
    "ordinary": Level.SUBSTANTIAL,
    "movement": Level.SUBSTANTIAL,
    "recording": Level.SUBSTANTIAL,
    "third_party": Level.SUBSTANTIAL,
    "security": Level.HIGH,
}
#: Copies come in parts: what needs a higher proof stays behind, named, and the rest is given. If one category of a
#: home's defences raised the whole claim, nobody could see their own invoices without a letter to their address.
GIVEN_IN_PARTS = frozenset({"access", "portability"})
#: What Art. 11(2) switches off where nobody can tell who asks: Articles 15 to 20. Not 21 and 22, nor 7(3).
ENDED_BY_ART_11 = frozenset({"access", "rectification", "erasure", "restriction", "portability"})
#: What hands out, destroys or redirects; where a case is marked these go wrong for good.
IRREVERSIBLE = frozenset({"access", "portability", "rectification", "erasure"})


def needed(
    right: str,
    *,
    floor: Level,
    at_once: bool,
    asked: Level = Level.NONE,
    by_class: Mapping[str, Level] | None = None,
    classes: Collection[str] = (),
    marks: Collection[RiskMark] = (),
) -> Level:
    """
    The level a claim needs before anything is decided about it.

    Args:
        floor: The right's own least level, from the law.
        at_once: Whether the law has it done unconditionally (Art. 7(3), 21(2)-(3)): then nothing makes it harder (F12).
        asked: The profile's level for the right, and *by_class* its levels for classes of data.
        classes: The data classes in scope.
        marks: What is known to be dangerous about the case. They raise and never lower.
    """
    if at_once:
        return floor
    level = max(floor, asked)
    if right not in GIVEN_IN_PARTS:
        level = max([level, *(asked_for for name, asked_for in (by_class or {}).items() if name in classes)])
    if RiskMark.CONTACT_CHANGED in marks:
        level = max(level, Level.SUBSTANTIAL)  # a code to an address somebody has just put there proves nothing
    if right in IRREVERSIBLE and {RiskMark.PROTECTED, RiskMark.HOUSEHOLD_SPLIT} & set(marks):
        level = max(level, Level.HIGH)
    return level


#: What staff write down of a proof (EDPB 01/2022 paras 73-79): never a copy, an answer or a signature.
BY_CHANNEL = frozenset({"one_time_code", "known_channel_callback"})
#: An e-ID always names a personnummer.
BY_E_ID = frozenset({"e_id", "e_id_in_call"})


def methods_for(level: Level) -> tuple[str, ...]:
    """The ways of proving who one is that give at least *level*, the least intrusive first (F11, R12-9)."""
    fitting = [method for method, given in METHODS.items() if suffices(given, needed=level)]
    return tuple(sorted(fitting, key=lambda method: METHODS[method]))
