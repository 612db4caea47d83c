"""The Twilio connector against the simulated Twilio."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors.twilio import ACCOUNT, OWN_NUMBER, TOKEN, Twilio
from tests.vendors.connected import Connected, connected, named, order, rows

CATEGORIES = {"calls": "call_log", "messages": "messages", "recordings": "call_recording"}
ANNA, NILS = "anna-lindqvist", "nils-falk"
NUMBER = "+46701740605"


@pytest.fixture
def vendor() -> Twilio:
    return Twilio()


@pytest.fixture
async def there(vendor: Twilio) -> AsyncIterator[Connected]:
    async with connected(
        vendor, "twilio", categories=CATEGORIES, secrets={"auth_token": TOKEN}, account_sid=ACCOUNT
    ) as found:
        yield found


class TestFinding:
    async def test_a_number_in_both_directions(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "phone"))
        assert answer.outcome is Outcome.COMPLETED
        assert sorted(row["from"] for row in rows(answer, "call_log")) == sorted([NUMBER, OWN_NUMBER])
        assert len(rows(answer, "messages")) == len(rows(answer, "call_recording")) == 2

    async def test_a_number_that_is_written_the_swedish_way(self, there: Connected) -> None:
        written = named(order(Action.LOCATE, ANNA), phone="070-174 06 05")
        answer = await there.do(Action.LOCATE, written)
        assert set(answer.body["found_categories"]) == {"call_log", "messages", "call_recording"}

    async def test_nobody_where_there_is_nobody(self, there: Connected) -> None:
        assert (await there.do(Action.LOCATE, order(Action.LOCATE, NILS, "phone"))).outcome is Outcome.NOT_FOUND

    async def test_nobody_without_a_number(self, vendor: Twilio, there: Connected) -> None:
        """GDPR Art. 11: said what would help, and nothing asked of the vendor."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "no_identifier")
        assert vendor.calls == []

    async def test_every_page(self, vendor: Twilio, there: Connected) -> None:
        for _ in range(510):
            vendor.ring(NUMBER, OWN_NUMBER)
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "phone", categories=("messages", "call_log")))
        assert len(rows(answer, "call_log")) == 512


class TestAnErasure:
    async def test_takes_recordings_calls_and_messages_of_that_number_and_no_other(
        self, vendor: Twilio, there: Connected
    ) -> None:
        before = {shelf: len(vendor.table(shelf)) for shelf in ("calls", "messages", "recordings")}
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (answer.outcome, answer.body["evidence"]["method"]) == (Outcome.COMPLETED, "erased")
        assert vendor.held_about(NUMBER) == {"calls": [], "messages": []}
        after = {shelf: len(vendor.table(shelf)) for shelf in before}
        assert after == {shelf: count - 2 for shelf, count in before.items()}

    async def test_takes_a_calls_recordings_before_the_call(self, vendor: Twilio, there: Connected) -> None:
        """Once the call is gone nothing says whose recording it was."""
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        recordings = {row["sid"]: row["call_sid"] for row in Twilio().table("recordings").values()}
        seen: set[str] = set()
        for effect in vendor.effects:
            if effect["what"] == "recordings.deleted":
                assert recordings[effect["id"]] not in seen
            seen.add(effect["id"])
        assert len(vendor.done("recordings.deleted")) == 2

    async def test_does_each_thing_once_when_it_goes_on_after_a_fault(self, vendor: Twilio, there: Connected) -> None:
        """20429 is never begun: the order waits, and goes on from there."""
        wanted = order(Action.ERASE, ANNA, "phone")
        call = vendor.held_about(NUMBER)["calls"][0]
        on = f"DELETE /2010-04-01/Accounts/{ACCOUNT}/Calls/{call}"
        vendor.fail("status", on, status=429, body={"code": 20429, "message": "Too Many Requests", "status": 429})
        first = await there.adapter.send(wanted)
        assert (first.outcome, first.code) == (Outcome.RETRY, "http_429")
        assert first.wait is not None
        assert (await there.again(wanted, first)).outcome is Outcome.COMPLETED
        assert len(vendor.effects) == len({effect["id"] for effect in vendor.effects}) == 6

    async def test_finds_done_what_was_deleted_without_an_answer(self, vendor: Twilio, there: Connected) -> None:
        """The work was done and the line was cut: 404 the second time is what was wanted."""
        wanted = order(Action.ERASE, ANNA, "phone")
        vendor.fail("cut", f"DELETE /2010-04-01/Accounts/{ACCOUNT}/Messages")
        first = await there.adapter.send(wanted)
        assert first.outcome is Outcome.RETRY
        assert (await there.again(wanted, first)).outcome is Outcome.COMPLETED
        assert vendor.held_about(NUMBER) == {"calls": [], "messages": []}

    async def test_waits_for_what_is_not_complete(self, vendor: Twilio, there: Connected) -> None:
        """20009: in rare cases for up to fourteen days."""
        sid = vendor.ring(NUMBER, OWN_NUMBER, status="in-progress")
        wanted = order(Action.ERASE, ANNA, "phone")
        first = await there.adapter.send(wanted)
        assert first.outcome is Outcome.RETRY
        assert first.wait is not None
        assert first.wait.days == 1
        vendor.table("calls")[sid]["status"] = "completed"
        assert (await there.again(wanted, first)).outcome is Outcome.COMPLETED
        assert vendor.held_about(NUMBER) == {"calls": [], "messages": []}

    async def test_keeps_a_call_whose_recordings_are_kept(self, vendor: Twilio, there: Connected) -> None:
        """A law keeps the recordings: the call stays too, since they are found by it; the messages go."""
        keep = [{"category": "call_recording", "law": "LARM_LOG", "until": "2027-06-30"}]
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone", keep=keep))
        assert answer.outcome is not Outcome.COMPLETED
        assert {effect["what"] for effect in vendor.effects} == {"messages.deleted"}

    async def test_stops_where_the_token_is_wrong(self, vendor: Twilio) -> None:
        secrets = {"auth_token": "old"}
        async with connected(vendor, "twilio", categories=CATEGORIES, secrets=secrets, account_sid=ACCOUNT) as there:
            answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "not_authorised")


class TestWhatTwilioHasNot:
    @pytest.mark.parametrize("action", [Action.FREEZE, Action.RESTRICT, Action.STOP_MARKETING, Action.NOTIFY])
    async def test_goes_to_a_person(self, vendor: Twilio, there: Connected, action: Action) -> None:
        answer = await there.do(action, order(action, ANNA, "phone"))
        assert answer.outcome is Outcome.REFUSED
        assert answer.body["message"]
        assert vendor.calls == []

    async def test_has_nothing_to_correct(self, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "phone", corrections=[{"field": "name", "value": "Anna"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.NOT_FOUND
