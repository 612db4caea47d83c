"""
What people do with a case, and what nobody can do alone.
"""

from datetime import timedelta

import asyncpg
import pytest

from app.domain.case import AlreadyUnderWay, ClaimNotOpen
from app.domain.decisions import GroundNeeded, GroundNotAllowed, ReasonsNeeded, Verdict
from app.domain.ended_by_person import OutcomeNotAPersons, ReasonMissing
from app.domain.four_eyes import SecondPersonNeeded
from app.domain.identity import Level, UnknownMethod
from app.repositories import cases
from app.services import approving, casework, packaging, steps, tasks
from app.services.casework import (
    GivingUpNeedsReason,
    IdentityNotProven,
    NothingLeftOut,
    UnknownCategory,
)
from app.services.claims import UnknownClaim
from app.services.context import Actor
from app.services.four_eyes import ApprovalGiven
from app.services.tasks import TaskOver
from sandbox import faults
from sandbox.people import BY_ID
from tests.harness.house import AGENT, APPROVER, CUSTOMER

CONTROLLER, EVERY_KIND = "westra", "sensor-alarm"
REASONS = "Uppgifterna har kontrollerats mot avtalet och stämmer."
COLLEAGUE = Actor("agent", "44444444-4444-4444-8444-444444444444")


async def awaiting(house, *rights, controller=CONTROLLER, **changed):
    """A request that stands before its decision."""
    request_id = await house.file(controller, *rights, **changed)
    await house.until(request_id, lambda seen: seen.row.status == "awaiting_decision")
    return request_id


async def decide(house, request_id, right, actor=AGENT, **said):
    """Decide one claim in a transaction of its own; the approval it waits for, if it does."""
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        claim = next(c for c in await cases.claims_of(tx, [request_id]) if c.right == right)
        return await house.decide(tx, row, claim, actor=actor, **said)


async def approve(house, approval, *, actor=APPROVER, approved=True):
    async with house.tx() as tx:
        return await approving.give(tx, house.ctx, approval.id, approved=approved, reason="Läst.", actor=actor)


async def claim_states(house, request_id):
    return {claim.right: (claim.state, claim.verdict) for claim in (await house.see(request_id)).claims}


class TestFourEyes:
    async def test_are_two_people(self, house):
        """
        Neither the one who decided nor the one who asked is the second person.
        """
        async with house.working():
            request_id = await awaiting(house, "erasure")
            approval = await decide(house, request_id, "erasure", verdict=Verdict.GRANTED)
            for same in (AGENT, CUSTOMER):
                with pytest.raises(SecondPersonNeeded):
                    await approve(house, approval, actor=same)

        assert await claim_states(house, request_id) == {"erasure": ("awaiting_approval", "granted")}

    async def test_are_held_by_the_database_where_the_code_is_walked_round(self, house):
        """
        A statement that skips every rule of ours still cannot let one person decide alone.
        """
        async with house.working():
            request_id = await awaiting(house, "erasure")
            approval = await decide(house, request_id, "erasure", verdict=Verdict.GRANTED)
        walked_round = [
            ("UPDATE approval SET decided_by = asked_by, verdict = 'approved' WHERE id = $1", approval.id),
            ("UPDATE approval SET decided_by = requester_ref, verdict = 'approved' WHERE id = $1", approval.id),
            ("UPDATE claim SET approved_by = decided_by WHERE request_id = $1", request_id),
        ]
        for statement, id_ in walked_round:
            with pytest.raises(asyncpg.CheckViolationError):
                await house.sql(statement, id_)

    async def test_say_their_word_once(self, house):
        """
        An approval that was given is not given again, nor taken back.
        """
        async with house.working():
            request_id = await awaiting(house, "erasure")
            approval = await decide(house, request_id, "erasure", verdict=Verdict.GRANTED)
            await approve(house, approval)
            with pytest.raises(ApprovalGiven):
                await approve(house, approval, approved=False)

    async def test_that_disagree_open_the_claim_again(self, house):
        """
        Rejected, the claim is as if nothing had been decided; somebody decides anew.
        """
        async with house.working():
            request_id = await awaiting(house, "access")
            approval = await decide(
                house, request_id, "access", verdict=Verdict.REFUSED, ground="excessive", reasons=REASONS
            )
            await approve(house, approval, approved=False)
            assert await claim_states(house, request_id) == {"access": ("open", None)}
            seen = await house.until_closed(request_id)

        assert seen.outcomes() == {"access": "partly_granted"}
        assert "approval:refused" in await house.steps_of(request_id)

    async def test_are_needed_for_every_no_and_not_for_a_plain_yes(self, house):
        """
        A granted copy needs one person; a refusal, whole or in part, and every erasure need two.
        """
        async with house.working():
            request_id = await awaiting(house, "access", "rectification")
            assert await decide(house, request_id, "access", verdict=Verdict.GRANTED) is None
            no = {"verdict": Verdict.REFUSED, "ground": "data_are_correct", "reasons": REASONS}
            assert await decide(house, request_id, "rectification", **no) is not None


