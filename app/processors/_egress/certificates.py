"""
Certificates on the way out: whose we believe, which of ours we show, and in our words what became of either.

A certificate is never passed over. A processor whose own authority is nobody the machine knows names it in its
registration, and then that one counts alone.
"""

import os
import re
import ssl
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import httpx
from cryptography import x509

#: The setting of a registration that names the authorities of its processor's certificates (PEM).
SERVER_CA: Final = "server_ca"
UNFIT: Final = "certificate_unfit"
OUT_OF_ITS_DAYS: Final = "certificate_out_of_its_days"
#: What a server says when it would have had a certificate and got none.
REQUIRED: Final = "certificate_required"
REFUSED: Final = "certificate_refused"
#: More authorities than this are no processor's, and larger texts no certificates.
MOST_AUTHORITIES, LONGEST = 10, 30_000

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
#: What a server may say of ours (RFC 8446, 6.2), as the library spells it.
_ALERTS: Final = {
    "CERTIFICATE_REQUIRED": REQUIRED,
    "NO_CERTIFICATE": REQUIRED,
    "BAD_CERTIFICATE": REFUSED,
    "UNSUPPORTED_CERTIFICATE": REFUSED,
    "CERTIFICATE_REVOKED": REFUSED,
    "CERTIFICATE_EXPIRED": REFUSED,
    "CERTIFICATE_UNKNOWN": REFUSED,
    "UNKNOWN_CA": REFUSED,
    "ACCESS_DENIED": REFUSED,
    "DECRYPT_ERROR": REFUSED,
}
#: What is wrong with a server's, by the library's numbers (X509_V_ERR_…); of any other: nobody we trust vouches for it.
_VERIFIED: Final = {
    9: "server_certificate_out_of_its_days",
    10: "server_certificate_out_of_its_days",
    62: "server_certificate_of_another_name",
    64: "server_certificate_of_another_name",
}


class TlsFailed(httpx.ConnectError):
    """
    One side would not have the other's certificate: nothing was sent. ``code`` says which, and why.

    ``is_ours`` where it is our own certificate that has to be another one: trying again mends nothing then.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.is_ours = code in (REQUIRED, REFUSED)


class UnfitCertificate(ValueError):
    """A certificate that nobody can use; ``code`` says why, and the message holds nothing of it."""

    def __init__(self, code: str = UNFIT) -> None:
        super().__init__("no private key with its certificate")
        self.code = code


class UnfitAuthority(ValueError):
    """What is named as an authority's certificate is none."""

    def __init__(self) -> None:
        super().__init__("no certificates of authorities")


# --- theirs ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _machines_own() -> ssl.SSLContext:
    # Making a context costs some 30 ms; one is enough for all lanes.
    return ssl.create_default_context()


def trusting(authorities: object = None) -> ssl.SSLContext:
    """
    How a processor's certificate is checked: by the machine's list of authorities, or by the named ones alone.

    Args:
        authorities: PEM as a registration's :data:`SERVER_CA` has it; None where it names none.

    Raises:
        UnfitAuthority
    """
    return _machines_own() if authorities is None else ssl.create_default_context(cadata=_checked(authorities))


def trusting_or_nobody(authorities: object = None) -> ssl.SSLContext:
    """As :func:`trusting`; nobody, where what is named cannot be read: then every connection is refused."""
    try:
        return trusting(authorities)
    except UnfitAuthority:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trusted_by(settings: Mapping[str, object]) -> ssl.SSLContext:
    """How the certificate of a registration with these settings is checked."""
    return trusting_or_nobody(settings.get(SERVER_CA))


def names_authorities(settings_value: object) -> bool:
    """Whether a registration's :data:`SERVER_CA` is fit: nothing, or certificates of authorities."""
    with suppress(UnfitAuthority):
        return settings_value is None or bool(_checked(settings_value))
    return False


