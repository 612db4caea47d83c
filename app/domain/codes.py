"""
One-time codes: how one looks, how long it lives, how often it may be tried and asked for.

A code proves that somebody reads a contact channel the controller has known for long, and nothing more (level
``channel``). OWASP ASVS 5.0: 6.5.1 used once, 6.5.4 at least 20 bits, 6.6.2 bound to the request, 6.6.3 rate-limited.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Eight digits are 26 bits; six would be 19.9, and letters are mistaken for digits when a code is read aloud.
DIGITS = 8
LIVES = timedelta(minutes=10)
MOST_TRIES = 5
#: How many codes a request, and a contact channel whatever the request, gets within the window.
PER_REQUEST, PER_CONTACT = 3, 5
WINDOW = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Code:
    """A code as it stands."""

    expires_at: datetime
    tries: int
    used: bool


def may_be_tried(code: Code, *, now: datetime) -> bool:
    """Whether a guess still counts: not used, not over, not tried too often."""
    return not code.used and now < code.expires_at and code.tries < MOST_TRIES


def may_be_sent(*, for_request: int, to_contact: int) -> bool:
    """Whether another code may go out, given how many did within :data:`WINDOW`."""
    return for_request < PER_REQUEST and to_contact < PER_CONTACT


def spelled(number: int) -> str:
    """A random number below ``10 ** DIGITS`` as the person reads it, in two groups."""
    text = f"{number:0{DIGITS}d}"
    return f"{text[:4]} {text[4:]}"


def read(said: str) -> str:
    """A code as typed, without the spaces and dashes that come along."""
    return "".join(one for one in said if one.isdecimal() and one.isascii())
