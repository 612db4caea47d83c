"""Makes tokens and keys, good and bad ones, without python-jose: what is tested must not also be the measure."""

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def signature(text: bytes, key: PrivateKey | bytes | None) -> bytes:
    """By an EC key (ES256), an RSA key (RS256), a secret (HS256) or nobody."""
    match key:
        case None:
            return b""
        case bytes():
            return hmac.digest(key, text, hashlib.sha256)
        case rsa.RSAPrivateKey():
            return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        case _:
            r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(header: Any, claims: Any, key: PrivateKey | bytes | None = EC_KEY) -> str:
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{b64(signature(text.encode(), key))}"


def pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _whole(number: int) -> str:
    return b64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def jwk(kid: str, key: PrivateKey, **more: Any) -> dict[str, Any]:
    public = key.public_key().public_numbers()
    if isinstance(public, rsa.RSAPublicNumbers):
        return {"kty": "RSA", "kid": kid, "n": _whole(public.n), "e": _whole(public.e), **more}
    x, y = (b64(number.to_bytes(32, "big")) for number in (public.x, public.y))
    return {"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y, **more}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


class Issuer:
    """Hands out a key set, counts how often, and can fail."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.fetched = 0
        self.is_down = False

    async def fetch(self, _uri: str) -> bytes:
        self.fetched += 1
        if self.is_down:
            raise ConnectionError
        return self.body


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float = 1_795_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
