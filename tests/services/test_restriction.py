"""
Restriction as a state that outlives its request: set by itself or by what was done, looked up, announced, lifted.
"""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from app import clock
from app.domain.decisions import Verdict
from app.domain.fanout import TaskState
from app.domain.finding import Known, NothingToLookUp
from app.domain.four_eyes import SecondPersonNeeded
from app.domain.identity import Level
from app.domain.restrictions import (
    ErasureRestricted,
    LiftAsked,
    LiftingDayNotCome,
    NoticeGiven,
    NoticeNotOut,
    RestrictionLifted,
    UseNotPermitted,
)
from app.repositories import outward
from app.services import approving, casework, intake, orders, restricting, steps
from app.services.context import Actor
from app.services.intake import Identifier, NewClaim
from sandbox.people import BY_ID
from tests.harness.house import AGENT, APPROVER, CUSTOMER
from tests.services.by_hand import CONTROLLER, REASONS, answer, answer_all, approve, decide, found, grant, look

ANNA = BY_ID["anna-lindqvist"]
SYSTEM = Actor("integrator", "55555555-5555-4555-8555-555555555555")
NO = {"verdict": Verdict.REFUSED, "ground": "compelling_grounds", "reasons": REASONS}


async def restriction_of(house, request_id):
    async with house.tx() as tx:
        rows = await outward.restrictions_of(tx, request_id)
        assert len(rows) == 1
        return rows[0]


async def restricted(house, ground="accuracy_contested", **changed):
    """A request for restriction, carried out everywhere and closed."""
    request_id = await found(house, "restriction", claims=[NewClaim("restriction", {"ground": ground})], **changed)
    await grant(house, request_id, "restriction")
    seen = await answer_all(house, request_id)
    assert seen.is_closed
    return request_id, await restriction_of(house, request_id)


async def announce(house, restriction, *, days=3, ending="accuracy_verified"):
    async with house.tx() as tx:
        return await restricting.announce_lift(
            tx,
            house.ctx,
            restriction.id,
            ending=ending,
            outcome="Adressen stämmer med folkbokföringen.",
            lifting_on=house.ctx.today(CONTROLLER, tx.now) + timedelta(days=days),
            then="Vi använder adressen igen för fakturor och utryckning.",
            actor=AGENT,
        )


async def ask(house, restriction):
    async with house.tx() as tx:
        return (await restricting.ask_lift(tx, house.ctx, restriction.id, actor=AGENT))[1]


async def pass_days(house, days):
    async with house.tx() as tx:
        await clock.move(tx.session, to=tx.now + timedelta(days=days))


async def looked_up(house, *named, controllers=(CONTROLLER,)):
    async with house.tx(*controllers) as tx:
        found_ = await restricting.look_up(tx, house.ctx, named, controllers=list(controllers), actor=SYSTEM)
        return [restricting.found_view(one) for one in found_]


async def email_of(house, request_id):
    async with house.tx() as tx:
        known = orders.known_as(house.ctx, await steps.hold(tx, request_id))
        return next(Known(one.type, one.value, vouched=False) for one in known if one.type == "email")


class TestPendingObjection:
    async def test_restricts_at_everybody_who_holds_the_data_and_is_found_by_the_controllers_systems(self, house):
        """
        R18-1 (d), R21-1: at once, before anybody decides; alarm handling that protects others goes on (R18-2).
        """
        request_id = await house.file(CONTROLLER, "objection")
        await look(house, request_id)
        for task in (await house.see(request_id)).of("locate"):
            await answer(house, task)
        seen = await look(house, request_id)
        restriction = await restriction_of(house, request_id)
        async with house.tx() as tx:
            details = await orders.details_for(tx, house.ctx, seen.row, seen.of("restrict", "alarm-centre")[0])

        assert {seen.keys[task.processor_id] for task in seen.of("restrict")} == {
            *("alarm-centre", "telephony", "own-records", "processors"),
        }
        assert details == {
            "ground": "objection_pending",
            "permitted": ["storage", "consent", "legal_claims", "protect_others", "public_interest"],
            "live_alarm": "override_with_reason",
        }
        (one,) = await looked_up(house, await email_of(house, request_id))
        assert (one["id"], one["ground"]) == (restriction.id, "objection_pending")
        assert "contact" in one["categories"]

    @pytest.mark.parametrize("no", [False, True])
    async def test_is_decided_as_before_and_leaves_its_restriction_to_people(self, house, no):
        """
        R18-3: upheld or refused, the lifting is proposed and nothing is lifted by itself.
        """
        request_id = await found(house, "objection")
        if no:
            await approve(house, await decide(house, request_id, "objection", **NO))
        else:
            await grant(house, request_id, "objection")
        seen = await answer_all(house, request_id)
        restriction = await restriction_of(house, request_id)
        letter = (await house.letters(request_id))["refusal" if no else "fulfilment"]

        assert seen.is_closed
        assert seen.outcomes() == {"objection": "refused" if no else "granted"}
        assert (restricting.state_of(restriction), restriction.lifted_at) == ("lift_proposed", None)
        assert await looked_up(house, await email_of(house, request_id))
        assert "innan begränsningen hävs" in letter

    async def test_may_be_withdrawn_once_the_restriction_has_been_answered(self, house):
        """
        A restriction meanwhile is nothing done for the objection; the person may still take it back.
        """
        request_id = await found(house, "objection")
        async with house.tx() as tx:
            await casework.withdraw(tx, await steps.hold_open(tx, request_id), rights=[], actor=CUSTOMER)
        seen = await answer_all(house, request_id)

        assert seen.outcomes() == {"objection": "withdrawn"}
        assert restricting.state_of(await restriction_of(house, request_id)) == "lift_proposed"


