"""What letters about the clock must say, and that they are not written without it."""

from dataclasses import replace
from typing import Any

import pytest

from app.letters.facts import ExtensionFacts, GroundFacts, QuestionFacts
from app.letters.kinds import LetterIncomplete
from app.letters.render import render
from app.letters.words import LANGUAGES, Language
from tests.letters.page import Page
from tests.letters.some_facts import EXTENSION, QUESTION, facts, facts_for, granted

LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
EMPTY = GroundFacts(source="GDPR Art. 12(6)", text=" ")


def text_of(kind: str, language: Language, **changes: Any) -> str:
    return " ".join(Page(render(kind, language, facts_for(kind, **changes)).html).text.split())


class TestExtension:
    @LANGUAGE
    @pytest.mark.parametrize(
        ("extension", "part"),
        [
            (None, "extension.reasons"),
            (replace(EXTENSION, reasons="  "), "extension.reasons"),
            (replace(EXTENSION, ground=EMPTY), "extension.reasons"),
            (replace(EXTENSION, until=EXTENSION.before), "extension.until"),
            (replace(EXTENSION, reckoning=()), "extension.until"),
        ],
    )
    def test_r12_5_is_not_written_without_reasons_and_a_new_day(
        self, language: Language, extension: ExtensionFacts | None, part: str
    ) -> None:
        """R12-5: specific reasons and the day until which the time is extended (law.md G.3)."""
        with pytest.raises(LetterIncomplete) as lacking:
            render("extension", language, facts_for("extension", extension=extension))

        assert part in lacking.value.missing

    @LANGUAGE
    def test_r77_1_names_both_days_and_where_to_complain(self, language: Language) -> None:
        """R77-1: IMY, the authority where the person lives, works or where it happened, and a court."""
        text = text_of("extension", language)
        wanted = {
            "sv": ("16 april 2026", "16 juni 2026", "där du bor eller arbetar", "skadestånd", "Inget av det"),
            "en": ("16 April 2026", "16 June 2026", "live or work", "damages", "Nothing of what"),
        }[language]

        assert EXTENSION.reasons in text
        assert [said for said in wanted if said not in text] == []
        assert "Datainspektionen" not in text

    @LANGUAGE
    def test_lists_what_is_ready(self, language: Language) -> None:
        """G.3: a partial answer now where there is one, from what recipients did (F08)."""
        text = Page(render("extension", language, facts(granted("rectification"))).html).text

        assert "Exempelfaktura AB" in text
        assert {"sv": "Inget av det", "en": "Nothing of what"}[language] not in text


class TestQuestion:
    @LANGUAGE
    @pytest.mark.parametrize("kind", ["identity_wanted", "clarification"])
    @pytest.mark.parametrize(
        ("question", "part"),
        [
            (None, "question.reason"),
            (replace(QUESTION, reason=EMPTY), "question.reason"),
            (replace(QUESTION, text=""), "question.text"),
        ],
    )
    def test_is_not_written_without_why_and_what(
        self, language: Language, kind: str, question: QuestionFacts | None, part: str
    ) -> None:
        """GDPR Art. 12(6): the doubt has reasons, and the person learns what is wanted (law.md G.2)."""
        with pytest.raises(LetterIncomplete) as lacking:
            render(kind, language, facts_for(kind, question=question))

        assert part in lacking.value.missing

    @LANGUAGE
    @pytest.mark.parametrize("methods", [(), ("e_id",), ("e_id", "e_id_in_call")])
    def test_r12_9_offers_more_than_an_e_id(self, language: Language, methods: tuple[str, ...]) -> None:
        """R12-9: an e-ID is one way and never the only one (EDPB 01/2022 paras 65-79)."""
        with pytest.raises(LetterIncomplete):
            render("identity_wanted", language, facts_for("identity_wanted", identity_methods=methods))

    @LANGUAGE
    @pytest.mark.parametrize("kind", ["identity_wanted", "clarification"])
    def test_f15_promises_a_pause_only_where_there_may_be_one(self, language: Language, kind: str) -> None:
        """F15: the clock stands still, or it does not, and the letter says which."""
        pause = {"sv": "göra uppehåll", "en": "stand still"}[language]

        assert pause in text_of(kind, language)
        assert pause not in text_of(kind, language, question=replace(QUESTION, stops=False))
