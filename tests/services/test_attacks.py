"""
Whoever asks may be somebody else: the attacks of the literature and of the trade, played against the whole service.

Each script plays the attacker to the end; what counts is what left the house and what was done. Nothing of the victim's
did (Pavur & Knerr 2019; 1&1; OWASP ASVS 5.0 6.4.2).
"""

import io
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app import clock
from app.domain.case import Phase
from app.domain.fanout import TaskState
from app.domain.guarding import CoolingOff, RequestStopped
from app.domain.identity import Level
from app.domain.rights import RIGHTS
from app.repositories import cases, registry
from app.repositories import guarding as stored
from app.services import approving, channels, codes, fulfilment, intake, packaging, sealing, steps, stopping
from app.services.casework import ContactInQuarantine, prove_identity
from app.services.context import Actor
from app.services.intake import Identifier
from app.services.orders import order_for
from app.services.packaging import NoPackage
from sandbox.people import BY_ID
from tests.harness.house import AGENT, APPROVER, CUSTOMER, House, eventually
from tests.services.by_hand import CONTROLLER, answer, answer_all, decide, found, look, open_tasks, release

VICTIM = BY_ID["anna-lindqvist"]
OTHER_AGENT = Actor("agent", "44444444-1111-4111-8111-111111111111")
NEVER_SENT = {"export", "erase", "rectify", "restrict", "stop_purposes"}


async def mails(house: House, request_id: UUID) -> list[dict[str, str]]:
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        rows = await house.sql(
            "SELECT id, mail_sealed FROM outgoing_mail WHERE request_id = $1 ORDER BY id", request_id
        )
        return [
            sealing.unseal(house.ctx, row, one["mail_sealed"], table="outgoing_mail", column="mail", id=one["id"])
            for one in rows
        ]


async def advanced_only(house: House, request_id: UUID) -> str:
    """Look at a case without letting any time pass; its status."""
    async with house.tx() as tx:
        await fulfilment.advance(tx, house.ctx, request_id)
    return (await house.see(request_id)).row.status


async def days_pass(house: House, **much: float) -> None:
    async with house.tx() as tx:
        await clock.move(tx.session, to=tx.now + timedelta(**much))


def sent(house: House) -> set[str]:
    """What any processor was made to do, beyond looking and holding back deletion."""
    services = ("guard-company", "billing", "crm", "telephony")
    return {effect["action"] for service in services for effect in house.effects(service)} & NEVER_SENT


class TestEmailOnly:
    async def test_gets_nothing(self, house):
        """Pavur: 24 % of those asked gave data away for a name and an address; here neither proves anything."""
        typed = [Identifier("email", VICTIM.email, False), Identifier("personnummer", VICTIM.personnummer, False)]
        async with house.working():
            request_id = await house.file(
                CONTROLLER, *sorted(set(RIGHTS) - {"marketing_objection"}),
                identifiers=typed, assurance=Level.NONE, subject_key=None,
            )  # fmt: skip
            seen = await house.until(request_id, lambda seen: seen.row.phase == Phase.IDENTIFYING)

        assert sent(house) == set()
        assert {claim.state for claim in seen.claims} == {"open"}
        with pytest.raises(NoPackage):
            await house.package(request_id)


class TestFormerPartner:
    async def test_with_an_e_id_of_his_own_learns_nothing_of_hers(self, house):
        """He is who he says; the home is still hers: her movements, her contacts and her codes stay with her."""
        async with house.working():
            request_id = await house.file("securitas", "access", person="bjorn-lindqvist")
            await house.until_closed(request_id)
        with zipfile.ZipFile(io.BytesIO(await house.package(request_id))) as archive:
            text = b"".join(archive.read(name) for name in archive.namelist()).decode(errors="replace")

        for hers in (VICTIM.personnummer, VICTIM.email, "Maria Nyberg"):
            assert hers not in text

    async def test_who_has_her_session_must_wait_until_she_was_told(self, house):
        """Erase-to-disarm: everybody she can be reached at hears of it, days before anything is done."""
        request_id = await found(house, "erasure")
        assert await advanced_only(house, request_id) == "awaiting_decision"
        approval = await decide(house, request_id, "erasure")
        async with house.tx() as tx:
            await approving.give(tx, house.ctx, approval.id, approved=True, reason="", actor=APPROVER)
        status = await advanced_only(house, request_id)
        claim = (await house.see(request_id)).claims[0]
        told = await mails(house, request_id)

        assert status == "cooling_off"
        assert "erase" not in {task.action for task in (await house.see(request_id)).tasks}
        assert timedelta(hours=47) < claim.cooling_until - (await house.see(request_id)).row.filed_at
        assert {mail["to"] for mail in told} == {VICTIM.email}
        assert not any(secret in mail["text"] + mail["subject"] for mail in told for secret in ("http", VICTIM.name))
        assert "cooling_off_notice" in await house.letters(request_id)

    async def test_is_stopped_by_her_and_nothing_was_done(self, house):
        """ "That was not me": it halts, the clock of the law runs on, and no processor is asked for anything."""
        async with house.working():
            request_id = await house.file(CONTROLLER, "erasure")
            await house.until(request_id, lambda seen: seen.claims[0].cooling_until is not None)
            async with house.tx() as tx:
                await stopping.stop(tx, house.ctx, await steps.hold(tx, request_id), actor=CUSTOMER)
            await days_pass(house, days=10)
            seen = await house.until(request_id, lambda seen: seen.row.status == "stopped")
            async with house.tx() as tx:
                row = await steps.hold(tx, request_id)
                reason = "She was called back and knows nothing of it."
                await stopping.settle_not_genuine(tx, house.ctx, row, reason=reason, actor=APPROVER)
            closed = await house.until(request_id, lambda seen: seen.is_closed)

        assert "erase" not in sent(house)
        assert seen.row.due_on == closed.row.due_on
        assert closed.outcomes() == {"erasure": "not_identified"}
        assert {"stopped", "not_identified"} <= set(await house.letters(request_id))


