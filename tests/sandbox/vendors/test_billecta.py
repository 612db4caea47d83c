"""The simulated Billecta, as its documentation reads."""

import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors._base import guid
from sandbox.vendors.billecta import CREDITOR, OTHER_CREDITOR, PASSWORD, USER, Billecta
from tests.sandbox.vendors.calling import calling

ANNA, KARIN = guid("billecta", "anna-lindqvist"), guid("billecta", "karin-ek")


@pytest.fixture
def vendor() -> Billecta:
    return Billecta()


@pytest.fixture
async def http(vendor: Billecta) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(vendor) as client:
        token = (await client.post("/v1/authentication/apiauthenticate", auth=(USER, PASSWORD))).json()["Value"]
        client.headers["authorization"] = f"SecureToken {base64.b64encode(token.encode()).decode()}"
        yield client


class TestLoggingIn:
    async def test_takes_basic_and_an_empty_body(self, http: httpx.AsyncClient) -> None:
        path = "/v1/authentication/apiauthenticate"
        assert (await http.post(path, auth=(USER, "wrong"))).status_code == 401
        assert (await http.post(path, auth=(USER, PASSWORD), json={})).status_code == 411

    async def test_gives_a_token_that_is_encoded_once_more(self, vendor: Billecta, http: httpx.AsyncClient) -> None:
        raw = next(iter(vendor.table("tokens")))
        plain = {"authorization": f"SecureToken {raw}"}
        assert (await http.get("/v1/creditors/creditors", headers=plain)).status_code == 401
        assert (await http.get("/v1/creditors/creditors")).status_code == 200

    async def test_ends_after_a_while(self, vendor: Billecta, http: httpx.AsyncClient) -> None:
        vendor.clock.advance(seconds=3601)
        assert (await http.get("/v1/creditors/creditors")).status_code == 401


class TestFindingADebtor:
    async def test_by_the_creditors_own_number(self, vendor: Billecta, http: httpx.AsyncClient) -> None:
        path = f"/v1/debtors/debtorbyexternalid/{CREDITOR}"
        found = (await http.get(path, params={"externalid": "C-10001"})).json()
        assert (found["DebtorPublicId"], found["OrgNo"]) == (ANNA, "198504129829")
        assert (await http.get(path, params={"externalid": "C-0"})).status_code == 404
        vendor.table("debtors")[KARIN]["DebtorExternalId"] = "C-10001"
        assert (await http.get(path, params={"externalid": "C-10001"})).status_code == 400

    async def test_by_listing_a_bare_array_of_one_creditors(self, vendor: Billecta, http: httpx.AsyncClient) -> None:
        vendor.set(filler=5000)
        rows = (await http.get(f"/v1/debtors/debtors/{CREDITOR}")).json()
        assert isinstance(rows, list)
        assert len(rows) > 5000
        assert [row["Name"] for row in rows if row["ProtectedIdentity"]] == ["Elin Dahl"]
        assert (await http.get(f"/v1/debtors/debtors/{OTHER_CREDITOR}")).json() == []
        assert (await http.get(f"/v1/debtors/debtors/{ANNA}")).status_code == 403

    async def test_words_may_be_numbers(self, vendor: Billecta, http: httpx.AsyncClient) -> None:
        vendor.set(enum_as="number")
        assert (await http.get(f"/v1/debtors/debtor/{ANNA}")).json()["DebtorType"] == 1
        assert (await http.get(f"/v1/invoice/openbydebtor/{ANNA}")).json()[0]["Stage"] == 2


class TestChangingADebtor:
    async def test_replaces_the_whole_view(self, vendor: Billecta, http: httpx.AsyncClient) -> None:
        view = (await http.get(f"/v1/debtors/debtor/{ANNA}")).json()
        del view["Notes"]
        assert (await http.put("/v1/debtors/debtor", json=view | {"City": "Lund"})).status_code == 200
        assert vendor.effects == [{"what": "debtor.replaced", "id": ANNA, "changed": ["City", "Notes"]}]
        assert (await http.put("/v1/debtors/debtor", json=view | {"Nickname": "A"})).status_code == 400

    @pytest.mark.parametrize("status", [400, 409])
    async def test_deletion_is_refused_while_there_are_invoices(
        self, vendor: Billecta, http: httpx.AsyncClient, status: int
    ) -> None:
        vendor.set(delete_with_invoices=status)
        assert (await http.delete(f"/v1/debtors/debtor/{ANNA}")).status_code == status
        assert (await http.delete(f"/v1/debtors/debtor/{KARIN}")).status_code == 200
        assert vendor.done("debtor.deleted") == [KARIN]


class TestInvoices:
    async def test_closed_ones_want_a_window(self, http: httpx.AsyncClient) -> None:
        path = f"/v1/invoice/closedbydebtor/{ANNA}"
        assert (await http.get(path)).status_code == 400
        everything = await http.get(path, params={"from": "2015-01-01", "to": "2035-01-01"})
        assert [one["Stage"] for one in everything.json()] == ["Completed"]
        assert (await http.get(path, params={"from": "2015-01-01", "to": "2016-01-01"})).json() == []
