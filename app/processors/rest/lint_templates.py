"""Lint of templates: every path leads somewhere, every filter exists, every value is escaped where it stands."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.processors.rest.expressions import Expression, NotAnExpression, parse
from app.processors.rest.filters import ARGUMENTS, FILTERS
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_auth import LoginToken, RequestSignature
from app.processors.rest.grammar_calls import JsonText, Literalised, Reading, Request
from app.processors.rest.grammar_steps import CallStep, Collected, Job, LoopStep, Match, MergeStep, Native, Step

_ALWAYS = {
    "id",
    "ids",
    "settings",
    "secrets",
    "values",
    "details",
    "corrections",
    "order",
    "today",
    "now",
    "asked",
    "kept",
}
#: How a person can be known here; a connector may name others, which are then never known.
_TYPES = frozenset(
    {
        "personnummer",
        "email",
        "phone",
        "customer_number",
        "name",
        "address",
        "installation_id",
        "ga_client_id",
        "ecid",
    }
)
_ORDER = {"reference", "task_id", "action", "answer_by", "controller"}
_QUERY = re.compile(r"\b(select|where|update|delete\s+from)\b[^{]*\{\{", re.IGNORECASE)
_QUOTED = re.compile(r"['\"]\s*\{\{|\}\}\s*['\"]")


@dataclass(frozen=True)
class Fault:
    """One fault: its code, its place in the file, and what to do about it."""

    code: str
    where: str
    what: str


@dataclass(frozen=True)
class _Names:
    """What paths may begin with here, and the outputs of the steps before."""

    connector: Connector
    roots: frozenset[str]
    steps: Mapping[str, frozenset[str]]

    def having(self, *more: str) -> "_Names":
        return _Names(self.connector, self.roots | set(more), self.steps)

    def after(self, step: Step) -> "_Names":
        if step.id is None:
            return self
        outputs = frozenset(step.outputs) if isinstance(step, CallStep) else frozenset()
        return _Names(self.connector, self.roots | {"steps"}, {**self.steps, step.id: outputs})


def template_faults(connector: Connector) -> Iterator[Fault]:
    """The faults of every template and condition of the file."""
    names = _Names(connector, frozenset(_ALWAYS), {})
    for name, url in connector.base_url.items():
        yield from _template(url, names, f"base_url.{name}")
    for name, template in connector.values.items():
        yield from _template(template, names, f"values.{name}")
    for name, template in connector.headers.items():
        yield from _template(template, names, f"headers.{name}")
    yield from _auth(connector, names)
    for number, lookup in enumerate(connector.lookup):
        where = f"lookup.{lookup.id or number}"
        yield from _conditions(lookup.when, names, where)
        inner = names
        if lookup.within is not None:
            yield from _reading(lookup.within.reading, names, f"{where}.within")
            inner = names.having(lookup.within.as_)
        yield from _reading(lookup, inner, where)
        yield from _match(lookup.match, inner, where)
    found = names.having("m") if connector.lookup else names
    yield from _collection(connector.collect, found, "collect")
    for action, plan in connector.actions.items():
        if isinstance(plan, Native):
            yield from _plan(plan, found if plan.lookup else names, names, f"actions.{action}")
    for number, proof in enumerate(connector.callback.proof if connector.callback else []):
        signed = _Names(connector, frozenset({"body", "timestamp"}), {})
        yield from _template(proof.signed, signed, f"callback.proof.{number}")
    if connector.check is not None:
        yield from _request(connector.check.request, names, "check")


def _plan(plan: Native, names: _Names, bare: _Names, where: str) -> Iterator[Fault]:
    yield from _collection(plan.collect, names, f"{where}.collect")
    after = names
    yield from _steps(plan.steps, names, f"{where}.steps")
    for step in plan.steps:
        after = after.after(step)
    if plan.job is not None:
        yield from _job(plan.job, after, bare, f"{where}.job")
    if plan.verify is not None:
        yield from _request(plan.verify.request, names, f"{where}.verify")
    for number, step in enumerate(plan.finally_):
        yield from _request(step.request, after, f"{where}.finally.{step.id or number}")


def _job(job: Job, names: _Names, bare: _Names, where: str) -> Iterator[Fault]:
    yield from _request(job.start.request, names, f"{where}.start")
    later = bare.having("job")  # what was found is not carried from one question to the next
    for name in ("poll", "confirm", "cancel"):
        call = getattr(job, name)
        if call is not None:
            yield from _request(call.request, later, f"{where}.{name}")
    if job.download is not None and job.download.request is not None:
        yield from _request(job.download.request, later, f"{where}.download")


def _steps(steps: Iterable[Step], names: _Names, where: str) -> Iterator[Fault]:
    for number, step in enumerate(steps):
        here = f"{where}.{step.id or number}"
        yield from _conditions(step.when, names, here)
        retain = getattr(step, "retain", None)
        if retain is not None:
            yield from _template(retain.until, names, f"{here}.retain")
        match step:
            case CallStep():
                yield from _request(step.request, names, here)
                yield from _json(step.dry_run, names, f"{here}.dry_run")
            case MergeStep():
                yield from _merge(step, names, here)
            case LoopStep():
                yield from _loop(step, names, here)
        names = names.after(step)


def _merge(step: MergeStep, names: _Names, where: str) -> Iterator[Fault]:
    merge = step.merge_put
    if merge.read is None and "m" not in names.roots:
        yield Fault("unresolved_reference", where, "without get the find is changed, and nobody was looked up")
    for name, request in (("get", merge.read), ("put", merge.write)):
        if request is not None:
            yield from _request(request, names, f"{where}.{name}")
    yield from _json(merge.set, names, f"{where}.set")


def _loop(step: LoopStep, names: _Names, where: str) -> Iterator[Fault]:
    loop = step.foreach
    if loop.reading is not None:
        yield from _reading(loop.reading, names, f"{where}.foreach")
    if loop.over is not None:
        yield from _path(tuple(loop.over.split(".")), names, f"{where}.foreach")
    inner = names.having(loop.as_)
    yield from _match(loop.match, inner, f"{where}.foreach")
    yield from _steps(loop.steps, inner, f"{where}.foreach")


def _collection(collection: Mapping[str, Collected], names: _Names, where: str) -> Iterator[Fault]:
    for name, one in collection.items():
        here = f"{where}.{name}"
        inner = names.having("row") if one.each else names
        yield from _conditions(one.when, names, here)
        if one.reading is not None:
            yield from _reading(one.reading, inner, here)
        if one.source is not None and one.source != "lookup":
            yield from _path(tuple(one.source.split(".")), inner, here)
        yield from _match(one.match, inner, here)


def _auth(connector: Connector, names: _Names) -> Iterator[Fault]:
    listed = [("auth", connector.auth)] + [(f"auths.{name}", one) for name, one in connector.auths.items()]
    for where, auth in listed:
        if auth is None:
            continue
        inner = names
        if isinstance(auth, LoginToken):
            yield from _request(auth.request, names, where)
            yield from _template(auth.inject.value, names.having("token"), f"{where}.inject")
            continue
        if isinstance(auth, RequestSignature):
            inner = names.having("nonce", "request", "signature")
        for field in type(auth).model_fields:
            value = getattr(auth, field)
            for one in value.values() if isinstance(value, dict) else [value]:
                if isinstance(one, str) and "{{" in one:
                    yield from _template(one, inner, f"{where}.{field}")


def _reading(reading: Reading, names: _Names, where: str) -> Iterator[Fault]:
    yield from _request(reading.request, names, where)
    for number, rule in enumerate(reading.rules):
        if rule.goto is not None:
            yield Fault("bad_goto", f"{where}.rules.{number}", "a reading goes nowhere: it has an outcome")


def _match(match: Match | None, names: _Names, where: str) -> Iterator[Fault]:
    for check in [*match.any, *match.all] if match else []:
        template = check.eq or check.ieq or check.digits or check.phone or check.personnummer or ""
        yield from _template(template, names, f"{where}.match")


def _request(request: Request, names: _Names, where: str) -> Iterator[Fault]:
    for field in ("path", "url", "xml", "text"):
        template = getattr(request, field)
        if template is not None:
            yield from _template(template, names, f"{where}.{field}")
    if request.text is not None and parse_or_none(request.text) and request.text.lstrip()[:1] in ("<", "{", "["):
        yield Fault("unescaped_context", f"{where}.text", "what is XML or JSON is written as xml or json")
    for name, template in request.headers.items():
        yield from _template(template, names, f"{where}.headers.{name}")
    for field in ("query", "form", "multipart"):
        for name, value in (getattr(request, field) or {}).items():
            for one in value if isinstance(value, list) else [value]:
                yield from _field(one, names, f"{where}.{field}.{name}")
    yield from _json(request.json_body, names, f"{where}.json")


def parse_or_none(template: str) -> bool:
    """Whether there are holes in it that can be read."""
    try:
        return bool(parse(template).holes)
    except NotAnExpression:
        return False


def _field(value: object, names: _Names, where: str) -> Iterator[Fault]:
    match value:
        case Literalised():
            template = value.soql or value.sql or ""
            if _QUOTED.search(template):
                yield Fault("unescaped_context", where, "no quotes around {{ … }}: it becomes a quoted literal")
            yield from _template(template, names, where)
        case JsonText():
            yield from _json(value.json_value, names, where)
        case str():
            if _QUERY.search(value):
                yield Fault("unescaped_context", where, "a query is written {sql: …} or {soql: …}")
            if value.lstrip()[:1] in ("{", "[") and not value.lstrip().startswith("{{") and parse_or_none(value):
                yield Fault("unescaped_context", where, "JSON in a field is written {json: …}")
            yield from _template(value, names, where)


def _json(value: Any, names: _Names, where: str) -> Iterator[Fault]:
    match value:
        case str():
            yield from _field(value, names, where)
        case list():
            for one in value:
                yield from _json(one, names, where)
        case dict():
            if "$each" in value:
                yield from _conditions(str(value["$each"]), names, where)
                names = names.having("each")
            for name, one in value.items():
                if name == "$each":
                    continue
                if name == "$when":
                    yield from _conditions(one, names, where)
                else:
                    yield from _json(one, names, f"{where}.{name}")


def _conditions(conditions: str | list[str] | None, names: _Names, where: str) -> Iterator[Fault]:
    for one in [conditions] if isinstance(conditions, str) else conditions or []:
        yield from _path(tuple(str(one).removeprefix("not ").split(".")), names, where)


def _template(template: str, names: _Names, where: str) -> Iterator[Fault]:
    try:
        holes = parse(template).holes
    except NotAnExpression as error:
        yield Fault("unresolved_reference", where, str(error))
        return
    for hole in holes:
        yield from _path(hole.path, names, where)
        yield from _filters(hole, where)


def _filters(hole: Expression, where: str) -> Iterator[Fault]:
    for name, arguments in hole.filters:
        if name not in FILTERS:
            yield Fault("unknown_filter", where, f"there is no filter '{name}'")
            continue
        least, most = ARGUMENTS.get(name, (0, 0))
        if not least <= len(arguments) <= most:
            yield Fault("unknown_filter", where, f"'{name}' takes {least} to {most} arguments")


def _path(path: tuple[str, ...], names: _Names, where: str) -> Iterator[Fault]:
    root, dotted = path[0], ".".join(path)
    if root not in names.roots:
        yield Fault("unresolved_reference", where, f"'{dotted}' leads nowhere here")
        return
    declared = _declared(names, root)
    if declared is not None and (len(path) < 2 or path[1] not in declared):
        yield Fault("unresolved_reference", where, f"'{dotted}' is not declared")
    if root == "steps" and len(path) > 2 and path[1] in names.steps and path[2] not in names.steps[path[1]]:
        yield Fault("unresolved_reference", where, f"step '{path[1]}' has no output '{path[2]}'")


def _declared(names: _Names, root: str) -> Iterable[str] | None:
    connector = names.connector
    match root:
        case "settings":
            return connector.settings
        case "secrets":
            return connector.secrets
        case "values":
            return connector.values
        case "asked" | "kept":
            return connector.outputs
        case "order":
            return _ORDER
        case "steps":
            return names.steps
        case "id" | "ids":
            return _known_identifiers(connector)
    return None


def _known_identifiers(connector: Connector) -> set[str]:
    listed: list[BaseModel | None] = [connector.identifiers]
    listed += [plan.identifiers for plan in connector.actions.values() if isinstance(plan, Native)]
    own = {name for one in listed if one is not None for name in (*one.any, *one.all)}  # type: ignore[attr-defined]
    return {*_TYPES, *own}