class TestStolenSession:
    async def test_gets_no_copy_of_the_homes_defences_before_she_was_told(self, house):
        """A copy at the highest level waits for its release; stopped, no way to it is left."""
        request_id = await found(house, "access", assurance=Level.HIGH, subject_key=b"k" * 32)
        await decide(house, request_id, "access")
        while await advanced_only(house, request_id) == "needs_person" or open_tasks(await house.see(request_id)):
            for task in open_tasks(await house.see(request_id)):
                await answer(house, task)
        with pytest.raises(CoolingOff):
            async with house.tx() as tx:
                await house.release(tx, await steps.hold(tx, request_id))
        await look(house, request_id)  # its days pass
        await release(house, request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            token, _, _ = await packaging.new_download(tx, house.ctx, row, subject_key=b"k" * 32, actor=CUSTOMER)
        async with house.tx() as tx:
            await stopping.stop(tx, house.ctx, await steps.hold(tx, request_id), actor=CUSTOMER)
        async with house.tx() as tx:
            with pytest.raises(packaging.UnknownDownload):
                await packaging.open_download(tx, house.ctx, token, subject_keys=[b"k" * 32], actor=CUSTOMER)
            row = await steps.hold(tx, request_id)
            with pytest.raises(RequestStopped):
                await packaging.new_download(tx, house.ctx, row, subject_key=b"k" * 32, actor=CUSTOMER)


class TestRectifyThenAccess:
    async def test_new_address_proves_nothing_for_thirty_days_and_the_old_one_is_told(self, house):
        """Rectify-to-takeover: the changed address is told and told of, and is worth nothing for a month."""
        new = "ny.adress@example.org"
        async with house.working():
            request_id = await house.file(CONTROLLER, "rectification")
            await house.until_closed(request_id)
        told = {mail["to"] for mail in await mails(house, request_id) if "ändrats" in mail["subject"]}
        blind = channels.blind_of(house.ctx, CONTROLLER, "email", new)

        assert VICTIM.email in told
        async with house.tx() as tx:
            changed = await stored.changed_since(tx, CONTROLLER, [blind])
            assert blind in changed
        takeover = await house.file(CONTROLLER, "consent_withdrawal", assurance=Level.NONE)
        for days, proves in ((0, False), (29, False), (30, True)):
            async with house.tx() as tx:
                today = house.ctx.today(CONTROLLER, tx.now)
                aged = {"new_blind": blind, "since": today - timedelta(days=days)}
                age = text("UPDATE contact_change SET since = :since WHERE new_blind = :new_blind")
                await tx.session.execute(age, aged)
            async with house.tx() as tx:
                row = await steps.hold(tx, takeover)
                said = {"method": "known_channel_callback", "contact": ("email", new), "actor": AGENT}
                if proves:
                    assert await prove_identity(tx, house.ctx, row, **said) is Level.CHANNEL
                else:
                    with pytest.raises(ContactInQuarantine):
                        await prove_identity(tx, house.ctx, row, **said)

    async def test_correction_waits_until_the_old_address_was_told(self, house):
        """The notice goes out before the change, while she can still say no."""
        request_id = await found(house, "rectification")
        await decide(house, request_id, "rectification")
        status = await advanced_only(house, request_id)

        assert status == "cooling_off"
        assert {mail["to"] for mail in await mails(house, request_id)} == {VICTIM.email}
        assert "rectify" not in {task.action for task in (await house.see(request_id)).tasks}


class TestProtectedPerson:
    async def test_is_disclosed_to_nobody(self, house):
        """What a recipient says of her hides the case at once; an e-ID session gets nothing, no mail, no address."""
        hers = BY_ID["elin-dahl"]
        async with house.working():
            request_id = await house.file(CONTROLLER, "access", "rectification", person="elin-dahl")
            seen = await house.until(request_id, lambda seen: seen.row.protected and seen.of("locate"))
            await house.until(
                request_id, lambda seen: all(t.state == TaskState.CLOSED for t in seen.of("locate")), staff=True
            )
            status = (await look(house, request_id)).row.status
        letters = await house.sql("SELECT via, sent_at FROM letter WHERE request_id = $1 AND written_at > $2",
                                  request_id, seen.row.filed_at)  # fmt: skip

        assert {claim.needs for claim in (await house.see(request_id)).claims} == {"high"}
        assert status == "identity_wanted"
        assert sent(house) == set()
        assert await mails(house, request_id) == []
        assert letters is not None
        async with house.ctx.database.transaction([CONTROLLER], sees_protected=False) as tx:
            assert await cases.request(tx, request_id) is None
            assert await cases.work_list(tx, after=None, limit=10) == []
        assert hers.address not in str(await house.steps_of(request_id))

    async def test_needs_the_stronger_proof_from_the_moment_it_is_filed(self, house):
        """A mark known at intake counts like one that a search brings: whoever has her session gets no copy on it."""
        request_id = await house.file(CONTROLLER, "access", "marketing_objection", person="elin-dahl", protected=True)
        claims = {claim.right: claim for claim in (await house.see(request_id)).claims}

        assert (claims["access"].needs, claims["access"].two_needed) == ("high", True)
        assert (claims["marketing_objection"].needs, claims["marketing_objection"].two_needed) == ("none", False)

    async def test_is_named_to_processors_without_an_address(self, house):
        """Orders about her say nowhere where she is."""
        request_id = await house.file(CONTROLLER, "restriction", person="elin-dahl", protected=True)
        seen = await look(house, request_id)
        async with house.tx() as tx:
            for task in seen.tasks:
                processor = await registry.processor(tx, task.processor_id)
                processor.identifier_types = [*processor.identifier_types, "address", "name"]
                order = await order_for(tx, house.ctx, processor, task)
                assert "address" not in {one["type"] for one in order.identifiers}
            tx.session.expunge_all()


class TestDuplicateFlood:
    async def test_does_not_hold_up_the_victim(self, house):
        """Fifteen requests in her name, filed by nobody known: hers goes its way beside them."""
        typed = [Identifier("personnummer", VICTIM.personnummer, False)]
        async with house.working():
            for _ in range(15):
                await house.file(CONTROLLER, "access", identifiers=typed, assurance=Level.NONE, requester_ref=None)
            own = await house.file(CONTROLLER, "access")
            seen = await house.until_closed(own)

        assert seen.outcomes()["access"] in ("granted", "partly_granted")


class TestNoticeByPost:
    async def test_goes_where_no_address_has_been_there_for_long(self, house):
        """An address that is new is told, and is never the only one: a letter goes to the registered address too."""
        request_id = await house.file(CONTROLLER, "erasure", person="nils-falk")
        seen = await answer_all(house, request_id)
        letters = await house.sql("SELECT about, via, sent_at FROM letter WHERE kind = 'cooling_off_notice'")

        assert seen.claims[0].cooling_until is not None
        assert {(one["about"], one["via"], one["sent_at"] is None) for one in letters} >= {("post", "post", True)}


class TestWithoutLogin:
    async def test_code_reaches_the_address_the_processors_know(self, house):
        """The whole way: filed by nobody, found, an address known for years, a code there, consent withdrawn."""
        async with house.working():
            async with house.tx(CONTROLLER) as tx:
                new = house.request_of(
                    VICTIM, CONTROLLER, ["consent_withdrawal"], received_at=tx.now, assurance=Level.NONE,
                    requester_ref=None, channel="web_public",
                    identifiers=[Identifier("email", VICTIM.email, False)],
                )  # fmt: skip
                row = await intake.file(tx, house.ctx, new, actor=codes.NOBODY)
                codes.want(tx, row)
            await house.until(row.id, lambda seen: seen.row.phase == Phase.IDENTIFYING)
            (mail,) = await eventually(lambda: mails(house, row.id))
            code = mail["text"].split("\n")[0].removeprefix("Kod: ")
            async with house.tx(CONTROLLER) as tx:
                assert await codes.try_code(tx, house.ctx, CONTROLLER, row.id, code)
            seen = await house.until_closed(row.id)

        assert seen.outcomes()["consent_withdrawal"] in ("granted", "partly_granted")
