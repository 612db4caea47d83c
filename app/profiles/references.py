"""
Whether the parts of a profile fit each other: ids, references, order, completeness.

Works on the plain values, so that these faults are found beside faults of shape and not only after them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.rights import RIGHTS

Where = tuple[str, ...]
Plain = Mapping[str, Any]

#: Recipients who decide for themselves: they can be told (GDPR Art. 19), not instructed.
ONLY_TOLD = frozenset({"independent_controller", "authority", "controller_customer"})


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where in the file."""

    where: Where
    what: str


def reference_faults(raw: Plain) -> list[Fault]:
    """Return what does not fit; parts of the wrong shape are skipped, their shape is reported elsewhere."""
    return [
        *_twice(raw),
        *_rights(raw),
        *_categories(raw),
        *_systems(raw),
        *_order(raw),
        *_tensions(raw),
    ]


def _items(raw: Plain, section: str) -> list[Plain]:
    found = raw.get(section)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _texts(item: Plain, key: str) -> list[str]:
    found = item.get(key)
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _ids(raw: Plain, section: str) -> list[str]:
    return [item["id"] for item in _items(raw, section) if isinstance(item.get("id"), str)]


def _twice(raw: Plain) -> Iterator[Fault]:
    for section in ("purposes", "categories", "recipients", "systems"):
        ids = _ids(raw, section)
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield Fault((section, name), "stands twice")


def _rights(raw: Plain) -> Iterator[Fault]:
    offered = [item.get("right") for item in _items(raw, "rights_offered")]
    missing = _texts(raw, "rights_missing")
    for right in RIGHTS:
        if (right in offered) == (right in missing):
            said = "both offered and missing" if right in offered else "neither offered nor missing"
            yield Fault(("rights_missing",), f"right '{right}' is {said}")


def _categories(raw: Plain) -> Iterator[Fault]:
    purposes = set(_ids(raw, "purposes"))
    held = {name for system in _items(raw, "systems") for name in _texts(system, "categories")}
    for category in _items(raw, "categories"):
        where = ("categories", str(category.get("id")))
        for purpose in _texts(category, "purposes"):
            if purpose not in purposes:
                yield Fault((*where, "purposes"), f"unknown purpose '{purpose}'")
        if str(category.get("id")) not in held:
            yield Fault(where, "is held by no system")


def _systems(raw: Plain) -> Iterator[Fault]:
    categories = set(_ids(raw, "categories"))
    kinds = {str(item.get("id")): item.get("kind") for item in _items(raw, "recipients")}
    systems = set(_ids(raw, "systems"))
    if raw.get("systems") and not any(
        system.get("id") == "own-records" and system.get("kind") == "manual" for system in _items(raw, "systems")
    ):
        yield Fault(("systems",), "there is no manual system 'own-records' for what no machine can search")
    for system in _items(raw, "systems"):
        where = ("systems", str(system.get("id")))
        for category in _texts(system, "categories"):
            if category not in categories:
                yield Fault((*where, "categories"), f"unknown category '{category}'")
        for other in _texts(system, "after"):
            if other not in systems:
                yield Fault((*where, "after"), f"unknown system '{other}'")
        recipient = system.get("recipient")
        if isinstance(recipient, str) and recipient != "own" and recipient not in kinds:
            yield Fault((*where, "recipient"), f"unknown recipient '{recipient}'")
        if str(kinds.get(str(recipient))) in ONLY_TOLD and set(_texts(system, "actions")) - {"notify"}:
            yield Fault((*where, "actions"), f"'{recipient}' decides for itself and can only be notified")


def _order(raw: Plain) -> Iterator[Fault]:
    after = {str(system.get("id")): _texts(system, "after") for system in _items(raw, "systems")}
    for name in after:
        seen: set[str] = set()
        waiting = list(after[name])
        while waiting:
            first = waiting.pop()
            if first == name:
                yield Fault(("systems", name, "after"), "waits for itself")
                break
            if first not in seen:
                seen.add(first)
                waiting += after.get(first, [])


def _tensions(raw: Plain) -> Iterator[Fault]:
    for tension in _items(raw, "tensions"):
        at = tension.get("at")
        if isinstance(at, str) and not _stands(raw, at):
            yield Fault(("tensions", str(tension.get("id"))), f"there is no '{at}' in this profile")


def _stands(raw: Plain, at: str) -> bool:
    """Whether a dotted place exists; an item of a list is named by its id."""
    found: object = raw
    for step in at.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list):
            found = next((item for item in found if isinstance(item, Mapping) and item.get("id") == step), None)
        if found is None or isinstance(found, str | int):
            return found is not None and at.endswith(step)
    return True
