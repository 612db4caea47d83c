"""The story as it is told: its chapters, and what it says where one fails. `make demo ONCE=1` plays all of it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.bootstrap import root
from app.domain.case_clock import Alarm
from app.letters.kinds import KINDS
from sandbox.caller import CallFailed
from sandbox.chapters import words
from sandbox.chapters.stage import STAFF, Stage, StoryFailed, what_became
from sandbox.people import BY_ID
from sandbox.story import CHAPTERS, Chapter, tell_story
from sandbox.tour import left_to_staff

DAY = "2026-11-26T09:00:00+01:00"
MOST_LINES = 400


@asynccontextmanager
async def clock_and_tokens() -> AsyncIterator[str]:
    """A server that has a clock and gives tokens, and nothing else."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"access_token": "t", "now": DAY}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n")
        writer.write(f"content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def told(chapter: Chapter, folder: Path) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    async with clock_and_tokens() as url:
        await tell_story(
            url,
            folder,
            folder,
            begin=lambda number, title: lines.append((str(number), title)),
            tell=lambda day, sentence: lines.append((day, sentence)),
            chapters=[chapter],
        )
    return lines


class TestChapters:
    def test_are_the_eight_in_their_order(self) -> None:
        """What jumps years comes last, or it would take the others' case files away."""
        order = [chapter.play.__module__.rpartition(".")[2] for chapter in CHAPTERS]

        assert order[-2:] == ["bookkeeping", "epilogue"]
        assert sorted(order[:-2]) == ["ex_partner", "extended", "forwarded", "mixed", "protected", "refused"]

    def test_have_titles_that_tell_them_apart(self) -> None:
        assert len({chapter.title for chapter in CHAPTERS}) == len(CHAPTERS)

    @pytest.mark.parametrize("path", sorted((root() / "sandbox" / "chapters").glob("*.py")), ids=lambda path: path.stem)
    def test_go_through_the_public_api_only(self, path: Path) -> None:
        """No chapter reaches behind the API into the service's rooms."""
        text = path.read_text("utf-8")

        assert "from app" not in text
        assert "import app" not in text
        assert len(text.splitlines()) < MOST_LINES

    def test_are_played_by_people_there_are(self) -> None:
        for chapter in CHAPTERS:
            names = vars(sys.modules[chapter.play.__module__])
            assert {names[one] for one in ("WHO", "HE", "SHE") if one in names} <= set(BY_ID)


class TestNarration:
    async def test_has_the_day_of_the_movable_clock_at_its_left(self, tmp_path: Path) -> None:
        async def play(stage: Stage) -> None:
            await stage.say("Anna asks.")

        assert await told(Chapter("Once", play), tmp_path) == [("1", "Once"), ("2026-11-26", "Anna asks.")]

    async def test_stops_with_what_should_have_been(self, tmp_path: Path) -> None:
        async def play(stage: Stage) -> None:
            await stage.say("Anna asks.")
            stage.must(False, "Anna should be answered")

        with pytest.raises(StoryFailed, match="2026-11-26: Anna should be answered"):
            await told(Chapter("Once", play), tmp_path)

    async def test_takes_another_no_than_the_expected_one_for_a_failure(self, tmp_path: Path) -> None:
        answer = httpx.Response(404, json={"type": "/problems/unknown-request", "detail": "There is no such request."})

        async def play(stage: Stage) -> None:
            await stage.refused(answer, 422, "evidence-needed")

        with pytest.raises(StoryFailed, match="evidence-needed expected, not 404"):
            await told(Chapter("Once", play), tmp_path)

    def test_says_of_no_category_that_it_was_left_open(self) -> None:
        assert what_became({"fate": "keep_until", "law": "BFL_7_2", "until": "2031-12-31"}).endswith("2031-12-31")
        with pytest.raises(StoryFailed):
            what_became({"fate": "undecided"})


class TestStaff:
    def test_are_different_people(self) -> None:
        """Four eyes are of two people: no two names share a subject."""
        assert len({wanted["sub"] for wanted in STAFF.values()}) == len(STAFF)

    def test_say_of_the_contract_only_where_it_is_asked(self) -> None:
        """An erasure plan is not argued with: staff answer its questions and leave the rest as proposed."""

        def plan(**planned: object) -> dict[str, object]:
            return {"steps": [{"categories": [{"id": "contact", "planned": planned}]}]}

        assert left_to_staff(plan(fate="erase_now", asks=["public_steps"])) == {"facts": {}, "categories": []}
        assert left_to_staff(plan(fate="undecided", asks=["contract"])) == {
            "facts": {"contract": "active"},
            "categories": [],
        }
        (said,) = left_to_staff(plan(fate="undecided", asks=["necessity"]))["categories"]
        assert (said["category"], said["verdict"], said["ground"]) == ("contact", "erase", "not_necessary")


def test_story_names_its_failure_like_any_other_call() -> None:
    """So that the demo says one readable line, whatever failed."""
    assert issubclass(StoryFailed, CallFailed)


def test_story_has_words_for_every_alarm_and_letter() -> None:
    """What is told is plain English: no code is read aloud."""
    assert set(words.ALARMS) == set(Alarm)
    assert words.alarms_in_words(["due_in_5", "overdue"]) == "five working days are left and the answer is late"
    assert {key: kind.en for key, kind in KINDS.items() if kind.to_person} == words.LETTERS
    assert words.letters_in_words(["fulfilment", "fulfilment"]) == "'The answer to your request'"
