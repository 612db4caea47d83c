"""
A vendor behind a connector, from its registration to the end of a task: the lane, the pace, the vendor's own call.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from app import clock
from app.domain.execution import OrderHasCycle
from app.domain.fanout import Action
from app.domain.process import CreateTask
from app.models import ProcessorRow
from app.processors import Kind, open_connectors
from app.processors.rest import shelf
from app.repositories import registry
from app.services import connecting, registration, tasks
from app.services.lanes import Lanes
from app.services.registration import NotConnectable, UnknownProcessor
from sandbox.serving import served
from tests.harness.house import House
from tests.processors.answering import places
from tests.processors.rest.vendor import BASE, Vendor
from tests.services.lane_world import CONTROLLER, quiet_request, rows
from tests.services.street import api_of

CONNECTOR = """
secrets: {refresh: {}, hook: {}}
auth:
  kind: oauth2_refresh_token
  token_url: https://api.vendor.example/token
  client_id: insyn
  refresh_token: "{{ secrets.refresh }}"
  rotates: true
outputs: {profile: {about: Profile}}
callback: {proof: [{kind: static_header, header: X-Hook, secret: hook}, {kind: challenge_echo}]}
check: {request: {path: /ping}}
actions:
  erase:
    effect: erased
    no_lookup: The vendor takes exact keys only.
    job:
      covers: [profile]
      start: {request: {method: POST, path: /jobs, json: {email: "{{ id.email }}"}, repeatable: true}}
      ids: {json: $.id}
      poll: {request: {path: "/jobs/{{ job }}"}}
      status: {json: $.status}
      map: {running: running, done: complete}
      every: P1D
      deadline: P30D
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = list(shelf._chosen)
    made = tmp_path / "connectors"
    made.mkdir()
    (made / "vendor.yaml").write_text(BASE + CONNECTOR)
    (made / "warehouse.yaml").write_text(
        BASE.replace("connector: vendor", "connector: warehouse")
        + "after: [vendor]\nactions: {erase: {manual: Nobody but a person can do it.}}"
    )
    open_connectors(made)
    yield made
    shelf._chosen[:] = before


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    made = Vendor().says("POST /jobs", {"id": "j1"}).says("GET /jobs/j1", {"status": "running"}, {"status": "done"})
    made.says("POST /token", {"access_token": "A", "refresh_token": "R2", "expires_in": 3600}).says("GET /ping", {})
    async with served(Starlette(routes=[Route("/{rest:path}", made.answer, methods=["GET", "POST"])])) as url:
        made.url = url
        yield made


def new(key: str, connector: str, **more: Any) -> registration.NewProcessor:
    settings = {"connector": connector} | more.pop("settings", {})
    return registration.NewProcessor(
        key=key,
        title=key,
        kind=Kind.REST,
        recipient_kind="processor",
        actions=["erase"],
        categories=["contact"],
        identifier_types=["email"],
        answer_mode="poll",
        idempotency="query",
        settings=settings,
        **more,
    )


async def registered(house: House, vendor: Vendor) -> ProcessorRow:
    settings = {"base_url": vendor.url, "categories": {"profile": "contact"}}
    async with house.tx(CONTROLLER) as tx:
        row = await registration.register(tx, house.ctx, CONTROLLER, new("vendor", "vendor", settings=settings))
        await registration.add_secret(tx, house.ctx, row, "R1", name="refresh")
        await registration.add_secret(tx, house.ctx, row, "knock", name="hook")
        return await registration.change(tx, house.ctx, row, {"state": "active"})


async def task_for(house: House, processor: ProcessorRow) -> Any:
    async with house.tx(CONTROLLER) as tx:
        row = await quiet_request(house, tx)
        wanted = CreateTask(None, str(processor.id), Action.ERASE, ("contact",))
        return (await tasks.create(tx, house.ctx, row, wanted)).id


@asynccontextmanager
async def door(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=api_of(house.ctx))
    async with httpx.AsyncClient(transport=transport, base_url="http://insyn") as client:
        yield client


