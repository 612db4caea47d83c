"""The HubSpot connector against the simulated HubSpot."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors.hubspot import TOKEN, HubSpot
from tests.vendors.connected import Connected, connected, named, order, rows

CATEGORIES = {"contact": "contact"}
ANNA, NILS = "anna-lindqvist", "nils-falk"


@pytest.fixture
def vendor() -> HubSpot:
    return HubSpot()


@pytest.fixture
async def there(vendor: HubSpot) -> AsyncIterator[Connected]:
    async with connected(vendor, "hubspot", categories=CATEGORIES, secrets={"access_token": TOKEN}) as found:
        yield found


def contact_of(vendor: HubSpot, email: str) -> str:
    return next(id for id, row in vendor.table("contacts").items() if row["properties"]["email"] == email)


class TestFinding:
    @pytest.mark.parametrize("known", ["email", "phone"])
    async def test_by_address_or_number(self, there: Connected, known: str) -> None:
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, known))
        assert (answer.outcome, answer.body["found_categories"]) == (Outcome.COMPLETED, ["contact"])

    async def test_a_number_that_two_share_is_for_a_person(self, vendor: HubSpot, there: Connected) -> None:
        vendor.contact(email="bjorn.lindqvist@example.net", firstname="Björn", phone="+46701740605")
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (answer.outcome, vendor.effects) == (Outcome.AMBIGUOUS, [])

    async def test_what_the_search_brings_is_compared_again(self, vendor: HubSpot, there: Connected) -> None:
        """A search is the vendor's promise; what is erased is checked here."""
        karin = vendor.table("contacts")[contact_of(vendor, "karin.ek@example.org")]
        vendor.fail("status", "POST /crm/v3/objects/contacts/search", status=200, body={"total": 1, "results": [karin]})
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])


class TestASharedNumber:
    """Art. 17, 12(2): a household's number stands on its members' cards; it is nobody's name."""

    @pytest.fixture
    def husband(self, vendor: HubSpot) -> str:
        """Anna is not there; her number stands on Björn's card."""
        del vendor.table("contacts")[contact_of(vendor, "anna.lindqvist@example.org")]
        vendor.contact(email="bjorn.lindqvist@example.net", firstname="Björn", phone="+46701740605")
        return contact_of(vendor, "bjorn.lindqvist@example.net")

    @pytest.mark.parametrize("action", [Action.LOCATE, Action.EXPORT, Action.ERASE, Action.STOP_MARKETING])
    async def test_is_not_asked_for_where_the_address_is_known(
        self, vendor: HubSpot, there: Connected, husband: str, action: Action
    ) -> None:
        answer = await there.do(action, order(action, ANNA, "email", "phone"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])
        assert husband in vendor.table("contacts")

    async def test_alone_is_for_a_person_before_anything_is_gone(
        self, vendor: HubSpot, there: Connected, husband: str
    ) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "found_by_phone_alone", [])
        assert husband in vendor.table("contacts")


class TestACopy:
    async def test_has_the_contacts_properties(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "email"))
        (row,) = rows(answer, "contact")
        assert row["properties"]["email"] == "anna.lindqvist@example.org"


class TestAnErasure:
    async def test_erases_the_contact_once(self, vendor: HubSpot, there: Connected) -> None:
        id = contact_of(vendor, "anna.lindqvist@example.org")
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert answer.outcome is Outcome.COMPLETED
        assert vendor.effects == [{"what": "contact.erased", "id": id}]

    @pytest.mark.parametrize("email", ["nils.falk@example.net", "ANNA.LINDQVIST+x@example.org", "' or 1=1@example.org"])
    async def test_never_puts_a_stranger_on_the_blocklist(self, vendor: HubSpot, there: Connected, email: str) -> None:
        """gdpr-delete by an address it does not know makes a lasting note of it: the lookup goes before."""
        answer = await there.do(Action.ERASE, named(order(Action.ERASE, ANNA), email=email))
        assert answer.outcome is Outcome.NOT_FOUND
        assert vendor.table("blocklist") == {}
        assert not any("gdpr-delete" in line for line in vendor.lines())

    async def test_never_names_an_address_to_gdpr_delete(self, vendor: HubSpot, there: Connected) -> None:
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        (sent,) = [call.body for call in vendor.calls if call.path.endswith("gdpr-delete")]
        assert "@" not in sent

    async def test_is_done_when_the_answer_was_lost_and_the_contact_is_gone(
        self, vendor: HubSpot, there: Connected
    ) -> None:
        wanted = order(Action.ERASE, ANNA, "email")
        vendor.fail("cut", "POST /crm/v3/objects/contacts/gdpr-delete")
        first = await there.adapter.send(wanted)
        assert first.outcome is Outcome.RETRY
        assert (await there.again(wanted, first)).outcome is Outcome.COMPLETED
        assert (len(vendor.done("contact.erased")), vendor.table("blocklist")) == (1, {})

    async def test_waits_as_long_as_it_is_told(self, vendor: HubSpot, there: Connected) -> None:
        vendor.set(busy=True)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert answer.outcome is Outcome.RETRY
        assert answer.wait is not None
        assert answer.wait.total_seconds() == 10


class TestARectification:
    async def test_changes_the_fields_that_were_asked_for(self, vendor: HubSpot, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "phone", "value": "+46701740699"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        id = contact_of(vendor, "anna.lindqvist@example.org")
        assert vendor.effects == [{"what": "contact.updated", "id": id, "fields": ["phone"]}]
        assert vendor.table("contacts")[id]["properties"]["phone"] == "+46701740699"

    async def test_of_a_field_it_has_not_is_for_a_person(self, vendor: HubSpot, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "alarm_code", "value": "0000"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.REFUSED
        assert vendor.effects == []


class TestAnObjectionToMarketing:
    """GDPR Art. 21(3)."""

    async def test_unsubscribes_the_address_that_hubspot_has(self, vendor: HubSpot, there: Connected) -> None:
        """Calls, texts and letters are marketing as well: where they may go out, a person sees to them."""
        answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "other_channels")
        assert vendor.done("email.unsubscribed") == ["anna.lindqvist@example.org"]

    async def test_is_done_with_that_where_only_mails_are_sent(self, vendor: HubSpot) -> None:
        secrets = {"access_token": TOKEN}
        async with connected(vendor, "hubspot", categories=CATEGORIES, secrets=secrets, mails_only="yes") as there:
            answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert (answer.outcome, len(vendor.effects)) == (Outcome.COMPLETED, 1)

    async def test_of_a_stranger_leaves_no_trace(self, vendor: HubSpot, there: Connected) -> None:
        answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, NILS, "email"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])


@pytest.mark.parametrize("action", [Action.RESTRICT, Action.STOP_PURPOSES, Action.REVIEW_DECISION])
async def test_what_hubspot_has_not_goes_to_a_person(vendor: HubSpot, there: Connected, action: Action) -> None:
    answer = await there.do(action, order(action, ANNA, "email"))
    assert (answer.outcome, vendor.calls) == (Outcome.REFUSED, [])
    assert answer.body["message"]
