"""
What a vendor sends us by itself, and how it shows that it is the vendor.

It is never believed about what came of anything: it only makes us ask sooner.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.domain.errors import DomainError
from app.processors._port import Target
from app.processors.rest.expressions import MissingValue, Scope, render
from app.processors.rest.grammar import CallbackProof
from app.processors.rest.shelf import connectors

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{1,200}")


class NotTheVendor(DomainError):
    """Nothing shows that this call is the vendor's."""


def received(
    target: Target, *, method: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, wall_clock: float
) -> str | None:
    """
    Check a call that came in; returns what is to be given back as text, None where it was news of the vendor's work.

    Args:
        headers: By their names in small letters.
        wall_clock: Unix seconds.

    Raises:
        NotTheVendor: No proof holds, or the connector expects no calls.
    """
    connector = connectors().get(str(target.settings.get("connector", "")))
    proofs = connector.callback.proof if connector is not None and connector.callback is not None else []
    for proof in proofs:
        if proof.kind == "challenge_echo":
            challenge = query.get(proof.param, "")
            if method == "GET" and _CHALLENGE.fullmatch(challenge):
                return challenge
        elif method == "POST" and _holds(proof, target.named.get(proof.secret or "", ()), headers, body, wall_clock):
            return None
    raise NotTheVendor


def _holds(
    proof: CallbackProof, secrets: tuple[str, ...], headers: Mapping[str, str], body: bytes, wall_clock: float
) -> bool:
    """Whether the proof holds with any of the secrets that are valid at the time."""
    if proof.kind == "signed_request":
        return any(_signed_request(secret, body) for secret in secrets)
    given = headers.get((proof.header or "").lower())
    if given is None:
        return False
    if proof.kind == "static_header":
        return any(hmac.compare_digest(given.encode(), secret.encode()) for secret in secrets)
    stamp = headers.get((proof.timestamp_header or "").lower(), "")
    if proof.timestamp_header is not None and not _is_fresh(stamp, proof.tolerance, wall_clock):
        return False
    try:
        # The bytes as they came: as latin-1 they go through a template and come out the same.
        signed = render(proof.signed, Scope({"body": body.decode("latin-1"), "timestamp": stamp})).encode("latin-1")
    except (MissingValue, UnicodeEncodeError):
        return False
    signature = _decoded(given.removeprefix(proof.prefix), proof.encode)
    if signature is None:
        return False
    if proof.kind == "ed25519":
        return any(_verified(secret, signature, signed) for secret in secrets)
    return any(
        hmac.compare_digest(signature, hmac.new(secret.encode(), signed, proof.algorithm).digest())
        for secret in secrets
    )


def _is_fresh(stamp: str, tolerance: timedelta, wall_clock: float) -> bool:
    return stamp.isascii() and stamp.isdecimal() and abs(wall_clock - int(stamp[:12])) <= tolerance.total_seconds()


def _decoded(text: str, how: str) -> bytes | None:
    try:
        return bytes.fromhex(text) if how == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None


def _verified(key: str, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True)).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed_request(secret: str, body: bytes) -> bool:
    """Meta's form field: base64url(signature).base64url(JSON), HMAC-SHA256 over the encoded part."""
    fields = dict(part.partition("=")[::2] for part in body.decode("ascii", errors="replace").split("&"))
    signature, dot, payload = fields.get("signed_request", "").partition(".")
    if not dot or not payload:
        return False
    try:
        given = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(given, hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest())
