"""What somebody is told who has proved nothing: the same, whoever they typed."""

import re

import pytest

from app.domain.identity import Level
from app.services import correspondence, intake, steps, views
from sandbox.people import BY_ID
from tests.harness.house import CUSTOMER

CONTROLLER = "sensor-alarm"
#: Of somebody who is nobody's customer, and logs in.
STRANGER = "197001019806"


async def objected(house, person, assurance=Level.NONE):
    """A marketing objection with an e-mail address that anybody could have typed, with or without a login."""
    async with house.tx(CONTROLLER) as tx:
        new = intake.NewRequest(
            controller=CONTROLLER,
            channel="web",
            received_at=tx.now,
            language="sv",
            claims=[intake.NewClaim("marketing_objection")],
            identifiers=[
                intake.Identifier("email", person.email, vouched=False),
                *([intake.Identifier("personnummer", STRANGER)] if assurance else []),
            ],
            assurance=assurance,
        )
        return (await intake.file(tx, house.ctx, new, actor=CUSTOMER)).id


async def told(house, request_id):
    """Everything the person can see of it, less what differs between any two requests."""
    async with house.tx(CONTROLLER) as tx:
        row = await steps.hold(tx, request_id)
        seen = await views.own_request(tx, row)
        letter = await correspondence.read_letter(tx, house.ctx, row, "fulfilment")
        return (
            (seen["status"], [sorted(one) for one in seen["claims"]]),
            await views.own_recipients(tx, row),
            re.sub(r"INS-\d{4}-\w+", "INS", letter),
        )


class TestObjection:
    @pytest.mark.parametrize("assurance", [Level.NONE, Level.SUBSTANTIAL], ids=["no login", "somebody else's login"])
    async def test_answers_alike_whether_or_not_the_name_is_a_customers(self, house, assurance):
        """
        No answer tells whether somebody else is a customer (ASVS 8.2; the ex-partner asks here too), and marketing
        stops without proof all the same (Art. 21(2), F12).
        """
        async with house.working():
            known = await objected(house, BY_ID["anna-lindqvist"], assurance)
            unknown = await objected(house, BY_ID["nils-falk"], assurance)
            for one in (known, unknown):
                await house.until(one, lambda seen: seen.is_closed, staff=True)

        assert await told(house, known) == await told(house, unknown)
