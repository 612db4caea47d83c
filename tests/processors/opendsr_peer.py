"""An OpenDSR processor on the loopback address that says what a test wants, signed by whom a test wants."""

import dataclasses
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from app.processors import Target, open_client
from app.processors.opendsr import Directory, OpenDsr, hosts
from processor_kit.certificates import Signer, make_certificate, read_signer
from sandbox.serving import served
from tests.processors.answering import ORDER

DOMAIN = "opendsr.guard.example"
ID = "0198c0de-0000-4000-8000-000000000000"  #: the order's id as OpenDSR has it
ERASE = dataclasses.replace(ORDER, action=Action.ERASE)
COMPLETED = {"subject_request_id": ID, "request_status": "completed"}


def signer_of(folder: Path, domain: str = DOMAIN, **made: Any) -> tuple[Signer, str]:
    """A signer with a CA of its own, and that CA."""
    folder.mkdir(exist_ok=True)
    for name, content in make_certificate(domain, **made).items():
        (folder / name).write_bytes(content)
    return read_signer(folder / "certificate.pem", folder / "key.pem"), (folder / "ca.pem").read_text()


@dataclass
class Peer:
    """What the processor says, and what it has heard."""

    signer: Signer
    ca: str
    url: str = ""
    domain: str = DOMAIN
    types: list[str] = field(default_factory=lambda: ["access", "erasure"])
    profiles: list[str] = field(default_factory=list)
    identities: list[tuple[str, str]] = field(default_factory=lambda: [("email", "raw")])
    discovery: Mapping[str, Any] = field(default_factory=dict)  #: instead of what it would say
    created: tuple[int, Any] = (201, {"subject_request_id": ID, "encoded_request": "eA=="})
    status: tuple[int, Any] = (200, {"subject_request_id": ID, "request_status": "pending"})
    results: tuple[int, bytes, str] = (200, b"[]", "application/json")
    is_signed: bool = True
    header: str = "opendsr"
    path: str = "/requests"
    heard: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    def signed(self, status: int, body: Any) -> Response:
        raw = json.dumps(body).encode()
        headers = {}
        if self.is_signed:
            headers = {
                f"x-{self.header}-processor-domain": self.domain,
                f"x-{self.header}-signature": self.signer.sign(raw),
            }
        return Response(raw, status, headers, media_type="application/json")

    async def answer(self, request: Request) -> Response:
        self.calls.append(f"{request.method} {request.url.path}")
        self.headers.append(dict(request.headers))
        match request.url.path:
            case "/dsr/discovery":
                return self.signed(200, self._discovery() | dict(self.discovery))
            case "/dsr/certificate.pem":
                return Response(self.signer.chain)
            case "/dsr/results":
                status, raw, kind = self.results
                return Response(raw, status, media_type=kind)
        if request.method == "POST":
            self.heard.append(await request.json())
            return self.signed(*self.created)
        return self.signed(202, {}) if request.method == "DELETE" else self.signed(*self.status)

    def _discovery(self) -> dict[str, Any]:
        return {
            "api_version": "2.0",
            "supported_identities": [{"identity_type": a, "identity_format": b} for a, b in self.identities],
            "supported_subject_request_types": self.types,
            "processor_certificate": f"{self.url}/certificate.pem",
            "profiles": self.profiles,
        }

    def target(self, *, named: Mapping[str, tuple[str, ...]] | None = None, **settings: Any) -> Target:
        declared = tuple(settings.pop("declared", ()))
        secrets = {"token": ("t0ken",), "username": ("key",), "password": ("pass",), "ca": (self.ca,)}
        return Target(
            key="guard",
            endpoint=self.url,
            secrets=(),
            answer_mode=AnswerMode.POLL,
            idempotency=Idempotency.QUERY,
            settings={"domain": DOMAIN} | settings,
            named=secrets if named is None else named,
            categories=declared,
        )

    @asynccontextmanager
    async def adapter(self, **said: Any) -> AsyncIterator[OpenDsr]:
        """An adapter that knows nothing yet."""
        target = self.target(**said)
        adapter = OpenDsr(
            target,
            open_client(hosts(target), connections=2, seconds=5, sandbox=True),
            sandbox=True,
            directory=Directory(),
        )
        try:
            yield adapter
        finally:
            await adapter.aclose()


@asynccontextmanager
async def a_peer(folder: Path) -> AsyncIterator[Peer]:
    signer, ca = signer_of(folder)
    peer = Peer(signer, ca)
    route = Route("/{path:path}", peer.answer, methods=["GET", "POST", "DELETE"])
    async with served(Starlette(routes=[route])) as url:
        peer.url = f"{url}/dsr"
        yield peer


async def sent(peer: Peer, order: Any = ORDER, **target: Any) -> tuple[Outcome, str]:
    async with peer.adapter(**target) as adapter:
        answer = await adapter.send(order)
    return answer.outcome, answer.code


async def asked(peer: Peer, order: Any = ORDER, **target: Any) -> Any:
    async with peer.adapter(**target) as adapter:
        return await adapter.ask(order)


__all__ = ["COMPLETED", "DOMAIN", "ERASE", "ID", "ORDER", "Peer", "a_peer", "asked", "sent", "signer_of"]
