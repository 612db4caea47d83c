"""
Connections that go where it was checked that they may go.

The name is resolved once, every address behind it is judged, and one of exactly these is connected to; server name,
certificate and ``Host`` stay the name's. Between check and connection there is nothing that a name server could change.
"""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from app.processors._egress.addresses import Address, AddressNotAllowed, literal_of, public_addresses
from app.processors._egress.certificates import refusal_in
from app.processors._egress.spelling import LOOPBACK, Origin, check_origin, origin_as_read

#: How long a connection may take to come about: looking the name up and every address tried; as long for TLS.
CONNECT_SECONDS = 5.0
#: How many times the seconds of one silence a whole call may last: a body that only drips ends too.
SILENCES_A_CALL = 4
#: How many of a name's addresses are tried.
MOST_TRIED = 4
#: More than this is no answer of a processor, whoever reads it; most readers take far less.
LARGEST_BODY = 64 * 2**20


class NotThere(AddressNotAllowed, httpx.ConnectError):
    """That address may not be called: https to a public host is needed."""

    def __init__(self) -> None:
        super().__init__()


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """
    Opens TCP connections, to judged addresses alone.

    Args:
        sandbox: Whether 127.0.0.1 may be called.
        also: Addresses that are let through though they are not public. For tests with a server of their own: no
            setting and no code of the service leads here.
    """

    def __init__(self, *, sandbox: bool, also: frozenset[Address] = frozenset()) -> None:
        self._sandbox = sandbox
        self._also = also
        self._tcp = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """
        Raises:
            NotThere: An address behind the name may not be called.
            httpcore.ConnectError, httpcore.ConnectTimeout
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS if timeout is None else timeout):
                return await self._first_of(await self._judged(host, port), port, timeout or CONNECT_SECONDS)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None

    async def _judged(self, host: str, port: int) -> list[Address]:
        literal = literal_of(host)
        if self._sandbox and host == LOOPBACK and literal is not None:
            return [literal]
        try:
            return await public_addresses(host, port, also=self._also)
        except AddressNotAllowed:
            raise NotThere from None
        except OSError:
            raise httpcore.ConnectError("the name does not resolve") from None

    async def _first_of(self, addresses: list[Address], port: int, seconds: float) -> httpcore.AsyncNetworkStream:
        tried = addresses[:MOST_TRIED]
        for one in tried:
            try:
                stream = await self._tcp.connect_tcp(str(one), port, timeout=seconds / len(tried))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if one is tried[-1]:
                    raise
                continue
            there = stream.get_extra_info("server_addr")
            if literal_of(str(there[0])) != one:
                await stream.aclose()
                raise NotThere
            return stream
        raise httpcore.ConnectError("no address to try")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise NotThere

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class PinnedTransport(httpx.AsyncBaseTransport):
    """
    The door itself, as what an ``httpx`` client sends through; also for libraries that make a client of their own.

    Args:
        origins: The registered hosts; nothing else is called.
        seconds: How long the other side may be silent; a whole call lasts at most four times that.
        tls: How certificates are checked.
        also: See :class:`PinnedBackend`.
    """

    def __init__(
        self,
        origins: frozenset[Origin],
        *,
        connections: int,
        seconds: float,
        sandbox: bool,
        tls: ssl.SSLContext,
        also: frozenset[Address] = frozenset(),
    ) -> None:
        if tls.verify_mode is not ssl.CERT_REQUIRED or not tls.check_hostname:
            raise ValueError("a connection without a checked certificate is none")
        self._origins = origins
        self._seconds = seconds
        self._sandbox = sandbox
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=5.0,
            network_backend=PinnedBackend(sandbox=sandbox, also=also),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send one call. No redirect is followed here, and no proxy is known.

        Raises:
            NotThere: The host is not registered, or must never be called. Nothing was sent.
            TlsFailed: One side would not have the other's certificate. Nothing was sent.
            httpx.HTTPError
        """
        self._check(request)
        ends = asyncio.get_running_loop().time() + self._seconds * SILENCES_A_CALL
        with _as_httpx():
            async with asyncio.timeout_at(ends):
                answer = await self._pool.handle_async_request(_for_the_pool(request))
        body = _Body(answer.stream, ends)
        if not _is_as_asked(answer.headers):
            await body.aclose()
            raise httpx.RemoteProtocolError("the answer is packed in a way that was not asked for")
        return httpx.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    def _check(self, request: httpx.Request) -> None:
        origin = origin_as_read(request.url)
        try:
            check_origin(origin, sandbox=self._sandbox)
        except AddressNotAllowed:
            raise NotThere from None
        # The Host that is asked for is the one that is called: nobody's front door is used for another's house.
        is_host = request.headers.get("host") == request.url.netloc.decode("ascii")
        if origin not in self._origins or request.url.userinfo or not is_host:
            raise NotThere

    async def aclose(self) -> None:
        await self._pool.aclose()


def _for_the_pool(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        # Only how long to wait: a name for the certificate other than the host's is not taken from anybody.
        extensions={"timeout": request.extensions.get("timeout", {})},
    )


def _is_as_asked(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Nothing packed: a few bytes that unpack to gigabytes are no answer."""
    packed = [value.strip().lower() for name, value in headers if name.lower() == b"content-encoding"]
    return all(one in (b"", b"identity") for one in packed)


class _Body(httpx.AsyncByteStream):
    """An answer's body on its way in; it ends when the call's time does, and when it is too large for any reader."""

    def __init__(self, stream: Any, ends: float) -> None:
        self._stream: AsyncIterable[bytes] = stream
        self._ends = ends

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        parts = aiter(self._stream)
        while True:
            with _as_httpx(answered=True):
                async with asyncio.timeout_at(self._ends):
                    part = await anext(parts, None)
            if part is None:
                return
            size += len(part)
            if size > LARGEST_BODY:
                raise httpx.ReadError("the answer is larger than any may be")
            yield part

    async def aclose(self) -> None:
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            with _as_httpx(answered=True):
                await close()


#: The most particular first.
_IN_HTTPX: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.ProtocolError, httpx.RemoteProtocolError),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.TimeoutException, httpx.ReadTimeout),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (TimeoutError, httpx.ReadTimeout),
    # Of TLS in the midst of a connection: the library below lets it through as it is.
    (ssl.SSLError, httpx.ReadError),
)


@contextmanager
def _as_httpx(*, answered: bool = False) -> Iterator[None]:
    """
    What goes wrong below, in the words that callers know; the text stays below, for it may quote an address.

    Args:
        answered: Whether an answer has begun: then nothing says any more that the call was not taken.
    """
    try:
        yield
    except httpx.HTTPError:
        raise
    except Exception as error:
        refusal = None if answered else refusal_in(error, connecting=isinstance(error, httpcore.ConnectError))
        if refusal is not None:
            raise refusal from None
        for below, above in _IN_HTTPX:
            if isinstance(error, below):
                raise above(type(error).__name__) from error
        raise
