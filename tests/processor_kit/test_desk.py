"""The desk by itself: who is let in, what lies there, what it does with a bad form, and that it forgets nothing."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.domain import webhook_signature
from processor_kit.desk import Misconfigured, Wishes, furnish, open_desk
from processor_kit.desk.__main__ import main
from processor_kit.desk._sessions import MOST_GUESSES, PAUSE_SECONDS, Sessions, TooManyGuesses
from processor_kit.desk._store import Store
from tests.harness.house import eventually
from tests.processor_kit.desk_world import PASSWORD, Clerk, a_desk, furnished
from tests.processor_kit.receiver import Receiver, a_receiver

ROWS = json.dumps([{"email": "anna@example.org"}])


@pytest.fixture
async def insyn() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        yield receiver


@pytest.fixture
async def clerk(insyn: Receiver, tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Clerk]:
    async with a_desk(tmp_path / "guard", unused_tcp_port, insyn=insyn.url) as clerk:
        yield clerk


def message(insyn: Receiver, action: str = "export", **changed: Any) -> tuple[str, dict[str, Any]]:
    id = str(uuid4())
    data = {
        "task_id": id,
        "reference": "INS-2026-7K2M9QXA",
        "controller": "westra",
        "action": action,
        "data_categories": ["contact", "visits"],
        "identifiers": [{"type": "email", "value": "anna@example.org", "format": "rfc5321"}],
        "details": {},
        "answer_by": "2026-12-08",
        "callback_url": f"{insyn.url}/v1/callbacks/x",
    }
    return id, {"type": "task.requested", "timestamp": "2026-11-22T08:15:00Z", "data": data | changed}


async def put(clerk: Clerk, said: dict[str, Any], *, secret: str | None = None) -> httpx.Response:
    body, id, stamp = json.dumps(said).encode(), said["data"]["task_id"], int(time.time())
    signature = webhook_signature.sign(secret or clerk.config.secrets[0], id, stamp, body)
    headers = {"webhook-id": id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
    return await clerk.client.post("/insyn", content=body, headers=headers | {"idempotency-key": id})


class TestTheDoor:
    @pytest.mark.parametrize("path", ["/", "/?saved=1", "/?lang=en"])
    async def test_shows_nothing_without_the_password(self, clerk: Clerk, insyn: Receiver, path: str) -> None:
        """Never open: not one word of a task before the login."""
        await put(clerk, message(insyn)[1])
        async with httpx.AsyncClient(base_url=clerk.config.public_url, trust_env=False) as stranger:
            page = await stranger.get(path)

        assert "anna@example.org" not in page.text
        assert 'type="password"' in page.text

    async def test_takes_no_answer_without_the_password(self, clerk: Clerk, insyn: Receiver) -> None:
        id, said = message(insyn)
        await put(clerk, said)
        async with httpx.AsyncClient(base_url=clerk.config.public_url, trust_env=False) as stranger:
            answer = await stranger.post(f"/tasks/{id}", data={"outcome": "not_found"})

        assert answer.status_code == 403
        assert await clerk.waiting() == [id]

    async def test_takes_no_answer_from_another_page(self, clerk: Clerk, insyn: Receiver) -> None:
        """A form without this session's word, or from another origin (cross-site request forgery)."""
        id, said = message(insyn)
        await put(clerk, said)
        without = await clerk.client.post(f"/tasks/{id}", data={"outcome": "not_found", "form": "å"})
        elsewhere = await clerk.client.post(f"/tasks/{id}", data={}, headers={"origin": "https://evil.example"})

        assert (without.status_code, elsewhere.status_code) == (403, 403)
        assert await clerk.waiting() == [id]

    async def test_is_a_strict_cookie_and_pages_without_scripts(self, clerk: Clerk) -> None:
        answer = await clerk.log_in()
        page = await clerk.client.get("/")

        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=strict" in answer.headers["set-cookie"]
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "<script" not in page.text
        assert page.headers["cache-control"] == "no-store"

    async def test_lets_nobody_in_with_a_wrong_password(self, clerk: Clerk) -> None:
        assert (await clerk.log_in("fel")).status_code == 403

    def test_pauses_for_whoever_guesses(self) -> None:
        """A handful of guesses, then half a minute in which the right one does not help either."""
        at = [0.0]
        sessions = Sessions(PASSWORD, clock=lambda: at[0])
        for _ in range(MOST_GUESSES):
            assert sessions.log_in("fel") is None
        with pytest.raises(TooManyGuesses):
            sessions.log_in(PASSWORD)
        at[0] += PAUSE_SECONDS

        assert sessions.log_in(PASSWORD)

    async def test_closes_behind_whoever_logs_out(self, clerk: Clerk) -> None:
        await clerk.client.post("/logout")

        assert 'type="password"' in await clerk.page()

    @pytest.mark.parametrize(("language", "word"), [("sv", "Att besvara"), ("en", "To be answered")])
    async def test_speaks_both_languages(self, clerk: Clerk, language: str, word: str) -> None:
        page = (await clerk.client.get(f"/?lang={language}")).text

        assert word in page
        assert f'<html lang="{language}">' in page


