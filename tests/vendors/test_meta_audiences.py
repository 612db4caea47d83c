"""The Meta connector against the simulated Marketing API."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.people import BY_ID
from sandbox.vendors.meta import ACCOUNT, AUDIENCES, TOKEN, Meta, hashed
from tests.vendors.connected import Connected, connected, order

ANNA = BY_ID["anna-lindqvist"]
FIRST, SECOND, THIRD = AUDIENCES


@pytest.fixture
def vendor() -> Meta:
    return Meta()


@pytest.fixture
async def there(vendor: Meta) -> AsyncIterator[Connected]:
    secrets = {"access_token": TOKEN}
    async with connected(
        vendor, "meta_audiences", categories={"audiences": "marketing"}, secrets=secrets, ad_account=ACCOUNT
    ) as found:
        yield found


class TestARemoval:
    @pytest.mark.parametrize("action", [Action.ERASE, Action.STOP_MARKETING])
    async def test_takes_the_person_out_of_every_audience(self, vendor: Meta, there: Connected, action: Action) -> None:
        """An objection to direct marketing stops it, always (GDPR Art. 21(3)); in effect within a day."""
        vendor.set(page=1)
        answer = await there.do(action, order(action, ANNA, "email", "phone"))
        assert answer.outcome is Outcome.EFFECTIVE_LATER
        assert vendor.done("member.removed") == [FIRST, SECOND]
        assert all("anna-lindqvist" not in people for people in vendor.table("members").values())

    async def test_sends_hashes_and_nothing_else(self, vendor: Meta, there: Connected) -> None:
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email", "phone"))
        sent = str([(call.path, call.query, call.body) for call in vendor.calls])
        assert hashed(ANNA.email) in sent
        assert not [one for one in ("anna", "lindqvist", "70174", "740605") if one in sent.lower()]

    async def test_normalises_before_it_hashes(self, vendor: Meta, there: Connected) -> None:
        asked = order(Action.ERASE, ANNA, "email")
        loud = {"type": "email", "value": "  Anna.Lindqvist@EXAMPLE.org ", "format": "rfc5321"}
        await there.do(Action.ERASE, replace(asked, identifiers=(loud,)))
        assert vendor.done("member.removed") == [FIRST, SECOND]

    async def test_names_every_address_that_is_known(self, vendor: Meta, there: Connected) -> None:
        asked = order(Action.ERASE, ANNA, "email")
        older = {"type": "email", "value": "siv.holm@example.com", "format": "rfc5321"}
        await there.do(Action.ERASE, replace(asked, identifiers=(older, *asked.identifiers)))
        assert vendor.done("member.removed") == [FIRST, SECOND, THIRD]

    async def test_needs_an_address_or_a_number(self, vendor: Meta, there: Connected) -> None:
        """Names are never used: how a Swedish one is normalised differs between Meta's documents and programs."""
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "name", "personnummer"))
        assert (answer.outcome, vendor.lines()) == (Outcome.REFUSED, [])


class TestWhenThingsGoWrong:
    async def test_a_flagged_audience_is_a_persons_to_see(self, vendor: Meta, there: Connected) -> None:
        for status in (400, 403):
            vendor.set(blocked=[SECOND], blocked_status=status)
            answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
            assert (answer.outcome, answer.code) == (Outcome.REFUSED, "audience_flagged")

    async def test_a_throttled_call_waits_and_goes_on(self, vendor: Meta, there: Connected) -> None:
        vendor.set(throttled=True)
        asked = order(Action.ERASE, ANNA, "email")
        first = await there.do(Action.ERASE, asked)
        assert first.outcome is Outcome.RETRY
        vendor.set(throttled=False)
        assert (await there.again(asked, first)).outcome is Outcome.EFFECTIVE_LATER

    async def test_what_meta_counts_as_invalid_is_no_removal(self, vendor: Meta, there: Connected) -> None:
        body = {"audience_id": FIRST, "num_received": 1, "num_invalid_entries": 1, "invalid_entry_samples": {}}
        vendor.fail("status", "DELETE /v25.0", status=200, body=body)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert answer.outcome is Outcome.FAILED

    async def test_a_token_that_is_not_valid_goes_to_a_person(self, vendor: Meta) -> None:
        async with connected(
            vendor,
            "meta_audiences",
            categories={"audiences": "marketing"},
            secrets={"access_token": "x"},
            ad_account=ACCOUNT,
        ) as there:
            answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "token_not_valid")

    async def test_a_lost_answer_is_asked_for_again_and_takes_effect_once(self, vendor: Meta, there: Connected) -> None:
        vendor.fail("cut", "DELETE /v25.0")
        asked = order(Action.ERASE, ANNA, "email")
        first = await there.do(Action.ERASE, asked)
        assert first.outcome is Outcome.RETRY
        assert (await there.again(asked, first)).outcome is Outcome.EFFECTIVE_LATER
        assert vendor.done("member.removed") == [FIRST, SECOND]


class TestWhatItCannot:
    @pytest.mark.parametrize("action", [Action.EXPORT, Action.RECTIFY, Action.RESTRICT])
    async def test_the_rest_is_a_persons(self, vendor: Meta, there: Connected, action: Action) -> None:
        answer = await there.do(action, order(action, ANNA, "email"))
        assert (answer.outcome, vendor.lines()) == (Outcome.REFUSED, [])

    async def test_an_audience_decides_nothing(self, there: Connected) -> None:
        answer = await there.do(Action.REVIEW_DECISION, order(Action.REVIEW_DECISION, ANNA, "email"))
        assert answer.outcome is Outcome.NOT_FOUND
