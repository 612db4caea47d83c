"""
A look into the simulated processors from the side, as no real processor would allow it.
"""

import json
from typing import Any

from sandbox.identifiers import STRONG, WEAK, normalise
from sandbox.people import Person
from sandbox.processors import known_urls
from sandbox.services._service import Service
from sandbox.store import Store
from sandbox.vendors._base import e164

#: A row's id that points at nobody else by chance.
LONG_ENOUGH = 12


def overview(store: Store, service: Service) -> dict[str, Any]:
    """Return where *service* stands, how it answers and how much it has done."""
    url = known_urls(store).get(service.name)
    counts: dict[str, int] = {}
    for effect in store.ledger(service.name):
        counts[effect["action"]] = counts.get(effect["action"], 0) + 1
    connected = [
        {"controller": each.controller, "processor": each.processor, "endpoint": each.endpoint}
        for each in store.connections(service.name)
        if each.endpoint
    ]
    return {
        "name": service.name,
        "answer_mode": service.answers,
        "idempotency": service.idempotency,
        "connections": connected,
        "effects": counts,
    } | ({"url": url} if url else {})


def held_about(store: Store, service: str, identifier: str) -> list[dict[str, Any]]:
    """
    Return what *service* has on file about everybody with this identifier, of whatever type, per controller.

    A fictional person's id (``anna-lindqvist``) counts as an identifier too.
    """
    found = []
    for subject in store.subjects(service):
        known = json.loads(subject["identifiers"])
        fits = any(normalise(type, identifier) in known.get(type, ()) for type in STRONG | WEAK)
        if not fits and identifier != subject["person"]:
            continue
        held: dict[str, list[dict[str, Any]]] = {}
        for record in store.records(service, subject["controller"], subject["person"]):
            held.setdefault(record["kind"], []).append(json.loads(record["body"]))
        found.append(
            {
                "controller": subject["controller"],
                "person": subject["person"],
                "marks": json.loads(subject["marks"]),
                "records": [{"kind": kind, "rows": rows} for kind, rows in held.items()],
            }
        )
    return found


def held_at_vendor(store: Store, name: str, person: Person) -> list[dict[str, Any]]:
    """
    Return every row at the vendor *name* that speaks of *person*, by table: by address, number, or a row that does.

    Rows that point at such a row (an invoice at its debtor) count too.
    """
    state = store.fact(f"vendor/{name}") or {}
    tables = {table: rows for table, rows in state.items() if isinstance(rows, dict)}
    marks = {person.email, e164(person.phone), str(person.customer_number or person.email)}
    found: dict[str, dict[str, Any]] = {}
    while True:
        new = {
            (table, id): row
            for table, rows in tables.items()
            for id, row in rows.items()
            if id not in found.get(table, {}) and any(mark in json.dumps(row, ensure_ascii=False) for mark in marks)
        }
        if not new:
            return [{"table": table, "rows": list(rows.values())} for table, rows in sorted(found.items())]
        for (table, id), row in new.items():
            found.setdefault(table, {})[id] = row
            marks |= {id} if len(id) >= LONG_ENOUGH else set()
