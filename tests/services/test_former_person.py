"""What was asked, done, packed or restricted for one person counts for nobody who proves themselves later."""

from datetime import timedelta

import pytest

from app import clock
from app.domain.decisions import Verdict
from app.domain.finding import Known
from app.domain.guarding import CoolingOff, RequestStopped
from app.domain.identity import Level
from app.domain.restrictions import EndingDoesNotFit, NoticeNotOut
from app.services import (
    case_rows,
    ledger,
    packaging,
    persons,
    restricting,
    sealing,
    searching,
    steps,
    stopping,
    suppression,
    tasks,
    telling,
    undoing,
    views,
)
from app.services.casework import AlreadyDone
from app.services.intake import Identifier
from app.services.lanes import Lanes
from app.services.packaging import NoPackage
from app.services.undoing import CopyHasAnswered
from tests.harness.house import AGENT, CUSTOMER, House
from tests.services.by_hand import (
    CONTROLLER,
    DONE,
    REASONS,
    answer,
    answer_all,
    approve,
    decide,
    grant,
    look,
    open_tasks,
    release,
    remove,
)
from tests.services.copies import copy_of, gives
from tests.services.former import (
    ANNA,
    BO,
    EMAIL,
    LOGIN,
    NOT_FOUND,
    OTHER,
    WITH_NUMBER,
    alarms_of,
    all_done,
    asked_by_anna,
    came_to,
    granted_anew,
    order,
    proves,
    step,
    takes_numbers,
    told,
    word,
)

AT = {"controllers": [CONTROLLER], "actor": AGENT}
ANNAS = gives(contact=[{"name": "Anna"}], alarm_history=[{"at": "07:42", "user_is_subject": True}])
BOS = gives(contact=[{"name": "Bo"}])


async def packed_for_anna(house: House, right: str = "access"):
    """A copy for Anna's login that is sealed and waits to be let out."""
    request_id = await asked_by_anna(house, right)
    seen = await grant(house, request_id, right)
    await answer_all(house, request_id, lambda task: by_alarm_centre(seen, task, ANNAS))
    assert await house.package(request_id)
    return request_id


def by_alarm_centre(seen, task, said):
    return said if seen.keys[task.processor_id] == "alarm-centre" else NOT_FOUND


