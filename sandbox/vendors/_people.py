"""How a vendor writes down the sandbox's people, and the credentials that most vendors read alike."""

import base64
import hashlib

from sandbox.people import Person
from sandbox.vendors._base import Call


def e164(person: Person) -> str:
    """The person's number with its country: ``+46701740605``."""
    return "+46" + "".join(sign for sign in person.phone if sign.isdecimal())[1:]


def first_and_last(person: Person) -> tuple[str, str]:
    first, _, last = person.name.partition(" ")
    return first, last


def is_customer(person: Person) -> bool:
    """Whether the companies' own systems know the person at all."""
    return bool(person.known_by) and person.customer_number is not None


def number_of(seed: str, *, digits: int = 9) -> str:
    """A decimal id that is always the same for *seed*."""
    return str(int(hashlib.sha256(seed.encode()).hexdigest(), 16))[:digits]


def hex_of(seed: str, *, length: int = 32) -> str:
    """A hexadecimal id that is always the same for *seed*."""
    return hashlib.sha256(seed.encode()).hexdigest()[:length]


def basic(call: Call) -> tuple[str, str] | None:
    """User and password of HTTP Basic; None where there are none or they cannot be read."""
    scheme, _, coded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def bearer(call: Call) -> str:
    """The bearer token, or nothing."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""