class TestRefusal:
    async def test_carries_a_ground_of_that_right_and_reasons(self, house):
        """
        GDPR Art. 12(4): a no says why, on a ground the law knows for this right, in words somebody can understand.
        """
        async with house.working():
            request_id = await awaiting(house, "access")
            for said, refusal in (
                ({"ground": None, "reasons": REASONS}, GroundNeeded),
                ({"ground": "data_are_correct", "reasons": REASONS}, GroundNotAllowed),
                ({"ground": "excessive", "reasons": "Nej."}, ReasonsNeeded),
            ):
                with pytest.raises(refusal):
                    await decide(house, request_id, "access", verdict=Verdict.REFUSED, **said)

        assert await claim_states(house, request_id) == {"access": ("open", None)}

    async def test_is_held_by_the_database_too(self, house):
        """
        A refusal without ground and reasons cannot even be stored.
        """
        request_id = await house.file(CONTROLLER, "access")
        with pytest.raises(asyncpg.CheckViolationError):
            await house.sql("UPDATE claim SET verdict = 'refused' WHERE request_id = $1", request_id)

    async def test_is_told_with_ground_reasons_and_where_to_complain(self, house):
        """
        The letter names the ground, gives the reasons, and says IMY and court (GDPR Art. 12(4)).
        """
        async with house.working():
            request_id = await awaiting(house, "rectification")
            approval = await decide(
                house, request_id, "rectification", verdict=Verdict.REFUSED, ground="data_are_correct", reasons=REASONS
            )
            await approve(house, approval)
            seen = await house.until_closed(request_id)
        letters = await house.letters(request_id)

        assert seen.outcomes() == {"rectification": "refused"}
        assert set(letters) == {"receipt", "cooling_off_notice", "refusal"}
        assert all(part in letters["refusal"] for part in (REASONS, "Integritetsskyddsmyndigheten", "domstol"))
        assert house.effects("guard-company", "rectify") == []


