"""
A processor's secrets: replaced with an overlap that ends, taken out when nobody needs them, and wrapped anew.
"""

import asyncio
import base64
import dataclasses
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import LargeBinary

from app.domain import webhook_signature
from app.domain.audit_export import verify_export
from app.domain.processor_secrets import MOST_NAMES, SecretInSettings, TooManySecrets, UnfitSecret
from app.domain.webhook_signature import WebhookRefused
from app.models._base import METADATA
from app.repositories import audit, registry
from app.repositories.rewrapping import PLACES
from app.services import callbacks, evidence, processor_secrets, registration, rewrapping
from app.services.context import Actor
from app.services.processor_secrets import UnknownSecret
from app.services.registration import SecretNeeded
from app.vault.envelope import Vault
from app.vault.errors import Reason, Unreadable
from app.vault.keys import MasterKeys
from tests.harness.house import ADMIN, new_secret
from tests.services.lane_world import CONTROLLER, counting, put_on_lane, register
from tests.services.test_callbacks import STARTED, Caller, message
from tests.services.test_registration import new, registered

WEEK, HOUR = timedelta(days=7), timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def row(house):
    return await registered(house)


@pytest.fixture
def give(house, row):
    """Gives the processor a secret, as an administrator does."""

    async def give(secret=None, *, actor=ADMIN, **more):
        secret = new_secret() if secret is None else secret
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            await registration.add_secret(tx, house.ctx, held, secret, actor=actor, **more)
        return secret

    return give


@pytest.fixture
def see(house, row):
    """Reads the registration as it stands now."""

    async def see():
        async with house.tx(CONTROLLER) as tx:
            return await registry.processor(tx, row.id)

    return see


async def chain_of(house, row):
    async with house.tx(CONTROLLER) as tx:
        return list(await audit.entries_of(tx, row.id))


