"""
A package's description of itself: Data Package 2.0, Table Schema and JSON Schema (GDPR Art. 20(1): machine-readable).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from app.letters.bag import PAYLOAD
from app.letters.package_facts import CategoryRows, PackageContents, PackagePart, Title
from app.letters.tables import cell, columns

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_RESOURCE = "https://datapackage.org/profiles/2.0/dataresource.json"
_TABLE = "https://datapackage.org/profiles/2.0/tableschema.json"
_JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_MEDIA = {"json": "application/json", "csv": "text/csv"}
_JSON_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}


def describe(contents: PackageContents, payload: Mapping[str, bytes]) -> dict[str, Any]:
    """The ``datapackage.json`` that lies among the *payload*: each file of it once."""
    resources = [_resource(path, payload) | said for path, said in _named(contents) if path in payload]
    return {
        "$schema": _PROFILE,
        "name": f"insyn-{contents.reference.lower()}",
        "id": contents.reference,
        "title": f"{contents.controller.name}, {contents.reference}",
        "created": contents.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "contributors": [{"title": contents.controller.name, "roles": ["controller"]}],
        "resources": resources,
    }


def _named(contents: PackageContents) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in contents.parts:
        yield from _of_part(part, contents)
    yield f"{PAYLOAD}_dictionary.json", {"name": "_dictionary"}
    yield f"{PAYLOAD}_information.json", {"name": "_information"}
    yield f"{PAYLOAD}_disagreements.json", {"name": "_disagreements"}


def _of_part(part: PackagePart, contents: PackageContents) -> Iterator[tuple[str, dict[str, Any]]]:
    said = {"name": part.key, "title": part.name, "art20_portable": False}
    yield f"{PAYLOAD}{part.key}.json", said
    yield f"{PAYLOAD}{part.key}.copy.json", said
    for category in part.categories:
        # A dot no key can hold, so no two resources share a name.
        name, stem = f"{part.key}.{category.key}", f"{PAYLOAD}portable/{part.key}/{category.key}"
        title = f"{part.name}: {category.title.in_language(contents.language)}"
        portable = {"title": title, "art20_portable": True}
        yield f"{stem}.csv", {"name": name, "type": "table", "schema": _table_schema(category)} | portable
        schema_path = f"{stem}.schema.json".removeprefix(PAYLOAD)
        yield f"{stem}.json", {"name": f"{name}.json", "jsonSchema": schema_path} | portable
        yield f"{stem}.schema.json", {"name": f"{name}.schema", "title": title}


def _resource(path: str, payload: Mapping[str, bytes]) -> dict[str, Any]:
    format_ = path.rsplit(".", 1)[1]
    return {
        "$schema": _RESOURCE,
        "path": path.removeprefix(PAYLOAD),
        "format": format_,
        "mediatype": _MEDIA[format_],
        "encoding": "utf-8",
        "bytes": len(payload[path]),
        "hash": f"sha256:{hashlib.sha256(payload[path]).hexdigest()}",
    }


def _table_schema(category: CategoryRows) -> dict[str, Any]:
    """The columns of a table and what stands in them; a column of several kinds of value is ``any``."""
    fields = [
        {"name": cell(name), "type": _kind([row[name] for row in category.rows if name in row])}
        for name in columns(category.rows)
    ]
    return {"$schema": _TABLE, "fields": fields, "missingValues": [""]}


def _kind(values: Sequence[object]) -> str:
    kinds = {_JSON_TYPES.get(type(value), "any") for value in values if value is not None}
    if kinds <= {"integer", "number"} and kinds:
        return "integer" if kinds == {"integer"} else "number"
    return kinds.pop() if len(kinds) == 1 and not kinds & {"object", "any"} else "any"


def json_schema(rows: Sequence[Mapping[str, object]], *, title: Title) -> dict[str, Any]:
    """What the rows of a category look like: an array of objects with these fields and these kinds of value."""
    properties: dict[str, Any] = {}
    for name in columns(rows):
        kinds = sorted({_json_type(row[name]) for row in rows if name in row})
        properties[name] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    return {
        "$schema": _JSON_SCHEMA,
        "title": title.en,
        "type": "array",
        "items": {"type": "object", "properties": properties, "additionalProperties": False},
    }


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "array"
    return "object" if isinstance(value, Mapping) else _JSON_TYPES.get(type(value), "string")
