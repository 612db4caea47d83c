"""What a person answers at the desk: taken if it makes an answer, delivered whatever happens, forgotten in time."""

import asyncio
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.domain import webhook_signature
from processor_kit.desk._store import Store
from tests.harness.house import eventually
from tests.processor_kit.desk_world import Clerk, furnished, message, put
from tests.processor_kit.receiver import Receiver

ROWS = json.dumps([{"email": "anna@example.org"}])


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("action", "outcome", "fields", "word"),
        [
            ("export", "completed", {}, "En kopia som är klar"),
            ("export", "completed", {"rows_0": "[1]"}, "varken JSON"),
            ("export", "completed", {"rows_0": "{}"}, "varken JSON"),
            ("export", "completed", {"rows_0": "a,b\n1,2,3"}, "varken JSON"),
            ("erase", "refused", {}, "Skriv med egna ord"),
            ("erase", "retained", {}, "en lag och en sista dag"),
            ("erase", "completed", {"law_0": "BFL_7_2"}, "en lag och en sista dag"),
            ("review_decision", "completed", {}, "Skriv med egna ord"),
            ("erase", "perhaps", {}, "Välj vad det blev"),
            ("freeze", "retained", {}, "Välj vad det blev"),
            ("locate", "retained", {}, "Välj vad det blev"),
            ("rectify", "completed_partial", {"reason": "orkar inte"}, "som avtalat"),
            ("locate", "completed", {"found_0": "1", "ended_on": "i fjol"}, "som avtalat"),
        ],
    )
    async def test_that_is_none_is_said_so_and_nothing_is_sent(
        self, clerk: Clerk, insyn: Receiver, action: str, outcome: str, fields: dict[str, str], word: str
    ) -> None:
        """422, the reason in words, the task still open."""
        id, said = message(insyn, action)
        await put(clerk, said)
        answer = await clerk.answer(id, outcome, **fields)

        assert answer.status_code == 422
        assert word in answer.text
        assert (await clerk.waiting(), insyn.heard) == ([id], [])

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("rows.json", ROWS.encode()),
            ("rows.csv", b"email\nanna@example.org\n"),
            ("rows.csv", b"\xef\xbb\xbfemail;ort\r\nanna@example.org;Lund\r\n"),
        ],
    )
    async def test_may_bring_its_rows_in_a_file(self, clerk: Clerk, insyn: Receiver, name: str, content: bytes) -> None:
        """JSON, or CSV as a spreadsheet writes it, Swedish ones too."""
        id, said = message(insyn)
        await put(clerk, said)
        answer = await clerk.answer(id, "completed", files={"file_1": (name, content)})
        await eventually(lambda: insyn.heard)
        (record,) = json.loads(insyn.heard[0][1])["data"]["records"]

        assert answer.status_code == 303
        assert record["category"] == "visits"
        assert record["rows"][0]["email"] == "anna@example.org"

    async def test_with_too_many_rows_is_refused(self, clerk: Clerk, insyn: Receiver) -> None:
        id, said = message(insyn)
        await put(clerk, said)
        many = "email\n" + "a@example.org\n" * 10_001

        assert (await clerk.answer(id, "completed", files={"file_0": ("r.csv", many.encode())})).status_code == 422

    async def test_larger_than_a_form_may_be_is_refused(self, clerk: Clerk, insyn: Receiver) -> None:
        id, said = message(insyn)
        await put(clerk, said)
        big = b"email\n" + b"x" * (4 * 1024 * 1024)

        assert (await clerk.answer(id, "completed", files={"file_0": ("r.csv", big)})).status_code == 413

    async def test_counts_once(self, clerk: Clerk, insyn: Receiver) -> None:
        """Two people with the page open: the first answer stands, the second is told."""
        id, said = message(insyn)
        await put(clerk, said)
        answers = await asyncio.gather(*(clerk.answer(id, "not_found") for _ in range(2)))
        await eventually(lambda: insyn.heard)

        assert sorted(one.headers["location"] for one in answers) == ["/?saved=0", "/?saved=1"]
        assert len(insyn.heard) == 1

    async def test_is_sent_until_it_is_taken_under_one_event(self, clerk: Clerk, insyn: Receiver) -> None:
        """Each attempt is signed anew; the event's id stays, so it counts once."""
        insyn.moods = [503, 500, 422]
        id, said = message(insyn)
        await put(clerk, said)
        await clerk.answer(id, "not_found")
        await eventually(clerk.has_told)

        assert [headers["webhook-id"] for headers, _ in insyn.heard] == [f"evt_{id}"] * 4
        for headers, body in insyn.heard:
            webhook_signature.verify(clerk.config.secrets, headers, body, int(time.time()))

    @pytest.mark.parametrize("final", [404, 410])
    async def test_that_nobody_wants_any_more_is_not_sent_again(
        self, clerk: Clerk, insyn: Receiver, final: int
    ) -> None:
        insyn.moods = [final]
        id, said = message(insyn)
        await put(clerk, said)
        await clerk.answer(id, "not_found")
        store = Store(clerk.config.folder / "desk.sqlite")

        async def noted() -> bool:
            return bool(store.deliveries()[id]["is_over"])

        await eventually(noted)
        store.close()
        assert len(insyn.heard) == 1


