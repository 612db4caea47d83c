"""
Recipients by mail: the mail says nothing of anybody, goes out once, is reminded of, and a failure is a person's.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta

import pytest

from app.bootstrap import root
from app.domain.fanout import Action
from app.services import registration, tasks, undelivered
from sandbox.people import BY_ID
from sandbox.recipient_desk import Reply
from tests.domain.test_bounces import report
from tests.harness.house import AGENT, eventually
from tests.harness.mail_server import a_mail_server
from tests.services.lane_world import CONTROLLER
from tests.services.mailed import ADDRESS, SENDER, a_world, register


@pytest.fixture
async def box():
    async with a_mail_server() as box:
        yield box


@pytest.fixture
async def world(street, tmp_path, box):
    async with a_world(street, tmp_path, box) as world:
        yield world


class TestRegistration:
    async def test_is_connected_by_an_address_and_by_nothing_else(self, world):
        """
        No endpoint and no secret; how it is asked follows from the kind, whatever was said.
        """
        row = await register(world.house)

        assert (row.state, row.answer_mode, row.idempotency) == ("active", "poll", "yes")

    @pytest.mark.parametrize(
        "settings",
        [
            {"address": ""},
            {"address": "a@example.org, b@example.org"},
            {"language": "de"},
            {"reminder_days": [0]},
            {"reminder_days": "7"},
            {"reminder_days": [True]},
            {"remind_days_before": -1},
        ],
    )
    async def test_with_settings_that_cannot_be_used_is_not_connected(self, world, settings):
        """
        An unconnected recipient's tasks go to a person.
        """
        with pytest.raises(registration.NotConnectable):
            await register(world.house, **settings)

    async def test_takes_the_days_as_a_profile_writes_them(self, world):
        """Numbers, or texts of digits."""
        assert (await register(world.house, reminder_days=["3", "5"])).state == "active"


class TestMail:
    async def test_says_who_asks_until_when_and_where_and_nothing_of_anybody(self, world, box):
        """
        Task number, controller, day and link; not a word about the person, not in a header either.
        """
        async with world.house.working():
            _, path = await world.mailed(await register(world.house))
        (message,) = box.messages
        person = BY_ID["anna-lindqvist"]
        whole = box.arrived[0].decode().lower() + message.get_content().lower()

        assert message["to"] == ADDRESS
        assert f"{world.url}{path}" in message.get_content()
        assert "westra" in message.get_content().lower()
        assert "svara senast" in message.get_content().lower()
        assert "radera" not in whole
        assert not [value for _, value in person.identifiers if value.lower() in whole]
        assert not [one for one in person.name.lower().split() if one in whole]

    async def test_is_marked_as_sent_by_a_machine_and_can_be_told_again(self, world, box):
        """
        RFC 3834, 5322: no holiday notice answers it, and it has one id for ever.
        """
        async with world.house.working():
            await world.mailed(await register(world.house))
        (message,) = box.messages
        (mail,) = await world.house.sql("SELECT id FROM outgoing_mail")

        assert message["auto-submitted"] == "auto-generated"
        assert message["message-id"] == f"<{mail['id']}@insyn.example>"
        assert box.envelopes[0][0] == SENDER

    async def test_comes_in_the_recipients_language(self, world, box):
        """Whatever the person's is."""
        async with world.house.working():
            await world.mailed(await register(world.house, language="en"))

        assert "Answer by" in box.messages[0].get_content()
        assert box.messages[0]["content-language"] == "en"

    async def test_is_accepted_and_never_completed(self, world):
        """
        That a mail went out does nothing to anybody's data.
        """
        async with world.house.working():
            task_id, _ = await world.mailed(await register(world.house))
            await eventually(lambda: self._is_noted(world, task_id))
        task = await world.task(task_id)

        assert (task.state, task.outcome, task.closed_at) == ("accepted", None, None)

    @staticmethod
    async def _is_noted(world, task_id):
        return "task:sent" in await world.steps(task_id)

    async def test_without_a_mail_server_is_a_persons_at_once(self, street, tmp_path, box):
        """
        Nobody waits for a mail that cannot go out.
        """
        async with a_world(street, tmp_path, box, smtp_host=None, smtp_sender=None) as world:
            processor = await register(world.house)
            task_id = await world.ask(processor)
            async with world.house.working():
                task = await world.until(task_id, "needs_person")
            mails = await world.house.sql("SELECT 1 FROM outgoing_mail")

        assert task.attention == "failed"
        assert mails == []

    async def test_waits_while_somebody_says_it_was_not_me(self, world, box):
        """
        A stopped request asks nobody for anything; it goes out when that is settled.
        """
        task_id = await world.ask(await register(world.house))
        request_id = (await world.task(task_id)).request_id
        async with world.house.working():
            box.to_message = "451 later"
            await world.until(task_id, "accepted")
            await world.house.sql(
                "UPDATE request SET stopped_at = now(), stopped_by = 'somebody' WHERE id = $1", request_id
            )
            box.to_message = None
            await world.house.sql("UPDATE outgoing_mail SET next_at = now(), attempts = 1")
            await eventually(lambda: self._waits(world))

            assert box.arrived == []

            await world.house.sql(
                "UPDATE request SET stop_verdict = 'genuine', stop_settled_by = 'another', stop_settled_at = now()"
                " WHERE id = $1",
                request_id,
            )
            await world.house.sql("UPDATE outgoing_mail SET next_at = now()")
            await eventually(lambda: box.arrived)

    @staticmethod
    async def _waits(world):
        (mail,) = await world.house.sql(
            "SELECT state, attempts, next_at > now() + interval '30 minutes' AS later FROM outgoing_mail"
        )
        return tuple(mail) == ("waiting", 1, True)