class TestReplacedSecret:
    async def test_is_good_for_a_week_unless_told_otherwise(self, house, give, see):
        """
        Time for the other side to switch, and no longer: then only the new one is accepted.
        """
        first, second = await give(), await give()
        found = await see()

        assert registration.secrets_of(house.ctx, found, at=now() + WEEK - HOUR) == [second, first]
        assert registration.secrets_of(house.ctx, found, at=now() + WEEK + HOUR) == [second]
        assert registration.target_of(house.ctx, found).secrets == (second, first)

    @pytest.mark.parametrize("overlap", [timedelta(hours=2), timedelta(days=90)])
    async def test_is_good_as_long_as_was_said(self, house, give, see, overlap):
        """
        The administrator knows how long the other side needs.
        """
        first, second = await give(), await give(overlap=overlap)
        found = await see()

        assert registration.secrets_of(house.ctx, found, at=now() + overlap - HOUR) == [second, first]
        assert registration.secrets_of(house.ctx, found, at=now() + overlap + HOUR) == [second]

    async def test_that_leaked_ends_at_once(self, house, give, see):
        """
        No overlap: the old one is not kept at all.
        """
        await give()
        second = await give(overlap=timedelta())

        assert registration.secrets_of(house.ctx, await see()) == [second]
        assert (await see()).secrets_end_at is None

    async def test_never_outlives_the_next(self, house, give, see):
        """
        Two are good at most, however long the overlap was to be.
        """
        _, second, third = await give(), await give(overlap=timedelta(days=90)), await give()

        assert registration.secrets_of(house.ctx, await see()) == [third, second]

    async def test_of_one_name_leaves_the_others_alone(self, house, give, see):
        """
        Each name is replaced by itself.
        """
        signing = await give()
        await give("one", name="api_key")
        await give("two", name="api_key", overlap=HOUR)
        later = now() + 2 * HOUR

        named = processor_secrets.named(house.ctx, await see(), at=later)
        assert named == {"signing": (signing,), "api_key": ("two",)}

    async def test_given_once_more_changes_nothing(self, house, give, see):
        """
        The same secret twice is the same secret: the one before is not thrown out by it.
        """
        first, second = await give(), await give()
        before = (await see()).version
        await give(second)

        assert registration.secrets_of(house.ctx, await see()) == [second, first]
        assert (await see()).version == before

    async def test_taken_back_is_the_newest_again(self, house, give, see):
        """
        A new one that does not work is replaced by the old one.
        """
        first, second = await give(), await give()
        await give(first)

        assert registration.secrets_of(house.ctx, await see()) == [first, second]

    async def test_signs_no_callback_once_it_is_over(self, house):
        """
        What the old secret signs is believed until its overlap ends, to the second, and not after.
        """
        async with counting() as server:
            processor = await register(house, server)
            (secret,) = registration.secrets_of(house.ctx, processor)
            caller = Caller(house, processor, secret, await put_on_lane(house, processor, 1))
            async with house.tx(CONTROLLER) as tx:
                held = await registration.hold(tx, processor.id)
                await registration.add_secret(tx, house.ctx, held, new_secret(), overlap=HOUR)
                end = held.secrets_end_at.timestamp()

            async def call(at):
                body = message(caller.task_ids[0], STARTED)
                headers = signed(secret, body, at)
                async with house.tx(CONTROLLER) as tx:
                    return await callbacks.receive(
                        tx, house.ctx, caller.token(caller.task_ids[0]), headers=headers, body=body, wall_clock=at
                    )

            assert await call(end - 1) is True
            with pytest.raises(WebhookRefused):
                await call(end + 1)

    async def test_is_destroyed_when_it_is_over(self, house, give, see):
        """
        Not only passed over: what nobody may use is not kept either.
        """
        _, second = await give(), await give(overlap=HOUR)
        before = await see()

        assert await processor_secrets.end_overlaps(house.ctx, at=now()) == 0
        assert await processor_secrets.end_overlaps(house.ctx, at=now() + 2 * HOUR) == 1
        assert await processor_secrets.end_overlaps(house.ctx, at=now() + 2 * HOUR) == 0
        after = await see()
        assert registration.secrets_of(house.ctx, after, at=now() - WEEK) == [second]
        assert (after.secrets_end_at, after.version > before.version) == (None, True)

    async def test_without_a_written_end_stays_until_the_next(self, house, give, see):
        """
        Secrets from before ends were written down are good as they were promised to be.
        """
        first, second = await give(), await give()
        await house.sql("UPDATE processor SET secret_facts = '{}', secrets_end_at = NULL")

        assert registration.secrets_of(house.ctx, await see(), at=now() + 9 * WEEK) == [second, first]
        assert processor_secrets.facts(await see())[0]["set_at"] is None


def signed(secret, body, at):
    id_ = f"evt_{time.monotonic_ns()}"
    signature = webhook_signature.sign(secret, id_, int(at), body)
    return {"webhook-id": id_, "webhook-timestamp": str(int(at)), "webhook-signature": signature}


class TestSecret:
    @pytest.mark.parametrize("secret", ["", "key\n", "a\x00b", "x" * 8_001])
    async def test_that_is_none_is_refused_under_any_name(self, give, see, secret):
        """
        A slip in copying is said when it is given, not when the first call fails.
        """
        with pytest.raises(UnfitSecret):
            await give(secret, name="api_key")

        assert (await see()).secret_names == []

    async def test_has_one_of_twenty_names(self, give):
        """
        A processor is no store of secrets.
        """
        for number in range(MOST_NAMES):
            await give("x", name=f"name_{number}")
        await give("y", name="name_0")
        with pytest.raises(TooManySecrets):
            await give("x", name="one_more")


