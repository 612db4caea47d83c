"""
Whether an OpenDSR signature can be believed: whose certificate it is, who vouches for it, what it signed.

RSASSA-PKCS1-v1_5 with SHA-256 over the raw bytes, hashed once; the certificate chains to the system's CAs, to a pinned
CA, or is itself pinned; it names the registered domain and is within its days. Revocation is not looked up: a
certificate that must not be believed any more is taken off the pin, or its processor is paused.
"""

import base64
import binascii
import ssl
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

SMALLEST_KEY = 2048
#: More certificates than this are no chain.
LONGEST_CHAIN = 6


class NotTrusted(Exception):
    """A signature or certificate that is not believed; ``code`` says why, for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Anchors:
    """What a chain must end in; a pinned certificate needs no chain."""

    cas: tuple[x509.Certificate, ...]
    pinned: tuple[x509.Certificate, ...]


def anchors_of(named: Mapping[str, Sequence[str]]) -> Anchors:
    """
    The anchors of a registration: the secrets ``ca`` and ``certificate`` (PEM), else the system's CAs.

    Raises:
        NotTrusted: A pin that is no certificate.
    """
    cas = [one for pem in named.get("ca", ()) for one in read_chain(pem.encode())]
    pinned = [read_chain(pem.encode())[0] for pem in named.get("certificate", ())]
    return Anchors(tuple(cas) if cas or pinned else _system(), tuple(pinned))


def read_chain(pem: bytes) -> list[x509.Certificate]:
    """The certificates in *pem*, the leaf first; raises :class:`NotTrusted`."""
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise NotTrusted("certificate_unreadable") from None
    if len(chain) > LONGEST_CHAIN:
        raise NotTrusted("certificate_unreadable")
    return chain


@lru_cache(maxsize=1)
def _system() -> tuple[x509.Certificate, ...]:
    context = ssl.create_default_context()
    capath = ssl.get_default_verify_paths().capath
    if not context.get_ca_certs() and capath and (bundle := Path(capath) / "ca-certificates.crt").is_file():
        context.load_verify_locations(bundle)  # a folder is read as it is needed: nothing has been read from it yet
    return tuple(_readable(context.get_ca_certs(binary_form=True)))


def _readable(found: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """The certificates that this library reads without a doubt; others vouch for nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for der in found:
            with suppress(ValueError, Warning):
                yield x509.load_der_x509_certificate(der)


def check_chain(chain: Sequence[x509.Certificate], anchors: Anchors, *, domain: str, now: datetime) -> rsa.RSAPublicKey:
    """
    The key a domain signs with.

    Raises:
        NotTrusted: Another domain's, out of its days, vouched for by nobody we trust, or a key too weak.
    """
    leaf = chain[0]
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise NotTrusted("certificate_out_of_its_days")
    if not _names(leaf, domain):
        raise NotTrusted("certificate_of_another_domain")
    if leaf not in anchors.pinned:
        if not anchors.cas:
            raise NotTrusted("certificate_not_pinned")
        policy = PolicyBuilder().store(Store(list(anchors.cas))).time(now.replace(tzinfo=None))
        try:
            policy.build_server_verifier(x509.DNSName(domain)).verify(leaf, list(chain[1:]))
        except (VerificationError, ValueError):
            raise NotTrusted("certificate_chain") from None
    try:
        key = leaf.public_key()
    except (ValueError, TypeError):
        raise NotTrusted("certificate_unreadable") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_KEY:
        raise NotTrusted("certificate_key")
    return key


def check_message(
    headers: Mapping[str, str],
    raw: bytes,
    *,
    chain: Sequence[x509.Certificate],
    anchors: Anchors,
    domain: str,
    now: datetime,
) -> None:
    """
    Check that *domain* signed *raw*; before anything in it is read.

    Raises:
        NotTrusted
    """
    signed = signed_by(headers)
    if signed is None:
        raise NotTrusted("unsigned")
    if signed[0] != domain:
        raise NotTrusted("another_domain")
    keys = list(_keys(chain, anchors, domain=domain, now=now))
    for key in keys[:-1]:
        try:
            return check_signature(key, signed[1], raw)
        except NotTrusted:
            continue  # two are pinned while one is being replaced
    return check_signature(keys[-1], signed[1], raw)


def check_identity(chain: Sequence[x509.Certificate], anchors: Anchors, *, domain: str, now: datetime) -> None:
    """Check, before anything is told, that somebody we trust vouches for *domain*; raises :class:`NotTrusted`."""
    list(_keys(chain, anchors, domain=domain, now=now))


def _keys(
    chain: Sequence[x509.Certificate], anchors: Anchors, *, domain: str, now: datetime
) -> Iterator[rsa.RSAPublicKey]:
    """The keys a domain may sign with now: its pinned certificates', else its chain's; at least one."""
    refused = NotTrusted("no_certificate")
    found = 0
    chains: list[Sequence[x509.Certificate]] = [[pin] for pin in anchors.pinned]
    for one in chains or ([chain] if chain else []):
        try:
            key = check_chain(one, anchors, domain=domain, now=now)
        except NotTrusted as error:
            refused = error
            continue
        found += 1
        yield key
    if not found:
        raise refused


def _names(leaf: x509.Certificate, domain: str) -> bool:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        told = [one.lower() for one in names.get_values_for_type(x509.DNSName)]
    except (x509.ExtensionNotFound, ValueError):
        return False
    _, _, parent = domain.partition(".")
    return domain in told or ("." in parent and f"*.{parent}" in told)


def check_signature(key: rsa.RSAPublicKey, signature: str, raw: bytes) -> None:
    """Check the header's signature over the very bytes that came; raises :class:`NotTrusted`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), raw, padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        raise NotTrusted("bad_signature") from None


def signed_by(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """
    Domain and signature as the headers name them, under the present or the former name; None where they are missing.

    The names of a pair belong together: a new signature is not read beside an old domain.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    for name in ("opendsr", "opengdpr"):
        domain, signature = (lowered.get(f"x-{name}-{part}") for part in ("processor-domain", "signature"))
        if domain and signature:
            return domain.strip().lower(), signature.strip()
    return None
