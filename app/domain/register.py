"""
The register of requests: one line each, so that a controller can show what it did (GDPR Art. 5(2)). Pure.

No line holds anything about the person: not who asked, not what they wrote, not what they got.
"""

from dataclasses import dataclass, fields
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Line:
    """
    One request.

    Attributes:
        outcomes: Of each right, in the order of ``rights``; ``open`` while it is not decided.
        grounds: Codes of the legal grounds, where something was refused.
        in_time: Answered by the due date, or not; None while there is still time.
        recipients_told: How many recipients did, or know of, a rectification, erasure or restriction (Art. 19).
    """

    reference: str
    controller: str
    channel: str
    received_on: date
    due_on: date
    extended: bool
    closed_on: date | None
    rights: tuple[str, ...]
    outcomes: tuple[str, ...]
    grounds: tuple[str, ...]
    in_time: bool | None
    recipients_told: int


COLUMNS = tuple(one.name for one in fields(Line))


def is_in_time(*, closed_on: date | None, due_on: date, today: date) -> bool | None:
    """Late from midnight after the due date (Art. 12(3)); an open request is not late before that, nor in time yet."""
    if closed_on is not None:
        return closed_on <= due_on
    return False if today > due_on else None


def as_cells(line: Line) -> dict[str, object]:
    """A line for a table: lists in one cell, yes and no as words, what is not known empty."""
    cells = {name: getattr(line, name) for name in COLUMNS}
    return {name: _cell(value) for name, value in cells.items()}


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "; ".join(value)
    return value.isoformat() if isinstance(value, date) else value
