"""A request as the connector describes it, filled in and escaped: ready to be signed and sent."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid5

from app.processors.rest import escaping
from app.processors.rest.expressions import Omitted, Scope, as_text, evaluate, render
from app.processors.rest.filters import MISSING
from app.processors.rest.grammar_calls import JsonText, Literalised, Request, Value
from app.processors.rest.places import Places, whole


@dataclass
class Prepared:
    """One call before it leaves. Holds personal data and secrets: never shown."""

    method: str
    url: str  #: as the connector writes it, without its query
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"<Prepared {self.method}>"

    @property
    def target(self) -> str:
        """The address with its query."""
        if not self.query:
            return self.url
        joint = "&" if "?" in self.url else "?"
        return self.url + joint + urlencode(self.query, quote_via=quote)


def prepare(
    request: Request, scope: Scope, places: Places, *, headers: dict[str, str], key: str | None = None
) -> Prepared:
    """
    Fill in a request. *headers* are the connector's own; *key* identifies the task and the step.

    Raises:
        MissingValue: Something the request needs is not known.
        BadValue: A value that cannot be written where it belongs.
        NotAllowed: An address on a host that the connector does not name.
    """
    url = (
        whole(request.url, scope) if request.url else places.base + render(request.path or "/", scope, escaping.in_path)
    )
    made = Prepared(request.method, places.check(url))
    made.query = list(_fields(request.query, scope))
    for name, template in {**headers, **request.headers}.items():
        try:
            made.headers[name.lower()] = render(template, scope, escaping.in_header)
        except Omitted:
            continue
    _put_body(made, request, scope, key)
    if request.content_type:
        made.headers["content-type"] = request.content_type
    if key is not None and request.idempotency_key is not None and request.idempotency_key.header:
        made.headers[request.idempotency_key.header.lower()] = key
    made.headers.setdefault("accept", "application/json, */*;q=0.5")
    return made


def idempotency_key(task_id: str, step: str) -> str:
    """The same for a task and a step, whatever happens between."""
    return str(uuid5(NAMESPACE_URL, f"insyn:{task_id}:{step}"))


def _put_body(made: Prepared, request: Request, scope: Scope, key: str | None) -> None:
    named = request.idempotency_key.field if request.idempotency_key else None
    extra = {named: key} if named and key else {}
    if request.json_body is not None:
        body = filled(request.json_body, scope)
        body = body | extra if isinstance(body, dict) else body
        _set(made, json.dumps(body, ensure_ascii=False).encode(), "application/json")
    elif request.form is not None:
        pairs = [*_fields(request.form, scope), *extra.items()]
        _set(made, urlencode(pairs).encode(), "application/x-www-form-urlencoded")
    elif request.multipart is not None:
        _multipart(made, list(_fields(request.multipart, scope)))
    elif request.xml is not None:
        _set(made, render(request.xml, scope, escaping.in_xml).encode(), "text/xml; charset=utf-8")
    elif request.text is not None:
        _set(made, render(request.text, scope, escaping.plain).encode(), "text/plain; charset=utf-8")
    elif extra:
        _set(made, json.dumps(extra).encode(), "application/json")


def _set(made: Prepared, body: bytes, content_type: str) -> None:
    made.body = body
    made.headers["content-type"] = content_type


def _multipart(made: Prepared, pairs: list[tuple[str, str]]) -> None:
    boundary = secrets.token_hex(16)
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in pairs]
    body = "".join(parts) + f"--{boundary}--\r\n"
    _set(made, body.encode(), f"multipart/form-data; boundary={boundary}")


def _fields(described: Any, scope: Scope) -> Iterator[tuple[str, str]]:
    for name, value in described.items():
        for one in value if isinstance(value, list) else [value]:
            try:
                yield from ((name, text) for text in _texts(one, scope))
            except Omitted:
                continue


def _texts(value: Value, scope: Scope) -> list[str]:
    if isinstance(value, Literalised):
        return [literalised(value, scope)]
    if isinstance(value, JsonText):
        return [json.dumps(filled(value.json_value, scope), ensure_ascii=False)]
    if isinstance(value, str):
        found = evaluate(value, scope)
        listed = found if isinstance(found, list) else [found]
        return [escaping.plain(as_text(one)) for one in listed]
    return [as_text(value)]


def literalised(value: Literalised, scope: Scope) -> str:
    """A query in a vendor's language, its values as literals."""
    if value.soql is not None:
        return render(value.soql, scope, escaping.in_soql)
    return render(value.sql or "", scope, escaping.in_sql if value.quotes == "double" else escaping.in_strict_sql)


def filled(described: Any, scope: Scope) -> Any:
    """
    A JSON value with its templates filled in; an object with ``$when`` that does not hold is left out.

    Raises:
        MissingValue, BadValue; Omitted for a value that is left out
    """
    if isinstance(described, str):
        value = evaluate(described, scope) if "{{" in described else described
        return value if not hasattr(value, "isoformat") else value.isoformat()
    if isinstance(described, list):
        made = [one for item in described for one in _expanded(item, scope)]
        return [one for one in made if one is not MISSING]
    if not isinstance(described, dict):
        return described
    if "$when" in described and not scope.all_hold(described["$when"]):
        raise Omitted
    kept = {name: _or_missing(one, scope) for name, one in described.items() if name != "$when"}
    return {name: one for name, one in kept.items() if one is not MISSING}


def _expanded(item: Any, scope: Scope) -> list[Any]:
    """An item of a list; one with ``$each: ids.email`` stands once for each of these, as ``each``."""
    if not isinstance(item, dict) or "$each" not in item:
        return [_or_missing(item, scope)]
    values = scope.find(tuple(str(item["$each"]).split(".")))
    listed = values if isinstance(values, list) else [] if values is MISSING else [values]
    rest = {name: one for name, one in item.items() if name != "$each"}
    return [_or_missing(rest, scope.having(each=value)) for value in listed]


def _or_missing(described: Any, scope: Scope) -> Any:
    try:
        return filled(described, scope)
    except Omitted:
        return MISSING
