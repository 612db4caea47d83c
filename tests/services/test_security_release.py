"""
What shows how a home is protected leaves on two people's word, and time has its say too: B3, the burglar.
"""

import asyncpg
import pytest

from app.domain.four_eyes import SecondPersonNeeded
from app.domain.identity import Level
from app.services import approving, packaging, steps
from app.services.four_eyes import ApprovalGiven
from app.services.packaging import PackageNotSeen, ReleaseAsked
from tests.harness.house import AGENT, APPROVER, CHIEF
from tests.services.by_hand import look
from tests.services.copies import gives, preview, redact, sealed

ZONES = gives(contact=[{"name": "Anna"}], transmitter_log=[{"zone": "2", "detector": "glaskross"}])


async def asked(house, *, by=APPROVER):
    """A package with zones in it whose release somebody has asked for."""
    request_id = await sealed(house, "access", alarm_centre=ZONES, assurance=Level.HIGH)
    await ask(house, request_id, by=by)
    return request_id


async def ask(house, request_id, *, by=APPROVER):
    seen = await preview(house, request_id, actor=by)
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        await packaging.release(tx, house.ctx, row, sha256=seen["sha256"], actor=by)


async def second_word(house, request_id, actor, *, approved=True):
    (waiting,) = await house.waiting_approvals(request_id)
    async with house.tx() as tx:
        await approving.give(tx, house.ctx, waiting.id, approved=approved, reason="Sett.", actor=actor)


async def state(house):
    ((released_by, approved_by, asked_by),) = await house.sql("SELECT released_by, approved_by, asked_by FROM package")
    return released_by, approved_by, asked_by


class TestPackageThatShowsHowAHomeIsProtected:
    async def test_waits_for_a_second_person(self, house):
        """
        One person asks, another lets go, both have seen it; the person gets it then.
        """
        request_id = await asked(house)
        assert await state(house) == (None, None, APPROVER.ref)
        await preview(house, request_id, actor=CHIEF)
        await second_word(house, request_id, CHIEF)

        assert await state(house) == (APPROVER.ref, CHIEF.ref, APPROVER.ref)
        assert (await look(house, request_id)).is_closed

    @pytest.mark.parametrize("released_by", [APPROVER.ref, CHIEF.ref])
    @pytest.mark.parametrize("approved_by", [None, "the same"])
    async def test_is_not_let_go_by_one_person_even_past_the_code(self, house, released_by, approved_by):
        """
        The database holds it, also when time has had its say: no second word, or one's own, is none.
        """
        await sealed(house, "access", alarm_centre=ZONES, assurance=Level.HIGH)
        with pytest.raises(asyncpg.CheckViolationError, match="security_approved"):
            await house.sql(
                "UPDATE package SET released_at = now() + interval '30 days', released_by = $1, approved_by = $2",
                released_by,
                released_by if approved_by else None,
            )

    async def test_is_not_approved_by_whoever_asked_or_decided(self, house):
        """
        Three people: who said yes to the copy, who lets it go, who agrees.
        """
        request_id = await asked(house)
        for one in (APPROVER, AGENT):
            await preview(house, request_id, actor=one)
            with pytest.raises(SecondPersonNeeded):
                await second_word(house, request_id, one)

    async def test_is_not_approved_unseen(self, house):
        """
        A yes to something nobody looked at is no second look.
        """
        request_id = await asked(house)
        with pytest.raises(PackageNotSeen):
            await second_word(house, request_id, CHIEF)

    async def test_stays_after_a_no_and_may_be_asked_for_again(self, house):
        """
        A rejected release is as if nobody had asked.
        """
        request_id = await asked(house)
        await second_word(house, request_id, CHIEF, approved=False)
        assert await state(house) == (None, None, None)
        await ask(house, request_id)

        assert await state(house) == (None, None, APPROVER.ref)

    async def test_is_asked_for_once(self, house):
        """
        A question that waits is not asked again.
        """
        request_id = await asked(house)
        with pytest.raises(ReleaseAsked):
            await ask(house, request_id)

    async def test_that_is_made_again_is_asked_for_again(self, house):
        """
        The question was about another version: it is gone, and so is whoever asked.
        """
        request_id = await asked(house)
        await redact(house, request_id)

        assert await house.waiting_approvals(request_id) == []
        assert await state(house) == (None, None, None)

    async def test_is_one_whatever_the_category_is_called(self, house):
        """
        B3: a zone among contact details shows as much.
        """
        told = gives(contact=[{"name": "Anna", "zone": "3"}])
        await sealed(house, "access", alarm_centre=told, assurance=Level.HIGH)

        assert (await house.sql("SELECT has_security FROM package"))[0][0] is True

    @pytest.mark.parametrize(
        ("level", "told"),
        [(Level.SUBSTANTIAL, ZONES), (Level.HIGH, gives(contact=[{"name": "Anna"}]))],
    )
    async def test_is_not_every_package(self, house, level, told):
        """
        Where nothing of it leaves one person's word is enough.
        """
        request_id = await sealed(house, "access", alarm_centre=told, assurance=level)
        async with house.tx() as tx:
            await house.release(tx, await steps.hold_open(tx, request_id))

        assert await state(house) == (APPROVER.ref, None, None)

    async def test_is_agreed_to_once(self, house):
        """
        A given word is not given again.
        """
        request_id = await asked(house)
        (waiting,) = await house.waiting_approvals(request_id)
        await preview(house, request_id, actor=CHIEF)
        await second_word(house, request_id, CHIEF)
        with pytest.raises(ApprovalGiven):
            async with house.tx() as tx:
                await approving.give(tx, house.ctx, waiting.id, approved=True, reason="", actor=CHIEF)
