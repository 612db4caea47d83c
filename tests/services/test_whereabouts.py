"""A registration that is led to another place: what goes along, what does not, and who is told that it was."""

from typing import Any
from uuid import UUID

import pytest

from app.domain.audit import AuditStep
from app.domain.fanout import Action
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

    async def test_of_a_webhook_is_switched_on_by_a_change_of_its_own(self, house: House) -> None:
        """GDPR Art. 32: nothing is forgotten there that would be missed, and yet nobody repoints it and stays on."""
        row = await webhook(house)
        with pytest.raises(SecretsStayBehind):
            await change(house, row.id, endpoint="https://elsewhere.example.org/insyn", state="active")

        assert ((await row_of(house, row.id)).endpoint, (await row_of(house, row.id)).state) == (row.endpoint, "active")

    async def test_of_a_mailbox_is_switched_on_by_a_change_of_its_own(self, house: House) -> None:
        """The same where no secret is needed at all."""
        new = NewProcessor(
            key="mail", title="M", kind=Kind.EMAIL, recipient_kind="processor", actions=["erase"],
            categories=["contact"], identifier_types=["email"], settings={"address": "a@one.example.org"},
        )  # fmt: skip
        async with house.tx(CONTROLLER) as tx:
            row = await registration.register(tx, house.ctx, CONTROLLER, new)
            row.state = "active"
            row.was_on = True
        with pytest.raises(SecretsStayBehind):
            await change(house, row.id, settings={"address": "a@two.example.org"}, state="active")
        led = await change(house, row.id, settings={"address": "a@two.example.org"})

        assert led.state == "unconnected"
        assert (await change(house, row.id, state="paused")).state == "paused"


#: Every field of a registration that can be changed, with another value than it has.
CHANGES: dict[str, Any] = {
    "state": "paused", "endpoint": "https://optout.example.com/v3", "actions": ["erase", "export"],
    "categories": ["contact", "alarm_history"], "identifier_types": ["email", "personnummer"], "title": "Another",
    "recipient_kind": "own", "after": ["telephony"], "answer_mode": "callback", "idempotency": "yes",
    "rate_per_second": 2.0, "burst": 2, "concurrency": 2, "quota": [{"calls": 1, "per": "PT1M"}],
    "contact": "a@elsewhere.example.org", "country": "NO", "sandbox_service": "telephony", "kind": "manual",
}  # fmt: skip
#: What is no word of the registration: which it is, what is kept of secrets, and when it was made and changed.
NO_WORD_OF_IT = {
    "id", "controller_id", "key", "settings", "safeguard", "from_profile", "secrets_sealed", "secret_names",
    "secret_facts", "secrets_end_at", "wrapped_key", "version", "created_at", "updated_at", "was_on",
}  # fmt: skip


class TestChangeOfAnyField:
    def test_is_one_of_those_that_are_tried_here(self) -> None:
        """A column that somebody adds is written down as well, or it is said here why it need not be."""
        assert set(ProcessorRow.model_fields) == set(CHANGES) | NO_WORD_OF_IT

    @pytest.mark.parametrize("name", CHANGES)
    async def test_is_written_down_by_name(self, house: House, name: str) -> None:
        """GDPR Art. 5(2): one administrator alone may do it, and nobody does it without a trace."""
        processor = await connected(house)
        await change(house, processor, **{name: CHANGES[name]})
        async with house.tx(CONTROLLER) as tx:
            entry = list(await audit.entries_of(tx, processor))[-1]

        assert (entry.step, entry.actor_ref) == (AuditStep.PROCESSOR_CHANGED, ADMIN.ref)
        assert name in entry.facts["changed"]
        assert entry.facts["widened"] == ([name] if name in ("actions", "categories", "identifier_types") else [])

    async def test_that_means_less_widens_nothing(self, house: House) -> None:
        """GDPR Art. 5(1)(c): what is told no more is a change, and no reason to be alarmed."""
        processor = await connected(house)
        await change(house, processor, identifier_types=[])
        async with house.tx(CONTROLLER) as tx:
            entry = list(await audit.entries_of(tx, processor))[-1]

        assert (entry.facts["changed"], entry.facts["widened"]) == (["identifier_types"], [])

    async def test_by_a_profile_is_written_down_too(self, house: House) -> None:
        """What a deployment widens stands beside what administrators do."""
        profile = house.ctx.profile(CONTROLLER)
        systems = tuple(
            one.model_copy(update={"actions": frozenset({*one.actions, *Action}), "after": ()})
            if one.id == "alarm-centre" else one
            for one in profile.systems
        )  # fmt: skip
        async with house.tx(CONTROLLER) as tx:
            await registration.apply_profile(tx, house.ctx, profile.model_copy(update={"systems": systems}))
        async with house.tx(CONTROLLER) as tx:
            row = await registry.processor_by_key(tx, CONTROLLER, "alarm-centre")
            assert row is not None
            entry = list(await audit.entries_of(tx, row.id))[-1]

        assert (entry.actor_ref, entry.facts["widened"]) == ("insyn", ["actions"])


class TestNewRegistration:
    async def test_is_written_down_with_who_made_it(self, house: House) -> None:
        """GDPR Art. 5(2): a second registration of the same place is a way to be told more; it is seen as one."""
        new = NewProcessor(
            key="more", title="More", kind=Kind.WEBHOOK, recipient_kind="processor", actions=["export"], categories=[]
        )
        async with house.tx(CONTROLLER) as tx:
            row = await registration.register(tx, house.ctx, CONTROLLER, new, actor=ADMIN)
        async with house.tx(CONTROLLER) as tx:
            (entry,) = await audit.entries_of(tx, row.id)

        assert (entry.step, entry.actor_ref) == (AuditStep.PROCESSOR_REGISTERED, ADMIN.ref)
        assert entry.facts == {"kind": "webhook", "state": "unconnected", "from_profile": False}


class TestChangeOfAConnection:
    async def test_is_written_down_with_names_and_without_values(self, house: House) -> None:
        """GDPR Art. 5(2): who turned a registration, and turned it back, stands in its chain."""
        processor = await connected(house)
        await change(house, processor, endpoint=ELSEWHERE, settings=OPENDSR | {"poll_seconds": 60})
        await change(house, processor, title="Only a name")
        async with house.tx(CONTROLLER) as tx:
            entries = [one for one in await audit.entries_of(tx, processor) if one.step == AuditStep.PROCESSOR_CHANGED]
        turned = entries[1]

        assert [one.facts["changed"] for one in entries] == [
            ["state", "endpoint"], ["state", "endpoint", "settings/poll_seconds"], ["title"],
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