class TestKeeping:
    async def test_ends_with_the_days_agreed(self, clerk: Clerk, insyn: Receiver) -> None:
        """What is about somebody goes; that a task was answered, when, and with which word, stays."""
        id, said = message(insyn)
        await put(clerk, said)
        await clerk.answer(id, "completed", rows_0=ROWS)
        await eventually(clerk.has_told)
        store = Store(clerk.config.folder / "desk.sqlite")
        emptied = store.empty(before=datetime.now(UTC) + timedelta(seconds=1))
        task = store.task(id)
        store.close()
        page = await clerk.page()

        assert emptied == 1
        assert task is not None
        assert (task.identifiers, task.outcome) == ([], {"outcome": "completed"})
        assert "anna@example.org" not in page
        assert "borttagna" in page

    async def test_waits_for_an_answer_that_is_still_owed(self, clerk: Clerk, insyn: Receiver) -> None:
        """Until no case can be open any more."""
        insyn.moods = [503] * 10_000
        id, said = message(insyn)
        await put(clerk, said)
        await clerk.answer(id, "not_found")
        store = Store(clerk.config.folder / "desk.sqlite")
        soon = datetime.now(UTC) + timedelta(days=1)

        assert store.empty(before=soon) == 0
        assert store.empty(before=soon + timedelta(days=120)) == 1
        store.close()
        assert "Insyn tar inte längre emot svaret." in await clerk.page()

    async def test_of_a_message_given_up_on_its_way_does_not_take_it_up_again(
        self, clerk: Clerk, insyn: Receiver
    ) -> None:
        """Its words were removed while a try was under way: there is nothing left to send."""
        insyn.moods = [503] * 10_000
        id, said = message(insyn)
        await put(clerk, said)
        await clerk.answer(id, "not_found")
        store = Store(clerk.config.folder / "desk.sqlite")
        delivery = store.deliveries()[id]["id"]
        store.empty(before=datetime.now(UTC) + timedelta(days=121))
        store.note(delivery, status=503, is_over=False, due_at=0)

        assert store.deliveries()[id]["is_over"]
        assert store.owed(at=time.time(), most=10) == []
        store.close()

    async def test_leaves_what_is_still_open(self, clerk: Clerk, insyn: Receiver) -> None:
        await put(clerk, message(insyn)[1])
        store = Store(clerk.config.folder / "desk.sqlite")

        assert store.empty(before=datetime.now(UTC) + timedelta(days=1)) == 0
        store.close()


class TestAKilledDesk:
    async def test_goes_on_where_it_stood(self, insyn: Receiver, tmp_path: Path, unused_tcp_port: int) -> None:
        """
        ``kill -9`` with an answer owed: the task is there, answered, and the next process delivers it.
        """
        config = furnished(tmp_path / "guard", unused_tcp_port, insyn=insyn.url)
        arguments = ["--data", str(config.folder), "--insyn", insyn.url, "--port", str(unused_tcp_port)]
        arguments += ["--password-file", str(tmp_path / "guard" / "password"), "--domain", config.domain]
        command = [sys.executable, "-m", "processor_kit.desk", *arguments]
        insyn.moods = [503] * 1_000
        id, said = message(insyn)
        async with httpx.AsyncClient(base_url=config.public_url, trust_env=False) as client:
            clerk = Clerk(config, client)

            async def alive() -> bool:
                try:
                    return (await client.get("/livez")).status_code == 200
                except httpx.TransportError:
                    return False

            async def told() -> bool:
                return "Insyn har fått svaret." in await clerk.page()

            first = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
            try:
                await eventually(alive)
                await clerk.log_in()
                await put(clerk, said)
                assert (await clerk.answer(id, "not_found")).status_code == 303
                await eventually(lambda: insyn.heard)
            finally:
                os.kill(first.pid, signal.SIGKILL)
                await first.wait()
            insyn.moods = []
            second = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
            try:
                await eventually(alive)
                await clerk.log_in()
                await eventually(told)
            finally:
                second.terminate()
                await second.wait()

        assert json.loads(insyn.heard[-1][1])["data"]["outcome"] == "not_found"
        assert {headers["webhook-id"] for headers, _ in insyn.heard} == {f"evt_{id}"}
