"""
Withdrawn consent, objections, marketing: what stops at once, and what that raises.
"""

from dataclasses import replace

import pytest

from app.domain.decisions import GroundNotAllowed, Verdict
from app.domain.erasure_decision import Entry, NothingToErase
from app.domain.identity import Level
from app.repositories import registry
from app.services import erasing, erasure_views, orders, steps, views
from tests.services.by_hand import (
    CONTROLLER,
    DONE,
    REASONS,
    answer_all,
    approve,
    claim_of,
    decide,
    found,
    grant,
    look,
    open_tasks,
)

#: Its policy ties emergency contacts to a legitimate interest and to nothing else.
SENSOR = "sensor-alarm"


async def waiting(house, *rights, controller=SENSOR, **changed):
    """A request whose person everybody has found."""
    request_id = await house.file(controller, *rights, **changed)
    await answer_all(house, request_id)
    return request_id


def resting_on(house, category, *bases):
    """Let the policy tie one of westra's categories to these bases, with no gap left."""
    profile = house.ctx.profile(CONTROLLER)
    changed = [
        one.model_copy(update={"legal_bases": one.legal_bases.model_copy(update={"values": bases, "gap": None})})
        if one.id == category
        else one
        for one in profile.categories
    ]
    profiles = {**house.ctx.profiles, CONTROLLER: profile.model_copy(update={"categories": tuple(changed)})}
    house.ctx = replace(house.ctx, profiles=profiles)


async def raised(house, request_id):
    async with house.tx() as tx:
        return (await views.staff_request(tx, house.ctx, await steps.hold(tx, request_id)))["raised"]


class TestWithdrawnConsent:
    async def test_stops_at_once_and_cannot_be_refused(self, house):
        """
        R7-1, R7-4: at any time, without anybody weighing it, confirmed like any answer.
        """
        request_id = await found(house, "consent_withdrawal", assurance=Level.CHANNEL)
        seen = await look(house, request_id)
        claim = claim_of(seen, "consent_withdrawal")

        assert claim.verdict == "granted"
        assert seen.of("stop_purposes")
        assert "fulfilment" in await house.letters(request_id)

    async def test_is_recorded_with_its_instant_and_works_forward(self, house):
        """
        R7-2: ``withdrawn_at`` is when it reached the controller; what was done before stays lawful, and is told so.
        """
        request_id = await found(house, "consent_withdrawal")
        seen = await look(house, request_id)
        letter = (await house.letters(request_id))["fulfilment"]

        assert claim_of(seen, "consent_withdrawal").basis["withdrawn_at"] == seen.row.received_at.isoformat()
        assert "innan dess var tillåtet" in letter

    async def test_stops_only_what_rests_on_consent(self, house):
        """
        R7-3: what the policy ties to contract, law or interest goes on; each is told that only consent ended.
        """
        request_id = await house.file(SENSOR, "consent_withdrawal")
        stops = []
        while tasks := open_tasks(await look(house, request_id)):
            stops += [task for task in tasks if task.action == "stop_purposes"]
            await answer_all(house, request_id)
        stops = (await house.see(request_id)).of("stop_purposes")
        asked = {category for task in stops for category in task.categories}
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            details = await orders.details_for(tx, house.ctx, row, stops[0])

        assert "customer" in asked
        assert not asked & {"gps", "arm_disarm_history", "emergency_contacts", "bookkeeping_records"}
        assert details["legal_bases"] == ["consent"]

    async def test_raises_erasure_where_nothing_else_carries_the_data(self, house):
        """
        R7-3: ground 17(1)(b), a claim of its own in the same request, which people decide.
        """
        resting_on(house, "photo_video", "consent")
        request_id = await found(house, "consent_withdrawal")
        seen = await look(house, request_id)
        erasure = claim_of(seen, "erasure")

        assert (erasure.raised_by, erasure.state, erasure.scope) == ("R7-3", "open", ["photo_video"])
        assert seen.of("erase") == []
        assert seen.row.status == "awaiting_decision"

    async def test_raises_none_where_the_policy_leaves_it_open(self, house):
        """
        R7-3: a gap is no proof that nothing else carries the data; staff are told to look.
        """
        request_id = await found(house, "consent_withdrawal")
        seen = await look(house, request_id)
        (note,) = await raised(house, request_id)

        assert [one.right for one in seen.claims] == ["consent_withdrawal"]
        assert (note["rule"], note["categories"]) == ("R7-3", [])
        assert "contact" in note["unclear"]


