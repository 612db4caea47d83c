"""Reading what ``results_url`` leads to: the rows of an export, in JSON or CSV, filed under the task's categories."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from app.domain.plain_json import is_plain, once_each
from app.processors._answers import MOST_DEPTH


class ResultsNotReadable(Exception):
    """What came cannot be filed; ``code`` says why, and a person has to look."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_records(
    raw: bytes, *, content_type: str, categories: Sequence[str], category: str | None
) -> list[dict[str, Any]]:
    """
    The records in a results file.

    Args:
        categories: What the task is about; nothing is filed under anything else.
        category: Where rows belong that do not say it themselves.

    Raises:
        ResultsNotReadable
    """
    kind = content_type.partition(";")[0].strip().lower()
    home = category if category in categories else categories[0] if len(categories) == 1 else None
    if kind in ("text/csv", "application/csv"):
        return _filed(_csv(raw), home)
    if kind == "application/json" or kind.endswith("+json"):
        return _json(raw, categories, home)
    raise ResultsNotReadable("results_format")


def _json(raw: bytes, categories: Sequence[str], home: str | None) -> list[dict[str, Any]]:
    try:
        value = json.loads(raw, object_pairs_hook=once_each, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ResultsNotReadable("results_malformed") from None
    if not is_plain(value, deepest=MOST_DEPTH):
        raise ResultsNotReadable("results_malformed")
    if isinstance(value, dict) and isinstance(value.get("records"), list):
        return list(value["records"])
    if isinstance(value, dict) and value and set(value) <= set(categories):
        return [{"category": name, "rows": _rows(rows)} for name, rows in value.items()]
    return _filed(_rows(value), home)


def _rows(value: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = value if isinstance(value, list) else [value]
    if not all(isinstance(row, dict) for row in rows):
        raise ResultsNotReadable("results_malformed")
    return rows


def _csv(raw: bytes) -> list[dict[str, Any]]:
    try:
        text = raw.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise ResultsNotReadable("results_malformed") from None
    if any(None in row for row in rows) or not is_plain(rows, deepest=2):
        raise ResultsNotReadable("results_malformed")
    return [dict(row) for row in rows]


def _filed(rows: list[dict[str, Any]], home: str | None) -> list[dict[str, Any]]:
    if rows and home is None:
        raise ResultsNotReadable("results_without_category")
    return [{"category": home, "rows": rows}] if rows else []


def _refuse(_constant: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")
