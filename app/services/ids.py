"""Ids and references."""

import secrets
import uuid
from datetime import datetime

import uuid_utils

#: Crockford's base32 without the letters that are read as digits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 32^8 references a year: guessing one says nothing, two alike are a matter of centuries.
_LENGTH = 8


def new_id() -> uuid.UUID:
    """A UUIDv7: sorts by the time it was made."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def new_reference(now: datetime) -> str:
    """A random human reference, ``INS-<year>-<base32>``; says nothing about how many there are."""
    return f"INS-{now.year}-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