class TestPartlyGranted:
    async def test_leaves_out_what_it_names_and_only_that(self, house):
        """
        The excluded category is in no task, in no answer and not in the package; the letter says so.
        """
        async with house.working():
            request_id = await awaiting(house, "access")
            approval = await decide(
                house,
                request_id,
                "access",
                verdict=Verdict.PARTLY_GRANTED,
                ground="rights_of_others",
                reasons=REASONS,
                exclude=["call_recording"],
            )
            await approve(house, approval)
            seen = await house.until_closed(request_id)
        asked = {category for task in seen.of("export") for category in task.categories}

        assert seen.outcomes() == {"access": "partly_granted"}
        assert "call_recording" not in asked
        assert "contact" in asked
        assert b"call_recording" not in await house.package(request_id)
        assert set(await house.letters(request_id)) == {"receipt", "fulfilment", "refusal"}

    @pytest.mark.parametrize(
        ("verdict", "exclude", "refusal"),
        [
            pytest.param(Verdict.PARTLY_GRANTED, [], NothingLeftOut, id="in part, of nothing"),
            pytest.param(Verdict.PARTLY_GRANTED, ["diary"], UnknownCategory, id="an unknown category"),
            pytest.param(Verdict.GRANTED, ["contact"], NothingLeftOut, id="a yes that leaves out"),
        ],
    )
    async def test_says_of_what(self, house, verdict, exclude, refusal):
        """
        In part means: these categories not. A yes leaves nothing out.
        """
        async with house.working():
            request_id = await awaiting(house, "access")
            why = {} if verdict is Verdict.GRANTED else {"ground": "rights_of_others", "reasons": REASONS}
            with pytest.raises(refusal):
                await decide(house, request_id, "access", verdict=verdict, exclude=exclude, **why)


class TestIdentity:
    async def test_comes_before_any_decision(self, house):
        """
        Nobody is granted anything, and nothing is asked of a processor, before it is known who asks.
        """
        async with house.working():
            request_id = await house.file(CONTROLLER, "rectification", assurance=Level.NONE)
            await house.until(request_id, lambda seen: seen.row.status == "identity_wanted")
            with pytest.raises(IdentityNotProven):
                await decide(house, request_id, "rectification", verdict=Verdict.GRANTED)
            assert (await house.see(request_id)).tasks == []

            async with house.tx() as tx:
                row = await steps.hold_open(tx, request_id)
                shown = {"method": "e_id", "number": BY_ID["anna-lindqvist"].personnummer}
                level = await casework.prove_identity(tx, house.ctx, row, **shown, actor=AGENT)
                assert level is Level.SUBSTANTIAL
            seen = await house.until_closed(request_id)

        assert seen.outcomes() == {"rectification": "granted"}

    async def test_is_never_proved_by_a_copy(self, house):
        """
        ID-card images and secret questions are no methods here (EDPB 01/2022, IMY-2022-1032).
        """
        request_id = await house.file(CONTROLLER, "rectification", assurance=Level.NONE)
        async with house.tx() as tx:
            row = await steps.hold_open(tx, request_id)
            with pytest.raises(UnknownMethod):
                await casework.prove_identity(tx, house.ctx, row, method="id_card_copy", actor=AGENT)

    async def test_that_cannot_be_proved_ends_the_claim_and_says_what_would_help(self, house):
        """
        R11-2, GDPR Art. 11(2): the controller shows it, to somebody who was told how it is proved; what needs no proof
        goes on.
        """
        async with house.working():
            request_id = await house.file(EVERY_KIND, "access", "marketing_objection", assurance=Level.NONE)
            await house.until(request_id, lambda seen: seen.row.status == "identity_wanted", staff=True)
            async with house.tx() as tx:
                row = await steps.hold_open(tx, request_id)
                with pytest.raises(GivingUpNeedsReason):
                    await casework.give_up_identity(tx, house.ctx, row, reason="Inte styrkt.", actor=AGENT)
            async with house.tx() as tx:
                row = await steps.hold_open(tx, request_id)
                await casework.give_up_identity(tx, house.ctx, row, reason=REASONS, actor=AGENT)
            seen = await house.until_closed(request_id)

        assert seen.outcomes()["access"] == "not_identified"
        assert seen.outcomes()["marketing_objection"] in ("granted", "partly_granted")
        assert "not_identified" in await house.letters(request_id)
        assert seen.of("export") == []


