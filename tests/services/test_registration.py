"""
Who is asked: registered, connected over safe addresses only, with secrets that go in and never come out.
"""

import dataclasses

import asyncpg
import pytest

from app.bootstrap import apply_profiles
from app.processors import AddressNotAllowed, Kind
from app.profiles import Profile
from app.repositories import registry
from app.services import catalogue, registration, registration_rules
from app.services.registration import KeyTaken, NotConnectable, ProcessorVersionMoved, UnknownProcessor
from app.services.registration_rules import SettledByUse
from app.vault.errors import Unreadable
from sandbox import faults
from tests.harness.house import new_secret
from tests.services.lane_world import CONTROLLER, put_on_lane


def new(key="a-system", **changed):
    values = {
        "key": key,
        "title": "A system",
        "kind": Kind.WEBHOOK,
        "recipient_kind": "processor",
        "actions": ["locate", "export"],
        "categories": ["contact"],
    }
    return registration.NewProcessor(**(values | changed))


async def registered(house, **changed):
    async with house.tx(CONTROLLER) as tx:
        return await registration.register(tx, house.ctx, CONTROLLER, new(**changed))


class TestSecret:
    async def test_lies_nowhere_in_clear(self, house):
        """
        A copy of the database signs nothing: neither the secret nor its bytes stand in the row.
        """
        secret = new_secret()
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            await registration.add_secret(tx, house.ctx, held, secret)
        stored = (await house.sql("SELECT p::text, secrets_sealed FROM processor p WHERE id = $1", row.id))[0]

        assert secret not in stored[0]
        assert secret.encode() not in stored[1]
        assert secret not in repr(held)
        assert secret not in str(catalogue.processor(held))

    async def test_opens_in_no_other_row(self, house):
        """
        Copied to another processor's row it is rubbish.
        """
        row = await registered(house)
        other = await registered(house, key="another")
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            await registration.add_secret(tx, house.ctx, held, new_secret())
        await house.sql("UPDATE processor SET secrets_sealed = $1 WHERE id = $2", held.secrets_sealed, other.id)

        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(Unreadable):
                registration.secrets_of(house.ctx, await registry.processor(tx, other.id))

    async def test_being_replaced_stays_for_one_turn(self, house):
        """
        Two are valid at once, the newest first: it signs, and the one before is still accepted.
        """
        row = await registered(house)
        first, second, third = (new_secret() for _ in range(3))
        seen = []
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            for secret in (first, second, second, third):
                await registration.add_secret(tx, house.ctx, held, secret)
                seen.append(registration.secrets_of(house.ctx, held))

        assert seen == [[first], [second, first], [second, first], [third, second]]

    @pytest.mark.parametrize("secret", ["", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all"])
    async def test_that_is_none_is_refused(self, house, secret):
        """
        Only what Standard Webhooks calls a secret: the prefix, and 24 to 64 random bytes.
        """
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            with pytest.raises(registration.webhook_signature.UnfitWebhookSecret):
                await registration.add_secret(tx, house.ctx, held, secret)


class TestEndpoint:
    @pytest.mark.parametrize(
        "endpoint",
        [
            pytest.param("http://processor.example.org/tasks", id="not https"),
            pytest.param("https://10.0.0.8/tasks", id="private"),
            pytest.param("https://169.254.169.254/latest", id="link-local"),
            pytest.param("https://127.0.0.1/tasks", id="loopback over https"),
            pytest.param("https://[::ffff:10.0.0.8]/tasks", id="private, written as IPv6"),
            pytest.param("https://user:pass@processor.example.org/", id="with a password"),
            pytest.param("http://localhost:8000/tasks", id="loopback by name"),
            pytest.param("file:///etc/passwd", id="a file"),
        ],
    )
    async def test_that_must_never_be_called_is_refused(self, house, endpoint):
        """
        What could reach into our own network, or be overheard, is refused when it is registered, also in the sandbox.
        """
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(AddressNotAllowed):
                await registration.register(tx, house.ctx, CONTROLLER, new(endpoint=endpoint))
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            with pytest.raises(AddressNotAllowed):
                await registration.change(tx, house.ctx, held, {"endpoint": endpoint})

    async def test_on_the_loopback_address_is_for_the_sandbox_only(self, house):
        """
        Outside the sandbox plain http is refused even to this very machine.
        """
        settings = house.ctx.settings.model_copy(update={"sandbox": False})
        outside = dataclasses.replace(house.ctx, settings=settings)
        loopback = new(endpoint="http://127.0.0.1:8101/tasks")
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(AddressNotAllowed):
                await registration.register(tx, outside, CONTROLLER, loopback)
            await registration.register(tx, house.ctx, CONTROLLER, loopback)

    async def test_and_secret_are_needed_to_become_active(self, house):
        """
        A webhook nobody can reach, or whose answers nobody could trust, is not switched on.
        """
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            with pytest.raises(NotConnectable):
                await registration.change(tx, house.ctx, held, {"state": "active"})


class TestRegistration:
    async def test_takes_a_key_once_a_controller(self, house):
        """
        Two recipients of one name could not be told apart in a letter; the database holds it too.
        """
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(KeyTaken):
                await registration.register(tx, house.ctx, CONTROLLER, new())
        with pytest.raises(asyncpg.UniqueViolationError):
            await house.sql("UPDATE processor SET key = $1 WHERE key = 'own-records'", row.key)

    async def test_that_moved_on_is_not_changed_from_an_old_copy(self, house):
        """
        Who read an older version reads again before deciding (If-Match).
        """
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id, version=1)
            await registration.change(tx, house.ctx, held, {"contact": "drift@example.org"})
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(ProcessorVersionMoved):
                await registration.hold(tx, row.id, version=1)

    async def test_is_out_of_sight_of_another_controller(self, house):
        """
        A processor's id is worth nothing to another tenant.
        """
        row = await registered(house)
        async with house.tx("securitas") as tx:
            with pytest.raises(UnknownProcessor):
                await registration.hold(tx, row.id)

    async def test_is_settled_by_its_first_task(self, house):
        """
        What was asked of it is on record; a change would make the record say something else. Until then it may change.
        """
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            await registration_rules.check_changes(tx, row, {"categories": ["contact"], "title": "Another"})
        await put_on_lane(house, row, 1)

        async with house.tx(CONTROLLER) as tx:
            await registration_rules.check_changes(tx, row, {"title": "Another"})
            with pytest.raises(SettledByUse):
                await registration_rules.check_changes(tx, row, {"categories": ["contact"]})


class TestProfile:
    async def test_applied_twice_changes_nothing(self, house):
        """
        Every start applies the profiles; only what differs is touched, so connections survive.
        """
        before = await house.sql("SELECT p::text FROM processor p ORDER BY id")

        assert await apply_profiles(house.ctx) == 0
        assert await house.sql("SELECT p::text FROM processor p ORDER BY id") == before

    async def test_that_changed_changes_only_what_it_says(self, house):
        """
        A new limit in the profile arrives in the registry; endpoint, secret and state stay as they were connected.
        """
        profile: Profile = house.ctx.profile(CONTROLLER)
        system = next(one for one in profile.systems if one.id == "alarm-centre")
        slower = system.model_copy(update={"limits": system.limits.model_copy(update={"concurrency": 1})})
        systems = tuple(slower if one.id == slower.id else one for one in profile.systems)
        async with house.tx(CONTROLLER) as tx:
            before = catalogue.processor(await registry.processor_by_key(tx, CONTROLLER, "alarm-centre"))
            changed = await registration.apply_profile(tx, house.ctx, profile.model_copy(update={"systems": systems}))
        async with house.tx(CONTROLLER) as tx:
            after = catalogue.processor(await registry.processor_by_key(tx, CONTROLLER, "alarm-centre"))

        assert changed == 1
        assert after["limits"] == before["limits"] | {"concurrency": 1}
        assert [after[name] for name in ("endpoint", "state", "has_secret")] == [before["endpoint"], "active", True]

    async def test_that_turns_an_order_round_is_applied(self, house):
        """
        First one after the other, then the other way: there is no circle, neither before nor after.
        """
        profile: Profile = house.ctx.profile(CONTROLLER)
        one, other = (system.id for system in profile.systems[:2])

        async def apply(**after):
            systems = tuple(system.model_copy(update={"after": after.get(system.id, ())}) for system in profile.systems)
            async with house.tx(CONTROLLER) as tx:
                await registration.apply_profile(tx, house.ctx, profile.model_copy(update={"systems": systems}))
            async with house.tx(CONTROLLER) as tx:
                return [(await registry.processor_by_key(tx, CONTROLLER, key)).after for key in (one, other)]

        assert await apply(**{other: (one,)}) == [[], [one]]
        assert await apply(**{one: (other,)}) == [[other], []]
        assert await apply(**{other: (one,)}) == [[], [one]]


class TestRemovedProcessor:
    async def test_gets_no_new_tasks(self, house):
        """
        Whoever no longer works for the controller is not told of its customers.
        """
        async with house.tx(CONTROLLER) as tx:
            row = await registry.processor_by_key(tx, CONTROLLER, "telephony")
            await registration.remove(tx, await registration.hold(tx, row.id))
        async with house.working():
            seen = await house.until_closed(await house.file(CONTROLLER, "access"))

        assert "telephony" not in {seen.keys[task.processor_id] for task in seen.tasks}
        assert house.effects("telephony") == []

    async def test_is_not_found_again(self, house):
        """
        Its registration is closed to changes; its past stays on the cases.
        """
        row = await registered(house)
        async with house.tx(CONTROLLER) as tx:
            await registration.remove(tx, await registration.hold(tx, row.id))
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(UnknownProcessor):
                await registration.hold(tx, row.id)

    async def test_leaves_no_case_hanging(self, house):
        """
        A case that was waiting for it, or has its answer already, comes to its end all the same.
        """
        house.script("telephony", faults.Status(fault="status", status=503, retry_after=3600, action="export"))
        async with house.working():
            request_id = await house.file(CONTROLLER, "access")
            await house.until(
                request_id,
                lambda seen: (
                    [t.state for t in (*seen.of("export", "alarm-centre"), *seen.of("export", "telephony"))]
                    == ["closed", "open"]
                ),
                staff=True,
            )
            async with house.tx(CONTROLLER) as tx:
                for key in ("telephony", "alarm-centre"):
                    row = await registry.processor_by_key(tx, CONTROLLER, key)
                    await registration.remove(tx, await registration.hold(tx, row.id))
            seen = await house.until(request_id, lambda seen: seen.is_closed, staff=True, seconds=10)

        assert seen.outcomes().keys() == {"access"}
