"""
How an address may be spelled: in the one way that every parser reads alike.

Whatever is odd is refused rather than normalised: two programs that read an address differently are how a check is
talked past.
"""

import ipaddress
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import httpx

from app.processors._egress.addresses import AddressNotAllowed, is_public

LONGEST = 2_000
LOOPBACK = "127.0.0.1"
_HTTPS_PORT, _FIRST_FREE_PORT, _LAST_PORT = 443, 1_024, 65_535

#: scheme, host (a name, an IPv4 address or an IPv6 address in brackets), port, and the rest. Visible ASCII only, no
#: user, no backslash, no fragment, no percent before the path.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>[/?][!-~]*)?"
)
_NOT_IN_REST = frozenset("\\#")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
#: The last label of a name is a word: nothing that could be read as a number in any base.
_LAST_LABEL = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
#: Names that are never on the public internet, or that the machine answers by itself.
_NOT_PUBLIC_NAMES = frozenset((
    "alt", "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost",
    "onion", "private",
))  # fmt: skip


class Origin(NamedTuple):
    """Where a connection leads: what two addresses share when they belong to one registered host."""

    scheme: str
    host: str
    port: int


def origin_of(url: str, *, sandbox: bool) -> Origin:
    """
    Read an address strictly.

    Ports: 443, or any from 1024; what lies below is other services' (mail, shells, directories).

    Raises:
        AddressNotAllowed: It is not https to a public host, or it is spelled in a way that could be read as another.
    """
    found = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if found is None or _NOT_IN_REST.intersection(found["rest"] or ""):
        raise AddressNotAllowed
    host, scheme = found["host"].lower(), found["scheme"]
    port = int(found["port"] or (_HTTPS_PORT if scheme == "https" else 80))
    origin = Origin(scheme, host.strip("[]"), port)
    check_origin(origin, sandbox=sandbox)
    if _as_the_client_reads(url) != origin:
        raise AddressNotAllowed
    return origin


def check_origin(origin: Origin, *, sandbox: bool) -> None:
    """Refuse an origin that must never be called; raises :class:`AddressNotAllowed`."""
    if origin.port > _LAST_PORT:
        raise AddressNotAllowed
    if sandbox and origin.scheme == "http" and origin.host == LOOPBACK:
        return
    if origin.scheme != "https" or not (origin.port == _HTTPS_PORT or origin.port >= _FIRST_FREE_PORT):
        raise AddressNotAllowed
    if ":" in origin.host:
        _check_literal(ipaddress.IPv6Address, origin.host)
    elif origin.host.replace(".", "").isdigit():
        _check_literal(ipaddress.IPv4Address, origin.host)
    else:
        _check_name(origin.host)


def _check_literal(kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address], text: str) -> None:
    try:
        address = kind(text)
    except ValueError:
        raise AddressNotAllowed from None
    if str(address) != text or not is_public(address):
        raise AddressNotAllowed


def _check_name(name: str) -> None:
    *labels, last = name.split(".")
    if not labels or not all(_LABEL.fullmatch(one) for one in labels) or not _LAST_LABEL.fullmatch(last):
        raise AddressNotAllowed
    if last in _NOT_PUBLIC_NAMES:
        raise AddressNotAllowed


def _as_the_client_reads(url: str) -> Origin | None:
    try:
        return origin_as_read(httpx.URL(url))
    except (httpx.InvalidURL, ValueError):
        return None


def origin_as_read(url: httpx.URL) -> Origin:
    """The origin in the client's own reading: what will be connected to."""
    default = _HTTPS_PORT if url.scheme == "https" else 80
    return Origin(url.scheme, url.raw_host.decode("ascii").lower(), url.port or default)


def check_address(url: str, *, sandbox: bool) -> None:
    """
    Refuse an address that must never be called, by its looks; what its name leads to is judged when it is connected.

    Raises:
        AddressNotAllowed: Not https, not a public host, or spelled in a way that could be read as another.
    """
    origin_of(url, sandbox=sandbox)


async def check_resolved(url: str, *, sandbox: bool) -> None:
    """
    As :func:`check_address`. The name is resolved and judged by the connection itself, which goes nowhere else, so
    that nothing can change between a look and the call.
    """
    check_address(url, sandbox=sandbox)


def origins_of(hosts: Iterable[str], *, sandbox: bool) -> frozenset[Origin]:
    """
    The registered hosts as origins: each an address (``https://host/…``) or a host with or without a port.

    What must never be called does not become callable by being named: it is left out.
    """
    found = set()
    for one in hosts:
        with suppress(AddressNotAllowed):
            found.add(origin_of(one if "://" in one else f"https://{one}", sandbox=sandbox))
    return frozenset(found)
