"""Nothing leaves for what nobody has decided, and nothing about another person than the one it was decided about."""

from uuid import UUID

import pytest

from app.domain.fanout import Outcome
from app.models import TaskRow
from app.processors import Answer
from app.repositories import registry
from app.services import casework, orders, searching, steps, stopping, tasks
from app.services.context import Actor
from app.services.intake import Identifier
from app.services.lanes import Lanes
from app.services.replaying import Wanted, replay
from app.services.standing import NotDecided
from sandbox.people import BY_ID
from tests.harness.house import AGENT, CUSTOMER, House
from tests.services.by_hand import (
    CONTROLLER,
    answer,
    answer_all,
    approve,
    claim_of,
    decide,
    found,
    grant,
    look,
    open_tasks,
)

OTHER = Actor("approver", "44444444-1111-4111-8111-111111111111")
ANNA, BO = BY_ID["anna-lindqvist"], "197001019806"
LOGIN_WITHOUT_NUMBER = [Identifier(type_, value) for type_, value in ANNA.identifiers if type_ != "personnummer"]


async def erasure_of_anna(house: House) -> tuple[UUID, list[TaskRow]]:
    """An erasure that two have granted to a login without a number, and what machines are asked for it."""
    request_id = await found(house, "erasure", identifiers=LOGIN_WITHOUT_NUMBER, subject_key=b"k" * 32)
    seen = await grant(house, request_id, "erasure")
    return request_id, [task for task in open_tasks(seen) if task.action == "erase" and task.state == "open"]


async def comes_to(house: House, task: TaskRow, came: Answer) -> None:
    """What a worker writes of one call."""
    await house.sql("UPDATE task SET state = 'sending', next_at = NULL, attempts = 1 WHERE id = $1", task.id)
    async with house.tx() as tx:
        row, held = await tasks.hold_with_request(tx, task.id)
        await tasks.settle(tx, house.ctx, row, held, came, by="answer")


async def stop(house: House, request_id: UUID) -> None:
    async with house.tx() as tx:
        await stopping.stop(tx, house.ctx, await steps.hold(tx, request_id), actor=CUSTOMER)


async def settled_as(house: House, request_id: UUID, number: str) -> None:
    """The stop turns out to be no stranger's: whoever has that number has proved it."""
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        said = {"method": "letter_to_registered_address", "number": number}
        await stopping.settle_genuine(tx, house.ctx, row, **said, actor=OTHER)


async def drain(house: House, *asked: TaskRow) -> None:
    lanes = Lanes(house.ctx)
    try:
        for task in asked:
            await lanes.drain(CONTROLLER, task.processor_id)
    finally:
        await lanes.aclose()


async def order(house: House, task_id: UUID) -> orders.Order:
    async with house.tx() as tx:
        _, task = await tasks.hold_with_request(tx, task_id)
        processor = await registry.processor(tx, task.processor_id)
        assert processor is not None
        return await orders.order_for(tx, house.ctx, processor, task)


TRIED = Answer(outcome=Outcome.RETRY, code="http_503")
GIVEN_UP = Answer(outcome=Outcome.FAILED, code="http_400")
AT_WORK = Answer(outcome=Outcome.ACCEPTED, code="http_202")


