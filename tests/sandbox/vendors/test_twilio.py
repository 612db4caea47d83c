"""The simulated Twilio keeps to the documented contract."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.twilio import ACCOUNT, OWN_NUMBER, TOKEN, Twilio
from tests.sandbox.vendors.calling import calling

ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
ANNA = "+46701740605"


@pytest.fixture
def twilio() -> Twilio:
    return Twilio()


@pytest.fixture
async def http(twilio: Twilio) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(twilio, auth=(ACCOUNT, TOKEN)) as client:
        yield client


class TestTwilio:
    async def test_wants_the_accounts_own_name_and_token(self, twilio: Twilio) -> None:
        async with calling(twilio, auth=(ACCOUNT, "wrong")) as stranger:
            refused = await stranger.get(f"{ROOT}/Calls.json")
        assert (refused.status_code, refused.json()["code"]) == (401, 20003)

    async def test_finds_a_number_by_its_plus_sign_and_not_without(self, http: httpx.AsyncClient) -> None:
        """A plus that is not encoded arrives as a blank, and nobody has that number."""
        right = await http.get(f"{ROOT}/Calls.json?From=%2B46701740605")
        wrong = await http.get(f"{ROOT}/Calls.json?From=+46701740605")
        assert len(right.json()["calls"]) == 1
        assert wrong.json()["calls"] == []

    async def test_pages_by_the_relative_address_it_gives(self, twilio: Twilio, http: httpx.AsyncClient) -> None:
        for _ in range(5):
            twilio.ring(ANNA, OWN_NUMBER)
        found, path = [], f"{ROOT}/Calls.json?From=%2B46701740605&PageSize=2"
        while path:
            assert path.startswith("/2010-04-01/")
            page = (await http.get(path)).json()
            found += [call["sid"] for call in page["calls"]]
            path = page["next_page_uri"]
        assert len(found) == len(set(found)) == 6

    async def test_lets_nobody_guess_a_later_page(self, http: httpx.AsyncClient) -> None:
        assert (await http.get(f"{ROOT}/Calls.json?Page=1")).status_code == 400

    async def test_deletes_with_204_and_then_knows_nothing(self, twilio: Twilio, http: httpx.AsyncClient) -> None:
        sid = twilio.held_about(ANNA)["calls"][0]
        deleted = await http.delete(f"{ROOT}/Calls/{sid}.json")
        again = await http.delete(f"{ROOT}/Calls/{sid}.json")
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert (again.status_code, again.json()["code"]) == (404, 20404)

    async def test_keeps_the_recordings_of_a_call_that_is_deleted(
        self, twilio: Twilio, http: httpx.AsyncClient
    ) -> None:
        """Why recordings go first: by then nothing says whose they were."""
        sid = twilio.held_about(ANNA)["calls"][0]
        await http.delete(f"{ROOT}/Calls/{sid}.json")
        left = (await http.get(f"{ROOT}/Recordings.json", params={"CallSid": sid})).json()["recordings"]
        assert len(left) == 1

    async def test_deletes_nothing_that_is_not_complete(self, twilio: Twilio, http: httpx.AsyncClient) -> None:
        sid = twilio.ring(ANNA, OWN_NUMBER, status="in-progress")
        refused = await http.delete(f"{ROOT}/Calls/{sid}.json")
        assert refused.json()["code"] == 20009
        assert sid in twilio.table("calls")

    async def test_takes_an_empty_body_as_a_form_only(self, twilio: Twilio, http: httpx.AsyncClient) -> None:
        sid = twilio.held_about(ANNA)["messages"][0]
        assert (await http.post(f"{ROOT}/Messages/{sid}.json", json={"Body": ""})).status_code == 400
        assert (await http.post(f"{ROOT}/Messages/{sid}.json", data={"Body": "Hej"})).status_code == 400
        assert (await http.post(f"{ROOT}/Messages/{sid}.json", data={"Body": ""})).json()["body"] == ""
        assert twilio.done("messages.redacted") == [sid]

    async def test_says_20429_when_it_is_busy_and_has_done_nothing(
        self, twilio: Twilio, http: httpx.AsyncClient
    ) -> None:
        twilio.set(busy=True)
        sid = twilio.held_about(ANNA)["calls"][0]
        refused = await http.delete(f"{ROOT}/Calls/{sid}.json")
        assert (refused.status_code, refused.json()["code"]) == (429, 20429)
        assert twilio.effects == []
