"""
What the sandbox's tests share: a caller that talks to the simulated processors as Insyn does, and an ear.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.webhook_signature import WebhookRefused, sign, verify
from sandbox.categories import SERVICES_OF
from sandbox.people import BY_ID
from sandbox.serving import served
from sandbox.store import Connection, Store

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()


def connect_all(store: Store) -> None:
    """Let every processor know the secret with which these tests sign."""
    for controller, services in SERVICES_OF.items():
        for service in services:
            store.connect(Connection(controller, f"{controller}-{service}", service, SECRET))


@dataclass(frozen=True)
class Outside:
    """The running processors, and how to call them."""

    store: Store
    urls: Mapping[str, str]
    client: httpx.AsyncClient

    async def ask(
        self,
        service: str,
        action: str,
        person: str = "anna-lindqvist",
        *,
        controller: str = "sensor-alarm",
        by: tuple[str, ...] = ("email",),
        task: str | None = None,
        secret: str = SECRET,
        timestamp: str = "2026-11-22T09:00:00+01:00",
        **data: Any,
    ) -> httpx.Response:
        """Send one task about *person*, named by the identifier types in *by*."""
        task = task or str(uuid4())
        identifiers = [
            {"type": type, "value": value, "format": "raw"} for type, value in BY_ID[person].identifiers if type in by
        ]
        whole = {"task_id": task, "reference": "INS-2026-ABCDEF", "controller": controller, "action": action}
        whole |= {"data_categories": [], "identifiers": identifiers, "details": {}} | data
        body = json.dumps({"type": "task.requested", "timestamp": timestamp, "data": whole}).encode()
        return await self.client.post(
            f"{self.urls[service]}/{controller}",
            content=body,
            headers=signed(secret, task, body) | {"Idempotency-Key": task, "content-type": "application/json"},
        )

    async def look(self, url: str, task: str) -> httpx.Response:
        return await self.client.get(url, headers=signed(SECRET, task, b""))

    def effects(self, service: str, task: str | None = None) -> list[dict[str, Any]]:
        return [effect for effect in self.store.ledger(service) if task in (None, effect["idempotency_key"])]


def signed(secret: str, id: str, body: bytes) -> dict[str, str]:
    stamp = int(time.time())
    return {"webhook-id": id, "webhook-timestamp": str(stamp), "webhook-signature": sign(secret, id, stamp, body)}


@dataclass
class Ear:
    """Insyn's end of the callbacks: believes only what is rightly signed, and remembers all of it."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, request: Request) -> Response:
        body = await request.body()
        async with self._news:
            self._news.notify_all()
            if self.answers:
                return Response(status_code=self.answers.pop(0))
            try:
                event = verify([SECRET], dict(request.headers), body, int(time.time()))
            except WebhookRefused:
                self.refused += 1
                return Response(status_code=401)
            self.heard.append((event, json.loads(body)))
            return Response(status_code=202)

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until *condition* holds; checked whenever something was heard. Fails after ten seconds."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(condition)


@asynccontextmanager
async def an_ear() -> AsyncIterator[Ear]:
    ear = Ear()
    app = Starlette(routes=[Route("/v1/callbacks/{token}", ear.listen, methods=["POST"])])
    async with served(app) as url:
        ear.url = f"{url}/v1/callbacks/token"
        yield ear


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it is so; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not await found():  # noqa: ASYNC110 - what is waited for happens in a file
            await asyncio.sleep(0.02)
