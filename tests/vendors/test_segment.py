"""The Segment connector against the simulated Segment."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from app.processors import Answer
from sandbox.vendors.segment import TOKEN, Segment
from tests.vendors.connected import Connected, connected, order

CATEGORIES = {"events": "web_visits"}
ANNA, NUMBER = "anna-lindqvist", "C-10001"


@pytest.fixture
def vendor() -> Segment:
    return Segment()


@pytest.fixture
async def there(vendor: Segment) -> AsyncIterator[Connected]:
    async with connected(
        vendor,
        "segment",
        categories=CATEGORIES,
        secrets={"token": TOKEN},
        mode=AnswerMode.POLL,
        customer_number_spelling="upper",
    ) as found:
        yield found


async def carried_out(vendor: Segment, there: Connected, action: Action) -> Answer:
    wanted = order(action, ANNA, "customer_number")
    asked = await there.adapter.send(wanted)
    assert asked.outcome is Outcome.ACCEPTED
    running = await there.until_done(wanted, asked)
    assert running.outcome is Outcome.ACCEPTED
    vendor.clock.advance(days=11)
    return await there.until_done(wanted, running)


class TestAnErasure:
    async def test_is_done_when_all_destinations_are(self, vendor: Segment, there: Connected) -> None:
        answer = await carried_out(vendor, there, Action.ERASE)
        assert (answer.outcome, vendor.done("user.deleted")) == (Outcome.COMPLETED, [NUMBER])
        assert vendor.done("SUPPRESS_WITH_DELETE") == [NUMBER]

    async def test_that_failed_overall_may_be_done_in_part(self, vendor: Segment, there: Connected) -> None:
        """One destination said no; Segment's own part went well: neither failed nor done."""
        vendor.set(ends="FAILED", destination="FAILED")
        answer = await carried_out(vendor, there, Action.ERASE)
        assert (answer.outcome, vendor.done("user.deleted")) == (Outcome.COMPLETED_PARTIAL, [NUMBER])

    async def test_that_failed_everywhere_is_for_a_person(self, vendor: Segment, there: Connected) -> None:
        vendor.set(ends="FAILED", internal="FAILED", destination="FAILED")
        answer = await carried_out(vendor, there, Action.ERASE)
        assert (answer.outcome, vendor.done("user.deleted")) == (Outcome.FAILED, [])

    @pytest.mark.parametrize(
        ("ends", "outcome"),
        [
            ("PARTIAL_SUCCESS", Outcome.COMPLETED_PARTIAL),
            ("NOT_SUPPORTED", Outcome.REFUSED),
            ("INVALID", Outcome.FAILED),
            ("SOMETHING_NEW", Outcome.REFUSED),
        ],
    )
    async def test_says_each_end_in_our_words(
        self, vendor: Segment, there: Connected, ends: str, outcome: Outcome
    ) -> None:
        vendor.set(ends=ends)
        assert (await carried_out(vendor, there, Action.ERASE)).outcome is outcome

    async def test_can_let_new_events_in(self, vendor: Segment) -> None:
        async with connected(
            vendor,
            "segment",
            categories=CATEGORIES,
            secrets={"token": TOKEN},
            mode=AnswerMode.POLL,
            customer_number_spelling="upper",
            erasure="DELETE_ONLY",
        ) as there:
            await carried_out(vendor, there, Action.ERASE)
        assert (vendor.done("DELETE_ONLY"), vendor.table("suppressed")) == ([NUMBER], {})

    async def test_waits_where_there_are_too_many(self, vendor: Segment, there: Connected) -> None:
        vendor.set(busy=True)
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "customer_number"))
        assert (answer.outcome, vendor.effects) == (Outcome.RETRY, [])


class TestARestriction:
    """GDPR Art. 18: one of the two vendors that can hold somebody back."""

    async def test_is_a_suppression_and_lifting_it_lets_in_again(self, vendor: Segment, there: Connected) -> None:
        held = await carried_out(vendor, there, Action.RESTRICT)
        assert (held.outcome, list(vendor.table("suppressed"))) == (Outcome.COMPLETED, [NUMBER])
        assert vendor.done("user.deleted") == []
        let_in = await carried_out(vendor, there, Action.LIFT_RESTRICTION)
        assert (let_in.outcome, vendor.table("suppressed")) == (Outcome.COMPLETED, {})

    @pytest.mark.parametrize("action", [Action.STOP_MARKETING, Action.STOP_PURPOSES, Action.EXPORT, Action.RECTIFY])
    async def test_is_nothing_that_an_objection_hides_behind(
        self, vendor: Segment, there: Connected, action: Action
    ) -> None:
        """Lifting a restriction would undo an objection: these go to a person instead."""
        answer = await there.do(action, order(action, ANNA, "customer_number"))
        assert (answer.outcome, vendor.calls) == (Outcome.REFUSED, [])


async def test_whoever_is_a_customer_is_taken_to_be_held(vendor: Segment, there: Connected) -> None:
    """Nobody can be looked up; the answer says so."""
    answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, "customer_number"))
    assert answer.body["found_categories"] == ["web_visits"]
    assert vendor.calls == []


@pytest.mark.parametrize(
    ("spelling", "sent"), [("upper", "C-10001"), ("lower", "c-10001"), ("given", "c-10001"), ("digits", None)]
)
async def test_an_id_is_sent_as_the_company_spells_it_or_not_at_all(
    vendor: Segment, spelling: str, sent: str | None
) -> None:
    """
    Segment takes whatever id it is given: one in small letters would be answered as well as the right one.

    Which it is, the registration says; "given" is as the login has it or the person wrote it.
    """
    async with connected(
        vendor,
        "segment",
        categories=CATEGORIES,
        secrets={"token": TOKEN},
        mode=AnswerMode.POLL,
        customer_number_spelling=spelling,
    ) as there:
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "customer_number"))
    assert vendor.done("SUPPRESS_WITH_DELETE") == ([] if sent is None else [sent])
    assert answer.outcome is (Outcome.REFUSED if sent is None else Outcome.ACCEPTED)
