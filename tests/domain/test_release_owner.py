"""Rows that are somebody else's stay, also where they do not say so themselves."""

from typing import Any

import pytest

from app.domain.identity import Level
from app.domain.release import Released, review

OWN = {
    "personnummer": frozenset({"198504129829"}),
    "email": frozenset({"anna@example.org", "anna.lindqvist@example.org"}),
    "phone": frozenset({"+46701740612"}),
}


def released(*rows: dict[str, Any], known: dict[str, frozenset[str]] | None = OWN) -> Released:
    return review(category="contact", data_class="ordinary", rows=rows, level=Level.HIGH, known=known)


SOMEBODY_ELSES = [
    {"personnummer": "19800101-9804"},
    {"Personnummer": 198001019804},
    {"person_nummer": "800101-9804"},
    {"personnummer": "18850412-9829"},
    {"ssn": "19800101-9804"},
    {"email": "bo@example.org"},
    {"e-post": "bo@example.org"},
    {"E-postadress 2": "bo@example.org"},
    {"email": ["anna@example.org", "bo@example.org"]},
    {"phone": "070-999 99 99"},
    {"telefon": "+46 70 999 99 99"},
    {"mobil": "0709999999"},
    {"customer": {"email": "bo@example.org"}},
    {"owners": [{"email": "anna@example.org"}, {"personnummer": "19800101-9804"}]},
]
OWN_IN_ANY_SPELLING = [
    {"personnummer": "19850412-9829"},
    {"personnummer": "850412-9829"},
    {"ssn": 198504129829},
    {"email": " Anna@Example.org "},
    {"email": ["anna@example.org", "ANNA.LINDQVIST@example.org"]},
    {"e-post": "anna.lindqvist@example.org"},
    {"phone": "070-174 06 12"},
    {"mobil": "+46 (0)70-174 06 12"},
    {"telefon": "0046701740612"},
]
SAYS_NOTHING = [
    {"email": ""},
    {"email": None},
    {"email": True},
    {"email": "***"},
    {"personnummer": "19800101-****"},
    {"phone": "112"},
    {"phone": 3.5},
    {"reseller_email": "bo@example.org"},
    {"note": "bo@example.org"},
    {"automobile": "070-999 99 99"},
]


class TestRow:
    @pytest.mark.parametrize("row", SOMEBODY_ELSES, ids=str)
    def test_that_names_another_person_stays(self, row: dict[str, Any]) -> None:
        """GDPR Art. 15(4), 32: a processor that found the wrong person hands nobody over."""
        what = released({"at": "2026-01-01"} | row)

        assert what.rows == ()
        assert [(one.what, one.count, one.reason_code) for one in what.withheld] == [("row", 1, "rights_of_others")]

    @pytest.mark.parametrize("row", OWN_IN_ANY_SPELLING + SAYS_NOTHING, ids=str)
    def test_that_names_nobody_else_leaves(self, row: dict[str, Any]) -> None:
        """GDPR Art. 15(1): one's own in any spelling, and a value that names nobody speaks against no row."""
        assert released(row).rows == (row,)

    @pytest.mark.parametrize("row", SOMEBODY_ELSES, ids=str)
    @pytest.mark.parametrize("known", [None, {}, {"name": frozenset({"anna"})}, {"email": frozenset[str]()}], ids=str)
    def test_is_compared_only_with_what_somebody_vouches_for(
        self, row: dict[str, Any], known: dict[str, frozenset[str]] | None
    ) -> None:
        """Where nothing is known nothing contradicts; other rules hold as before."""
        assert released(row, known=known).rows == (row,)

    @pytest.mark.parametrize("mark", ["user_is_subject", "supplied_by_subject"])
    def test_that_is_marked_as_the_persons_leaves_all_the_same(self, mark: str) -> None:
        """A contact person the person named has a number of their own."""
        what = released({"name": "Siv", "phone": "070-999 99 99", mark: True})

        assert len(what.rows) == 1

    @pytest.mark.parametrize("mark", ["user_is_subject", "supplied_by_subject"])
    def test_is_the_persons_only_if_it_says_true(self, mark: str) -> None:
        """Only a literal true counts as yes."""
        assert released({"name": "Siv", "phone": "070-999 99 99", mark: "true"}).rows == ()
