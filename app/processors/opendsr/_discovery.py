"""
What an OpenDSR processor announces of itself, and the certificate it signs with; fetched seldom, kept a while.

Both are public documents. What is kept is what was fetched; whether the certificate is believed is asked each time.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509

from app.processors import _answers
from app.processors._egress import AddressNotAllowed, AnswerTooLarge, TlsFailed, check_resolved, read_capped
from app.processors._port import Target
from app.processors.opendsr import _trust
from app.processors.opendsr._wiring import BASE_TYPES, Wiring, credentials

#: A document this old is fetched anew.
KEEP_SECONDS = 3600.0
#: What failed to verify makes us fetch anew (a new certificate, perhaps), but not more often than this.
AGAIN_SECONDS = 60.0
#: Processors whose documents are kept at once; there are never many.
MOST_KEPT = 1_000
LARGEST = 65_536


class NotAnnounced(Exception):
    """
    The discovery or certificate is not to be had now (``code`` says why): nothing has been sent.

    ``later``: whether another time may be better, or a person has to change something first.
    """

    def __init__(self, code: str, *, later: bool = True) -> None:
        super().__init__(code)
        self.code, self.later = code, later


@dataclass(frozen=True)
class Announced:
    """What a processor does, whom it knows by what, and how it signs."""

    types: frozenset[str]
    identities: frozenset[tuple[str, str]] | None  #: pairs of type and format; None: it does not say
    profiles: frozenset[str]
    chain: tuple[x509.Certificate, ...]  #: empty: it publishes none


class Directory:
    """The announcements one process knows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[float, Announced]] = {}

    async def look(
        self, target: Target, wiring: Wiring, client: httpx.AsyncClient, *, sandbox: bool, anew: bool = False
    ) -> Announced:
        """
        What the target announces.

        Args:
            anew: Something did not verify: fetch again unless that was done a moment ago.

        Raises:
            NotAnnounced: It cannot be fetched or understood.
        """
        key = (target.key, target.endpoint, wiring.model_dump_json())
        fetched, announced = self._known.get(key, (0.0, None))
        if announced is not None and self._clock() - fetched < (AGAIN_SECONDS if anew else KEEP_SECONDS):
            return announced
        announced = await _fetch(target, wiring, client, sandbox=sandbox)
        if len(self._known) >= MOST_KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[key] = (self._clock(), announced)
        return announced


#: The lanes of a process and its callbacks share what they know.
DIRECTORY = Directory()


async def _fetch(target: Target, wiring: Wiring, client: httpx.AsyncClient, *, sandbox: bool) -> Announced:
    said: Mapping[str, Any] = {}
    if wiring.types is None:
        url = target.endpoint.rstrip("/") + "/discovery"
        raw = await _get(client, url, sandbox=sandbox, headers=credentials(target, wiring), code="discovery")
        try:
            said = _answers.parse_json(raw)
        except _answers.AnswerNotUnderstood:
            raise NotAnnounced("discovery_malformed") from None
    published = wiring.certificate_url or _text(said.get("processor_certificate"))
    chain: tuple[x509.Certificate, ...] = ()
    if published and not target.named.get("certificate"):
        chain = await _certificate(target, wiring, client, published, sandbox=sandbox)
    types = wiring.types if wiring.types is not None else said.get("supported_subject_request_types")
    return Announced(
        types=_words(types) if isinstance(types, list) else BASE_TYPES,
        identities=_identities(said.get("supported_identities")),
        profiles=_words(said.get("profiles")),
        chain=chain,
    )


async def _certificate(
    target: Target, wiring: Wiring, client: httpx.AsyncClient, url: str, *, sandbox: bool
) -> tuple[x509.Certificate, ...]:
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        host = ""
    if host not in wiring.certificate_may_lie_on(target):
        raise NotAnnounced("certificate_elsewhere")
    raw = await _get(client, url, sandbox=sandbox, headers={}, code="certificate")
    try:
        return tuple(_trust.read_chain(raw))
    except _trust.NotTrusted as error:
        raise NotAnnounced(error.code) from None


async def _get(client: httpx.AsyncClient, url: str, *, sandbox: bool, headers: Mapping[str, str], code: str) -> bytes:
    try:
        await check_resolved(url, sandbox=sandbox)
        async with client.stream("GET", url, headers=dict(headers)) as response:
            if response.status_code != 200:
                raise NotAnnounced(f"{code}_http_{response.status_code}")
            return await read_capped(response, most=LARGEST)
    except AddressNotAllowed:
        raise NotAnnounced("address_not_allowed", later=False) from None
    except TlsFailed as failed:
        raise NotAnnounced(failed.code, later=not failed.is_ours) from None
    except AnswerTooLarge:
        raise NotAnnounced(f"{code}_too_large") from None
    except httpx.HTTPError:
        raise NotAnnounced(f"{code}_not_reached") from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _words(said: object) -> frozenset[str]:
    return frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()


def _identities(said: object) -> frozenset[tuple[str, str]] | None:
    if not isinstance(said, list):
        return None
    pairs = [(one.get("identity_type"), one.get("identity_format")) for one in said if isinstance(one, dict)]
    return frozenset((str(type), str(format)) for type, format in pairs)
