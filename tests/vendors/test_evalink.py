"""The evalink connector against the simulated alarm receiving centre."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors.evalink import COMPANY, TOKEN, Evalink
from tests.vendors.connected import Connected, connected, order, rows

CATEGORIES = {"site": "contact", "contact": "emergency_contacts", "alarms": "alarm_history"}


@pytest.fixture
def vendor() -> Evalink:
    return Evalink()


@pytest.fixture
async def there(vendor: Evalink) -> AsyncIterator[Connected]:
    secrets = {"api_token": TOKEN}
    async with connected(vendor, "evalink", categories=CATEGORIES, secrets=secrets, company_id=COMPANY) as found:
        yield found


class TestACopy:
    async def test_of_a_customer_has_the_site_the_own_contact_and_the_alarms(self, there: Connected) -> None:
        asked = order(Action.EXPORT, "anna-lindqvist", "customer_number", "email", "phone")
        answer = await there.do(Action.EXPORT, asked)
        assert answer.outcome is Outcome.COMPLETED
        assert [row["email"] for row in rows(answer, "contact")] == ["anna.lindqvist@example.org"]
        assert [row["name"] for row in rows(answer, "emergency_contacts")] == ["Anna Lindqvist"]
        assert len(rows(answer, "alarm_history")) == 1

    async def test_never_has_a_code_word_or_another_contact(self, there: Connected) -> None:
        """GDPR Art. 15(4): the neighbours', the ex-partner's, and what opens the home."""
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "anna-lindqvist", "customer_number", "email"))
        assert not [one for one in ("Kodord", "Björn", "Maria", "bjorn", "maria") if one in str(answer.body)]

    async def test_of_a_contact_person_has_nothing_of_the_customers(self, there: Connected) -> None:
        """The ex-partner who knows where the installation is sees his own row, not her telephone number."""
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "bjorn-lindqvist", "installation_id", "email"))
        assert rows(answer, "contact") == []
        assert [row["name"] for row in rows(answer, "emergency_contacts")] == ["Björn Lindqvist"]
        assert "anna.lindqvist" not in str(answer.body)

    async def test_of_somebody_no_site_is_known_for_is_a_persons_to_look_for(self, there: Connected) -> None:
        """A neighbour stands in nobody's record but as a contact: "not found" would be a guess."""
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "maria-nyberg", "email", "phone"))
        assert answer.outcome is Outcome.REFUSED


class TestASharedNumber:
    """GDPR Art. 5(1)(f), 15(4): who knows the number of a former home does not learn where somebody lives now."""

    @pytest.fixture(autouse=True)
    def new_home(self, vendor: Evalink) -> None:
        """Anna's site is no longer hers; her number still stands on it."""
        there = vendor.table("devices")
        site = next(one for one in there.values() if one.get("customerEmail") == "anna.lindqvist@example.org")
        site |= {"customerEmail": "bjorn.lindqvist@example.net", "customerNumber": "C-99999"}

    @pytest.mark.parametrize("known", [("email", "phone"), ("customer_number", "phone")])
    @pytest.mark.parametrize("action", [Action.LOCATE, Action.EXPORT])
    async def test_is_not_asked_for_where_something_of_her_own_finds_nobody(
        self, there: Connected, action: Action, known: tuple[str, ...]
    ) -> None:
        answer = await there.do(action, order(action, "anna-lindqvist", *known))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "not_found_for_sure")

    async def test_does_not_make_a_row_hers_that_bears_anothers_address(self, there: Connected) -> None:
        known = ("installation_id", "email", "phone")
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "anna-lindqvist", *known))
        assert rows(answer, "contact") == []
        assert "bjorn" not in str(answer.body)


class TestWhatItCannot:
    @pytest.mark.parametrize("action", [Action.RECTIFY, Action.ERASE, Action.RESTRICT, Action.NOTIFY, Action.FREEZE])
    async def test_what_nobody_has_verified_is_a_persons(
        self, vendor: Evalink, there: Connected, action: Action
    ) -> None:
        answer = await there.do(action, order(action, "anna-lindqvist", "customer_number"))
        assert (answer.outcome, vendor.lines()) == (Outcome.REFUSED, [])


class TestWhenThingsGoWrong:
    @pytest.mark.parametrize("kind", ["html_502", "truncated", "reset"])
    async def test_an_answer_that_is_none_is_asked_for_again(
        self, vendor: Evalink, there: Connected, kind: str
    ) -> None:
        vendor.fail(kind, "GET /api/device-service")
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", "customer_number"))
        assert answer.outcome in (Outcome.RETRY, Outcome.UNKNOWN)

    async def test_a_token_that_is_not_valid_goes_to_a_person(self, vendor: Evalink) -> None:
        async with connected(
            vendor, "evalink", categories=CATEGORIES, secrets={"api_token": "x"}, company_id=COMPANY
        ) as there:
            answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", "customer_number"))
        assert answer.outcome is Outcome.FAILED
