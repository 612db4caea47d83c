"""
A processor that has left: removed, disconnected, or led to another place while something was in its hands.

Nothing it says counts any more, by whichever way it says it (GDPR Art. 28(3)(a), (g), Art. 32).
"""

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.domain.fanout import Action
from app.repositories import registry
from app.services import callback_files, registration, tasks
from app.services.callbacks import CallbackOver, UnknownCallback
from app.services.lanes import Lanes
from tests.harness.house import ADMIN, AGENT, House
from tests.harness.mail_server import MailServer, a_mail_server
from tests.services.lane_world import CONTROLLER, Counting, counting, put_on_lane, register, rows
from tests.services.mailed import World, a_world, form_of
from tests.services.mailed import register as register_by_mail
from tests.services.street import Street
from tests.services.test_callbacks import DONE, STARTED, Caller

ELSEWHERE = "https://elsewhere.example.org/insyn"
COPY = DONE | {"records": [{"category": "contact", "rows": [{"name": "zq-forged"}]}]}


async def change(house: House, processor: Any, **changes: Any) -> None:
    async with house.tx(CONTROLLER) as tx:
        held = await registration.hold(tx, processor.id)
        await registration.change(tx, house.ctx, held, changes, actor=ADMIN)


async def remove(house: House, processor: Any) -> None:
    async with house.tx(CONTROLLER) as tx:
        await registration.remove(tx, await registration.hold(tx, processor.id), actor=ADMIN)


@pytest.fixture
async def server() -> AsyncIterator[Counting]:
    async with counting() as server:
        yield server


@pytest.fixture
async def caller(house: House, server: Counting) -> Caller:
    """A processor that has taken a task and will call back about it."""
    server.answer = (STARTED, 202)
    processor = await register(house, server, answer_mode="callback")
    (secret,) = registration.secrets_of(house.ctx, processor)
    caller = Caller(house, processor, secret, await put_on_lane(house, processor, 1))
    await drain(house, processor)
    return caller


async def drain(house: House, processor: Any) -> None:
    lanes = Lanes(house.ctx)
    try:
        await lanes.drain(CONTROLLER, processor.id)
    finally:
        await lanes.aclose()


async def send_file(caller: Caller) -> None:
    """One file about the first task, as a processor's own system sends it."""
    task_id = caller.task_ids[0]
    content = base64.b64encode(b"a;b\n1;2\n").decode()
    data = {"task_id": str(task_id), "category": "contact", "name": "x.csv", "content": content}
    body = json.dumps({"type": "task.file", "timestamp": "2026-03-02T10:00:00Z", "data": data}).encode()
    async with caller.house.tx(CONTROLLER) as tx:
        await callback_files.read(
            tx, caller.house.ctx, caller.token(task_id), headers=caller.signed(body, event="evt_file"), body=body,
            wall_clock=time.time(),
        )  # fmt: skip


class TestRemovedProcessor:
    async def test_closes_no_task_and_brings_no_records(self, house: House, caller: Caller) -> None:
        """Its signature is as good as ever, and nobody asks it any more: 404, and nothing is written."""
        await remove(house, caller.processor)
        before = await caller.trace()
        for said in (DONE, COPY, STARTED, {"outcome": "not_found"}):
            with pytest.raises(UnknownCallback):
                await caller.call(said, event=f"evt_{said['outcome']}")

        assert await caller.trace() == before
        assert before[:2] == ("needs_person", None)

    async def test_hands_in_no_file(self, house: House, caller: Caller) -> None:
        """Nor is it told which of its files are here."""
        await house.sql("UPDATE task SET action = 'export' WHERE id = $1", caller.task_ids[0])
        await send_file(caller)  # as long as it is there it may
        await remove(house, caller.processor)
        with pytest.raises(UnknownCallback):
            await send_file(caller)
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(UnknownCallback):
                await callback_files.task_of(
                    tx, house.ctx, caller.token(caller.task_ids[0]), headers=caller.signed(b"", event="evt_q"),
                    wall_clock=time.time(),
                )  # fmt: skip

    async def test_hands_in_no_file_that_was_being_scanned(self, house: House, caller: Caller) -> None:
        """It was there when the file came, and gone when the scanner had answered."""
        await house.sql("UPDATE task SET action = 'export' WHERE id = $1", caller.task_ids[0])
        sent = callback_files.SentFile(
            task_id=caller.task_ids[0], event_id="evt_file", category="contact", name="x.csv", content=b"a;b\n1;2\n"
        )
        upload = callback_files.Upload(content=sent.content, name="x.csv", media_type="text/csv", scan="clean")
        await remove(house, caller.processor)
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(UnknownCallback):
                await callback_files.keep(tx, house.ctx, sent, upload)

        assert await house.sql("SELECT 1 FROM task_file") == []

    async def test_does_not_end_the_call_that_was_under_way(self, house: House, server: Counting) -> None:
        """Its answer is noted with the attempt; what it means for the person somebody says who has looked."""
        processor = await register(house, server)
        ids = await put_on_lane(house, processor, 1)
        server.work = lambda: remove(house, processor)
        await drain(house, processor)
        (task,) = await rows(house, ids)
        (attempt,) = await house.sql("SELECT outcome FROM attempt")

        assert (task.state, task.attention, task.outcome) == ("needs_person", "processor_removed", None)
        assert (task.answer_sealed, attempt["outcome"]) == (None, "completed")

    async def test_is_let_go_of_in_the_cases_of_people_who_must_not_be_found_too(
        self, house: House, caller: Caller
    ) -> None:
        """The administrator may not see them; what was in the processor's hands there is a person's all the same."""
        await house.sql("UPDATE request SET protected = true")
        async with house.ctx.database.transaction([CONTROLLER], sees_protected=False) as tx:
            await registration.remove(tx, await registration.hold(tx, caller.processor.id), actor=ADMIN)

        assert ((await caller.task()).state, (await caller.task()).attention) == ("needs_person", "processor_removed")


