"""
A yes of which nothing could be done: it goes back to a person, who tries again or says no as a no must be said.
"""

from datetime import UTC, datetime, time, timedelta

import pytest

from app import clock
from app.domain.decisions import GroundNeeded, ReasonsNeeded, Verdict
from app.domain.four_eyes import SecondPersonNeeded
from app.domain.identity import Level
from app.repositories import registry
from app.services import tasks
from app.services.casework import AlreadyDone, ClaimUnderWay
from app.services.lanes import Lanes
from app.services.tasks import TaskOver
from sandbox import faults
from tests.harness.house import AGENT
from tests.services.by_hand import (
    CONTROLLER,
    DONE,
    FAILED,
    REASONS,
    answer,
    answer_all,
    approve,
    claim_of,
    decide,
    found,
    grant,
    look,
    open_tasks,
    release,
    remove,
)

NO = {"verdict": Verdict.REFUSED, "ground": "data_are_correct", "reasons": REASONS}


async def handed_back(house, right="rectification"):
    """A request whose only claim was granted, asked of everybody, and done by nobody."""
    request_id = await found(house, right)
    await grant(house, request_id, right)
    await answer_all(house, request_id, lambda _task: FAILED)
    return request_id


async def retry(house, task):
    async with house.tx() as tx:
        return await tasks.retry(tx, house.ctx, task.id, actor=AGENT)


async def own_tasks(house, request_id):
    return [task for task in (await house.see(request_id)).tasks if task.claim_id is not None]


async def go_to(house, day):
    """Let it be noon on *day*."""
    async with house.tx() as tx:
        await clock.move(tx.session, to=datetime.combine(day, time(12), tzinfo=UTC))


#: The notice of the days that what cannot be undone waits.
WAITED = {"cooling_off_notice", "cooling_off_notice:post"}


class TestYesOfWhichNothingCouldBeDone:
    @pytest.mark.parametrize("right", ["access", "rectification", "erasure"])
    async def test_is_open_again_and_the_chain_says_why(self, house, right):
        """
        GDPR Art. 12(4), F08: the service neither calls it granted nor refuses it by itself; a person decides anew.
        """
        request_id = await handed_back(house, right)
        seen = await house.see(request_id)
        (claim,) = seen.claims
        (entry,) = await house.sql("SELECT facts::text AS facts FROM audit_entry WHERE step = 'claim:reopened'")

        assert (claim.state, claim.verdict, claim.outcome, claim.decided_by, claim.approved_by) == (
            "open", None, None, None, None,
        )  # fmt: skip
        assert (seen.row.phase, seen.row.status) == ("executing", "awaiting_decision")
        assert '"nothing_done"' in entry["facts"]
        assert str(claim.id) in entry["facts"]
        assert set(await house.letters(request_id)) - WAITED == {"receipt"}

    async def test_is_handed_back_once_and_then_waits(self, house):
        """
        Looked at again, nothing more is done about it until somebody decides.
        """
        request_id = await handed_back(house)
        before = await house.steps_of(request_id)
        await look(house, request_id)

        assert await house.steps_of(request_id) == before

    async def test_is_refused_with_ground_reasons_and_a_second_person_only(self, house):
        """
        GDPR Art. 12(4): that nothing could be done is no ground; a no after it needs all that any no needs.
        """
        request_id = await handed_back(house)
        with pytest.raises(GroundNeeded):
            await decide(house, request_id, "rectification", **NO | {"ground": None})
        with pytest.raises(ReasonsNeeded):
            await decide(house, request_id, "rectification", **NO | {"reasons": "Gick inte."})
        approval = await decide(house, request_id, "rectification", **NO)
        with pytest.raises(SecondPersonNeeded):
            await approve(house, approval, actor=AGENT)

        assert claim_of(await look(house, request_id), "rectification").state == "awaiting_approval"
        assert set(await house.letters(request_id)) - WAITED == {"receipt"}

    async def test_refused_by_two_is_told_as_a_refusal(self, house):
        """
        GDPR Art. 12(4): ground, reasons, authority and court; nobody is asked anything more, no copy is sealed.
        """
        request_id = await handed_back(house, "access")
        approval = await decide(house, request_id, "access", **NO | {"ground": "excessive"})
        await approve(house, approval)
        seen = await look(house, request_id)
        letters = await house.letters(request_id)

        assert (seen.is_closed, seen.outcomes()) == (True, {"access": "refused"})
        assert set(letters) == {"receipt", "refusal"}
        assert all(said in letters["refusal"] for said in (REASONS, "Integritetsskyddsmyndigheten", "domstol"))
        assert await house.sql("SELECT 1 FROM package") == []

    async def test_granted_anew_without_another_try_comes_back(self, house):
        """
        A second yes changes nothing about what was answered: it is handed back again, never called done (F08).
        """
        request_id = await handed_back(house)
        seen = await grant(house, request_id, "rectification")

        assert claim_of(seen, "rectification").state == "open"
        assert (await house.steps_of(request_id)).count("claim:reopened") == 2

    async def test_is_never_handed_back_where_the_law_leaves_no_choice(self, house):
        """
        GDPR Art. 21(3): what is granted at once is not weighed a second time; the answer says what could not be done.
        """
        request_id = await house.file(CONTROLLER, "marketing_objection", assurance=Level.NONE)
        seen = await answer_all(
            house, request_id, lambda task: FAILED if task.action == "stop_marketing" else {"outcome": "completed"}
        )

        assert [task.outcome for task in seen.of("stop_marketing")] == ["failed"]
        assert (seen.is_closed, seen.outcomes()) == (True, {"marketing_objection": "partly_granted"})
        assert "claim:reopened" not in await house.steps_of(request_id)
        assert FAILED["message"] in (await house.letters(request_id))["fulfilment"]


