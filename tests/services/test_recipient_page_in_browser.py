"""
The recipient's page in a real browser, with the keyboard alone and without scripts: from the mail's link to the thanks.

Whoever sees it does so once a year: an accountant, a union's clerk. (WCAG 2.2 AA, by number where a rule is meant.)
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from app.domain.fanout import Action
from app.domain.recipient_page import MOST_TRIES
from tests.harness.browser import Binary, Browser, Page, a_browser, contrast
from tests.harness.house import eventually
from tests.harness.mail_server import a_mail_server
from tests.services.mailed import a_world, code_in, register

pytestmark = pytest.mark.browser

SV = {
    "ask": "Skicka en kod", "code": "Kod ur mejlet, åtta siffror", "open": "Öppna", "again": "Skicka en ny kod",
    "done": "Det är gjort", "partly": "Det är delvis gjort", "all": "Vi måste spara allt, enligt lag",
    "none": "Vi har inga uppgifter om personen", "no": "Vi gör det inte",
    "message": "Förklaring", "category": "Vilka uppgifter", "law": "Enligt vilken lag",
    "until": "Till och med vilken dag", "check": "Gå vidare", "send": "Ja, skicka svaret", "back": "Nej, tillbaka",
    "about": "Filen innehåller", "file": "Fil", "hand in": "Lämna filen", "leave": "Stäng sidan",
    "other": "In English", "thanks": "Tack, svaret har kommit fram", "task": "Radera uppgifterna om personen",
}  # fmt: skip
EN = {
    "ask": "Send a code", "code": "Code from the mail, eight digits", "open": "Open", "done": "It is done",
    "check": "Continue", "send": "Yes, send the answer", "other": "På svenska",
    "thanks": "Thank you, your answer has arrived", "task": "Erase the data about the person",
}  # fmt: skip
NARROW = (360, 320)  #: a small telephone; and 1280 pixels at 400 % (1.4.10)
LONG = "a" * 120
#: Every colour of text with the colour behind it, and of every field's frame with what it stands on.
COLOURS = """
(() => {
  const rgb = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const seen = one => { const c = rgb(one); return c.length < 4 || c[3] > 0; };
  const behind = one => { for (let at = one; at; at = at.parentElement) {
    const c = getComputedStyle(at).backgroundColor; if (seen(c)) return rgb(c); } return [255, 255, 255]; };
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const style = getComputedStyle(one);
    if (!one.getClientRects().length) continue;
    const says = [...one.childNodes].some(part => part.nodeType === 3 && part.textContent.trim());
    if (says) found.push(['text', one.textContent.trim().slice(0, 40), rgb(style.color), behind(one)]);
    if (['INPUT', 'SELECT', 'TEXTAREA'].includes(one.tagName) && one.type !== 'hidden' && one.type !== 'radio')
      found.push(['frame', one.name, rgb(style.borderTopColor), behind(one.parentElement)]);
  }
  return found;
})()
"""
#: How the focus is shown: how wide, in which colour, on what; and whether what has it is on the screen.
FOCUS = """
(() => {
  const one = document.activeElement, style = getComputedStyle(one), at = one.getBoundingClientRect();
  return {shown: one.matches(':focus-visible') && style.outlineStyle !== 'none', width: parseFloat(style.outlineWidth),
          colour: style.outlineColor.match(/[0-9.]+/g).map(Number), inside: at.top >= 0 && at.bottom <= innerHeight};
})()
"""


@pytest.fixture
async def box():
    async with a_mail_server() as box:
        yield box


@pytest.fixture
async def world(street, tmp_path, box):
    async with a_world(street, tmp_path, box) as world, world.house.working():
        yield world


@pytest.fixture(scope="session")
async def browser(browser_binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with a_browser(browser_binary, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
async def visitor(browser):
    """A tab; what the browser holds against any page it saw is the test's failure, and so is any other address."""
    async with browser.visitor() as page:
        yield page
        assert page.complaints == []
        assert {re.sub(r"^(https?://[^/]+/p/|data:image/svg).*", r"\1", one) for one in page.requests} <= {
            f"{page.home}/p/",
            "data:image/svg",  # the browser's own sign in a field for a day
        }


async def link_in(world: Any, path: str) -> str:
    """The page's address as the mail has it."""
    mail = next(one for one in world.box.messages if path in one.get_content())
    found = re.search(r"https?://\S+/p/\S+", mail.get_content())
    assert found is not None
    return found[0]