class TestCopyOfAFormerPerson:
    @pytest.mark.parametrize("right", ["access", "portability"])
    async def test_is_destroyed_and_everybody_is_asked_anew(self, house: House, right: str) -> None:
        """GDPR Art. 5(1)(f), 15(4), 32: nobody gets what was packed for whoever was known before."""
        request_id = await packed_for_anna(house, right)
        first = {task.id for task in (await house.see(request_id)).tasks}
        (file,) = await house.sql("SELECT file FROM package")
        await proves(house, request_id)
        was_gone = not await house.ctx.files.delete(file["file"])
        with pytest.raises(NoPackage):
            async with house.tx() as tx:
                await packaging.package_of(tx, await steps.hold(tx, request_id))
        seen = await granted_anew(house, request_id, right)
        anew = [task for task in seen.of("export") if task.id not in first]
        asked = told(await order(house, next(t for t in anew if seen.keys[t.processor_id] == "alarm-centre").id))
        await answer_all(house, request_id, lambda task: by_alarm_centre(seen, task, BOS))
        await house.pass_cooling_off(request_id)
        await look(house, request_id)
        closed = await release(house, request_id)

        assert was_gone
        assert "package:destroyed" in await house.steps_of(request_id)
        assert {one.processor_id for one in closed.of("export") if one.id not in first} == {
            one.processor_id for one in closed.of("export") if one.id in first
        }
        assert BO in asked
        assert (await copy_of(house, request_id))["contact"] == [{"name": "Bo"}]
        assert closed.outcomes()[right] in ("granted", "partly_granted")

    @pytest.mark.parametrize("right", ["access", "portability"])
    async def test_does_not_forbid_a_no_to_the_next_one(self, house: House, right: str) -> None:
        """GDPR Art. 12(4), 15(4): what was made for Anna is nothing that was done for Bo."""
        request_id = await packed_for_anna(house, right)
        await proves(house, request_id)
        await answer_all(house, request_id)
        waits = await decide(
            house, request_id, right, verdict=Verdict.REFUSED, ground="manifestly_unfounded", reasons=REASONS
        )
        assert waits is not None
        await approve(house, waits)
        seen = await answer_all(house, request_id)

        assert (seen.is_closed, seen.outcomes()) == (True, {right: "refused"})

    async def test_holds_nothing_that_two_people_leave_out(self, house: House) -> None:
        """GDPR Art. 12(4), 15(4): a category left out of the yes is in no package, whoever gave it when."""
        request_id = await packed_for_anna(house)
        await proves(house, request_id)
        seen = await granted_anew(
            house, request_id, "access",
            verdict=Verdict.PARTLY_GRANTED, ground="rights_of_others", reasons=REASONS, exclude=["alarm_history"],
        )  # fmt: skip
        await answer_all(house, request_id, lambda task: by_alarm_centre(seen, task, BOS))

        assert await copy_of(house, request_id) == {"contact": [{"name": "Bo"}]}

    async def test_is_destroyed_when_it_had_been_let_out_and_a_person_hears_of_it(self, house: House) -> None:
        """GDPR Art. 33, 34: no link to it works any more, and whoever's it is has to be told by somebody."""
        request_id = await packed_for_anna(house)
        await house.pass_cooling_off(request_id)
        await look(house, request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            await house.release(tx, row)
            await packaging.new_download(tx, house.ctx, row, subject_key=b"k" * 32, actor=CUSTOMER)
        await proves(house, request_id)
        alarms = await house.sql("SELECT recipient, state FROM ledger_entry WHERE about = 'former'")

        assert not await house.sql("SELECT 1 FROM package")
        assert not await house.sql("SELECT 1 FROM download")
        assert [(one["recipient"], one["state"]) for one in alarms] == [("former_person", "pending")]


async def let_out(house: House, *, letters_are_out: bool = False, login=None):
    """Anna's copy, given to her and answered; unless its letters are out the case still waits with them."""
    asked = {"identifiers": login} if login else {}
    request_id = await asked_by_anna(house, "access", **asked)
    seen = await grant(house, request_id, "access")
    await answer_all(house, request_id, lambda task: by_alarm_centre(seen, task, ANNAS))
    await house.pass_cooling_off(request_id)
    await look(house, request_id)
    await release(house, request_id)
    if not letters_are_out:  # a letter lies in the post, or a recipient is still to be told
        await house.sql("UPDATE request SET phase = 'answering', closed_at = NULL WHERE id = $1", request_id)
    return request_id


async def stands(house: House, request_id):
    """What is there of an answered copy: its claim, whether it is there to fetch, and who has to hear of a mistake."""
    (claim,) = (await house.see(request_id)).claims
    packages = await house.sql("SELECT 1 FROM package WHERE released_at IS NOT NULL")
    return claim.state, claim.outcome, len(packages), await alarms_of(house)


class TestCopyThatHasAnswered:
    """GDPR Art. 12(3), 15(3), 33: nobody loses the copy they were given, and no case is left without an answer."""

    async def test_is_taken_from_nobody_by_a_proof_of_somebody_else(self, house: House) -> None:
        """Nothing would answer whoever proves it now: that is refused, and they ask anew in their own name."""
        request_id = await let_out(house)
        before = await stands(house, request_id)
        with pytest.raises(CopyHasAnswered):
            await proves(house, request_id)
        seen = await look(house, request_id)

        assert (before[0], before[2:]) == ("closed", (1, {}))
        assert await stands(house, request_id) == before
        assert (await copy_of(house, request_id))["contact"] == [{"name": "Anna"}]
        assert seen.row.assurance != "high"

    async def test_is_taken_from_nobody_when_a_stop_is_settled_for_somebody_else(self, house: House) -> None:
        """The stop stays, and so nobody fetches it, until it is settled that the request was not genuine."""
        request_id = await let_out(house, letters_are_out=True)
        before = await stands(house, request_id)
        async with house.tx() as tx:
            await stopping.stop(tx, house.ctx, await steps.hold(tx, request_id), own=True, actor=CUSTOMER)
        with pytest.raises(CopyHasAnswered):
            await settles_as_genuine(house, request_id, BO)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            with pytest.raises(RequestStopped):
                await packaging.new_download(tx, house.ctx, row, subject_key=b"k" * 32, actor=CUSTOMER)
            reason = "Called back on the number known for years."
            await stopping.settle_not_genuine(tx, house.ctx, row, reason=reason, actor=OTHER)

        assert await stands(house, request_id) == before
        assert (await house.see(request_id)).row.stop_verdict == "not_genuine"

    @pytest.mark.parametrize("letters_are_out", [False, True], ids=["waiting", "closed"])
    async def test_stays_when_more_is_known_of_the_same_person(self, house: House, letters_are_out: bool) -> None:
        """Art. 33: to prove one more address lets nothing out to anybody else, and a false alarm would say so."""
        request_id = await let_out(house, letters_are_out=letters_are_out, login=WITH_NUMBER)
        before = await stands(house, request_id)
        assert (await house.see(request_id)).is_closed is letters_are_out
        await proves_address(house, request_id, "anna.ny@example.org")
        await look(house, request_id)

        assert before[0] == "closed"
        assert await stands(house, request_id) == before
        assert (await copy_of(house, request_id))["contact"] == [{"name": "Anna"}]

    async def test_stays_while_another_right_is_still_carried_out(self, house: House) -> None:
        """Art. 15(3), 17(1), F08: what she tells then is asked about for the erasure; her copy is what it was."""
        request_id = await asked_by_anna(house, "access", "erasure", identifiers=[Identifier("email", EMAIL)])
        for right in ("access", "erasure"):
            if (waits := await decide(house, request_id, right, identifiers_checked=True)) is not None:
                await approve(house, waits)
        seen = await look(house, request_id)
        while waiting := [one for one in open_tasks(seen) if one.action != "erase"]:
            for task in waiting:
                await answer(house, task, by_alarm_centre(seen, task, ANNAS) if task.action == "export" else DONE)
            seen = await look(house, request_id)
        await house.pass_cooling_off(request_id)
        await look(house, request_id)
        await release(house, request_id)
        phase = (await house.see(request_id)).row.phase
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            more = [Identifier("customer_number", "C-10001", vouched=False)]
            await searching.add(tx, house.ctx, row, identifiers=more, footage={}, actor=CUSTOMER)
        await look(house, request_id)
        await granted_anew(house, request_id, "erasure")
        closed = await answer_all(house, request_id, lambda task: DONE if task.action == "erase" else NOT_FOUND)

        assert phase == "executing"
        assert (await copy_of(house, request_id))["contact"] == [{"name": "Anna"}]
        assert await alarms_of(house) == {}
        assert closed.outcomes() == {"access": "granted", "erasure": "granted"}


async def settles_as_genuine(house: House, request_id, number: str) -> None:
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        proof = {"method": "letter_to_registered_address", "number": number}
        await stopping.settle_genuine(tx, house.ctx, row, **proof, actor=OTHER)


async def proves_address(house: House, request_id, address: str) -> None:
    """A call back has reached whoever asks at one more address, which has been known for long."""
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        before = persons.known_as(house.ctx, row)
        known = [persons.sealed_as(one) for one in (*before, Known("email", address, True))]
        said = {**persons.person_of(house.ctx, row), "identifiers": known}
        row.subject_sealed = sealing.seal(house.ctx, row, said, table="request", column="subject", id=row.id)
        await undoing.of_another(tx, house.ctx, row, before=before)


class TestErasureForAFormerPerson:
    async def test_counts_for_nobody_else(self, house: House) -> None:
        """GDPR Art. 12(1), 17(1): everybody is asked about Bo; that they erased Anna's data is not "erased"."""
        request_id = await asked_by_anna(house, "erasure")
        await grant(house, request_id, "erasure")
        first = await all_done(house, request_id, "erase")
        assert first
        await proves(house, request_id)
        seen = await granted_anew(house, request_id, "erasure")
        anew = [task for task in seen.of("erase") if task.id not in first]

        assert {task.processor_id for task in anew} >= {t.processor_id for t in seen.tasks if t.id in first}
        assert anew
        for task in anew:
            assert BO in told(await order(house, task.id))

    async def test_makes_no_not_found_about_the_new_one_believable(self, house: House) -> None:
        """F08, R17-5: whoever has just found Bo and now finds nobody has not erased him by having erased Anna."""
        request_id = await asked_by_anna(house, "erasure")
        await grant(house, request_id, "erasure")
        first = await all_done(house, request_id, "erase")
        await proves(house, request_id)
        seen = await granted_anew(house, request_id, "erasure")
        task = next(
            one for one in seen.of("erase")
            if one.id not in first and one.former is None and seen.keys[one.processor_id] == "alarm-centre"
        )  # fmt: skip
        found = await word(house, task, NOT_FOUND)

        assert (found.state, found.attention) == ("needs_person", "contradicts_search")

    async def test_of_whom_nobody_knows_anything_is_answered_so(self, house: House) -> None:
        """GDPR Art. 12(1), F08: to Bo nothing was done, and his letter names nothing that was done to Anna."""
        request_id = await asked_by_anna(house, "erasure")
        await grant(house, request_id, "erasure")
        await all_done(house, request_id, "erase")
        await proves(house, request_id)
        await answer_all(house, request_id, lambda _task: NOT_FOUND)
        waits = await decide(house, request_id, "erasure", identifiers_checked=True)
        assert waits is not None
        await approve(house, waits)
        closed = await answer_all(house, request_id, lambda _task: NOT_FOUND)
        letters = await house.letters(request_id)

        assert closed.outcomes() == {"erasure": "nothing_held"}
        assert "fulfilment" not in letters
        assert "Raderat" not in letters["nothing_held"]

    async def test_is_told_to_a_person_as_what_has_to_be_put_right(self, house: House) -> None:
        """GDPR Art. 5(1)(f), 24, 33: what cannot be undone here names who did it and that its person must be told."""
        request_id = await asked_by_anna(house, "erasure")
        seen = await grant(house, request_id, "erasure")
        first = await all_done(house, request_id, "erase")
        did = {seen.keys[task.processor_id] for task in (await house.see(request_id)).tasks if task.id in first}
        await proves(house, request_id)
        alarms = await house.sql("SELECT recipient, state FROM ledger_entry WHERE about = 'former'")

        assert {one["recipient"] for one in alarms} == did | {"former_person"}
        assert {one["state"] for one in alarms} == {"pending"}

    async def test_names_nobody_to_whoever_puts_it_right(self, house: House) -> None:
        """GDPR Art. 5(1)(d): Bo is not the one whose data were erased; staff who read the task must not think so."""
        request_id = await asked_by_anna(house, "erasure")
        await grant(house, request_id, "erasure")
        first = await all_done(house, request_id, "erase")
        await proves(house, request_id)
        async with house.tx() as tx:
            row, task = await tasks.hold_with_request(tx, next(iter(first)))
            shown = await views.whole_task(tx, house.ctx, row, task)

        assert (task.former, shown["identifiers"], shown["details"]) == ("another", [], {})


class TestSearch:
    async def test_is_made_anew_with_what_was_proved(self, house: House) -> None:
        """GDPR Art. 15(1), R11-2: "we searched on your number" is true of everybody who takes a number."""
        request_id = await asked_by_anna(house, "access")
        before = {task.id for task in (await house.see(request_id)).of("locate")}
        await proves(house, request_id)
        seen = await look(house, request_id)
        anew = [task for task in open_tasks(seen) if task.action == "locate"]
        frozen = [task for task in open_tasks(seen) if task.action == "freeze"]

        assert {task.processor_id for task in anew} == {task.processor_id for task in seen.tasks if task.id in before}
        assert frozen
        for task in [*anew, *frozen]:
            assert BO in told(await order(house, task.id))

    async def test_stays_where_nothing_new_could_be_told(self, house: House) -> None:
        """A stronger proof of the number that was asked with asks nobody twice."""
        request_id = await asked_by_anna(house, "access", identifiers=WITH_NUMBER)
        before = {task.id for task in (await house.see(request_id)).tasks}
        await proves(house, request_id, ANNA.personnummer)
        seen = await look(house, request_id)

        assert {task.id for task in seen.tasks} == before


class TestWordOfARecipient:
    """What is said of an order about a former person is kept for a person to read, and closes nothing."""

    @pytest.mark.parametrize("by", ["callback", "page"])
    async def test_that_comes_late_ends_nothing(self, house: House, by: str) -> None:
        """GDPR Art. 17(1), F08: a machine's "done", of nobody knows when, is no word about whoever is known now."""
        request_id = await asked_by_anna(house, "erasure")
        seen = await grant(house, request_id, "erasure")
        asked = [task for task in seen.of("erase") if task.state == "open"]
        for task in asked:
            await came_to(house, task, {"outcome": "accepted"})
        await proves(house, request_id)
        late = [await word(house, task, {"outcome": "completed", "message": "Klart."}, by=by) for task in asked]
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            kept = [tasks.answer_of(house.ctx, row, task).get("message") for task in late]

        assert late
        assert {(task.state, task.outcome, task.attention) for task in late} == {("needs_person", None, "not_decided")}
        assert set(kept) == {"Klart."}

    async def test_heard_of_a_call_in_the_air_has_to_be_put_right(self, house: House) -> None:
        """F08, GDPR Art. 33: what a call had come to before is not lost: who did it for Anna is named."""
        request_id = await asked_by_anna(house, "erasure")
        seen = await grant(house, request_id, "erasure")
        task = next(one for one in seen.of("erase") if one.state == "open")
        await house.sql("UPDATE task SET state = 'sending', next_at = NULL, attempts = 1 WHERE id = $1", task.id)
        await proves(house, request_id)
        assert await alarms_of(house) == {}
        closed = await word(house, task, {"outcome": "completed"})

        assert (closed.state, closed.former) == ("closed", "another")
        assert set(await alarms_of(house)) == {seen.keys[task.processor_id], "former_person"}

    async def test_by_hand_has_to_be_put_right_too(self, house: House) -> None:
        """GDPR Art. 24: a colleague who says "done" of it says it of Anna; Bo's own task is made all the same."""
        request_id = await asked_by_anna(house, "erasure")
        seen = await grant(house, request_id, "erasure")
        task = next(one for one in seen.of("erase") if seen.keys[one.processor_id] == "own-records")
        await proves(house, request_id)
        await answer(house, task)

        assert set(await alarms_of(house)) == {"own-records", "former_person"}


class TestOrderThatNeverLeft:
    async def test_is_as_if_nobody_had_made_it(self, house: House) -> None:
        """Art. 12(3): a lane that refuses to tell a number alone has sent nothing; nobody says what came of it."""
        phone = [Identifier("phone", "+46701740605")]
        request_id = await asked_by_anna(house, "access", identifiers=phone)
        seen = await grant(house, request_id, "access")
        (asked,) = seen.of("export", "alarm-centre")
        lanes = Lanes(house.ctx)
        try:
            await lanes.drain(CONTROLLER, asked.processor_id)
        finally:
            await lanes.aclose()
        (refused,) = (await house.see(request_id)).of("export", "alarm-centre")
        await proves(house, request_id)
        left = [one.id for one in (await house.see(request_id)).tasks]

        assert (refused.attempts, refused.attention) == (1, "phone_alone")
        assert asked.id not in left


class TestOtherRights:
    @pytest.mark.parametrize(
        ("right", "action"),
        [
            ("rectification", "rectify"),
            ("objection", "stop_purposes"),
            ("restriction", "restrict"),
            ("automated_decision", "review_decision"),
        ],
    )
    async def test_are_carried_out_anew_and_what_was_done_is_put_right(
        self, house: House, right: str, action: str
    ) -> None:
        """GDPR Art. 16, 18(1), 21(1), 22(3): done for Anna is not done for Bo, whichever right it is."""
        request_id = await asked_by_anna(house, right)
        await grant(house, request_id, right)
        first = await all_done(house, request_id, action, DONE)
        assert first
        await proves(house, request_id)
        seen = await granted_anew(house, request_id, right)
        anew = [task for task in seen.of(action) if task.id not in first and task.former is None]

        assert anew
        assert "former_person" in await alarms_of(house)

    async def test_consent_withdrawn_at_once_is_asked_anew(self, house: House) -> None:
        """GDPR Art. 7(3): it was asked under Anna's address; under Bo's number nobody has been asked."""
        await takes_numbers(house)
        request_id = await house.file(CONTROLLER, "consent_withdrawal", identifiers=LOGIN, subject_key=b"k" * 32)
        await all_done(house, request_id, "locate", DONE)
        first = await all_done(house, request_id, "stop_purposes", DONE)
        assert first
        await proves(house, request_id)
        seen = await answer_all(house, request_id)
        anew = [task for task in seen.of("stop_purposes") if task.id not in first]

        assert anew
        assert "former_person" in await alarms_of(house)

    async def test_marketing_is_stopped_under_what_is_proved_later_too(self, house: House) -> None:
        """GDPR Art. 21(3), F13: nobody needs to prove anything for it, so what was stopped before stays stopped."""
        request_id = await asked_by_anna(house, "marketing_objection", "access")
        await proves(house, request_id)
        async with house.tx() as tx:
            bo = [Identifier("personnummer", BO)]
            anna = [Identifier("email", EMAIL)]
            held = [await suppression.look_up(tx, house.ctx, CONTROLLER, one) for one in (bo, anna)]

        assert all(one["marketing_stopped"] for one in held)
        assert await alarms_of(house) == {}


class TestMoreIsKnownOfTheSamePerson:
    async def test_what_was_done_stays_done_and_everybody_is_asked_with_it(self, house: House) -> None:
        """GDPR Art. 17(1): she tells her customer number after the erasure: it is asked for there, too (F08)."""
        request_id = await asked_by_anna(house, "erasure", identifiers=[Identifier("email", EMAIL)])
        await granted_anew(house, request_id, "erasure")
        first = await all_done(house, request_id, "erase")
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            more = [Identifier("customer_number", "C-10001", vouched=False)]
            await searching.add(tx, house.ctx, row, identifiers=more, footage={}, actor=CUSTOMER)
        with pytest.raises(AlreadyDone):
            await decide(
                house, request_id, "erasure", verdict=Verdict.REFUSED, ground="manifestly_unfounded", reasons=REASONS
            )
        seen = await granted_anew(house, request_id, "erasure")
        anew = {task.processor_id for task in seen.of("erase") if task.id not in first}
        closed = await answer_all(house, request_id, lambda _task: NOT_FOUND)

        assert anew == {task.processor_id for task in seen.of("erase") if task.id in first}
        assert closed.outcomes() == {"erasure": "granted"}
        assert await alarms_of(house) == {}


class TestSearchedWith:
    async def test_names_only_what_somebody_could_be_asked_with(self, house: House) -> None:
        """GDPR Art. 12(1), 15(1): "we searched on" is not said of a number that was sent to nobody."""
        request_id = await house.file(CONTROLLER, "access", identifiers=LOGIN[:1], subject_key=b"k" * 32)
        await answer_all(house, request_id, lambda _task: NOT_FOUND)
        await proves(house, request_id)
        await decide(house, request_id, "access", identifiers_checked=True)
        await answer_all(house, request_id, lambda _task: NOT_FOUND)
        await house.pass_cooling_off(request_id)
        await look(house, request_id)
        await release(house, request_id)
        letter = (await house.letters(request_id))["nothing_held"]

        assert "e-postadress" in letter
        assert "personnummer" not in letter

    async def test_leaves_out_what_a_machine_takes_and_was_not_told(self, house: House) -> None:
        """GDPR Art. 5(1)(c), 12(1): a name travels to nobody who can be told an address of the person's own."""
        for key in ("own-records", "processors", "police", "insurers"):
            await remove(house, key)
        known = [Identifier("name", "Anna Lindqvist"), Identifier("email", EMAIL)]
        request_id = await house.file(CONTROLLER, "access", identifiers=known)
        await answer_all(house, request_id, lambda _task: NOT_FOUND)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            facts = telling.letter_facts(house.ctx, await case_rows.read(tx, house.ctx, row), now=tx.now)

        assert facts.searched_with == ("email",)


class TestRestrictionOfAFormerPerson:
    async def pending(self, house: House):
        """An objection that restricts Anna's data while it is pending, until Bo proves to be who objects."""
        request_id = await asked_by_anna(house, "objection")
        await proves(house, request_id)
        return request_id, await answer_all(house, request_id)

    async def test_is_to_be_lifted_and_set_anew(self, house: House) -> None:
        """GDPR Art. 5(1)(d), 18(1)(d): Bo's data are restricted; that Anna's are is a person's to end."""
        _, seen = await self.pending(house)
        rows = await house.sql(
            "SELECT former, lift_proposed_at IS NOT NULL AS proposed FROM restriction ORDER BY former"
        )
        async with house.tx() as tx:
            bo = await restricting.look_up(tx, house.ctx, [Known("personnummer", BO, True)], **AT)
            anna = await restricting.look_up(tx, house.ctx, [Known("email", EMAIL, True)], **AT)
        again = [task for task in seen.of("restrict") if task.former is None]

        assert [(one["former"], one["proposed"]) for one in rows] == [(False, False), (True, True)]
        assert [one.former for one in bo] == [False]
        assert [one.former for one in anna] == [True]
        assert {one.processor_id for one in again} == {one.processor_id for one in seen.of("restrict")}
        assert "former_person" in await alarms_of(house)

    async def test_is_lifted_about_whom_it_was_set(self, house: House) -> None:
        """GDPR Art. 18(3): after a person has told her, by two, and with the identifiers it was set with."""
        request_id, _ = await self.pending(house)
        (one,) = await house.sql("SELECT id FROM restriction WHERE former")
        async with house.tx() as tx:
            said = {"outcome": "Den gällde dig av misstag.", "then": "Vi använder uppgifterna igen."}
            on = house.ctx.today(CONTROLLER, tx.now) + timedelta(days=2)
            with pytest.raises(EndingDoesNotFit):
                await restricting.announce_lift(
                    tx, house.ctx, one["id"], ending="objection_refused", lifting_on=on, actor=AGENT, **said
                )
            await restricting.announce_lift(
                tx, house.ctx, one["id"], ending="another_person", lifting_on=on, actor=AGENT, **said
            )
        async with house.tx() as tx:
            await clock.move(tx.session, to=tx.now + timedelta(days=3))
        told_nobody = "restriction_lifting" not in await house.letters(request_id)
        async with house.tx() as tx:
            asked = (await restricting.ask_lift(tx, house.ctx, one["id"], actor=AGENT))[1]
        await approve(house, asked)
        seen = await look(house, request_id)
        orders = [await order(house, task.id) for task in seen.of("lift_restriction")]

        assert told_nobody
        assert orders
        assert all(EMAIL in told(each) and BO not in told(each) for each in orders)

    async def test_is_not_lifted_before_she_was_told(self, house: House) -> None:
        """GDPR Art. 18(3): no letter of this case goes to her, so a person says that she has been told."""
        request_id = await asked_by_anna(house, "objection")
        await proves(house, request_id)
        (one,) = await house.sql("SELECT id FROM restriction WHERE former")
        async with house.tx() as tx:
            with pytest.raises(NoticeNotOut):
                await restricting.ask_lift(tx, house.ctx, one["id"], actor=AGENT)


class TestAlarm:
    async def test_says_what_to_tell_whom_and_holds_the_case(self, house: House) -> None:
        """GDPR Art. 24, 33: by hand, until somebody has told them; Bo reads nothing of it."""
        request_id = await asked_by_anna(house, "erasure")
        await grant(house, request_id, "erasure")
        await all_done(house, request_id, "erase")
        await proves(house, request_id)
        seen = await look(house, request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            case = await case_rows.read(tx, house.ctx, row)
            shown = ledger.views(house.ctx, case, for_staff=True)
            own = await ledger.own(tx, house.ctx, row)
            recipients = await views.own_recipients(tx, house.ctx, row)
            entry = next(one for one in case.ledger if one.recipient == "alarm-centre")
            notice = await ledger.notice(tx, house.ctx, row, entry.id, actor=AGENT)

        assert seen.row.status == "recipients_to_tell"
        assert {(one["about"], one["by_hand"], one["state"]) for one in shown} == {("former", True, "pending")}
        assert (own, recipients) == ([], [])
        assert "någon annan än den som begärde det" in notice
        assert BO not in notice
        assert row.reference in notice

    async def test_is_raised_again_for_what_is_done_again(self, house: House) -> None:
        """A second proof that ties nothing to what was known before is another person once more."""
        request_id = await asked_by_anna(house, "erasure")
        await grant(house, request_id, "erasure")
        await all_done(house, request_id, "erase")
        await proves(house, request_id, method="seen_in_person")
        async with house.tx() as tx:
            await house.tell_everybody(tx, await steps.hold(tx, request_id))
        await granted_anew(house, request_id, "erasure")
        await all_done(house, request_id, "erase")
        await proves(house, request_id, None)

        assert set((await alarms_of(house)).values()) == {"pending"}
        assert len(await alarms_of(house)) > 1


class TestWaitForACopy:
    async def test_ends_for_the_service_when_it_ends_for_the_database(self, house: House) -> None:
        """Where nothing turned out to be held, too: a release before it is over is refused, and no fault of ours."""
        request_id = await house.file(CONTROLLER, "access", identifiers=WITH_NUMBER, assurance=Level.HIGH)
        await all_done(house, request_id, "locate", NOT_FOUND)
        await decide(house, request_id, "access")
        seen = await step(house, request_id)
        for task in open_tasks(seen):
            await answer(house, task, NOT_FOUND)
        seen = await step(house, request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            with pytest.raises(CoolingOff):
                await house.release(tx, row)
        await house.pass_cooling_off(request_id)
        await step(house, request_id)
        closed = await release(house, request_id)

        assert seen.row.status == "cooling_off"
        assert closed.outcomes() == {"access": "nothing_held"}
