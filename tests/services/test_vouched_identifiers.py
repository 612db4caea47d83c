"""
What a person only wrote helps to find and proves nothing; whoever says yes on it has compared it first.
"""

import pytest

from app.domain.decisions import Verdict
from app.domain.finding import NumberAlone
from app.domain.identity import Level
from app.repositories import cases, registry
from app.services import casework, orders, persons, sealing, searching, steps, views
from app.services.casework import IdentifiersNotChecked
from app.services.intake import Identifier
from app.services.lanes import Lanes
from tests.harness.house import AGENT, CUSTOMER, House
from tests.services.by_hand import CONTROLLER, REASONS, answer_all, claim_of, decide, found, grant, look

NUMBER = Identifier("personnummer", "198504129829")
WRITTEN = Identifier("email", "anna.lindqvist@example.org", vouched=False)
EITHER_YES = [
    pytest.param({"verdict": Verdict.GRANTED}, id="yes"),
    pytest.param(
        {
            "verdict": Verdict.PARTLY_GRANTED,
            "ground": "rights_of_others",
            "reasons": REASONS,
            "exclude": ["call_recording"],
        },
        id="in part",
    ),
]


async def person_of(house: House, request_id):
    async with house.tx() as tx:
        return orders.person_of(house.ctx, await steps.hold(tx, request_id))["identifiers"]


class TestIdentifier:
    async def test_is_stored_with_whether_somebody_answers_for_it(self, house):
        """
        Proven and merely written lie side by side, and stay told apart for as long as the case is kept.
        """
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, WRITTEN])

        assert await person_of(house, request_id) == [
            {"type": "personnummer", "value": NUMBER.value, "vouched": True},
            {"type": "email", "value": WRITTEN.value, "vouched": False},
        ]

    @pytest.mark.parametrize("said", [(0, 1), (1, 0)], ids=["login first", "person first"])
    async def test_said_twice_is_one_and_the_logins_word_counts(self, house, said):
        """
        A person who repeats what the login knows adds no doubt to it.
        """
        both = [WRITTEN._replace(vouched=True), WRITTEN._replace(value=WRITTEN.value.upper())]
        request_id = await house.file(CONTROLLER, "access", identifiers=[both[one] for one in said])

        assert await person_of(house, request_id) == [{"type": "email", "value": WRITTEN.value, "vouched": True}]

    async def test_that_was_only_written_finds_all_the_same(self, house):
        """
        GDPR Art. 11(2): what the person adds to be found by is used for that, here and at the processors.
        """
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, WRITTEN])
        seen = await look(house, request_id)
        (asked,) = seen.of("locate", "telephony")
        async with house.tx(CONTROLLER) as tx:
            blind = house.ctx.vault.blind_index(controller=CONTROLLER, type="email", normalised=WRITTEN.value)
            hits = await cases.found_by(tx, [blind], controller=CONTROLLER, limit=2)
            processor = await registry.processor(tx, asked.processor_id)
            order = await orders.order_for(tx, house.ctx, processor, asked)

        assert [row.id for row in hits] == [request_id]
        assert [one["value"] for one in order.identifiers] == [WRITTEN.value]


class TestCustomerNumber:
    """Art. 5(1)(d), 11(2): matched whatever its capitals, and told as it was given to whoever tells them apart."""

    GIVEN = Identifier("customer_number", " AbC-17 ")

    async def test_is_kept_in_both_spellings(self, house):
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, self.GIVEN])
        async with house.tx(CONTROLLER) as tx:
            blind = house.ctx.vault.blind_index(controller=CONTROLLER, type="customer_number", normalised="abc-17")
            hits = await cases.found_by(tx, [blind], controller=CONTROLLER, limit=2)

        assert (await person_of(house, request_id))[1] == {
            "type": "customer_number", "value": "abc-17", "vouched": True, "as_given": "AbC-17",
        }  # fmt: skip
        assert [row.id for row in hits] == [request_id]

    @pytest.mark.parametrize("said", [(0, 1), (1, 0)], ids=["login first", "person first"])
    async def test_said_twice_is_one_and_spelt_as_the_login_has_it(self, house, said):
        both = [self.GIVEN, Identifier("customer_number", "aBC-17", vouched=False)]
        request_id = await house.file(CONTROLLER, "access", identifiers=[both[one] for one in said])

        assert [(one["as_given"], one["vouched"]) for one in await person_of(house, request_id)] == [("AbC-17", True)]

    async def test_is_told_a_processor_in_both_and_shown_to_people_as_given(self, house):
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, self.GIVEN])
        (asked,) = (await look(house, request_id)).of("locate", "alarm-centre")
        async with house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, request_id)
            processor = await registry.processor(tx, asked.processor_id)
            told = await orders.order_for(tx, house.ctx, processor, asked)
            seen = await views.whole_task(tx, house.ctx, row, asked)
            person = persons.shown(house.ctx, row)

        number = {"type": "customer_number", "value": "abc-17", "format": "text", "as_given": "AbC-17"}
        assert list(told.identifiers) == [number]
        shown = {"type": "customer_number", "value": "AbC-17", "vouched": True}
        assert (seen["identifiers"], person["identifiers"][1]) == ([shown], shown)

    async def test_told_later_and_proved_since_is_still_as_it_was_given(self, house):
        """Two spellings told at once are one; a proof changes who answers for it, and not how it is written."""
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER])
        more = [Identifier("customer_number", "AbC-17"), Identifier("customer_number", "ABC-17")]
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            await searching.add(tx, house.ctx, row, identifiers=more, footage={}, actor=CUSTOMER)
            said = {"method": "letter_to_registered_address", "number": NUMBER.value}
            await casework.prove_identity(tx, house.ctx, row, **said, actor=AGENT)

        assert (await person_of(house, request_id))[1:] == [
            {"type": "customer_number", "value": "abc-17", "vouched": False, "as_given": "AbC-17"}
        ]

    async def test_of_an_old_case_has_small_letters_only(self, house):
        """What was sealed before says no spelling: it is told and shown as it ever was."""
        request_id = await house.file(CONTROLLER, "access", identifiers=[self.GIVEN])
        (asked,) = (await look(house, request_id)).of("locate", "alarm-centre")
        async with house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, request_id)
            old = {"identifiers": [{"type": "customer_number", "value": "abc-17", "vouched": True}], "contact": {}}
            row.subject_sealed = sealing.seal(house.ctx, row, old, table="request", column="subject", id=row.id)
            processor = await registry.processor(tx, asked.processor_id)
            told = await orders.order_for(tx, house.ctx, processor, asked)
            person = persons.shown(house.ctx, row)

        assert list(told.identifiers) == [{"type": "customer_number", "value": "abc-17", "format": "text"}]
        assert person["identifiers"] == old["identifiers"]

    def test_shows_its_value_in_no_log(self):
        assert "17" not in repr(self.GIVEN)


