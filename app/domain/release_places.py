"""
Where somebody who must not be found lives or is: masked in whatever leaves, with a reason that does not say why.
"""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.guarding import is_address
from app.domain.release import Released, Withheld
from app.domain.release_fields import mask

#: A key of REASONS. It speaks of the file and not of the person.
REASON = "place"


def without_places(released: Released) -> Released:
    """The same rows with masks in place of every field that says where, at any depth, counted like any other."""
    hidden: list[str] = []
    rows = tuple(_masked(row, hidden) for row in released.rows)
    if not hidden:
        return released
    more = Withheld(category=released.category, what="field", count=len(hidden), reason_code=REASON)
    return replace(released, rows=rows, withheld=(*released.withheld, more))


def _masked(row: Mapping[str, object], hidden: list[str]) -> dict[str, object]:
    return {name: _value(name, value, hidden) for name, value in row.items()}


def _value(name: str, value: object, hidden: list[str]) -> object:
    if is_address(name) and value not in (None, "", [], {}):
        hidden.append(name)
        return mask(REASON)
    if isinstance(value, Mapping):
        return _masked(value, hidden)
    if isinstance(value, (list, tuple)):
        return [_value(name, one, hidden) for one in value]
    return value
