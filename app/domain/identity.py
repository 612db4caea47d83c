"""
How sure we are of who asks, and how sure we must be.

Levels rise from nothing to a fresh e-ID with cooling-off. Finding a person is never proving one (GDPR Art. 11, 12(6)).
"""

from enum import IntEnum

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
