"""The Amplitude connector against the simulated Amplitude."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from sandbox.vendors.amplitude import KEY, SECRET, Amplitude
from tests.vendors.connected import Connected, connected, named, order, rows

CATEGORIES = {"events": "web_visits"}
ANNA, NUMBER = "anna-lindqvist", "C-10001"


@pytest.fixture
def vendor() -> Amplitude:
    return Amplitude()


@pytest.fixture
async def there(vendor: Amplitude) -> AsyncIterator[Connected]:
    secrets = {"api_key": KEY, "secret_key": SECRET, "dsar_api_key": KEY, "dsar_secret_key": SECRET}
    async with connected(
        vendor,
        "amplitude",
        categories=CATEGORIES,
        secrets=secrets,
        mode=AnswerMode.POLL,
        customer_number_spelling="upper",
    ) as found:
        yield found


class TestFinding:
    async def test_the_id_and_none_that_begins_alike(self, vendor: Amplitude, there: Connected) -> None:
        """The search finds C-10001 for C-1000 too; only the very id is the person's."""
        answer = await there.do(Action.ERASE, named(order(Action.ERASE, ANNA), customer_number="C-1000"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])

    async def test_says_where(self, there: Connected) -> None:
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, "customer_number"))
        assert answer.body["found_categories"] == ["web_visits"]


class TestAnErasure:
    @pytest.mark.parametrize("as_list", [False, True])
    async def test_is_gathered_fixed_and_done_over_two_weeks(
        self, vendor: Amplitude, there: Connected, as_list: bool
    ) -> None:
        vendor.set(as_list=as_list)
        wanted = order(Action.ERASE, ANNA, "customer_number")
        answer = await there.adapter.send(wanted)
        for _ in range(12):
            assert answer.outcome is Outcome.ACCEPTED
            vendor.clock.advance(days=1)
            answer = await there.until_done(wanted, answer)
        assert (answer.outcome, vendor.done("user.deleted")) == (Outcome.COMPLETED, [NUMBER])
        assert answer.body["evidence"]["status"] == "done"
        assert len(vendor.done("deletion.asked")) == 1

    async def test_that_somebody_took_back_is_for_a_person(self, vendor: Amplitude, there: Connected) -> None:
        wanted = order(Action.ERASE, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        for job in vendor.table("jobs").values():
            job["amplitude_ids"].clear()
        answer = await there.until_done(wanted, asked)
        assert answer.outcome is Outcome.REFUSED


class TestACopy:
    async def test_comes_days_later_from_behind_a_redirect(self, vendor: Amplitude, there: Connected) -> None:
        wanted = order(Action.EXPORT, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        assert asked.outcome is Outcome.ACCEPTED
        vendor.clock.advance(days=2, seconds=1)
        answer = await there.until_done(wanted, asked)
        assert answer.outcome is Outcome.COMPLETED
        assert {row["user_id"] for row in rows(answer, "web_visits")} == {NUMBER}
        assert {row["event_type"] for row in rows(answer, "web_visits")} == {"open_app_0", "open_app_1"}

    async def test_that_expired_before_it_was_fetched_is_for_a_person(
        self, vendor: Amplitude, there: Connected
    ) -> None:
        wanted = order(Action.EXPORT, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(days=5)
        answer = await there.until_done(wanted, asked)
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "download_gone")

    async def test_that_failed_is_for_a_person(self, vendor: Amplitude, there: Connected) -> None:
        vendor.set(dsar="failed")
        wanted = order(Action.EXPORT, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(days=3)
        assert (await there.until_done(wanted, asked)).outcome is Outcome.FAILED
