"""The service under measurement: its own database, API and worker as processes, one bare processor in this one."""

import asyncio
import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app import bootstrap
from app.settings import Settings

CONTROLLER = "westra"
_ANSWER = b'{"outcome": "completed", "evidence": {"receipt": "bench"}}'
_REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_ANSWER), _ANSWER)


@dataclass
class BareProcessor:
    """A processor that costs next to nothing: answers every call at once and notes when it came."""

    url: str = ""
    calls: int = 0
    first_call: dict[str, float] = field(default_factory=dict)  #: by reference, in ``time.perf_counter`` seconds

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                self._note(await reader.readexactly(length))
                writer.write(_REPLY)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the other side has gone, or the run is over
        finally:
            writer.close()

    def _note(self, body: bytes) -> None:
        self.calls += 1
        _, found, rest = body.partition(b'"reference": "')
        if found:
            self.first_call.setdefault(rest.split(b'"', 1)[0].decode(), time.perf_counter())


@dataclass(frozen=True)
class Bench:
    """Everything a benchmark needs."""

    client: httpx.AsyncClient
    processor: BareProcessor
    database_url: str
    token: str
    worker: subprocess.Popen[bytes]

    @contextmanager
    def worker_resting(self) -> Iterator[None]:
        """The worker stands still meanwhile, so that what is measured has the machine to itself."""
        self.worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.worker.send_signal(signal.SIGCONT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[Bench]:
    """The house on a durable embedded database in *folder*, with one fast processor at one controller."""
    os.environ |= {
        "INSYN_SANDBOX": "1",
        "INSYN_DATA_DIR": str(folder),
        "INSYN_PORT": str(_free_port()),
        "INSYN_SANDBOX_PORT": str(_free_port()),
        "INSYN_LOG_LEVEL": "WARNING",
    }
    chosen = Settings()
    server = bootstrap.embedded(chosen)
    cluster = server.start()
    await asyncio.to_thread(bootstrap.migrate, cluster.owner_dsn)
    processor = BareProcessor()
    listener = await asyncio.start_server(processor.answer, "127.0.0.1", 0)
    processor.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    children = [subprocess.Popen([sys.executable, "-m", "app", what]) for what in ("serve", "worker")]
    try:
        async with httpx.AsyncClient(base_url=chosen.base_url, trust_env=False, timeout=60) as client:
            await _until_ready(client)
            token = await _prepare(client, processor)
            yield Bench(client, processor, cluster.app_dsn, token, children[1])
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait()
        listener.close()
        server.stop_holding()


async def _until_ready(client: httpx.AsyncClient) -> None:
    for _ in range(600):
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("the API did not become ready")


async def _prepare(client: httpx.AsyncClient, processor: BareProcessor) -> str:
    """Leave the controller the bare processor, and give out a person's token."""
    await leave_only(client, CONTROLLER, processor.url, concurrency=10)
    return await token(client, role="subject", sub="bench")


async def leave_only(client: httpx.AsyncClient, controller: str, endpoint: str, *, concurrency: int) -> None:
    """Leave a controller one processor, the one at *endpoint*, so that nothing waits for a person."""
    admin = {"Authorization": f"Bearer {await token(client, role='admin')}"}
    listed = await client.get("/v1/processors", params={"controller": controller, "limit": 200}, headers=admin)
    for known in listed.raise_for_status().json()["items"]:
        shown = await client.get(f"/v1/processors/{known['id']}", headers=admin)
        headers = admin | {"If-Match": shown.headers["etag"]}
        (await client.delete(f"/v1/processors/{known['id']}", headers=headers)).raise_for_status()
    wanted = {
        "controller": controller,
        "key": "bench",
        "title": "Bench",
        "kind": "webhook",
        "recipient_kind": "processor",
        "endpoint": endpoint,
        "actions": ["locate", "stop_marketing"],
        "categories": ["contact"],
        "identifier_types": ["email"],
        "answer_mode": "sync",
        "idempotency": "yes",
        "limits": {"rate_per_second": 10_000, "burst": 10_000, "concurrency": concurrency},
    }
    made = await client.post("/v1/processors", json=wanted, headers=admin | {"Idempotency-Key": secrets.token_hex(8)})
    path = f"/v1/processors/{made.raise_for_status().json()['id']}"
    secret = {"secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()}
    posted = await client.post(
        f"{path}/secrets", json=secret, headers=admin | {"Idempotency-Key": secrets.token_hex(8)}
    )
    posted.raise_for_status()
    etag = (await client.get(path, headers=admin)).headers["etag"]
    (await client.patch(path, json={"state": "active"}, headers=admin | {"If-Match": etag})).raise_for_status()


async def token(client: httpx.AsyncClient, **wanted: str) -> str:
    said = await client.post("/sandbox/tokens", json=wanted)
    return str(said.raise_for_status().json()["access_token"])


async def file_one(bench: Bench, number: int, *, controller: str = CONTROLLER) -> str:
    """File one marketing objection: closed without any person; returns its reference."""
    said = await bench.client.post(
        "/v1/self-service/requests",
        json={
            "controller": controller,
            "claims": [{"right": "marketing_objection"}],
            "identifiers": [{"type": "email", "value": f"bench-{number}@example.org"}],
        },
        headers={"Authorization": f"Bearer {bench.token}", "Idempotency-Key": secrets.token_hex(16)},
    )
    return str(said.raise_for_status().json()["reference"])
