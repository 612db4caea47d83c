"""
What waits, and what halts: cooling-off, "that was not me", and people who must not be found.

What cannot be undone (an erasure, a new contact channel, a copy of what shows how a home is protected) waits one to
three days after every address the controller knows was told. The statutory clock keeps running: Art. 12(3) leaves room
for it, and no answer may come earlier because of a date. Whoever says "that was not me" halts all of it, and only a
person who has had a stronger proof lets it go on (GDPR Art. 5(1)(f), 12(6), 32).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.errors import DomainError
from app.domain.identity import CLASS_FLOOR, GIVEN_IN_PARTS, Level, suffices
from app.domain.release_fields import words_of

#: No profile waits shorter, or lets the person wait longer.
LEAST_COOLING_HOURS, MOST_COOLING_HOURS = 24, 72
#: What is left of a wait, at least, for an address that was found while it ran.
LATECOMERS = timedelta(hours=LEAST_COOLING_HOURS)
#: What a field is called that says where somebody lives or is.
_PLACE_WORDS = frozenset(
    {"street", "gata", "gatan", "postal", "postnummer", "postnr", "postcode", "zip", "city", "ort", "postort", "lat",
     "lon", "lng", "latitude", "longitude", "position", "coordinates", "koordinater", "place", "plats", "site"}
)  # fmt: skip
_PLACE_PARTS = ("address", "adress")


class Cooling(StrEnum):
    """Where the wait of a claim stands."""

    NOT_NEEDED = "not_needed"
    DUE = "due"  #: nobody has been told yet
    RUNNING = "running"
    OVER = "over"


class CoolingOff(DomainError):
    """Everybody who can be reached has been told, and the time to say "that was not me" is not over yet."""


class RequestStopped(DomainError):
    """Somebody has said that this request is not theirs; a person must settle that before anything goes on."""


class NotStopped(DomainError):
    """Nobody has stopped this request, or it has been settled."""


class ProofNotStronger(DomainError):
    """A stopped request goes on only with a stronger proof than the one it came with."""


class HandlersOnly(DomainError):
    """Only trained handlers see to this."""


def cooling_of(*, cools: bool, until: datetime | None, now: datetime) -> Cooling:
    """
    Where the wait of a claim stands at *now*.

    Args:
        cools: Whether the claim has to wait at all (:func:`has_to_cool`).
        until: The end of its wait, once somebody has been told.
    """
    if until is not None:
        return Cooling.OVER if until <= now else Cooling.RUNNING
    return Cooling.DUE if cools else Cooling.NOT_NEEDED


def has_to_cool(right: str, *, moves_contact: bool, held: Level) -> bool:
    """
    Whether a claim waits: an erasure, a change of where the person is reached, a copy that shows the home's defences.

    Those leave only at the highest level, as rows of their own or as fields of others; a copy below it holds none of
    them and does not wait.
    """
    if right == "erasure":
        return True
    if right == "rectification":
        return moves_contact
    return right in GIVEN_IN_PARTS and suffices(held, needed=CLASS_FLOOR["security"])


def ends_at(now: datetime, *, hours: int) -> datetime:
    """When a wait that begins *now* is over, within our bounds whatever was asked for."""
    return now + timedelta(hours=max(LEAST_COOLING_HOURS, min(MOST_COOLING_HOURS, hours)))


def check_stronger(held: Level, *, given: Level) -> None:
    """Raise :class:`ProofNotStronger` unless *given* is more than the stopped request had, or the most there is."""
    if given is not Level.HIGH and (given <= held or given < Level.SUBSTANTIAL):
        raise ProofNotStronger


def is_address(name: str) -> bool:
    """Whether a field says where somebody is, by its name; a mail or network address does not."""
    words = words_of(name)
    joined = "".join(words)
    if "mail" in joined or "epost" in joined or {"ip", "mac"} & set(words):
        return False
    return not _PLACE_WORDS.isdisjoint(words) or any(part in joined for part in _PLACE_PARTS)


def without_addresses(details: Mapping[str, Any]) -> dict[str, Any]:
    """What may be said to others about somebody who must not be found: nothing that says where, at any depth."""
    kept: dict[str, Any] = {}
    for name, value in details.items():
        if is_address(name) or (name == "field" and isinstance(value, str) and is_address(value)):
            continue
        if isinstance(value, Mapping):
            value = without_addresses(value)
        elif isinstance(value, list):
            value = [without_addresses(one) if isinstance(one, Mapping) else one for one in value]
        kept[name] = value
    if "field" in details and "field" not in kept:
        kept.pop("value", None)  # the value of a field that may not be named
    return kept
