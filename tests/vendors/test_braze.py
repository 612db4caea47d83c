"""The Braze connector against the simulated Braze."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from sandbox.vendors.braze import KEY, Braze
from tests.vendors.connected import Connected, connected, order, rows

CATEGORIES = {"profile": "newsletter"}
ANNA, NILS = "anna-lindqvist", "nils-falk"
ADDRESS = "anna.lindqvist@example.org"


@pytest.fixture
def vendor() -> Braze:
    return Braze()


@pytest.fixture
async def there(vendor: Braze) -> AsyncIterator[Connected]:
    async with connected(
        vendor,
        "braze",
        categories=CATEGORIES,
        secrets={"api_key": KEY},
        mode=AnswerMode.POLL,
        customer_number_spelling="upper",
    ) as found:
        yield found


def profiles_of(vendor: Braze) -> list[str]:
    return [id for id, row in vendor.table("users").items() if row["email"] == ADDRESS]


class TestFinding:
    async def test_the_customers_profile_and_the_addresss_own(self, vendor: Braze, there: Connected) -> None:
        vendor.user(None, ADDRESS)
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "customer_number", "email"))
        assert [row["email"] for row in rows(answer, "newsletter")] == [ADDRESS, ADDRESS]

    async def test_nobody_where_there_is_nobody(self, vendor: Braze, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, NILS, "email"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])


class TestAnErasure:
    async def test_is_queued_and_only_in_effect_later(self, vendor: Braze, there: Connected) -> None:
        """Braze says how many are queued; nobody is told "erased" on the strength of that."""
        (id,) = profiles_of(vendor)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "customer_number", "email"))
        assert answer.outcome is Outcome.EFFECTIVE_LATER
        assert vendor.done("user.queued") == [id]

    async def test_counts_only_when_braze_no_longer_shows_the_profile(self, vendor: Braze, there: Connected) -> None:
        wanted = order(Action.ERASE, ANNA, "customer_number", "email")
        queued = await there.adapter.send(wanted)
        for row in vendor.table("users").values():
            row["gone_at"] = None  # the queue lost it
        still = await there.again(wanted, queued)
        assert still.outcome is Outcome.RETRY
        for id in vendor.done("user.queued"):
            del vendor.table("users")[id]
        gone = await there.again(wanted, still)
        assert (gone.outcome, gone.body["evidence"]["method"]) == (Outcome.COMPLETED, "erased")

    async def test_names_exactly_one_kind_of_id(self, vendor: Braze, there: Connected) -> None:
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "customer_number", "email"))
        (sent,) = [call.body for call in vendor.calls if call.path == "/users/delete"]
        assert sent.count("ids") == 1
        assert ADDRESS not in sent

    async def test_waits_until_the_second_that_a_429_names(self, vendor: Braze, there: Connected) -> None:
        """X-RateLimit-Reset counts from 1970; there is no Retry-After."""
        vendor.set(full=True)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert answer.outcome is Outcome.RETRY
        assert answer.wait is not None
        assert 30 < answer.wait.total_seconds() <= 44


class TestTheRest:
    async def test_an_objection_unsubscribes_and_makes_no_profile(self, vendor: Braze, there: Connected) -> None:
        """GDPR Art. 21(3)."""
        answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "other_channels")
        (id,) = profiles_of(vendor)
        assert vendor.table("users")[id]["email_subscribe"] == "unsubscribed"
        assert vendor.done("user.made") == []

    async def test_an_objection_reaches_the_text_messages_too(self, vendor: Braze) -> None:
        async with connected(
            vendor,
            "braze",
            categories=CATEGORIES,
            secrets={"api_key": KEY},
            mode=AnswerMode.POLL,
            customer_number_spelling="upper",
            sms_groups=["group-sms"],
            no_other_channels="yes",
        ) as there:
            wanted = order(Action.STOP_MARKETING, ANNA, "customer_number", "email")
            assert (await there.adapter.send(wanted)).outcome is Outcome.COMPLETED
        assert vendor.table("groups") == {"group-sms/C-10001": {"state": "unsubscribed"}}

    async def test_a_rectification_changes_what_was_asked_for(self, vendor: Braze, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "phone", "value": "+46701740699"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        (id,) = profiles_of(vendor)
        assert vendor.table("users")[id]["phone"] == "+46701740699"
        assert vendor.effects[-1]["fields"] == ["phone"]

    async def test_a_restriction_is_for_a_person(self, vendor: Braze, there: Connected) -> None:
        answer = await there.do(Action.RESTRICT, order(Action.RESTRICT, ANNA, "email"))
        assert (answer.outcome, vendor.calls) == (Outcome.REFUSED, [])