async def arrive(world: Any, visitor: Page, path: str) -> None:
    """Follow the link of the mail."""
    visitor.home = world.url
    await visitor.open(await link_in(world, path))


async def come_in(world: Any, visitor: Page, words: dict[str, str] = SV) -> None:
    """Ask for a code, read it from the mailbox, type it."""
    before = len(world.box.messages)
    await visitor.follow(words["ask"])
    code = await eventually(lambda: code_in(world.box.messages[before:]))
    assert await visitor.focused() == words["code"], "one types at once"
    await visitor.write(code)
    await visitor.follow(words["open"])


@asynccontextmanager
async def inside(world: Any, visitor: Page, action: Action = Action.ERASE, **more: Any) -> AsyncIterator[Any]:
    """A visitor before the task itself."""
    task_id, path = await world.mailed(await register(world.house, **more), action)
    await arrive(world, visitor, path)
    await come_in(world, visitor)
    yield task_id


async def choose(visitor: Page, words: Sequence[str], number: int) -> None:
    """Choose one of the answers by its place, as keys do it: Tab to the group, arrows within."""
    await visitor.tab_to(*words)
    await visitor.press("Space")
    for _ in words:
        if await visitor.focused() == words[number]:
            break
        await visitor.press("ArrowDown")
    assert await visitor.look("document.activeElement.checked")
    assert await visitor.focused() == words[number]


ANSWERS = [SV[one] for one in ("done", "partly", "none", "all", "no")]


class TestWay:
    @pytest.mark.parametrize("words", [SV, EN], ids=["Swedish", "English"])
    async def test_leads_from_the_mail_to_the_thanks_by_keyboard(self, world, visitor, words):
        """2.1.1: link, code, task, answer, looked at once more, sent. And it is what the case then knows."""
        task_id, path = await world.mailed(await register(world.house))
        await arrive(world, visitor, path)
        if words is EN:
            await visitor.follow("In English")
        await come_in(world, visitor, words)
        assert words["task"] in await visitor.text()
        await visitor.tab_to(words["done"])
        await visitor.press("Space")
        await visitor.follow(words["check"])
        assert (await world.task(task_id)).state == "accepted"
        await visitor.follow(words["send"])

        assert words["thanks"] in await visitor.text()
        assert await visitor.look("document.documentElement.lang") == ("en" if words is EN else "sv")
        assert ((await world.task(task_id)).state, visitor.statuses[-1]) == ("closed", 200)

    async def test_has_an_answer_for_whoever_must_keep_something(self, world, visitor):
        """What is kept, by which law, until when: asked only of who says so, and shown before it counts."""
        async with inside(world, visitor) as task_id:
            assert SV["law"] not in await visitor.names("combobox")
            await choose(visitor, ANSWERS, 3)
            await visitor.tab_to(SV["category"])
            await visitor.press("ArrowDown")
            await visitor.tab_to(SV["law"])
            await visitor.write("Bok")
            await visitor.press("Tab")
            await visitor.write("12312033")
            assert await visitor.look("document.getElementById('until').value") == "2033-12-31"
            await visitor.follow(SV["check"])
            shown = await visitor.text()
            await visitor.follow(SV["send"])

        for one in (SV["all"], "Kontaktuppgifter", "Bokföringslagen", "31 december 2033"):
            assert one in shown
        assert (await world.task(task_id)).state == "needs_person"

    async def test_loses_nothing_on_the_way_back(self, world, visitor):
        """What was typed is there still after a no to "is this right?", and after an error."""
        async with inside(world, visitor):
            await choose(visitor, ANSWERS, 4)
            await visitor.tab_to(SV["message"])
            await visitor.write("Vi är ansvariga själva.")
            await visitor.follow(SV["check"])
            await visitor.follow(SV["back"])

            assert await visitor.look("document.getElementById('message').value") == "Vi är ansvariga själva."
            assert await visitor.look("document.querySelector('[name=outcome]:checked').value") == "refused"

    async def test_is_closed_by_its_button(self, world, visitor):
        """The page says that it is closed, in the language it was in, and shows nothing more."""
        async with inside(world, visitor):
            await visitor.follow(SV["leave"])

            said = await visitor.text()
        assert "Sidan är stängd" in said
        assert SV["task"] not in said

    async def test_leads_back_from_the_history(self, world, visitor):
        """An address that a form led to, opened again, is the page and not a message for machines."""
        async with inside(world, visitor):
            await visitor.open(await visitor.look("location.href.split('?')[0]") + "/answer")

            assert SV["task"] in await visitor.text()

    @pytest.mark.parametrize(
        ("language", "words"),
        [("sv", ("Sidan finns inte", "kontakta företaget")), ("en", ("There is no such page", "contact the company"))],
    )
    async def test_ends_where_the_address_is_over(self, world, visitor, language, words):
        """A sentence and what to do, in the browser's language: which task it was is not known any more."""
        await visitor.speak(language)
        _, path = await world.mailed(await register(world.house))
        await world.pass_time(timedelta(days=150))
        await arrive(world, visitor, path)

        said = await visitor.text()
        assert [one for one in words if one not in said] == []
        assert visitor.statuses == [404]


