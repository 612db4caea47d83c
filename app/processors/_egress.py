"""
The one door out. Nothing leaves the house but through here.

Only addresses an administrator registered are called, over https, never following a redirect. The loopback
address over plain http exists in the sandbox alone.
"""

import asyncio
import ipaddress
import socket
import ssl
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from app.domain.errors import DomainError

CONNECT_SECONDS = 5.0


class AddressNotAllowed(DomainError):
    """That address may not be called: https to a public host is needed."""


class AnswerTooLarge(Exception):
    """The other side sent more than was agreed."""


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Making a context costs some 30 ms; one is enough for all lanes.
    return ssl.create_default_context()


def check_address(url: str, *, sandbox: bool) -> None:
    """
    Refuse an address that must never be called, by its looks; :func:`check_resolved` looks behind the name.

    Raises:
        AddressNotAllowed: Not https, with a user in it, or an address that is not public.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressNotAllowed from None
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressNotAllowed
    if sandbox and parts.scheme == "http" and host == "127.0.0.1":
        return
    if parts.scheme != "https":
        raise AddressNotAllowed
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return
    _check_public(literal)


def _check_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    inner = getattr(address, "ipv4_mapped", None) or address
    if not inner.is_global or inner.is_multicast:
        raise AddressNotAllowed


async def check_resolved(url: str, *, sandbox: bool) -> None:
    """Resolve the host and refuse it if any of its addresses is not public."""
    check_address(url, sandbox=sandbox)
    parts = urlsplit(url)
    if parts.scheme == "http":
        return
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError:
        raise AddressNotAllowed("The host's name does not resolve.") from None
    for *_, address in found:
        _check_public(ipaddress.ip_address(str(address[0]).split("%")[0]))


def open_client(*, connections: int, seconds: float) -> httpx.AsyncClient:
    """A long-lived client for one lane: a bounded pool, shared TLS, no redirects, no environment proxies."""
    return httpx.AsyncClient(
        verify=_tls(),
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        headers={"user-agent": "Insyn/1"},
    )


async def read_capped(response: httpx.Response, *, most: int) -> bytes:
    """The body of a streamed response; raises :class:`AnswerTooLarge` as soon as it passes *most* bytes."""
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > most:
            raise AnswerTooLarge
    return bytes(read)


async def fetch_document(url: str, *, sandbox: bool, most: int = 65_536, seconds: float = 10.0) -> bytes:
    """Fetch a small public document such as a key set; raises ``httpx.HTTPError`` or a refusal."""
    await check_resolved(url, sandbox=sandbox)
    async with open_client(connections=1, seconds=seconds) as client, client.stream("GET", url) as response:
        response.raise_for_status()
        return await read_capped(response, most=most)
