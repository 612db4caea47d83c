"""Tables that a spreadsheet opens without running anything."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.letters.tables import as_csv, cell


class TestTheTables:
    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"])
    def test_hold_no_formula(self, start: str) -> None:
        """ASVS 1.2.10: neither in a value nor in a column's name."""
        name, value = csv.reader(io.StringIO(as_csv([{f"{start}cmd": f"{start}1+1"}]).decode(), newline=""))

        assert name == [f"'{start}cmd"]
        assert value == [f"'{start}1+1"]

    def test_keep_a_negative_number_a_number(self) -> None:
        """A number is no formula, and a credit note must stay one."""
        assert cell(-1497.5) == "-1497.5"

    @given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=4), max_size=4))
    def test_come_back_as_they_went(self, rows: list[dict[str, object]]) -> None:
        """RFC 4180: whatever the text, the columns and cells stay where they are, and none is a formula."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        read = list(csv.reader(io.StringIO(as_csv(rows).decode(), newline="")))

        assert read[0] == [cell(name) for name in names]
        assert len(read) == 1 + len(rows)
        for line, row in zip(read[1:], rows, strict=True):
            assert line == [cell(row.get(name)) for name in names]
            assert all(
                isinstance(row.get(name), int) or not text.startswith(("=", "+", "-", "@"))
                for name, text in zip(names, line, strict=True)
            )
