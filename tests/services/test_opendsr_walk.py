"""A whole request with a recipient that speaks OpenDSR: found, copied, erased, looked for again, told to the person."""

import pytest

from app.domain.fanout import Action
from app.processors import Kind
from app.repositories import registry
from app.services import registration
from tests.harness.house import House

CONTROLLER, SERVICE = "westra", "guard-company"


@pytest.fixture
async def opendsr_house(house: House) -> House:
    """The controller's guard company is reached over OpenDSR instead of the webhook."""
    async with house.tx(CONTROLLER) as tx:
        (row,) = [one for one in await registry.processors_of(tx, [CONTROLLER]) if one.sandbox_service == SERVICE]
        change = {
            "kind": Kind.OPENDSR,
            "state": "unconnected",
            "endpoint": None,
            "answer_mode": "poll",
            "idempotency": "query",
        }
        await registration.change(tx, house.ctx, row, change)
        await house._connect(tx, row)
    return house


class TestARecipientOverOpenDsr:
    @pytest.mark.parametrize(
        ("right", "action"),
        [("access", Action.EXPORT), ("erasure", Action.ERASE), ("restriction", Action.RESTRICT)],
    )
    async def test_takes_part_like_any_other(self, opendsr_house: House, right: str, action: Action) -> None:
        """
        The case ends with a yes, and what was done at the recipient stands once in its own ledger.
        """
        house = opendsr_house
        async with house.working():
            seen = await house.until_closed(await house.file(CONTROLLER, right))
        (task,) = seen.of(action, "alarm-centre")

        assert seen.outcomes()[right] in ("granted", "partly_granted")
        assert (task.outcome in ("completed", "completed_partial"), task.closed_by) == (True, "answer")
        assert len(house.effects(SERVICE, action.value)) == 1
