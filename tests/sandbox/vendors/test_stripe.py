"""The simulated Stripe keeps to the documented contract of its redaction jobs."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors.stripe import KEY, Stripe
from tests.sandbox.vendors.calling import calling

JOBS = "/v1/privacy/redaction_jobs"
ANNA = "anna.lindqvist@example.org"


@pytest.fixture
def stripe() -> Stripe:
    return Stripe()


@pytest.fixture
async def http(stripe: Stripe) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(stripe, auth=(KEY, ""), headers={"stripe-version": "2026-10-01.preview"}) as client:
        yield client


async def customer(http: httpx.AsyncClient) -> str:
    (found,) = (await http.get("/v1/customers", params={"email": ANNA})).json()["data"]
    id: str = found["id"]
    return id


class TestStripe:
    async def test_redacts_in_two_phases(self, stripe: Stripe, http: httpx.AsyncClient) -> None:
        id = await customer(http)
        job = (await http.post(JOBS, data={"objects[customers][]": id})).json()
        assert job["status"] == "validating"
        assert (await http.post(f"{JOBS}/{job['id']}/run")).status_code == 400
        stripe.clock.advance(seconds=60)
        assert (await http.get(f"{JOBS}/{job['id']}")).json()["status"] == "ready"
        assert stripe.done("customer.redacted") == []
        assert (await http.post(f"{JOBS}/{job['id']}/run")).json()["status"] == "redacting"
        stripe.clock.advance(seconds=3600)
        assert (await http.get(f"{JOBS}/{job['id']}")).json()["status"] == "succeeded"
        assert stripe.done("customer.redacted") == [id]
        assert ANNA not in str([stripe.table(shelf) for shelf in ("customers", "invoices", "charges")])

    async def test_fails_where_something_is_open_and_says_what(self, stripe: Stripe, http: httpx.AsyncClient) -> None:
        id = await customer(http)
        invoice = stripe.invoice(id, status="open")
        job = (await http.post(JOBS, data={"objects[customers][]": id})).json()["id"]
        stripe.clock.advance(seconds=60)
        failed = (await http.get(f"{JOBS}/{job}")).json()
        assert failed["status"] == "failed"
        assert [one["erroring_object"]["id"] for one in failed["validation_errors"]["data"]] == [invoice]

    async def test_gives_the_first_answer_again_for_a_key(self, stripe: Stripe, http: httpx.AsyncClient) -> None:
        body = {"objects[customers][]": await customer(http)}
        first = await http.post(JOBS, data=body, headers={"idempotency-key": "k"})
        again = await http.post(JOBS, data=body, headers={"idempotency-key": "k"})
        assert first.json()["id"] == again.json()["id"]
        assert again.headers["idempotent-replayed"] == "true"
        assert len(stripe.done("job.created")) == 1
        other = await http.post(JOBS, data=body | {"validation_behavior": "fix"}, headers={"idempotency-key": "k"})
        assert other.json()["error"]["type"] == "idempotency_error"

    async def test_keeps_the_person_in_payments_when_a_customer_is_deleted(
        self, stripe: Stripe, http: httpx.AsyncClient
    ) -> None:
        assert (await http.delete(f"/v1/customers/{await customer(http)}")).json()["deleted"] is True
        assert ANNA in str(stripe.table("charges"))

    async def test_knows_no_redaction_without_the_previews_version(self, stripe: Stripe) -> None:
        async with calling(stripe, auth=(KEY, "")) as http:
            refused = await http.post(JOBS, data={"objects[customers][]": "cus_1"})
        assert refused.status_code == 404

    async def test_can_be_told_to_stop_only_while_it_waits(self, stripe: Stripe, http: httpx.AsyncClient) -> None:
        job = (await http.post(JOBS, data={"objects[customers][]": await customer(http)})).json()["id"]
        stripe.clock.advance(seconds=60)
        assert (await http.post(f"{JOBS}/{job}/cancel")).json()["status"] == "canceled"
        assert (await http.post(f"{JOBS}/{job}/run")).status_code == 400
