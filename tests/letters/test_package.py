"""The package: whole, checkable, safe to open, and honest about what is missing."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.domain.release import REASONS
from app.letters import package, package_facts
from app.letters.facts import LeftOut
from app.letters.package import ROWS_SHOWN, build
from app.letters.package_facts import (
    CategoryRows,
    InformationIncomplete,
    PackageContents,
    PackagePart,
    PackageTooLarge,
    ProcessingInformation,
    RowsTooDeep,
    Title,
    Told,
    UnknownReason,
    UnsafeName,
)
from app.letters.words import EMPTY, LANGUAGES, Language
from tests.letters.page import Page
from tests.letters.some_facts import CONTROLLER

Row = Mapping[str, object]

INVOICES: tuple[Row, ...] = (
    {"number": "2026-17", "amount_sek": -1497.5, "payer": "Åsa Öberg-Ängström", "paid": True, "note": None},
    {"number": "2026-18", "lines": [{"what": "Larm", "price": 99}]},
)


def information(category: str, **changes: Any) -> ProcessingInformation:
    whole = ProcessingInformation(
        category=category,
        title="Fakturor",
        purposes=Told(("Fakturering",)),
        legal_bases=Told(("Avtal (artikel 6.1 b)",)),
        recipients=Told(("Exempelfaktura AB",)),
        retention=Told(gap="Bolagets policy anger ingen tid (artikel 15.1 d)."),
        source=Told(("Du själv",)),
        transfers=Told(("Ingen överföring utanför EES",)),
    )
    return replace(whole, **changes)


def contents(rows: Sequence[Row] = INVOICES, **changes: Any) -> PackageContents:
    title = Title(sv="Fakturor", en="Invoices")
    billing = PackagePart(
        key="billing",
        name="Exempelfaktura AB",
        categories=(
            CategoryRows(key="bookkeeping_records", title=title, rows=rows, description="Sedan 2019", portable=True),
        ),
    )
    whole = PackageContents(
        language="sv",
        reference="INS-2026-ABC234",
        created_at=datetime(2026, 4, 2, 14, 30, 10, tzinfo=timezone(timedelta(hours=2))),
        controller=CONTROLLER,
        rights=frozenset({"access", "portability"}),
        parts=(billing, PackagePart(key="crm", name="Exempelregister AB")),
        left_out=(
            LeftOut(
                recipient="Exempelfaktura AB",
                category_title="Fakturor",
                what="row",
                count=3,
                reason_code="rights_of_others",
            ),
        ),
        information=(information("bookkeeping_records"),),
        automated_decisions=Told(("Inga beslut fattas helt automatiskt.",)),
    )
    return replace(whole, **changes)


def files_of(what: PackageContents) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(build(what)))) as unzipped:
        assert unzipped.testzip() is None
        return {name: unzipped.read(name) for name in unzipped.namelist()}


def readme(what: PackageContents) -> str:
    return " ".join(Page(files_of(what)["README.html"].decode()).text.split())


class TestThePackage:
    def test_holds_a_page_the_data_and_the_means_to_check_them(self) -> None:
        """R12-3, R20-2: for a person and for a machine."""
        assert sorted(files_of(contents())) == [
            "README.html",
            "bag-info.txt",
            "bagit.txt",
            "data/_dictionary.json",
            "data/_information.json",
            "data/billing.json",
            "data/crm.json",
            "data/datapackage.json",
            "data/portable/billing/bookkeeping_records.csv",
            "data/portable/billing/bookkeeping_records.json",
            "data/portable/billing/bookkeeping_records.schema.json",
            "manifest-sha256.txt",
            "tagmanifest-sha256.txt",
        ]

    def test_has_tables_only_where_data_are_to_be_taken_along(self) -> None:
        """GDPR Art. 20; an access answer has the JSON."""
        only_access = files_of(contents(rights=frozenset({"access"})))

        assert not [name for name in only_access if name.endswith(".csv")]

    def test_has_no_table_for_a_category_without_rows(self) -> None:
        """A file with neither columns nor rows tells nothing; the page and the JSON say that there are none."""
        files = files_of(contents(()))
        described = json.loads(files["data/datapackage.json"])

        assert not [name for name in files if name.endswith(".csv")]
        assert {resource["path"] for resource in described["resources"]} == {
            "billing.json",
            "crm.json",
            "_dictionary.json",
            "_information.json",
        }
        assert "Fakturor (0)" in " ".join(Page(files["README.html"].decode()).text.split())

    def test_gives_every_value_back_as_it_came(self) -> None:
        """C-487/21: a faithful reproduction."""
        billing = json.loads(files_of(contents())["data/billing.json"])

        assert billing["recipient"] == "Exempelfaktura AB"
        assert billing["categories"] == [
            {
                "category": "bookkeeping_records",
                "title": {"sv": "Fakturor", "en": "Invoices"},
                "description": "Sedan 2019",
                "rows": [dict(row) for row in INVOICES],
            }
        ]

    def test_describes_the_columns_that_its_tables_have(self) -> None:
        """A table's schema names its columns in their order."""
        files = files_of(contents())
        described = json.loads(files["data/datapackage.json"])
        (table,) = [one for one in described["resources"] if one.get("type") == "table"]
        header = next(csv.reader(io.StringIO(files["data/" + table["path"]].decode(), newline="")))

        assert [column["name"] for column in table["schema"]["fields"]] == header

    def test_is_the_same_for_the_same_contents(self) -> None:
        """What was sent can be proved by its hash."""
        assert b"".join(build(contents())) == b"".join(build(contents()))

    def test_bears_the_time_it_was_made_and_no_other(self) -> None:
        """No machine's clock, no machine's user."""
        with zipfile.ZipFile(io.BytesIO(b"".join(build(contents())))) as unzipped:
            assert {entry.date_time for entry in unzipped.infolist()} == {(2026, 4, 2, 12, 30, 10)}
            assert {entry.external_attr >> 16 for entry in unzipped.infolist()} == {0o600}

    def test_comes_in_pieces(self) -> None:
        """So that it can be sealed and sent without a second copy in memory."""
        assert len(list(build(contents()))) > 2

    def test_shows_nothing_when_printed_by_a_program(self) -> None:
        """No personal data in a log line."""
        assert "Öberg" not in repr(contents())

    @pytest.mark.parametrize("odd", ["\ud800", "a\0b", "\u202eabc", float("nan"), float("inf"), 2**80])
    def test_survive_odd_values(self, odd: object) -> None:
        """JSON lets in what files and pages cannot carry; it neither breaks the package nor is lost."""
        files = files_of(contents([{"odd": odd}]))

        assert json.loads(files["data/billing.json"])["categories"][0]["rows"][0]["odd"] == (
            str(odd) if isinstance(odd, float) else odd
        )
        files["README.html"].decode()
        files["data/portable/billing/bookkeeping_records.csv"].decode()