class TestContestedAccuracy:
    async def test_restricts_from_the_next_day_on(self, house):
        """
        R18-1 (a): a correction that is not made at once is checked, and meanwhile the data are not used.
        """
        request_id = await found(house, "rectification")
        assert not (await house.see(request_id)).of("restrict")
        await pass_days(house, 1)
        seen = await look(house, request_id)

        assert seen.of("restrict")
        assert (await restriction_of(house, request_id)).ground == "accuracy_contested"


class TestLookup:
    async def test_finds_by_exact_identifiers_also_when_the_request_is_closed(self, house):
        """
        R18-2: whoever is about to use the data can ask; every reading is in the chain.
        """
        request_id, restriction = await restricted(house)
        email = await email_of(house, request_id)

        assert [one["id"] for one in await looked_up(house, email)] == [restriction.id]
        assert await looked_up(house, Known("email", "someone.else@example.org", vouched=False)) == []
        assert await looked_up(house, email, controllers=("westila",)) == []
        assert (await house.steps_of(request_id)).count("restriction:read") == 1

    async def test_is_not_moved_by_what_somebody_only_typed(self, house):
        """
        R18-2: nobody has a former partner's data restricted by writing down their address; nor a whole household's.
        """
        typed = Identifier("email", "bjorn@example.org", vouched=False)
        number = Identifier("customer_number", "k-10023")
        address = Identifier("address", "exempelvägen 1")
        request_id, _ = await restricted_typed(house, [number, address, typed])

        assert await looked_up(house, Known("customer_number", "k-10023", vouched=False))
        assert await looked_up(house, Known("email", "bjorn@example.org", vouched=False)) == []
        with pytest.raises(NothingToLookUp):
            await looked_up(house, Known("address", "exempelvägen 1", vouched=False))
        assert request_id

    @pytest.mark.parametrize("number", [True, False], ids=["a number", "no number"])
    async def test_finds_whoever_was_compared_r18_2(self, house, number):
        """
        R18-2, R21-1, F08: it holds while the objection is weighed; what nobody has compared leads nobody to it.
        """
        request_id = await objected_by_phone(house, number=ANNA.personnummer if number else None)
        restriction = await restriction_of(house, request_id)
        card = Known("customer_number", str(ANNA.customer_number).casefold(), vouched=False)
        async with house.tx() as tx:
            (before,) = await restricting.seen(tx, [restriction])
        assert (before["found_by"], await looked_up(house, card)) == (1 if number else 0, [])

        await decide(house, request_id, "objection", identifiers_checked=True)
        async with house.tx() as tx:
            (after,) = await restricting.seen(tx, [restriction])
        assert after["found_by"] == 4
        assert [one["id"] for one in await looked_up(house, card)] == [restriction.id]

    async def test_outlives_its_request(self, house):
        """
        R18-2: our own retention deletes the request; the restriction holds until it is lifted.
        """
        request_id, restriction = await restricted(house)
        email = await email_of(house, request_id)
        await house.sql("DELETE FROM request WHERE id = $1", request_id)

        assert [one["id"] for one in await looked_up(house, email)] == [restriction.id]
        async with house.tx() as tx:
            assert await outward.requests_restricting(tx, [request_id, uuid4()]) == {request_id}


