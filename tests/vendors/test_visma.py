"""The Visma connector against the simulated Visma eAccounting."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors._base import guid
from sandbox.vendors.visma import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH, Visma
from tests.vendors.connected import Connected, connected, doubted, order, rows

ANNA, KARIN, TOVE = (guid("visma", one) for one in ("anna-lindqvist", "karin-ek", "tove-berg"))
CATEGORIES = {"customer": "contact", "invoices": "bookkeeping_records"}
SECRETS = {"client_secret": CLIENT_SECRET, "refresh_token": FIRST_REFRESH}


@pytest.fixture
def vendor() -> Visma:
    return Visma()


@pytest.fixture
async def there(vendor: Visma) -> AsyncIterator[Connected]:
    async with connected(vendor, "visma", categories=CATEGORIES, secrets=SECRETS, client_id=CLIENT_ID) as found:
        yield found


class TestFinding:
    @pytest.mark.parametrize("known", ["personnummer", "email"])
    async def test_goes_through_the_pages(self, vendor: Visma, there: Connected, known: str) -> None:
        vendor.set(filler=1200)
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", known))
        assert answer.outcome is Outcome.COMPLETED
        assert set(answer.body["found_categories"]) == {"contact", "bookkeeping_records"}

    async def test_a_number_written_to_break_out_finds_nobody(self, vendor: Visma, there: Connected) -> None:
        asked = order(Action.ERASE, "anna-lindqvist", "customer_number")
        evil = {"type": "customer_number", "value": "x' or Name ne 'x", "format": "text"}
        answer = await there.do(Action.ERASE, replace(asked, identifiers=(evil,)))
        assert answer.outcome in (Outcome.NOT_FOUND, Outcome.REFUSED)
        assert vendor.effects == []


class TestACopy:
    async def test_has_the_record_and_every_invoice(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "omar-aziz", "email"))
        assert [row["name"] for row in rows(answer, "contact")] == ["Omar Aziz"]
        assert len(rows(answer, "bookkeeping_records")) == 12


class TestARectification:
    async def test_sends_the_whole_record_with_one_change(self, vendor: Visma, there: Connected) -> None:
        wanted = order(Action.RECTIFY, "anna-lindqvist", "email", corrections=[{"field": "city", "value": "Lund"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        assert vendor.effects == [{"what": "customer.replaced", "id": ANNA, "changed": ["InvoiceCity"]}]


class TestAnErasure:
    async def test_deletes_whoever_has_no_invoices(self, vendor: Visma, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, "karin-ek", "email"))
        assert (answer.outcome, vendor.done("customer.deleted")) == (Outcome.COMPLETED, [KARIN])

    @pytest.mark.parametrize("status", [400, 409])
    async def test_empties_the_record_where_bookkeeping_keeps_the_invoices(
        self, vendor: Visma, there: Connected, status: int
    ) -> None:
        """BFL 7:2."""
        vendor.set(delete_with_invoices=status)
        answer = await there.do(Action.ERASE, order(Action.ERASE, "tove-berg", "email"))
        left = str(vendor.table("customers")[TOVE])
        assert not [one for one in ("Tove", "Berg", "tove", "70174", "740303", "Exempel") if one in left]
        assert answer.outcome is Outcome.COMPLETED_PARTIAL
        assert [one["law"] for one in answer.body["retained"]] == ["BFL_7_2"]
        assert doubted(answer) is None

    async def test_leaves_it_to_a_person_while_an_invoice_is_open(self, vendor: Visma, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, "anna-lindqvist", "email"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "open_invoices", [])

    async def test_never_tries_to_delete_what_was_decided_to_be_kept(self, vendor: Visma, there: Connected) -> None:
        vendor.set(delete_with_invoices=200)
        keep = [{"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2032-12-31"}]
        await there.do(Action.ERASE, order(Action.ERASE, "tove-berg", "email", keep=keep))
        assert vendor.done("customer.deleted") == []
        assert vendor.done("customer.replaced") == [TOVE]


class TestWhenThingsGoWrong:
    async def test_a_throttled_call_waits_as_long_as_the_sentence_says(self, vendor: Visma, there: Connected) -> None:
        said = "API calls quota exceeded! maximum admitted 600 per Minute. Try again in 55 seconds."
        body = {"ErrorCode": 4010, "DeveloperErrorMessage": said, "ErrorId": ANNA}
        vendor.fail("status", "GET /v2/customers", status=429, body=body)
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", "email"))
        assert answer.outcome is Outcome.RETRY
        assert answer.wait is not None
        assert 55 <= answer.wait.total_seconds() <= 60

    async def test_a_refresh_token_that_is_used_up_is_replaced_by_the_new_one(
        self, vendor: Visma, there: Connected
    ) -> None:
        asked = order(Action.LOCATE, "karin-ek", "email")
        for _ in range(3):
            assert (await there.do(Action.LOCATE, asked)).outcome is Outcome.COMPLETED
            vendor.table("tokens").clear()
        assert vendor.lines().count("POST /connect/token") == 3