class TestThePage:
    def test_tells_what_came_from_whom(self) -> None:
        """R15-1, R15-3: by name, also who holds nothing."""
        said = readme(contents())

        assert "Exempelfaktura AB: Fakturor (2). Fil: data/billing.json" in said
        assert "Exempelregister AB: inga uppgifter om dig." in said
        assert "Åsa Öberg-Ängström" in said
        assert "INS-2026-ABC234" in said

    @pytest.mark.parametrize("empty", ["not_given", "not_done"])
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_says_that_nothing_is_held_only_of_who_said_so(self, language: Language, empty: Any) -> None:
        """R15-1: "done" without data, or not done at all, is no proof that there are none."""
        part = PackagePart(key="crm", name="Exempelregister AB", empty=empty)
        said = readme(contents(language=language, parts=(part,), left_out=()))

        assert said.count(EMPTY[empty][LANGUAGES.index(language)]) == 2
        assert EMPTY["not_held"][LANGUAGES.index(language)] not in said.lower()

    def test_lists_what_was_left_out_and_why(self) -> None:
        """R15-9: every mask carries its reason and its law."""
        said = readme(contents())

        assert "Exempelfaktura AB, Fakturor: 3 poster. Uppgiften handlar om någon annan än dig" in said
        assert "artikel 15.4, 20.4 i dataskyddsförordningen" in said

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("code", REASONS)
    def test_has_words_for_every_reason(self, language: Language, code: str) -> None:
        """R12-1."""
        one = LeftOut(recipient="Exempel AB", category_title="Samtal", what="field", count=1, reason_code=code)

        assert REASONS[code].in_language(language) in readme(contents(language=language, left_out=(one,)))

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("sv", ("Varför uppgifterna används", "Rättslig grund", "Hur länge de sparas", "Varifrån de kommer")),
            ("en", ("Why the data are used", "Legal basis", "How long they are kept", "Where they come from")),
        ],
    )
    def test_gives_the_information_that_goes_with_a_copy(self, language: Language, words: tuple[str, ...]) -> None:
        """GDPR Art. 15(1)(a)-(h), 15(2)."""
        said = readme(contents(language=language))

        assert all(word in said for word in words)
        assert "Ingen överföring utanför EES" in said
        assert "Inga beslut fattas helt automatiskt." in said
        assert "Integritetsskyddsmyndigheten (IMY)" in said

    def test_says_honestly_what_the_company_has_not_said(self) -> None:
        """A gap is named, never filled with a guess (R15-4)."""
        assert "Det här saknas: Bolagets policy anger ingen tid" in readme(contents())

    def test_shows_the_first_rows_and_says_how_many_there_are(self) -> None:
        """A page a browser can open; the files have the rest."""
        many = [{"number": f"F{number}"} for number in range(ROWS_SHOWN + 1)]
        said = readme(contents(many))

        assert f"Här visas de första {ROWS_SHOWN} av {ROWS_SHOWN + 1} posterna." in said
        assert f"F{ROWS_SHOWN - 1}" in said
        assert f"F{ROWS_SHOWN} " not in said

    @pytest.mark.parametrize(
        "hostile", ["<script>x</script>", '" onmouseover="x', "{{ 7 * 191 }}", "</table><img src=x>"]
    )
    def test_shows_a_processors_words_as_words(self, hostile: str) -> None:
        """API10: what a processor answers is hostile input."""
        title = Title(sv=hostile, en=hostile)
        part = PackagePart(
            key="crm",
            name=hostile,
            categories=(CategoryRows(key="contact", title=title, rows=[{hostile: hostile}], description=hostile),),
        )
        what = contents(parts=(part,), information=(information("contact", source=Told((hostile,))),), left_out=())
        html = files_of(what)["README.html"].decode()
        page = Page(html)

        assert hostile in page.text
        assert not {"script", "img"} & {tag for tag, _ in page.elements}
        assert not [given for _, given in page.elements if "onmouseover" in given]
        assert "1337" not in html


