"""
Who takes part in a case: whoever was there when it began to be carried out, and whom it cannot do without.
"""

import io
import json
import zipfile

import pytest

from app.services import sweep
from tests.services.by_hand import (
    DONE,
    answer,
    answer_all,
    found,
    grant,
    look,
    open_tasks,
    registered,
    release,
    remove,
)

ABLE = ["export", "locate", "notify", "review_decision"]
ROW = {"called_on": "2026-03-02", "name": "Anna Lindqvist"}


async def asked(house, request_id, key):
    """What one processor was asked."""
    seen = await house.see(request_id)
    return [task.action for task in seen.tasks if seen.keys[task.processor_id] == key]


class TestNewcomer:
    async def test_takes_part_in_what_has_not_begun(self, house):
        """
        Registered while a case waits for its decision, it is asked like anybody else.
        """
        request_id = await found(house, "access")
        await registered(house, actions=["export", "erase"])
        await grant(house, request_id, "access")

        assert await asked(house, request_id, "newcomer") == ["export"]

    async def test_takes_no_part_in_what_is_being_carried_out(self, house):
        """
        Art. 15(3): it would be asked to erase what nobody has copied; the case ends with those it began with.
        """
        request_id = await found(house, "access", "erasure")
        await grant(house, request_id, "access", "erasure")
        await registered(house, actions=["export", "erase", "locate", "freeze", "notify"])
        seen = await answer_all(house, request_id)
        assert seen.row.status == "awaiting_release"
        await release(house, request_id)

        assert await asked(house, request_id, "newcomer") == []
        assert (await house.see(request_id)).is_closed

    async def test_does_what_nobody_before_it_could_and_nothing_else(self, house):
        """
        F10: a yes that reached nobody is carried out by whoever comes, who is not asked for a copy on the way.
        """
        await remove(house, "own-records")
        request_id = await found(house, "access", "automated_decision")
        await grant(house, request_id, "access", "automated_decision")
        seen = await answer_all(house, request_id)
        assert (seen.row.status, open_tasks(seen)) == ("nobody_able", [])

        await registered(house, actions=ABLE)
        await answer_all(house, request_id)
        await release(house, request_id)
        seen = await house.see(request_id)

        assert await asked(house, request_id, "newcomer") == ["locate", "review_decision"]
        assert (seen.is_closed, seen.outcomes()) == (True, {"access": "granted", "automated_decision": "granted"})

    async def test_leaves_the_next_one_nothing_to_do(self, house):
        """
        Once the first newcomer can, a second is one too many.
        """
        await remove(house, "own-records")
        request_id = await found(house, "automated_decision")
        await grant(house, request_id, "automated_decision")
        for key in ("first", "second"):
            await registered(house, key, actions=ABLE)
        await answer_all(house, request_id)

        assert await asked(house, request_id, "first") == ["locate", "review_decision"]
        assert await asked(house, request_id, "second") == []


class TestRemovedProcessor:
    @pytest.mark.parametrize("key", ["alarm-centre", "telephony"])
    async def test_leaves_its_open_tasks_to_a_person(self, house, key):
        """
        Nobody calls it any more and nobody forgets what it was asked: a person sees to it, woken by the sweep.
        """
        request_id = await found(house, "access")
        (waiting,) = (await grant(house, request_id, "access")).of("export", "alarm-centre")
        if key == "telephony":
            await answer(house, waiting)
            (waiting,) = (await look(house, request_id)).of("export", "telephony")
        assert waiting.state == "open"
        await house.sql("DELETE FROM pgqueuer")
        await remove(house, key)
        await sweep.wake_what_is_due(house.ctx)
        assert await woken(house) == [str(request_id)]
        (left,) = (await look(house, request_id)).of("export", key)

        assert (left.id, left.state, left.attention) == (waiting.id, "needs_person", "processor_removed")

    async def test_keeps_its_place_in_letter_and_package(self, house):
        """
        Art. 15(1)(c), 15(3): what it gave before it left is the person's, under the name of who gave it.
        """
        request_id = await found(house, "access")
        await grant(house, request_id, "access")
        gave = DONE | {"records": [{"category": "contact", "rows": [ROW]}]}
        (task,) = (await house.see(request_id)).of("export", "alarm-centre")
        await answer(house, task, gave)
        await remove(house, "alarm-centre")
        await answer_all(house, request_id)
        seen = await release(house, request_id)
        with zipfile.ZipFile(io.BytesIO(await house.package(request_id))) as archive:
            part = json.loads(archive.read("data/alarm-centre.json"))

        assert (seen.is_closed, seen.outcomes()) == (True, {"access": "granted"})
        assert part["recipient"] == "Larmcentralens system"
        assert [category["category"] for category in part["categories"]] == ["contact"]
        assert [list(row) for row in part["categories"][0]["rows"]] == [list(ROW)]
        assert "Larmcentralens system" in (await house.letters(request_id))["fulfilment"]

    async def test_is_not_what_the_next_one_waits_for(self, house):
        """
        Telephony comes after the alarm centre; without one, its turn has come.
        """
        request_id = await found(house, "access")
        seen = await grant(house, request_id, "access")
        assert seen.of("export", "telephony") == []
        await remove(house, "alarm-centre")

        assert [task.state for task in (await look(house, request_id)).of("export", "telephony")] == ["open"]


async def woken(house):
    """The cases for which an alarm is set."""
    found = await house.sql("SELECT payload FROM pgqueuer WHERE entrypoint = 'case.advance'")
    return [json.loads(row["payload"])["id"] for row in found]
