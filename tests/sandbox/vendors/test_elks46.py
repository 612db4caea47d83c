"""The simulated 46elks keeps to the documented contract."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.elks46 import OWN_NUMBER, PASSWORD, USERNAME, Elks46
from tests.sandbox.vendors.calling import calling

ANNA = "+46701740605"


@pytest.fixture
def elks() -> Elks46:
    return Elks46()


@pytest.fixture
async def http(elks: Elks46) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(elks, auth=(USERNAME, PASSWORD)) as client:
        yield client


class TestElks46:
    async def test_says_in_plain_text_that_it_knows_nobody(self, elks: Elks46) -> None:
        async with calling(elks) as stranger:
            refused = await stranger.get("/a1/calls")
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "text/plain"

    async def test_pages_backwards_in_time(self, elks: Elks46, http: httpx.AsyncClient) -> None:
        for _ in range(4):
            elks.happen("calls", ANNA, OWN_NUMBER)
        held = set(elks.table("calls"))
        found, start = [], None
        while True:
            window = {"limit": 3} | ({"start": start} if start else {})
            page = (await http.get("/a1/calls", params=window)).json()
            found += [row["id"] for row in page["data"]]
            if (start := page.get("next")) is None:
                break
        assert len(found) == len(held)
        assert set(found) == held

    async def test_filters_texts_by_recipient_and_calls_by_nothing(self, http: httpx.AsyncClient) -> None:
        texts = (await http.get("/a1/sms", params={"to": ANNA})).json()["data"]
        assert {row["to"] for row in texts} == {ANNA}
        assert (await http.get("/a1/calls", params={"to": ANNA})).status_code == 400

    async def test_deletes_calls_and_messages_but_no_recordings(self, elks: Elks46, http: httpx.AsyncClient) -> None:
        """The document names no DELETE for recordings (unverified): they go by themselves after 72 hours."""
        recording = next(iter(elks.table("recordings")))
        for id in elks.held_about(ANNA):
            shelf = {"c": "calls", "s": "sms", "m": "mms"}[id[0]]
            assert (await http.delete(f"/a1/{shelf}/{id}")).status_code == 204
        assert elks.held_about(ANNA) == []
        assert (await http.delete(f"/a1/recordings/{recording}")).status_code == 405

    async def test_has_a_recording_for_seventy_two_hours(self, elks: Elks46, http: httpx.AsyncClient) -> None:
        recording = next(iter(elks.table("recordings")))
        assert (await http.get(f"/a1/recordings/{recording}.wav")).content.startswith(b"RIFF")
        elks.clock.advance(days=3)
        assert (await http.get(f"/a1/recordings/{recording}.wav")).status_code == 404

    async def test_leaves_a_call_that_is_going_on(self, elks: Elks46, http: httpx.AsyncClient) -> None:
        id = elks.happen("calls", ANNA, OWN_NUMBER, state="ongoing")
        assert (await http.delete(f"/a1/calls/{id}")).status_code == 403