class TestRemovedSecret:
    async def test_is_gone(self, house, give, see, row):
        """
        With the one before it, and with what was known of it.
        """
        await give("one", name="api_key")
        await give("two", name="api_key")
        signing = await give()
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            await registration.remove_secret(tx, house.ctx, held, "api_key", actor=ADMIN)
        found = await see()

        assert processor_secrets.named(house.ctx, found) == {"signing": (signing,)}
        assert (found.secret_names, list(found.secret_facts), found.secrets_end_at) == (["signing"], ["signing"], None)

    async def test_that_an_active_processor_needs_stays(self, house):
        """
        A webhook without its secret could neither sign nor be believed; once it is paused, the secret may go.
        """
        async with counting() as server:
            processor = await register(house, server)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, processor.id)
            with pytest.raises(SecretNeeded):
                await registration.remove_secret(tx, house.ctx, held, "signing", actor=ADMIN)
            await registration.add_secret(tx, house.ctx, held, "x", name="spare")
            await registration.remove_secret(tx, house.ctx, held, "spare", actor=ADMIN)
            await registration.change(tx, house.ctx, held, {"state": "paused"})
            await registration.remove_secret(tx, house.ctx, held, "signing", actor=ADMIN)
            assert held.secrets_sealed is None

    async def test_that_never_was_is_said_so(self, house, row):
        """
        Nothing to forget is no success.
        """
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            with pytest.raises(UnknownSecret):
                await registration.remove_secret(tx, house.ctx, held, "signing", actor=ADMIN)


class TestHistory:
    async def test_says_who_set_what_and_when(self, house, give, see):
        """
        By reference, so that a person can be found by those who may, and named by nobody else.
        """
        other = Actor("admin", "77777777-6666-4666-8666-666666666666")
        await give()
        await give(actor=other, overlap=HOUR)
        (said,) = processor_secrets.facts(await see())

        assert (said["name"], said["set_by_role"], said["set_by"]) == ("signing", "admin", other.ref)
        assert abs(said["set_at"] - now()) < timedelta(minutes=1)
        assert abs(said["previous_until"] - now() - HOUR) < timedelta(minutes=1)

    async def test_stands_in_a_chain_that_verifies(self, house, give, row):
        """
        Set, replaced, over, removed: in the audit chain under the processor's id, which the controller's export and the
        checkpoints hold as every other.
        """
        await give()
        await give(overlap=HOUR)
        await processor_secrets.end_overlaps(house.ctx, at=now() + 2 * HOUR)
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            await registration.remove_secret(tx, house.ctx, held, "signing", actor=ADMIN)
        async with house.tx(CONTROLLER) as tx:
            exported = list(await evidence.export_of_controller(tx, CONTROLLER))
        entries = await chain_of(house, row)

        assert entries.pop(0).step == "processor:registered"
        assert [one.step for one in entries] == ["secret:set", "secret:set", "secret:ended", "secret:removed"]
        assert [one.actor_ref for one in entries] == [ADMIN.ref, ADMIN.ref, "insyn", ADMIN.ref]
        assert all(one.facts["name"] == "signing" for one in entries)
        assert verify_export(exported).is_sound
        assert str(row.id) in "".join(exported)

    async def test_takes_any_name_a_secret_may_have(self, house, give, row):
        """
        A name of many digits is no fact for a chain; the act is written down all the same.
        """
        await give("x", name="k_19800101_9804")

        assert [one.facts["name"] for one in (await chain_of(house, row))[1:]] == ["unprintable"]


class TestSettings:
    async def test_with_a_secret_are_refused_wherever_they_come_from(self, house, row):
        """
        When it is registered, when it is changed: nothing of it is stored.
        """
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(SecretInSettings):
                await registration.register(tx, house.ctx, CONTROLLER, new("other", settings={"api_key": "x"}))
            held = await registration.hold(tx, row.id)
            with pytest.raises(SecretInSettings):
                await registration.change(tx, house.ctx, held, {"settings": {"token": "x"}})
            await registration.change(tx, house.ctx, held, {"settings": {"token_url": "https://a.example.com"}})


