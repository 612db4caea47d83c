"""Letters say what the law demands, in two languages, and nothing that a hostile text makes them say."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from jinja2.exceptions import SecurityError, UndefinedError

from app.letters.environment import TEMPLATES, environment
from app.letters.facts import ClaimFacts, ControllerFacts, LetterFacts
from app.letters.kinds import ALWAYS, KINDS, LetterIncomplete, UnknownLetter
from app.letters.render import Letter, render
from app.letters.words import LANGUAGES, Language, NoWords
from tests.letters.page import Page
from tests.letters.some_facts import (
    CLAIM_FOR,
    CONTROLLER,
    GROUND,
    facts,
    facts_for,
    result,
)

LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
KIND = pytest.mark.parametrize("kind", KINDS)


class TestTheFolders:
    def test_hold_exactly_the_letters_that_are_registered(self) -> None:
        """A letter is one folder and one line; neither goes without the other."""
        folders = {folder.name for folder in TEMPLATES.iterdir() if not folder.name.startswith("_")}

        assert folders == set(KINDS)

    def test_hold_every_letter_in_every_language_and_nothing_else(self) -> None:
        """A person is written to in their language (R12-1)."""
        files = {(kind, file.name) for kind in KINDS for file in (TEMPLATES / kind).iterdir()}

        assert files == {(kind, f"{language}.html.j2") for kind in KINDS for language in LANGUAGES}


def parts_of(letter: Letter) -> list[str | None]:
    return [given["data-part"] for _, given in Page(letter.html).elements if "data-part" in given]


@KIND
@LANGUAGE
class TestEveryLetter:
    def test_renders(self, kind: str, language: Language) -> None:
        """The reference stands in the subject and on the page; the page says which language it is in."""
        letter = render(kind, language, facts_for(kind))
        page = Page(letter.html)

        assert ("html", {"lang": language}) in page.elements
        assert letter.subject in page.text
        assert letter.subject.endswith("(INS-2026-ABC234)")

    def test_names_who_answers_and_who_to_turn_to(self, kind: str, language: Language) -> None:
        """Controller with number, address, contact and data protection officer."""
        text = Page(render(kind, language, facts_for(kind)).html).text

        assert all(said in text for said in vars(CONTROLLER).values())

    def test_needs_nothing_from_elsewhere(self, kind: str, language: Language) -> None:
        """Reading a letter tells nobody, and it reads the same in ten years."""
        page = Page(render(kind, language, facts_for(kind)).html)

        assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object", "form", "a"}
        assert not {name for _, given in page.elements for name in given} & {"src", "href", "style", "onclick"}
        assert "url(" not in page.text
        assert "@import" not in page.text

    def test_has_one_first_heading_and_skips_no_level(self, kind: str, language: Language) -> None:
        """WCAG 1.3.1, 2.4.6."""
        page = Page(render(kind, language, facts_for(kind)).html)
        levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3", "h4")]

        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))

    def test_is_the_same_for_the_same_facts(self, kind: str, language: Language) -> None:
        """What was sent can be shown again, with the hash of its wording."""
        letters = {render(kind, language, facts_for(kind)) for _ in range(2)}

        assert len(letters) == 1

    def test_shows_nothing_when_printed_by_a_program(self, kind: str, language: Language) -> None:
        """Neither a letter nor its facts leak through a log line."""
        letter = render(kind, language, facts_for(kind))

        assert "<html" not in repr(letter)
        assert "Provstad" not in repr(facts_for(kind))

    def test_renders_for_a_controller_that_publishes_no_contact(self, kind: str, language: Language) -> None:
        """What a controller left out is not made up, and the person still learns how to reach it."""
        letter = render(kind, language, facts_for(kind, controller=ControllerFacts(name="Exempellarm AB")))

        assert ' data-part="contact"' in letter.html
        assert "None" not in letter.html

    @pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '" data-part="remedy', "{{ 7 * 191 }}"])
    def test_says_a_hostile_text_as_text(self, kind: str, language: Language, hostile: str) -> None:
        """Whatever somebody typed is shown, never run: not as HTML, not as a template."""
        claim = replace(
            CLAIM_FOR[kind],
            reasons=hostile,
            purposes=(hostile,),
            changed=(hostile,),
            ground=replace(GROUND, text=hostile) if kind == "refusal" else None,
            results=(
                (result(hostile, reason=hostile, categories=(hostile,)),)
                if kind in ("fulfilment", "kept_erased")
                else ()
            ),
        )
        sound = render(kind, language, facts_for(kind))
        letter = render(kind, language, facts(claim, deadline=(hostile,), controller=ControllerFacts(name=hostile)))

        assert hostile not in letter.html or hostile.startswith("{{")
        assert hostile in Page(letter.html).text
        assert "1337" not in letter.html
        assert parts_of(letter) == parts_of(sound)

    @pytest.mark.parametrize(
        ("without", "part"),
        [
            ({"reference": " "}, "reference"),
            ({"controller": ControllerFacts(name="")}, "controller.name"),
            ({"claims": ()}, "claims"),
        ],
    )
    def test_is_not_written_without_its_head(
        self, kind: str, language: Language, without: dict[str, Any], part: str
    ) -> None:
        """Who, about which case, about which right."""
        with pytest.raises(LetterIncomplete) as refusal:
            render(kind, language, facts_for(kind, **without))

        assert part in refusal.value.missing


class TestEverySection:
    @pytest.mark.parametrize(
        ("kind", "section"),
        [(kind.key, name) for kind in KINDS.values() for name in dict.fromkeys((*kind.sections, *ALWAYS))],
    )
    @LANGUAGE
    def test_must_be_in_the_template(
        self, kind: str, section: str, language: Language, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A template that lost a mandatory section writes no letter."""
        page = environment(language).get_template(f"{kind}/{language}.html.j2")
        whole = render(kind, language, facts_for(kind)).html
        monkeypatch.setattr(page, "render", lambda **_: whole.replace(f' data-part="{section}"', ""))
        monkeypatch.setattr(environment(language), "get_template", lambda _name: page)

        with pytest.raises(LetterIncomplete) as refusal:
            render(kind, language, facts_for(kind))

        assert refusal.value.missing == (section,)

    @pytest.mark.parametrize("kind", [kind.key for kind in KINDS.values() if "complaint" in kind.sections])
    @LANGUAGE
    def test_on_complaints_names_the_authority(self, kind: str, language: Language) -> None:
        """R77-1: GDPR Art. 12(4), 77: always IMY, never its predecessor, and the authority where the person lives."""
        text = Page(render(kind, language, facts_for(kind)).html).text

        for said in ("Integritetsskyddsmyndigheten (IMY)", "Box 8114, 104 20 Stockholm", "imy.se", "imy@imy.se"):
            assert said in text
        assert "08-657 61 00" in text
        assert ("där du bor eller arbetar" if language == "sv" else "where you live or work") in text
        assert "Datainspektionen" not in text

    @pytest.mark.parametrize("kind", [kind.key for kind in KINDS.values() if "remedy" in kind.sections])
    @LANGUAGE
    def test_on_remedies_names_the_court(self, kind: str, language: Language) -> None:
        """R79-1: GDPR Art. 79, 82: a general court against a private controller, and damages."""
        text = Page(render(kind, language, facts_for(kind)).html).text

        assert "allmän domstol" in text
        assert ("skadestånd" if language == "sv" else "damages") in text


