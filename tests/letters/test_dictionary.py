"""Codes and field names in the person's language: R12-1, and down to the log codes (Spotify, F01)."""

import re
from typing import Any

import pytest

from app.letters import dictionary
from app.letters.dictionary import CONTACT_ID, FIELDS, SIA, VALUES, Entry, explain, of
from app.letters.words import LANGUAGES, Language
from sandbox.people import PEOPLE
from sandbox.records import rows_about

TABLES = {"SIA": SIA, "Contact ID": CONTACT_ID, "fields": FIELDS, "values": VALUES}


def text_of(field: str, value: Any, language: Language = "sv") -> str | None:
    entry = explain(field, value)
    return None if entry is None else entry.in_language(language)


class TestTables:
    @pytest.mark.parametrize("name", TABLES)
    def test_have_words_in_both_languages(self, name: str) -> None:
        """R12-1: Swedish and English for every entry, none a copy of the code."""
        for code, words in TABLES[name].items():
            assert len(words) == len(LANGUAGES), code
            assert all(word.strip() == word != "" for word in words), code

    def test_hold_the_codes_of_the_standards(self) -> None:
        """SIA DC-03: two letters. DC-05 (Contact ID): three digits, 100 to 699."""
        assert all(re.fullmatch(r"[A-Z]{2}", code) for code in SIA)
        assert all(re.fullmatch(r"[1-6][0-9]{2}", code) for code in CONTACT_ID)
        assert len(SIA) >= 60
        assert len(CONTACT_ID) >= 100

    @pytest.mark.parametrize("code", ["BA", "FA", "PA", "TA", "HA", "MA", "OP", "CL", "OR", "RP", "YT", "AT", "DG"])
    def test_know_what_every_panel_says(self, code: str) -> None:
        """F01: the everyday codes."""
        assert code in SIA

    @pytest.mark.parametrize("code", ["100", "110", "120", "130", "137", "301", "302", "401", "403", "570", "602"])
    def test_know_what_every_dialler_says(self, code: str) -> None:
        """F01: the everyday codes."""
        assert code in CONTACT_ID


class TestCode:
    @pytest.mark.parametrize(
        ("field", "value", "swedish", "english"),
        [
            ("sia_code", "BA", "Larm: inbrott", "Alarm: burglary"),
            ("sia_code", "BA02", "Larm: inbrott", "Alarm: burglary"),
            ("sia_code", "CL", "Larmet kopplat till", "Armed"),
            ("contact_id", "1130", "Inbrottslarm (ny händelse)", "Burglary alarm (new event)"),
            ("contact_id", "R130", "Inbrottslarm (återställt)", "Burglary alarm (restored)"),
            ("contact_id", "1401", "Frånkoppling av användare", "Disarming by a user"),
            ("contact_id", "3401", "Tillkoppling av användare", "Arming by a user"),
            ("contact_id", 3401, "Tillkoppling av användare", "Arming by a user"),
            ("event_code", "1602", "Automatiskt prov (testsignal) (ny händelse)", "Periodic test signal (new event)"),
            ("event_code", "OP", "Larmet kopplat från", "Disarmed"),
            ("event", "armed", "larmet kopplat till", "armed"),
        ],
    )
    def test_is_explained_in_the_persons_language(self, field: str, value: Any, swedish: str, english: str) -> None:
        """R12-1, F01: not in English only."""
        assert (text_of(field, value), text_of(field, value, "en")) == (swedish, english)

    @pytest.mark.parametrize(("field", "value"), [("sia_code", "ZQ"), ("contact_id", "9999"), ("event_code", "hum?")])
    def test_nobody_knows_is_said_to_be_unknown(self, field: str, value: str) -> None:
        """Never guessed at; named to the person and to staff."""
        assert explain(field, value) == Entry(kind="unknown", code=value, sv="okänd kod", en="unknown code")
        assert of([{field: value}]).unknown == (value,)

    @pytest.mark.parametrize("value", [None, True, "", 1.5, ["BA"], {"a": "BA"}, "[withheld: secret]"])
    def test_that_is_none_is_not_explained(self, value: Any) -> None:
        """Nothing is made of what is no code."""
        assert explain("sia_code", value) is None

    def test_is_found_at_any_depth(self) -> None:
        """R12-1: every code that occurs."""
        words = of([{"events": [{"sia_code": "FA"}, {"deep": {"contact_id": "1110"}}]}])

        assert {one.code for one in words.of_kind("sia", "contact_id")} == {"FA", "1110"}


class TestSandbox:
    def test_speaks_only_words_that_are_explained(self) -> None:
        """F01, R12-1: every field and code that the simulated processors use."""
        rows = [
            row
            for person in PEOPLE
            for service in ("guard-company", "billing", "crm", "telephony")
            for _, row in rows_about(person, service)
        ]
        words = dictionary.of(rows)
        names = {name for row in rows for name in row}
        secret = {"password", "code_word"}

        assert words.unknown == ()
        assert {name for name in names if words.field(name, "sv") is None} <= secret
        assert {one.code for one in words.of_kind("sia")} >= {"BA", "CL", "OP", "RP"}
