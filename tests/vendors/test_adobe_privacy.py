"""The Adobe connector against the simulated Privacy Service."""

import json
from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from sandbox.people import BY_ID
from sandbox.vendors.adobe import CLIENT_ID, CLIENT_SECRET, ORG, Adobe, ecid
from tests.vendors.connected import Connected, connected, named, order, rows

ANNA = BY_ID["anna-lindqvist"]
JOBS = "/data/core/privacy/jobs"


@pytest.fixture
def vendor() -> Adobe:
    return Adobe()


@pytest.fixture
async def there(vendor: Adobe) -> AsyncIterator[Connected]:
    async with connected(
        vendor,
        "adobe_privacy",
        categories={"visits": "cookies"},
        secrets={"client_secret": CLIENT_SECRET},
        mode=AnswerMode.POLL,
        org_id=ORG,
        client_id=CLIENT_ID,
        products=["analytics", "target"],
    ) as found:
        yield found


class TestACopy:
    async def test_is_fetched_when_the_job_is_done(self, vendor: Adobe, there: Connected) -> None:
        asked = named(order(Action.EXPORT, ANNA, "email"), ecid=ecid(ANNA))
        first = await there.do(Action.EXPORT, asked)
        assert (first.outcome, vendor.effects[0]["persons"]) == (Outcome.ACCEPTED, ["anna-lindqvist"])
        vendor.clock.advance(seconds=61)
        second = await there.until_done(asked, first)
        assert second.outcome is Outcome.ACCEPTED
        vendor.clock.advance(seconds=3600)
        done = await there.until_done(asked, second)
        assert done.outcome is Outcome.COMPLETED
        assert len(rows(done, "cookies")) == 2
        assert len(vendor.done("job.access")) == 1

    async def test_names_the_person_by_the_task_and_not_by_name(self, vendor: Adobe, there: Connected) -> None:
        """The key of a job is shown in Adobe's reports: it is ours, and says nothing."""
        asked = named(order(Action.EXPORT, ANNA, "email"), ecid=ecid(ANNA))
        await there.do(Action.EXPORT, asked)
        sent = json.loads(next(call.body for call in vendor.calls if call.line == f"POST {JOBS}"))
        assert sent["users"][0]["key"] == asked.task_id
        assert [one["namespace"] for one in sent["users"][0]["userIDs"]] == ["ECID", "Email"]

    async def test_waits_no_shorter_than_adobe_takes(self, vendor: Adobe, there: Connected) -> None:
        first = await there.do(Action.EXPORT, named(order(Action.EXPORT, ANNA), ecid=ecid(ANNA)))
        assert first.wait is not None
        assert first.wait.total_seconds() >= 600


class TestAnErasure:
    async def test_names_no_number_that_a_household_shares(self, vendor: Adobe, there: Connected) -> None:
        """Art. 17: nobody looks a person up first here, so only what is one person's own may be named."""
        alone = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (alone.outcome, alone.code, vendor.calls) == (Outcome.REFUSED, "no_identifier", [])
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email", "phone"))
        sent = json.loads(next(call.body for call in vendor.calls if call.line == f"POST {JOBS}"))
        assert [one["namespace"] for one in sent["users"][0]["userIDs"]] == ["Email"]

    async def test_is_a_job_that_ends(self, vendor: Adobe, there: Connected) -> None:
        asked = named(order(Action.ERASE, ANNA), ecid=ecid(ANNA))
        first = await there.do(Action.ERASE, asked)
        vendor.clock.advance(seconds=3700)
        done = await there.until_done(asked, first)
        assert done.outcome is Outcome.COMPLETED
        assert done.body["evidence"]
        assert ecid(ANNA) not in str(done.body["evidence"])

    async def test_in_part_is_in_part(self, vendor: Adobe, there: Connected) -> None:
        vendor.set(partial_at="analytics")
        asked = named(order(Action.ERASE, ANNA), ecid=ecid(ANNA))
        first = await there.do(Action.ERASE, asked)
        vendor.clock.advance(seconds=3700)
        assert (await there.until_done(asked, first)).outcome is not Outcome.COMPLETED

    async def test_that_fails_at_a_product_is_a_persons_to_see(self, vendor: Adobe, there: Connected) -> None:
        vendor.set(fails_at="target")
        asked = named(order(Action.ERASE, ANNA), ecid=ecid(ANNA))
        first = await there.do(Action.ERASE, asked)
        vendor.clock.advance(seconds=3700)
        assert (await there.until_done(asked, first)).outcome in (Outcome.REFUSED, Outcome.FAILED)


class TestWhenThingsGoWrong:
    async def test_a_days_quota_comes_as_400_and_waits_for_tomorrow(self, vendor: Adobe, there: Connected) -> None:
        vendor.set(jobs_a_day=0)
        asked = named(order(Action.ERASE, ANNA), ecid=ecid(ANNA))
        answer = await there.do(Action.ERASE, asked)
        assert (answer.outcome, vendor.effects) == (Outcome.RETRY, [])
        assert answer.wait is not None
        assert answer.wait.total_seconds() <= 86_400 + 3_600

    async def test_any_other_400_does_not(self, vendor: Adobe, there: Connected) -> None:
        vendor.fail("status", f"POST {JOBS}", status=400, body={"error_code": "1001-400", "message": "Not provisioned"})
        answer = await there.do(Action.ERASE, named(order(Action.ERASE, ANNA), ecid=ecid(ANNA)))
        assert answer.outcome is Outcome.FAILED

    async def test_a_copy_that_is_no_longer_there_is_never_called_done(self, vendor: Adobe, there: Connected) -> None:
        asked = named(order(Action.EXPORT, ANNA), ecid=ecid(ANNA))
        first = await there.do(Action.EXPORT, asked)
        vendor.clock.advance(days=31)
        done = await there.until_done(asked, first)
        assert done.outcome not in (Outcome.COMPLETED, Outcome.COMPLETED_PARTIAL, Outcome.NOT_FOUND)

    async def test_a_token_that_has_ended_is_fetched_anew(self, vendor: Adobe, there: Connected) -> None:
        asked = named(order(Action.ERASE, ANNA), ecid=ecid(ANNA))
        first = await there.do(Action.ERASE, asked)
        vendor.clock.advance(days=2)
        assert (await there.until_done(asked, first)).outcome is Outcome.COMPLETED
        assert vendor.lines().count("POST /ims/token/v3") == 2