class TestAnotherTry:
    async def test_is_the_same_task_under_the_same_key(self, house):
        """
        The processor hears the key it has heard before, so whatever it did the first time is not done a second time.
        """
        await remove(house, "alarm-centre", "own-records", "processors")
        house.script("telephony", faults.Status(fault="status", status=422, action="export"))
        request_id = await found(house, "access")
        (task,) = (await grant(house, request_id, "access")).of("export")
        await drain(house, "telephony")
        assert [one.attention for one in await own_tasks(house, request_id)] == ["failed"]
        await answer_all(house, request_id, lambda _task: FAILED)

        again = await retry(house, task)
        assert (again.id, again.state, again.outcome, again.closed_at) == (task.id, "open", None, None)
        await drain(house, "telephony")
        await grant(house, request_id, "access")
        seen = await release(house, request_id)

        assert [(one.id, one.outcome, one.attempts) for one in seen.of("export")] == [(task.id, "completed", 2)]
        assert [one["idempotency_key"] for one in house.effects("telephony", "export")] == [str(task.id)]
        assert (seen.is_closed, seen.outcomes()) == (True, {"access": "granted"})

    async def test_that_yields_the_copy_ends_in_a_package(self, house):
        """
        GDPR Art. 15(3): tried again and granted anew, the copy is sealed as if it had come at once.
        """
        request_id = await handed_back(house, "access")
        first = await own_tasks(house, request_id)
        for task in first:
            await retry(house, task)
            await answer(house, task, DONE)
        seen = await grant(house, request_id, "access")

        assert seen.row.status == "awaiting_release"
        assert [task.id for task in await own_tasks(house, request_id)] == [task.id for task in first]
        assert (await house.steps_of(request_id)).count("task:retried") == len(first)

    @pytest.mark.parametrize("said", [{"verdict": Verdict.GRANTED}, NO], ids=["yes", "no"])
    async def test_is_waited_for_before_anything_is_decided(self, house, said):
        """
        While a processor is at work nobody knows what there is to decide; when it has answered, somebody may.
        """
        request_id = await handed_back(house)
        task = (await own_tasks(house, request_id))[0]
        await retry(house, task)
        with pytest.raises(ClaimUnderWay):
            await decide(house, request_id, "rectification", **said)

        await answer(house, task, FAILED)
        approval = await decide(house, request_id, "rectification", **said)
        assert (approval is not None) == (said is NO)

    @pytest.mark.parametrize("outcome", ["completed", "completed_partial"])
    async def test_that_did_something_leaves_no_room_for_a_no(self, house, outcome):
        """
        F08: what is done is not refused; the yes that is left says in part what the others could not do.
        """
        request_id = await handed_back(house)
        task = (await own_tasks(house, request_id))[0]
        await retry(house, task)
        await answer(house, task, DONE | {"outcome": outcome})
        with pytest.raises(AlreadyDone):
            await decide(house, request_id, "rectification", **NO)
        await grant(house, request_id, "rectification")
        seen = await answer_all(house, request_id)

        assert (seen.is_closed, seen.outcomes()) == (True, {"rectification": "partly_granted"})

    async def test_is_not_made_of_what_was_done(self, house):
        """
        Only what came to nothing is tried again: what is done would be done a second time.
        """
        request_id = await handed_back(house)
        task = (await own_tasks(house, request_id))[0]
        await retry(house, task)
        await answer(house, task, DONE)

        with pytest.raises(TaskOver):
            await retry(house, task)

    async def test_is_not_made_for_a_claim_that_stands_decided(self, house):
        """
        A task that is over stays so while its claim is decided: its answer is in what the person is told.
        """
        request_id = await found(house, "rectification")
        await grant(house, request_id, "rectification")
        failed = open_tasks(await house.see(request_id))[0]
        await answer(house, failed, FAILED)
        with pytest.raises(TaskOver):
            await retry(house, failed)
        await answer_all(house, request_id)
        with pytest.raises(TaskOver):
            await retry(house, failed)

    async def test_of_somebody_nobody_can_call_is_a_persons(self, house):
        """
        A recipient that only people reach is tried again by people.
        """
        request_id = await handed_back(house)
        (task,) = (await house.see(request_id)).of("rectify", "own-records")
        again = await retry(house, task)

        assert (again.state, again.attention, again.next_at) == ("needs_person", "manual", None)


