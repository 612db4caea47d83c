"""A vendor, or a person's own words, that mean harm: nothing leaks, nothing runs on, nothing is believed."""

import gzip
import io
import json
import zipfile
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from app.domain.fanout import Action, Outcome
from tests.processors.rest.vendor import (
    ANNA,
    FIND,
    LINE,
    Vendor,
    asked,
    connected,
    connector,
    order,
)

READ = """
outputs: {rows: {}}
collect: {rows: {read: {request: {path: /rows}}}}
actions: {export: {effect: read, lookup: false}}
"""
EXPORT = order(Action.EXPORT)
EVIL = [
    "' OR 1=1 --",
    "x'; DELETE FROM Person; --",
    'x"},{"id":"*',
    "a/b?x=1#y",
    "..%2f..%2fadmin",
    "</id><id>*</id>",
    "{{ secrets.key }}",
    "*",
    "a&email=other@example.org",
    "å ß 漢",
]


def reading(**request: Any) -> str:
    return READ.replace("request: {path: /rows}", f"request: {json.dumps({'path': '/rows'} | request)}")


class TestWhatAPersonCallsThemselves:
    """An identifier is a value wherever it is written, whatever it says."""

    @pytest.mark.parametrize("evil", EVIL)
    async def test_stays_one_value_in_path_query_form_json_and_xml(self, evil: str) -> None:
        steps = """
secrets: {key: {}}
actions:
  stop_marketing:
    steps:
      - {request: {method: PUT, path: "/p/{{ id.name }}/end", query: {q: "{{ id.name }}", two: "2"}}}
      - {request: {method: PUT, path: /form, form: {f: "{{ id.name }}", two: "2"}}}
      - {request: {method: PUT, path: /json, json: {a: {b: ["{{ id.name }}", "x{{ id.name }}"]}}}}
      - {request: {method: PUT, path: /xml, xml: "<q a='{{ id.name }}'>{{ id.name }}</q>"}}
identifiers: {any: [name]}
rules: [{outcome: success}]
"""
        vendor = Vendor()
        wanted = order(Action.STOP_MARKETING, {"type": "name", "value": evil})
        answer = await asked(connector(steps), vendor, wanted, named={"key": "S3CRET"})
        assert answer.outcome is Outcome.COMPLETED
        path, form, body, xml = vendor.seen
        assert (path.raw_path.count("/"), unquote(path.raw_path)) == (3, f"/p/{evil}/end")
        assert path.query == (("q", evil), ("two", "2"))
        assert parse_qsl(form.body.decode()) == [("f", evil), ("two", "2")]
        assert json.loads(body.body) == {"a": {"b": [evil, f"x{evil}"]}}
        assert xml.body.count(b"<") == 2
        assert b"S3CRET" not in b"".join(one.body + one.raw_path.encode() for one in vendor.seen)

    @pytest.mark.parametrize("evil", ["x\r\nX-Evil: 1", "x\x00y", "x\u2028y", "..", "a/../../admin", "..\\x"])
    async def test_is_not_sent_where_it_cannot_be_written(self, evil: str) -> None:
        steps = """
actions:
  stop_marketing: {steps: [{request: {method: PUT, path: "/p/{{ id.name }}", headers: {X-Name: "{{ id.name }}"}}}]}
identifiers: {any: [name]}
"""
        vendor = Vendor()
        answer = await asked(connector(steps), vendor, order(Action.STOP_MARKETING, {"type": "name", "value": evil}))
        assert (answer.outcome, answer.code, vendor.seen) == (Outcome.REFUSED, "unfit_value", [])
        assert evil not in answer.body["message"]

    @pytest.mark.parametrize("evil", ["o'brien", 'a"b', "a\\b", "a;b"])
    async def test_is_refused_in_a_query_whose_escaping_nobody_knows(self, evil: str) -> None:
        text = reading(query={"script": {"sql": "SELECT * FROM P WHERE E = {{ id.name }}", "quotes": "refuse"}})
        vendor = Vendor()
        wanted = order(Action.EXPORT, {"type": "name", "value": evil})
        answer = await asked(connector(text, "identifiers: {any: [name]}"), vendor, wanted)
        assert (answer.code, vendor.seen) == ("unfit_value", [])

    async def test_that_is_missing_never_means_everybody(self) -> None:
        """An empty filter at a vendor's is a list of all its customers."""
        text = reading(query={"email": "{{ id.email }}", "phone": "{{ id.phone }}"})
        vendor = Vendor().says("GET /rows", [{"n": 1}])
        answer = await asked(connector(text), vendor, EXPORT)
        assert (answer.outcome, answer.code, vendor.seen) == (Outcome.REFUSED, "no_identifier", [])


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return made.getvalue()


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


