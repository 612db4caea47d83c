""" "That was not me", said after something was done already: the answer says what was, and nothing more is."""

from contextlib import suppress
from uuid import UUID

import pytest

from app.domain.case import ClaimOutcome
from app.services import packaging, steps, stopping
from app.services.casework import ClaimUnderWay, IdentifiersNotChecked
from app.services.context import Actor
from app.services.intake import Identifier
from app.services.packaging import NoPackage
from sandbox.people import BY_ID
from tests.harness.house import AGENT, CUSTOMER, House
from tests.services.by_hand import answer, answer_all, decide, found, grant, look, open_tasks

OTHER = Actor("approver", "44444444-1111-4111-8111-111111111111")
REASON = "Called back on the number known for years."


async def stop(house: House, request_id: UUID) -> None:
    async with house.tx() as tx:
        await stopping.stop(tx, house.ctx, await steps.hold(tx, request_id), actor=CUSTOMER)


async def settle(house: House, request_id: UUID, *, genuine: bool) -> None:
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        if genuine:
            said = {"method": "letter_to_registered_address", "number": BY_ID["anna-lindqvist"].personnummer}
            await stopping.settle_genuine(tx, house.ctx, row, **said, actor=OTHER)
        else:
            await stopping.settle_not_genuine(tx, house.ctx, row, reason=REASON, actor=OTHER)


class TestStoppedHalfWay:
    async def test_says_what_was_done_and_does_no_more(self, house):
        """F08: what was erased before the stop is told; what had not been sent is never sent."""
        request_id = await found(house, "erasure")
        seen = await grant(house, request_id, "erasure")
        first = next(task for task in open_tasks(seen) if task.action == "erase")
        await answer(house, first)
        await stop(house, request_id)
        left = [task for task in open_tasks(await house.see(request_id)) if task.id != first.id]
        assert all(task.next_at is None for task in left)

        while True:
            try:
                await settle(house, request_id, genuine=False)
                break
            except ClaimUnderWay:  # whoever has it in hand answers first
                for task in open_tasks(await house.see(request_id)):
                    if task.state == "needs_person":
                        await answer(house, task, {"outcome": "refused", "message": "Stoppat av kunden."})
        closed = await answer_all(house, request_id)
        done = [task for task in closed.tasks if task.action == "erase" and task.outcome == "completed"]

        assert (closed.is_closed, closed.outcomes()) == (True, {"erasure": ClaimOutcome.PARTLY_GRANTED})
        assert [task.id for task in done] == [first.id]
        assert "fulfilment" in await house.letters(request_id)

    async def test_goes_on_where_it_was_when_it_was_genuine(self, house):
        """What was parked is sent; nobody has to decide or approve once more."""
        request_id = await found(house, "erasure")
        await grant(house, request_id, "erasure")
        await stop(house, request_id)
        parked = [task.id for task in open_tasks(await house.see(request_id)) if task.state == "open"]
        await settle(house, request_id, genuine=True)
        seen = await look(house, request_id)
        sent = [task.id for task in seen.tasks if task.next_at is not None]

        assert parked
        assert set(parked) <= set(sent)
        assert {claim.state for claim in seen.claims} == {"decided"}


class TestStoppedCopy:
    async def test_is_released_to_nobody_else_than_it_was_decided_for(self, house):
        """GDPR Art. 12(6), 32: a stolen session had her copy made; whoever proves himself now is compared."""
        card = [Identifier("customer_number", "C-10001")]
        request_id = await found(house, "access", identifiers=card, subject_key=b"k" * 32)
        await grant(house, request_id, "access")
        while tasks := open_tasks(await look(house, request_id)):
            for task in tasks:
                await answer(house, task)
        await stop(house, request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            said = {"method": "letter_to_registered_address", "number": "197001019806"}
            await stopping.settle_genuine(tx, house.ctx, row, **said, actor=OTHER)
        seen = await look(house, request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            with pytest.raises(NoPackage):  # it is destroyed: nothing in it was asked for whoever proved himself
                await packaging.release(tx, house.ctx, row, sha256="0" * 64, actor=OTHER)
        with pytest.raises(IdentifiersNotChecked):
            await decide(house, request_id, "access")

        assert {claim.state for claim in seen.claims} == {"open"}

    async def test_is_destroyed_when_nobody_knows_who_asked(self, house):
        """A package that stayed here is nothing done: the claim ends as not identified, and the file is gone."""
        request_id = await found(house, "access")
        await grant(house, request_id, "access")
        while tasks := open_tasks(await look(house, request_id)):
            for task in tasks:
                await answer(house, task)
        assert await house.package(request_id)
        file = (await house.sql("SELECT file FROM package"))[0]["file"]
        await stop(house, request_id)
        await settle(house, request_id, genuine=False)
        closed = await look(house, request_id)

        assert (closed.is_closed, closed.outcomes()) == (True, {"access": ClaimOutcome.NOT_IDENTIFIED})
        assert not await house.ctx.files.delete(file)
        assert "package:destroyed" in await house.steps_of(request_id)
        assert AGENT.ref not in (await house.sql("SELECT stop_settled_by FROM request"))[0]["stop_settled_by"]

    async def test_leaves_no_version_behind(self, house):
        """GDPR Art. 5(1)(e), (f): the version before, which nobody came to destroy yet, goes with the last one."""
        request_id = await found(house, "access")
        await grant(house, request_id, "access")
        while tasks := open_tasks(await look(house, request_id)):
            for task in tasks:
                await answer(house, task)
        former = f"westra/{request_id}-former"
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            await house.ctx.files.write(former, [b"as it was"], packaging.key_of(house.ctx, row))
            (await packaging.package_of(tx, row)).former_file = former
        await stop(house, request_id)
        await settle(house, request_id, genuine=False)

        assert not await house.sql("SELECT 1 FROM package")
        assert not await house.ctx.files.delete(former)

    async def test_keeps_its_file_where_the_stop_cannot_be_settled_after_all(self, house):
        """A row and its file go together: what is rolled back has destroyed nothing."""
        request_id = await found(house, "access")
        await grant(house, request_id, "access")
        while tasks := open_tasks(await look(house, request_id)):
            for task in tasks:
                await answer(house, task)
        await stop(house, request_id)
        with suppress(LookupError):
            async with house.tx() as tx:
                row = await steps.hold(tx, request_id)
                await stopping.settle_not_genuine(tx, house.ctx, row, reason=REASON, actor=OTHER)
                raise LookupError

        assert await house.package(request_id)