async def objected_by_phone(house, *, number):
    """Somebody called and objects; they were seen afterwards, and everybody who was asked knows the person."""
    async with house.tx(CONTROLLER) as tx:
        new = house.request_of(
            ANNA, CONTROLLER, ["objection"], received_at=tx.now, channel="phone", assurance=Level.NONE,
            requester_ref=None, identifiers=[Identifier(type_, value) for type_, value in ANNA.identifiers],
        )  # fmt: skip
        request_id = (await intake.file(tx, house.ctx, new, actor=AGENT)).id
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        await casework.prove_identity(tx, house.ctx, row, method="seen_in_person", number=number, actor=AGENT)
    for task in (await look(house, request_id)).of("locate"):
        await answer(house, task)
    await look(house, request_id)
    return request_id


async def restricted_typed(house, identifiers):
    """As :func:`restricted`, decided while the restriction is only pending: an objection."""
    request_id = await found(house, "objection", identifiers=identifiers)
    return request_id, await restriction_of(house, request_id)


class TestUse:
    async def test_of_restricted_data_says_what_for_and_why(self, house):
        """
        R18-2: alarm handling that protects somebody is permitted, and never silent; advertising is not permitted.
        """
        request_id, restriction = await restricted(house)
        async with house.tx() as tx:
            found_ = await outward.restriction(tx, restriction.id)
            await restricting.use(tx, found_, use="protect_others", reason="alarm_response", actor=SYSTEM)
            with pytest.raises(UseNotPermitted):
                await restricting.use(tx, found_, use="marketing", reason="campaign", actor=SYSTEM)

        assert "restriction:used" in await house.steps_of(request_id)


class TestErasure:
    @pytest.mark.parametrize("ground", ["erasure_opposed", "needed_for_claims"])
    async def test_is_not_granted_while_the_person_wants_the_data_kept(self, house, ground):
        """
        R18-1 (b), (c): whoever asks in that person's name; first the restriction is lifted, after its notice.
        """
        await restricted(house, ground)
        request_id = await found(house, "erasure")
        with pytest.raises(ErasureRestricted):
            await decide(house, request_id, "erasure")

    async def test_granted_before_stands_still_until_the_restriction_is_lifted(self, house):
        """
        R18-1 (c): a yes that was given already erases nothing either, and the case says why it waits.
        """
        erasing = await found(house, "erasure")
        waits = await decide(house, erasing, "erasure")
        await restricted(house, "needed_for_claims")
        await approve(house, waits)
        seen = await answer_all(house, erasing)

        assert (seen.of("erase"), seen.row.status) == ([], "restricted")

    async def test_is_granted_under_a_restriction_that_does_not_oppose_it(self, house):
        """
        R18-1 (a): contested accuracy keeps nobody from having the data erased.
        """
        await restricted(house)
        request_id = await found(house, "erasure")
        await grant(house, request_id, "erasure")

        assert (await house.see(request_id)).of("erase")


