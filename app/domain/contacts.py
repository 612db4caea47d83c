"""
Ways of reaching a person, and how far each can be trusted.

Whoever wants to be taken for somebody else first has the telephone number or the e-mail address changed. So an address
the controller has not had for thirty days proves nothing and is never the only one that is told (security of
processing, GDPR Art. 5(1)(f), 32; identity, Art. 12(6)).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

#: How long an address must have been known before a code sent to it proves anything.
QUARANTINE = timedelta(days=30)
#: What a message can be sent to.
REACHABLE = ("email", "phone")
#: Fields of a correction that move where the person is reached, as processors and forms spell them.
CONTACT_FIELDS: Mapping[str, str] = {
    "email": "email",
    "e_mail": "email",
    "mail": "email",
    "phone": "phone",
    "telephone": "phone",
    "mobile": "phone",
    "address": "address",
    "postal_address": "address",
}


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One address: its type, a key that says nothing, and since when the controller has had it."""

    type: str
    key: bytes
    since: date

    def __repr__(self) -> str:
        return f"<Channel {self.type}>"


def is_settled(channel: Channel, *, today: date, changed: Mapping[bytes, date] | None = None) -> bool:
    """
    Whether the address has been the person's long enough to prove something.

    Args:
        changed: When an address was last put there through us, by key: whatever a processor says of its age.
    """
    since = max(channel.since, (changed or {}).get(channel.key, channel.since))
    return today - since >= QUARANTINE


def needs_post(channels: Iterable[Channel], *, today: date, changed: Mapping[bytes, date] | None = None) -> bool:
    """Whether a notice has to go by letter too: no address that can be written to has been there long enough."""
    return not any(one.type == "email" and is_settled(one, today=today, changed=changed) for one in channels)


def corrections_of(details: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The single corrections that a claim of rectification asks for."""
    named = details.get("corrections")
    return [one for one in (named if isinstance(named, list) else [details]) if isinstance(one, Mapping)]


def contact_type(correction: Mapping[str, Any]) -> str | None:
    """Which way of reaching the person a correction changes, if any."""
    name = str(correction.get("field", "")).strip().casefold().replace("-", "_").replace(" ", "_")
    return CONTACT_FIELDS.get(name)


def may_move_contact(details: Mapping[str, Any]) -> bool:
    """
    Whether a rectification may change where the person is reached: rectify-to-takeover.

    One that names no field (words of the person's own) may be about anything, so it may be about that.
    """
    corrections = corrections_of(details)
    named = [one for one in corrections if one.get("field")]
    return len(named) < len(corrections) or not named or any(contact_type(one) is not None for one in named)


def read_reported(facts: object, *, today: date) -> Sequence[tuple[str, str, date]]:
    """
    The addresses a processor says it has for somebody: (type, value, since).

    What cannot be read is left out; an address without an age, or from the future, is taken as new.
    """
    said = facts.get("contacts") if isinstance(facts, Mapping) else None
    found: list[tuple[str, str, date]] = []
    for one in said if isinstance(said, list) else []:
        if isinstance(one, Mapping) and one.get("type") in REACHABLE and isinstance(one.get("value"), str):
            found.append((str(one["type"]), str(one["value"]), _since(one.get("since"), today)))
    return found


def _since(value: object, today: date) -> date:
    try:
        return min(date.fromisoformat(value), today) if isinstance(value, str) else today
    except ValueError:
        return today
