"""A registration that is led to another place: what goes along, what does not, and who is told that it was."""

from typing import Any
from uuid import UUID

import pytest

from app.domain.audit import AuditStep
from app.models import ProcessorRow
from app.processors import Kind
from app.repositories import audit, registry
from app.services import registration
from app.services.lanes import Lanes
from app.services.registration import NewProcessor, SecretsStayBehind
from tests.harness.house import ADMIN, House
from tests.services.lane_world import CONTROLLER

OPENDSR = {"domain": "optout.example.com"}
HOME, ELSEWHERE = "https://optout.example.com/v2", "https://elsewhere.example.org/v2"


async def connected(house: House) -> UUID:
    """A processor that is called with secrets: switched on, secret first."""
    new = NewProcessor(
        key="optout", title="Opt-out", kind=Kind.OPENDSR, recipient_kind="processor", actions=["erase"],
        categories=["contact"], identifier_types=["email"], answer_mode="poll", idempotency="query",
        settings={"domain": "optout.example.com"},
    )  # fmt: skip
    async with house.tx(CONTROLLER) as tx:
        row = await registration.register(tx, house.ctx, CONTROLLER, new)
        await registration.add_secret(tx, house.ctx, row, "letmein", name="token")
        await registration.change(tx, house.ctx, row, {"endpoint": HOME, "state": "active"}, actor=ADMIN)
        return row.id


async def row_of(house: House, processor_id: UUID) -> ProcessorRow:
    async with house.tx(CONTROLLER) as tx:
        row = await registry.processor(tx, processor_id)
        assert row is not None
        return row


async def change(house: House, processor_id: UUID, **changes: Any) -> ProcessorRow:
    async with house.tx(CONTROLLER) as tx:
        row = await registration.hold(tx, processor_id)
        return await registration.change(tx, house.ctx, row, changes, actor=ADMIN)


async def webhook(house: House) -> ProcessorRow:
    async with house.tx(CONTROLLER) as tx:
        rows = await registry.processors_of(tx, [CONTROLLER])
    return next(one for one in rows if one.kind == Kind.WEBHOOK and one.state == "active")


async def renewing(house: House) -> ProcessorRow:
    """A webhook with a secret that the other side renews."""
    row = await webhook(house)
    async with house.tx(CONTROLLER) as tx:
        held = await registration.hold(tx, row.id)
        await registration.add_secret(tx, house.ctx, held, "0riginal", name="refresh_token", actor=ADMIN)
    return await row_of(house, row.id)


class TestAnotherPlace:
    async def test_is_not_told_the_secrets_of_the_one_before(self, house: House) -> None:
        """GDPR Art. 32, OWASP ASVS 5.0 13.3: write-only secrets do not leave by a changed address."""
        processor = await connected(house)
        row = await change(house, processor, endpoint=ELSEWHERE)

        assert (row.state, row.secret_names, row.secrets_sealed) == ("unconnected", [], None)
        assert registration.target_of(house.ctx, row).named == {}

    @pytest.mark.parametrize(
        "settings", [OPENDSR | {"certificate_hosts": ["elsewhere.example.org"]}, {"domain": "x.se"}]
    )
    async def test_named_in_the_settings_is_told_none_either(self, house: House, settings: dict[str, Any]) -> None:
        """GDPR Art. 32: whichever setting says where."""
        row = await change(house, await connected(house), settings=settings)

        assert (row.state, row.secret_names) == ("unconnected", [])

    async def test_is_switched_on_with_secrets_of_its_own_only(self, house: House) -> None:
        """GDPR Art. 32: in one go it is refused, and nothing is changed; step by step it is connected."""
        processor = await connected(house)
        with pytest.raises(SecretsStayBehind):
            await change(house, processor, endpoint=ELSEWHERE, state="active")
        unchanged = await row_of(house, processor)
        await change(house, processor, endpoint=ELSEWHERE)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, processor)
            await registration.add_secret(tx, house.ctx, held, "theirs", name="token", actor=ADMIN)
        row = await change(house, processor, state="active")

        assert (unchanged.endpoint, unchanged.state, unchanged.secret_names) == (HOME, "active", ["token"])
        assert registration.target_of(house.ctx, row).named == {"token": ("theirs",)}

    async def test_of_a_webhook_keeps_what_only_signs_and_waits_to_be_switched_on(self, house: House) -> None:
        """GDPR Art. 28, 32: a signature tells no secret; but no person is sent there before somebody says so."""
        processor = (await webhook(house)).id
        row = await change(house, processor, endpoint="https://elsewhere.example.org/insyn")
        on = await change(house, processor, state="active")

        assert (row.state, row.secret_names) == ("unconnected", ["signing"])
        assert on.state == "active"

    async def test_is_none_where_only_the_path_or_the_way_is_another(self, house: House) -> None:
        """The same host was given the secrets; asked otherwise it keeps them."""
        processor = await connected(house)
        row = await change(house, processor, endpoint=HOME + "/new", settings=OPENDSR | {"poll_seconds": 60})

        assert (row.state, row.secret_names) == ("active", ["token"])