class TestUndoneDecision:
    @pytest.mark.parametrize("came", [TRIED, GIVEN_UP, AT_WORK], ids=["tried once", "given up", "at work"])
    async def test_is_carried_out_about_nobody_else(self, house: House, came: Answer) -> None:
        """GDPR Art. 5(1)(f), 12(6), 32: what two granted to Anna never goes out about whoever proved himself later."""
        request_id, asked = await erasure_of_anna(house)
        for task in asked:
            await comes_to(house, task, came)
        await stop(house, request_id)
        await settled_as(house, request_id, BO)
        await drain(house, *asked)
        seen = await look(house, request_id)
        left = [task for task in seen.tasks if task.id in {one.id for one in asked}]

        assert asked
        assert claim_of(seen, "erasure").state == "open"
        assert {(task.state, task.attention, task.next_at) for task in left} == {("needs_person", "not_decided", None)}
        for task in asked:
            with pytest.raises(NotDecided):
                await order(house, task.id)

    async def test_is_not_tried_again_by_one_person(self, house: House) -> None:
        """GDPR Art. 24, 32: neither "send it again" nor a replay of many sends what nobody has decided."""
        request_id, asked = await erasure_of_anna(house)
        for task in asked:
            await comes_to(house, task, GIVEN_UP)
        await stop(house, request_id)
        await settled_as(house, request_id, BO)
        for task in asked:
            with pytest.raises(NotDecided):
                async with house.tx() as tx:
                    await tasks.retry(tx, house.ctx, task.id, actor=AGENT)
        async with house.tx(CONTROLLER) as tx:
            replayed = await replay(tx, house.ctx, Wanted(processor=asked[0].processor_id), actor=AGENT)

        assert (replayed.count, replayed.tasks) == (0, [])
        assert replayed.skipped == [asked[0].id]

    async def test_of_a_call_in_the_air_is_heard_and_followed_by_nothing(self, house: House) -> None:
        """F08: what was sent before is not forgotten; but what it came to sends nothing about somebody else."""
        request_id, asked = await erasure_of_anna(house)
        task = asked[0]
        await house.sql("UPDATE task SET state = 'sending', next_at = NULL, attempts = 1 WHERE id = $1", task.id)
        await stop(house, request_id)
        await settled_as(house, request_id, BO)
        async with house.tx() as tx:
            row, held = await tasks.hold_with_request(tx, task.id)
            assert await tasks.settle(tx, house.ctx, row, held, TRIED, by="answer")
        await house.sql("UPDATE task SET next_at = now() - interval '1 day' WHERE id = $1", task.id)
        await drain(house, task)
        left = next(one for one in (await house.see(request_id)).tasks if one.id == task.id)

        assert (left.state, left.attention) == ("needs_person", "not_decided")

    async def test_made_anew_asks_everybody_anew(self, house: House) -> None:
        """GDPR Art. 17: under a key of its own, so that no answer about somebody else is taken for the new one."""
        request_id, asked = await erasure_of_anna(house)
        for task in asked:
            await comes_to(house, task, GIVEN_UP)
        await stop(house, request_id)
        await settled_as(house, request_id, BO)
        failed = {"outcome": "failed", "message": "Beslutet hävdes; inget har gjorts."}
        for task in open_tasks(await house.see(request_id)):
            await answer(house, task, failed)
        await answer_all(house, request_id)
        if (waits := await decide(house, request_id, "erasure", identifiers_checked=True)) is not None:
            await approve(house, waits)
        seen = await look(house, request_id)
        anew = {task.processor_id for task in open_tasks(seen) if task.action == "erase"}

        assert {task.processor_id for task in asked} <= anew
        assert not {task.id for task in asked} & {task.id for task in open_tasks(seen)}


class TestDecision:
    async def test_stands_only_for_whoever_was_known_then(self, house: House) -> None:
        """GDPR Art. 5(1)(f), 32: without any stop, too, a proof that names somebody new undoes what was decided."""
        request_id, asked = await erasure_of_anna(house)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            said = {"method": "letter_to_registered_address", "number": BO}
            await casework.prove_identity(tx, house.ctx, row, **said, actor=OTHER)
        seen = await house.see(request_id)

        assert claim_of(seen, "erasure").state == "open"
        assert not {one.id for one in asked} & {one.id for one in seen.tasks}

    async def test_does_not_stretch_to_what_is_typed_afterwards(self, house: House) -> None:
        """GDPR Art. 11(2), 32: what was compared is compared anew when something nobody answers for is added."""
        typed = [Identifier("customer_number", "C-10001", vouched=False)]
        request_id = await found(house, "access", identifiers=[*LOGIN_WITHOUT_NUMBER[:1], *typed])
        await decide(house, request_id, "access", identifiers_checked=True)
        await look(house, request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            more = [Identifier("customer_number", "C-10002", vouched=False)]
            await searching.add(tx, house.ctx, row, identifiers=more, footage={}, actor=CUSTOMER)
        seen = await house.see(request_id)

        assert claim_of(seen, "access").state == "open"
        assert not [task for task in seen.of("export") if task.state == "open"]

    async def test_that_waits_for_its_second_person_lets_nothing_out(self, house: House) -> None:
        """GDPR Art. 24: whatever is stored, an order for a claim that is not decided does not leave."""
        request_id, asked = await erasure_of_anna(house)
        await house.sql("UPDATE claim SET state = 'awaiting_approval' WHERE request_id = $1", request_id)
        with pytest.raises(NotDecided):
            await order(house, asked[0].id)
