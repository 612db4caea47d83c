"""
An issuer's public keys: fetched, checked, kept for a while.

A key is bound to one id and one algorithm. Only RSA (2048 bits and more) and P-256 come in; secrets, private keys,
certificates and keys for anything but signatures stay out, whoever publishes them. That is also what keeps out
CVE-2024-33663 and CVE-2026-85394 (a public key used as an HMAC secret): there is never a symmetric algorithm to use
it with.
"""

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Awaitable, Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from app.domain.errors import DomainError

#: Seconds a set of keys is used before it is asked for again.
TIME_TO_LIVE = 300.0
#: Seconds between two fetches, however many unknown key ids come in.
COOL_DOWN = 30.0
#: The same after a fetch that failed: shorter, for nobody can come in meanwhile.
FAILURE_COOL_DOWN = 5.0
#: Seconds old keys are used beyond their time while the issuer does not answer.
STALE_AT_MOST = 3600.0
FETCH_TIMEOUT = 10.0
LARGEST_SET = 65_536
MOST_KEYS = 20

#: Fetches an address; how is the caller's business (and its egress rules).
Fetch = Callable[[str], Awaitable[bytes]]
Clock = Callable[[], float]


class KeysUnavailable(DomainError):
    """The keys to check your access token with cannot be read just now."""


class UnfitKey(ValueError):
    """This is no public key that a signature may be checked with."""


@dataclass(frozen=True)
class VerificationKey:
    """A public key with the one algorithm it is for; ``pem`` is SubjectPublicKeyInfo, checked here."""

    kid: str
    alg: str
    pem: str

    def __post_init__(self) -> None:
        if not self.pem.lstrip().startswith("-----BEGIN PUBLIC KEY-----"):
            raise UnfitKey("a key is PEM SubjectPublicKeyInfo: no certificate, no DER, nothing private")
        try:
            key = load_pem_public_key(self.pem.encode("ascii"))
        except (ValueError, UnsupportedAlgorithm):
            raise UnfitKey("no readable public key") from None
        match key, self.alg:
            case rsa.RSAPublicKey(), "RS256" if 2048 <= key.key_size <= 8192:
                return
            case ec.EllipticCurvePublicKey(), "ES256" if isinstance(key.curve, ec.SECP256R1):
                return
        raise UnfitKey("a key is RSA of 2048 bits or more for RS256, or P-256 for ES256")

    @classmethod
    def from_jwk(cls, jwk: Any) -> "VerificationKey":
        """Read a JSON Web Key (RFC 7517); raises :class:`UnfitKey`, also for any that holds a secret part."""
        numbers: rsa.RSAPublicNumbers | ec.EllipticCurvePublicNumbers
        match jwk:
            case {"kid": str(kid), "kty": "RSA", "n": str(n), "e": str(e)} if kid:
                alg, numbers = "RS256", rsa.RSAPublicNumbers(e=_number(e), n=_number(n))
            case {"kid": str(kid), "kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)} if kid:
                alg, numbers = "ES256", ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1())
            case _:
                raise UnfitKey("not an RSA or P-256 key with an id")
        is_private = jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
        if is_private or jwk.get("use", "sig") != "sig" or jwk.get("alg", alg) != alg:
            raise UnfitKey("not a public key for signatures")
        operations = jwk.get("key_ops", ["verify"])
        if not isinstance(operations, list) or "verify" not in operations:
            raise UnfitKey("not a key to verify with")
        try:
            pem = numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, UnsupportedAlgorithm):
            raise UnfitKey("no such key exists") from None
        return cls(kid, alg, pem.decode())


def _number(text: str) -> int:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise UnfitKey("not base64url") from None
    return int.from_bytes(raw, "big")


def read_jwks(body: bytes, *, algorithms: Container[str]) -> dict[str, VerificationKey]:
    """
    Return the usable keys of a JWK set by id. Unfit keys are left out, as is every id that occurs twice.

    Raises:
        UnfitKey: If it is no JWK set, larger than 64 KB or of more than 20 keys.
    """
    if len(body) > LARGEST_SET:
        raise UnfitKey("the key set is too large")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise UnfitKey("the key set is no JSON") from None
    if not isinstance(said, dict) or not isinstance(said.get("keys"), list) or len(said["keys"]) > MOST_KEYS:
        raise UnfitKey("this is no key set, or of too many keys")
    return _unambiguous(key for key in _fit(said["keys"]) if key.alg in algorithms)


def _fit(jwks: list[Any]) -> Iterable[VerificationKey]:
    for jwk in jwks:
        try:
            yield VerificationKey.from_jwk(jwk)
        except UnfitKey:
            continue  # keys for encryption or of other kinds may stand beside ours


def _unambiguous(keys: Iterable[VerificationKey]) -> dict[str, VerificationKey]:
    found: dict[str, VerificationKey] = {}
    doubled: set[str] = set()
    for key in keys:
        if found.setdefault(key.kid, key) is not key:
            doubled.add(key.kid)
    return {kid: key for kid, key in found.items() if kid not in doubled}


class KeyRing:
    """
    One issuer's keys, kept for five minutes and asked for once at a time.

    An unknown key id makes it ask again, at most every 30 s. While the issuer does not answer, the last keys serve
    for up to an hour more; then nobody comes in.
    """

    def __init__(self, uri: str, *, algorithms: Container[str], fetch: Fetch, clock: Clock = time.monotonic) -> None:
        self._uri = uri
        self._algorithms = algorithms
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, VerificationKey] | None = None
        self._fetched_at = 0.0
        self._not_before: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def key(self, kid: str) -> VerificationKey | None:
        """
        Return the key of this id, or None if the issuer has none.

        Raises:
            KeysUnavailable: If there are no keys, or too old ones, and the issuer does not give any.
        """
        if not self._is_fresh() or kid not in (self._keys or {}):
            await self._refresh(kid)
        if self._keys is None or self._clock() - self._fetched_at > TIME_TO_LIVE + STALE_AT_MOST:
            raise KeysUnavailable
        return self._keys.get(kid)

    def _is_fresh(self) -> bool:
        return self._keys is not None and self._clock() - self._fetched_at < TIME_TO_LIVE

    async def _refresh(self, kid: str) -> None:
        async with self._one_at_a_time:
            if self._is_fresh() and kid in (self._keys or {}):
                return  # somebody fetched it while we waited
            now = self._clock()
            if self._not_before is not None and now < self._not_before:
                return
            try:
                async with asyncio.timeout(FETCH_TIMEOUT):
                    keys = read_jwks(await self._fetch(self._uri), algorithms=self._algorithms)
            except Exception:  # whatever the fetcher raises, it means: no keys this time
                self._not_before = now + FAILURE_COOL_DOWN
                return
            self._keys, self._fetched_at, self._not_before = keys, now, now + COOL_DOWN