class TestChangeOfAConnection:
    async def test_is_written_down_with_names_and_without_values(self, house: House) -> None:
        """GDPR Art. 5(2): who turned a registration, and turned it back, stands in its chain."""
        processor = await connected(house)
        await change(house, processor, endpoint=ELSEWHERE, settings=OPENDSR | {"poll_seconds": 60})
        await change(house, processor, title="Only a name")
        async with house.tx(CONTROLLER) as tx:
            entries = [one for one in await audit.entries_of(tx, processor) if one.step == AuditStep.PROCESSOR_CHANGED]
        turned = entries[-1]

        assert [one.facts["changed"] for one in entries] == [
            ["state", "endpoint"], ["state", "endpoint", "settings/poll_seconds"],
        ]  # fmt: skip
        assert (turned.actor_ref, turned.facts["elsewhere"], turned.facts["secrets_forgotten"]) == (
            ADMIN.ref, True, ["token"],
        )  # fmt: skip
        assert "example" not in str([one.facts for one in entries])

    async def test_outlasts_a_secret_that_is_renewed_meanwhile(self, house: House) -> None:
        """GDPR Art. 32: a call under way gets a new token; the address that was left does not come back with it."""
        row = await renewing(house)
        lanes = Lanes(house.ctx)
        try:
            old, keep = lanes.adapter(row), lanes.keeper(row, registration.target_of(house.ctx, row))
            same_host = await change(house, row.id, endpoint=f"{row.endpoint}/moved")
            await keep("refresh_token", "r0tated")
            new = lanes.adapter(await row_of(house, row.id))
        finally:
            await lanes.aclose()

        assert same_host.state == "active"
        assert new is not old
        assert registration.target_of(house.ctx, await row_of(house, row.id)).named["refresh_token"][0] == "r0tated"

    async def test_is_not_followed_by_a_secret_of_the_place_before(self, house: House) -> None:
        """GDPR Art. 32: a token that the old place renews during the last call is told to no other."""
        row = await renewing(house)
        lanes = Lanes(house.ctx)
        try:
            lanes.adapter(row)
            keep = lanes.keeper(row, registration.target_of(house.ctx, row))
            await change(house, row.id, endpoint="https://elsewhere.example.org/insyn")
            await keep("refresh_token", "r0tated")
        finally:
            await lanes.aclose()

        assert (await row_of(house, row.id)).secret_names == ["signing"]

    async def test_by_its_own_renewal_keeps_the_adapter(self, house: House) -> None:
        """Nothing but the secret has changed: whoever has it goes on."""
        row = await renewing(house)
        lanes = Lanes(house.ctx)
        try:
            old, keep = lanes.adapter(row), lanes.keeper(row, registration.target_of(house.ctx, row))
            await keep("refresh_token", "r0tated")
            again = lanes.adapter(await row_of(house, row.id))
        finally:
            await lanes.aclose()

        assert again is old
