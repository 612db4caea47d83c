"""
``{{ path | filter('x') }}``: dotted paths and a closed list of pure filters. No loops, no conditions, no code.

A template is read once and filled many times. What is filled in is escaped for where it stands (:mod:`escaping`);
a value that is missing or empty stops the call, since an empty filter at a vendor's means "everybody".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from app.processors.rest.escaping import BadValue, Escape
from app.processors.rest.filters import ARGUMENTS, FILTERS, MISSING, OMIT, Arg

_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_@$:-]+)*)\s*")
_FILTER = re.compile(r"\|\s*([a-z][a-z0-9_]*)\s*(?:\(([^()]*)\))?\s*")
_ARG = re.compile(r"""\s*(?:'([^']*)'|"([^"]*)"|(-?\d{1,6})|(settings\.[a-z][a-z0-9_]*))\s*(,|$)""")
#: One value worked out of another worked out of another: deeper is a circle.
_DEEPEST: Final = 5


class NotAnExpression(ValueError):
    """What stands between the braces is no path with filters."""


class MissingValue(Exception):
    """Something that the call needs is not known; ``path`` says what, never the value of anything."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


class Omitted(Exception):
    """The value is missing and its field may be left out."""


@dataclass(frozen=True)
class Chosen:
    """A filter's argument that the registration chooses: one of its settings."""

    path: tuple[str, ...]


@dataclass(frozen=True)
class Expression:
    """One hole: where its value comes from, and what is done to it."""

    path: tuple[str, ...]
    filters: tuple[tuple[str, tuple[Arg | Chosen, ...]], ...] = ()

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Parsed:
    """A template, read: texts and holes in turn."""

    parts: tuple[str | Expression, ...]

    @property
    def holes(self) -> list[Expression]:
        return [one for one in self.parts if isinstance(one, Expression)]

    @property
    def lone(self) -> Expression | None:
        """The hole that is all there is."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Expression) else None


@lru_cache(maxsize=4096)
def parse(template: str) -> Parsed:
    """
    Read a template.

    Raises:
        NotAnExpression: With what is wrong, and where.
    """
    parts: list[str | Expression] = []
    at = 0
    for hole in _HOLE.finditer(template):
        if hole.start() > at:
            parts.append(template[at : hole.start()])
        parts.append(_expression(hole.group(1)))
        at = hole.end()
    if at < len(template):
        parts.append(template[at:])
    if any(isinstance(one, str) and ("{{" in one or "}}" in one) for one in parts):
        raise NotAnExpression("braces without their other half")
    return Parsed(tuple(parts))


def _expression(text: str) -> Expression:
    found = _PATH.match(text)
    if found is None:
        raise NotAnExpression(f"'{text.strip()}' does not begin with a path")
    filters = []
    at = found.end()
    while at < len(text):
        one = _FILTER.match(text, at)
        if one is None:
            raise NotAnExpression(f"'{text[at:].strip()}' is no filter")
        filters.append((one.group(1), tuple(_arguments(one.group(2) or ""))))
        at = one.end()
    return Expression(tuple(found.group(1).split(".")), tuple(filters))


def _arguments(text: str) -> Iterator[Arg | Chosen]:
    at = 0
    while at < len(text):
        one = _ARG.match(text, at)
        if one is None:
            raise NotAnExpression(f"'{text.strip()}' are no texts, whole numbers or settings")
        quoted, doubly, number, setting, _ = one.groups()
        if setting is not None:
            yield Chosen(tuple(setting.split(".")))
        else:
            yield int(number) if number is not None else (quoted if quoted is not None else doubly or "")
        at = one.end()


@dataclass(frozen=True)
class Scope:
    """What paths lead to. Holds personal data and secrets: never shown."""

    names: Mapping[str, Any]
    values: Mapping[str, str] = field(default_factory=dict)  #: templates, by name, worked out when they are asked for
    _depth: int = 0

    def __repr__(self) -> str:
        return "<Scope>"

    def having(self, **names: Any) -> "Scope":
        """The same with more (or other) names."""
        return Scope({**self.names, **names}, self.values, self._depth)

    def find(self, path: tuple[str, ...]) -> Any:
        """The value at *path*; MISSING for what is not there, null or empty."""
        if path[0] == "values" and len(path) == 2:
            if path[1] not in self.values or self._depth >= _DEEPEST:
                return MISSING
            deeper = Scope(self.names, self.values, self._depth + 1)
            try:
                return evaluate(self.values[path[1]], deeper)
            except (MissingValue, Omitted):
                return MISSING
        return found_in(self.names, path)

    def holds(self, condition: str) -> bool:
        """Whether ``path`` leads to something, or ``not path`` to nothing (or to false)."""
        negated = condition.startswith("not ")
        value = self.find(tuple(condition.removeprefix("not ").split(".")))
        return (value is MISSING or value is False) == negated

    def all_hold(self, conditions: str | list[str] | None) -> bool:
        listed = [conditions] if isinstance(conditions, str) else conditions or []
        return all(self.holds(one) for one in listed)


def found_in(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of keys and list positions; MISSING for what is not there, null or empty."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return MISSING if value is None or value == "" or value == [] or value == {} else value


def value_of(hole: Expression, scope: Scope) -> Any:
    """
    The value of one hole, with its type.

    Raises:
        MissingValue, Omitted, BadValue
    """
    value = scope.find(hole.path)
    for name, arguments in hole.filters:
        made = FILTERS.get(name)
        least, most = ARGUMENTS.get(name, (0, 0))
        if made is None or not least <= len(arguments) <= most:
            raise BadValue("filter")
        chosen = [scope.find(one.path) if isinstance(one, Chosen) else one for one in arguments]
        if not all(isinstance(one, str | int) for one in chosen):
            raise BadValue("filter")
        value = made(value, *chosen)
    if value is OMIT:
        raise Omitted
    if value is MISSING:
        raise MissingValue(hole.dotted)
    return value


def evaluate(template: str, scope: Scope) -> Any:
    """A lone hole's value with its type; anything else as text. Raises what :func:`value_of` raises."""
    parsed = parse(template)
    if parsed.lone is not None:
        return value_of(parsed.lone, scope)
    return render(template, scope)


def render(template: str, scope: Scope, escape: Escape | None = None) -> str:
    """The template as text, each value escaped. Raises what :func:`value_of` raises."""
    texts = []
    for one in parse(template).parts:
        if isinstance(one, str):
            texts.append(one)
        else:
            text = as_text(value_of(one, scope))
            texts.append(escape(text) if escape else text)
    return "".join(texts)


def as_text(value: Any) -> str:
    """A plain value as a text; raises :class:`BadValue` for lists and objects."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case date() | datetime():
            return value.isoformat()
    raise BadValue("not_plain")
