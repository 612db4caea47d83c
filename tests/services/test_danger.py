"""
What a recipient says of danger, from the moment it says so: the proof it takes, who sees the case, what goes out.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from app.domain.identity import RiskMark
from app.services import protecting, steps
from app.services.casework import IdentityNotProven
from tests.harness.house import House, Seen
from tests.services.by_hand import CONTROLLER, answer, approve, claim_of, decide, found, look, open_tasks

SPLIT: Mapping[str, Any] = {"household_split": True}


async def searched(house: House, request_id: UUID, facts: Mapping[str, Any], *by: str) -> Seen:
    """Every search has ended, and those named (or all) have said *facts* of the person."""
    seen = await look(house, request_id)
    for task in open_tasks(seen):
        if task.action == "locate":
            told = {"facts": dict(facts)} if not by or seen.keys[task.processor_id] in by else {}
            await answer(house, task, {"outcome": "completed", "message": "Finns.", **told})
    return await look(house, request_id)


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
