"""The Billecta connector against the simulated Billecta."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors._base import guid
from sandbox.vendors.billecta import CREDITOR, PASSWORD, USER, Billecta
from tests.vendors.connected import Connected, connected, doubted, order, rows

ANNA, KARIN, TOVE = (guid("billecta", one) for one in ("anna-lindqvist", "karin-ek", "tove-berg"))
LOGIN = "POST /v1/authentication/apiauthenticate"
CATEGORIES = {
    "customer": "contact",
    "events": "contact",
    "open_invoices": "bookkeeping_records",
    "closed_invoices": "bookkeeping_records",
}


@pytest.fixture
def vendor() -> Billecta:
    return Billecta()


@pytest.fixture
async def there(vendor: Billecta) -> AsyncIterator[Connected]:
    secrets = {"username": USER, "password": PASSWORD}
    async with connected(vendor, "billecta", categories=CATEGORIES, secrets=secrets, creditor_id=CREDITOR) as found:
        yield found


class TestFinding:
    async def test_logs_in_once_and_looks_the_number_up(self, vendor: Billecta, there: Connected) -> None:
        for _ in range(2):
            answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", "customer_number"))
            assert answer.outcome is Outcome.COMPLETED
        assert set(answer.body["found_categories"]) == {"contact", "bookkeeping_records"}
        assert vendor.lines().count(LOGIN) == 1

    async def test_goes_through_the_list_for_a_personnummer(self, vendor: Billecta, there: Connected) -> None:
        """There is no search: five thousand others come along, and none of them is taken for the person."""
        vendor.set(filler=5000)
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "leif-strand", "personnummer"))
        assert answer.outcome is Outcome.COMPLETED

    @pytest.mark.parametrize("known", ["customer_number", "email"])
    async def test_says_not_found_of_whoever_is_not_there(self, vendor: Billecta, there: Connected, known: str) -> None:
        del vendor.table("debtors")[ANNA]
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", known))
        assert answer.outcome is Outcome.NOT_FOUND

    async def test_chooses_nobody_among_several(self, vendor: Billecta, there: Connected) -> None:
        """400 at the number, and two rows with one address: a person has to choose (GDPR Art. 5(1)(d))."""
        vendor.table("debtors")[KARIN] |= {"DebtorExternalId": "C-10001", "Email": "anna.lindqvist@example.org"}
        for known in ("customer_number", "email"):
            answer = await there.do(Action.ERASE, order(Action.ERASE, "anna-lindqvist", known))
            assert answer.outcome is Outcome.AMBIGUOUS
        assert vendor.effects == []

    async def test_a_protected_identity_is_a_fact_and_stops_everything_else(
        self, vendor: Billecta, there: Connected
    ) -> None:
        elin = order(Action.LOCATE, "elin-dahl", "customer_number")
        assert (await there.do(Action.LOCATE, elin)).body["facts"]["protected"] is True
        for action in (Action.EXPORT, Action.RECTIFY, Action.ERASE):
            answer = await there.do(action, elin)
            assert (answer.outcome, answer.code) == (Outcome.REFUSED, "protected_identity")
        assert vendor.effects == []

    async def test_asks_a_person_where_nothing_helps(self, vendor: Billecta, there: Connected) -> None:
        """Art. 11: nobody can be found by a name, and nothing is asked."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, "anna-lindqvist", "name"))
        assert (answer.outcome, answer.code, vendor.lines()) == (Outcome.REFUSED, "no_identifier", [])


class TestACopy:
    async def test_has_the_record_its_events_and_all_invoices(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "omar-aziz", "customer_number"))
        assert answer.outcome is Outcome.COMPLETED
        assert [row["name"] for row in rows(answer, "contact") if "name" in row] == ["Omar Aziz"]
        assert len(rows(answer, "bookkeeping_records")) == 26

    async def test_is_read_whether_enums_are_words_or_numbers(self, vendor: Billecta, there: Connected) -> None:
        vendor.set(enum_as="number")
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "anna-lindqvist", "customer_number"))
        assert {row["Stage"] for row in rows(answer, "bookkeeping_records")} == {2, 5}

    async def test_is_of_what_was_asked_only(self, vendor: Billecta, there: Connected) -> None:
        asked = order(Action.EXPORT, "anna-lindqvist", "customer_number", categories=("contact",))
        answer = await there.do(Action.EXPORT, asked)
        assert rows(answer, "bookkeeping_records") == []
        assert not [line for line in vendor.lines() if "/invoice/" in line]


class TestARectification:
    async def test_changes_the_named_field_and_keeps_the_rest(self, vendor: Billecta, there: Connected) -> None:
        wanted = order(
            Action.RECTIFY, "anna-lindqvist", "customer_number", corrections=[{"field": "city", "value": "Lund"}]
        )
        answer = await there.do(Action.RECTIFY, wanted)
        assert answer.outcome is Outcome.COMPLETED
        assert vendor.effects == [{"what": "debtor.replaced", "id": ANNA, "changed": ["City"]}]

    async def test_goes_to_a_person_where_the_vendor_has_no_such_field(
        self, vendor: Billecta, there: Connected
    ) -> None:
        wanted = order(
            Action.RECTIFY, "anna-lindqvist", "customer_number", corrections=[{"field": "shoe", "value": "42"}]
        )
        answer = await there.do(Action.RECTIFY, wanted)
        assert (answer.outcome, vendor.effects) == (Outcome.REFUSED, [])


