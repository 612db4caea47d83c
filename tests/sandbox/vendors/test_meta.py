"""The simulated Meta Marketing API, as its documentation reads."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.people import BY_ID
from sandbox.vendors.meta import ACCOUNT, AUDIENCES, TOKEN, VERSION, Meta, hashed, signed_request
from tests.sandbox.vendors.calling import calling

FIRST = next(iter(AUDIENCES))
ANNA = hashed(BY_ID["anna-lindqvist"].email)


@pytest.fixture
def vendor() -> Meta:
    return Meta()


@pytest.fixture
async def http(vendor: Meta) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(vendor) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield client


async def _remove(http: httpx.AsyncClient, payload: object, audience: str = FIRST) -> httpx.Response:
    form = {"payload": json.dumps(payload)}
    return await http.request("DELETE", f"/{VERSION}/{audience}/users", data=form)


class TestAudiences:
    async def test_are_listed_with_a_cursor(self, http: httpx.AsyncClient) -> None:
        first = (await http.get(f"/{VERSION}/act_{ACCOUNT}/customaudiences")).json()
        second = (await http.get(first["paging"]["next"])).json()
        assert [one["id"] for one in first["data"] + second["data"]] == list(AUDIENCES)
        assert "next" not in second["paging"]

    async def test_want_a_token(self, http: httpx.AsyncClient) -> None:
        http.headers["authorization"] = "Bearer x"
        answer = await http.get(f"/{VERSION}/act_{ACCOUNT}/customaudiences")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


class TestARemoval:
    async def test_carries_hashes_in_the_body_of_a_delete(self, vendor: Meta, http: httpx.AsyncClient) -> None:
        answer = (await _remove(http, {"schema": "EMAIL_SHA256", "data": [ANNA]})).json()
        assert (answer["num_received"], answer["num_invalid_entries"]) == (1, 0)
        assert vendor.effects == [{"what": "member.removed", "id": FIRST, "person": "anna-lindqvist"}]

    async def test_does_not_say_who_was_there(self, vendor: Meta, http: httpx.AsyncClient) -> None:
        answer = (await _remove(http, {"schema": "EMAIL_SHA256", "data": [hashed("nobody@example.org")]})).json()
        assert (answer["num_received"], answer["num_invalid_entries"], vendor.effects) == (1, 0, [])

    @pytest.mark.parametrize("value", ["anna.lindqvist@example.org", ANNA.upper(), ANNA[:40]])
    async def test_counts_what_is_not_hashed_as_invalid(self, http: httpx.AsyncClient, value: str) -> None:
        answer = (await _remove(http, {"schema": "EMAIL_SHA256", "data": [value]})).json()
        assert answer["num_invalid_entries"] == 1

    async def test_takes_several_columns(self, vendor: Meta, http: httpx.AsyncClient) -> None:
        rows = [[ANNA, hashed("46701740605")]]
        assert (await _remove(http, {"schema": ["EMAIL", "PHONE"], "data": rows})).json()["num_invalid_entries"] == 0
        assert len(vendor.effects) == 1

    async def test_is_refused_by_a_flagged_audience(self, vendor: Meta, http: httpx.AsyncClient) -> None:
        vendor.set(blocked=[FIRST])
        answer = await _remove(http, {"schema": "EMAIL_SHA256", "data": [ANNA]})
        assert (answer.status_code, answer.json()["error"]["error_subcode"]) == (400, 1713230)
        assert vendor.effects == []


class TestASignedRequest:
    def test_is_the_one_of_the_documentations_test_vector(self) -> None:
        assert signed_request("218471", issued_at=1291836800, expires=1291840400) == (
            "Ykr8DwkH_gfQZbPzE_a_RaJHYEeDi-Vl0zAT6b1HtCE.eyJ1c2VyX2lkIjoiMjE4NDcxIiwiYWxnb3JpdGhtIjoiSE1BQy1TSEEyNTYi"
            "LCJpc3N1ZWRfYXQiOjEyOTE4MzY4MDAsImV4cGlyZXMiOjEyOTE4NDA0MDB9"
        )
