"""The Mixpanel connector against the simulated Mixpanel."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from sandbox.vendors.mixpanel import PROJECT, TOKEN, Mixpanel
from tests.vendors.connected import Connected, connected, order, rows

CATEGORIES = {"events": "web_visits"}
ANNA, NUMBER = "anna-lindqvist", "C-10001"


@pytest.fixture
def vendor() -> Mixpanel:
    return Mixpanel()


@pytest.fixture
async def there(vendor: Mixpanel) -> AsyncIterator[Connected]:
    secrets = {"project_token": PROJECT, "oauth_token": TOKEN}
    async with connected(
        vendor,
        "mixpanel",
        categories=CATEGORIES,
        secrets=secrets,
        mode=AnswerMode.POLL,
        customer_number_spelling="upper",
    ) as found:
        yield found


class TestAnErasure:
    async def test_walks_to_success(self, vendor: Mixpanel, there: Connected) -> None:
        wanted = order(Action.ERASE, ANNA, "customer_number")
        answer = await there.adapter.send(wanted)
        for hours in (0, 2, 5, 72):
            assert answer.outcome is Outcome.ACCEPTED
            vendor.clock.advance(seconds=hours * 3600)
            answer = await there.until_done(wanted, answer)
        assert (answer.outcome, vendor.done("user.deleted")) == (Outcome.COMPLETED, [NUMBER])
        assert len(vendor.done("data-deletions")) == 1

    @pytest.mark.parametrize(
        ("ends", "outcome"), [("FAILURE", Outcome.FAILED), ("UNKNOWN", Outcome.REFUSED), ("NEW", Outcome.REFUSED)]
    )
    async def test_says_each_end_in_our_words(
        self, vendor: Mixpanel, there: Connected, ends: str, outcome: Outcome
    ) -> None:
        vendor.set(ends=ends)
        wanted = order(Action.ERASE, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(days=4)
        assert (await there.until_done(wanted, asked)).outcome is outcome

    async def test_that_was_taken_back_is_for_a_person(self, vendor: Mixpanel, there: Connected) -> None:
        wanted = order(Action.ERASE, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        for row in vendor.table("deletions").values():
            row["revoked"] = True
        assert (await there.until_done(wanted, asked)).outcome is Outcome.FAILED

    async def test_waits_where_it_is_too_much(self, vendor: Mixpanel, there: Connected) -> None:
        vendor.set(busy=True)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "customer_number"))
        assert (answer.outcome, vendor.effects) == (Outcome.RETRY, [])


class TestACopy:
    async def test_is_fetched_where_the_retrieval_says(self, vendor: Mixpanel, there: Connected) -> None:
        wanted = order(Action.EXPORT, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(days=4)
        answer = await there.until_done(wanted, asked)
        assert answer.outcome is Outcome.COMPLETED
        assert [row["distinct_id"] for row in rows(answer, "web_visits")] == [NUMBER]

    async def test_of_somebody_it_does_not_know_holds_nothing(self, vendor: Mixpanel, there: Connected) -> None:
        vendor.table("users").clear()
        wanted = order(Action.EXPORT, ANNA, "customer_number")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(days=4)
        assert (await there.until_done(wanted, asked)).outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize("action", [Action.RECTIFY, Action.RESTRICT, Action.STOP_MARKETING])
async def test_what_mixpanel_has_not_goes_to_a_person(vendor: Mixpanel, there: Connected, action: Action) -> None:
    answer = await there.do(action, order(action, ANNA, "customer_number"))
    assert (answer.outcome, vendor.calls) == (Outcome.REFUSED, [])