class TestRegistration:
    async def test_is_switched_on_once_nothing_is_lacking(self, house: House, folder: Path, vendor: Vendor) -> None:
        async with house.tx(CONTROLLER) as tx:
            row = await registration.register(tx, house.ctx, CONTROLLER, new("vendor", "nobodys"))
            lacking = [places(registration.lacking(house.ctx, row))]
            for settings in ({"connector": "vendor"},):
                await registration.change(tx, house.ctx, row, {"settings": settings})
                lacking.append(places(registration.lacking(house.ctx, row)))
            with pytest.raises(NotConnectable):
                await registration.change(tx, house.ctx, row, {"state": "active"})
        assert lacking == [["settings/connector"], ["secrets/refresh", "secrets/hook", "settings/categories"]]

    async def test_refuses_a_circle_that_a_connector_closes(self, house: House, folder: Path) -> None:
        async with house.tx(CONTROLLER) as tx:
            await registration.register(tx, house.ctx, CONTROLLER, new("store", "warehouse"))
            with pytest.raises(OrderHasCycle):
                await registration.register(tx, house.ctx, CONTROLLER, new("crm", "vendor", after=["store"]))

    async def test_puts_a_vendor_after_those_its_connector_names(self, house: House, folder: Path) -> None:
        async with house.tx(CONTROLLER) as tx:
            store = await registration.register(tx, house.ctx, CONTROLLER, new("store", "warehouse"))
            crm = await registration.register(tx, house.ctx, CONTROLLER, new("crm", "vendor"))
            seen = registry.as_seen(await registry.processors_of(tx, [CONTROLLER]), among=None)
        assert str(crm.id) in seen[str(store.id)].after


class TestTask:
    async def test_is_asked_after_when_the_vendor_calls_and_then_over(
        self, house: House, folder: Path, vendor: Vendor
    ) -> None:
        """What the vendor says in its call is not believed: it is asked."""
        processor = await registered(house, vendor)
        task_id = await task_for(house, processor)
        lanes = Lanes(house.ctx)
        try:
            await lanes.drain(CONTROLLER, processor.id)
            (task,) = await rows(house, [task_id])
            assert task.state == "accepted"
            assert (task.next_at - clock.machine_time()).total_seconds() > 80_000
            path = f"/v1/callbacks/vendors/{CONTROLLER}/{processor.id}"
            async with door(house) as client:
                stranger = await client.post(path, json={"status": "done"}, headers={"X-Hook": "guess"})
                elsewhere = await client.post(path.replace(CONTROLLER, "securitas"), headers={"X-Hook": "knock"})
                challenge = await client.get(path, params={"challenge": "c-1"})
                assert (stranger.status_code, elsewhere.status_code) == (401, 404)
                assert (challenge.status_code, challenge.text) == (200, "c-1")
                assert await lanes.drain(CONTROLLER, processor.id) == 0
                for state in ("accepted", "closed"):
                    known = await client.post(path, json={"status": "failed"}, headers={"X-Hook": "knock"})
                    assert known.status_code == 202
                    await lanes.drain(CONTROLLER, processor.id)
                    (task,) = await rows(house, [task_id])
                    assert task.state == state
        finally:
            await lanes.aclose()
        assert task.outcome == "completed"
        assert vendor.lines.count("POST /jobs") == 1

    async def test_keeps_a_secret_that_the_vendor_has_changed(self, house: House, folder: Path, vendor: Vendor) -> None:
        """A refresh token that rotates is worth nothing once it has been used."""
        processor = await registered(house, vendor)
        await task_for(house, processor)
        lanes = Lanes(house.ctx)
        try:
            await lanes.drain(CONTROLLER, processor.id)
        finally:
            await lanes.aclose()
        async with house.tx(CONTROLLER) as tx:
            row = await registry.processor(tx, processor.id)
            assert row is not None
            assert registration.secrets_of(house.ctx, row, name="refresh")[0] == "R2"
        assert vendor.lines.count("POST /token") == 1


class TestTrying:
    async def test_says_whether_the_vendor_lets_us_in(self, house: House, folder: Path, vendor: Vendor) -> None:
        await registered(house, vendor)
        assert await connecting.check(house.ctx, CONTROLLER, "vendor") == "ok"
        vendor.says("GET /ping", 403)
        assert await connecting.check(house.ctx, CONTROLLER, "vendor") == "http_403"
        with pytest.raises(UnknownProcessor):
            await connecting.check(house.ctx, CONTROLLER, "nobody")

    async def test_says_what_the_registration_lacks_before_it_calls(
        self, house: House, folder: Path, vendor: Vendor
    ) -> None:
        """Everything at once, as when it is switched on."""
        async with house.tx(CONTROLLER) as tx:
            await registration.register(tx, house.ctx, CONTROLLER, new("vendor", "vendor"))
        with pytest.raises(NotConnectable) as refused:
            await connecting.check(house.ctx, CONTROLLER, "vendor")

        assert places(refused.value.faults) == ["secrets/refresh", "secrets/hook", "settings/categories"]
