"""The Zendesk connector against the simulated Zendesk."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from sandbox.vendors.zendesk import EMAIL, TOKEN, Zendesk
from tests.vendors.connected import Connected, connected, order, rows

CATEGORIES = {"user": "contact", "tickets": "cases"}
ANNA, NILS = "anna-lindqvist", "nils-falk"
ADDRESS = "anna.lindqvist@example.org"


@pytest.fixture
def vendor() -> Zendesk:
    return Zendesk()


@pytest.fixture
async def there(vendor: Zendesk) -> AsyncIterator[Connected]:
    secrets = {"email": EMAIL, "api_token": TOKEN}
    async with connected(
        vendor, "zendesk", categories=CATEGORIES, secrets=secrets, mode=AnswerMode.POLL, subdomain="larm"
    ) as found:
        yield found


def user_of(vendor: Zendesk, email: str = ADDRESS) -> str:
    return next(id for id, row in vendor.table("users").items() if row["email"] == email)


class TestFinding:
    async def test_the_person_and_not_whoever_mentions_them(self, vendor: Zendesk, there: Connected) -> None:
        vendor.user("Granne", "granne@example.org", notes=f"Känner {ADDRESS}")
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "email"))
        assert [row["name"] for row in rows(answer, "contact")] == ["Anna Lindqvist"]
        assert len(rows(answer, "cases")) == 2

    async def test_a_member_of_staff_is_for_a_person(self, vendor: Zendesk, there: Connected) -> None:
        vendor.table("users")[user_of(vendor)]["role"] = "agent"
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "member_of_staff", [])

    async def test_nobody_where_there_is_nobody(self, there: Connected) -> None:
        assert (await there.do(Action.LOCATE, order(Action.LOCATE, NILS, "email"))).outcome is Outcome.NOT_FOUND


class TestAnErasure:
    async def test_is_soft_then_hard_then_waited_for(self, vendor: Zendesk, there: Connected) -> None:
        """Only when Zendesk says that the background work is through is it called erased."""
        id = user_of(vendor)
        wanted = order(Action.ERASE, ANNA, "email")
        asked = await there.adapter.send(wanted)
        assert asked.outcome is Outcome.ACCEPTED
        whats = [effect["what"] for effect in vendor.effects]
        assert whats == ["ticket.deleted", "ticket.erased"] * 2 + ["user.deleted", "user.erased"]
        assert vendor.done("user.erased") == [id]
        vendor.clock.advance(seconds=600)
        running = await there.until_done(wanted, asked)
        assert running.outcome is Outcome.ACCEPTED
        vendor.clock.advance(seconds=3600)
        done = await there.until_done(wanted, running)
        assert (done.outcome, done.body["evidence"]["method"]) == (Outcome.COMPLETED, "erased")
        assert len(vendor.effects) == 6

    async def test_never_takes_soft_for_done(self, vendor: Zendesk, there: Connected) -> None:
        vendor.fail("status", "DELETE /api/v2/deleted_users", status=500, body={"error": "InternalError"})
        wanted = order(Action.ERASE, ANNA, "email")
        first = await there.adapter.send(wanted)
        assert first.outcome is Outcome.RETRY
        second = await there.again(wanted, first)
        assert second.outcome is Outcome.ACCEPTED
        assert [len(vendor.done(what)) for what in ("user.deleted", "user.erased")] == [1, 1]

    async def test_goes_to_a_person_where_a_ticket_is_open_and_kept(self, vendor: Zendesk, there: Connected) -> None:
        """Unverified which status it answers; either way nothing is erased."""
        vendor.ticket(user_of(vendor), "Larmet tjuter nu")
        keep = [{"category": "cases", "law": "ARN_CASE", "until": "2027-06-30"}]
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email", keep=keep))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "open_tickets", [])

    async def test_waits_as_long_as_the_quota_of_seven_hundred_says(self, vendor: Zendesk, there: Connected) -> None:
        for _ in range(700):
            vendor.window.take(vendor.clock.time())
        wanted = order(Action.ERASE, ANNA, "email")
        first = await there.adapter.send(wanted)
        assert first.outcome is Outcome.RETRY
        assert first.wait is not None
        assert 500 < first.wait.total_seconds() <= 601
        vendor.clock.advance(seconds=601)
        assert (await there.again(wanted, first)).outcome is Outcome.ACCEPTED

    async def test_of_tickets_alone_leaves_the_user(self, vendor: Zendesk, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email", categories=("cases",)))
        assert answer.outcome is Outcome.COMPLETED
        assert {effect["what"] for effect in vendor.effects} == {"ticket.deleted", "ticket.erased"}


class TestARectification:
    async def test_of_name_and_number(self, vendor: Zendesk, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "phone", "value": "+46701740699"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        assert vendor.table("users")[user_of(vendor)]["phone"] == "+46701740699"

    async def test_of_an_address_is_for_a_person(self, vendor: Zendesk, there: Connected) -> None:
        """Zendesk adds the new address beside the old one, which would stay the first."""
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "email", "value": "ny@example.org"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.REFUSED
        assert vendor.effects == []
