"""
The strict gate in front of python-jose; no other module imports it.

The library alone accepts tokens without expiry or audience, unknown critical headers, ``iat`` in the future and, with
the wrong arguments, public keys as HMAC secrets. So it is left one thing to do: check one signature, under the one
algorithm its key is bound to. Everything else is checked here, before or after. A token cannot choose its algorithm,
bring a key or say where one is.

Time is the real wall clock: the law's clock can be moved in the sandbox, a token's cannot.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol

from jose import jwk, jws
from jose.backends.base import Key
from jose.exceptions import JOSEError

from app.domain.errors import DomainError
from app.tokens.issuers import IssuerSettings
from app.tokens.jwks import Clock, Fetch, KeyRing, VerificationKey
from app.tokens.principal import ClaimMalformed, Principal, principal_of

LARGEST_TOKEN = 8192
#: Seconds the issuer's clock may differ from ours.
LEEWAY = 30.0
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})  # RFC 9068 4, RFC 8725 3.11
#: Headers that would change what is signed, nest another token, or let the token bring or name its own key.
REFUSED_HEADERS = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c", "cty", "zip", "enc", "epk", "p2c", "p2s"})

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


class Fault(StrEnum):
    """What was wrong with a token; for the log and the metrics, never for its bearer."""

    MALFORMED = "malformed"
    HEADER = "header"
    ISSUER = "issuer"
    KEY = "key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET = "not_yet"


class TokenRefused(DomainError):
    """The access token is missing, expired, or not meant for this service."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


class TokenVerifier(Protocol):
    """What the HTTP edge needs; another library can stand behind it."""

    async def verify(self, token: str) -> Principal:
        """Return the bearer; raises :class:`TokenRefused` or :class:`~app.tokens.jwks.KeysUnavailable`."""
        ...


class Verifier:
    """Checks tokens of the configured issuers; one for the whole process, so that keys are fetched once."""

    def __init__(
        self,
        issuers: Iterable[IssuerSettings],
        *,
        fetch: Fetch,
        clock: Clock = time.time,
        cache_clock: Clock = time.monotonic,
    ) -> None:
        self._clock = clock
        self._issuers: dict[str, tuple[IssuerSettings, KeyRing]] = {}
        for issuer in issuers:
            if issuer.issuer in self._issuers:
                raise ValueError(f"the issuer {issuer.issuer} is configured twice")
            ring = KeyRing(issuer.jwks_uri, algorithms=issuer.algorithms, fetch=fetch, clock=cache_clock)
            self._issuers[issuer.issuer] = (issuer, ring)

    async def verify(self, token: str) -> Principal:
        """
        Return who the bearer of *token* is.

        Raises:
            TokenRefused: For whatever is wrong with it; ``fault`` is for us.
            KeysUnavailable: If the issuer's keys cannot be had.
        """
        header, claims = _read(token)
        kid, alg = _checked_header(header)
        # The issuer named here is not believed yet: it only chooses whose keys must have signed.
        issuer, ring = self._trusted(claims.get("iss"))
        key = await ring.key(kid)
        if key is None or key.alg != alg:
            raise TokenRefused(Fault.KEY)
        _check_signature(token, key)
        now = self._clock()
        _check_claims(claims, audience=issuer.audience, now=now)
        try:
            return principal_of(claims, issuer=issuer, now=now, leeway=LEEWAY)
        except ClaimMalformed:
            raise TokenRefused(Fault.CLAIMS) from None

    def _trusted(self, named: object) -> tuple[IssuerSettings, KeyRing]:
        found = self._issuers.get(named) if isinstance(named, str) else None
        if found is None:
            raise TokenRefused(Fault.ISSUER)
        return found


def _read(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The two JSON parts of a token, unbelieved. Five parts would be encrypted (JWE): refused like any other number."""
    if len(token) > LARGEST_TOKEN or not _COMPACT.fullmatch(token):
        raise TokenRefused(Fault.MALFORMED)
    header, claims, _ = token.split(".")
    return _object(header), _object(claims)


def _object(part: str) -> Mapping[str, Any]:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except (binascii.Error, ValueError, RecursionError):
        raise TokenRefused(Fault.MALFORMED) from None
    if not isinstance(value, dict):
        raise TokenRefused(Fault.MALFORMED)
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers take different ones of a doubled key; then one of them is deceived."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _checked_header(header: Mapping[str, Any]) -> tuple[str, str]:
    if header.keys() & REFUSED_HEADERS:
        raise TokenRefused(Fault.HEADER)
    match header:
        case {"alg": "RS256" | "ES256" as alg, "kid": str(kid), "typ": str(typ)} if kid and typ.lower() in TYPES:
            return kid, alg
    raise TokenRefused(Fault.HEADER)


@lru_cache(maxsize=256)
def _prepared(key: VerificationKey) -> Key:
    return jwk.construct(key.pem, key.alg)


def _check_signature(token: str, key: VerificationKey) -> None:
    try:
        jws.verify(token, _prepared(key), algorithms=[key.alg])
    except JOSEError:
        raise TokenRefused(Fault.SIGNATURE) from None


def _check_claims(claims: Mapping[str, Any], *, audience: str, now: float) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise TokenRefused(Fault.CLAIMS)
    named = claims.get("aud")
    audiences = [named] if isinstance(named, str) else named
    if not isinstance(audiences, list) or audience not in audiences:
        raise TokenRefused(Fault.AUDIENCE)
    if _instant(claims, "exp") <= now - LEEWAY:
        raise TokenRefused(Fault.EXPIRED)
    if _instant(claims, "iat") > now + LEEWAY:
        raise TokenRefused(Fault.NOT_YET)
    if "nbf" in claims and _instant(claims, "nbf") > now + LEEWAY:
        raise TokenRefused(Fault.NOT_YET)


def _instant(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate (RFC 7519 2); neither text nor true counts as one, and it must be there."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise TokenRefused(Fault.CLAIMS)
    return float(value)
