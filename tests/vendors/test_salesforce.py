"""The Salesforce connector against the simulated Salesforce."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from sandbox.vendors.salesforce import CLIENT, POLICY, SECRET, Salesforce
from tests.vendors.connected import Connected, connected, named, order, rows

CATEGORIES = {"contact": "contact"}
ANNA, NILS = "anna-lindqvist", "nils-falk"
ADDRESS = "anna.lindqvist@example.org"


@pytest.fixture
def vendor() -> Salesforce:
    return Salesforce()


@pytest.fixture
async def there(vendor: Salesforce) -> AsyncIterator[Connected]:
    async with connected(
        vendor,
        "salesforce",
        categories=CATEGORIES,
        secrets={"client_id": CLIENT, "client_secret": SECRET},
        mode=AnswerMode.POLL,
        idempotency=Idempotency.QUERY,  # a request to be forgotten is no harmless repetition
        my_domain="larm",
        erasure_policy=POLICY,
    ) as found:
        yield found


def contact_of(vendor: Salesforce) -> str:
    return next(id for id, row in vendor.table("contacts").items() if row["Email"] == ADDRESS)


class TestFinding:
    @pytest.mark.parametrize("known", ["email", "phone"])
    async def test_by_address_or_number(self, there: Connected, known: str) -> None:
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, known))
        assert (answer.outcome, "contact" in answer.body["found_categories"]) == (Outcome.COMPLETED, True)

    @pytest.mark.parametrize("action", [Action.EXPORT, Action.RECTIFY])
    async def test_by_number_alone_shows_and_changes_nothing(
        self, vendor: Salesforce, there: Connected, action: Action
    ) -> None:
        """Art. 15(4), 5(1)(f): a household's number stands on its members' records."""
        answer = await there.do(action, order(action, ANNA, "phone"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "found_by_phone_alone", [])

    @pytest.mark.parametrize(
        "evil",
        ["x' OR LastName != 'y", "x\\' OR Email != '", "o'brien@example.org", "x' OR Email LIKE '%@example.org"],
    )
    async def test_an_address_written_to_break_out_finds_nobody(
        self, vendor: Salesforce, there: Connected, evil: str
    ) -> None:
        """The query is Salesforce's own language: what a requester writes stays one literal in it."""
        answer = await there.do(Action.ERASE, named(order(Action.ERASE, ANNA), email=evil))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])

    async def test_two_with_one_address_are_for_a_person(self, vendor: Salesforce, there: Connected) -> None:
        vendor.set(page=1)
        vendor.contact(FirstName="Anna", LastName="L", Email=ADDRESS)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, vendor.effects) == (Outcome.AMBIGUOUS, [])

    async def test_a_lead_as_well_as_a_contact(self, vendor: Salesforce, there: Connected) -> None:
        """Who asked for an offer and never became a customer is in no contact."""
        vendor.contact(type="Lead", FirstName="Nils", LastName="Falk", Email="nils.falk@example.net", City="Provstad")
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, NILS, "email"))
        assert [row["city"] for row in rows(answer, "contact")] == ["Provstad"]
        stopped = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, NILS, "email"))
        assert stopped.outcome is Outcome.COMPLETED

    async def test_never_by_a_shared_number_where_an_address_is_known(
        self, vendor: Salesforce, there: Connected
    ) -> None:
        """Those who share a home share its telephone."""
        vendor.contact(FirstName="Björn", LastName="Lindqvist", Email="bjorn.l@example.net", Phone="+46701740605")
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "email", "phone"))
        assert [row["email"] for row in rows(answer, "contact")] == [ADDRESS]

    async def test_logs_in_again_once_when_the_session_is_gone(self, vendor: Salesforce, there: Connected) -> None:
        await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, "email"))
        vendor.end_sessions()
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, "email"))
        assert answer.outcome is Outcome.COMPLETED
        assert len(vendor.table("logins")) == 2


class TestAnErasure:
    async def test_is_a_request_that_is_watched_to_its_end(self, vendor: Salesforce, there: Connected) -> None:
        """DELETE would only fill the recycle bin."""
        id = contact_of(vendor)
        wanted = order(Action.ERASE, ANNA, "email")
        asked = await there.adapter.send(wanted)
        assert asked.outcome is Outcome.ACCEPTED
        vendor.clock.advance(seconds=8 * 3600)
        running = await there.until_done(wanted, asked)
        assert running.outcome is Outcome.ACCEPTED
        vendor.clock.advance(days=1)
        done = await there.until_done(wanted, running)
        assert (done.outcome, vendor.done("contact.forgotten")) == (Outcome.COMPLETED, [id])
        assert vendor.done("contact.binned") == []

    @pytest.mark.parametrize("ends", ["Error", "Cancelled"])
    async def test_that_did_not_succeed_is_for_a_person(self, vendor: Salesforce, there: Connected, ends: str) -> None:
        vendor.set(forget=ends)
        wanted = order(Action.ERASE, ANNA, "email")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(days=2)
        assert (await there.until_done(wanted, asked)).outcome is Outcome.FAILED

    async def test_whose_answer_was_lost_is_for_a_person(self, vendor: Salesforce, there: Connected) -> None:
        """The request may have been made; a second one is no harmless repetition."""
        vendor.fail("cut", "POST /services/data/v61.0/sobjects/PrivacyRTBFRequest")
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, len(vendor.done("forget.asked"))) == (Outcome.UNKNOWN, 1)

    async def test_waits_where_the_days_calls_are_used_up(self, vendor: Salesforce, there: Connected) -> None:
        vendor.set(busy=True)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert answer.outcome is Outcome.RETRY
        assert answer.wait is not None


class TestARestriction:
    """GDPR Art. 18: where Data 360 is used."""

    async def test_is_written_to_the_consent_api_and_lifted_there(self, vendor: Salesforce, there: Connected) -> None:
        held = await there.do(Action.RESTRICT, order(Action.RESTRICT, ANNA, "email"))
        assert (held.outcome, vendor.table("consents")[ADDRESS]) == (Outcome.COMPLETED, {"processing": "optout"})
        let_go = await there.do(Action.LIFT_RESTRICTION, order(Action.LIFT_RESTRICTION, ANNA, "email"))
        assert (let_go.outcome, vendor.table("consents")[ADDRESS]) == (Outcome.COMPLETED, {"processing": "optin"})

    async def test_is_not_believed_where_the_200_has_an_error_inside(
        self, vendor: Salesforce, there: Connected
    ) -> None:
        vendor.set(consent_fails=True)
        answer = await there.do(Action.RESTRICT, order(Action.RESTRICT, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "consent_not_written")


class TestTheRest:
    async def test_a_rectification_sends_only_what_changes(self, vendor: Salesforce, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "city", "value": "Provstad"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        assert vendor.effects == [{"what": "contact.updated", "id": contact_of(vendor), "fields": ["MailingCity"]}]

    async def test_an_objection_is_written_on_the_contact(self, vendor: Salesforce, there: Connected) -> None:
        """GDPR Art. 21(3)."""
        answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert answer.outcome is Outcome.COMPLETED
        assert vendor.table("contacts")[contact_of(vendor)]["HasOptedOutOfEmail"] is True
