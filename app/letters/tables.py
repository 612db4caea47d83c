"""
Rows as JSON and as CSV.

CSV is made for people with a spreadsheet, so no cell can be taken for a formula (ASVS 1.2.10): such a text is given
an apostrophe in front, also where blanks or quotes hide its first character. The JSON beside it has every value as it
came.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

#: What a spreadsheet may trim or unquote before it looks: blanks, marks nobody sees, quotes.
_LOOKED_THROUGH = " \u00a0\u2007\u202f\u3000\u200b\u200c\u200d\u2060\ufeff\"'`“”‘’«»"
#: What starts a formula in one spreadsheet or another, in the half-width and the full-width form.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def as_json(value: object) -> bytes:
    """Return *value* as readable JSON in UTF-8, ending in a line break."""
    text = json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False)
    return encode(text + "\n")


def as_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Return *rows* as RFC 4180 CSV in UTF-8, one column for each field any row has, in order of appearance."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    names = columns(rows)
    writer.writerow([cell(name) for name in names])
    writer.writerows([cell(row.get(name)) for name in names] for row in rows)
    return encode(out.getvalue())


def columns(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The fields of *rows*, each once, in order of appearance."""
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def alike(rows: Sequence[Mapping[str, object]]) -> list[list[Mapping[str, object]]]:
    """Rows with the same fields together, in order of appearance: a page of one table for all would be mostly empty."""
    groups: dict[frozenset[str], list[Mapping[str, object]]] = {}
    for row in rows:
        groups.setdefault(frozenset(map(str, row)), []).append(row)
    return list(groups.values())


def cell(value: object) -> str:
    """Return *value* as the text of one cell: a number as it is, a text never as a formula."""
    text = in_words(value)
    numeric = isinstance(value, (int, float))  # a negative number is no formula
    is_formula = text.lstrip(_LOOKED_THROUGH).startswith(_FORMULA_STARTS)
    return f"'{text}" if is_formula and not numeric else text


def in_words(value: object) -> str:
    """Return *value* as a person reads it: a text or number as it is, nothing as nothing, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else json.dumps(_plain(value), ensure_ascii=False)


def encode(text: str) -> bytes:
    """UTF-8; half of a surrogate pair, which JSON can smuggle in and UTF-8 cannot carry, is written as its escape."""
    return text.encode("utf-8", errors="backslashreplace")


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return str(value)
