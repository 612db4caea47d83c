"""
How a webhook proves who wrote it: the symmetric half of Standard Webhooks 1.0.

The same two functions serve both directions: Insyn signs what it sends to a processor, and checks what the
processor answers later. A signature covers the message's id, the second of the attempt and the exact bytes of
the body, so none of the three can be changed or carried over to another message.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from app.domain.errors import DomainError

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of a secret, not one
#: Standard Webhooks asks for 24 to 64 random bytes.
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
#: Seconds a message may be older or newer than our clock, as the project's libraries have it.
TOLERANCE_SECONDS = 300
#: One signature a live secret is plenty for a rotation; more is somebody looking for work for us.
MOST_SIGNATURES = 16

# A full stop separates the signed parts, so an id that holds one would make two messages sign alike.
_ID = re.compile(r"[A-Za-z0-9_:-]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,12}")


class Refusal(StrEnum):
    """Why a message was not believed; for the log and the metrics, never for the sender."""

    MISSING_HEADER = "missing_header"
    MALFORMED = "malformed"
    STALE = "stale"
    BAD_SIGNATURE = "bad_signature"


class WebhookRefused(DomainError):
    """The signature of this message cannot be trusted."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__()
        self.reason = reason


class UnfitWebhookSecret(DomainError):
    """A webhook secret is 'whsec_' and the base64 of 24 to 64 random bytes."""


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """
    Return the value of the ``webhook-signature`` header.

    Args:
        secret: ``whsec_`` and base64, as both sides keep it.
        id: The message's id, the same over all attempts; it may hold no full stop.
        timestamp: Unix seconds of this attempt, real wall clock.
        body: The exact bytes that are sent.

    Raises:
        UnfitWebhookSecret: If the secret is malformed or shorter than 24 bytes.
        ValueError: If the id or the timestamp could not be told apart from the rest of the signed text.
    """
    if not _ID.fullmatch(id) or not _SECONDS.fullmatch(str(timestamp)):
        raise ValueError("a message id is 1 to 255 of A-Z a-z 0-9 _ : - and a timestamp whole seconds")
    return "v1," + base64.b64encode(_digest(_key(secret), id, str(timestamp), body)).decode()


def verify(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: int,
    tolerance: int = TOLERANCE_SECONDS,
) -> str:
    """
    Return the message's id if one of *secrets* signed it; deduplicate by that id.

    Args:
        secrets: Every secret that is valid now: two while one is being replaced, none refuses everything.
        headers: The request's headers; names in any case.
        body: The bytes as they came, before any parsing.
        now: Unix seconds, real wall clock.
        tolerance: Seconds the timestamp may lie to either side of *now*.

    Raises:
        WebhookRefused: For whatever reason; the sender is told no more than that.
        UnfitWebhookSecret: If one of *our* secrets is malformed.
    """
    keys = [_key(secret) for secret in secrets]
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        id, stamp, signatures = (lowered[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError:
        raise WebhookRefused(Refusal.MISSING_HEADER) from None
    if not _ID.fullmatch(id) or not _SECONDS.fullmatch(stamp):
        raise WebhookRefused(Refusal.MALFORMED)
    if abs(now - int(stamp)) > tolerance:
        raise WebhookRefused(Refusal.STALE)
    if not _matches(keys, _signatures(signatures), id, stamp, body):
        raise WebhookRefused(Refusal.BAD_SIGNATURE)
    return id


def _signatures(header: str) -> list[bytes]:
    """The ``v1`` signatures of the header; other versions are another algorithm's and passed over."""
    parts = header.split(" ")
    if len(parts) > MOST_SIGNATURES:
        raise WebhookRefused(Refusal.MALFORMED)
    found = []
    for part in parts:
        version, comma, text = part.partition(",")
        if not version or not comma:
            raise WebhookRefused(Refusal.MALFORMED)
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            raise WebhookRefused(Refusal.MALFORMED) from None
    return found


def _matches(keys: list[bytes], signatures: list[bytes], id: str, stamp: str, body: bytes) -> bool:
    """Compare each with each and stop nowhere: the time taken says nothing about which one was near."""
    matched = False
    for key in keys:
        expected = _digest(key, id, stamp, body)
        for signature in signatures:
            matched |= hmac.compare_digest(expected, signature)
    return matched


def _digest(key: bytes, id: str, stamp: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{id}.{stamp}.".encode() + body, "sha256")


def _key(secret: str) -> bytes:
    if not secret.startswith(SECRET_PREFIX):
        raise UnfitWebhookSecret
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise UnfitWebhookSecret from None
    if not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        raise UnfitWebhookSecret
    return key
