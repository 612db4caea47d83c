"""The simulated webCRM, as its documentation reads."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.webcrm import AUTH_CODE, WebCrm
from tests.sandbox.vendors.calling import calling


@pytest.fixture
def vendor() -> WebCrm:
    return WebCrm()


@pytest.fixture
async def http(vendor: WebCrm) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(vendor) as client:
        token = (await client.post("/Auth/ApiLogin", headers={"authCode": AUTH_CODE})).json()["AccessToken"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


async def _query(http: httpx.AsyncClient, where: str) -> httpx.Response:
    script = f"SELECT * FROM Person WHERE {where}"  # noqa: S608 - what a careless client sends is the test
    return await http.get("/Queries", params={"script": script, "Page": 1, "Size": 50})


class TestLoggingIn:
    async def test_takes_the_application_token_in_three_ways(self, http: httpx.AsyncClient) -> None:
        for way in (
            {"headers": {"authCode": AUTH_CODE}},
            {"data": {"authCode": AUTH_CODE}},
            {"files": {"authCode": (None, AUTH_CODE)}},
        ):
            answer = (await http.post("/Auth/ApiLogin", **way)).json()  # type: ignore[arg-type]
            assert (answer["TokenType"], answer["ExpiresIn"], answer["IsError"]) == ("Bearer", 3600, False)
        assert (await http.post("/Auth/ApiLogin", data={"authCode": "x"})).status_code == 401

    async def test_lasts_an_hour_and_can_be_refreshed_once(self, vendor: WebCrm, http: httpx.AsyncClient) -> None:
        vendor.clock.advance(seconds=3601)
        assert (await http.get("/Persons")).status_code == 401
        refresh = {"refreshToken": next(iter(vendor.table("refresh")))}
        assert (await http.post("/Auth/ApiRefresh", headers=refresh)).status_code == 200
        assert (await http.post("/Auth/ApiRefresh", headers=refresh)).status_code == 401


class TestReading:
    async def test_pages_until_an_empty_one(self, http: httpx.AsyncClient) -> None:
        everybody = (await http.get("/Persons")).json()
        last = -(-len(everybody) // 3)
        assert len((await http.get("/Persons", params={"Page": 1, "Size": 3})).json()) == 3
        assert (await http.get("/Persons", params={"Page": last + 1, "Size": 3})).json() == []
        assert (await http.get("/Persons", params={"Size": 1001})).status_code == 400

    async def test_finds_by_a_quoted_text(self, http: httpx.AsyncClient) -> None:
        found = (await _query(http, "PersonEmail = 'anna.lindqvist@example.org'")).json()
        assert [one["PersonName"] for one in found] == ["Anna Lindqvist"]
        assert (await _query(http, "PersonName = 'O''Brien'")).json() == []

    async def test_a_text_that_breaks_out_is_a_syntax_error_or_finds_too_much(self, http: httpx.AsyncClient) -> None:
        """Escaping is the caller's business; the vendor believes whatever it can read."""
        assert (await _query(http, "PersonEmail = 'a' OR '1'='1'")).status_code == 400
        assert (await _query(http, "PersonEmail = 'a'; DROP TABLE Person")).status_code == 400
        stolen = (await _query(http, "PersonEmail = 'a' OR PersonStatus = 'Active'")).json()
        assert len(stolen) > 3

    async def test_throttles_the_251st_call_of_a_minute(self, vendor: WebCrm, http: httpx.AsyncClient) -> None:
        vendor.set(calls_a_minute=2)
        answers = [await http.get("/Persons/4711") for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == str(answers[2].json()["RetryAfterSeconds"])
        assert answers[2].json()["Type"] == "TooManyRequestsException"
        vendor.clock.advance(seconds=61)
        assert (await http.get("/Persons/4711")).status_code == 200


class TestWriting:
    @pytest.mark.parametrize(("put", "comment"), [("replace", ""), ("merge", "Ringde om INST-4711.")])
    async def test_a_put_replaces_or_merges(
        self, vendor: WebCrm, http: httpx.AsyncClient, put: str, comment: str
    ) -> None:
        """Nobody knows which; a client has to be right with both."""
        vendor.set(put=put)
        assert (await http.put("/Persons/4711", json={"PersonBlockMassEmail": True})).status_code == 200
        assert (await http.get("/Persons/4711")).json()["PersonComment"] == comment

    async def test_a_patch_answers_200_with_errors_inside(self, vendor: WebCrm, http: httpx.AsyncClient) -> None:
        rows = [{"PersonId": 4711, "PersonTitle": "Fru"}, {"PersonId": 1, "PersonTitle": "Herr"}]
        assert (await http.patch("/Persons", json=rows)).json() == ["4711", "Person could not be updated."]
        assert vendor.done("Person.patched") == ["4711"]

    async def test_a_person_cannot_be_deleted_a_document_can(self, vendor: WebCrm, http: httpx.AsyncClient) -> None:
        assert (await http.delete("/Persons/4711")).status_code == 405
        assert (await http.delete("/Documents/1")).status_code == 200
        assert vendor.done("Document.deleted") == ["1"]
