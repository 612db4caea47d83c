"""What somebody is told who has proved nothing: the same, whoever they typed."""

import re

import pytest

from app.domain.identity import Level
from app.services import casework, correspondence, intake, ledger, steps, views
from sandbox.people import BY_ID
from tests.harness.house import AGENT, CUSTOMER
from tests.services.by_hand import answer, decide, look

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
        seen = await views.own_request(tx, house.ctx, row)
        letter = await correspondence.read_letter(tx, house.ctx, row, "fulfilment")
        return (
            (seen["status"], [sorted(one) for one in seen["claims"]]),
            await views.own_recipients(tx, house.ctx, row),
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


async def searched(house, outcome, *, channel="web"):
    """An objection, from somebody's login or taken down by staff, in which her address was only typed."""
    async with house.tx("westra") as tx:
        hers = intake.Identifier("email", BY_ID["anna-lindqvist"].email, vouched=channel != "web")
        new = house.request_of(
            BY_ID["anna-lindqvist"], "westra", ["objection", "erasure"], received_at=tx.now, channel=channel,
            identifiers=[intake.Identifier("personnummer", STRANGER), hers],
            **({} if channel == "web" else {"assurance": Level.NONE, "requester_ref": None}),
        )  # fmt: skip
        request_id = (await intake.file(tx, house.ctx, new, actor=CUSTOMER if channel == "web" else AGENT)).id
    if channel != "web":
        async with house.tx("westra") as tx:
            row = await steps.hold(tx, request_id)
            said = {"method": "e_id_in_call", "number": STRANGER}
            await casework.prove_identity(tx, house.ctx, row, **said, actor=AGENT)
    for task in (await look(house, request_id)).of("locate"):
        await answer(house, task, {"outcome": outcome, "message": "Sökt."})
    await look(house, request_id)
    return request_id


async def seen_by_them(house, request_id):
    async with house.tx("westra") as tx:
        row = await steps.hold(tx, request_id)
        return (
            (await views.own_request(tx, house.ctx, row))["status"],
            (await views.own_requests(tx, house.ctx, [row]))[0]["status"],
            await views.own_recipients(tx, house.ctx, row),
            await ledger.own(tx, house.ctx, row),
            [one["step"] for one in await views.timeline(tx, house.ctx, row)],
        )


class TestSearch:
    @pytest.mark.parametrize("channel", ["web", "phone"])
    async def test_looks_alike_behind_a_login_whoever_was_typed(self, house, channel):
        """
        ASVS 8.2, GDPR Art. 5(1)(f): what is restricted by itself where somebody was found shows that somebody was.
        """
        known = await searched(house, "completed", channel=channel)
        unknown = await searched(house, "not_found", channel=channel)

        assert (await house.see(known)).of("restrict") != (await house.see(unknown)).of("restrict") == []
        assert await seen_by_them(house, known) == await seen_by_them(house, unknown)

    async def test_is_shown_once_what_was_typed_has_been_compared(self, house):
        """
        GDPR Art. 12(2), 19: to the person herself nothing is hidden; a colleague has seen that it is her.
        """
        request_id = await searched(house, "completed")
        await decide(house, request_id, "objection", identifiers_checked=True)
        _, _, recipients, _, noted = await seen_by_them(house, request_id)

        assert {one["action"] for one in recipients} >= {"restrict"}
        assert "restriction:set" not in noted  # the erasure beside it has not been compared
