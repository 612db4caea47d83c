"""
An issuer of tokens that behaves like a controller's OpenID provider, for everybody the sandbox plays.

Its tokens are ordinary access tokens (RFC 9068) signed with ES256 and checked by Insyn on the ordinary way in:
there is no door for them alone. Times in tokens are real time, whatever the movable clock says.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sandbox.categories import CONTROLLERS
from sandbox.people import Person
from sandbox.store import Store

ROLES = ("subject", "agent", "approver", "dpo", "admin", "integrator", "auditor", "protected_handler")
AUDIENCE = "insyn"
LIVES_SECONDS = 3600
#: What a Swedish e-ID reports when the person proved who they are.
BANKID = "urn:grn:authn:se:bankid"
_KEYS = "issuer_keys"
#: An old key is published until every token it signed has expired; two rotations an hour are enough.
_PUBLISHED_KEYS = 3


@dataclass(frozen=True)
class Wish:
    """What a token is to say; the defaults make an ordinary one."""

    role: str
    controllers: Sequence[str] = CONTROLLERS
    sub: str | None = None
    person: Person | None = None
    acr: str | None = None
    auth_age_seconds: int = 0
    scope: str | None = None
    also: Sequence[str] = ()


class Issuer:
    """Signs with the newest of the keys kept in *store*; *public_url* is where Insyn serves ``/sandbox``."""

    def __init__(self, store: Store, public_url: str) -> None:
        self._store = store
        self.url = f"{public_url.rstrip('/')}/sandbox"

    def token(self, wish: Wish) -> str:
        """Return a signed access token, good for :data:`LIVES_SECONDS` from now."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": wish.sub or _pseudonym(wish),
            "roles": [wish.role, *(one for one in wish.also if one != wish.role)],
            "controllers": list(wish.controllers),
            "iat": now,
            "exp": now + LIVES_SECONDS,
            "auth_time": now - wish.auth_age_seconds,
        }
        acr = wish.acr or (BANKID if wish.person and wish.role == "subject" else None)
        claims |= {name: value for name, value in (("acr", acr), ("scope", wish.scope)) if value}
        if wish.person and wish.role == "subject":
            claims |= _known_as(wish.person)
        return self.sign(claims)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return *claims* as a compact JWS of type ``at+jwt``."""
        newest = self._keys()[0]
        head = {"alg": "ES256", "typ": "at+jwt", "kid": newest["kid"]}
        text = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(claims).encode())}"
        key = _private(newest["pem"])
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def jwks(self) -> dict[str, Any]:
        """Return the public keys, the signing one first."""
        keys = [_public_jwk(_private(each["pem"])) | {"kid": each["kid"]} for each in self._keys()]
        return {"keys": [key | {"use": "sig", "alg": "ES256"} for key in keys]}

    def configuration(self) -> dict[str, Any]:
        """Return the OpenID discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks.json",
            "token_endpoint": f"{self.url}/tokens",
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "acr_values_supported": [BANKID],
            "claims_supported": ["sub", "roles", "controllers", "scope", "acr", "auth_time", "ssn"],
        }

    def rotate(self, *, keep_old: bool = True) -> str:
        """Sign with a new key from now on and return its id; without *keep_old* older tokens stop working."""
        with self._store.transaction():
            old = self._keys() if keep_old else []
            keys = [_new_key(), *old][:_PUBLISHED_KEYS]
            self._store.put_fact(_KEYS, keys)
        return keys[0]["kid"]

    def _keys(self) -> list[dict[str, str]]:
        keys: list[dict[str, str]] = self._store.fact_or_new(_KEYS, lambda: [_new_key()])
        return keys


def _known_as(person: Person) -> dict[str, Any]:
    """What the login of an alarm company's customer pages vouches for: number, checked addresses, customer number."""
    known = {
        "ssn": person.personnummer,
        "email": person.email,
        "email_verified": True,
        "phone_number": person.phone,
        "phone_number_verified": True,
    }
    return known | ({"customer_number": person.customer_number} if person.customer_number else {})


def _pseudonym(wish: Wish) -> str:
    """The same person is the same subject in every token, and the subject does not say who it is."""
    if wish.person is None:
        return f"sandbox-{wish.role}"
    return "person-" + hashlib.sha256(f"insyn-sandbox/{wish.person.id}".encode()).hexdigest()[:20]


def _new_key() -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    thumbprint = json.dumps(_public_jwk(key), separators=(",", ":"), sort_keys=True)  # RFC 7638
    return {"kid": _b64(hashlib.sha256(thumbprint.encode()).digest()), "pem": pem.decode()}


def _private(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("The issuer's key is no elliptic curve key.")
    return key


def _public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    point = key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _b64(point.x.to_bytes(32, "big")),
        "y": _b64(point.y.to_bytes(32, "big")),
    }


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
