"""
Secrets of every name and kind are put in, everything is driven, and then they are looked for everywhere.
"""

import asyncio
import base64
import io
import json
import logging
import secrets as random
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import generate_latest
from starlette.responses import Response
from typer.testing import CliRunner

from app.cli import cli
from app.main import create_app
from app.observability import configure_logging
from app.processors import Kind, Line, connect, lacks, secrets_taken
from app.repositories import registry
from app.schemas.registry import SecretIn
from app.services import evidence, processor_secrets, registration, steps
from app.services.lanes import Lanes
from tests.harness.house import CHIEF, new_secret
from tests.processors.answering import ORDER
from tests.routers.conftest import ADMIN, Believer
from tests.services.lane_world import CONTROLLER, counting, put_on_lane

NAMES = ("signing", "api_key", "client_secret", "private_key", "password")


def canary(name: str) -> str:
    """A secret that stands nowhere else in the world, of the form that the name asks for."""
    if name == "signing":
        return new_secret()
    if name == "private_key":
        return f"-----BEGIN PRIVATE KEY-----\n{random.token_hex(32)}\n-----END PRIVATE KEY-----\n"
    return f"canary/{name}+{random.token_hex(16)}=å"


def forms(secret: str) -> set[bytes]:
    """How a secret could stand somewhere: plain, escaped, encoded, or by its essential part."""
    core = secret.removeprefix("whsec_") if secret.startswith("whsec_") else secret
    core = core.split("\n")[1] if core.startswith("-----BEGIN") else core
    found = {core.encode(), json.dumps(core)[1:-1].encode(), urllib.parse.quote(core, safe="").encode()}
    found |= {base64.b64encode(core.encode()).rstrip(b"=")[:-1], core.encode().hex().encode()}
    if secret.startswith("whsec_"):
        raw = base64.b64decode(core)
        found |= {raw, raw.hex().encode()}
    return found


def leaks(secrets: list[str], blobs: dict[str, bytes]) -> list[tuple[int, str]]:
    """Which secret stands where; by number, so that the failing test does not print it either."""
    return [
        (number, where)
        for number, secret in enumerate(secrets)
        for where, blob in blobs.items()
        if any(form in blob for form in forms(secret))
    ]


@contextmanager
def debug_log() -> Iterator[io.StringIO]:
    """Everything that a process writes at the lowest level."""
    stream, handlers, level = io.StringIO(), logging.getLogger().handlers[:], logging.getLogger().level
    before = structlog.get_config()
    configure_logging("DEBUG", stream=stream)
    try:
        yield stream
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)


async def dump(house) -> dict[str, bytes]:
    """Every table of the database, as bytes and as text, and every file beside it."""
    found = {}
    async with house.superuser() as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables:
            for form in ("binary", "text"):
                out = io.BytesIO()
                await connection.copy_from_table(table, output=out, format=form)
                found[f"table {table}, {form}"] = out.getvalue()
    for path in house.ctx.settings.data_dir.rglob("*"):
        if path.is_file():
            found[f"file {path.name}"] = path.read_bytes()
    return found


