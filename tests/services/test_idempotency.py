"""
The same request twice is one request, however the second one comes.
"""

import asyncio

import pytest

from app.services import idempotency, intake
from app.services.idempotency import Kept, KeyInFlight, KeyReused, Slot
from sandbox.people import BY_ID
from tests.harness.house import CUSTOMER
from tests.services.lane_world import CONTROLLER

BODY, OTHER_BODY = b'{"claims": ["access"]}', b'{"claims": ["erasure"]}'


def slot(
    body: bytes = BODY, *, client: str = "client-1", route: str = "POST /v1/requests", controller=CONTROLLER
) -> Slot:
    return Slot(controller, client, route, "key-1", body)


async def file_once(house, slot, *, meanwhile=None):
    """What a route does: look for the first answer, else do the work and keep its answer."""
    async with house.tx(slot.controller) as tx:
        kept = await idempotency.first_answer(tx, slot)
        if kept is not None:
            return kept, "again"
        if meanwhile is not None:
            await meanwhile()
        new = house.request_of(BY_ID["anna-lindqvist"], slot.controller, ["rectification"], received_at=tx.now)
        row = await intake.file(tx, house.ctx, new, actor=CUSTOMER)
        answer = Kept(201, {"reference": row.reference}, {"Location": f"/v1/requests/{row.id}"})
        await idempotency.keep(tx, slot, answer, request_id=row.id)
        return answer, "first"


async def how_many(house) -> int:
    return (await house.sql("SELECT count(*) FROM request"))[0][0]


class TestSameKey:
    async def test_with_the_same_body_gives_the_first_answer(self, house):
        """
        A client that did not hear our answer asks again and hears the same one; nothing is done twice.
        """
        first, _ = await file_once(house, slot())
        again, said = await file_once(house, slot())

        assert (again, said) == (first, "again")
        assert await how_many(house) == 1

    async def test_with_another_body_is_refused(self, house):
        """
        A key that stands for one request cannot stand for another.
        """
        await file_once(house, slot())
        with pytest.raises(KeyReused):
            await file_once(house, slot(OTHER_BODY))

        assert await how_many(house) == 1

    async def test_at_the_same_moment_is_told_so(self, house):
        """
        While the first is under way the second neither waits nor works: it is told to come back.
        """

        async def second():
            with pytest.raises(KeyInFlight):
                await file_once(house, slot())

        await file_once(house, slot(), meanwhile=second)

        assert await how_many(house) == 1

    async def test_ten_at_once_make_one_request(self, house):
        """
        However many come at once: one request, and everybody hears of that one or is told to come back.
        """
        ends = await asyncio.gather(*(file_once(house, slot()) for _ in range(10)), return_exceptions=True)
        heard = {end[0].body["reference"] for end in ends if isinstance(end, tuple)}
        refused = [end for end in ends if not isinstance(end, tuple)]

        assert len(heard) == 1
        assert all(isinstance(end, KeyInFlight) for end in refused)
        assert await how_many(house) == 1

    async def test_is_free_again_when_the_work_failed(self, house):
        """
        Work that was rolled back leaves no answer behind: the next one does it.
        """

        async def fail():
            raise LookupError

        with pytest.raises(LookupError):
            await file_once(house, slot(), meanwhile=fail)
        _, said = await file_once(house, slot())

        assert said == "first"
        assert await how_many(house) == 1


class TestOtherSlot:
    @pytest.mark.parametrize(
        "other",
        [
            pytest.param({"client": "client-2"}, id="client"),
            pytest.param({"route": "POST /v1/self-service/requests"}, id="route"),
            pytest.param({"controller": "securitas"}, id="controller"),
        ],
    )
    async def test_with_the_same_key_is_another_request(self, house, other):
        """
        A key belongs to one client, one route and one controller; nobody learns of another's answer by guessing it.
        """
        first, _ = await file_once(house, slot())
        second, said = await file_once(house, slot(**other))

        assert said == "first"
        assert second.body != first.body