class TestRaisedErasure:
    async def test_is_never_carried_out_by_itself_and_reaches_its_scope_alone(self, house):
        """
        R21-4: 17(1)(c) after an objection that succeeded; two people decide, and nothing else is erased.
        """
        request_id = await waiting(house, "objection")
        await grant(house, request_id, "objection")
        before = await answer_all(house, request_id)
        await grant(house, request_id, "erasure")
        after = await answer_all(house, request_id)

        assert (claim_of(before, "erasure").raised_by, claim_of(before, "erasure").scope) == (
            "R21-4",
            ["emergency_contacts"],
        )
        assert (before.of("erase"), before.is_closed) == ([], False)
        assert {category for task in after.of("erase") for category in task.categories} == {"emergency_contacts"}
        assert after.outcomes() == {"objection": "granted", "erasure": "granted"}
        letter = (await house.letters(request_id))["fulfilment"]
        assert "Det här har du inte själv begärt" in letter
        assert "artikel 17.1 c" in letter

    async def test_is_planned_for_its_scope_alone(self, house):
        """
        R21-4: nothing is proposed, decided or kept of what it was not raised for; a running alarm's contacts are a no.
        """
        request_id = await house.file(SENSOR, "objection")
        await answer_all(house, request_id, lambda _task: DONE | {"facts": {"contract": "active"}})
        await grant(house, request_id, "objection")
        await answer_all(house, request_id)
        other = Entry(category="gps", verdict="erase", ground="objection")
        with pytest.raises(erasing.UnknownPlannedCategory):
            await decide(house, request_id, "erasure", plan=erasing.Said(entries=(other,)))
        with pytest.raises(NothingToErase):
            await decide(house, request_id, "erasure")
        async with house.tx() as tx:
            planned = await erasure_views.planned_of(tx, house.ctx, await steps.hold(tx, request_id))

        assert {category: one["fate"] for category, one in planned.items()} == {"emergency_contacts": "keep_while"}

    async def test_may_be_turned_down_like_any_other(self, house):
        """
        R21-4: the service raises, people decide, with ground, reasons and a second person.
        """
        request_id = await waiting(house, "objection")
        await grant(house, request_id, "objection")
        await answer_all(house, request_id)
        no = {"verdict": Verdict.REFUSED, "ground": "legal_claims", "reasons": REASONS}
        await approve(house, await decide(house, request_id, "erasure", **no))
        seen = await answer_all(house, request_id)

        assert seen.outcomes() == {"objection": "granted", "erasure": "refused"}

    async def test_does_not_come_twice(self, house):
        """
        Who asked for erasure in the same letter has a claim already; staff see what else speaks for it.
        """
        request_id = await waiting(house, "objection", "erasure")
        await grant(house, request_id, "objection")
        seen = await house.see(request_id)
        (note,) = await raised(house, request_id)

        assert sorted(one.right for one in seen.claims) == ["erasure", "objection"]
        assert claim_of(seen, "erasure").raised_by is None
        assert note["claim_id"] == str(claim_of(seen, "erasure").id)

    async def test_does_not_come_of_an_objection_that_was_turned_down(self, house):
        """
        R21-4: only a successful objection.
        """
        request_id = await waiting(house, "objection")
        no = {"verdict": Verdict.REFUSED, "ground": "compelling_grounds", "reasons": REASONS}
        await approve(house, await decide(house, request_id, "objection", **no))
        seen = await answer_all(house, request_id)

        assert seen.outcomes() == {"objection": "refused"}


class TestMarketing:
    async def test_stops_in_every_channel_at_once_whoever_asks(self, house):
        """
        R21-2, F12, F13: no proof beyond finding, no person, every system that can stop it.
        """
        request_id = await waiting(house, "marketing_objection", assurance=Level.NONE)
        seen = await look(house, request_id)
        async with house.tx(SENSOR) as tx:
            able = {one.key for one in await registry.processors_of(tx, [SENSOR]) if "stop_marketing" in one.actions}

        assert {seen.keys[task.processor_id] for task in seen.of("stop_marketing")} == able
        assert (seen.outcomes(), seen.is_closed) == ({"marketing_objection": "granted"}, True)
        assert "claim:decided" in await house.steps_of(request_id)

    async def test_is_not_held_up_by_what_else_was_asked(self, house):
        """
        F13: a copy that waits for proof, or a decision that waits for people, delays no stop.
        """
        request_id = await house.file(SENSOR, "access", "marketing_objection", assurance=Level.NONE)
        seen = await answer_all(house, request_id)

        assert seen.of("stop_marketing")
        assert claim_of(seen, "access").state == "open"

    async def test_cannot_be_refused(self, house):
        """
        R21-2: unconditional; there is no ground for a no.
        """
        request_id = await house.file(SENSOR, "marketing_objection")
        for ground in ("excessive", "compelling_grounds"):
            with pytest.raises(GroundNotAllowed):
                await decide(
                    house,
                    request_id,
                    "marketing_objection",
                    verdict=Verdict.REFUSED,
                    ground=ground,
                    reasons=REASONS,
                )

    async def test_said_again_is_granted_again_and_undoes_nothing(self, house):
        """
        F13: one try is enough; a second one is answered like the first and starts nothing again.
        """
        for _ in range(2):
            request_id = await waiting(house, "marketing_objection", assurance=Level.NONE)
            seen = await look(house, request_id)
            assert seen.outcomes() == {"marketing_objection": "granted"}
        (lifted,) = await house.sql("SELECT count(*) FROM task WHERE action NOT IN ('locate', 'stop_marketing')")

        assert lifted[0] == 0
