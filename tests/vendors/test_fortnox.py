"""The Fortnox connector against the simulated Fortnox."""

import json
from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors.fortnox import CLIENT_ID, CLIENT_SECRET, TENANT, Fortnox
from tests.vendors.connected import Connected, connected, doubted, order, rows

CATEGORIES = {
    "customer": "contact",
    "invoices": "bookkeeping_records",
    "offers": "orders",
    "orders": "orders",
}


@pytest.fixture
def vendor() -> Fortnox:
    return Fortnox()


@pytest.fixture
async def there(vendor: Fortnox) -> AsyncIterator[Connected]:
    async with connected(
        vendor,
        "fortnox",
        categories=CATEGORIES,
        secrets={"client_secret": CLIENT_SECRET},
        tenant_id=TENANT,
        client_id=CLIENT_ID,
    ) as found:
        yield found


class TestFinding:
    @pytest.mark.parametrize("known", ["customer_number", "personnummer", "email"])
    async def test_by_whatever_is_known(self, there: Connected, known: str) -> None:
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", known))
        assert answer.outcome is Outcome.COMPLETED
        assert set(answer.body["found_categories"]) == {"contact", "bookkeeping_records"}

    async def test_a_search_that_matches_parts_is_compared_again(self, vendor: Fortnox, there: Connected) -> None:
        vendor.table("customers")["C-100011"] = vendor.table("customers")["C-10002"] | {"CustomerNumber": "C-100011"}
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "anna-lindqvist", "customer_number"))
        assert [row["name"] for row in rows(answer, "contact")] == ["Anna Lindqvist"]


class TestACopy:
    async def test_has_the_record_and_every_invoice(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "omar-aziz", "customer_number"))
        assert answer.outcome is Outcome.COMPLETED
        assert len(rows(answer, "bookkeeping_records")) == 13


class TestARectification:
    async def test_sends_the_changed_field_alone(self, vendor: Fortnox, there: Connected) -> None:
        wanted = order(
            Action.RECTIFY, "anna-lindqvist", "customer_number", corrections=[{"field": "city", "value": "Lund"}]
        )
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        assert vendor.effects == [{"what": "customer.updated", "id": "C-10001", "changed": ["City"]}]
        assert json.loads(vendor.calls[-1].body) == {"Customer": {"City": "Lund"}}


