"""The simulated Salesforce keeps to the documented contract."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.salesforce import CLIENT, POLICY, SECRET, Salesforce
from tests.sandbox.vendors.calling import calling

DATA = "/services/data/v61.0"
ANNA = "anna.lindqvist@example.org"
LOGIN = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}


@pytest.fixture
def salesforce() -> Salesforce:
    return Salesforce()


@pytest.fixture
async def http(salesforce: Salesforce) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(salesforce) as client:
        token = (await client.post("/services/oauth2/token", data=LOGIN)).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


async def query(http: httpx.AsyncClient, literal: str) -> httpx.Response:
    return await http.get(f"{DATA}/query", params={"q": f"SELECT Id, Email FROM Contact WHERE Email = {literal}"})  # noqa: S608


class TestSalesforce:
    async def test_forgets_a_session_without_having_said_when(
        self, salesforce: Salesforce, http: httpx.AsyncClient
    ) -> None:
        salesforce.end_sessions()
        refused = await query(http, f"'{ANNA}'")
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")

    async def test_reads_a_literal_and_refuses_one_that_breaks_out(self, http: httpx.AsyncClient) -> None:
        assert (await query(http, f"'{ANNA}'")).json()["totalSize"] == 1
        assert (await query(http, r"'o\'brien@example.org'")).json()["totalSize"] == 0
        broken = await query(http, "'x' OR LastName LIKE '%'")
        assert (broken.status_code, broken.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")

    async def test_pages_by_a_relative_address(self, salesforce: Salesforce, http: httpx.AsyncClient) -> None:
        salesforce.set(page=1)
        salesforce.contact(FirstName="Anna", LastName="Lindqvist", Email=ANNA)
        first = (await query(http, f"'{ANNA}'")).json()
        assert (first["done"], len(first["records"])) == (False, 1)
        assert (await http.get(first["nextRecordsUrl"])).json()["done"] is True

    async def test_only_fills_the_bin_with_delete(self, salesforce: Salesforce, http: httpx.AsyncClient) -> None:
        id = (await query(http, f"'{ANNA}'")).json()["records"][0]["Id"]
        assert (await http.delete(f"{DATA}/sobjects/Contact/{id}")).status_code == 204
        assert salesforce.table("contacts")[id]["Email"] == ANNA

    async def test_forgets_by_an_object_that_one_watches(self, salesforce: Salesforce, http: httpx.AsyncClient) -> None:
        id = (await query(http, f"'{ANNA}'")).json()["records"][0]["Id"]
        body = {"JobRecord": id, "PolicyNameId": POLICY}
        made = (await http.post(f"{DATA}/sobjects/PrivacyRTBFRequest", json=body)).json()
        path = f"{DATA}/sobjects/PrivacyRTBFRequest/{made['id']}"
        assert (await http.get(path)).json()["Status"] == "Pending"
        salesforce.clock.advance(days=1)
        assert (await http.get(path)).json()["Status"] == "Complete"
        assert salesforce.done("contact.forgotten") == [id]

    async def test_answers_200_with_the_error_inside(self, salesforce: Salesforce, http: httpx.AsyncClient) -> None:
        path = f"{DATA}/consent/action/processing"
        params = {"ids": ANNA, "status": "optout", "mode": "cdp"}
        good = await http.patch(path, params=params, json={})
        salesforce.set(consent_fails=True)
        bad = await http.patch(path, params=params, json={})
        assert good.status_code == bad.status_code == 200
        assert (good.json()[ANNA]["result"], bad.json()[ANNA]["result"]) == ("Success", "Error")
        assert salesforce.done("consent.processing") == [ANNA]
