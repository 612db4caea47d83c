"""
Who lets a package out: a second look, by somebody who neither asked for the copy nor decided about it.
"""

import pytest

from app.domain.decisions import Verdict
from app.domain.four_eyes import SecondPersonNeeded
from app.services import steps
from app.services.context import Actor
from app.services.packaging import PackageReleased, ReleasedByTheRequester
from tests.harness.house import AGENT, APPROVER, CHIEF, CUSTOMER
from tests.services.by_hand import REASONS, answer_all, approve, decide, found, grant, look

COLLEAGUE = Actor("agent", "44444444-4444-4444-8444-444444444444")


async def sealed(house, *rights):
    """A request whose copy waits to be let out; AGENT decided."""
    request_id = await found(house, *rights)
    await grant(house, request_id, *rights)
    seen = await answer_all(house, request_id)
    assert seen.row.status == "awaiting_release"
    return request_id


async def let_out(house, request_id, actor):
    """Release the package; the case is not carried on yet."""
    async with house.tx() as tx:
        await house.release(tx, await steps.hold_open(tx, request_id), actor=actor)


async def released_by(house):
    return [row["released_by"] for row in await house.sql("SELECT released_by FROM package")]


class TestPackage:
    @pytest.mark.parametrize("right", ["access", "portability"])
    async def test_is_not_released_by_whoever_decided(self, house, right):
        """
        Four eyes: whoever said yes does not also look through what leaves on that yes.
        """
        request_id = await sealed(house, right)
        with pytest.raises(SecondPersonNeeded):
            await let_out(house, request_id, AGENT)

        assert await released_by(house) == [None]
        assert "package:released" not in await house.steps_of(request_id)

    async def test_is_not_released_by_whoever_decided_a_part_of_it(self, house):
        """
        Two copies in one package, two people who decided: neither of them is the second look at the whole.
        """
        request_id = await found(house, "access", "portability")
        await decide(house, request_id, "access", actor=AGENT)
        await decide(house, request_id, "portability", actor=COLLEAGUE)
        await answer_all(house, request_id)
        for one in (AGENT, COLLEAGUE):
            with pytest.raises(SecondPersonNeeded):
                await let_out(house, request_id, one)

        await let_out(house, request_id, CHIEF)
        assert await released_by(house) == [CHIEF.ref]

    async def test_is_not_released_by_the_one_who_asked(self, house):
        """
        A colleague who asks for their own copy does not hand it to themselves.
        """
        request_id = await sealed(house, "access")
        with pytest.raises(ReleasedByTheRequester):
            await let_out(house, request_id, CUSTOMER)

        assert await released_by(house) == [None]

    async def test_is_released_by_somebody_else_once(self, house):
        """
        A third person lets it out; the instant from which it waits for its person is not moved by another release.
        """
        request_id = await sealed(house, "access")
        await let_out(house, request_id, CHIEF)
        before = await house.sql("SELECT released_at FROM package")
        for one in (CHIEF, APPROVER, AGENT):
            with pytest.raises(PackageReleased):
                await let_out(house, request_id, one)
        seen = await look(house, request_id)

        assert await released_by(house) == [CHIEF.ref]
        assert await house.sql("SELECT released_at FROM package") == before
        assert (await house.steps_of(request_id)).count("package:released") == 1
        assert (seen.is_closed, seen.outcomes()) == (True, {"access": "granted"})

    async def test_may_be_released_by_whoever_decided_something_else(self, house):
        """
        Who decided about an erasure in the same request has not decided about the copy.
        """
        request_id = await found(house, "access", "erasure")
        await grant(house, request_id, "access")
        no = {"verdict": Verdict.REFUSED, "ground": "manifestly_unfounded", "reasons": REASONS}
        await approve(house, await decide(house, request_id, "erasure", actor=COLLEAGUE, **no))
        await answer_all(house, request_id)
        await let_out(house, request_id, COLLEAGUE)

        assert await released_by(house) == [COLLEAGUE.ref]
