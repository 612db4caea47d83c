"""The simulated Fortnox, as its documentation reads."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.fortnox import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH, TENANT, Fortnox
from tests.sandbox.vendors.calling import calling

CLIENT = (CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
def vendor() -> Fortnox:
    return Fortnox()


@pytest.fixture
async def http(vendor: Fortnox) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(vendor) as client:
        form, tenant = {"grant_type": "client_credentials"}, {"TenantId": TENANT}
        answer = (await client.post("/oauth-v1/token", data=form, headers=tenant, auth=CLIENT)).json()
        client.headers["authorization"] = f"Bearer {answer['access_token']}"
        yield client


class TestTokens:
    async def test_client_credentials_name_the_tenant(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/oauth-v1/token", data={"grant_type": "client_credentials"}, auth=CLIENT)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_a_refresh_token_is_used_up(self, http: httpx.AsyncClient) -> None:
        form = {"grant_type": "refresh_token", "refresh_token": FIRST_REFRESH}
        first = await http.post("/oauth-v1/token", data=form, auth=CLIENT)
        assert (await http.post("/oauth-v1/token", data=form, auth=CLIENT)).json()["error"] == "invalid_grant"
        again = form | {"refresh_token": first.json()["refresh_token"]}
        assert (await http.post("/oauth-v1/token", data=again, auth=CLIENT)).status_code == 200

    async def test_errors_have_three_shapes(self, http: httpx.AsyncClient) -> None:
        assert (await http.get("/3/customers/X")).json()["ErrorInformation"]["code"] == 2000433
        assert "error_description" in (await http.post("/oauth-v1/token", auth=CLIENT)).json()
        refused = await http.get("/3/customers", headers={"authorization": "Bearer x"})
        assert (refused.status_code, refused.json()) == (401, {"message": "unauthorized"})


class TestCustomers:
    async def test_are_searched_and_paged(self, vendor: Fortnox, http: httpx.AsyncClient) -> None:
        found = (await http.get("/3/customers", params={"email": "anna.lindqvist@example.org"})).json()
        assert [one["CustomerNumber"] for one in found["Customers"]] == ["C-10001"]
        vendor.set(filler=600)
        page = (await http.get("/3/customers", params={"limit": 500, "page": 2})).json()
        assert page["MetaInformation"]["@TotalPages"] == 2
        assert (await http.get("/3/customers", params={"limit": 501})).status_code == 400
        assert (await http.get("/3/customers", params={"shoe": 42})).status_code == 400

    async def test_a_field_is_emptied_by_the_magic_word_alone(self, vendor: Fortnox, http: httpx.AsyncClient) -> None:
        path = "/3/customers/C-10001"
        assert (await http.put(path, json={"Customer": {"Comments": None, "Phone1": ""}})).status_code == 200
        assert vendor.table("customers")["C-10001"]["Comments"] == "Larm INST-4711"
        after = (await http.put(path, json={"Customer": {"Comments": "API_BLANK"}})).json()["Customer"]
        assert (after["Comments"], after["Phone1"]) == ("", "+46701740605")
        assert (await http.put(path, json={"Comments": "x"})).status_code == 400
        assert (await http.put(path, json={"Customer": {"Shoe": 42}})).json()["ErrorInformation"]["code"] == 2001399

    async def test_are_deleted_once_all_business_is_closed(self, vendor: Fortnox, http: httpx.AsyncClient) -> None:
        assert (await http.delete("/3/customers/C-10001")).status_code == 400
        assert (await http.delete("/3/customers/C-10007")).status_code == 204
        assert vendor.done("customer.deleted") == ["C-10007"]

    async def test_are_throttled_at_25_calls_in_five_seconds(self, vendor: Fortnox, http: httpx.AsyncClient) -> None:
        statuses = [(await http.get("/3/customers/C-10001")).status_code for _ in range(26)]
        assert statuses == [200] * 25 + [429]
        vendor.clock.advance(seconds=6)
        assert (await http.get("/3/customers/C-10001")).status_code == 200