class TestError:
    """3.3.1, 3.3.3, 4.1.3: said in words, beside the field, read out with it; one stands in the field already."""

    async def said_at(self, visitor: Page, name: str, words: str) -> None:
        (field,) = [one for one in await visitor.tree() if one.get("focused") and one["role"] != "RootWebArea"]
        assert field["name"] == name
        assert words in field["description"]
        assert field["invalid"] == "true"
        assert [one["role"] for one in await visitor.tree()].count("alert") == 1
        assert str(await visitor.look("document.title")).startswith("Fel: ")
        alert = "document.querySelector('[role=alert]').getBoundingClientRect()"
        assert await visitor.look(f"{alert}.top >= 0 && {alert}.bottom <= innerHeight"), "it is on the screen"

    async def test_of_a_wrong_code_five_times(self, world, visitor, box):
        """Then the right one opens nothing either, and a new one is a button away."""
        _, path = await world.mailed(await register(world.house))
        await arrive(world, visitor, path)
        before = len(box.messages)
        await visitor.follow(SV["ask"])
        code = await eventually(lambda: code_in(box.messages[before:]))
        wrong = f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}"
        for typed in [wrong] * MOST_TRIES + [code]:
            await visitor.tab_to(SV["code"])
            await visitor.write(typed)
            await visitor.follow(SV["open"])
            await self.said_at(visitor, SV["code"], "Koden stämmer inte")
        assert set(visitor.statuses[2:]) == {403}

        before = len(box.messages)
        await visitor.follow(SV["again"])
        await visitor.write(await eventually(lambda: code_in(box.messages[before:])))
        await visitor.follow(SV["open"])
        assert SV["task"] in await visitor.text()

    async def test_of_an_answer_that_lacks_something(self, world, visitor):
        """One thing after the other, each where it is missing."""
        async with inside(world, visitor):
            await choose(visitor, ANSWERS, 1)
            await visitor.follow(SV["check"])
            await self.said_at(visitor, SV["message"], "Skriv en förklaring")
            await choose(visitor, ANSWERS, 3)
            await visitor.follow(SV["check"])
            await self.said_at(visitor, SV["category"], "Ange vilka uppgifter")
            await visitor.press("ArrowDown")
            await visitor.follow(SV["check"])
            await self.said_at(visitor, SV["law"], "Ange enligt vilken lag")
            await visitor.write("Bok")
            await visitor.follow(SV["check"])
            await self.said_at(visitor, SV["until"], "Ange till och med vilken dag")

    @pytest.mark.parametrize("megabytes", [11, 40])
    async def test_of_a_file_that_is_too_large(self, world, visitor, tmp_path, megabytes):
        """A page that says so, not a connection that broke: however much of it the browser still had to send."""
        large = a_file(tmp_path, "stor.csv", b"namn;ort\n" * (megabytes * 10**6 // 9))
        async with inside(world, visitor, Action.EXPORT):
            await visitor.choose_file(SV["file"], large)
            await visitor.follow(SV["hand in"])
            await self.said_at(visitor, SV["file"], "större än 10 MB")


class TestFile:
    async def test_is_handed_in_and_listed(self, world, visitor, tmp_path):
        """A long name breaks no page; the answer follows it."""
        rows = a_file(tmp_path, f"{LONG}.csv", "namn;ort\nAnna;Umeå\n".encode())
        async with inside(world, visitor, Action.EXPORT) as task_id:
            await visitor.choose_file(SV["file"], rows)
            await visitor.follow(SV["hand in"])
            said = await visitor.text()
            await visitor.show(width=NARROW[0])
            assert await visitor.sideways() == 0
            await choose(visitor, [one for one in ANSWERS if one != SV["all"]], 0)
            await visitor.follow(SV["check"])
            await visitor.follow(SV["send"])

        assert ("Filen är mottagen." in said, LONG in said) == (True, True)
        assert SV["thanks"] in await visitor.text()
        assert (await world.task(task_id)).state == "needs_person", "nobody scans here, so staff look at it"


class TestPage:
    async def test_is_gone_through_in_its_order_with_the_focus_in_sight(self, world, visitor):
        """2.4.3, 2.4.7, 2.4.11, 1.4.11: from the top to the bottom, and one sees where one is."""
        async with inside(world, visitor, Action.EXPORT):
            await visitor.show(width=NARROW[0], height=640)
            order = [SV[one] for one in ("other", "about", "file", "hand in", "done", "message", "check", "leave")]
            for name in order:
                await visitor.press("Tab")
                focus = await visitor.look(FOCUS)

                assert await visitor.focused() == name
                assert (focus["shown"], focus["inside"]) == (True, True), name
                assert focus["width"] >= 2
                assert contrast(focus["colour"], (255, 255, 255)) >= 3
            await visitor.press("Tab", shift=True)
            assert await visitor.focused() == SV["check"]

    async def test_names_every_field_as_one_reads_it(self, world, visitor):
        """1.3.1, 3.3.2, 4.1.2: what a screen reader says is what stands there; the answers are one group."""
        async with inside(world, visitor):
            await choose(visitor, ANSWERS, 3)
            tree = await visitor.tree()

        fields = {one["name"] for one in tree if one["role"] in ("textbox", "combobox", "Date")}
        assert fields == {SV[one] for one in ("message", "category", "law", "until")}
        assert [one["name"] for one in tree if one["role"] == "radio"] == ANSWERS
        assert "Ert svar" in {one["name"] for one in tree if one["role"] in ("radiogroup", "group")}
        assert [one["level"] for one in tree if one["role"] == "heading"] == [1, 2, 2, 2, 2]
        assert not [one for one in tree if one["role"] in ("button", "link", "radio") and not one["name"]]

    async def test_says_in_which_language_the_other_is(self, world, visitor):
        """3.1.2: a screen reader reads "In English" in English."""
        _, path = await world.mailed(await register(world.house))
        await arrive(world, visitor, path)

        assert await visitor.look("[document.documentElement.lang, document.querySelector('a').lang]") == ["sv", "en"]

    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    async def test_can_be_read_on_a_narrow_screen_in_any_light(self, world, visitor, dark):
        """1.4.3, 1.4.10, 1.4.11: no scrolling sideways, 4.5 for text and 3 for frames, also where dark is wished."""

        async def looks_well() -> None:
            for width in NARROW:
                await visitor.show(width=width, dark=dark)
                assert await visitor.sideways() == 0, width
            for what, name, one, behind in await visitor.look(COLOURS):
                assert contrast(one, behind) >= (4.5 if what == "text" else 3), name

        _, path = await world.mailed(await register(world.house))
        await arrive(world, visitor, path)
        await looks_well()
        await come_in(world, visitor)
        await looks_well()
        await choose(visitor, ANSWERS, 3)
        await looks_well()
        await visitor.follow(SV["check"])
        await looks_well()
        await choose(visitor, ANSWERS, 4)
        await visitor.tab_to(SV["message"])
        await visitor.write(LONG)
        await visitor.follow(SV["check"])
        await looks_well()
        await visitor.follow(SV["send"])
        await looks_well()

    async def test_is_printed_as_what_is_to_be_done(self, world, visitor):
        """For whoever goes to the archive with it: the task, and no buttons."""
        async with inside(world, visitor):
            paper = PdfReader(BytesIO(await visitor.printed()))

        (sheet,) = [one.extract_text() for one in paper.pages]
        for one in (SV["task"], "anna.lindqvist@example.org", "Kontaktuppgifter", "11 december 2026"):
            assert one in sheet
        assert not [one for one in (SV["check"], SV["leave"], SV["message"], SV["other"]) if one in sheet]


def a_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