class TestAnErasure:
    async def test_deletes_whoever_has_no_business(self, vendor: Fortnox, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, "karin-ek", "customer_number"))
        assert (answer.outcome, answer.body.get("retained", [])) == (Outcome.COMPLETED, [])
        assert vendor.done("customer.deleted") == ["C-10002"]

    async def test_deletes_the_customer_and_says_which_invoices_stay(self, vendor: Fortnox, there: Connected) -> None:
        """BFL 7:2: the name stays on issued invoices; who is told "erased" is told that too."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, "tove-berg", "customer_number"))
        assert vendor.done("customer.deleted") == ["C-10007"]
        assert [one["category"] for one in answer.body["retained"]] == ["bookkeeping_records"]

        assert answer.outcome is Outcome.COMPLETED_PARTIAL
        assert doubted(answer) is None

    async def test_empties_the_record_where_the_vendor_does_not_delete(self, vendor: Fortnox, there: Connected) -> None:
        """Null would be ignored: only the magic word empties a field."""
        vendor.set(deletes=False)
        answer = await there.do(Action.ERASE, order(Action.ERASE, "tove-berg", "customer_number"))
        kept = {name: value for name, value in vendor.table("customers")["C-10007"].items() if value}
        assert set(kept) == {"CustomerNumber", "Name", "CountryCode", "Type", "Currency"}
        assert kept["Name"].startswith("Raderad ")
        assert doubted(answer) is None

    async def test_leaves_it_to_a_person_while_an_invoice_is_open(self, vendor: Fortnox, there: Connected) -> None:
        """Whoever owes or is owed is still written to (GDPR Art. 17(3)(e))."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, "anna-lindqvist", "customer_number"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "open_invoices", [])

    async def test_leaves_it_to_a_person_while_something_else_is_open(self, vendor: Fortnox, there: Connected) -> None:
        vendor.table("offers")["1"] = {"DocumentNumber": "1", "CustomerNumber": "C-10002"}
        answer = await there.do(Action.ERASE, order(Action.ERASE, "karin-ek", "customer_number"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "still_in_use", [])

    async def test_of_what_no_call_reaches_is_not_done(self, vendor: Fortnox, there: Connected) -> None:
        """GDPR Art. 17(1), 5(2): an offer and an order with name and address are still there: a person has to know."""
        paper = {"DocumentNumber": "77", "CustomerNumber": "C-10007", "CustomerName": "Tove Berg"}
        vendor.table("offers")["77"], vendor.table("orders")["88"] = dict(paper), dict(paper)
        asked = order(Action.ERASE, "tove-berg", "email", categories=("contact", "orders"))
        answer = await there.do(Action.ERASE, asked)
        assert vendor.done("customer.updated") == ["C-10007"]
        assert (answer.outcome, answer.body["reason"]) == (Outcome.COMPLETED_PARTIAL, "reaches_further")
        assert answer.body["evidence"]["left"] == "offers, orders"
        assert doubted(answer) == "partly_unexplained"

    async def test_of_what_no_call_reaches_is_done_where_nothing_of_it_is_there(
        self, vendor: Fortnox, there: Connected
    ) -> None:
        asked = order(Action.ERASE, "karin-ek", "email", categories=("contact", "orders"))
        assert (await there.do(Action.ERASE, asked)).outcome is Outcome.COMPLETED
        assert vendor.done("customer.deleted") == ["C-10002"]

    async def test_a_lost_answer_is_asked_again_and_takes_effect_once(self, vendor: Fortnox, there: Connected) -> None:
        vendor.fail("cut", "DELETE /3/customers")
        asked = order(Action.ERASE, "karin-ek", "customer_number")
        first = await there.do(Action.ERASE, asked)
        assert first.outcome in (Outcome.RETRY, Outcome.UNKNOWN)
        assert (await there.again(asked, first)).outcome is Outcome.COMPLETED
        assert vendor.done("customer.deleted") == ["C-10002"]


class TestWhenThingsGoWrong:
    async def test_a_throttled_call_waits_some_seconds(self, vendor: Fortnox, there: Connected) -> None:
        vendor.fail("status", "GET /3/customers", status=429, body={"message": "Rate limit exceeded"})
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", "customer_number"))
        assert answer.outcome is Outcome.RETRY
        assert answer.wait is not None
        assert answer.wait.total_seconds() >= 5

    async def test_never_makes_more_calls_than_the_vendor_takes(self, vendor: Fortnox, there: Connected) -> None:
        for _ in range(6):
            await there.do(Action.EXPORT, order(Action.EXPORT, "karin-ek", "customer_number"))
        assert 429 not in {call.status for call in vendor.calls}

    async def test_a_wrong_tenant_goes_to_a_person(self, vendor: Fortnox) -> None:
        async with connected(
            vendor,
            "fortnox",
            categories=CATEGORIES,
            secrets={"client_secret": CLIENT_SECRET},
            tenant_id="1",
            client_id=CLIENT_ID,
        ) as there:
            answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", "customer_number"))
        assert answer.outcome is Outcome.FAILED

    async def test_a_token_that_has_ended_is_fetched_anew(self, vendor: Fortnox, there: Connected) -> None:
        asked = order(Action.LOCATE, "karin-ek", "customer_number")
        await there.do(Action.LOCATE, asked)
        vendor.table("tokens").clear()
        assert (await there.do(Action.LOCATE, asked)).outcome is Outcome.COMPLETED
