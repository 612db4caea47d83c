"""
The recipients' ledger on real rows: opened, kept in step, settled by people, and told to the person (GDPR Art. 19).
"""

import asyncpg
import pytest

from app.domain.ledger import EntryFollowsTask, EntryState, ExcuseNeedsReason, UnknownEntry
from app.letters.kinds import KINDS
from app.repositories import letters, outward, registry
from app.services import case_rows, correspondence, ledger, registration, steps
from app.services.ids import new_id
from tests.harness.house import AGENT
from tests.services.by_hand import answer, found, grant, look, open_tasks

REASON = "Biträdena är inte namngivna i avtalet och går inte att nå."


async def done(house, right, **changed):
    """
    A request whose claim has been carried out by everybody who is asked; nobody has told others yet.

    The unnamed processors are registered no longer: no system reaches them, so a person does.
    """
    async with house.tx() as tx:
        registered = await registry.processors_of(tx, ["westra"])
        await registration.remove(tx, next(one for one in registered if one.key == "processors"))
    request_id = await found(house, right, **changed)
    seen = await grant(house, request_id, right)
    while waiting := open_tasks(seen):
        for task in waiting:
            await answer(house, task)
        seen = await look(house, request_id)
    return request_id, seen


async def entries(house, request_id):
    async with house.tx() as tx:
        return {one.recipient: one for one in await outward.entries_of(tx, request_id)}


async def settle(house, request_id, entry, state, reason=""):
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        await ledger.settle(tx, house.ctx, row, entry.id, state=state, reason=reason, actor=AGENT)


class TestLedger:
    @pytest.mark.parametrize("right", ["rectification", "erasure", "restriction"])
    async def test_names_every_recipient_of_the_profile_and_blocks_closing(self, house, right):
        """
        R19-1, R16-4, R17-7, R18-4, F25: processors that acted are done; who no system reaches waits for a person.
        """
        request_id, seen = await done(house, right)
        found_ = await entries(house, request_id)

        assert {one: entry.state for one, entry in found_.items()} == {
            "alarm-centre": "confirmed",
            "telephony": "confirmed",
            "own-records": "confirmed",
            "police": "confirmed",
            "insurers": "confirmed",
            "processors": "pending",
        }
        assert (seen.is_closed, seen.row.status) == (False, "recipients_to_tell")
        assert "fulfilment" not in await house.letters(request_id)

        await settle(house, request_id, found_["processors"], EntryState.IMPOSSIBLE, REASON)
        seen = await look(house, request_id)
        letter = (await house.letters(request_id))["fulfilment"]

        assert seen.is_closed
        assert "Polisen har fått besked och bekräftat det" in letter
        assert "Nationella och internationella personuppgiftsbiträden har inte kunnat få besked." in letter
        assert REASON in letter

    async def test_stays_open_while_a_processor_has_work(self, house):
        """
        F10: "our processor is responsible" ends nothing; the case is open until its tasks are.
        """
        request_id = await found(house, "erasure")
        seen = await grant(house, request_id, "erasure")
        while waiting := [task for task in open_tasks(seen) if seen.keys[task.processor_id] != "telephony"]:
            await answer(house, waiting[0])
            seen = await look(house, request_id)

        assert (seen.row.phase, seen.outcomes()) == ("executing", {"erasure": None})

    @pytest.mark.parametrize("right", ["access", "objection"])
    async def test_has_no_row_of_a_change_where_nothing_was_changed(self, house, right):
        """
        R19-2: 15, 20 and 21 alone trigger nothing; a restriction while an objection is weighed is one of its own.
        """
        request_id, _ = await done(house, right)
        async with house.tx() as tx:
            about = {entry.about for entry in await outward.entries_of(tx, request_id)}

        assert about == ({"meanwhile"} if right == "objection" else set())