class TestAnswersThatMeanHarm:
    """Whatever comes back is an answer of ours, and soon."""

    @pytest.mark.parametrize(
        ("answer", "request_more", "code"),
        [
            (PlainTextResponse("x" * 2_000_000), {"max_bytes": 100_000}, "too_large"),
            (Response("[" * 100_000 + "]" * 100_000, media_type="application/json"), {}, "malformed"),
            (Response('{"a": ' * 40 + "1" + "}" * 40, media_type="application/json"), {}, "malformed"),
            (Response('{"a": NaN}', media_type="application/json"), {}, "malformed"),
            (Response('[{"a": 1}, {"b"', media_type="application/json"), {}, "malformed"),
            (Response("<html>Login</html>", media_type="text/html"), {}, "malformed"),
            (Response("<html>Bad gateway</html>", 502, media_type="text/html"), {}, "http_502"),
            (Response(gzip.compress(b"0" * 40_000_000)), {"decode": ["gzip", "text"]}, "malformed"),
            (Response(zipped("a.json", b"[" + b" " * 40_000_000 + b"]")), {"decode": ["zip", "json"]}, "malformed"),
            (Response(b"no zip"), {"decode": ["zip", "json"]}, "malformed"),
            (Response(gzip.compress(b"[1]")[:-9]), {"decode": ["gzip", "json"]}, "malformed"),
            (Response(ENTITIES, media_type="text/xml"), {}, "malformed"),
            (Response(OUTSIDE, media_type="text/xml"), {}, "malformed"),
            (Response("<a>" * 50_000, media_type="text/xml"), {}, "malformed"),
            (Response("<a>" * 90 + "</a>" * 90, media_type="text/xml"), {}, "malformed"),
        ],
    )
    async def test_are_asked_for_again_and_not_believed(self, answer: Any, request_more: Any, code: str) -> None:
        came = await asked(connector(reading(**request_more)), Vendor().says("GET /rows", answer), EXPORT)
        assert (came.outcome, came.code) == (Outcome.RETRY, code)
        assert came.body == {}

    async def test_in_half_a_character_are_not_kept(self) -> None:
        answer = Response(b'[{"a": "\\ud800"}]', media_type="application/json")
        assert (await asked(connector(READ), Vendor().says("GET /rows", answer), EXPORT)).outcome is Outcome.RETRY

    async def test_with_more_than_one_persons_items_stop(self) -> None:
        came = await asked(connector(READ), Vendor().says("GET /rows", [{"n": n} for n in range(1_001)]), EXPORT)
        assert (came.outcome, came.code) == (Outcome.REFUSED, "too_many_items")

    async def test_too_large_for_a_copy_are_a_persons(self) -> None:
        rows = [{"n": "x" * 5_000, "i": n} for n in range(900)]
        text = reading(max_bytes=10_000_000)
        came = await asked(connector(text), Vendor().says("GET /rows", rows), EXPORT)
        assert (came.outcome, came.code) == (Outcome.REFUSED, "too_large")

    async def test_that_are_templates_stay_what_they_are(self) -> None:
        vendor = Vendor().says("GET /rows", [{"{{ secrets.x }}": "{{ id.email }}"}])
        came = await asked(connector(READ), vendor, EXPORT)
        assert came.body["records"][0]["rows"] == [{"{{ secrets.x }}": "{{ id.email }}"}]


class TestPagesThatMeanHarm:
    """Pages end, stay on their host, and do not go round."""

    def _paged(self, paging: Any) -> str:
        read = {"request": {"path": "/rows"}, "items": {"json": "$.d[*]"}, "paginate": paging}
        return READ.replace("read: {request: {path: /rows}}", f"read: {json.dumps(read)}")

    CURSOR: ClassVar = {"kind": "cursor", "param": "c", "cursor": {"json": "$.next"}}
    LINK: ClassVar = {"kind": "link", "url": {"json": "$.next"}}

    @pytest.mark.parametrize(
        ("paging", "answer", "code"),
        [
            (CURSOR, {"d": [{"n": 1}], "next": "same"}, "paging_loop"),
            ({"kind": "page"}, {"d": [{"n": 1}]}, "paging_loop"),
            ({"kind": "offset", "size": 1}, {"d": [{"n": 1}]}, "paging_loop"),
            (LINK, {"d": [{"n": 1}], "next": "/rows"}, "paging_loop"),
            (LINK, {"d": [], "next": "https://evil.example/rows"}, "link_not_allowed"),
            (LINK, {"d": [], "next": "//evil.example/rows"}, "link_not_allowed"),
            (LINK, {"d": [], "next": "http://127.0.0.1:1/rows"}, "link_not_allowed"),
            (LINK, {"d": [], "next": "https://api.vendor.example@evil.example/"}, "link_not_allowed"),
            (LINK, {"d": [], "next": "https://login.vendor.example/x"}, "link_not_allowed"),
            (LINK, {"d": [], "next": "file:///etc/passwd"}, "link_not_allowed"),
            (LINK, {"d": [], "next": "https://[::1"}, "link_not_allowed"),
        ],
    )  # fmt: skip
    async def test_are_left(self, paging: Any, answer: Any, code: str) -> None:
        vendor = Vendor().says("GET /rows", answer)
        came = await asked(connector(self._paged(paging), "hosts: [login.vendor.example]"), vendor, EXPORT)
        assert (came.outcome, came.code) == (Outcome.FAILED, code)
        assert len(vendor.seen) <= 3

    async def test_without_end_end(self) -> None:
        counted = iter(range(1_000))
        paging = self.CURSOR | {"max_pages": 5}
        vendor = Vendor().says("GET /rows", lambda _: {"d": [{"n": 1}], "next": str(next(counted))})
        came = await asked(connector(self._paged(paging)), vendor, EXPORT)
        assert (came.outcome, came.code, len(vendor.seen)) == (Outcome.REFUSED, "too_many_pages", 5)