class TestWithdrawal:
    async def test_before_anything_was_asked_ends_the_claim(self, house):
        """
        A person may change their mind: the claim ends as withdrawn, with a letter, and nothing is asked of anybody.
        """
        async with house.working():
            request_id = await awaiting(house, "erasure")
            await decide(house, request_id, "erasure", verdict=Verdict.GRANTED)
            async with house.tx() as tx:
                await casework.withdraw(tx, await steps.hold_open(tx, request_id), rights=[], actor=CUSTOMER)
            seen = await house.until_closed(request_id)

        assert seen.outcomes() == {"erasure": "withdrawn"}
        assert "withdrawal" in await house.letters(request_id)
        assert await house.waiting_approvals(request_id) == []
        assert house.effects("guard-company", "erase") == []

    async def test_of_one_claim_leaves_the_others(self, house):
        """
        Each claim is its own: the copy is still made.
        """
        async with house.working():
            request_id = await awaiting(house, "access", "erasure")
            async with house.tx() as tx:
                await casework.withdraw(tx, await steps.hold_open(tx, request_id), rights=["erasure"], actor=CUSTOMER)
            seen = await house.until_closed(request_id)

        assert seen.outcomes() == {"access": "partly_granted", "erasure": "withdrawn"}

    async def test_of_what_was_never_claimed_is_refused(self, house):
        """
        Only what was asked can be taken back.
        """
        request_id = await house.file(CONTROLLER, "access")
        async with house.tx() as tx:
            with pytest.raises(UnknownClaim):
                await casework.withdraw(tx, await steps.hold_open(tx, request_id), rights=["erasure"], actor=CUSTOMER)

    async def test_comes_too_late_once_processors_were_asked(self, house):
        """
        What is being carried out is not undone halfway: it runs to its end and is told.
        """
        house.by_hand = lambda _task: None
        async with house.working():
            request_id = await awaiting(house, "rectification")
            await decide(house, request_id, "rectification", verdict=Verdict.GRANTED)
            await house.until(request_id, lambda seen: seen.of("rectify"), staff=True)
            async with house.tx() as tx:
                with pytest.raises(AlreadyUnderWay):
                    await casework.withdraw(tx, await steps.hold_open(tx, request_id), rights=[], actor=CUSTOMER)


class TestOrderOfExecution:
    async def test_seals_the_copy_before_anything_is_erased(self, house):
        """
        Access and erasure in one request: no processor erases before the package is sealed; their ledgers prove it.
        """
        async with house.working():
            request_id = await house.file(EVERY_KIND, "erasure", "access", person="omar-aziz")
            seen = await house.until_closed(request_id)
        done = [*house.effects("billing"), *house.effects("crm"), *house.effects("guard-company")]
        exported = [one["at"] for one in done if one["action"] == "export"]
        erased = [one["at"] for one in done if one["action"] == "erase"]
        chain = await house.steps_of(request_id)
        (package,) = await house.sql("SELECT sealed_at FROM package")

        assert seen.outcomes() == {"access": "partly_granted", "erasure": "partly_granted"}
        # The guard company holds what the running alarm works with, and is not asked to erase it.
        assert (len(exported), len(erased)) == (3, 2)
        assert max(exported) < min(erased)
        assert all(task.created_at >= package["sealed_at"] for task in seen.of("erase"))
        assert chain.index("package:sealed") < len(chain) - 1 - chain[::-1].index("task:created")

    async def test_keeps_to_what_processors_wait_for(self, house):
        """
        Dialling lists are made from the customer register: telephony erases only after the register has.
        """
        async with house.working():
            seen = await house.until_closed(await house.file(EVERY_KIND, "erasure", person="omar-aziz"))
        (first,), (then,) = seen.of("erase", "webcrm"), seen.of("erase", "senzum")

        assert then.created_at >= first.closed_at

    async def test_names_what_the_law_keeps_and_until_when(self, house):
        """
        A retained outcome makes the claim partly granted, with law and last day in the letter (GDPR Art. 17(3)(b)).
        """
        async with house.working():
            request_id = await house.file(EVERY_KIND, "erasure", person="omar-aziz")
            seen = await house.until_closed(request_id)
            (billing,) = seen.of("erase", "billecta")
            async with house.tx() as tx:
                row = await steps.hold(tx, request_id)
                kept = tasks.answer_of(house.ctx, row, billing)["retained"]
        letter = (await house.letters(request_id))["fulfilment"]

        assert seen.outcomes() == {"erasure": "partly_granted"}
        assert {one["law"] for one in kept} == {"BFL_7_2"}
        assert "okföringslagen" in letter
        assert all(f"31 december {one['until'][:4]}" in letter for one in kept)


