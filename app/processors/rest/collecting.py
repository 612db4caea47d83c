"""Making a copy: the rows of each output, without what is somebody else's, in names people know."""

import copy
from collections.abc import Collection, Mapping
from typing import Any

from app.processors.rest.expressions import Scope
from app.processors.rest.extraction import is_true, json_path
from app.processors.rest.filters import MISSING
from app.processors.rest.finding import Find, row_fits
from app.processors.rest.grammar import Output
from app.processors.rest.grammar_steps import Collected
from app.processors.rest.reading import read
from app.processors.rest.run import Run


async def collect(
    run: Run,
    wanted: Mapping[str, Collected],
    finds: list[tuple[Find | None, Scope]],
    *,
    probe: bool = False,
    only: Collection[str] | None = None,
) -> None:
    """
    Bring the rows of every output that is asked for (of *only* these, where they are named) into ``run.rows``.

    With *probe* only as far as it takes to see whether there is anything.
    """
    needed = _needed(run, wanted, only)
    for one, scope in finds:
        raw: dict[str, list[Any]] = {}
        for name, source in wanted.items():
            if name not in needed or not run.conditions(source.when, scope):
                continue
            raw[name] = await _rows(run, source, scope, one, raw, probe=probe)
        for name, rows in raw.items():
            if not wanted[name].hidden and run.asked(name):
                run.rows.setdefault(name, []).extend(row for row in rows if row not in run.rows.get(name, []))


def _needed(run: Run, wanted: Mapping[str, Collected], only: Collection[str] | None) -> set[str]:
    """The outputs asked for, and those they are read through."""
    needed = {name for name, one in wanted.items() if not one.hidden and run.asked(name)}
    needed = needed if only is None else needed & set(only)
    while True:
        more = {one.each for name, one in wanted.items() if name in needed and one.each} - needed
        if not more:
            return needed
        needed |= {name for name in more if name is not None}


async def _rows(
    run: Run, source: Collected, scope: Scope, find: Find | None, raw: Mapping[str, list[Any]], *, probe: bool
) -> list[Any]:
    rows: list[Any] = []
    for inner in [scope.having(row=row) for row in raw.get(source.each, [])] if source.each else [scope]:
        if source.reading is not None:
            brought = await read(run, source.reading, inner, first_only=probe)
        else:
            brought = _there_already(source.source or "", inner, find)
        brought = [row for row in brought if source.where is None or is_true(source.where, row)]
        rows += [row for row in brought if source.match is None or row_fits(source.match, row, run, inner)]
        if probe and rows:
            break
    return rows


def _there_already(source: str, scope: Scope, find: Find | None) -> list[Any]:
    if source == "lookup":
        return [find[1]] if find is not None else []
    value = scope.find(tuple(source.split(".")))
    if value is MISSING:
        return []
    return value if isinstance(value, list) else [value]


def shown(output: Output, row: Any) -> dict[str, Any]:
    """A row as the person sees it: redacted first, then renamed."""
    made = copy.deepcopy(row) if isinstance(row, dict) else {"value": row}
    for hidden in output.redact:
        _without(made, hidden)
    if not output.fields:
        return made
    renamed = {ours: _at(made, theirs) for theirs, ours in output.fields.items()}
    renamed = {ours: value for ours, value in renamed.items() if value is not MISSING}
    if output.only:
        return renamed
    return {**{name: value for name, value in made.items() if name not in output.fields}, **renamed}


def _at(row: Mapping[str, Any], path: str) -> Any:
    if path in row:
        return row[path]
    value: Any = row
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def _without(row: Any, hidden: str) -> None:
    """Take a field out: by a JSONPath, or by its name wherever it stands."""
    if hidden.startswith("$"):
        for match in list(json_path(hidden).finditer(row)):
            parent, last = (match.parent.obj if match.parent else None), match.parts[-1] if match.parts else None
            if isinstance(parent, dict):
                parent.pop(last, None)
            elif isinstance(parent, list) and isinstance(last, int):
                parent[last] = None
        return
    if isinstance(row, dict):
        row.pop(hidden, None)
        for value in row.values():
            _without(value, hidden)
    elif isinstance(row, list):
        for value in row:
            _without(value, hidden)