class TestReminders:
    async def test_come_by_the_days_and_stop_with_the_answer(self, world, box):
        """
        T+7, T+14; each tells the same and opens the same page; whoever has answered is left alone.
        """
        processor = await register(world.house)
        async with world.house.working():
            task_id, path = await world.mailed(processor)
            for number in (2, 3):
                await world.pass_time(timedelta(days=7, minutes=1), processor)
                await eventually(lambda number=number: len(box.messages) == number)
                await world.until(task_id, "accepted")
            await world.desk.answer(path, Reply())
            closed = await world.until(task_id, "closed")
            told = len(box.messages)
            await world.pass_time(timedelta(days=7, minutes=1), processor)
            await eventually(lambda: self._is_swept(world))
        subjects = [str(one["subject"]) for one in box.messages]

        assert [one.startswith("Påminnelse") for one in subjects[:3]] == [False, True, True]
        assert all(path in one.get_content() for one in box.messages[:3])
        assert closed.closed_by == "page"
        assert len(box.messages) == told
        assert (await world.steps(task_id)).count("task:reminded") == 2

    @staticmethod
    async def _is_swept(world):
        found = await world.house.sql("SELECT 1 FROM task WHERE state IN ('open', 'accepted') AND next_at <= now()")
        return not found

    async def test_are_followed_by_a_person_on_the_day(self, world):
        """
        Who stays silent until the answer is due is gone after by a person.
        """
        processor = await register(world.house)
        async with world.house.working():
            task_id, _ = await world.mailed(processor)
            days = (await world.task(task_id)).answer_by - (await self._today(world))
            await world.pass_time(days + timedelta(days=2))
            task = await world.until(task_id, "needs_person")

        assert task.attention == "silent"

    @staticmethod
    async def _today(world):
        async with world.house.tx(CONTROLLER) as tx:
            return world.house.ctx.today(CONTROLLER, tx.now)


