"""Codes and days in words."""

from datetime import date

import pytest

from app.domain.case import ClaimOutcome
from app.domain.fanout import TERMINAL_BY_PERSON, Action
from app.domain.identity import METHODS
from app.domain.rights import RIGHTS
from app.letters import words
from app.letters.words import LANGUAGES, article, day, weekday


class TestTheTables:
    @pytest.mark.parametrize(
        ("table", "codes"),
        [
            pytest.param(words.RIGHTS, set(RIGHTS), id="rights"),
            pytest.param(words.ACTIONS, {action.value for action in Action}, id="actions"),
            pytest.param(words.OUTCOMES, {outcome.value for outcome in TERMINAL_BY_PERSON}, id="outcomes"),
            pytest.param(words.CLAIM_OUTCOMES, {outcome.value for outcome in ClaimOutcome}, id="claim outcomes"),
            pytest.param(words.METHODS, set(METHODS), id="methods"),
        ],
    )
    def test_have_words_for_exactly_what_the_domain_knows(self, table: words.Words, codes: set[str]) -> None:
        """A new code without words fails here, not in front of a person."""
        assert set(table) == codes

    @pytest.mark.parametrize(
        "table", [words.RIGHTS, words.ACTIONS, words.OUTCOMES, words.LAWS, words.METHODS, words.HINTS]
    )
    def test_have_both_languages(self, table: words.Words) -> None:
        """R12-1."""
        assert all(all(map(str.strip, both)) and len(both) == len(LANGUAGES) for both in table.values())


class TestArticle:
    @pytest.mark.parametrize(
        ("source", "swedish"),
        [
            ("GDPR Art. 15", "artikel 15 i dataskyddsförordningen (GDPR)"),
            ("GDPR Art. 15(4)", "artikel 15.4 i dataskyddsförordningen (GDPR)"),
            ("GDPR Art. 12(5)(b)", "artikel 12.5 b i dataskyddsförordningen (GDPR)"),
            ("GDPR Art. 21(1), 6(1)", "artikel 21.1, 6.1 i dataskyddsförordningen (GDPR)"),
            ("GDPR Art. 21(2)-(3)", "artikel 21.2–3 i dataskyddsförordningen (GDPR)"),
            (
                "GDPR Art. 15(4); C-579/21",
                "artikel 15.4 i dataskyddsförordningen (GDPR); EU-domstolens mål C-579/21",
            ),
            ("dataskyddslagen (2018:218) 5 kap. 1 §", "dataskyddslagen (2018:218) 5 kap. 1 §"),
        ],
    )
    def test_is_cited_as_swedes_do(self, source: str, swedish: str) -> None:
        """R12-1."""
        assert article(source, "sv") == swedish

    @pytest.mark.parametrize("source", [ground.source for right in RIGHTS.values() for ground in right.refusal_grounds])
    def test_of_every_ground_leaves_no_brackets_of_the_english_kind(self, source: str) -> None:
        """Every ground of the domain can stand in a Swedish letter."""
        said = article(source, "sv").replace("(GDPR)", "")

        assert "Art." not in said
        assert "GDPR" not in said

    def test_in_english_is_spelled_out(self) -> None:
        """R12-1."""
        assert article("GDPR Art. 12(5)(b)", "en") == "GDPR Article 12(5)(b)"


class TestDays:
    def test_are_written_out(self) -> None:
        """No numbers that can be read two ways."""
        assert day(date(2026, 12, 1), "sv") == "1 december 2026"
        assert day(date(2026, 12, 1), "en") == "1 December 2026"
        assert weekday(date(2026, 3, 16), "sv") == "måndagen den 16 mars 2026"
        assert weekday(date(2026, 3, 15), "en") == "Sunday 15 March 2026"