class Driver:
    """An administrator who does everything with a processor that can be done, rightly and wrongly."""

    def __init__(self, house) -> None:
        self.house = house
        self.secrets: list[str] = list(house.secrets.values())
        self.seen: dict[str, bytes] = {}
        transport = httpx.ASGITransport(app=create_app(house.ctx, verifier=Believer()), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="https://insyn.example.com")

    def keep(self, what: str, said: Any) -> None:
        self.seen[f"{len(self.seen)} {what}"] = said if isinstance(said, bytes) else str(said).encode()

    def new(self, name: str) -> str:
        self.secrets.append(canary(name))
        return self.secrets[-1]

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = ADMIN.headers(**more.pop("headers", {}))
        answer = await self.client.request(method, path, headers=headers, **more)
        self.keep(f"{method} {path} {answer.status_code}", answer.content + str(answer.headers.raw).encode())
        return answer

    async def register(self, kind: Kind) -> str:
        body = {
            "controller": CONTROLLER,
            "key": f"canary-{kind}",
            "title": "Canary",
            "kind": kind,
            "answer_mode": "callback",
        }
        body |= {"actions": ["freeze", "export"], "categories": ["contact"], "identifier_types": ["email"]}
        made = await self.call("POST", "/v1/processors", json=body)
        assert made.status_code == 201, made.text
        return str(made.headers["location"])

    async def give_all(self, path: str, kind: Kind) -> None:
        """Every name twice, so that one of each is being replaced; what the kind does not read is refused unread."""
        taken = secrets_taken(kind, {})
        for name in sorted({*NAMES, *(taken or ())}) * 2:
            answer = await self.call("POST", f"{path}/secrets", json={"secret": self.new(name), "name": name})
            assert answer.status_code == (204 if taken is None or name in taken else 422), answer.text

    async def mistake(self, path: str) -> None:
        """Whatever can be got wrong with a secret in one's hand."""
        secret = self.new("api_key")
        wrong: list[Any] = [
            {"secret": [secret]},
            {"secret": {"value": secret}},
            {"secret": secret + "\x00"},
            {"secret": secret * 200, "name": "api_key"},
            {"secret": "x", "name": secret},
            {"secret": "x", "overlap": secret},
            {"secret": "x", secret: 1},
            {"secrets": secret},
            secret,
            [secret],
        ]
        for body in wrong:
            assert (await self.call("POST", f"{path}/secrets", json=body)).status_code in (400, 422)
        await self.call("POST", f"{path}/secrets", json={"secret": "whsec_" + secret})
        broken = json.dumps({"secret": secret})[:-1].encode()
        for content, media in ((broken, "application/json"), (secret.encode(), "text/plain")):
            answer = await self.call("POST", f"{path}/secrets", content=content, headers={"content-type": media})
            assert answer.status_code in (400, 415, 422)
        etag = (await self.call("GET", path)).headers["etag"]
        for settings in (
            {"token": secret},
            {"a": {"api_key": secret}},
            {"note": f"Bearer {secret}"},
            {secret: {"password": 1}},
        ):
            answer = await self.call("PATCH", path, json={"settings": settings}, headers={"if-match": etag})
            assert answer.status_code == 422
            assert "/secrets" in answer.text
        quoted = urllib.parse.quote(secret, safe="")
        assert (await self.call("DELETE", f"{path}/secrets/{quoted}", headers={"if-match": etag})).status_code == 404
        for language in ("sv", "en"):
            await self.call("POST", f"{path}/secrets", json={"secret": 7}, headers={"accept-language": language})

    async def break_it(self, path: str, kind: Kind) -> None:
        """A fault of ours with a secret in hand: what lies in the row does not open."""
        await self.house.sql("UPDATE processor SET secrets_sealed = '\\x01' WHERE id = $1", path.rpartition("/")[2])
        name = next(iter(sorted(secrets_taken(kind, {}) or ())), "api_key")
        answer = await self.call("POST", f"{path}/secrets", json={"secret": self.new(name), "name": name})
        assert answer.status_code == (422 if secrets_taken(kind, {}) == frozenset() else 500)
        etag = (await self.call("GET", path)).headers["etag"]
        await self.call("PATCH", path, json={"state": "active"}, headers={"if-match": etag})

    async def send(self, path: str) -> None:
        """Calls that succeed, fail, make no sense, break off, and are never made."""
        house, id_ = self.house, path.rpartition("/")[2]
        async with counting() as server:
            etag = (await self.call("GET", path)).headers["etag"]
            change = {"endpoint": server.url, "state": "active"}
            answer = await self.call("PATCH", path, json=change, headers={"if-match": etag})
            assert answer.status_code == 200, answer.text
            for answered in (({"outcome": "completed"}, 200), ({"error": "x"}, 500), ({"outcome": 7}, 200), ({}, 401)):
                server.answer = answered
                await self._drain(id_)

            async def gone() -> Response:
                raise ConnectionResetError

            server.work = gone
            await self._drain(id_)
        await self._drain(id_)
        async with house.tx(CONTROLLER) as tx:
            row = await registry.processor(tx, id_)
        target = registration.target_of(house.ctx, row)
        adapter = connect(Kind(row.kind), target, Line(connections=1, seconds=1, sandbox=True))
        self.keep(
            "reprs", [row, target, adapter, vars(row), await adapter.send(ORDER), lacks(Kind(row.kind), target)][:3]
        )
        await adapter.aclose()

    async def _drain(self, id_: str) -> None:
        async with self.house.tx(CONTROLLER) as tx:
            row = await registry.processor(tx, id_)
        await put_on_lane(self.house, row, 1)
        lanes = Lanes(self.house.ctx)
        await lanes.drain(CONTROLLER, row.id)
        await lanes.aclose()

    async def carry_through(self) -> None:
        """A case from beginning to end, with everything that comes out of it."""
        house = self.house
        async with house.working():
            request_id = await house.file(CONTROLLER, "access")
            seen = await house.until_closed(request_id)
        self.keep("package", await house.package(request_id))
        self.keep("letters", await house.letters(request_id))
        async with house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, seen.row.id)
            self.keep("evidence", (await evidence.export(tx, house.ctx, row, actor=CHIEF)).content)
            self.keep("audit", "\n".join(await evidence.export_of_controller(tx, CONTROLLER)))

    async def look_around(self) -> None:
        """What shows the service as a whole."""
        for path in (
            "/openapi.json",
            "/openapi-3.0.json",
            "/v1/processors",
            "/readyz",
            f"/v1/controllers/{CONTROLLER}/profile",
        ):
            await self.call("GET", path)
        settings = self.house.ctx.settings
        self.secrets.append(settings.master_key.get_secret_value().removeprefix("1:"))
        self.keep("settings", [settings, settings.model_dump_json(), self.house.ctx, self.house.ctx.vault])
        self.keep("body", repr(SecretIn(secret=self.new("api_key"), name="api_key")))
        self.keep("metrics", generate_latest())
        for command in (["--help"], ["profile", "check"], ["profile", "procedure", CONTROLLER]):
            self.keep("command line", (await asyncio.to_thread(CliRunner().invoke, cli, command)).output)