class TestFailure:
    async def test_refused_for_good_is_a_persons(self, world, box):
        """
        550: the mailbox is not there, so nobody will read it.
        """
        box.to_recipient = "550 no such mailbox"
        task_id = await world.ask(await register(world.house))
        async with world.house.working():
            task = await world.until(task_id, "needs_person")

        assert task.attention == "delivery_failed"
        assert "task:mail_failed" in await world.steps(task_id)

    async def test_reported_later_is_a_persons_too_and_once(self, world, box):
        """
        A bounce is matched by our own Message-ID; the same one again changes nothing.
        """
        async with world.house.working():
            task_id, _ = await world.mailed(await register(world.house))
            await eventually(lambda: self._is_sent(world))
            raw = report(original=f"Message-ID: {box.messages[0]['message-id']}\n")
            for _ in range(2):
                async with world.house.tx(CONTROLLER) as tx:
                    assert await undelivered.bounced(tx, raw)
            task = await world.until(task_id, "needs_person")

        assert task.attention == "delivery_failed"
        assert (await world.steps(task_id)).count("task:mail_failed") == 1

    @staticmethod
    async def _is_sent(world):
        return await world.house.sql("SELECT 1 FROM outgoing_mail WHERE state = 'sent'")

    async def test_of_another_tenant_is_not_there(self, world, box):
        """
        Whoever reports for one controller cannot touch another's.
        """
        async with world.house.working():
            task_id, _ = await world.mailed(await register(world.house))
            await eventually(lambda: self._is_sent(world))
        raw = report(original=f"Message-ID: {box.messages[0]['message-id']}\n")
        async with world.house.tx("securitas") as tx:
            assert not await undelivered.bounced(tx, raw)

        assert (await world.task(task_id)).state == "accepted"

    async def test_comes_back_to_a_path_of_its_own(self, street, tmp_path, box):
        """
        VERP: with an address for failures each mail's return path names the mail.
        """
        async with a_world(street, tmp_path, box, smtp_bounces="bounces@insyn.example") as world:
            async with world.house.working():
                await world.mailed(await register(world.house))
            (mail,) = await world.house.sql("SELECT id FROM outgoing_mail")

        assert box.envelopes[0][0] == f"bounces+{mail['id']}@insyn.example"

    async def test_can_be_tried_again_at_another_address(self, world, box):
        """
        Staff correct the address and send once more; the page is the same.
        """
        box.to_recipient = "550 no such mailbox"
        processor = await register(world.house)
        task_id = await world.ask(processor)
        async with world.house.working():
            await world.until(task_id, "needs_person")
            box.to_recipient = None
            for changed in ({"settings": {"address": "ny@leverantor.example"}}, {"state": "active"}):
                async with world.house.tx(CONTROLLER) as tx:
                    row = await registration.hold(tx, processor.id)
                    await registration.change(tx, world.house.ctx, row, changed)
            async with world.house.tx(CONTROLLER) as tx:
                await tasks.retry(tx, world.house.ctx, task_id, actor=AGENT)
            await eventually(lambda: box.messages)

        assert box.messages[0]["to"] == "ny@leverantor.example"
        assert world.path(task_id) in box.messages[0].get_content()


WORKER = """
import asyncio, json, sys
from app import bootstrap
from app.settings import Settings
from app.worker import Worker

async def main():
    chosen = Settings()
    house = bootstrap.build(chosen)
    print("up", flush=True)
    await Worker(house.ctx, url=house.url, postman=bootstrap.make_postman(chosen)).run(asyncio.Event())

asyncio.run(main())
"""


class TestKilledWorker:
    async def test_leaves_one_mail_for_each_task(self, street, tmp_path, box):
        """
        kill -9 again and again while tasks are mailed: each is mailed, and none under two ids.

        What was handed over to the mail server when the process died may arrive again as the very same message
        (RFC 5321, 4.5.4.1): nothing a sender does can rule that out, and its Message-ID tells.
        """
        async with a_world(street, tmp_path, box, lane_lease_seconds=1.0) as world:
            processor = await register(world.house)
            ids = [await world.ask(processor, action) for action in (Action.ERASE, Action.EXPORT) * 6]
            box.slow = 0.2  # a mail that arrived is not yet known to have: the worst moment there is
            for _ in range(3):
                before, worker = len(box.arrived), await self._start(world, street)
                await eventually(lambda before=before: len(box.arrived) > before)
                os.killpg(worker.pid, signal.SIGKILL)
                await worker.wait()
            box.slow = 0.0
            async with world.house.working():
                for one in ids:
                    await world.until(one, "accepted")
                await eventually(lambda: self._all_sent(world, len(ids)))
            assert len(box.arrived) > len(ids)  # some did arrive twice, or the workers died too early
            by_task = {
                one: {str(m["message-id"]) for m in box.messages if world.path(one) in m.get_content()} for one in ids
            }

        assert {len(found) for found in by_task.values()} == {1}

    @staticmethod
    async def _all_sent(world, count):
        sent = await world.house.sql("SELECT state FROM outgoing_mail")
        return [row["state"] for row in sent] == ["sent"] * count

    @staticmethod
    async def _start(world, street):
        chosen = world.house.ctx.settings
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INSYN_")},
            "INSYN_SANDBOX": "1",
            "INSYN_SANDBOX_ON_THIS_DATABASE": "1",
            "INSYN_DATABASE_URL": world.house.db.app_dsn,
            "INSYN_DATA_DIR": str(chosen.data_dir),
            "INSYN_MASTER_KEY": street.master_key,
            "INSYN_PUBLIC_URL": street.url,
            "INSYN_SWEEP_SECONDS": "0.5",
            "INSYN_LANE_LEASE_SECONDS": "1.0",
            "INSYN_SMTP_HOST": "127.0.0.1",
            "INSYN_SMTP_PORT": str(chosen.smtp_port),
            "INSYN_SMTP_SECURITY": "none",
            "INSYN_SMTP_SENDER": SENDER,
            "INSYN_SMTP_TIMEOUT_SECONDS": "1.0",
            "INSYN_SMTP_SENDERS": json.dumps({}),
        }
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WORKER,
            cwd=root(),
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