class TestNoLetter:
    @pytest.mark.parametrize(("kind", "language"), [("promise", "sv"), ("_shared", "sv"), ("receipt", "de")])
    def test_is_made_of_an_unknown_kind_or_language(self, kind: str, language: Any) -> None:
        """Only registered letters are written."""
        with pytest.raises(UnknownLetter):
            render(kind, language, facts(ClaimFacts(right="access")))

    @pytest.mark.parametrize(
        "given",
        [
            facts(ClaimFacts(right="invisibility")),
            facts(ClaimFacts(right="access"), identity_methods=("id_card_copy",)),
        ],
    )
    def test_shows_a_code_without_words(self, given: LetterFacts) -> None:
        """R12-1: a person reads words, not codes."""
        with pytest.raises(NoWords):
            render("receipt", "sv", given)

    def test_is_written_from_a_template_that_names_an_unknown_fact(self) -> None:
        """A slip in a template stops it instead of leaving a hole."""
        slip = environment("sv").from_string("{{ facts.refrence }}")

        with pytest.raises(UndefinedError):
            slip.render(facts=facts_for("receipt"))

    @pytest.mark.parametrize(
        "attack",
        [
            "{{ facts.__class__.__mro__ }}",
            "{{ cycler }}",
            "{{ self._TemplateReference__context }}",
            "{{ day.__globals__ }}",
        ],
    )
    def test_template_reaches_into_python(self, attack: str) -> None:
        """Even a template that somebody tampered with finds nothing to call (template injection)."""
        with pytest.raises((UndefinedError, SecurityError)):
            environment("sv").from_string(attack).render(facts=facts_for("receipt"))
