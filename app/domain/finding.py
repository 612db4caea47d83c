"""
Which identifiers may travel to a processor, and what they may be used for.

Finding is never proving (GDPR Art. 11, 12(6)). An address or an installation is a household's, not a person's: whoever
moved out of it would otherwise be handed, or could change, what belongs to those who stayed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.errors import DomainError
from app.domain.fanout import Action

#: What several people have in common; it never decides whose data are meant.
SHARED = frozenset({"name", "address", "installation_id"})


#: A household's or an office's too, and handed on when a contract ends, though it is one's own to whoever carries it.
NUMBER = "phone"


class NumberAlone(DomainError):
    """Only a telephone is known of the person, and several may share it: a person has to see whose record it is."""


class NothingToLookUp(DomainError):
    """A name, an address or an installation is several people's: look for an identifier of the person's own."""


#: Actions that show and change nothing: looking, and holding a deletion back. A restriction is none of them, not even
#: while a claim is pending: whoever types a former partner's address would have what guards her stand still. It goes
#: out with what somebody answers for, and where that is nothing a person looks first (Art. 18(1), 32).
HARMLESS = frozenset({Action.LOCATE, Action.FREEZE})


#: What a telephone alone is enough for: the same, and that nothing more is advertised to it (Art. 21(2), (3)).
BY_NUMBER = HARMLESS | {Action.STOP_MARKETING}


#: What somebody who was filmed at a guarded place has to say before anything is searched for them (R11-3; IMY).
FOOTAGE = ("date", "time", "place", "appearance")


class FootageNotDescribed(DomainError):
    """Pictures are searched once the person has said the day, the time, the place and what they looked like."""


def footage_lacks(details: Mapping[str, Any]) -> tuple[str, ...]:
    """What is missing of the description of footage that is asked for; nothing where none is asked for."""
    if "footage" not in details:
        return ()
    said = details["footage"] if isinstance(details["footage"], Mapping) else {}
    return tuple(name for name in FOOTAGE if not str(said.get(name) or "").strip())


@dataclass(frozen=True)
class Known:
    """
    One way a person is known; *vouched* if a login or a member of staff answers for it.

    ``value`` is the one spelling by which people are matched, and all that two are compared by; ``as_given`` how it was
    written, of the types of which that is kept, and None where it never was.
    """

    type: str
    value: str
    vouched: bool
    as_given: str | None = field(default=None, compare=False)

    @property
    def spelt(self) -> str:
        """As it is told and shown: as it was given, where that is known."""
        return self.as_given or self.value

    def __repr__(self) -> str:
        return f"<Known {self.type}>"


def may_travel(known: Iterable[Known], *, accepts: Collection[str], action: Action, checked: bool) -> list[Known]:
    """
    Return what a processor may be told for *action*; empty means that a person has to see to it.

    Args:
        accepts: The identifier types the processor declared.
        checked: Whether nobody need answer for what the person wrote: a member of staff has compared it, or the right
            asks for no proof at all (Art. 21(2)).
    """
    fitting = [one for one in known if one.type in accepts]
    personal = [one for one in fitting if one.type not in SHARED]
    sure = [one for one in personal if one.vouched or checked or action in HARMLESS]
    if sure or action is not Action.LOCATE:
        return sure
    return fitting  # only to look, and only where nothing better is accepted


def check_not_number_alone(told: Iterable[Known], *, accepts: Collection[str], action: Action) -> None:
    """
    Refuse to have a copy, a change or an end of what nothing but a telephone stands for.

    Whoever keeps people has several of them under one number, so that a copy might be somebody else's. Where the number
    is all that is accepted, as of a telephony, it is itself what is kept: its own calls and messages, for whoever the
    number was vouched for or compared (:func:`may_travel`).

    Args:
        told: What may travel.
        accepts: The identifier types the processor declared.

    Raises:
        NumberAlone
    """
    if action in BY_NUMBER or not set(accepts) - SHARED - {NUMBER}:
        return
    if {one.type for one in told} == {NUMBER}:
        raise NumberAlone


def is_about_who_asks(known: Iterable[Known], *, accepts: Collection[str]) -> bool:
    """
    Whether what a search says is about whoever asks: it was asked with something that somebody answers for.

    Args:
        accepts: The identifier types the processor declared; one that declared none was asked by a person, with all.
    """
    named = list(known)
    return any(one.vouched for one in may_travel(named, accepts=accepts, action=Action.LOCATE, checked=False) or named)
