"""
A request at a controller that is only a processor for a part of it: own part answered, the rest passed on.
"""

import json
import zipfile
from io import BytesIO

import asyncpg
import pytest

from app.domain.forwarding import AddresseeMissing, ForwardingNotSent, ForwardingOver
from app.domain.identity import Level
from app.domain.snapshot import ForwardingState
from app.repositories import outward
from app.services import passing_on, steps
from app.services.intake import Identifier
from tests.harness.house import AGENT
from tests.services.by_hand import answer_all, grant, release

SECURITAS = "securitas"
CUSTOMER = {"name": "Bostadsrättsföreningen Exempelhöjden", "contact": "styrelsen@example.org"}
THEIRS = {"alarm_contact", "personnummer", "gps", "fastighetsjour"}


def located(facts=None):
    """What the alarm centre says when it is asked to look, with the customers it names."""
    found = {"outcome": "completed", "message": "Funnen.", "found_categories": ["alarm_case_log", "gps"]}
    return found | ({"facts": facts} if facts else {})


async def filed(house, right="access", facts=None, **changed):
    request_id = await house.file(SECURITAS, right, **changed)

    def says(task):
        done = {"outcome": "completed", "message": "Gjort."}
        return located(facts) if task.action == "locate" and "gps" in task.categories else done

    await answer_all(house, request_id, says)
    return request_id


async def forwardings(house, request_id):
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        return [passing_on.view(house.ctx, row, one) for one in await outward.forwardings_of(tx, request_id)]


async def carry_on(house, request_id, forwarding, state=ForwardingState.SENT, **said):
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        await passing_on.carry_on(tx, house.ctx, row, forwarding["id"], state=state, actor=AGENT, **said)


class TestRequestAtAProcessor:
    async def test_is_passed_on_to_the_customer_the_system_names(self, house):
        """
        B.3: received, due in two working days, the controller's own last day from the processor's receipt.
        """
        request_id = await filed(house, facts={"customer": CUSTOMER})
        (one,) = await forwardings(house, request_id)
        row = (await house.see(request_id)).row

        assert (one["to_name"], one["contact"], one["state"]) == (CUSTOMER["name"], CUSTOMER["contact"], "pending")
        assert one["categories"] == ["gps"]
        assert (one["received_by_processor_at"], one["controller_due_on"]) == (row.received_at, row.due_on)
        (sealed,) = await house.sql("SELECT to_sealed FROM forwarding")
        assert CUSTOMER["name"].encode() not in sealed["to_sealed"]

    async def test_is_passed_on_to_each_customer_with_what_is_theirs(self, house):
        """
        B.3: one request, n controllers.
        """
        both = [CUSTOMER, {"name": "Exempelfastigheter AB", "categories": ["gps"]}]
        request_id = await filed(house, facts={"customers": both})

        assert [one["to_name"] for one in await forwardings(house, request_id)] == [one["name"] for one in both]

    async def test_is_passed_on_with_what_is_only_stated_and_said_to_be(self, house):
        """
        GDPR Art. 28(3)(e): the customer proves who asks; a number that nobody answers for helps to find, and says so.
        """
        own = [Identifier("personnummer", "198504129829"), Identifier("email", "anna@example.org", vouched=False)]
        request_id = await filed(house, facts={"customer": CUSTOMER}, identifiers=own)
        (one,) = await forwardings(house, request_id)
        await carry_on(house, request_id, one)
        async with house.tx() as tx:
            held = await steps.hold(tx, request_id)
            said = await passing_on.letter(tx, house.ctx, held, one["id"], actor=AGENT)

        assert "(uppgivet, inte styrkt)</dt><dd>anna@example.org</dd>" in said
        assert "</dt><dd>198504129829</dd>" in said
        assert said.count("inte styrkt") == 1

    async def test_is_answered_for_the_own_part_and_both_sides_are_told(self, house):
        """
        B.3: what is held for the customer is in no package; the person is told who answers for it, and the customer
        gets the request, when it came and how, the person's contact, and our help.
        """
        request_id = await filed(house, facts={"customer": CUSTOMER}, message="Jag vill se allt om mig.")
        (one,) = await forwardings(house, request_id)
        await carry_on(house, request_id, one)
        seen = await grant(house, request_id, "access")
        asked = {category for task in seen.of("export") for category in task.categories}
        row = {"outcome": "completed", "message": "Gjort.", "records": [{"category": "call_audio", "rows": []}]}
        await answer_all(
            house, request_id, lambda task: row if "call_audio" in task.categories else row | {"records": []}
        )
        seen = await release(house, request_id)
        letters = await house.letters(request_id)
        async with house.tx() as tx:
            held = await steps.hold(tx, request_id)
            to_customer = await passing_on.letter(tx, house.ctx, held, one["id"], actor=AGENT)

        assert not asked & THEIRS
        assert seen.is_closed
        told = letters[f"forwarding:{one['id']}"]
        assert "personuppgiftsbiträde" in told
        assert CUSTOMER["name"] in told
        assert "Inspelade samtal i larmcentralen" in told
        assert "vidare till Bostadsrättsföreningen" in letters["fulfilment"]
        for part in ("Jag vill se allt om mig.", "våra egna sidor", "Pröva själva vem", "På er instruktion"):
            assert part in to_customer
        with zipfile.ZipFile(BytesIO(await house.package(request_id))) as archive:
            readme = archive.read("README.html").decode()
            data = json.loads(archive.read("data/alarm-centre.json"))
        assert "Position från personlarm: allt. Uppgifterna har vi för någon annans räkning." in readme
        assert not THEIRS & {category["category"] for category in data["categories"] if "category" in category}

    async def test_asks_the_person_where_nobody_knows_the_customer(self, house):
        """
        B.3: told all the same, and what we need; a person names the controller, and nobody closes before.
        """
        request_id = await filed(house)
        (one,) = await forwardings(house, request_id)
        letter = (await house.letters(request_id))[f"forwarding:{one['id']}:whose"]
        with pytest.raises(AddresseeMissing):
            await carry_on(house, request_id, one)
        with pytest.raises(ForwardingNotSent):
            await carry_on(house, request_id, one, ForwardingState.CONFIRMED)
        await carry_on(house, request_id, one, to_name="Exempelfastigheter AB")
        with pytest.raises(ForwardingOver):
            await carry_on(house, request_id, one, to_name="Någon annan AB")
        await carry_on(house, request_id, one, ForwardingState.CONFIRMED)

        assert "Vi vet ännu inte vem det är" in letter
        assert [part["state"] for part in await forwardings(house, request_id)] == ["confirmed"]

    async def test_tells_nobody_unproved_whose_customer_somebody_is(self, house):
        """
        The former partner who types a name learns nothing: no search, no letter, no forwarding.
        """
        request_id = await filed(house, facts={"customer": CUSTOMER}, assurance=Level.NONE)

        assert await forwardings(house, request_id) == []
        assert not [kind for kind in await house.letters(request_id) if kind.startswith("forwarding")]

    async def test_is_not_called_sent_by_the_database_without_instant_and_addressee(self, house):
        """
        B.3: forwarded_at and the controller stand behind every "sent".
        """
        await filed(house)
        for statement in (
            "UPDATE forwarding SET state = 'sent', forwarded_at = now(), to_sealed = NULL",
            "UPDATE forwarding SET state = 'sent', to_sealed = 'x'",
            "UPDATE forwarding SET state = 'gone'",
        ):
            with pytest.raises(asyncpg.CheckViolationError):
                await house.sql(statement)
