"""What an order file says, as JSON or as CSV, and its checksum."""

import csv
import hashlib
import io
import json

from app.processors._port import Order

FORMATS = ("json", "csv")
#: The identifiers' columns, in this order in every file.
COLUMNS = ("customer_number", "installation_id", "personnummer", "email", "phone", "name", "address")
#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "@", "\t", "\r", "-")


def content(order: Order, form: str) -> bytes:
    """The order as the recipient reads it; the same order gives the same bytes, however often."""
    return _json(order) if form == "json" else _csv(order)


def checksum(raw: bytes, name: str) -> bytes:
    """The line that ``sha256sum --check`` reads."""
    return f"{hashlib.sha256(raw).hexdigest()}  {name}\n".encode()


def _json(order: Order) -> bytes:
    said = {
        "task_id": order.task_id,
        "reference": order.reference,
        "controller": order.controller,
        "action": order.action.value,
        "data_categories": list(order.categories),
        "identifiers": [dict(one) for one in order.identifiers],
        "details": dict(order.details),
        "answer_by": order.answer_by.isoformat(),
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def _csv(order: Order) -> bytes:
    """One line, with a column for each type of identifier; a person with two telephones has them parted by ``|``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    known: dict[str, list[str]] = {}
    for one in order.identifiers:
        known.setdefault(one["type"], []).append(one["value"])
    writer.writerow(["task_id", "action", "categories", "answer_by", *COLUMNS, "details"])
    cells = ["|".join(known.get(column, ())) for column in COLUMNS]
    # What a law keeps, what is to be corrected and to what: an order without it would say something else.
    details = json.dumps(dict(order.details), ensure_ascii=False) if order.details else ""
    first = [order.task_id, order.action.value, "|".join(order.categories), order.answer_by.isoformat()]
    writer.writerow([*first, *map(_cell, cells), details])
    return text.getvalue().encode()


def _cell(value: str) -> str:
    """A telephone number begins with a plus and is left alone; whatever else a spreadsheet would reckon with is not."""
    is_formula = value.startswith(_FORMULA) or (value.startswith("+") and not value[1:].replace("|+", "").isdigit())
    return f"'{value}" if is_formula else value