class TestItRefuses:
    @pytest.mark.parametrize(
        "key", ["../crm", "crm/..", "/etc", "C:", "a b", "Crm", "crm.", "", "åäö", "crm\n", "a" * 61, "con\0"]
    )
    def test_a_name_that_is_no_plain_word(self, key: str) -> None:
        """ASVS 5.3.3: nothing a processor is called leads out of the folder."""
        rows = CategoryRows(key=key, title=Title("a", "a"), rows=())
        for parts in ((PackagePart(key=key, name="x"),), (PackagePart(key="crm", name="x", categories=(rows,)),)):
            with pytest.raises(UnsafeName):
                build(contents(parts=parts))

    def test_a_name_that_is_there_twice(self) -> None:
        """One file would silently replace the other."""
        with pytest.raises(UnsafeName):
            build(contents(parts=(PackagePart(key="crm", name="x"), PackagePart(key="crm", name="y"))))

    def test_too_many_rows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """ASVS 5.2.3."""
        monkeypatch.setattr(package_facts, "MOST_ROWS", 1)
        with pytest.raises(PackageTooLarge):
            build(contents())

    def test_too_many_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A processor must not fill the memory of everybody else's answers."""
        monkeypatch.setattr(package, "MOST_BYTES", 1000)
        with pytest.raises(PackageTooLarge):
            build(contents([{"note": "x" * 2000}]))

    def test_a_row_deeper_than_anybody_has_looked(self) -> None:
        """Four levels are reviewed, so four may leave."""
        assert files_of(contents([{"a": {"b": {"c": {"d": 1}}}}]))
        with pytest.raises(RowsTooDeep):
            build(contents([{"a": {"b": {"c": {"d": {"e": 1}}}}}]))

    @pytest.mark.parametrize("without", [{"information": ()}, {"automated_decisions": None}])
    def test_an_access_answer_without_its_information(self, without: dict[str, Any]) -> None:
        """F01: the copy alone is not the answer. Data taken along (Art. 20) need none."""
        with pytest.raises(InformationIncomplete):
            build(contents(**without))

        assert files_of(contents(rights=frozenset({"portability"}), **without))

    @pytest.mark.parametrize(
        "said",
        [{}, {"said": (" ",)}, {"gap": ""}, {"said": ("https://example.com/policy",)}, {"gap": "www.example.com"}],
    )
    def test_silence_and_a_link_in_place_of_information(self, said: dict[str, Any]) -> None:
        """F02: a policy's address never fills a field."""
        with pytest.raises(InformationIncomplete):
            Told(**said)

    def test_a_reason_without_words(self) -> None:
        """What was left out is explained or not left out."""
        one = LeftOut(recipient="x", category_title="x", what="row", count=1, reason_code="because")
        with pytest.raises(UnknownReason):
            build(contents(left_out=(one,)))


class TestNothingHeld:
    def test_is_an_answer_too(self) -> None:
        """R15-1: a negative answer is an answer."""
        said = readme(contents(parts=(), information=(), left_out=(), created_at=datetime(2026, 4, 2, tzinfo=UTC)))

        assert "Det finns inga uppgifter om dig." in said
        assert "Inget har utelämnats." in said
