"""
Secrets that a vendor renews by itself while it is called, and an administrator who has meanwhile said otherwise.

A real vendor that uses a refresh token up at each use; the calls are made by the adapters the lane itself keeps.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.domain.fanout import Action, Outcome
from app.models import ProcessorRow
from app.processors import Adapter, Kind
from app.repositories import registry
from app.services import processor_secrets, registration
from app.services.lanes import Lanes
from sandbox.serving import served
from sandbox.vendors.visma import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH, Visma
from tests.harness.house import ADMIN, House
from tests.services.lane_world import CONTROLLER
from tests.vendors.connected import order

NAME = "refresh_token"


@dataclass
class World:
    """A vendor, its registration, and a worker's lanes with an adapter from before whatever the test does."""

    house: House
    vendor: Visma
    lanes: Lanes
    id: object

    async def row(self) -> ProcessorRow:
        async with self.house.tx(CONTROLLER) as tx:
            row = await registry.processor(tx, self.id)
            assert row is not None
            return row

    async def adapter(self) -> Adapter:
        return self.lanes.adapter(await self.row())

    async def call(self, adapter: Adapter) -> Outcome:
        """One call by that adapter; the vendor has it log in with what it was made with, and renews it."""
        for token in self.vendor.table("tokens").values():
            token["until"] = 0
        return (await adapter.send(order(Action.LOCATE, "anna-lindqvist", "email"))).outcome

    async def give(self, secret: str, **more: object) -> None:
        async with self.house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, self.id)
            await registration.add_secret(tx, self.house.ctx, held, secret, name=NAME, actor=ADMIN, **more)

    async def kept(self) -> tuple[str, ...]:
        return processor_secrets.named(self.house.ctx, await self.row()).get(NAME, ())


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    vendor, lanes = Visma(), Lanes(house.ctx)
    async with served(vendor) as url:
        new = registration.NewProcessor(
            key="visma", title="Visma", kind=Kind.REST, recipient_kind="processor", actions=[], categories=["contact"],
            identifier_types=["email"], answer_mode="sync", idempotency="yes",
            settings={
                "connector": "visma", "base_url": url, "client_id": CLIENT_ID, "categories": {"customer": "contact"},
            },
        )  # fmt: skip
        async with house.tx(CONTROLLER) as tx:
            row = await registration.register(tx, house.ctx, CONTROLLER, new)
            await registration.add_secret(tx, house.ctx, row, CLIENT_SECRET, name="client_secret")
            await registration.add_secret(tx, house.ctx, row, FIRST_REFRESH, name=NAME)
            await registration.change(tx, house.ctx, row, {"state": "active"})
        yield World(house, vendor, lanes, row.id)
        await lanes.aclose()


class TestRenewedSecret:
    async def test_takes_the_place_of_the_one_that_was_used_up(self, world: World) -> None:
        """And the next of that one: whoever restarts goes on where the vendor stands."""
        adapter = await world.adapter()
        outcomes = [await world.call(adapter), await world.call(adapter)]
        known = set(world.vendor.table("refresh"))

        assert outcomes == [Outcome.COMPLETED] * 2
        assert (await world.kept())[0] in known
        assert FIRST_REFRESH not in await world.kept()
        assert await world.adapter() is adapter

    async def test_does_not_come_back_over_the_one_an_administrator_has_given(self, world: World) -> None:
        """
        GDPR Art. 32: the one before had leaked. A call that was under way with it, in whatever worker, brings its
        successor, and whoever stole it may know that one.
        """
        adapter = await world.adapter()
        await world.give("from-the-administrator", overlap=timedelta())
        outcome = await world.call(adapter)
        facts = [one for one in processor_secrets.facts(await world.row()) if one["name"] == NAME]

        assert outcome is Outcome.COMPLETED
        assert await world.kept() == ("from-the-administrator",)
        assert [one["set_by"] for one in facts] == [ADMIN.ref]
        assert await world.adapter() is not adapter

    async def test_does_not_come_back_over_it_while_the_one_before_is_still_good(self, world: World) -> None:
        """The overlap is for the other side to switch in; what comes of the old one is not the newest."""
        adapter = await world.adapter()
        await world.give("from-the-administrator")
        await world.call(adapter)

        assert await world.kept() == ("from-the-administrator", FIRST_REFRESH)

    async def test_never_comes_back_once_its_line_was_broken(self, world: World) -> None:
        """Nor the successor's successor."""
        adapter = await world.adapter()
        await world.give("from-the-administrator", overlap=timedelta())
        await world.call(adapter)
        await world.call(adapter)

        assert await world.kept() == ("from-the-administrator",)

    async def test_does_not_come_back_after_it_was_taken_out(self, world: World) -> None:
        """A secret that somebody withdrew stays withdrawn."""
        adapter = await world.adapter()
        async with world.house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, world.id)
            await registration.change(tx, world.house.ctx, held, {"state": "paused"}, actor=ADMIN)
            await registration.remove_secret(tx, world.house.ctx, held, NAME, actor=ADMIN)
        await world.call(adapter)

        assert await world.kept() == ()

    async def test_of_a_processor_that_was_removed_is_let_fall_and_the_call_ends_all_the_same(
        self, world: World
    ) -> None:
        """Nobody uses it any more; what came of the call is still to be known."""
        adapter, before = await world.adapter(), await world.kept()
        async with world.house.tx(CONTROLLER) as tx:
            await registration.remove(tx, await registration.hold(tx, world.id), actor=ADMIN)
        outcome = await world.call(adapter)

        assert (outcome, await world.kept()) == (Outcome.COMPLETED, before)

    async def test_of_a_paused_processor_is_kept(self, world: World) -> None:
        """Only sending is paused: without it, nobody could go on afterwards."""
        adapter = await world.adapter()
        async with world.house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, world.id)
            await registration.change(tx, world.house.ctx, held, {"state": "paused"}, actor=ADMIN)
        await world.call(adapter)

        assert (await world.kept())[0] in set(world.vendor.table("refresh"))
