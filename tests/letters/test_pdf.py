"""A letter on paper says what its page says, is the same every time, and lets nothing in it be interpreted."""

import asyncio
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from app.letters import pdf, press
from app.letters.kinds import KINDS
from app.letters.markup import Taken, UnknownMarkup
from app.letters.pdf import BOX, LONGEST_WORD, SHOWN, CannotBeSet, Paper, laid_out, printable
from app.letters.record_facts import BalancingFacts, RecordFacts
from app.letters.render import render
from app.letters.words import LANGUAGES, Language
from tests.letters.page import Page
from tests.letters.some_facts import CLAIM_FOR, CONTROLLER, ON, facts, facts_for

HOSTILE = (
    '#panic("x") #read("/etc/hostname") *b* _i_ $x$ = y @ref <label> `raw` \\u{41} // not a comment',
    "W" * 4000,
    "😀 你好 \U0001f469\u200d\U0001f680",
    "\u202egnirts desrever\u202c \u2066isolate\u2069",
    "Åsa Öberg-Ängström, Łódź, Ελλάδα, Київ, שלום, مرحبا, € § – ”så”",
    "line\u2028line\u0085\x0btab\tend \ufeff\u00ad",
)


def paper(html: str, language: Language = "sv", **changed: Any) -> Paper:
    whole = Paper(html=html, language=language, controller=CONTROLLER.name, reference="INS-2026-ABC234", written_on=ON)
    return replace(whole, **changed)


def paper_of(kind: str, language: Language = "sv", **told: Any) -> Paper:
    return paper(render(kind, language, facts_for(kind, **told)).html, language)


def made(one: Paper) -> bytes:
    """Set here and now; the process of its own is tested apart."""
    return press.set_letter(json.dumps(laid_out(one), ensure_ascii=False).encode())


def text_of(one: bytes) -> str:
    """What a reader finds in it, without line ends and hyphens at them."""
    pages = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(one)).pages)
    return " ".join(re.sub(r"[\u00ad-]\n", "", pages.replace("\u200b", "")).split())


