"""The desk by itself: who is let in, what lies there, what it does with a bad form, and that it forgets nothing."""

import asyncio
import json
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.recipient_laws import LAW_NAMES
from app.domain.recipient_page import LAWS
from app.letters import words as letter_words
from processor_kit.desk import Misconfigured, Wishes, _names, furnish, open_desk
from processor_kit.desk.__main__ import main
from processor_kit.desk._sessions import MOST_GUESSES, PAUSE_SECONDS, Sessions, TooManyGuesses
from tests.processor_kit.desk_world import PASSWORD, Clerk, message, put
from tests.processor_kit.receiver import Receiver

ROWS = json.dumps([{"email": "anna@example.org"}])


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

    def test_on_a_taken_port_names_the_option_and_gives_nothing_away(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One line, exit 2; no password for a page that does not open, and no folder."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            said = main(["--data", str(tmp_path / "d"), "--insyn", "http://127.0.0.1:1", "--port", port])

        heard = capsys.readouterr()
        line = f"The desk does not start: Port {port} on 127.0.0.1 is taken: choose another with --port.\n"
        assert (said, heard.out, heard.err) == (2, "", line)
        assert not (tmp_path / "d").exists()

    async def test_beside_another_desk_gives_nothing_away(
        self, clerk: Clerk, capsys: pytest.CaptureFixture[str], unused_tcp_port_factory: Callable[[], int]
    ) -> None:
        arguments = ["--data", str(clerk.config.folder), "--insyn", "http://127.0.0.1:1"]
        said = await asyncio.to_thread(main, [*arguments, "--port", str(unused_tcp_port_factory())])

        heard = capsys.readouterr()
        assert (said, heard.out) == (2, "")
        assert heard.err == "The desk does not start: Another desk works in this folder.\n"

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


class TestTheNames:
    def test_speak_of_every_law_and_identifier_that_letters_speak_of(self) -> None:
        """A law that can be kept by has a name, and no name is of a law that cannot; nobody is known by a bare code."""
        assert set(LAW_NAMES) == LAWS
        assert set(letter_words.IDENTIFIERS) <= set(_names.IDENTIFIERS)


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

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("sv", ["kundnummer: c-10001", "larmhistorik", "Bokföringslagen 7 kap. 2 §", "8 december 2026", "Ingen"]),
            ("en", ["customer number: c-10001", "alarm history", "Bookkeeping Act", "8 December 2026", "None"]),
        ],
    )
    async def test_is_shown_in_words_and_not_in_codes(
        self, clerk: Clerk, insyn: Receiver, language: str, words: list[str]
    ) -> None:
        """Whoever answers does this once a year: what a code stands for is said."""
        who = [{"type": "customer_number", "value": "c-10001", "format": "text"}]
        await put(clerk, message(insyn, "erase", identifiers=who, data_categories=["alarm_history", "contact"])[1])
        shown = re.sub(r'(name|value)="[^"]*"', "", (await clerk.client.get(f"/?lang={language}")).text)

        assert [word for word in words if word not in shown] == []
        assert [code for code in ("customer_number", "alarm_history", "BFL_7_2") if code in shown] == []

    @pytest.mark.parametrize(
        ("language", "said"), [("sv", ("Till och med", "6 mars 2027")), ("en", ("Until", "6 March"))]
    )
    async def test_to_hold_deletion_says_until_when(
        self, clerk: Clerk, insyn: Receiver, language: str, said: tuple[str, str]
    ) -> None:
        """R15-11: the day in words, and no answer that makes no sense for it."""
        await put(clerk, message(insyn, "freeze", details={"until": "2027-03-06"})[1])
        page = (await clerk.client.get(f"/?lang={language}")).text

        assert f"<dt>{said[0]}</dt><dd>{said[1]}" in page
        assert 'value="retained"' not in page

    async def test_says_what_to_correct_in_words(self, clerk: Clerk, insyn: Receiver) -> None:
        corrections = [{"field": "email", "value": "ny@example.org"}]
        await put(clerk, message(insyn, "rectify", details={"corrections": corrections})[1])

        assert "<dd>Uppgift: e-postadress; Rätt värde: ny@example.org</dd>" in await clerk.page()

    async def test_of_a_search_offers_no_keeping_by_law(self, clerk: Clerk, insyn: Receiver) -> None:
        await put(clerk, message(insyn, "locate")[1])

        assert 'value="retained"' not in await clerk.page()

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