class TestEntry:
    async def test_needs_a_reason_where_it_is_excused_and_keeps_it_sealed(self, house):
        """
        R19-1: impossible and disproportionate are explained, in words that nobody reads in the table.
        """
        request_id, _ = await done(house, "erasure")
        entry = (await entries(house, request_id))["processors"]
        with pytest.raises(ExcuseNeedsReason):
            await settle(house, request_id, entry, EntryState.DISPROPORTIONATE, "nej")
        await settle(house, request_id, entry, EntryState.DISPROPORTIONATE, REASON)
        (row,) = await house.sql("SELECT reason_sealed, settled_by FROM ledger_entry WHERE id = $1", entry.id)

        assert REASON.encode() not in row["reason_sealed"]
        assert row["settled_by"] == AGENT.ref

    async def test_that_a_system_reaches_is_not_a_persons(self, house):
        """
        R19-1: it follows its task, and nobody writes "told" over what the processor said.
        """
        request_id, _ = await done(house, "erasure")
        found_ = await entries(house, request_id)
        with pytest.raises(EntryFollowsTask):
            await settle(house, request_id, found_["alarm-centre"], EntryState.IMPOSSIBLE, REASON)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            with pytest.raises(UnknownEntry):
                await ledger.settle(tx, house.ctx, row, new_id(), state=EntryState.SENT, reason="", actor=AGENT)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_entry SET state = 'impossible', reason_code = NULL",
            "UPDATE ledger_entry SET state = 'disproportionate', reason_code = 'x', reason_sealed = NULL",
            "UPDATE ledger_entry SET state = 'forgotten'",
        ],
    )
    async def test_is_held_by_the_database(self, house, statement):
        """
        R19-1: no excuse without its reason, whatever the code does.
        """
        await done(house, "erasure")
        with pytest.raises(asyncpg.CheckViolationError):
            await house.sql(statement)

    async def test_is_read_by_the_person_in_plain_words_with_names(self, house):
        """
        R19-2: the person may know who the recipients are; whose hands it is in is ours to know.
        """
        request_id, _ = await done(house, "erasure")
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            told = await ledger.own(tx, house.ctx, row)
            row.assurance = "none"
            unknown = await ledger.own(tx, house.ctx, row)

        assert ("Polisen", "Har fått besked och bekräftat det.") in {(one["name"], one["text"]) for one in told}
        assert not [one for one in told if "id" in one or "reason" in one]
        assert unknown == []


class TestNotice:
    async def test_holds_the_least_and_no_reasons(self, house):
        """
        R19-1 (law.md G.6): who, what changed, when, what to do by when, confirm back; nothing else about the person.
        """
        request_id, _ = await done(house, "rectification")
        entry = (await entries(house, request_id))["processors"]
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            page = await ledger.notice(tx, house.ctx, row, entry.id, actor=AGENT)
            known = (await case_rows.read(tx, house.ctx, row)).row.reference

        assert "Uppgifterna är rättade." in page
        assert "ny.adress@example.org" in page
        assert "Bekräfta till oss" in page
        assert known in page
        assert page.count("<dt>Personen</dt>") == 1
        assert not [one for one in ("personnummer", "Adress:", "telefonnummer:") if one in page.lower()]
        assert "letter:read" in await house.steps_of(request_id)

    @pytest.mark.parametrize("kind", [key for key, one in KINDS.items() if not one.to_person])
    async def test_is_never_written_to_the_person(self, house, kind):
        """
        R19-1, GDPR Art. 5(1)(f): what goes to somebody else is not sealed among the person's letters, nor listed.
        """
        request_id, _ = await done(house, "rectification")
        entry = (await entries(house, request_id))["processors"]
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            await ledger.notice(tx, house.ctx, row, entry.id, actor=AGENT)
            case = await case_rows.read(tx, house.ctx, row)
            with pytest.raises(correspondence.LetterForSomebodyElse):
                await correspondence.write(tx, house.ctx, case, kind, about=str(entry.id))
            listed = [letter.kind for letter in await letters.letters_of(tx, row)]

        assert "receipt" in listed
        assert kind not in listed
