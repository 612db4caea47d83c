"""Which certificate a lane shows a vendor, and whose it believes the vendor's to be."""

import ssl
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

from app.processors._egress import client_certificates, trusting_or_nobody
from app.processors.rest.grammar_auth import ClientCertificate

_ADVICE: Final[Mapping[str, str]] = {
    "certificate_unfit": "{names}: no certificate (PEM) with the unencrypted key that is its own. Give both anew.",
    "certificate_out_of_its_days": "{names}: the certificate is over, or not good yet. Give one that is.",
    "certificate_refused": (
        "The vendor does not accept the certificate it was shown ({names}). Let the vendor register it, "
        "or give the one that it expects; then send the task again."
    ),
    "certificate_required": (
        "The vendor asks for a certificate of ours, and none was shown. "
        "The connector needs the authentication 'mtls'; then send the task again."
    ),
}


class Shown:
    """
    The certificates of a registration, by what the connector calls them.

    Args:
        named: The registration's secrets.
        authorities: Its own authorities (PEM), instead of the machine's.
    """

    def __init__(self, named: Mapping[str, Sequence[str]], authorities: str | None = None) -> None:
        self._named = named
        self._authorities = authorities
        self._nothing = trusting_or_nobody(authorities)
        self._ways: dict[tuple[str, str], list[ssl.SSLContext]] = {}

    def __repr__(self) -> str:
        return "<Shown>"

    def now(self, certificate: ClientCertificate | None) -> ssl.SSLContext:
        """
        How a connection is made at the moment.

        Raises:
            UnfitCertificate: None of what was given can be shown.
        """
        return self._nothing if certificate is None else self._all(certificate)[0]

    def turn_to_the_next(self, certificate: ClientCertificate | None) -> bool:
        """
        Show the certificate before the refused one from now on; whether there is one.

        The vendor learns of the next one on some day of the overlap, and until then it lets in the one before.
        """
        if certificate is None or len(self._all(certificate)) < 2:
            return False
        self._all(certificate).pop(0)
        return True

    def advice(self, code: str, certificate: ClientCertificate | None) -> str:
        """What a person can do; names secrets and shows none."""
        names = dict.fromkeys((certificate.certificate, certificate.key)) if certificate else ()
        return _ADVICE.get(code, "").format(names=" and ".join(f"secret '{name}'" for name in names))

    def _all(self, certificate: ClientCertificate) -> list[ssl.SSLContext]:
        names = (certificate.certificate, certificate.key)
        if names not in self._ways:
            self._ways[names] = pairs(self._named, certificate, self._authorities)
        return self._ways[names]


def pairs(
    named: Mapping[str, Sequence[str]], certificate: ClientCertificate, authorities: str | None = None
) -> list[ssl.SSLContext]:
    """
    Every way of showing a certificate, the newest first; raises :class:`UnfitCertificate`.

    While one follows the other there are two of each, given one after the other: what does not fit together is passed
    over.
    """
    certificates, keys = named.get(certificate.certificate, ()), named.get(certificate.key, ())
    if certificate.certificate == certificate.key:
        return client_certificates(keys, authorities=authorities)
    return client_certificates(
        (f"{key}\n{chain}" for chain, key in product(certificates, keys)), authorities=authorities
    )
