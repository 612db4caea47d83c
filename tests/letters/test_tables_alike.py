"""Rows of one shape stand in one table on the package's page, rows of another in another."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from app.letters.package import ROWS_SHOWN, build
from app.letters.package_facts import CategoryRows, PackageContents, PackagePart, Title
from app.letters.tables import alike
from tests.letters.some_facts import CONTROLLER

Row = Mapping[str, object]

INVOICE = {"number": "2026-17", "amount_sek": 1497}
INVOICE_TURNED_ROUND = {"amount_sek": 99, "number": "2026-18"}
REMINDER = {"sent_on": "2026-03-02", "channel": "letter"}


class Tables(HTMLParser):
    """The tables of a page: each a list of rows, each a list of cells, the header first."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[list[list[str]]] = []
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.found.append([])
        elif tag == "tr":
            self.found[-1].append([])
        elif tag in ("th", "td"):
            self.found[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.found[-1][-1][-1] += data


def tables_of(rows: Sequence[Row]) -> list[list[list[str]]]:
    """The tables on the page of a package that holds *rows*."""
    category = CategoryRows(key="bookkeeping_records", title=Title(sv="Fakturor", en="Invoices"), rows=rows)
    contents = PackageContents(
        language="sv",
        reference="INS-2026-ABC234",
        created_at=datetime(2026, 4, 2, 14, 30, tzinfo=UTC),
        controller=CONTROLLER,
        rights=frozenset({"portability"}),
        parts=(PackagePart(key="billing", name="Exempelfaktura AB", categories=(category,)),),
        left_out=(),
        information=(),
        automated_decisions=None,
    )
    with zipfile.ZipFile(io.BytesIO(b"".join(build(contents)))) as unzipped:
        return Tables(unzipped.read("README.html").decode()).found


class TestThePage:
    def test_has_one_table_for_each_shape(self) -> None:
        """Invoices between reminders are read as invoices, in the order in which they came."""
        assert tables_of([INVOICE, REMINDER, INVOICE_TURNED_ROUND]) == [
            [["number", "amount_sek"], ["2026-17", "1497"], ["2026-18", "99"]],
            [["sent_on", "channel"], ["2026-03-02", "letter"]],
        ]

    def test_has_no_cell_for_what_a_row_does_not_have(self) -> None:
        """An empty cell says that the value is empty, and it says so only where it is."""
        tables = tables_of([INVOICE, REMINDER | {"note": None}])

        assert [cell for table in tables for row in table for cell in row if not cell] == [""]

    def test_shows_no_more_rows_for_having_more_tables(self) -> None:
        """However many shapes there are, the page stays one that can be read; the file has everything."""
        rows: list[Row] = [{f"field_{number}": number} for number in range(ROWS_SHOWN + 5)]

        assert len(tables_of(rows)) == ROWS_SHOWN

    def test_has_no_table_for_nothing(self) -> None:
        """A category without a row is said to be empty in words."""
        assert tables_of([]) == []


class TestAlike:
    @given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers()), max_size=12))
    def test_keeps_every_row_once_and_in_order(self, rows: list[Row]) -> None:
        """C-487/21: put in tables nothing is lost, nothing is added, and what came first stands first."""
        groups = alike(rows)
        shapes = [{frozenset(row) for row in group} for group in groups]
        at = {id(row): index for index, row in enumerate(rows)}

        assert all(len(shape) == 1 for shape in shapes)
        assert len(set().union(*shapes)) == len(groups)
        assert sorted(at[id(row)] for group in groups for row in group) == list(range(len(rows)))
        assert [[at[id(row)] for row in group] for group in groups] == sorted(
            sorted(at[id(row)] for row in group) for group in groups
        )