class TestManualTask:
    async def test_waits_for_a_person_and_says_so(self, house):
        """
        A recipient that only people reach is a task for staff from the start; the case waits, it does not skip it.
        """
        house.by_hand = lambda _task: None
        async with house.working():
            request_id = await awaiting(house, "access")
            await decide(house, request_id, "access", verdict=Verdict.GRANTED)
            seen = await house.until(request_id, lambda seen: seen.row.status == "needs_person")
        (task,) = seen.of("export", "own-records")

        assert (task.state, task.attention, task.attempts) == ("needs_person", "manual", 0)

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            pytest.param({"outcome": "refused"}, ReasonMissing, id="a no without a reason"),
            pytest.param({"outcome": "failed"}, ReasonMissing, id="a failure without a reason"),
            pytest.param({"outcome": "completed_partial"}, ReasonMissing, id="a part without a reason"),
            pytest.param({"outcome": "accepted"}, OutcomeNotAPersons, id="no end"),
        ],
    )
    async def test_ends_with_a_word_that_ends_it(self, house, said, refusal):
        """
        A person ends a task with what came of it, and with a reason where nothing came of it.
        """
        house.by_hand = lambda _task: None
        async with house.working():
            request_id = await awaiting(house, "access")
            await decide(house, request_id, "access", verdict=Verdict.GRANTED)
            seen = await house.until(request_id, lambda seen: seen.row.status == "needs_person")
            (task,) = seen.of("export", "own-records")
            async with house.tx() as tx:
                with pytest.raises(refusal):
                    await tasks.resolve(tx, house.ctx, task.id, said, actor=AGENT)

    async def test_that_could_not_be_done_makes_the_answer_a_part_only(self, house):
        """
        The decision said yes, a recipient said no: the claim is partly granted, with the reason in the letter.
        """
        house.by_hand = lambda _task: {"outcome": "refused", "reason": "archive_flooded", "message": "Arkivet är vått."}
        async with house.working():
            request_id = await house.file(CONTROLLER, "access")
            seen = await house.until_closed(request_id)

        assert seen.outcomes() == {"access": "partly_granted"}
        assert "Arkivet är vått." in (await house.letters(request_id))["fulfilment"]

    async def test_is_not_ended_twice(self, house):
        """
        What one colleague has recorded another does not overwrite.
        """
        async with house.working():
            seen = await house.until_closed(await house.file(CONTROLLER, "access"))
        (task,) = seen.of("export", "own-records")
        async with house.tx() as tx:
            with pytest.raises(TaskOver):
                await tasks.resolve(tx, house.ctx, task.id, {"outcome": "not_found"}, actor=COLLEAGUE)


class TestStuckTask:
    async def test_is_sent_again_under_its_own_key(self, house):
        """
        A processor that refused by mistake is asked once more: same task, same key, one effect.
        """
        house.by_hand = lambda _task: None
        house.script("telephony", faults.Status(fault="status", status=422, action="export"))
        async with house.working():
            request_id = await awaiting(house, "access")
            await decide(house, request_id, "access", verdict=Verdict.GRANTED)
            seen = await house.until(request_id, _is_stuck)
            (stuck,) = seen.of("export", "telephony")
            async with house.tx() as tx:
                await tasks.retry(tx, house.ctx, stuck.id, actor=AGENT)
            seen = await house.until(request_id, lambda seen: seen.of("export", "telephony")[0].state == "closed")
        (task,) = seen.of("export", "telephony")
        keys = [one["idempotency_key"] for one in house.effects("telephony", "export")]

        assert (stuck.attention, task.outcome, task.attempts) == ("failed", "completed", 2)
        assert keys == [str(task.id)]

    async def test_of_a_processor_nobody_can_call_is_not_sent(self, house):
        """
        A manual recipient has nobody to send to: a person has to do it.
        """
        house.by_hand = lambda _task: None
        async with house.working():
            request_id = await awaiting(house, "access")
            await decide(house, request_id, "access", verdict=Verdict.GRANTED)
            seen = await house.until(request_id, lambda seen: seen.of("export", "own-records"))
            async with house.tx() as tx:
                with pytest.raises(tasks.TaskUnderWay):
                    await tasks.retry(tx, house.ctx, seen.of("export", "own-records")[0].id, actor=AGENT)


