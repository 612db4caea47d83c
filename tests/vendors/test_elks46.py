"""The 46elks connector against the simulated 46elks."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors.elks46 import OWN_NUMBER, PASSWORD, USERNAME, Elks46
from tests.vendors.connected import Connected, connected, order, rows

CATEGORIES = {"calls": "call_log", "texts": "messages", "pictures": "messages"}
ANNA, NILS = "anna-lindqvist", "nils-falk"
NUMBER = "+46701740605"


@pytest.fixture
def vendor() -> Elks46:
    return Elks46()


@pytest.fixture
async def there(vendor: Elks46) -> AsyncIterator[Connected]:
    secrets = {"username": USERNAME, "password": PASSWORD}
    async with connected(vendor, "elks46", categories=CATEGORIES, secrets=secrets) as found:
        yield found


class TestFinding:
    async def test_a_number_on_any_page_of_the_history(self, vendor: Elks46, there: Connected) -> None:
        """There is no filter by number for calls: the history is read whole and compared at home."""
        for _ in range(250):
            vendor.happen("calls", "+46701740699", OWN_NUMBER)
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "phone"))
        assert [row["from"] for row in rows(answer, "call_log")] == [OWN_NUMBER, NUMBER]
        assert len(rows(answer, "messages")) == 3

    async def test_nobody_where_there_is_nobody(self, vendor: Elks46, there: Connected) -> None:
        assert (await there.do(Action.ERASE, order(Action.ERASE, NILS, "phone"))).outcome is Outcome.NOT_FOUND
        assert vendor.effects == []


class TestAnErasure:
    async def test_takes_each_from_the_shelf_it_stands_on(self, vendor: Elks46, there: Connected) -> None:
        held = set(vendor.held_about(NUMBER))
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert vendor.held_about(NUMBER) == []
        assert {effect["id"] for effect in vendor.effects} == held
        assert len(vendor.effects) == len(held)

    async def test_is_only_in_effect_when_the_recordings_have_gone(self, vendor: Elks46, there: Connected) -> None:
        """No call deletes a recording: it is there for 72 hours, and so long nothing may say "erased"."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert answer.outcome is Outcome.EFFECTIVE_LATER
        assert answer.effective_at is not None
        later = await there.again(order(Action.ERASE, ANNA, "phone"), answer)
        assert later.outcome is Outcome.COMPLETED

    async def test_waits_for_a_call_that_is_going_on(self, vendor: Elks46, there: Connected) -> None:
        vendor.happen("calls", NUMBER, OWN_NUMBER, state="ongoing")
        wanted = order(Action.ERASE, ANNA, "phone")
        first = await there.adapter.send(wanted)
        assert first.outcome is Outcome.RETRY
        for row in vendor.table("calls").values():
            row["state"] = "success"
        assert (await there.again(wanted, first)).outcome is Outcome.EFFECTIVE_LATER
        assert vendor.held_about(NUMBER) == []

    async def test_leaves_what_it_was_not_asked_for(self, vendor: Elks46, there: Connected) -> None:
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone", categories=("call_log",)))
        assert {effect["what"] for effect in vendor.effects} == {"calls.deleted"}

    @pytest.mark.parametrize(("status", "outcome"), [(401, Outcome.FAILED), (429, Outcome.RETRY), (500, Outcome.RETRY)])
    async def test_that_is_refused_says_how(
        self, vendor: Elks46, there: Connected, status: int, outcome: Outcome
    ) -> None:
        """46elks errs in plain text: only its status is to be believed."""
        vendor.fail("status", "GET /a1/calls", status=status, body="nej")
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (answer.outcome, vendor.effects) == (outcome, [])


class TestWhat46elksHasNot:
    async def test_a_freeze_is_for_a_person_who_fetches_the_recordings(self, there: Connected) -> None:
        answer = await there.do(Action.FREEZE, order(Action.FREEZE, ANNA, "phone", until="2027-02-01"))
        assert answer.outcome is Outcome.REFUSED
        assert "72 hours" in answer.body["message"]