class TestTheStart:
    @pytest.mark.parametrize(
        "changed",
        [
            {"public_url": "http://desk.example"},
            {"insyn": ()},
            {"insyn": ("http://insyn.example",)},
            {"certificate": Path("only.pem")},
        ],
    )
    def test_is_refused_where_something_would_go_in_the_clear(self, tmp_path: Path, changed: dict[str, Any]) -> None:
        wishes = Wishes(folder=tmp_path, public_url="https://desk.example", insyn=("https://insyn.example",))
        with pytest.raises(Misconfigured):
            furnish(replace(wishes, **changed))

    def test_is_refused_with_a_short_password(self, tmp_path: Path) -> None:
        (tmp_path / "p").write_text("kort\n")
        wishes = Wishes(folder=tmp_path, public_url="https://d.example", insyn=("https://i.example",))
        with pytest.raises(Misconfigured):
            furnish(replace(wishes, password_file=tmp_path / "p"))

    def test_is_refused_beyond_this_machine_without_tls(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        said = main(["--data", str(tmp_path), "--insyn", "https://insyn.example", "--host", "0.0.0.0"])  # noqa: S104

        assert said == 2
        assert "--tls-certificate" in capsys.readouterr().err

    def test_makes_secrets_that_only_its_user_reads_and_keeps_them(self, tmp_path: Path) -> None:
        wishes = Wishes(folder=tmp_path / "d", public_url="https://d.example", insyn=("https://i.example",))
        first, told = furnish(wishes)
        second, _ = furnish(wishes)
        modes = {file.name: oct(file.stat().st_mode)[-2:] for file in (tmp_path / "d").iterdir()}

        assert (first.secrets, first.token, first.signer.chain) == (
            second.secrets,
            second.token,
            second.signer.chain,
        )
        assert first.password != second.password
        assert set(modes.values()) == {"00"}
        assert first.secrets[0] not in "".join(told)
        assert first.token not in "".join(told)

    async def test_of_a_second_desk_in_the_same_folder_is_refused(self, clerk: Clerk) -> None:
        with pytest.raises(Misconfigured):
            async with open_desk(clerk.config):
                pytest.fail("two desks in one folder")


class TestATask:
    async def test_lies_on_the_desk_once(self, clerk: Clerk, insyn: Receiver) -> None:
        """The contract: 202, and the same id again is the same task."""
        id, said = message(insyn)
        answers = [await put(clerk, said) for _ in range(3)]

        assert {one.status_code for one in answers} == {202}
        assert await clerk.waiting() == [id]

    async def test_is_shown_as_text_and_never_as_markup(self, clerk: Clerk, insyn: Receiver) -> None:
        """Whatever a person wrote in a request is only ever text on the page."""
        said = message(insyn, details={"text": "<script>alert(1)</script>"}, reference='"><img src=x>')[1]
        await put(clerk, said)
        page = await clerk.page()

        assert "<script>" not in page
        assert "<img" not in page

    async def test_with_a_strange_callback_address_is_refused(self, clerk: Clerk, insyn: Receiver) -> None:
        """The desk calls the Insyn it was told of and nobody else (SSRF)."""
        said = message(insyn, callback_url="http://127.0.0.1:1/v1/callbacks/x")[1]

        assert (await put(clerk, said)).status_code == 400

    async def test_of_another_action_under_a_known_id_is_refused(self, clerk: Clerk, insyn: Receiver) -> None:
        id, said = message(insyn)
        await put(clerk, said)
        other = message(insyn, "erase", task_id=id)[1]

        assert (await put(clerk, other)).status_code == 409

    async def test_that_has_been_answered_gives_its_outcome(self, clerk: Clerk, insyn: Receiver) -> None:
        id, said = message(insyn)
        await put(clerk, said)
        await clerk.answer(id, "not_found")
        again = await put(clerk, said)

        assert (again.status_code, again.json()["outcome"]) == (200, "not_found")


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("action", "outcome", "fields", "word"),
        [
            ("export", "completed", {}, "En kopia som är klar"),
            ("export", "completed", {"rows_0": "[1]"}, "varken JSON"),
            ("export", "completed", {"rows_0": "{}"}, "varken JSON"),
            ("export", "completed", {"rows_0": "a,b\n1,2,3"}, "varken JSON"),
            ("erase", "refused", {}, "Skriv med egna ord"),
            ("erase", "retained", {}, "lagens kod"),
            ("erase", "completed", {"law_0": "BFL_7_2"}, "lagens kod"),
            ("review_decision", "completed", {}, "Skriv med egna ord"),
            ("erase", "perhaps", {}, "Välj vad det blev"),
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
