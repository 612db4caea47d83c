"""The Mailchimp connector against the simulated Mailchimp."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors.mailchimp import KEY, LISTS, Mailchimp, subscriber_hash
from tests.vendors.connected import Connected, connected, named, order, rows

CATEGORIES = {"member": "newsletter"}
ANNA, NILS = "anna-lindqvist", "nils-falk"
ADDRESS = "anna.lindqvist@example.org"
FIRST, SECOND = LISTS


@pytest.fixture
def vendor() -> Mailchimp:
    return Mailchimp()


@pytest.fixture
async def there(vendor: Mailchimp) -> AsyncIterator[Connected]:
    async with connected(vendor, "mailchimp", categories=CATEGORIES, secrets={"api_key": KEY}) as found:
        yield found


class TestFinding:
    async def test_a_member_of_every_audience(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "email"))
        assert [row["list_id"] for row in rows(answer, "newsletter")] == [FIRST, SECOND]

    async def test_of_more_audiences_than_fit_a_page(self, vendor: Mailchimp, there: Connected) -> None:
        vendor.set(lists={f"list{number:03}": "Lista" for number in range(150)})
        vendor.member("list149", "nils.falk@example.net")
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, NILS, "email"))
        assert answer.body["found_categories"] == ["newsletter"]

    async def test_who_was_archived(self, vendor: Mailchimp, there: Connected) -> None:
        """The vendor's search does not show them; their data are still there."""
        vendor.table("members")[f"{FIRST}/{subscriber_hash(ADDRESS)}"]["status"] = "archived"
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "email"))
        assert {row["status"] for row in rows(answer, "newsletter")} == {"archived", "subscribed"}

    async def test_under_each_address_that_is_known(self, vendor: Mailchimp, there: Connected) -> None:
        vendor.member(FIRST, "anna@work.example.com")
        both = named(order(Action.EXPORT, ANNA, "email"), email="anna@work.example.com")
        answer = await there.do(Action.EXPORT, both)
        assert {row["email_address"] for row in rows(answer, "newsletter")} == {ADDRESS, "anna@work.example.com"}

    async def test_an_address_however_it_is_written(self, there: Connected) -> None:
        shouted = named(order(Action.LOCATE, ANNA), email="Anna.Lindqvist@Example.org")
        assert (await there.do(Action.LOCATE, shouted)).outcome is Outcome.COMPLETED


class TestAnErasure:
    async def test_is_permanent_in_every_audience(self, vendor: Mailchimp, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert answer.outcome is Outcome.COMPLETED
        assert vendor.held_about(ADDRESS) == []
        assert {effect["what"] for effect in vendor.effects} == {"member.erased"}
        assert len(vendor.effects) == 2

    async def test_takes_members_who_were_archived(self, vendor: Mailchimp, there: Connected) -> None:
        vendor.table("members")[f"{SECOND}/{subscriber_hash(ADDRESS)}"]["status"] = "archived"
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert vendor.held_about(ADDRESS) == []

    async def test_finds_nobody_where_there_is_nobody(self, vendor: Mailchimp, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, NILS, "email"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])

    async def test_goes_on_where_it_stopped(self, vendor: Mailchimp, there: Connected) -> None:
        wanted = order(Action.ERASE, ANNA, "email")
        problem = {"type": "about:blank", "title": "Too Many Requests", "status": 429}
        vendor.fail("status", f"POST /3.0/lists/{SECOND}", status=429, body=problem)
        first = await there.adapter.send(wanted)
        assert first.outcome is Outcome.RETRY
        assert (await there.again(wanted, first)).outcome is Outcome.COMPLETED
        assert (vendor.held_about(ADDRESS), len(vendor.effects)) == ([], 2)

    async def test_says_that_the_key_is_wrong(self, vendor: Mailchimp) -> None:
        async with connected(vendor, "mailchimp", categories=CATEGORIES, secrets={"api_key": "old-us21"}) as there:
            answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "not_authorised")


class TestTheRest:
    async def test_an_objection_unsubscribes_in_every_audience(self, vendor: Mailchimp, there: Connected) -> None:
        """GDPR Art. 21(3): in all of them, before a person is asked about texts and postcards."""
        answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "other_channels")
        assert [effect["status"] for effect in vendor.effects] == ["unsubscribed", "unsubscribed"]

    async def test_an_objection_leaves_notices_of_service_alone(self, vendor: Mailchimp) -> None:
        """Who wants no advertising still has to hear that the alarm is out of order."""
        async with connected(
            vendor,
            "mailchimp",
            categories=CATEGORIES,
            secrets={"api_key": KEY},
            marketing_audiences=[FIRST],
            mails_only="yes",
        ) as there:
            answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert answer.outcome is Outcome.COMPLETED
        hashed = subscriber_hash(ADDRESS)
        members = vendor.table("members")
        assert [members[f"{one}/{hashed}"]["status"] for one in LISTS] == ["unsubscribed", "subscribed"]

    async def test_a_rectification_changes_name_and_number(self, vendor: Mailchimp, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "last_name", "value": "Ek"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        members = [row for row in vendor.table("members").values() if row["email_address"] == ADDRESS]
        assert [row["merge_fields"]["LNAME"] for row in members] == ["Ek", "Ek"]

    async def test_a_restriction_is_for_a_person(self, vendor: Mailchimp, there: Connected) -> None:
        answer = await there.do(Action.RESTRICT, order(Action.RESTRICT, ANNA, "email"))
        assert (answer.outcome, vendor.calls) == (Outcome.REFUSED, [])
