"""Finding things in an answer: JSONPath (RFC 9535), XPath, headers, a bounded regular expression, columns."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import elementpath
import jsonpath

from app.processors.rest.decoding import Decoded, Unreadable, element_value
from app.processors.rest.filters import MISSING
from app.processors.rest.grammar_calls import Columns, Extraction

#: A regular expression looks at no more than this.
MOST_SEARCHED: Final = 65_536
#: A file larger than this is named and summed up, not carried.
MOST_CARRIED: Final = 1024 * 1024

_ENVIRONMENT = jsonpath.JSONPathEnvironment(strict=True)


class BadPath(ValueError):
    """A path that is none."""


@lru_cache(maxsize=2048)
def json_path(path: str) -> Any:
    """A compiled JSONPath; raises :class:`BadPath`."""
    try:
        return _ENVIRONMENT.compile(path)
    except jsonpath.JSONPathError as error:
        raise BadPath(str(error).splitlines()[0]) from None


def predicate(text: str) -> Any:
    """A compiled predicate over ``@``; raises :class:`BadPath`."""
    return json_path(f"$[?{text}]")


def is_true(text: str, value: Any) -> bool:
    """Whether a predicate holds of *value*."""
    return bool(predicate(text).findall([value]))


@lru_cache(maxsize=512)
def pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise BadPath(str(error)) from None


def found(where: Extraction, answer: Decoded, headers: Mapping[str, str]) -> list[Any]:
    """
    Everything that stands there, in order; a list found alone is its items.

    Raises:
        Unreadable: The answer is not of the kind that is looked into.
    """
    if where.json_path is not None:
        return _flat(json_path(where.json_path).findall(_value(answer)))
    if where.xpath is not None:
        return _by_xpath(where.xpath, where.namespaces, answer)
    if where.header is not None:
        value = headers.get(where.header.lower())
        return [] if value is None else [value]
    if where.regex is not None:
        hit = pattern(where.regex).search(answer.text[:MOST_SEARCHED])
        return [] if hit is None else [hit.group(1) if hit.groups() else hit.group(0)]
    if where.columns is not None:
        return _records(where.columns, _value(answer))
    if where.file:
        return [_file(answer)]
    return [answer.text]


def one(where: Extraction, answer: Decoded, headers: Mapping[str, str]) -> Any:
    """The first thing that stands there, MISSING where nothing does."""
    everything = found(where, answer, headers)
    return everything[0] if everything and everything[0] is not None else MISSING


def items_of(where: Extraction | None, answer: Decoded, headers: Mapping[str, str]) -> list[Any]:
    """The items an answer brings: where the connector says, else the whole body or its items if it is a list."""
    if where is not None:
        return [item for item in found(where, answer, headers) if item is not None]
    value = answer.value if answer.tree is None else element_value(answer.tree)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def field_of(item: Any, field: str) -> Any:
    """A field of an item: a JSONPath, a name, or a dotted path; MISSING where there is none."""
    if field.startswith("$"):
        values = json_path(field).findall(item)
        return values[0] if values else MISSING
    value = item
    if isinstance(item, dict) and field in item:
        return item[field]
    for step in field.split("."):
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def _value(answer: Decoded) -> Any:
    if answer.tree is not None:
        return element_value(answer.tree)
    if answer.value is None and answer.raw.strip():
        raise Unreadable("not_json")
    return answer.value


def _flat(values: list[Any]) -> list[Any]:
    return values[0] if len(values) == 1 and isinstance(values[0], list) else values


def _by_xpath(path: str, namespaces: Mapping[str, str], answer: Decoded) -> list[Any]:
    if answer.tree is None:
        raise Unreadable("not_xml")
    try:
        hits = elementpath.select(answer.tree, path, namespaces=dict(namespaces))
    except elementpath.ElementPathError:
        return []
    listed = hits if isinstance(hits, list) else [hits]
    return [element_value(hit) if hasattr(hit, "tag") else hit for hit in listed]


def _records(columns: Columns, value: Any) -> list[Any]:
    names = _flat(json_path(columns.names).findall(value))
    rows = _flat(json_path(columns.rows).findall(value))
    if rows and not isinstance(rows[0], list):
        rows = [rows]
    return [dict(zip(map(str, names), row, strict=False)) for row in rows if isinstance(row, list)]


def _file(answer: Decoded) -> dict[str, Any]:
    about: dict[str, Any] = {
        "media_type": answer.media_type or "application/octet-stream",
        "bytes": len(answer.raw),
        "sha256": hashlib.sha256(answer.raw).hexdigest(),
    }
    if len(answer.raw) <= MOST_CARRIED:
        about["content_base64"] = base64.b64encode(answer.raw).decode()
    return about
