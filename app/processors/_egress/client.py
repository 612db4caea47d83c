"""Clients that go through the door, and reading what comes back."""

import ssl
from collections.abc import Iterable

import httpx

from app.processors._egress.certificates import trusting
from app.processors._egress.pinned import CONNECT_SECONDS, SILENCES_A_CALL, PinnedTransport
from app.processors._egress.spelling import check_address, origins_of

#: What every call says of itself. Nothing packed is asked for, and nothing packed is taken.
_HEADERS = {"user-agent": "Insyn/1", "accept-encoding": "identity"}


class AnswerTooLarge(Exception):
    """The other side sent more than was agreed."""


def open_transport(
    hosts: Iterable[str], *, connections: int, seconds: float, sandbox: bool, tls: ssl.SSLContext | None = None
) -> PinnedTransport:
    """
    The door for a library that makes its ``httpx`` client by itself; see :func:`open_client`.

    Such a client is still to be told ``trust_env=False`` and ``follow_redirects=False``.
    """
    return PinnedTransport(
        origins_of(hosts, sandbox=sandbox),
        connections=connections,
        seconds=seconds,
        sandbox=sandbox,
        tls=tls or trusting(),
    )


def open_client(
    hosts: Iterable[str], *, connections: int, seconds: float, sandbox: bool, tls: ssl.SSLContext | None = None
) -> httpx.AsyncClient:
    """
    A long-lived client for one lane: a bounded pool, shared TLS, no redirects, no environment proxies.

    Args:
        hosts: What was registered: addresses, or hosts with or without a port. Nothing else is called.
        seconds: How long the other side may be silent; a whole call lasts at most four times that.
        tls: For a lane with a certificate of its own, or to a processor with an authority of its own; else one for all.
    """
    return httpx.AsyncClient(
        transport=open_transport(hosts, connections=connections, seconds=seconds, sandbox=sandbox, tls=tls),
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
        headers=_HEADERS,
    )


async def read_capped(response: httpx.Response, *, most: int) -> bytes:
    """
    The body of a streamed response.

    Raises:
        AnswerTooLarge: As soon as it passes *most* bytes, or says beforehand that it will.
    """
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:19]) > most:
        raise AnswerTooLarge
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > most:
            raise AnswerTooLarge
    return bytes(read)


async def fetch_document(url: str, *, sandbox: bool, most: int = 65_536, seconds: float = 10.0) -> bytes:
    """Fetch a small public document such as a key set; raises ``httpx.HTTPError`` or a refusal."""
    check_address(url, sandbox=sandbox)
    async with (
        open_client([url], connections=1, seconds=seconds / SILENCES_A_CALL, sandbox=sandbox) as client,
        client.stream("GET", url) as response,
    ):
        response.raise_for_status()
        return await read_capped(response, most=most)
