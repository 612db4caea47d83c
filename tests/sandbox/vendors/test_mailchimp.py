"""The simulated Mailchimp keeps to the documented contract."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.mailchimp import KEY, LISTS, Mailchimp, subscriber_hash
from tests.sandbox.vendors.calling import calling

ANNA = "anna.lindqvist@example.org"
FIRST, SECOND = LISTS
MEMBER = f"/3.0/lists/{FIRST}/members/{subscriber_hash(ANNA)}"


@pytest.fixture
def mailchimp() -> Mailchimp:
    return Mailchimp()


@pytest.fixture
async def http(mailchimp: Mailchimp) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(mailchimp, auth=("anything", KEY)) as client:
        yield client


class TestMailchimp:
    def test_names_a_member_by_the_md5_of_the_address_in_lower_case(self) -> None:
        assert subscriber_hash("Anna.Svensson@example.se") == "a3b6f70fac4de1f284922d93f034655c"

    async def test_only_archives_with_delete(self, mailchimp: Mailchimp, http: httpx.AsyncClient) -> None:
        assert (await http.delete(MEMBER)).status_code == 204
        assert (await http.get(MEMBER)).json()["status"] == "archived"
        assert mailchimp.held_about(ANNA) == [FIRST, SECOND]

    async def test_hides_the_archived_from_its_search(self, http: httpx.AsyncClient) -> None:
        await http.delete(MEMBER)
        found = (await http.get("/3.0/search-members", params={"query": ANNA})).json()
        assert [one["list_id"] for one in found["exact_matches"]["members"]] == [SECOND]

    async def test_erases_for_good_also_who_was_archived(self, mailchimp: Mailchimp, http: httpx.AsyncClient) -> None:
        await http.delete(MEMBER)
        erased = await http.post(f"{MEMBER}/actions/delete-permanent")
        assert (erased.status_code, erased.content) == (204, b"")
        assert mailchimp.held_about(ANNA) == [SECOND]

    async def test_takes_nobody_in_again_who_was_erased(self, http: httpx.AsyncClient) -> None:
        await http.post(f"{MEMBER}/actions/delete-permanent")
        body = {"email_address": ANNA, "status": "subscribed"}
        again = await http.post(f"/3.0/lists/{FIRST}/members", json=body)
        assert again.json()["title"] == "Forgotten Email Not Subscribed"

    async def test_errs_with_a_problem_document(self, http: httpx.AsyncClient) -> None:
        missing = await http.get(f"/3.0/lists/{FIRST}/members/{subscriber_hash('nobody@example.org')}")
        assert missing.headers["content-type"].startswith("application/problem+json")
        assert missing.json()["status"] == missing.status_code == 404

    async def test_pages_audiences_by_offset(self, http: httpx.AsyncClient) -> None:
        page = (await http.get("/3.0/lists", params={"count": 1, "offset": 1})).json()
        assert ([one["id"] for one in page["lists"]], page["total_items"]) == ([SECOND], 2)