class TestDisconnectedProcessor:
    async def test_is_not_heard_until_it_is_connected_again(self, house: House, caller: Caller) -> None:
        """Whoever was switched off is a stranger; nothing that came meanwhile has used its event up."""
        await change(house, caller.processor, state="unconnected")
        before = await caller.trace()
        with pytest.raises(UnknownCallback):
            await caller.call(DONE)
        assert await caller.trace() == before
        await change(house, caller.processor, state="active")

        assert await caller.call(DONE) is True


class TestPausedProcessor:
    async def test_is_heard_about_what_it_was_sent_before(self, house: House, caller: Caller) -> None:
        """A pause holds back what goes out; an answer to what went out before is an answer."""
        await change(house, caller.processor, state="paused")

        assert await caller.call(DONE) is True


class TestProcessorOfAnotherKind:
    async def test_does_not_call_back_with_a_signature(self, house: House, caller: Caller) -> None:
        """A secret of that name is something else there, and its answers are fetched, not taken."""
        await house.sql("UPDATE processor SET kind = 'rest' WHERE id = $1", caller.processor.id)
        with pytest.raises(UnknownCallback):
            await caller.call(DONE)

    async def test_does_not_become_one_that_does_with_the_secret_it_had(self, house: House, caller: Caller) -> None:
        """What was called so was told to the one that was called with it."""
        await house.sql("UPDATE processor SET kind = 'rest' WHERE id = $1", caller.processor.id)
        await change(house, caller.processor, kind="webhook")
        async with house.tx(CONTROLLER) as tx:
            row = await registry.processor(tx, caller.processor.id)

        assert row is not None
        assert (row.state, row.secret_names) == ("unconnected", [])


