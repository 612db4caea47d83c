"""What a processor might say that is no answer, as it would stand in a body; used in every way an answer can come."""

import json
from typing import Any

import pytest


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def _retained(**changed: Any) -> dict[str, Any]:
    one = {"category": "contact", "law": "BFL_7_2", "until": "2030-12-31"} | changed
    return {"outcome": "retained", "retained": [one]}


#: By what is wrong with it, an outcome object that has to be refused.
OUTCOMES: dict[str, dict[str, Any]] = {
    "a list for an outcome": {"outcome": ["completed"]},
    "an outcome nobody knows": {"outcome": "perhaps"},
    "half a character": {"outcome": "completed", "message": "\ud800"},
    "half a character in a name": {
        "outcome": "completed",
        "records": [{"category": "contact", "rows": [{"\udfff": 1}]}],
    },
    "NUL": {"outcome": "completed", "records": [{"category": "contact", "rows": [{"note": "a\x00b"}]}]},
    "nested too deep": {"outcome": "completed", "more": nested(20)},
    "a number for a message": {"outcome": "refused", "message": 7},
    "a list for a reason": {"outcome": "refused", "reason": ["x"], "message": "No."},
    "a text for evidence": {"outcome": "completed", "evidence": "receipt"},
    "an object for found categories": {"outcome": "completed", "found_categories": {"contact": 1}},
    "found categories that are none": {"outcome": "completed", "found_categories": [{"contact": 1}]},
    "facts that are none": {"outcome": "completed", "facts": []},
    "null for facts": {"outcome": "completed", "facts": None},
    "contacts that are none": {"outcome": "completed", "facts": {"contacts": {"email": "x"}}},
    "a contact that is none": {"outcome": "completed", "facts": {"contacts": ["anna@example.org"]}},
    "a number for a contact": {"outcome": "completed", "facts": {"contacts": [{"type": "phone", "value": 7}]}},
    "records that are none": {"outcome": "completed", "records": [7]},
    "rows that are none": {"outcome": "completed", "records": [{"category": "contact", "rows": ["x"]}]},
    "a number for a description": {"outcome": "completed", "records": [{"category": "contact", "description": 7}]},
    "null for records": {"outcome": "completed", "records": None},
    "a list for a law": _retained(law=["BFL_7_2"]),
    "a law that is no code": _retained(law="ssf 136"),
    "a number for the last day": _retained(until=20301231),
    "a last day no law reaches": _retained(until="9999-12-31"),
    "a list for why it is kept": _retained(reason=[]),
    "later without when": {"outcome": "effective_later"},
    "an instant that is a number": {"outcome": "effective_later", "effective_at": 20260303},
    "an instant without offset": {"outcome": "effective_later", "effective_at": "2026-03-03T10:00:00"},
    "an instant nobody sees": {"outcome": "effective_later", "effective_at": "9999-12-31T23:59:59-12:00"},
    "an instant before all time": {"outcome": "effective_later", "effective_at": "0001-01-01T00:00:00+14:00"},
}
#: By what is wrong with it, a whole body that is none.
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>",
    "no object": b"[]",
    "no number": b'{"outcome": "completed", "more": NaN}',
    "a number beyond measure": b'{"outcome": "completed", "more": 1e999}',
    "a field twice": b'{"outcome": "completed", "outcome": "refused"}',
    "a field twice inside": b'{"outcome": "completed", "records": [{"category": "a", "category": "b"}]}',
    "nested without end": b'{"outcome": "completed", "more": ' + b"[" * 100_000,
    "half a character in its bytes": b'{"outcome": "completed", "message": "\xed\xa0\x80"}',
    "no Unicode": b'{"outcome": "completed", "message": "\xff"}',
}

outcomes = pytest.mark.parametrize("said", [pytest.param(one, id=name) for name, one in OUTCOMES.items()])
bodies = pytest.mark.parametrize(
    "body",
    [
        *(pytest.param(one, id=name) for name, one in BODIES.items()),
        *(pytest.param(json.dumps(one).encode(), id=name) for name, one in OUTCOMES.items()),
    ],
)
