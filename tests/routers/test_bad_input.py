"""What bad input gets: a problem that names the place, and nothing written."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.routers.conftest import ADMIN, AGENT, ANNA, ANNA_BEARER, Bearer, Count, File

OWN, STAFF = "/v1/self-service/requests", "/v1/requests"
BOTH = Bearer("subject", sub="anna", number=ANNA, controllers=("westra", "westila"))
NUMBERLESS = Bearer("subject", sub="anna")
CANARY = "kanarie.fågel@example.org"


def filed(**more: Any) -> dict[str, Any]:
    body = {
        "controller": "westra",
        "channel": "phone",
        "received_at": "2026-11-01T10:00:00+01:00",
        "claims": [{"right": "access"}],
        "subject": {"identifiers": [{"type": "email", "value": "anna@example.org"}]},
    }
    return body | more


def own(**more: Any) -> dict[str, Any]:
    return {"claims": [{"right": "access"}]} | more


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


CASES = [
    pytest.param(
        ANNA_BEARER,
        OWN,
        own(claims=[{"right": "access", "details": nested(900)}]),
        "#/claims/0/details",
        id="bottomless details",
    ),
    pytest.param(
        ANNA_BEARER,
        OWN,
        own(claims=[{"right": "access", "details": nested(9)}]),
        "#/claims/0/details",
        id="deep details",
    ),
    pytest.param(
        ANNA_BEARER,
        OWN,
        own(claims=[{"right": "access", "details": {"note": ["\ud800"]}}]),
        "#/claims/0/details",
        id="half a character in details",
    ),
    pytest.param(
        ANNA_BEARER,
        OWN,
        own(claims=[{"right": "access", "details": {"a\x00": 1}}]),
        "#/claims/0/details",
        id="NUL in a name in details",
    ),
    pytest.param(ANNA_BEARER, OWN, own(message="Hej \ud800"), "#/message", id="half a character"),
    pytest.param(ANNA_BEARER, OWN, own(message="Hej \x00"), "#/message", id="NUL"),
    pytest.param(
        NUMBERLESS,
        OWN,
        own(identifiers=[{"type": "name", "value": "\udfff"}]),
        "#/identifiers/0/value",
        id="half a character in an identifier",
    ),
    pytest.param(ANNA_BEARER, OWN, own(contact={"phone": "070\x00123"}), "#/contact/phone", id="NUL in a contact"),
    pytest.param(ANNA_BEARER, OWN, {**own(), "\ud800": 1}, "#", id="half a character for a name"),
    pytest.param(ANNA_BEARER, OWN, own(claims=[{"right": CANARY}]), "#/claims/0/right", id="unknown right"),
    pytest.param(ANNA_BEARER, OWN, own(claims=[]), "#/claims", id="no claim"),
    pytest.param(
        ANNA_BEARER, OWN, own(claims=[{"right": "access"}, {"right": "access"}]), "#/claims", id="a right twice"
    ),
    pytest.param(ANNA_BEARER, OWN, own(controller="nobody"), "#/controller", id="unknown controller"),
    pytest.param(BOTH, OWN, own(), "#/controller", id="which controller"),
    pytest.param(ANNA_BEARER, OWN, own(nonsense=CANARY), "#/nonsense", id="unknown field"),
    pytest.param(ANNA_BEARER, OWN, {**own(), CANARY: 1}, "#/?", id="unknown field with a value for a name"),
    pytest.param(ANNA_BEARER, OWN, own(message=7), "#/message", id="a number for a text"),
    pytest.param(NUMBERLESS, OWN, own(), "#/identifiers", id="nobody named"),
    pytest.param(
        NUMBERLESS,
        OWN,
        own(identifiers=[{"type": "phone", "value": "070 123 45 67"}, {"type": "email", "value": f"x{CANARY}@"}]),
        "#/identifiers/1/value",
        id="malformed identifier",
    ),
    pytest.param(
        ANNA_BEARER,
        OWN,
        own(identifiers=[{"type": "personnummer", "value": ANNA}]),
        "#/identifiers",
        id="a number beside the login's",
    ),
    pytest.param(ANNA_BEARER, OWN, own(contact={"email": f"{CANARY}@"}), "#/contact/email", id="malformed contact"),
    pytest.param(AGENT, STAFF, filed(received_at="2999-01-01T10:00:00Z"), "#/received_at", id="received in the future"),
    pytest.param(AGENT, STAFF, filed(received_at="2001-01-01T10:00:00Z"), "#/received_at", id="received long ago"),
    pytest.param(AGENT, STAFF, filed(received_at="2026-11-01T10:00:00"), "#/received_at", id="naive instant"),
    pytest.param(AGENT, STAFF, filed(received_at="2026-11-01"), "#/received_at", id="a date for an instant"),
    pytest.param(AGENT, STAFF, filed(received_at=1793520000), "#/received_at", id="a number for an instant"),
    pytest.param(AGENT, STAFF, filed(received_at="1793520000"), "#/received_at", id="a number as text"),
    pytest.param(AGENT, STAFF, filed(channel="pigeon"), "#/channel", id="unknown channel"),
    pytest.param(AGENT, STAFF, filed(subject={"identifiers": []}), "#/subject/identifiers", id="nobody"),
    pytest.param(
        AGENT,
        STAFF,
        filed(subject={"identifiers": [{"type": "personnummer", "value": "19800101-0000"}]}),
        "#/subject/identifiers/0/value",
        id="wrong check digit",
    ),
    pytest.param(
        ADMIN,
        "/v1/processors",
        {
            "controller": "westra",
            "key": "a",
            "title": "A",
            "kind": "manual",
            "actions": ["export"],
            "categories": ["no"],
        },
        "#/categories/0",
        id="unknown category",
    ),
    pytest.param(
        ADMIN,
        "/v1/processors",
        {
            "controller": "westra",
            "key": "a",
            "title": "A",
            "kind": "webhook",
            "actions": ["export"],
            "categories": [],
            "answer_mode": "sync",
            "endpoint": "http://169.254.169.254/",
        },
        "#/endpoint",
        id="forbidden endpoint",
    ),
]


class TestBadInput:
    @pytest.mark.parametrize(("bearer", "path", "body", "pointer"), CASES)
    async def test_names_the_place_and_writes_nothing(
        self, client: httpx.AsyncClient, count: Count, bearer: Bearer, path: str, body: Any, pointer: str
    ) -> None:
        """
        422 with a pointer, never with what was sent; no row of any kind is left behind.
        """
        before = await count()

        headers = bearer.headers(**{"content-type": "application/json"})
        answer = await client.post(path, content=json.dumps(body), headers=headers)

        assert answer.status_code == 422, answer.text
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
        assert answer.headers["content-type"] == "application/problem+json"
        assert "kanarie" not in answer.text
        assert await count() == before

    async def test_without_a_key_is_refused(self, client: httpx.AsyncClient, count: Count) -> None:
        """
        Whoever creates says under which key, so that a lost answer can be asked for again.
        """
        before = await count()
        headers = ANNA_BEARER.headers()
        del headers["Idempotency-Key"]

        answer = await client.post(OWN, json=own(), headers=headers)

        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/idempotency-key-missing")
        assert await count() == before

    @pytest.mark.parametrize("key", ["", '""', "å", "a b", "x" * 256])
    async def test_with_a_malformed_key_is_refused(self, client: httpx.AsyncClient, key: str) -> None:
        """
        1 to 255 visible ASCII characters.
        """
        headers = {name: value for name, value in ANNA_BEARER.headers().items() if name != "Idempotency-Key"}

        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = await client.post(OWN, json=own(), headers=[*raw, (b"Idempotency-Key", key.encode("latin-1"))])

        assert answer.status_code == 400

    async def test_that_is_not_json_is_refused(self, client: httpx.AsyncClient, count: Count) -> None:
        """
        400 rather than 422: there is no place to point at.
        """
        before = await count()
        headers = ANNA_BEARER.headers(**{"content-type": "application/json"})

        answer = await client.post(OWN, content=b'{"claims": [' + CANARY.encode(), headers=headers)

        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-json")
        assert "kanarie" not in answer.text
        assert await count() == before

    @pytest.mark.parametrize(
        "body",
        [
            b'{"claims": [{"right": "access"}], "claims": [{"right": "erasure"}]}',
            b'{"claims": [{"right": "access", "right": "erasure"}]}',
            b'{"claims": [{"right": "access", "details": {"a": 1, "\\u0061": 2}}]}',
        ],
    )
    async def test_that_names_a_field_twice_is_refused(
        self, client: httpx.AsyncClient, count: Count, body: bytes
    ) -> None:
        """
        Nobody may read another right out of a body than we do (RFC 8259 4).
        """
        before = await count()
        headers = ANNA_BEARER.headers(**{"content-type": "application/json; charset=utf-8"})

        answer = await client.post(OWN, content=body, headers=headers)

        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-json")
        assert await count() == before

    @pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
    async def test_of_another_format_is_refused(self, client: httpx.AsyncClient, count: Count, media_type: str) -> None:
        """
        415, not a list of fields that are missing.
        """
        before = await count()
        headers = ANNA_BEARER.headers(**{"content-type": media_type})

        answer = await client.post(OWN, content=json.dumps(own()), headers=headers)

        explained = await client.get("/problems/media-type")

        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/media-type")
        assert explained.json()["status"] == 415
        assert await count() == before

    async def test_that_is_not_there_is_said_to_be_missing(self, client: httpx.AsyncClient) -> None:
        """
        A call without a body is told so.
        """
        answer = await client.post(OWN, headers=ANNA_BEARER.headers(**{"accept-language": "en"}))

        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": "#", "detail": "The call has no body; it has to be JSON."}]

    @pytest.mark.parametrize("announced", [True, False], ids=["announced", "streamed"])
    async def test_that_is_too_large_is_refused(self, client: httpx.AsyncClient, count: Count, announced: bool) -> None:
        """
        256 KiB are taken, counted as they come: a missing length is no way around.
        """
        before = await count()
        whole = b" " * 300_000

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(30):
                yield whole[:10_000]

        headers = ANNA_BEARER.headers(**{"content-type": "application/json"})

        answer = await client.post(OWN, content=whole if announced else parts(), headers=headers)

        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
        assert await count() == before

    async def test_against_a_stale_version_is_refused(
        self, client: httpx.AsyncClient, file: File, count: Count
    ) -> None:
        """
        A decision is about the version that was read: 428 without one, 412 with another.
        """
        request = await file()
        path = f"{STAFF}/{request['id']}/claims/{request['claims'][0]['id']}/decision"
        before = await count()

        missing = await client.post(path, json={"outcome": "granted"}, headers=AGENT.headers())
        stale = await client.post(path, json={"outcome": "granted"}, headers=AGENT.headers(**{"If-Match": '"99"'}))
        malformed = await client.post(path, json={"outcome": "granted"}, headers=AGENT.headers(**{"If-Match": "*"}))

        assert [missing.status_code, stale.status_code, malformed.status_code] == [428, 412, 412]
        assert await count() == before

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=abc", "cursor=YQ.YQ", "phase=x"])
    async def test_in_a_query_is_named(self, client: httpx.AsyncClient, query: str) -> None:
        """
        The pointer of a query parameter is its name.
        """
        answer = await client.get(f"{STAFF}?{query}", headers=AGENT.headers())

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"query/{query.partition('=')[0]}"

    async def test_as_an_id_is_an_id_of_nothing(self, client: httpx.AsyncClient) -> None:
        """
        A malformed id answers as an unknown one does.
        """
        answer = await client.get(f"{STAFF}/anna", headers=AGENT.headers())

        assert answer.status_code == 404