def _is_stuck(seen):
    return seen.of("export", "telephony") and seen.of("export", "telephony")[0].state == "needs_person"


class TestPackage:
    async def test_is_released_by_somebody_else_than_the_requester(self, house):
        """
        A person looks before anything leaves, and it is not the one who asked.
        """
        house.releases = False
        async with house.working():
            request_id = await house.file(CONTROLLER, "access")
            await house.until(request_id, lambda seen: seen.row.status == "awaiting_release", staff=True)
            async with house.tx() as tx:
                row = await steps.hold_open(tx, request_id)
                with pytest.raises(packaging.ReleasedByTheRequester):
                    await house.release(tx, row, actor=CUSTOMER)

    async def test_is_handed_out_once_per_token_to_its_own_person(self, house):
        """
        F30: no data by mail, but a link behind the person's own login. Its token works once, for the person it was made
        for, while the package waits (30 days).
        """
        mine, somebody_elses = b"m" * 32, b"s" * 32
        async with house.working():
            request_id = await house.file(CONTROLLER, "access")
            await house.until_closed(request_id)
        async with house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, request_id)
            token, expires_at, uses = await packaging.new_download(tx, house.ctx, row, subject_key=mine, actor=CUSTOMER)
            assert timedelta() < expires_at - tx.now <= timedelta(hours=72)
        assert uses == 1
        async with house.tx(packaging.controller_of(house.ctx, token)) as tx:
            with pytest.raises(packaging.UnknownDownload):
                await packaging.open_download(tx, house.ctx, token, subject_keys=[somebody_elses], actor=CUSTOMER)
            download = await packaging.open_download(tx, house.ctx, token, subject_keys=[mine], actor=CUSTOMER)
            content = b"".join([chunk async for chunk in download.chunks])
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(packaging.UnknownDownload):
                await packaging.open_download(tx, house.ctx, token, subject_keys=[mine], actor=CUSTOMER)

        assert content == await house.package(request_id)
        assert token not in str(await house.sql("SELECT d::text FROM download d"))


class TestDecision:
    async def test_is_made_once(self, house):
        """
        A decided claim is not decided again; a follow-up is a new request.
        """
        async with house.working():
            request_id = await awaiting(house, "access")
            await decide(house, request_id, "access", verdict=Verdict.GRANTED)
            with pytest.raises(ClaimNotOpen):
                await decide(house, request_id, "access", verdict=Verdict.GRANTED, actor=COLLEAGUE)

    async def test_waits_for_nobody_where_the_law_leaves_no_choice(self, house):
        """
        A marketing objection is granted at once, without proof of identity (GDPR Art. 21(2)-(3)).
        """
        house.by_hand = lambda _task: {"outcome": "completed", "message": "Struken."}
        async with house.working():
            request_id = await house.file(EVERY_KIND, "marketing_objection", assurance=Level.NONE)
            seen = await house.until_closed(request_id)
        (claim,) = seen.claims

        assert (claim.outcome, claim.decided_by) == ("granted", "insyn")
        assert "request:identity_asked" not in await house.steps_of(request_id)
        assert {one["action"] for one in house.effects("crm")} == {"locate", "stop_marketing"}