class TestLift:
    async def test_comes_after_its_notice_and_its_day_by_two_people_and_is_told_to_everybody(self, house):
        """
        R18-3, R18-4: notice, day, second person; then processors lift and recipients are told. The request stays
        closed all the while.
        """
        request_id, restriction = await restricted(house)
        with pytest.raises(NoticeNotOut):
            await ask(house, restriction)
        await announce(house, restriction)
        with pytest.raises(LiftingDayNotCome):
            await ask(house, restriction)
        await pass_days(house, 3)
        approval = await ask(house, restriction)
        with pytest.raises(LiftAsked):
            await ask(house, restriction)
        for same in (AGENT, CUSTOMER):
            with pytest.raises(SecondPersonNeeded):
                await approve(house, approval, actor=same)
        await approve(house, approval)
        seen = await look(house, request_id)

        assert seen.is_closed
        assert {seen.keys[task.processor_id] for task in seen.of("lift_restriction")} == {
            *("alarm-centre", "telephony", "own-records", "processors"),
        }
        assert seen.row.next_at is not None
        assert not [t for t in seen.of("lift_restriction") if t.answer_by <= house.ctx.today(CONTROLLER, t.created_at)]

        for task in seen.of("lift_restriction"):
            await answer(house, task)
        await look(house, request_id)
        async with house.tx() as tx:
            await house.tell_everybody(tx, await steps.hold(tx, request_id))
        seen = await look(house, request_id)
        async with house.tx() as tx:
            told = {entry.about: entry.state for entry in await outward.entries_of(tx, request_id)}
            chain = await house.steps_of(request_id)

        assert (seen.row.next_at, seen.row.phase) == (None, "closed")
        assert told["lift"] in ("sent", "confirmed")
        assert "restriction:lifted" in chain
        assert await looked_up(house, await email_of(house, request_id)) == []
        with pytest.raises(RestrictionLifted):
            await ask(house, restriction)

    async def test_is_done_at_the_processors_by_workers_long_after_the_case(self, house):
        """
        R18-4: a callback is taken although the case's statutory time is over, and the processor uses the data again.
        """
        async with house.working():
            request_id = await house.file(CONTROLLER, "restriction")
            await house.until_closed(request_id)
        restriction = await restriction_of(house, request_id)
        await pass_days(house, 200)
        await announce(house, restriction, days=1)
        await pass_days(house, 1)
        await approve(house, await ask(house, restriction))
        async with house.working():
            seen = await house.until(
                request_id,
                lambda seen: (
                    seen.of("lift_restriction")
                    and all(task.state == TaskState.CLOSED for task in seen.of("lift_restriction"))
                ),
                staff=True,
            )

        assert seen.is_closed
        assert [one["outcome"] for one in house.effects("guard-company", "lift_restriction")] == ["completed"]

    async def test_is_told_in_a_letter_with_all_its_parts(self, house):
        """
        R18-3: the ground that ended, the outcome, a later day, what is processed then, complaint and court; told once.
        """
        request_id, restriction = await restricted(house)
        await announce(house, restriction)
        letter = (await house.letters(request_id))[f"restriction_lifting:{restriction.id}"]
        with pytest.raises(NoticeGiven):
            await announce(house, restriction, days=9)

        for part in (
            "Du har sagt att uppgifterna är fel",
            "artikel 18.1 a",
            "Vi har kontrollerat uppgifterna och de stämmer.",
            "Adressen stämmer med folkbokföringen.",
            "Vi använder adressen igen för fakturor",
            "Integritetsskyddsmyndigheten",
            "allmän domstol",
        ):
            assert part in letter

    async def test_waits_for_a_notice_that_is_written_and_not_out(self, house):
        """
        R18-3: a letter on its way has told nobody yet.
        """
        _, restriction = await restricted(house)
        await announce(house, restriction)
        await house.sql("UPDATE letter SET sent_at = NULL WHERE kind = 'restriction_lifting'")
        await pass_days(house, 3)
        with pytest.raises(NoticeNotOut):
            await ask(house, restriction)

    async def test_that_the_second_person_rejects_leaves_all_as_it_is(self, house):
        """
        R18-3: it may be asked for again.
        """
        _, restriction = await restricted(house)
        await announce(house, restriction)
        await pass_days(house, 3)
        approval = await ask(house, restriction)
        async with house.tx() as tx:
            await approving.give(tx, house.ctx, approval.id, approved=False, reason="Läst.", actor=APPROVER)

        assert (await ask(house, restriction)).about == restriction.id

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE restriction SET lifted_at = now(), lift_asked_by = 'a', lift_approved_by = 'b'",
            "UPDATE restriction SET lifted_at = notice_sent_at, lift_asked_by = 'a', lift_approved_by = 'b',"
            " notice_sent_at = now(), lifting_on = now()",
            "UPDATE restriction SET notice_sent_at = now() - interval '1 day', lifting_on = now(), lifted_at = now()",
            "UPDATE restriction SET lift_approved_by = 'a', lift_asked_by = 'a'",
            "UPDATE restriction SET lift_approved_by = 'a'",
            "UPDATE restriction SET ground = 'because'",
        ],
    )
    async def test_is_held_by_the_database_where_the_code_is_walked_round(self, house, statement):
        """
        R18-3: no statement of anybody's lifts without notice, before it, alone, or without a second person.
        """
        _, restriction = await restricted(house)
        if "lifted_at = notice_sent_at" in statement:
            await house.sql("UPDATE restriction SET notice_sent_at = now() WHERE id = $1", restriction.id)
        with pytest.raises(asyncpg.CheckViolationError):
            await house.sql(statement)


class TestNobodyKnown:
    async def test_restricts_nothing(self, house):
        """
        Whoever has proved nothing restricts nobody's data.
        """
        request_id = await house.file(CONTROLLER, "objection", assurance=Level.NONE)
        await answer_all(house, request_id)
        async with house.tx() as tx:
            assert await outward.restrictions_of(tx, request_id) == []
