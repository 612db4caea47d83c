"""A vendor on the loopback address whose answers a test writes down, and an adapter that speaks to it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.domain.fanout import Action, AnswerMode, Idempotency
from app.processors import Answer, Line, Order, Target
from app.processors.rest.adapter import Rest
from app.processors.rest.grammar import Connector
from app.processors.rest.lint import lint
from sandbox.serving import served
from tests.processors.answering import ORDER

LINE = Line(connections=4, seconds=5, sandbox=True)
EMAIL = {"type": "email", "value": "anna@example.org", "format": "rfc5321"}
PHONE = {"type": "phone", "value": "+46701740605", "format": "e164"}
NUMBER = {"type": "customer_number", "value": "K-10442", "format": "text"}
PNR = {"type": "personnummer", "value": "199001012384", "format": "YYYYMMDDNNNN"}

#: What every connector of these tests has unless it says otherwise.
BASE = """
connector: vendor
version: 1
title: Vendor
status: documented
base_url: {test: https://api.vendor.example}
rules:
  - {status: 401, outcome: auth_expired}
  - {status: 429, outcome: retry, after: {header: Retry-After}}
  - {status: 404, outcome: no_match}
  - {status: 2xx, outcome: success}
  - {status: 5xx, outcome: unknown}
  - {outcome: fail}
identifiers: {any: [email, phone, customer_number, personnummer]}
"""

#: Finding a person by the e-mail address, verified.
FIND = """
lookup:
  - when: id.email
    request: {path: /people, query: {email: "{{ id.email }}"}}
    match: {any: [{field: email, ieq: "{{ id.email }}"}]}
    key: id
    on_empty: no_match
"""
OUTPUTS = """
outputs: {person: {about: The record}, calls: {about: Calls}}
collect:
  person: {from: lookup}
  calls: {read: {request: {path: "/people/{{ m.id }}/calls"}}}
"""
ANNA = {"id": 7, "email": "Anna@Example.org", "name": "Anna Berg"}


@dataclass(frozen=True)
class Seen:
    """One call as the vendor got it."""

    method: str
    path: str
    raw_path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


Reply = Response | dict[str, Any] | list[Any] | int | Callable[[Seen], Any]


@dataclass
class Vendor:
    """Answers by method and path; of a list of answers one after the other, the last for ever."""

    answers: dict[str, list[Reply]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""

    def says(self, line: str, *answers: Reply) -> "Vendor":
        self.answers[line] = list(answers)
        return self

    def asked(self, line: str) -> list[Seen]:
        return [one for one in self.seen if one.line == line]

    @property
    def lines(self) -> list[str]:
        return [one.line for one in self.seen]

    async def answer(self, request: Request) -> Response:
        raw = request.scope["raw_path"].decode()
        query = tuple(request.query_params.multi_items())
        body = await request.body()
        seen = Seen(request.method, request.url.path, raw, query, dict(request.headers), body)
        self.seen.append(seen)
        answers = self.answers.get(seen.line)
        if not answers:
            return PlainTextResponse("no such thing", status_code=404)
        return _response(answers.pop(0) if len(answers) > 1 else answers[0], seen)


def _response(reply: Any, seen: Seen) -> Response:
    if callable(reply) and not isinstance(reply, Response):
        reply = reply(seen)
    if isinstance(reply, Response):
        return reply
    if isinstance(reply, int):
        return Response(status_code=reply)
    return JSONResponse(reply)


def connector(*texts: str) -> Connector:
    """
    A connector made of pieces of YAML, the later over the earlier; lint has nothing to say of it.

    ``stop_marketing`` is the plainest action there is, and stands for any: what it stops here is all there is.
    """
    raw: dict[str, Any] = {}
    for text in (BASE, *texts):
        raw |= yaml.safe_load(text)
    if "steps" in (plain := raw["actions"].get("stop_marketing", {})):
        plain.setdefault("every_channel", "The vendor of the tests sends nothing else.")
    made = Connector.model_validate(raw)
    assert [f"{one.code} {one.where} {one.what}" for one in lint(made)] == []
    return made


def target(**settings: Any) -> Target:
    named, categories = settings.pop("named", {}), tuple(settings.pop("declared", ()))
    return Target(
        key="vendor",
        endpoint="",
        secrets=(),
        answer_mode=settings.pop("answer_mode", AnswerMode.POLL),
        idempotency=settings.pop("idempotency", Idempotency.QUERY),
        settings=settings,
        named={name: (value,) if isinstance(value, str) else tuple(value) for name, value in named.items()},
        categories=categories,
    )


def order(action: Action, *identifiers: Mapping[str, str], **more: Any) -> Order:
    categories = more.pop("categories", ("contact",))
    return replace(
        ORDER, action=action, identifiers=tuple(identifiers) or (EMAIL,), categories=tuple(categories), **more
    )


@asynccontextmanager
async def connected(made: Connector, vendor: Vendor, *, line: Line = LINE, **settings: Any) -> AsyncIterator[Rest]:
    """An adapter whose vendor stands on the loopback address."""
    app = Starlette(
        routes=[Route("/{rest:path}", vendor.answer, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])]
    )
    if made.outputs:
        settings.setdefault("categories", dict.fromkeys(made.outputs, "contact"))
    async with served(app) as url:
        vendor.url = url
        settings.setdefault("base_url", url)
        adapter = Rest(made, target(connector="vendor", **settings), line)
        try:
            yield adapter
        finally:
            await adapter.aclose()


async def asked(made: Connector, vendor: Vendor, wanted: Order, **settings: Any) -> Answer:
    """What one order comes to."""
    async with connected(made, vendor, **settings) as adapter:
        return await adapter.send(wanted)
