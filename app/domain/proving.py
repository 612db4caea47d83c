"""
What a proof says of whoever asks: how sure we are from then on, and which of what is known of them is theirs.

One rule: what is vouched for has been proved at the level that the request has. A stronger proof therefore answers for
what it itself established and for nothing beside it, and a weaker one for nothing at all. What is left is compared by a
person before a yes (GDPR Art. 5(1)(f), 12(6), 32).

    what was proved                 | level       | stays vouched for
    --------------------------------|-------------|-----------------------------------------------------------------
    a number vouched for before     | as proved   | all that was: the login, or the earlier proof, ties it together
    a number that is new            | as proved   | the number alone: nothing says that the rest is the same person's
    an address (call back, code)    | channel     | the address; beside it what was proved as well as that
    somebody, with no number said   | as proved   | what was proved as well as that: nothing, where it is stronger
    less than was held already      | as held     | what was
    another number than is known    | refused     |

"Vouched for before" never means "heard by staff": before the first proof of what no login made, nothing is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain import identity
from app.domain.errors import DomainError
from app.domain.finding import Known
from app.domain.identity import Level

NUMBER = "personnummer"


class ProofOfSomebodyElse(DomainError):
    """The proof is somebody else's: it names another personnummer than the request."""


class ProofWithoutNumber(DomainError):
    """Say which personnummer the e-ID named: by that alone is it known whose proof it is."""


class NumberByChannel(DomainError):
    """A call back or a code proves an address, never a personnummer."""


class ContactNeeded(DomainError):
    """Say which address the call back or the code went to: that is all it proves."""


@dataclass(frozen=True)
class Asked:
    """
    Whoever asks, before the proof.

    Args:
        by_login: Whether a login made the request: what is vouched for is then its word, and nobody's hearing.
    """

    held: Level
    known: Sequence[Known]
    by_login: bool

    @property
    def sure(self) -> list[Known]:
        """What somebody answers for by now."""
        return [one for one in self.known if one.vouched] if self.by_login or self.held > Level.NONE else []

    def names(self, number: str) -> bool:
        """Whether *number* may be theirs: it is the one vouched for, or else one that was written, or none was."""
        written = [one for one in self.known if one.type == NUMBER]
        named = [one.value for one in written if one.vouched] or [one.value for one in written]
        return not named or number in named


@dataclass(frozen=True)
class Proved:
    """Whoever asks, after the proof."""

    level: Level
    known: tuple[Known, ...]


def establish(
    asked: Asked, *, method: str, number: str | None = None, contact: tuple[str, str] | None = None
) -> Proved:
    """
    Return what is known of whoever asks once they have proved it by *method*.

    Args:
        number: The personnummer that the proof named, normalised.
        contact: The address that a call back or a code went to, as (type, normalised value).

    Raises:
        UnknownMethod, ProofOfSomebodyElse, ProofWithoutNumber, NumberByChannel, ContactNeeded
    """
    given = identity.level_of(method)
    _check_said(method, number, contact)
    if number is not None and not asked.names(number):
        raise ProofOfSomebodyElse
    proved = (NUMBER, number) if number is not None else contact if method in identity.BY_CHANNEL else None
    if given < asked.held:
        return Proved(asked.held, _with(asked.known, asked.sure, adding=proved))
    stays = asked.sure if given == asked.held else []
    if number is not None:
        was_known = any((one.type, one.value) == proved for one in asked.sure)
        stays = asked.sure if was_known else []
    return Proved(
        given, _with(asked.known, [*stays, *([Known(*proved, vouched=True)] if proved else [])], adding=proved)
    )


def _check_said(method: str, number: str | None, contact: tuple[str, str] | None) -> None:
    if method in identity.BY_CHANNEL:
        if number is not None:
            raise NumberByChannel
        if contact is None:
            raise ContactNeeded
    if method in identity.BY_E_ID and number is None:
        raise ProofWithoutNumber


def _with(known: Iterable[Known], vouched: Iterable[Known], *, adding: tuple[str, str] | None) -> tuple[Known, ...]:
    """The same people know, each once, vouched for or not; what was only now said is added."""
    sure = {(one.type, one.value) for one in vouched}
    named = {(one.type, one.value): one.as_given for one in known}
    if adding is not None:
        named.setdefault(adding, None)
    return tuple(Known(*one, one in sure, as_given) for one, as_given in named.items())