class TestProcessorThatIsLedElsewhere:
    async def test_leaves_what_it_was_at_to_a_person(self, house: House, server: Counting, caller: Caller) -> None:
        """Whoever is there now was not asked, and is not asked what became of another's work."""
        async with counting() as other:
            await change(house, caller.processor, endpoint=other.url)
            await change(house, caller.processor, state="active")
            await house.sql("UPDATE task SET next_at = now() - interval '1 minute' WHERE next_at IS NOT NULL")
            await drain(house, caller.processor)
        task = await caller.task()

        assert (task.state, task.attention, task.poll_url) == ("needs_person", "processor_moved", None)
        assert (other.heard, other.looked_at, server.looked_at) == ([], [], [])

    async def test_ends_no_task_that_it_was_sent(self, house: House, caller: Caller) -> None:
        """The secret that signs is the same; the task was taken back, until somebody sends it to the place of now."""
        async with counting() as other:
            other.answer = (STARTED, 202)
            await change(house, caller.processor, endpoint=other.url)
            await change(house, caller.processor, state="active")
            with pytest.raises(CallbackOver):
                await caller.call(DONE)
            async with house.tx(CONTROLLER) as tx:
                await tasks.retry(tx, house.ctx, caller.task_ids[0], actor=AGENT)
            await drain(house, caller.processor)

            assert len(other.heard) == 1
        assert await caller.call(DONE, event="evt_after") is True

    async def test_has_its_files_in_nobody_elses_answer(self, house: House, caller: Caller) -> None:
        """GDPR Art. 5(1)(d): they came before the place of now was asked; a person looks at both."""
        (task_id,) = caller.task_ids
        await house.sql("UPDATE task SET action = 'export' WHERE id = $1", task_id)
        content = b"a;b\nzq-before;2\n"
        sent = callback_files.SentFile(
            task_id=task_id, event_id="evt_file", category="contact", name="x.csv", content=content
        )
        upload = callback_files.Upload(content=content, name="x.csv", media_type="text/csv", scan="clean")
        async with house.tx(CONTROLLER) as tx:
            assert await callback_files.keep(tx, house.ctx, sent, upload)
        async with counting() as other:
            await change(house, caller.processor, endpoint=other.url)
            await change(house, caller.processor, state="active")
            async with house.tx(CONTROLLER) as tx:
                await tasks.retry(tx, house.ctx, task_id, actor=AGENT)
            await drain(house, caller.processor)
        task = await caller.task()

        assert len(other.heard) == 1
        assert (task.state, task.attention) == ("needs_person", "files_to_review")

    async def test_does_not_end_the_call_that_was_under_way(self, house: House, server: Counting) -> None:
        """What the place before said last is noted, and no answer of the one that is registered now."""
        processor = await register(house, server)
        ids = await put_on_lane(house, processor, 1)
        server.work = lambda: change(house, processor, endpoint=ELSEWHERE)
        await drain(house, processor)
        (task,) = await rows(house, ids)

        assert (task.state, task.attention, task.outcome) == ("needs_person", "processor_moved", None)

    @pytest.mark.parametrize("state", ["needs_person", "open"])
    async def test_is_not_heard_of_what_had_gone_out_and_waits(self, house: House, caller: Caller, state: str) -> None:
        """Silent so far, or perhaps done: its late word would be the word of somebody who is not asked any more."""
        await house.sql(
            "UPDATE task SET state = $1, attention = $2, ask_first = $3, next_at = $4",
            state, *(("silent", False, None) if state == "needs_person" else (None, True, caller.processor.updated_at)),
        )  # fmt: skip
        await change(house, caller.processor, endpoint=ELSEWHERE)
        await change(house, caller.processor, state="active")
        task = await caller.task()

        assert (task.state, task.attention, task.ask_first) == ("needs_person", "processor_moved", False)
        with pytest.raises(CallbackOver):
            await caller.call(DONE)

    async def test_has_what_it_found_taken_for_nobody_elses(self, house: House, server: Counting) -> None:
        """GDPR Art. 5(1)(d): the number of a record in one place is somebody else's in the other."""
        processor = await register(house, server)
        await change(house, processor, state="paused")
        ids = await put_on_lane(house, processor, 1)
        await house.sql("UPDATE task SET attempts = 1, progress_sealed = 'found there'")
        async with counting() as other:
            await change(house, processor, endpoint=other.url)
        (task,) = await rows(house, ids)

        assert (task.state, task.progress_sealed) == ("open", None)

    async def test_takes_along_what_was_never_sent(self, house: House, server: Counting) -> None:
        """It waits for whoever is switched on, and goes there as any new task does."""
        processor = await register(house, server)
        await change(house, processor, state="paused")
        ids = await put_on_lane(house, processor, 1)
        async with counting() as other:
            await change(house, processor, endpoint=other.url)
            await change(house, processor, state="active")
            await drain(house, processor)
        (task,) = await rows(house, ids)

        assert (len(server.heard), len(other.heard), task.outcome) == (0, 1, "completed")

    async def test_by_its_path_alone_is_where_it_was(self, house: House, caller: Caller) -> None:
        """The same host and the same secrets: what it is at goes on."""
        await change(house, caller.processor, endpoint=f"{caller.processor.endpoint}/v2")

        assert await caller.call(DONE) is True


class TestRecipientByMail:
    @pytest.fixture
    async def box(self) -> AsyncIterator[MailServer]:
        async with a_mail_server() as box:
            yield box

    @pytest.fixture
    async def world(self, street: Street, tmp_path: Any, box: MailServer) -> AsyncIterator[World]:
        async with a_world(street, tmp_path, box) as world, world.house.working():
            yield world

    async def test_of_another_address_shuts_out_who_was_in(self, world: World) -> None:
        """The page was opened from the mailbox of before; within its hour it shows and takes nothing any more."""
        processor = await register_by_mail(world.house)
        task_id, path = await world.mailed(processor, Action.ERASE)
        async with world.browser() as client:
            form = await world.enter(client, path)
            await change(world.house, processor, settings={"address": "new@elsewhere.example.org"})
            meanwhile = await client.get(path)
            await change(world.house, processor, state="active")
            page = await client.get(path)
            answered = await client.post(f"{path}/answer", data={"form": form, "outcome": "completed", "sure": "1"})

        assert (meanwhile.status_code, "Radera" in page.text, answered.status_code) == (404, False, 403)
        assert (await world.task(task_id)).state == "needs_person"

    async def test_of_another_address_takes_no_code_that_went_to_the_one_before(self, world: World) -> None:
        """A code shows that somebody reads the registered mailbox, and it is another one by now."""
        processor = await register_by_mail(world.house)
        _, path = await world.mailed(processor, Action.ERASE)
        async with world.browser() as client:
            code = await world.code(client, path)
            await change(world.house, processor, settings={"address": "new@elsewhere.example.org"})
            await change(world.house, processor, state="active")
            tried = await client.post(f"{path}/session", data={"code": code})

        assert (tried.status_code, "Radera" in tried.text) == (403, False)

    @pytest.mark.parametrize("how", ["removed", "unconnected"])
    async def test_that_has_left_finds_no_page(self, world: World, how: str) -> None:
        """Like an address that never was, for whoever is in as well."""
        processor = await register_by_mail(world.house)
        _, path = await world.mailed(processor, Action.ERASE)
        async with world.browser() as client:
            form = await world.enter(client, path)
            assert form == form_of(await client.get(path))
            await (remove(world.house, processor) if how == "removed" else change(world.house, processor, state=how))
            seen = [(await client.get(path)).status_code, (await client.post(f"{path}/code")).status_code]

        assert seen == [404, 404]
