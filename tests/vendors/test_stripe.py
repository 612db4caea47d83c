"""The Stripe connector against the simulated Stripe: a redaction has two phases."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from sandbox.vendors.stripe import KEY, Stripe
from tests.vendors.connected import Connected, connected, order, rows

CATEGORIES = {"customer": "contact", "invoices": "bookkeeping_records", "charges": "bookkeeping_records"}
ANNA, NILS = "anna-lindqvist", "nils-falk"
ADDRESS = "anna.lindqvist@example.org"


@pytest.fixture
def vendor() -> Stripe:
    return Stripe()


@pytest.fixture
async def there(vendor: Stripe) -> AsyncIterator[Connected]:
    async with connected(
        vendor, "stripe", categories=CATEGORIES, secrets={"secret_key": KEY}, mode=AnswerMode.POLL
    ) as found:
        yield found


def customer_of(vendor: Stripe) -> str:
    return next(id for id, row in vendor.table("customers").items() if row["email"] == ADDRESS)


class TestACopy:
    async def test_has_the_customer_and_what_was_paid(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "email"))
        assert [row["email"] for row in rows(answer, "contact")] == [ADDRESS]
        assert len(rows(answer, "bookkeeping_records")) == 2

    async def test_is_of_every_customer_with_the_address(self, vendor: Stripe, there: Connected) -> None:
        for _ in range(120):
            vendor.customer("Anna Lindqvist", ADDRESS)
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, ANNA, "email", categories=("contact",)))
        assert len(rows(answer, "contact")) == 121


class TestAnErasure:
    async def test_is_validated_then_run_then_done(self, vendor: Stripe, there: Connected) -> None:
        id = customer_of(vendor)
        wanted = order(Action.ERASE, ANNA, "email")
        asked = await there.adapter.send(wanted)
        assert (asked.outcome, vendor.done("customer.redacted")) == (Outcome.ACCEPTED, [])
        vendor.clock.advance(seconds=61)
        ready = await there.until_done(wanted, asked)
        assert (ready.outcome, len(vendor.done("job.run"))) == (Outcome.ACCEPTED, 1)
        vendor.clock.advance(seconds=3601)
        done = await there.until_done(wanted, ready)
        assert (done.outcome, done.body["evidence"]["method"]) == (Outcome.COMPLETED, "erased")
        assert done.body["evidence"]["status"] == "succeeded"
        assert vendor.done("customer.redacted") == [id]

    async def test_runs_a_job_once_though_it_is_asked_twice(self, vendor: Stripe, there: Connected) -> None:
        wanted = order(Action.ERASE, ANNA, "email")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(seconds=61)
        vendor.fail("cut", "POST /v1/privacy/redaction_jobs")
        lost = await there.until_done(wanted, asked)
        assert lost.outcome is Outcome.ACCEPTED
        vendor.clock.advance(seconds=3601)
        done = await there.until_done(wanted, lost)
        assert (done.outcome, len(vendor.done("job.run"))) == (Outcome.COMPLETED, 1)

    async def test_starts_one_job_though_the_first_answer_was_lost(self, vendor: Stripe, there: Connected) -> None:
        """The same Idempotency-Key: Stripe gives its first answer again."""
        wanted = order(Action.ERASE, ANNA, "email")
        vendor.fail("cut", "POST /v1/privacy/redaction_jobs")
        lost = await there.adapter.send(wanted)
        assert lost.outcome is Outcome.RETRY
        asked = await there.again(wanted, lost)
        assert (asked.outcome, len(vendor.done("job.created"))) == (Outcome.ACCEPTED, 1)

    async def test_goes_to_a_person_where_something_is_open(self, vendor: Stripe, there: Connected) -> None:
        vendor.invoice(customer_of(vendor), status="open")
        wanted = order(Action.ERASE, ANNA, "email")
        asked = await there.adapter.send(wanted)
        vendor.clock.advance(seconds=61)
        answer = await there.until_done(wanted, asked)
        assert answer.outcome is Outcome.REFUSED
        assert vendor.done("customer.redacted") == []

    async def test_never_touches_invoices_that_a_law_keeps(self, vendor: Stripe, there: Connected) -> None:
        """A redaction reaches the person in invoices too: bookkeeping goes before (GDPR Art. 17(3)(b))."""
        keep = [{"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2033-12-31"}]
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email", keep=keep))
        assert (answer.outcome, vendor.effects) == (Outcome.REFUSED, [])

    async def test_finds_nobody_where_there_is_nobody(self, vendor: Stripe, there: Connected) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, NILS, "email"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])


class TestARectification:
    async def test_sends_only_what_was_asked_for(self, vendor: Stripe, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "phone", "value": "+46701740699"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        assert vendor.effects == [{"what": "customer.updated", "id": customer_of(vendor), "fields": ["phone"]}]

    async def test_of_a_field_it_has_not_is_for_a_person(self, vendor: Stripe, there: Connected) -> None:
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "alarm_code", "value": "0000"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.REFUSED
        assert vendor.effects == []

    async def test_says_what_of_several_it_could_not_correct(self, vendor: Stripe, there: Connected) -> None:
        both = [{"field": "phone", "value": "+46701740699"}, {"field": "alarm_code", "value": "0000"}]
        answer = await there.do(Action.RECTIFY, order(Action.RECTIFY, ANNA, "email", corrections=both))
        assert (answer.outcome, answer.body["reason"]) == (Outcome.COMPLETED_PARTIAL, "field_not_held")
