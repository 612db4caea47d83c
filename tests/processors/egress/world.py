"""
What the tests of the door stand on: a counter at the socket, a name server that lies, servers that misbehave.
"""

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.processors._egress.pinned import PinnedTransport
from app.processors._egress.spelling import origins_of

NAME = "processor.example.com"
#: The server of ours that a name may lead to, and the one that it may not.
LET_THROUGH, FORBIDDEN = "127.0.0.1", "127.0.0.2"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_watchers: list[list[str]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watchers:
        _, address = arguments
        for watcher in _watchers:
            watcher.append(str(address[0]) if isinstance(address, tuple) else str(address))


sys.addaudithook(_hook)


@contextlib.contextmanager
def connections() -> Iterator[list[str]]:
    """Every address that a socket of this process is told to connect to meanwhile, tried in vain or not."""
    seen: list[str] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)


@dataclass
class Names:
    """A name server that says what a test wants: per name, one answer after the other, the last one for good."""

    known: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _real: Any = socket.getaddrinfo

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **named: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name not in self.known:
            # As the C library does it: numbers in any base are addresses, and this machine has its names.
            return list(self._real(name, port, *args, **(named | {"flags": socket.AI_NUMERICHOST})))
        self.asked.append(name)
        answers = self.known[name]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [self._entry(one, port) for one in found]

    @staticmethod
    def _entry(address: str, port: Any) -> Any:
        if ":" not in address:
            return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)
        plain, _, zone = address.partition("%")
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (plain, port, 0, int(zone or 0))


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own, with one server's certificate and one client's."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def made_in(cls, folder: Path, name: str = "Test CA") -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signs = x509.BasicConstraints(ca=True, path_length=None)
        built = _builder(subject, subject, key).add_extension(signs, critical=True)
        return cls(folder, built.sign(key, hashes.SHA256()), key)

    @property
    def pem(self) -> str:
        """The authority's own certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def pem_for(self, host: str, *, ends: timedelta = timedelta(hours=1)) -> str:
        """Key and certificate for a host (or a client), signed by this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        built = _builder(name, self.certificate.subject, key, ends=ends).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signed = built.sign(self.key, hashes.SHA256())
        return (private + signed.public_bytes(serialization.Encoding.PEM)).decode()

    def server(self, host: str, *, ends: timedelta = timedelta(hours=1)) -> ssl.SSLContext:
        path = self.folder / f"{host}.pem"
        path.write_text(self.pem_for(host, ends=ends))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def trusted(self) -> ssl.SSLContext:
        """As strict as the service's own, and trusting this authority alone: reading the machine's takes long."""
        return self.trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def trust(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.load_verify_locations(cadata=self.pem)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, ends: timedelta = timedelta(hours=1)
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=2))
        .not_valid_after(now + ends)
    )


@dataclass
class Served:
    """A server and what it heard."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  #: the server names that clients asked for


def saying(raw: bytes) -> Answer:
    """Answers with these bytes and hangs up."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return answer


OK = saying(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK")


@contextlib.asynccontextmanager
async def serving(
    answer: Answer = OK, *, host: str = LET_THROUGH, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Served]:
    """A raw server on a loopback address; reads a call's head and then does what *answer* does."""
    served = Served(0)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            served.heard.append(await reader.readuntil(b"\r\n\r\n"))
            await answer(reader, writer)
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()

    if tls is not None:
        tls.sni_callback = lambda _object, name, _context: served.names.append(name)
    server = await asyncio.start_server(take, host, port, ssl=tls)
    async with server:
        served.port = server.sockets[0].getsockname()[1]
        yield served


def door(*hosts: str, tls: ssl.SSLContext, also: Sequence[str] = (LET_THROUGH,)) -> PinnedTransport:
    """The door as outside the sandbox, but that the test's own server counts as public."""
    return PinnedTransport(
        origins_of(hosts, sandbox=False),
        connections=2,
        seconds=2,
        sandbox=False,
        tls=tls,
        also=frozenset(IPv4Address(one) for one in also),
    )