async def drain(house, key):
    """Have the lane of one processor drained by a worker's hands."""
    async with house.tx(CONTROLLER) as tx:
        processor = await registry.processor_by_key(tx, CONTROLLER, key)
    lanes = Lanes(house.ctx)
    try:
        await lanes.drain(CONTROLLER, processor.id)
    finally:
        await lanes.aclose()


class TestAnswerByDay:
    async def test_of_a_silent_task_is_a_new_one_when_it_is_sent_again(self, house):
        """
        Who is asked once more is given time to answer: it is not called silent on the same day.
        """
        request_id = await found(house, "rectification")
        await grant(house, request_id, "rectification")
        (asked,) = (await house.see(request_id)).of("rectify", "alarm-centre")
        today = asked.answer_by + timedelta(days=1)
        await go_to(house, today)
        (silent,) = (await look(house, request_id)).of("rectify", "alarm-centre")
        assert (silent.state, silent.attention) == ("needs_person", "silent")

        await retry(house, silent)
        (again,) = (await look(house, request_id)).of("rectify", "alarm-centre")
        assert (again.state, again.attention) == ("open", None)
        assert again.answer_by > today

    @pytest.mark.parametrize("after_due", [False, True], ids=["in time", "when the case is late already"])
    async def test_of_a_task_that_came_to_nothing_is_a_new_one_too(self, house, after_due):
        """
        However late a claim is tried again, the processor is asked and not passed over as silent.
        """
        request_id = await handed_back(house)
        (task,) = (await house.see(request_id)).of("rectify", "alarm-centre")
        due_on = (await house.see(request_id)).row.due_on
        today = (due_on if after_due else task.answer_by) + timedelta(days=1)
        await go_to(house, today)
        await retry(house, task)
        (again,) = (await look(house, request_id)).of("rectify", "alarm-centre")

        assert (again.state, again.attention) == ("open", None)
        assert again.answer_by >= today