def _checked(authorities: object) -> str:
    """
    Certificates and nothing else, each of somebody who may sign others.

    A server's own certificate is not taken: it ends sooner than anybody thinks of this setting.
    """
    if not isinstance(authorities, str) or len(authorities) > LONGEST or _BLOCK.sub("", authorities).strip():
        raise UnfitAuthority
    try:
        found = x509.load_pem_x509_certificates(authorities.encode("ascii"))
        if len(found) > MOST_AUTHORITIES or not all(_may_sign(one) for one in found):
            raise UnfitAuthority
    except (ValueError, x509.ExtensionNotFound):
        raise UnfitAuthority from None
    return authorities


def _may_sign(certificate: x509.Certificate) -> bool:
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


# --- ours ------------------------------------------------------------------------------------------------------------


def client_certificate(pem: str, *, authorities: object = None) -> ssl.SSLContext:
    """
    How a lane shows a certificate of its own (mTLS): *pem* holds the key and the chain.

    The library reads certificates from a file only: one in memory, or where there is no such thing one that nobody
    else may open, and gone when this returns.

    Raises:
        UnfitCertificate: There is no key with its certificate in it. The message holds nothing of either.
        UnfitAuthority
    """
    named = None if authorities is None else _checked(authorities)
    context = ssl.create_default_context(cadata=named)
    try:
        with _file_with(pem.encode("ascii")) as path:
            context.load_cert_chain(path, password=lambda: "")
    except (ssl.SSLError, UnicodeEncodeError, OSError):
        raise UnfitCertificate from None
    return context


def client_certificates(pems: Iterable[str], *, authorities: object = None) -> list[ssl.SSLContext]:
    """
    Every way to show who we are that is fit, in the order given; each text holds a key and the chain that is its own.

    Raises:
        UnfitCertificate: None is, or none of these days.
        UnfitAuthority
    """
    refused, found = UnfitCertificate(), []
    for pem in pems:
        try:
            context = client_certificate(pem, authorities=authorities)
        except UnfitCertificate:
            continue
        if _is_of_these_days(pem):
            found.append(context)
        else:
            refused = UnfitCertificate(OUT_OF_ITS_DAYS)
    if not found:
        raise refused
    return found


def _is_of_these_days(pem: str) -> bool:
    try:
        ours = x509.load_pem_x509_certificates(pem.encode("ascii"))[0]
    except ValueError:  # odd, but the other library could use it: the vendor will say
        return True
    return ours.not_valid_before_utc <= datetime.now(UTC) <= ours.not_valid_after_utc


@contextmanager
def _file_with(content: bytes) -> Iterator[str]:
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("certificate")
        path = f"/proc/self/fd/{handle}"
    else:
        handle, path = tempfile.mkstemp()
    try:
        os.write(handle, content)
        yield path
    finally:
        os.close(handle)
        if not hasattr(os, "memfd_create"):
            os.unlink(path)


# --- what became of it -----------------------------------------------------------------------------------------------


def refusal_in(error: BaseException, *, connecting: bool) -> TlsFailed | None:
    """
    What TLS says went wrong, if it was TLS that said so.

    Since TLS 1.3 a server looks at our certificate when we have begun to speak already. It listens to nothing before
    it has, so a refusal that comes instead of an answer still means that nothing was taken.

    Args:
        connecting: Whether the connection was coming about; after that, only a word about our certificate is a refusal.
    """
    tls = _tls_error(error)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return TlsFailed(_VERIFIED.get(tls.verify_code, "server_certificate_not_trusted"))
    if tls is None:
        return None
    alert = (tls.reason or "").partition("_ALERT_")[2]
    if alert in _ALERTS:
        return TlsFailed(_ALERTS[alert])
    return TlsFailed("tls_failed") if connecting else None


def _tls_error(error: object) -> ssl.SSLError | None:
    while isinstance(error, BaseException) and not isinstance(error, ssl.SSLError):
        # The library's pool forgets the cause of its errors, but each was made with what it was made of.
        error = error.__cause__ or next(iter(error.args), None)
    if not isinstance(error, ssl.SSLError):
        return None
    # A connection that ended without a word: the library calls that an error of TLS as well.
    return None if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) else error