class TestMasterKey:
    def test_knows_every_place_where_keys_lie(self):
        """
        A column of wrapped keys that the rotation does not know would be lost with the old master key.
        """
        found = {
            (table.name, column.name)
            for table in METADATA.sorted_tables
            for column in table.columns
            if isinstance(column.type, LargeBinary)
            and ("wrapped" in column.name or column.name.endswith("_key"))
            and column.name != "subject_key"  # a blind index, not a key
        }

        assert found == {(place.table, place.wrapped) for place in PLACES}

    async def test_that_was_changed_wraps_every_key_anew_and_the_old_one_may_go(self, house, give, row):
        """
        Processors and cases, half keys as whole ones; what they sealed opens as before, and without the old master key.
        """
        secret = await give()
        request_id = await house.file(CONTROLLER, "access")
        one, two = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
        old = house.ctx.settings.master_key.get_secret_value().removeprefix("1:")
        both = on_keys(house.ctx, f"1:{old},2:{two}")
        done = await rewrapping.rewrap(both)
        again = await rewrapping.rewrap(both)
        only_new = on_keys(house.ctx, f"2:{two},index:{old}")
        async with house.tx(CONTROLLER) as tx:
            held = await registration.hold(tx, row.id)
            opened = registration.secrets_of(only_new, held)
            with pytest.raises(Unreadable) as refused:
                registration.secrets_of(on_keys(house.ctx, f"1:{one}"), held)
        house.ctx = only_new
        seen = await house.letters(request_id)

        assert (opened, refused.value.reason) == ([secret], Reason.UNKNOWN_KEY)
        assert done.done["processor"] > 1
        assert done.done["request"] >= 1
        assert (sum(again.done.values()), done.left, again.left) == (0, {}, {})
        assert seen == {} or all(seen.values())

    async def test_is_changed_from_the_command_line(self, house, row):
        """
        ``insyn rewrap``: what was done, table by table, and whether the old key may go.
        """
        old = house.ctx.settings.master_key.get_secret_value().removeprefix("1:")
        two = base64.b64encode(os.urandom(32)).decode()
        variables = {
            "INSYN_DATABASE_URL": house.db.app_dsn,
            "INSYN_SANDBOX": "1",
            "INSYN_SANDBOX_ON_THIS_DATABASE": "1",
            "INSYN_DATA_DIR": str(house.ctx.settings.data_dir),
            "INSYN_MASTER_KEY": f"1:{old},2:{two}",
        }
        ended = [
            await asyncio.to_thread(insyn, variables | more) for more in ({}, {}, {"INSYN_MASTER_KEY": f"1:{old}"})
        ]
        count = len(await house.sql("SELECT FROM processor"))

        assert [one.returncode for one in ended] == [0, 0, 1]
        assert f"processor: {count} wrapped anew" in ended[0].stdout
        assert "processor: 0 wrapped anew" in ended[1].stdout
        assert f"processor: {count} LEFT" in ended[2].stdout
        assert not any(key in one.stdout + one.stderr for key in (old, two) for one in ended)

    async def test_that_is_not_set_leaves_its_keys_and_says_how_many(self, house, row):
        """
        Nothing is lost by asking too early: what cannot be opened stays as it is, and is counted.
        """
        before = await house.sql("SELECT id, wrapped_key FROM processor ORDER BY id")
        seven = base64.b64encode(os.urandom(32)).decode()
        found = await rewrapping.rewrap(on_keys(house.ctx, f"7:{seven},index:{seven}"))

        assert found.left["processor"] == len(before)
        assert await house.sql("SELECT id, wrapped_key FROM processor ORDER BY id") == before


def on_keys(ctx, text):
    return dataclasses.replace(ctx, vault=Vault(MasterKeys.from_settings(text=text)))


def insyn(variables):
    command = [sys.executable, "-m", "app", "rewrap"]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False
    )