class TestTelephoneAlone:
    """Art. 5(1)(f), 15(4), 32: a number is a household's, so where people are kept somebody sees whose record it is."""

    async def test_looks_everywhere_and_is_a_persons_before_a_copy_is_asked_for(self, house):
        """Neither a lane nor a recipient's page tells of it; it waits with its reason, and the case goes on."""
        request_id = await found(house, "access", identifiers=[Identifier("phone", "+46701740605")])
        seen = await grant(house, request_id, "access")
        (searched,), (asked,) = seen.of("locate", "alarm-centre"), seen.of("export", "alarm-centre")
        async with house.tx(CONTROLLER) as tx:
            processor = await registry.processor(tx, asked.processor_id)
            looked = await orders.order_for(tx, house.ctx, processor, searched)
            with pytest.raises(NumberAlone):
                await orders.order_for(tx, house.ctx, processor, asked)
        lanes = Lanes(house.ctx)
        try:
            await lanes.drain(CONTROLLER, asked.processor_id)
        finally:
            await lanes.aclose()
        (left,) = (await house.see(request_id)).of("export", "alarm-centre")

        assert [one["type"] for one in looked.identifiers] == ["phone"]
        assert (left.state, left.attention) == ("needs_person", "phone_alone")
        assert house.effects("alarm-centre", "export") == []

    async def test_is_enough_for_a_telephony_that_knows_no_person(self, house):
        """What lies at the number is the number's own, and whoever asks has proved that it is theirs."""
        request_id = await found(house, "access", identifiers=[Identifier("phone", "+46701740605")])
        (asked,) = (await grant(house, request_id, "access")).of("export", "alarm-centre")
        async with house.tx(CONTROLLER) as tx:
            processor = await registry.processor(tx, asked.processor_id)
            processor.identifier_types = ["phone", "name"]
            told = await orders.order_for(tx, house.ctx, processor, asked)

        assert [one["value"] for one in told.identifiers] == ["+46701740605"]


class TestDecision:
    @pytest.mark.parametrize("said", EITHER_YES)
    async def test_that_says_yes_needs_what_was_written_compared(self, house, said):
        """
        GDPR Art. 12(6), 32: a former partner can log in as themselves and write the other's address.
        """
        request_id = await found(house, "access", identifiers=[NUMBER, WRITTEN])
        with pytest.raises(IdentifiersNotChecked):
            await decide(house, request_id, "access", **said)
        assert claim_of(await look(house, request_id), "access").verdict is None

        await decide(house, request_id, "access", identifiers_checked=True, **said)
        assert claim_of(await look(house, request_id), "access").verdict == said["verdict"]

    async def test_that_says_no_needs_nothing_compared(self, house):
        """
        A refusal lets nothing out, so nobody has to vouch for who is refused.
        """
        request_id = await found(house, "access", identifiers=[NUMBER, WRITTEN])
        no = {"verdict": Verdict.REFUSED, "ground": "excessive", "reasons": REASONS}

        assert await decide(house, request_id, "access", **no) is not None

    async def test_asks_for_nothing_where_somebody_answers_for_all_of_it(self, house):
        """
        What the login or a colleague has vouched for is not compared once more.
        """
        request_id = await found(house, "access", identifiers=[NUMBER, WRITTEN._replace(vouched=True)])

        assert await decide(house, request_id, "access") is None

    async def test_is_asked_for_each_claim(self, house):
        """
        Each claim is decided alone, by whom it may be: one colleague's check is not the next one's.
        """
        request_id = await found(house, "access", "rectification", identifiers=[NUMBER, WRITTEN])
        await decide(house, request_id, "access", identifiers_checked=True)
        with pytest.raises(IdentifiersNotChecked):
            await decide(house, request_id, "rectification")

    async def test_that_the_law_makes_at_once_asks_nobody(self, house):
        """
        GDPR Art. 21(3), F12: to stop marketing nothing need be proved, and nothing is let out by it.
        """
        request_id = await house.file(CONTROLLER, "marketing_objection", identifiers=[WRITTEN], assurance=Level.NONE)
        seen = await answer_all(house, request_id)

        assert seen.outcomes() == {"marketing_objection": "granted"}
