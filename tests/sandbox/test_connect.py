import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.connect import connect
from sandbox.services._opendsr import papers
from sandbox.store import Store

URLS = {"crm": "http://127.0.0.1:9001", "billing": "http://127.0.0.1:9002"}


class Registry:
    """The part of Insyn's registry that an introduction needs, with its rules about keys and versions."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refuses = False
        self.secrets: dict[str, list[str]] = {}
        self.names: list[str] = []
        self.processors = {
            "p-crm": self._processor("westila", "webhook", "crm"),
            "p-billing": self._processor("westila", "webhook", "billing"),
            "p-own": self._processor("westila", "manual", None),
            "p-other": self._processor("westra", "webhook", None),
        }
        self.app = Starlette(
            routes=[
                Route("/v1/processors", self.list, methods=["GET"]),
                Route("/v1/processors/{id}", self.get, methods=["GET"]),
                Route("/v1/processors/{id}", self.change, methods=["PATCH"]),
                Route("/v1/processors/{id}/secrets", self.secret, methods=["POST"]),
            ]
        )

    @staticmethod
    def _processor(controller, kind, service):
        named = {"sandbox_service": service} if service else {}
        return {"controller": controller, "kind": kind, "state": "draft", "version": 1} | named

    async def list(self, request: Request) -> Response:
        """One processor a page, so that the next page has to be asked for."""
        assert request.headers["authorization"] == "Bearer token"
        controller = request.query_params["controller"]
        fitting = [{"id": id} | p for id, p in self.processors.items() if p["controller"] == controller]
        start = int(request.query_params.get("cursor", 0))
        page = {"items": fitting[start : start + 1], "self": "x"}
        return JSONResponse(
            page
            | (
                {"next": f"/v1/processors?cursor={start + 1}&controller={controller}"}
                if start + 1 < len(fitting)
                else {}
            )
        )

    async def get(self, request: Request) -> Response:
        processor = self.processors[request.path_params["id"]]
        return JSONResponse(processor, headers={"ETag": f'"{processor["version"]}"'})

    async def change(self, request: Request) -> Response:
        processor = self.processors[request.path_params["id"]]
        if self.refuses:
            return Response(status_code=403)
        assert request.headers["if-match"] == f'"{processor["version"]}"'
        processor.update(json.loads(await request.body()), version=processor["version"] + 1)
        self.calls.append("PATCH")
        return JSONResponse(processor)

    async def secret(self, request: Request) -> Response:
        assert request.headers["idempotency-key"]
        said = json.loads(await request.body())
        secret = said["secret"]
        self.names.append(said.get("name", "signing"))
        self.secrets.setdefault(request.path_params["id"], []).append(secret)
        self.calls.append("POST")
        return Response(status_code=204)


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
async def insyn(registry):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(registry.app), base_url="http://insyn") as client:
        yield client


@pytest.fixture
def fresh(tmp_path):
    store = Store(tmp_path / "fresh.sqlite")
    yield store
    store.close()


class TestConnect:
    async def test_gives_each_processor_a_secret_and_an_address(self, insyn, registry, fresh):
        """
        Both sides hold the same secret, each processor its own; Insyn knows the controller's endpoint.
        """
        changed = await connect(insyn, URLS, "token", fresh)
        ours = {connection.processor: connection.secret for connection in fresh.connections()}

        assert {connection.processor for connection in changed} == {"p-crm", "p-billing"}
        assert registry.secrets == {processor: [secret] for processor, secret in ours.items()}
        assert len(set(ours.values())) == 2
        assert registry.processors["p-crm"]["endpoint"] == "http://127.0.0.1:9001/westila"
        assert registry.processors["p-crm"]["state"] == "active"

    async def test_leaves_the_others_alone(self, insyn, registry, fresh):
        """
        A manual processor, or one that is not played here, is none of its business.
        """
        await connect(insyn, URLS, "token", fresh)

        assert registry.processors["p-own"]["version"] == registry.processors["p-other"]["version"] == 1

    async def test_introduces_one_that_speaks_opendsr_with_its_ca(self, insyn, registry, fresh):
        """
        What lets Insyn in, the sandbox's CA to pin, and a domain that is in no name server.
        """
        registry.processors["p-billing"]["kind"] = "opendsr"
        await connect(insyn, URLS, "token", fresh)
        made = registry.processors["p-billing"]

        assert registry.names == ["signing", "token", "ca"]
        assert registry.secrets["p-billing"][1] == papers(fresh, "billing")["ca.pem"]
        assert made["endpoint"] == "http://127.0.0.1:9002/westila/v2"
        assert made["settings"] == {"domain": "billing.sandbox.example", "poll_seconds": 1}

    async def test_switches_on_a_recipient_by_mail(self, insyn, registry, fresh):
        """
        It needs nothing but its address; without one it stays off. Doing it again changes nothing.
        """
        mailed = registry._processor("westila", "email", None) | {"state": "unconnected"}
        registry.processors["p-mail"] = mailed | {"settings": {"address": "a@example.org"}}
        registry.processors["p-nobody"] = mailed | {"settings": {}}
        for _ in range(2):
            await connect(insyn, URLS, "token", fresh)

        assert (registry.processors["p-mail"]["state"], registry.processors["p-mail"]["version"]) == ("active", 2)
        assert registry.processors["p-nobody"]["state"] == "unconnected"

    async def test_changes_nothing_the_second_time(self, insyn, registry, fresh):
        """
        Where all is as it should be nothing is written.
        """
        await connect(insyn, URLS, "token", fresh)
        registry.calls.clear()

        assert await connect(insyn, URLS, "token", fresh) == []
        assert registry.calls == []

    async def test_tells_a_new_address_and_keeps_the_secret(self, insyn, registry, fresh):
        """
        After a restart on other ports only the endpoint moves; it is switched on again by a change of its own.
        """
        await connect(insyn, URLS, "token", fresh)
        registry.calls.clear()
        await connect(insyn, {"crm": "http://127.0.0.1:9009"}, "token", fresh)

        assert registry.calls == ["PATCH", "PATCH"]
        assert registry.processors["p-crm"]["endpoint"] == "http://127.0.0.1:9009/westila"

    async def test_gives_one_that_speaks_opendsr_its_secrets_again_at_a_new_address(self, insyn, registry, fresh):
        """
        What lets Insyn in does not go along: first the address, then its secrets, then it is switched on.
        """
        registry.processors["p-crm"]["kind"] = "opendsr"
        await connect(insyn, URLS, "token", fresh)
        registry.calls.clear()
        await connect(insyn, {"crm": "http://127.0.0.1:9009"}, "token", fresh)

        assert registry.calls == ["PATCH", "POST", "POST", "PATCH"]
        assert registry.processors["p-crm"]["endpoint"] == "http://127.0.0.1:9009/westila/v2"

    async def test_starts_again_with_an_insyn_that_forgot(self, insyn, registry, fresh):
        """
        A registry on its first day gets the secret once more.
        """
        await connect(insyn, URLS, "token", fresh)
        del registry.processors["p-crm"]["endpoint"]
        await connect(insyn, URLS, "token", fresh)
        first, second = registry.secrets["p-crm"]

        assert first == second

    async def test_says_when_insyn_refuses(self, insyn, registry, fresh):
        """
        A refusal is an error, and what was not told is not remembered as told.
        """
        del registry.processors["p-billing"]["sandbox_service"]
        registry.refuses = True
        with pytest.raises(httpx.HTTPStatusError):
            await connect(insyn, URLS, "token", fresh)

        assert [connection.endpoint for connection in fresh.connections()] == [None]
