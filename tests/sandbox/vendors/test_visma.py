"""The simulated Visma eAccounting, as its documentation reads."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors._base import guid
from sandbox.vendors.visma import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH, Visma
from tests.sandbox.vendors.calling import calling

ANNA, KARIN = guid("visma", "anna-lindqvist"), guid("visma", "karin-ek")


@pytest.fixture
def vendor() -> Visma:
    return Visma()


@pytest.fixture
async def http(vendor: Visma) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(vendor) as client:
        form = {"grant_type": "refresh_token", "refresh_token": FIRST_REFRESH}
        answer = (await client.post("/connect/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET))).json()
        client.headers["authorization"] = f"Bearer {answer['access_token']}"
        yield client


class TestCustomers:
    async def test_come_with_meta_and_data(self, vendor: Visma, http: httpx.AsyncClient) -> None:
        vendor.set(filler=60)
        page = (await http.get("/v2/customers", params={"$page": 2, "$pagesize": 50})).json()
        assert page["Meta"]["CurrentPage"] == page["Meta"]["TotalNumberOfPages"] == 2
        assert "Anna Lindqvist" in [one["Name"] for one in page["Data"]]

    async def test_are_filtered_by_equality(self, http: httpx.AsyncClient) -> None:
        async def found(text: str) -> httpx.Response:
            return await http.get("/v2/customers", params={"$filter": text})

        assert [one["Id"] for one in (await found("CustomerNumber eq '10001'")).json()["Data"]] == [ANNA]
        assert (await found("Name eq 'O''Brien'")).json()["Data"] == []
        assert (await found("Name eq 'x' or 1 eq 1")).status_code == 400

    async def test_are_replaced_whole(self, vendor: Visma, http: httpx.AsyncClient) -> None:
        there = (await http.get(f"/v2/customers/{ANNA}")).json()
        assert (await http.put(f"/v2/customers/{ANNA}", json={"Name": "A"})).status_code == 400
        assert (await http.put(f"/v2/customers/{ANNA}", json=there | {"Note": None})).json()["Note"] is None
        assert vendor.effects == [{"what": "customer.replaced", "id": ANNA, "changed": ["Note"]}]

    async def test_are_deleted_while_nothing_hangs_on_them(self, vendor: Visma, http: httpx.AsyncClient) -> None:
        assert (await http.delete(f"/v2/customers/{ANNA}")).status_code == 400
        assert (await http.delete(f"/v2/customers/{KARIN}")).status_code == 204
        assert vendor.done("customer.deleted") == [KARIN]

    async def test_say_in_a_sentence_alone_how_long_to_wait(self, vendor: Visma, http: httpx.AsyncClient) -> None:
        vendor.set(calls_a_minute=1)
        answers = [await http.get("/v2/customers") for _ in range(2)]
        assert (answers[1].status_code, answers[1].json()["ErrorCode"]) == (429, 4010)
        assert "retry-after" not in answers[1].headers
        assert re.search(r"Try again in \d+ seconds", answers[1].json()["DeveloperErrorMessage"])