@pytest.fixture
async def driver(house):
    made = Driver(house)
    yield made
    await made.client.aclose()


class TestSearch:
    @pytest.mark.parametrize("name", NAMES)
    def test_finds_a_secret_however_it_stands_there(self, name):
        """
        A search that finds nothing proves something only if it would have found it.
        """
        secret = canary(name)
        for form in forms(secret):
            assert leaks([secret], {"somewhere": b"x" + form + b"y"}) == [(0, "somewhere")]
        assert leaks([secret], {"whole": secret.encode(), "elsewhere": canary(name).encode()}) == [(0, "whole")]

    async def test_reads_every_table(self, house):
        """
        One that lies open in a column is found there, in both forms of the dump.
        """
        secret = canary("api_key")
        await house.sql("UPDATE processor SET contact = $1, secrets_sealed = $2", secret, secret.encode())

        assert {where for _, where in leaks([secret], await dump(house))} == {
            "table processor, binary",
            "table processor, text",
        }


class TestSecret:
    async def test_stands_nowhere_outside_of_its_seal(self, house, driver):
        """
        Issue C.9: registering, listing, calls of every outcome, mistakes, faults, logs at their lowest level, figures,
        documents, exports, every row and every file.
        """
        with debug_log() as log:
            for kind in Kind:
                path = await driver.register(kind)
                await driver.give_all(path, kind)
                await driver.mistake(path)
                if kind is Kind.WEBHOOK:
                    await driver.send(path)
                await driver.call("GET", path)
                await driver.break_it(path, kind)
            await driver.carry_through()
            await driver.look_around()
            await processor_secrets.end_overlaps(house.ctx)
            driver.keep("log", log.getvalue())
        assert len(driver.secrets) > 20
        assert len(log.getvalue()) > 1_000

        assert leaks(driver.secrets, driver.seen | await dump(house)) == []
