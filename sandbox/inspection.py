"""
A look into the simulated processors from the side, as no real processor would allow it.
"""

import json
from typing import Any

from sandbox.identifiers import STRONG, WEAK, normalise
from sandbox.processors import known_urls
from sandbox.services._service import Service
from sandbox.store import Store


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
