"""The Google Analytics connector against the simulated Admin API."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.people import BY_ID
from sandbox.vendors.google_analytics import ACCOUNT, PROPERTY, GoogleAnalytics, client_id
from tests.vendors.connected import Connected, connected, named, order

ANNA = BY_ID["anna-lindqvist"]
SUBMIT = f"POST /v1alpha/properties/{PROPERTY}:submitUserDeletion"


@pytest.fixture
def vendor() -> GoogleAnalytics:
    return GoogleAnalytics()


@pytest.fixture
async def there(vendor: GoogleAnalytics) -> AsyncIterator[Connected]:
    async with _connected(vendor) as found:
        yield found


def _connected(vendor: GoogleAnalytics, **settings: str):  # type: ignore[no-untyped-def]
    secrets = {"client_email": ACCOUNT, "private_key": vendor.private_key}
    return connected(
        vendor, "google_analytics", categories={"visits": "cookies"}, secrets=secrets, property_id=PROPERTY, **settings
    )


class TestAnErasure:
    async def test_submits_the_browsers_id_and_counts_on_sixty_three_days(
        self, vendor: GoogleAnalytics, there: Connected
    ) -> None:
        """The answer only acknowledges: until the purge has had its time, nothing says "erased"."""
        asked = named(order(Action.ERASE, ANNA), ga_client_id=client_id(ANNA))
        answer = await there.do(Action.ERASE, asked)
        assert answer.outcome is Outcome.EFFECTIVE_LATER
        assert answer.effective_at is not None
        assert timedelta(days=62) < answer.effective_at - datetime.now(UTC) < timedelta(days=64)
        assert [one["visitor"] for one in vendor.effects] == ["anna-lindqvist"]

    async def test_asks_again_for_nothing_that_is_submitted(self, vendor: GoogleAnalytics, there: Connected) -> None:
        asked = named(order(Action.ERASE, ANNA), ga_client_id=client_id(ANNA))
        first = await there.do(Action.ERASE, asked)
        assert (await there.again(asked, first)).outcome is Outcome.COMPLETED  # in the sandbox the day comes when asked
        assert vendor.lines().count(SUBMIT) == 1

    async def test_a_second_id_takes_a_second_call(self, vendor: GoogleAnalytics, there: Connected) -> None:
        asked = named(order(Action.ERASE, ANNA), ga_client_id=client_id(ANNA), ga_user_id="C-10001")
        await there.do(Action.ERASE, asked)
        bodies = [set(json.loads(call.body)) for call in vendor.calls if call.line == SUBMIT]
        assert bodies == [{"clientId"}, {"userId"}]

    async def test_tells_google_nothing_it_was_not_set_up_for(self, vendor: GoogleAnalytics, there: Connected) -> None:
        """An e-mail address that the property does not collect is new to Google: it is not sent (Art. 5(1)(c))."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email", "phone", "customer_number"))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "no_identifier")
        assert vendor.effects == []

    async def test_submits_every_id_that_is_known(self, vendor: GoogleAnalytics, there: Connected) -> None:
        """One browser at home, one in the pocket: "erased" is said of both or not at all."""
        asked = named(named(order(Action.ERASE, ANNA), ga_client_id=client_id(ANNA)), ga_client_id="2.2")
        assert (await there.do(Action.ERASE, asked)).outcome is Outcome.EFFECTIVE_LATER
        assert vendor.lines().count(SUBMIT) == 2

    async def test_normalises_addresses_where_the_property_collects_them(self, vendor: GoogleAnalytics) -> None:
        async with _connected(vendor, collects_contact_data="yes", sends_customer_number="upper") as there:
            asked = order(
                Action.ERASE, replace(ANNA, email="Anna.Lindqvist@Example.org"), "email", "phone", "customer_number"
            )
            assert (await there.do(Action.ERASE, asked)).outcome is Outcome.EFFECTIVE_LATER
        assert [(one["id"], one["visitor"]) for one in vendor.effects] == [
            ("userId", ANNA.id),
            ("userProvidedData", ANNA.id),
        ]

    async def test_deletes_nobody_by_a_number_that_a_household_shares(self, vendor: GoogleAnalytics) -> None:
        """Art. 17: nobody looks a person up first here, so only what is one person's own may be named."""
        async with _connected(vendor, collects_contact_data="yes") as there:
            answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "no_identifier", [])

    async def test_a_used_up_quota_goes_on_tomorrow_where_it_stopped(
        self, vendor: GoogleAnalytics, there: Connected
    ) -> None:
        vendor.set(deletions_a_day=1)
        asked = named(order(Action.ERASE, ANNA), ga_client_id=client_id(ANNA), ga_user_id="C-10001")
        first = await there.do(Action.ERASE, asked)
        assert first.outcome is Outcome.RETRY
        assert first.wait is not None
        vendor.clock.advance(days=1)
        assert (await there.again(asked, first)).outcome is Outcome.EFFECTIVE_LATER
        assert [one["id"] for one in vendor.effects] == ["clientId", "userId"]


class TestWhatItCannot:
    async def test_it_cannot_be_searched_and_says_so(self, vendor: GoogleAnalytics, there: Connected) -> None:
        answer = await there.do(Action.LOCATE, named(order(Action.LOCATE, ANNA), ga_client_id=client_id(ANNA)))
        assert (answer.outcome, answer.body["found_categories"]) == (Outcome.COMPLETED, ["cookies"])
        assert vendor.lines() == []

    @pytest.mark.parametrize("action", [Action.EXPORT, Action.RECTIFY, Action.RESTRICT, Action.STOP_PURPOSES])
    async def test_the_rest_is_a_persons(self, vendor: GoogleAnalytics, there: Connected, action: Action) -> None:
        answer = await there.do(action, named(order(action, ANNA), ga_client_id=client_id(ANNA)))
        assert (answer.outcome, vendor.lines()) == (Outcome.REFUSED, [])


class TestWhenThingsGoWrong:
    async def test_a_token_is_fetched_anew_when_it_has_ended(self, vendor: GoogleAnalytics, there: Connected) -> None:
        for client in ("1.1", "2.2"):
            answer = await there.do(Action.ERASE, named(order(Action.ERASE, ANNA), ga_client_id=client))
            assert answer.outcome is Outcome.EFFECTIVE_LATER
            vendor.table("tokens").clear()
        assert vendor.lines().count("POST /token") == 2

    async def test_a_property_that_is_not_ours_is_a_persons_to_see(self, vendor: GoogleAnalytics) -> None:
        secrets = {"client_email": ACCOUNT, "private_key": vendor.private_key}
        async with connected(
            vendor, "google_analytics", categories={"visits": "cookies"}, secrets=secrets, property_id="1"
        ) as there:
            answer = await there.do(Action.ERASE, named(order(Action.ERASE, ANNA), ga_client_id="1.1"))
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "not_permitted")

    async def test_a_lost_answer_is_asked_for_again(self, vendor: GoogleAnalytics, there: Connected) -> None:
        """Submitting an id twice deletes no more than once: it is safe."""
        vendor.fail("cut", SUBMIT)
        asked = named(order(Action.ERASE, ANNA), ga_client_id=client_id(ANNA))
        first = await there.do(Action.ERASE, asked)
        assert first.outcome is Outcome.RETRY
        assert (await there.again(asked, first)).outcome is Outcome.EFFECTIVE_LATER
