"""
The routine by which a simulated processor deletes what is old: every night at a real one, on demand here.

It passes over whatever somebody asked it to freeze (F18), until the day that freeze was asked for.
"""

import json
from datetime import date
from typing import Any

from app.domain.retention import later
from sandbox.services._service import Service
from sandbox.store import Store


def run(store: Store, service: Service, *, today: date) -> dict[str, int]:
    """Delete expired rows of everybody at *service*; how many went and how many a freeze held back."""
    deleted = held_back = 0
    with store.transaction() as db:
        for subject in store.subjects(service.name):
            frozen = _is_frozen(json.loads(subject["marks"]), today)
            for record in store.records(service.name, subject["controller"], subject["person"]):
                if not _is_expired(service, record["kind"], json.loads(record["body"]), today):
                    continue
                if frozen:
                    held_back += 1
                else:
                    db.execute("DELETE FROM records WHERE id = ?", (record["id"],))
                    deleted += 1
    return {"deleted": deleted, "held_back": held_back}


def _is_frozen(marks: dict[str, Any], today: date) -> bool:
    until = marks.get("frozen_until")
    return bool(marks.get("frozen")) and (until is None or date.fromisoformat(until) >= today)


def _is_expired(service: Service, kind: str, row: dict[str, Any], today: date) -> bool:
    months = service.kept_months.get(kind)
    if months is None or "at" not in row:
        return False
    made = date.fromisoformat(row["at"][:10])
    return later(made, months=months) < today
