"""The simulated Zendesk keeps to the documented contract."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.zendesk import EMAIL, TOKEN, Zendesk
from tests.sandbox.vendors.calling import calling

ANNA = "anna.lindqvist@example.org"


@pytest.fixture
def zendesk() -> Zendesk:
    return Zendesk()


@pytest.fixture
async def http(zendesk: Zendesk) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(zendesk, auth=(f"{EMAIL}/token", TOKEN)) as client:
        yield client


async def found(http: httpx.AsyncClient, query: str) -> list[str]:
    page = (await http.get("/api/v2/users/search.json", params={"query": query})).json()
    return [str(user["id"]) for user in page["users"]]


class TestZendesk:
    async def test_finds_whoever_mentions_the_address(self, zendesk: Zendesk, http: httpx.AsyncClient) -> None:
        """A hit of the search is not yet the person."""
        zendesk.user("Granne", "granne@example.org", notes=f"Känner {ANNA}")
        assert len(await found(http, ANNA)) == 2

    async def test_keeps_the_data_of_a_user_who_is_only_deleted(
        self, zendesk: Zendesk, http: httpx.AsyncClient
    ) -> None:
        (id,) = await found(http, ANNA)
        assert (await http.delete(f"/api/v2/users/{id}.json")).json()["user"]["active"] is False
        assert await found(http, ANNA) == []
        assert zendesk.table("users")[id]["email"] == ANNA

    async def test_erases_only_who_was_deleted_first(self, zendesk: Zendesk, http: httpx.AsyncClient) -> None:
        (id,) = await found(http, ANNA)
        assert (await http.delete(f"/api/v2/deleted_users/{id}.json")).status_code == 404
        await http.delete(f"/api/v2/users/{id}.json")
        erased = await http.delete(f"/api/v2/deleted_users/{id}.json")
        assert erased.json()["deleted_user"]["email"] is None
        assert zendesk.done("user.erased") == [id]

    async def test_tells_when_the_erasure_is_through(self, zendesk: Zendesk, http: httpx.AsyncClient) -> None:
        (id,) = await found(http, ANNA)
        await http.delete(f"/api/v2/users/{id}.json")
        await http.delete(f"/api/v2/deleted_users/{id}.json")
        path = f"/api/v2/users/{id}/compliance_deletion_statuses.json"
        before = (await http.get(path)).json()["compliance_deletion_statuses"]
        zendesk.clock.advance(seconds=3600)
        after = (await http.get(path)).json()["compliance_deletion_statuses"]
        assert [one["action"] for one in before] == ["request_deletion", "started"]
        assert after[-1]["action"] == "complete"

    async def test_deletes_nobody_with_open_tickets(self, zendesk: Zendesk, http: httpx.AsyncClient) -> None:
        (id,) = await found(http, ANNA)
        zendesk.ticket(id, "Larmet tjuter nu")
        assert (await http.delete(f"/api/v2/users/{id}.json")).json()["error"] == "RecordInvalid"

    async def test_erases_seven_hundred_in_ten_minutes(self, zendesk: Zendesk, http: httpx.AsyncClient) -> None:
        (id,) = await found(http, ANNA)
        await http.delete(f"/api/v2/users/{id}.json")
        for _ in range(700):
            zendesk.window.take(zendesk.clock.time())
        refused = await http.delete(f"/api/v2/deleted_users/{id}.json")
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 601
        zendesk.clock.advance(seconds=601)
        assert (await http.delete(f"/api/v2/deleted_users/{id}.json")).status_code == 200

    async def test_pages_tickets_by_whole_addresses(self, zendesk: Zendesk, http: httpx.AsyncClient) -> None:
        (id,) = await found(http, ANNA)
        seen: list[int] = []
        link = f"/api/v2/users/{id}/tickets/requested.json?page[size]=1"
        while link:
            page = (await http.get(link)).json()
            seen += [ticket["id"] for ticket in page["tickets"]]
            link = page["links"]["next"]
        assert len(seen) == 2

    async def test_adds_a_new_address_beside_the_old_one(self, zendesk: Zendesk, http: httpx.AsyncClient) -> None:
        (id,) = await found(http, ANNA)
        changed = await http.put(f"/api/v2/users/{id}.json", json={"user": {"email": "ny@example.org"}})
        assert changed.json()["user"]["email"] == ANNA
