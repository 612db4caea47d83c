"""
What a recipient says of danger, from the moment it says so: the proof it takes, who sees the case, what goes out.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from app.db import Tx
from app.domain.decisions import Verdict
from app.domain.identity import Level, RiskMark
from app.repositories import cases
from app.services import protecting, steps
from app.services.casework import DangerReported, IdentityNotProven
from app.services.intake import Identifier
from tests.harness.house import House, Seen
from tests.services.by_hand import CONTROLLER, answer, approve, claim_of, decide, found, look, open_tasks

NUMBER = Identifier("personnummer", "198504129829")
CUSTOMER = Identifier("customer_number", "C-10001")
NAME = Identifier("name", "Anna Lindqvist", vouched=False)
MAIL = Identifier("email", "anna.lindqvist@example.org", vouched=False)
HIDDEN: Mapping[str, Any] = {"protected": True}
SPLIT: Mapping[str, Any] = {"household_split": True}


async def searched(house: House, request_id: UUID, facts: Mapping[str, Any], *by: str) -> Seen:
    """Every search has ended, and those named (or all) have said *facts* of the person."""
    seen = await look(house, request_id)
    for task in open_tasks(seen):
        if task.action == "locate":
            told = {"facts": dict(facts)} if not by or seen.keys[task.processor_id] in by else {}
            await answer(house, task, {"outcome": "completed", "message": "Finns.", **told})
    return await look(house, request_id)


async def marks_of(house: House, request_id: UUID) -> tuple[list[str], bool, str]:
    """What marks a case, whether its person is hidden, and what its copy needs."""
    seen = await house.see(request_id)
    return list(seen.row.risk_marks), seen.row.protected, claim_of(seen, "access").needs


async def compared(house: House, tx: Tx, request_id: UUID) -> None:
    """A colleague has compared what was typed, and says yes."""
    row = await steps.hold_open(tx, request_id)
    (claim,) = await cases.claims_of(tx, [request_id])
    await house.decide(tx, row, claim, verdict=Verdict.GRANTED, identifiers_checked=True)


class TestMark:
    async def test_that_a_search_brings_needs_the_highest_proof_from_then_on(self, house):
        """GDPR Art. 12(6), 32: where a home was split, a plain e-ID hands out no copy; it waits for more and cools."""
        request_id = await house.file(CONTROLLER, "access", "restriction")
        seen = await searched(house, request_id, SPLIT)

        assert {claim.right: claim.needs for claim in seen.claims} == {"access": "high", "restriction": "substantial"}
        assert seen.row.status == "identity_wanted"
        with pytest.raises(IdentityNotProven):
            await decide(house, request_id, "access")
        assert claim_of(await house.see(request_id), "access").verdict is None

    async def test_counts_for_a_decision_whatever_the_claim_says_it_needs(self, house):
        """GDPR Art. 32: what is known to be dangerous is asked for anew when somebody decides."""
        request_id = await house.file(CONTROLLER, "access")
        await searched(house, request_id, SPLIT)
        await house.sql("UPDATE claim SET needs = 'substantial'")

        with pytest.raises(IdentityNotProven):
            await decide(house, request_id, "access")

    async def test_that_comes_while_a_yes_waits_lets_nobody_agree_to_it(self, house):
        """GDPR Art. 32: the second person, too, decides on what is known by then."""
        request_id = await found(house, "erasure")
        waits = await decide(house, request_id, "erasure")
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            await protecting.add_marks(tx, house.ctx, row, {RiskMark.HOUSEHOLD_SPLIT})
        with pytest.raises(IdentityNotProven):
            await approve(house, waits)

        assert claim_of(await house.see(request_id), "erasure").state == "awaiting_approval"


class TestMarkBesideATypedName:
    @pytest.mark.parametrize(
        ("facts", "marked"),
        [
            pytest.param(SPLIT, (["household_split"], False, "high"), id="split"),
            pytest.param(HIDDEN, ([], True, "high"), id="hidden"),
        ],
    )
    async def test_counts_at_once_where_the_search_was_asked_with_what_is_proven(self, house, facts, marked):
        """GDPR Art. 32: what is known of her number is known of her, whatever else she typed."""
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, CUSTOMER, NAME])
        await searched(house, request_id, facts, "alarm-centre")

        assert await marks_of(house, request_id) == marked

    @pytest.mark.parametrize("facts", [SPLIT, HIDDEN], ids=["split", "hidden"])
    async def test_waits_for_a_comparison_where_it_was_asked_with_what_was_typed(self, house, facts):
        """GDPR Art. 12(6): whoever types a former partner's address learns nothing by what is known of that partner."""
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, MAIL])
        seen = await searched(house, request_id, facts, "telephony")

        assert await marks_of(house, request_id) == ([], False, "substantial")
        assert seen.row.status == "awaiting_decision"

    @pytest.mark.parametrize(
        ("facts", "marked"),
        [
            pytest.param(SPLIT, (["household_split"], False, "high"), id="split"),
            pytest.param(HIDDEN, ([], True, "high"), id="hidden"),
        ],
    )
    async def test_guards_whoever_was_compared_before_anything_is_decided(self, house, facts, marked):
        """GDPR Art. 12(6), 32: refused, and what the comparison brought to light stays written."""
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, MAIL])
        await searched(house, request_id, facts, "telephony")
        async with house.tx() as tx:
            with pytest.raises(DangerReported):
                await compared(house, tx, request_id)
        seen = await look(house, request_id)

        assert await marks_of(house, request_id) == marked
        assert (seen.row.status, claim_of(seen, "access").verdict) == ("identity_wanted", None)

    async def test_is_decided_by_trained_people_alone_where_the_person_must_not_be_found(self, house):
        """GDPR Art. 32: also when the proof would do; whoever compared is not one of them."""
        request_id = await house.file(CONTROLLER, "access", identifiers=[NUMBER, MAIL], assurance=Level.HIGH)
        await searched(house, request_id, HIDDEN, "telephony")
        async with house.ctx.database.transaction([CONTROLLER], sees_protected=False) as tx:
            with pytest.raises(DangerReported):
                await compared(house, tx, request_id)
        seen = await look(house, request_id)

        assert (seen.row.protected, claim_of(seen, "access").verdict) == (True, None)
        async with house.tx() as tx:
            await compared(house, tx, request_id)
        assert claim_of(await house.see(request_id), "access").state == "awaiting_approval"
