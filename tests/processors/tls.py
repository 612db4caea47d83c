"""
A processor behind TLS of its own, on the loopback address: whom it lets in, what it says to whom it does not.

Its connections are blocking sockets in threads, because that is how a refusal reaches the other side as most servers
send it: asyncio's own TLS breaks off without a word (which is tried as well: some servers do that).
"""

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.processors.egress.world import LET_THROUGH, Authority

HOST = "api.vendor.example"
#: Who we are in the certificates of these tests.
OURS = "insyn.example.com"


@dataclass
class Peer:
    """A server, and what it saw."""

    port: int
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)  #: calls that came as far as HTTP
    bodies: list[bytes] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)  #: whom each call's certificate named
    names: list[str | None] = field(default_factory=list)  #: the server names that clients asked for
    handshakes: int = 0  #: that came about

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"


def demanding(context: ssl.SSLContext, authority: Authority) -> ssl.SSLContext:
    """The server wants a certificate of whoever calls, signed by *authority*."""
    context.verify_mode = ssl.CERT_REQUIRED
    return authority.trust(context)


@contextlib.contextmanager
def standing(context: ssl.SSLContext, answers: dict[str, tuple[int, Any]] | None = None) -> Iterator[Peer]:
    """A server with this context, at :data:`HOST` once a name leads to the loopback address."""
    peer = Peer(0, answers or {})
    context.sni_callback = lambda _object, name, _context: peer.names.append(name)

    class Handler(_Handler):
        def handle(self) -> None:
            try:
                self.connection.do_handshake()
            except OSError:
                return _linger(self.connection)
            peer.handshakes += 1
            super().handle()
            return None

        def do_GET(self) -> None:
            self._answer(peer)

        def do_POST(self) -> None:
            self._answer(peer)

    server = ThreadingHTTPServer((LET_THROUGH, 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    peer.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def setup(self) -> None:
        self.connection: ssl.SSLSocket = self.request
        self.connection.settimeout(5)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def _answer(self, peer: Peer) -> None:
        peer.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
        line = f"{self.command} {self.path.partition('?')[0]}"
        peer.heard.append(line)
        subject = (self.connection.getpeercert() or {}).get("subject", ())
        peer.subjects.append(next((value for ((name, value),) in subject if name == "commonName"), None))
        status, said = peer.answers.get(line, (404, {}))
        raw = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _linger(connection: ssl.SSLSocket) -> None:
    """The refusal has been written; wait until the other side has had the chance to read it."""
    with contextlib.suppress(OSError):
        raw = socket.socket(fileno=connection.detach())
        with raw:
            raw.settimeout(5)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