class TestRedirects:
    """None is followed unless the connector says so, and then only within its hosts and without our name elsewhere."""

    AUTH = "secrets: {key: {}}\nauth: {kind: bearer, token: '{{ secrets.key }}'}\nhosts: [files.vendor.example]"

    @pytest.mark.parametrize(
        ("redirects", "to", "code"),
        [
            ("none", "/else", "http_302"),
            ("allowed_hosts", "https://evil.example/else", "redirect_not_allowed"),
            ("allowed_hosts", "http://169.254.169.254/latest", "redirect_not_allowed"),
            ("allowed_hosts", "/rows", "too_many_redirects"),
        ],
    )
    async def test_are_not_followed(self, redirects: str, to: str, code: str) -> None:
        vendor = Vendor().says("GET /rows", RedirectResponse(to, 302)).says("GET /else", [{"n": 1}])
        came = await asked(connector(self.AUTH, reading(redirects=redirects)), vendor, EXPORT, named={"key": "k"})
        assert came.code == code
        assert "GET /else" not in vendor.lines

    async def test_to_another_of_its_hosts_go_without_credentials(self) -> None:
        """Amplitude sends its files from a store of another's."""
        to = "https://files.vendor.example/f?sig=1"
        vendor = Vendor().says("GET /rows", RedirectResponse(to, 302)).says("GET /f", [{"n": 1}])
        came = await asked(connector(self.AUTH, reading(redirects="allowed_hosts")), vendor, EXPORT, named={"key": "k"})
        assert came.outcome is Outcome.COMPLETED
        first, second = vendor.seen
        assert (first.headers.get("authorization"), second.headers.get("authorization")) == ("Bearer k", None)
        assert second.query == (("sig", "1"),)


class TestTheDoor:
    """The vendor's name is resolved and judged before anything is sent."""

    async def test_a_vendor_that_is_not_public_is_not_called(self) -> None:
        made = connector(READ.replace("actions", "base_url: {test: 'https://127.0.0.1'}\nactions"), "hosts: []")
        async with connected(made, Vendor(), line=replace(LINE, sandbox=False), base_url="test") as adapter:
            came = await adapter.send(EXPORT)
        assert (came.outcome, came.code) == (Outcome.FAILED, "address_not_allowed")

    async def test_nobody_there_is_tried_again(self) -> None:
        async with connected(connector(READ), Vendor(), base_url="http://127.0.0.1:9") as adapter:
            came = await adapter.send(EXPORT)
        assert (came.outcome, came.code) == (Outcome.RETRY, "not_reached")


class TestWhatIsSaidOfIt:
    """No identifier and no secret in codes, messages, evidence or what is printed."""

    @pytest.mark.parametrize("answer", [500, 404, 400, JSONResponse({"e": "anna@example.org"}, 422), {"id": "x"}])
    async def test_names_nobody(self, answer: Any) -> None:
        steps = """
secrets: {key: {}}
actions:
  erase:
    effect: erased
    steps: [{request: {method: DELETE, path: "/people/{{ m.id }}", headers: {X: "{{ secrets.key }}"}}}]
"""
        vendor = Vendor().says("GET /people", [ANNA]).says("DELETE /people/7", answer)
        async with connected(connector(FIND, steps), vendor, named={"key": "S3CRET"}) as adapter:
            came = await adapter.send(order(Action.ERASE))
            shown = f"{came!r} {came.code} {json.dumps(dict(came.body))} {adapter!r} {vars(adapter)!r}"
        assert "anna" not in shown.lower()
        assert "S3CRET" not in shown
