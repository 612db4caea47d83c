"""The simulated HubSpot keeps to the documented contract, its trap included."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.vendors.hubspot import TOKEN, HubSpot
from tests.sandbox.vendors.calling import calling

CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture
def hubspot() -> HubSpot:
    return HubSpot()


@pytest.fixture
async def http(hubspot: HubSpot) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(hubspot, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        yield client


def by_email(email: str) -> dict[str, Any]:
    return {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": email}]}]}


class TestHubSpot:
    async def test_puts_an_address_it_does_not_know_on_a_blocklist(
        self, hubspot: HubSpot, http: httpx.AsyncClient
    ) -> None:
        """204 all the same: whoever erases by address without looking first has made a note of a stranger."""
        body = {"idProperty": "email", "objectId": "nils.falk@example.net"}
        assert (await http.post(f"{CONTACTS}/gdpr-delete", json=body)).status_code == 204
        assert list(hubspot.table("blocklist")) == ["nils.falk@example.net"]

    async def test_erases_by_id_and_adds_nothing_to_a_list(self, hubspot: HubSpot, http: httpx.AsyncClient) -> None:
        found = (await http.post(f"{CONTACTS}/search", json=by_email("Anna.Lindqvist@example.org"))).json()
        id = found["results"][0]["id"]
        erased = await http.post(f"{CONTACTS}/gdpr-delete", json={"objectId": id})
        assert (erased.status_code, erased.content) == (204, b"")
        assert hubspot.done("contact.erased") == [id]
        assert hubspot.table("blocklist") == {}

    async def test_only_archives_with_delete(self, hubspot: HubSpot, http: httpx.AsyncClient) -> None:
        id = next(iter(hubspot.table("contacts")))
        assert (await http.delete(f"{CONTACTS}/{id}")).status_code == 204
        assert hubspot.table("contacts")[id]["properties"]["email"]
        assert hubspot.done("contact.erased") == []

    async def test_pages_its_search_by_after(self, hubspot: HubSpot, http: httpx.AsyncClient) -> None:
        total, after, seen = len(hubspot.table("contacts")), "0", []
        while after:
            page = (await http.post(f"{CONTACTS}/search", json={"limit": 3, "after": after})).json()
            seen += [one["id"] for one in page["results"]]
            after = page.get("paging", {}).get("next", {}).get("after")
        assert len(set(seen)) == total == page["total"]

    async def test_answers_207_where_a_batch_was_found_in_part(self, hubspot: HubSpot, http: httpx.AsyncClient) -> None:
        known = next(iter(hubspot.table("contacts")))
        part = await http.post(f"{CONTACTS}/batch/read", json={"inputs": [{"id": known}, {"id": "404"}]})
        assert part.status_code == 207
        assert part.json()["errors"][0]["context"]["ids"] == ["404"]

    async def test_errs_in_its_own_shape(self, http: httpx.AsyncClient) -> None:
        refused = await http.patch(f"{CONTACTS}/404", json={"properties": {"email": "a@example.org"}})
        assert (refused.status_code, refused.json()["category"]) == (404, "OBJECT_NOT_FOUND")

    async def test_says_how_long_it_is_busy(self, hubspot: HubSpot, http: httpx.AsyncClient) -> None:
        hubspot.set(busy=True)
        refused = await http.post(f"{CONTACTS}/search", json={})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
