"""A recipient of kind ``rest`` in the house: registered, switched on, and its tasks done by the vendor itself."""

from uuid import UUID

import pytest

from app.domain.fanout import Action
from app.domain.process import CreateTask
from app.models import ProcessorRow
from app.processors import Kind
from app.services import registration, tasks
from app.services.lanes import Lanes
from sandbox.serving import served
from sandbox.vendors._base import guid
from sandbox.vendors.billecta import CREDITOR, PASSWORD, USER, Billecta
from tests.harness.house import House
from tests.services.lane_world import CONTROLLER, quiet_request, rows

ANNA = guid("billecta", "anna-lindqvist")
SECRETS = {"username": USER, "password": PASSWORD}


async def _registered(house: House, url: str, **secrets: str) -> ProcessorRow:
    new = registration.NewProcessor(
        key="billecta",
        title="Billecta",
        kind=Kind.REST,
        recipient_kind="processor",
        actions=[],
        categories=["contact", "bookkeeping_records"],
        identifier_types=["customer_number", "email"],
        answer_mode="sync",
        idempotency="yes",
        rate_per_second=1000.0,
        burst=1000,
        settings={
            "connector": "billecta",
            "base_url": url,
            "creditor_id": CREDITOR,
            "categories": {"customer": "contact", "closed_invoices": "bookkeeping_records"},
        },
    )
    async with house.tx(CONTROLLER) as tx:
        row = await registration.register(tx, house.ctx, CONTROLLER, new)
        for name, secret in secrets.items():
            await registration.add_secret(tx, house.ctx, row, secret, name=name)
        return await registration.change(tx, house.ctx, row, {"state": "active"})


async def _asked(house: House, processor: ProcessorRow, *actions: Action) -> list[UUID]:
    async with house.tx(CONTROLLER) as tx:
        request = await quiet_request(house, tx)
        return [
            (await tasks.create(tx, house.ctx, request, CreateTask(None, str(processor.id), one, ("contact",)))).id
            for one in actions
        ]


class TestARestProcessor:
    async def test_is_not_switched_on_before_it_has_its_secrets(self, house: House) -> None:
        with pytest.raises(registration.NotConnectable):
            await _registered(house, "http://127.0.0.1:9", username=USER)

    async def test_finds_and_copies_what_the_vendor_holds(self, house: House) -> None:
        """From the registration to the vendor's call log: one login, the person's own record, and nothing else."""
        vendor = Billecta()
        async with served(vendor) as url:
            processor = await _registered(house, url, **SECRETS)
            ids = await _asked(house, processor, Action.LOCATE, Action.EXPORT)
            lanes = Lanes(house.ctx)
            try:
                await lanes.drain(CONTROLLER, processor.id)
            finally:
                await lanes.aclose()
        assert [(row.state, row.outcome) for row in await rows(house, ids)] == [("closed", "completed")] * 2
        assert vendor.lines().count("POST /v1/authentication/apiauthenticate") == 1
        assert not [line for line in vendor.lines() if "/invoice/" in line]

    async def test_leaves_a_protected_person_to_staff(self, house: House) -> None:
        vendor = Billecta()
        vendor.table("debtors")[ANNA]["ProtectedIdentity"] = True
        async with served(vendor) as url:
            processor = await _registered(house, url, **SECRETS)
            ids = await _asked(house, processor, Action.EXPORT)
            lanes = Lanes(house.ctx)
            try:
                await lanes.drain(CONTROLLER, processor.id)
            finally:
                await lanes.aclose()
        assert [row.state for row in await rows(house, ids)] == ["needs_person"]
