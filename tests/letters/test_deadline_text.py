"""The reckoning of a deadline, told to a person."""

import json
from datetime import date, datetime
from typing import Any

import pytest

from app.domain.deadlines import Suspension, explain
from app.letters.deadline_text import explain_deadline
from app.letters.words import LANGUAGES, Language
from app.profiles.calendars import sweden


def deadline(received: str, **more: Any) -> dict[str, Any]:
    """The explanation object as a letter gets it: through JSON."""
    explained = explain(
        received_at=datetime.fromisoformat(received),
        calendar=sweden("strict"),
        eves_calendar=sweden("eves"),
        zone="Europe/Stockholm",
        **more,
    )
    wire: dict[str, Any] = json.loads(json.dumps(explained.as_json()))
    return wire


class TestTheExplanation:
    def test_names_every_day_it_rolled_over(self) -> None:
        """25 November gives Christmas Day, Boxing Day, a Sunday: the 28th (EDPB 01/2022 para 161)."""
        assert explain_deadline(deadline("2026-11-25T10:00:00+01:00"), "sv") == [
            "Din begäran kom in onsdagen den 25 november 2026. Den dagen räknas inte med.",
            "Fristen är en månad. Då slutar den fredagen den 25 december 2026.",
            "Fredagen den 25 december 2026 är ingen arbetsdag (juldagen), så fristen flyttas till nästa dag.",
            "Lördagen den 26 december 2026 är ingen arbetsdag (annandag jul), så fristen flyttas till nästa dag.",
            "Söndagen den 27 december 2026 är ingen arbetsdag (söndag), så fristen flyttas till nästa dag.",
            "Du ska ha fått svar senast måndagen den 28 december 2026.",
        ]

    def test_is_short_where_there_is_little_to_explain(self) -> None:
        """R12-1: concise."""
        assert explain_deadline(deadline("2026-03-16T10:00:00+01:00"), "en") == [
            "Your request reached us on Monday 16 March 2026. That day does not count.",
            "The time for answering is one month. It then ends on Thursday 16 April 2026.",
            "You are to have our answer by Thursday 16 April 2026 at the latest.",
        ]

    @pytest.mark.parametrize(("language", "said"), [("sv", "tre månader"), ("en", "three months")])
    def test_tells_of_an_extension_from_the_day_of_receipt(self, language: Language, said: str) -> None:
        """IMY: three months from receipt, with the days that date rolled over."""
        lines = explain_deadline(deadline("2026-03-16T10:00:00+01:00", extended=True), language)

        assert said in lines[1]
        assert "16 jun" in lines[-1].casefold()

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize(
        ("asked", "answered", "sv", "en"),
        [
            pytest.param("2026-03-18", "2026-03-25", "uppehåll i 7 dagar", "stood still for 7 days", id="counted"),
            pytest.param("2026-03-18", "2026-03-19", "uppehåll i 1 dag.", "stood still for 1 day.", id="one day"),
            pytest.param("2026-03-18", None, "först när du har svarat", "only once you have answered", id="ongoing"),
            pytest.param("2026-04-01", "2026-04-02", "för sent", "too late", id="refused"),
        ],
    )
    def test_tells_of_every_question(
        self, language: Language, asked: str, answered: str | None, sv: str, en: str
    ) -> None:
        """A pause is shown, also one that moved nothing."""
        suspension = Suspension(
            asked_on=date.fromisoformat(asked),
            answered_on=date.fromisoformat(answered) if answered else None,
            reason="identity",
        )
        lines = explain_deadline(deadline("2026-03-16T10:00:00+01:00", suspensions=[suspension]), language)

        assert (sv if language == "sv" else en) in lines[1]

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("extended", [False, True])
    @pytest.mark.parametrize("received", ["2026-01-31T12:00:00+01:00", "2026-05-31T12:00:00+02:00"])
    def test_ends_with_the_day_that_binds(self, language: Language, extended: bool, received: str) -> None:
        """The letter and the alarm have the same day."""
        told = deadline(received, extended=extended)

        assert str(date.fromisoformat(told["binding_on"]).year) in explain_deadline(told, language)[-1]
        assert f" {date.fromisoformat(told['binding_on']).day} " in explain_deadline(told, language)[-1]