def names_in(value: Any) -> Iterator[str]:
    """Every name in a file's objects; not its bytes, for the file's id is base64 and may spell anything."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from names_in(one)
    elif isinstance(value, str):
        yield value


def words_of(html: str) -> Iterator[str]:
    page = Page(re.sub(r"<(style|title)>.*?</\1>", "", html, flags=re.S))
    yield from (word for word in page.text.split() if len(word) > 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
class TestEveryLetter:
    def test_is_set_and_says_what_its_page_says(self, kind: str, language: Language) -> None:
        """GDPR Art. 12(1): the same answer, whichever way it takes; åäö included."""
        html = render(kind, language, facts_for(kind)).html
        squeezed = re.sub(r"[\s-]", "", text_of(made(paper(html, language))))

        assert [word for word in words_of(html) if re.sub(r"[\s-]", "", word) not in squeezed] == []

    def test_can_be_kept_and_read_aloud(self, kind: str, language: Language) -> None:
        """PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1): tagged, with language and title, fonts inside."""
        reader = PdfReader(io.BytesIO(made(paper_of(kind, language))))
        root = reader.trailer["/Root"]
        said = root["/Metadata"].get_data().decode()

        assert re.search(r"<pdfaid:part>2</pdfaid:part>", said)
        assert re.search(r"<pdfaid:conformance>A</pdfaid:conformance>", said)
        assert re.search(r"<pdfuaid:part>1</pdfuaid:part>", said)
        assert root["/MarkInfo"]["/Marked"]
        assert root["/Lang"].startswith(language)
        assert reader.metadata is not None
        assert "INS-2026-ABC234" in str(reader.metadata.title)

    def test_needs_nothing_from_elsewhere_and_runs_nothing(self, kind: str, language: Language) -> None:
        """No link, no script, no attachment: reading a letter tells nobody."""
        reader = PdfReader(io.BytesIO(made(paper_of(kind, language))))
        names = set(names_in([reader.get_object(number) for number in range(1, len(reader.xref[0]) + 1)]))

        assert "/Catalog" in names
        assert not names & {
            *("/URI", "/JavaScript", "/JS", "/Launch", "/GoToR", "/SubmitForm", "/OpenAction", "/AA"),
            *("/EmbeddedFile", "/EmbeddedFiles", "/AcroForm", "/RichMedia"),
        }


class TestPaper:
    def test_is_the_same_for_the_same_letter(self) -> None:
        """Byte for byte, so that a copy can be shown to be the letter."""
        assert made(paper_of("refusal")) == made(paper_of("refusal"))

    def test_shows_whom_it_goes_to_and_counts_its_pages(self) -> None:
        """For an envelope with a window; page n of m on each, the case number on each."""
        long = facts_for("refusal", claims=(replace(CLAIM_FOR["refusal"], reasons="Vi har tittat på saken. " * 400),))
        html = render("refusal", "sv", long).html
        reader = PdfReader(
            io.BytesIO(made(paper(html, addressee=("Anna Lindqvist", "Storgatan 5", "999 01 Provstad"))))
        )
        pages = [page.extract_text() for page in reader.pages]

        assert len(pages) > 2
        assert "Storgatan 5" in pages[0]
        for number, text in enumerate(pages, start=1):
            assert f"Sida {number} av {len(pages)}" in text
            assert "INS-2026-ABC234" in text

    @pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
    @pytest.mark.parametrize("kind", ["refusal", "fulfilment"])
    def test_sets_a_hostile_text_as_text(self, kind: str, hostile: str) -> None:
        """Whatever somebody typed is shown, never run; it neither stops the press nor runs off the page."""
        claim = replace(CLAIM_FOR[kind], reasons=hostile, purposes=(hostile,), changed=(hostile,))
        html = render(kind, "sv", facts(claim, controller=replace(CONTROLLER, name=hostile[:200]))).html
        text = text_of(made(paper(html, controller=hostile[:200], addressee=(hostile[:80],))))

        assert "panic" not in hostile or '#panic("x") #read("/etc/hostname") *b*' in text
        assert "Om du vill klaga" in text

    def test_leaves_a_list_of_terms_in_its_place(self) -> None:
        """What was weighed stands under its heading, as on the page, and not among the facts of the head."""
        weighed = BalancingFacts(
            interest="Att larmet ska fungera.",
            necessity="Utan dem larmar inget.",
            impact_on_person="Liten.",
            why_overrides="Andra bor där.",
        )
        claim = replace(CLAIM_FOR["refusal"], right="objection", record=RecordFacts(balancing=weighed))
        taken = Taken(render("refusal", "sv", facts(claim)).html)
        text = text_of(made(paper_of("refusal", claims=(claim,))))

        assert taken.facts[0][0][0]["text"] == "Ärendenummer"
        assert "Vårt intresse" not in json.dumps(taken.facts, ensure_ascii=False)
        assert text.index("Så har vi vägt") < text.index("Vårt intresse") < text.index("Andra bor där.")

    def test_says_that_something_could_not_be_printed(self) -> None:
        """A box instead of a picture, and a line that explains it, only where there is one."""
        claim = replace(CLAIM_FOR["refusal"], reasons="Det här är inte roligt 😀 alls.")
        boxed = text_of(made(paper(render("refusal", "sv", facts(claim)).html)))

        assert f"inte roligt {BOX} alls" in boxed
        assert "Tecken som inte går att skriva ut" in boxed
        assert "Tecken som inte" not in text_of(made(paper_of("refusal")))

    def test_can_show_every_character_it_claims(self) -> None:
        """The fonts on board have them all; if another version has not, this tells which letter would not be set."""
        for first, last in SHOWN:
            every = " ".join(chr(one) for one in range(first, last + 1))
            claim = replace(CLAIM_FOR["refusal"], reasons=every)
            assert made(paper(render("refusal", "sv", facts(claim)).html)), (hex(first), hex(last))

    @pytest.mark.parametrize(
        ("said", "printed"),
        [
            ("a\u202eb\u200bc\u00ad", "abc"),
            ("a\x00b", f"a{BOX}b"),
            ("A\u030angstro\u0308m", "Ångström"),
            ("x" * (LONGEST_WORD + 1), "\u200b".join(["x" * 20, "x" * 20, "x"])),
        ],
    )
    def test_prints_what_can_be_read(self, said: str, printed: str) -> None:
        """No marks that turn the reading round, letters in one piece, no word wider than a page."""
        assert printable(said) == printed

    @pytest.mark.parametrize(
        "html",
        [
            "<script>alert(1)</script>",
            "<main><h1>x</h1><img src=x></main>",
            "<main><h1>x</h1><p>a<p>b</p></p></main>",
            "<main><h1>x</h1>loose</main>",
            "<main><p>no heading</p></main>",
            "<main><h1>x</h1><li>loose</li></main>",
            "<main><h1>x</h1><dl><dd>loose</dd></dl></main>",
            "<main><h1>x</h1><dl><dt>a</dt><dd><blockquote>b</blockquote></dd></dl></main>",
            "<main><h1>x</h1><p><code>x</code></p></main>",
            "",
        ],
    )
    def test_is_made_of_our_own_markup_alone(self, html: str) -> None:
        """A closed set of tags: what is not in it stops the letter instead of being dropped."""
        with pytest.raises(UnknownMarkup):
            Taken(html)

    def test_shows_nothing_when_printed_by_a_program(self) -> None:
        """Neither the letter nor the address leaks through a log line."""
        assert "Storgatan" not in repr(paper("<p>hemligt</p>", addressee=("Storgatan",)))
        assert "hemligt" not in repr(paper("<p>hemligt</p>"))


class TestPress:
    async def test_is_a_process_of_its_own(self) -> None:
        """The same letter as set here; nothing of the service's environment goes there."""
        assert await pdf.press(paper_of("receipt")) == made(paper_of("receipt"))

    async def test_does_not_stop_the_others(self) -> None:
        """While letters are set the loop goes on."""
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        made_ones = await asyncio.gather(*(pdf.press(paper_of("receipt")) for _ in range(3)))
        ticking.cancel()

        assert len({*made_ones}) == 1
        assert ticks > 5

    async def test_says_that_it_failed_and_not_why(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A text of the press could quote the letter."""
        monkeypatch.setattr(pdf, "laid_out", lambda _paper: {"hemligt": "x"})

        with pytest.raises(CannotBeSet) as refusal:
            await pdf.press(paper_of("receipt"))
        assert "hemligt" not in f"{refusal.value!r}{refusal.value.__cause__!r}"