class TestAnErasure:
    async def test_deletes_whoever_has_no_invoices_once(self, vendor: Billecta, there: Connected) -> None:
        asked = order(Action.ERASE, "karin-ek", "customer_number")
        answer = await there.do(Action.ERASE, asked)
        assert answer.outcome is Outcome.COMPLETED
        assert vendor.done("debtor.deleted") == [KARIN]
        assert vendor.done("card.removed") == [guid("card", KARIN)]
        assert (await there.do(Action.ERASE, asked)).outcome is Outcome.NOT_FOUND

    @pytest.mark.parametrize("status", [400, 409])
    async def test_empties_the_record_where_bookkeeping_keeps_the_invoices(
        self, vendor: Billecta, there: Connected, status: int
    ) -> None:
        """BFL 7:2: the invoices stay, seven years after the financial year; nothing says that they are gone."""
        vendor.set(delete_with_invoices=status)
        answer = await there.do(Action.ERASE, order(Action.ERASE, "tove-berg", "customer_number"))
        left = str(vendor.table("debtors")[TOVE])
        assert not [one for one in ("Tove", "Berg", "tove", "70174", "19740303", "Exempel", "C-10007") if one in left]
        assert answer.outcome is Outcome.COMPLETED_PARTIAL
        assert [(one["category"], one["law"]) for one in answer.body["retained"]] == [
            ("bookkeeping_records", "BFL_7_2")
        ]
        assert doubted(answer) is None

    async def test_leaves_it_to_a_person_while_an_invoice_is_open(self, vendor: Billecta, there: Connected) -> None:
        """Whoever owes or is owed is still written to: to claim or to pay back (GDPR Art. 17(3)(e))."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, "anna-lindqvist", "customer_number"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "open_invoices", [])

    async def test_never_tries_to_delete_what_was_decided_to_be_kept(self, vendor: Billecta, there: Connected) -> None:
        """Were invoices no hindrance to the vendor, they would go with the debtor."""
        vendor.set(delete_with_invoices=200)
        keep = [{"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2032-12-31"}]
        answer = await there.do(Action.ERASE, order(Action.ERASE, "tove-berg", "customer_number", keep=keep))
        assert not [line for line in vendor.lines() if line.startswith("DELETE /v1/debtors/debtor/")]
        assert [one["until"] for one in answer.body["retained"]] == ["2032-12-31"]

    async def test_claims_no_bookkeeping_where_there_are_no_invoices(self, vendor: Billecta) -> None:
        """A registration that says nothing of invoices never deletes a debtor; nor does it invent what is kept."""
        secrets = {"username": USER, "password": PASSWORD}
        only = {"customer": "contact"}
        async with connected(vendor, "billecta", categories=only, secrets=secrets, creditor_id=CREDITOR) as there:
            answer = await there.do(Action.ERASE, order(Action.ERASE, "karin-ek", "customer_number"))
        assert (answer.outcome, answer.body.get("retained", [])) == (Outcome.COMPLETED, [])
        assert vendor.table("debtors")[KARIN]["OrgNo"] is None

    async def test_touches_nothing_where_the_record_itself_is_kept(self, vendor: Billecta, there: Connected) -> None:
        keep = [{"category": "contact", "law": "CLAIM_OWN", "until": "2027-12-31"}]
        await there.do(Action.ERASE, order(Action.ERASE, "tove-berg", "customer_number", keep=keep))
        assert vendor.effects == []

    async def test_a_lost_answer_is_asked_again_and_takes_effect_once(self, vendor: Billecta, there: Connected) -> None:
        vendor.fail("cut", "DELETE /v1/debtors/debtor")
        asked = order(Action.ERASE, "karin-ek", "customer_number")
        first = await there.do(Action.ERASE, asked)
        assert first.outcome is Outcome.RETRY
        assert (await there.again(asked, first)).outcome is Outcome.COMPLETED
        assert vendor.done("debtor.deleted") == [KARIN]


class TestWhenThingsGoWrong:
    async def test_a_token_that_has_ended_is_fetched_anew(self, vendor: Billecta, there: Connected) -> None:
        asked = order(Action.LOCATE, "anna-lindqvist", "customer_number")
        await there.do(Action.LOCATE, asked)
        vendor.table("tokens").clear()
        assert (await there.do(Action.LOCATE, asked)).outcome is Outcome.COMPLETED
        assert vendor.lines().count(LOGIN) == 2

    @pytest.mark.parametrize("kind", ["html_502", "truncated", "wrong_type", "reset"])
    async def test_an_answer_that_is_none_is_asked_for_again(
        self, vendor: Billecta, there: Connected, kind: str
    ) -> None:
        vendor.fail(kind, "GET /v1/debtors")
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, "anna-lindqvist", "customer_number"))
        assert answer.outcome in (Outcome.RETRY, Outcome.UNKNOWN)
        assert "anna" not in repr(answer)

    async def test_nothing_is_sent_but_what_the_contract_has(self, vendor: Billecta, there: Connected) -> None:
        """No name, number or address of the person stands in a URL but where the vendor wants it."""
        for action in (Action.LOCATE, Action.EXPORT, Action.ERASE):
            await there.do(action, order(action, "anna-lindqvist", "customer_number", "email", "personnummer"))
        assert {call.status for call in vendor.calls} <= {200, 400}
        for call in vendor.calls:
            assert "Anna" not in call.path
            assert set(call.query) <= {"externalid", "from", "to"}

    @pytest.mark.parametrize("action", [Action.RESTRICT, Action.LIFT_RESTRICTION, Action.STOP_PURPOSES])
    async def test_what_the_vendor_cannot_do_goes_to_a_person(
        self, vendor: Billecta, there: Connected, action: Action
    ) -> None:
        answer = await there.do(action, order(action, "anna-lindqvist", "customer_number"))
        assert (answer.outcome, vendor.lines()) == (Outcome.REFUSED, [])
