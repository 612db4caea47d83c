"""
Erasure per category: what goes, what stays with its law and its day, and what happens on that day by itself.
"""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from app import clock
from app.domain.decisions import Verdict
from app.domain.ended_by_person import KeptWithoutReason
from app.domain.erasure_answers import (
    AnonymisedIsNotErased,
    LawDoesNotReach,
    LawNotKnown,
    NoExceptionFromErasure,
    RetainedTooLong,
)
from app.domain.erasure_decision import CategoryUndecided, Entry, LiveAlarmNotErased, NothingToErase
from app.domain.erasure_plan import Contract
from app.domain.fanout import Outcome
from app.domain.finding import NothingToLookUp
from app.models import ErasurePlanRow
from app.processors import Answer, Kind
from app.repositories import cases, erasure, registry
from app.services import (
    casework,
    erasing,
    fulfilment,
    keeping,
    orders,
    protecting,
    registration,
    steps,
    suppression,
    tasks,
    views,
)
from app.services.intake import Identifier
from tests.harness.house import AGENT, CUSTOMER
from tests.letters.page import Page
from tests.services.by_hand import (
    CONTROLLER,
    DONE,
    REASONS,
    answer,
    answer_all,
    approve,
    claim_of,
    decide,
    grant,
    look,
    open_tasks,
)

LAST_DAY = date(2033, 12, 31)
KEPT = {"outcome": "completed_partial", "retained": [{"category": "bookkeeping_records", "law": "BFL_7_2",
        "until": LAST_DAY.isoformat()}]}  # fmt: skip
RUNS = DONE | {"facts": {"contract": "active"}}
ENDED = DONE | {"facts": {"contract": "ended", "relationship_ended_on": "2026-06-30"}}
RUNNING = erasing.Said(facts=erasing.SaidFacts(contract=Contract.ACTIVE))


def plain(html):
    return " ".join(Page(html).text.split())


async def located(house, said=ENDED, **changed):
    """A request for erasure whose person everybody has found, and told of the contract."""
    request_id = await house.file(CONTROLLER, "erasure", **changed)
    await answer_all(house, request_id, lambda _task: said)
    return request_id


async def answered(house, *, keeps=True, **changed):
    """A closed request whose bookkeeping records one recipient keeps."""
    request_id = await located(house, **changed)
    seen = await grant(house, request_id, "erasure")

    def says(task):
        return KEPT if keeps and task.action == "erase" and "bookkeeping_records" in task.categories else DONE

    seen = await answer_all(house, request_id, says)
    assert seen.is_closed
    return request_id


async def scheduled(house):
    return [dict(row) for row in await house.sql("SELECT * FROM scheduled_erasure ORDER BY category, id")]


async def move_to(house, day):
    async with house.tx() as tx:
        await clock.move(tx.session, to=datetime(day.year, day.month, day.day, 10, tzinfo=UTC))


async def begin_all(house):
    """What the worker does when the sweep has found what is due."""
    begun = []
    async with house.tx() as tx:
        for _, id_ in await erasure.due(tx, now=tx.now):
            if (row := await keeping.begin(tx, house.ctx, id_)) is not None:
                begun.append(row.id)
    return begun


async def asked_without_categories(house):
    """The order to erase of a recipient that no category is declared for, after a yes that leaves two out."""
    async with house.tx(CONTROLLER) as tx:
        new = registration.NewProcessor(
            key="nocat", title="Utan kategorier", kind=Kind.MANUAL, recipient_kind="processor", actions=["erase"],
            categories=[], identifier_types=["email"],
        )  # fmt: skip
        processor = await registration.register(tx, house.ctx, CONTROLLER, new)
    request_id = await located(house)
    said = {"ground": "legal_claims", "reasons": REASONS, "exclude": ["call_recording", "alarm_history"]}
    waits = await decide(house, request_id, "erasure", verdict=Verdict.PARTLY_GRANTED, **said)
    if waits is not None:
        await approve(house, waits)
    seen = await look(house, request_id)
    (task,) = [one for one in seen.of("erase") if one.processor_id == processor.id]
    return task


async def settle(house, task, said):
    """A processor's own word for a task."""
    async with house.tx() as tx:
        row, held = await tasks.hold_with_request(tx, task.id)
        given = Answer(outcome=Outcome(said["outcome"]), code="test", body=said)
        await tasks.settle(tx, house.ctx, row, held, given, by="answer")
    return next(one for one in (await house.see(task.request_id)).tasks if one.id == task.id)


class TestPlan:
    async def test_r17_1_asks_each_recipient_for_what_goes_now_and_nothing_else(self, house):
        """
        R17-1: decided per category; what a running alarm works with is in no task (security.md 5.5).
        """
        request_id = await located(house, RUNS)
        seen = await grant(house, request_id, "erasure")

        asked = {seen.keys[task.processor_id]: set(task.categories) for task in seen.of("erase")}
        assert asked == {
            "alarm-centre": {"photo_video"},
            "own-records": {"photo_video", "bookkeeping_records"},
        }
        seen = await answer_all(house, request_id)
        assert seen.outcomes() == {"erasure": "partly_granted"}
        text = plain((await house.letters(request_id))["fulfilment"])
        assert "Larmhistorik: Inget av skälen för radering finns" in text
        assert "Sparas så länge avtalet löper." in text
        assert "Vill du att uppgifterna raderas kan du säga upp tjänsten" in text

    async def test_needs_to_know_whether_the_contract_runs(self, house):
        """
        An alarm is never guessed to be off: without the fact nothing is decided.
        """
        request_id = await located(house, DONE)
        with pytest.raises(CategoryUndecided):
            await decide(house, request_id, "erasure", plan=erasing.Said())

    async def test_does_not_take_an_alarm_off_by_calling_the_contract_ended(self, house):
        """
        Erase-to-disarm: a processor says that it runs; staff say since when it has ended, or it is kept.
        """
        request_id = await located(house, RUNS)
        ended = erasing.SaidFacts(contract=Contract.ENDED)
        with pytest.raises(erasing.ContractStillRuns):
            await decide(house, request_id, "erasure", plan=erasing.Said(facts=ended))
        zones = Entry(category="transmitter_log", verdict="erase", ground="not_necessary")
        with pytest.raises(LiveAlarmNotErased):
            await decide(house, request_id, "erasure", plan=erasing.Said(entries=(zones,)))
        since = erasing.SaidFacts(contract=Contract.ENDED, relationship_ended_on=date(2026, 1, 31))
        approval = await decide(house, request_id, "erasure", plan=erasing.Said(facts=since))

        assert (approval.facts["contract"], approval.facts["contract_as_told"]) == ("ended", "active")

    async def test_that_keeps_everything_is_no_yes(self, house):
        """
        Art. 12(4): what would be a no in disguise is refused.
        """
        request_id = await located(house, RUNS)
        keeps = tuple(
            Entry(category=one, verdict="keep", exception="still_necessary", condition="contract_runs",
                  review_on=date(2027, 6, 1), reason=REASONS)
            for one in ("photo_video", "call_recording")
        )  # fmt: skip
        years = erasing.SaidFacts(fiscal_years_ended=(date(2026, 12, 31),))
        with pytest.raises(NothingToErase):
            await decide(house, request_id, "erasure", plan=erasing.Said(entries=keeps, facts=years))

    async def test_is_only_for_erasure(self, house):
        """
        No other right is planned by category.
        """
        request_id = await house.file(CONTROLLER, "rectification")
        await answer_all(house, request_id)
        with pytest.raises(erasing.PlanForErasureOnly):
            await decide(house, request_id, "rectification", plan=RUNNING)

    @pytest.mark.parametrize(
        "broken",
        [
            {"fate": "keep_until", "exception": "still_necessary"},
            {"fate": "keep_until", "until": LAST_DAY},
            {"fate": "keep_while", "exception": "still_necessary", "condition": "dispute"},
            {"fate": "keep_until", "exception": "legal_obligation", "until": LAST_DAY},
            {"fate": "erase_now"},
            {"fate": "undecided"},
        ],
    )
    async def test_f28_is_held_by_the_database_where_the_code_is_walked_round(self, house, broken):
        """
        F28: no exemption without its end, no law without its code, no erasure without its ground.
        """
        request_id = await located(house)
        claim = claim_of(await house.see(request_id), "erasure")
        row = ErasurePlanRow(
            claim_id=claim.id, category="contact", request_id=request_id, controller_id=CONTROLLER, **broken
        )
        with pytest.raises(Exception, match="ck_erasure_plan"):
            async with house.tx() as tx:
                tx.session.add(row)

    async def test_for_a_no_schedules_the_end_of_what_it_keeps(self, house):
        """
        R17-3: refused for a dispute: kept with a review date, on which a person is asked anew.
        """
        request_id = await located(house)
        dispute = Entry(category="contact", verdict="keep", exception="legal_claims", hold="CLAIM_AGAINST",
                        review_on=date(2027, 2, 1), reason=REASONS)  # fmt: skip
        no = {"verdict": Verdict.REFUSED, "ground": "legal_claims", "reasons": REASONS}
        await approve(house, await decide(house, request_id, "erasure", plan=erasing.Said(entries=(dispute,)), **no))
        seen = await look(house, request_id)

        assert seen.outcomes() == {"erasure": "refused"}
        assert {(one["category"], one["hold"], one["review_on"]) for one in await scheduled(house)} == {
            ("contact", "CLAIM_AGAINST", date(2027, 2, 1))
        }
        assert "Kontaktuppgifter: Uppgifterna behövs för ett bestämt rättsligt anspråk" in plain(
            (await house.letters(request_id))["refusal"]
        )


class TestWhatIsKept:
    async def test_is_erased_by_itself_when_its_day_comes_and_the_person_is_told(self, house):
        """
        Art. 5(1)(e), R17-1: the day after the last, a follow-up erases under the decision two people once made.
        """
        request_id = await answered(house)
        (kept,) = await scheduled(house)
        assert (kept["until"], kept["due_on"], kept["hold"]) == (LAST_DAY, date(2034, 1, 1), "BFL_7_2")
        await move_to(house, LAST_DAY)
        assert await begin_all(house) == []

        await move_to(house, LAST_DAY + timedelta(days=1))
        (follow_up,) = await begin_all(house)
        assert await begin_all(house) == []
        seen = await look(house, follow_up)
        assert [(task.action, task.categories) for task in seen.tasks] == [("erase", ["bookkeeping_records"])]
        seen = await answer_all(house, follow_up)

        assert (seen.is_closed, seen.outcomes()) == (True, {"erasure": "granted"})
        by_hand = "SELECT recipient FROM ledger_entry WHERE request_id = $1 AND processor_id IS NULL"
        assert await house.sql(by_hand, follow_up) == []  # whoever was told of the erasure was told of all of it
        letters = await house.letters(follow_up)
        assert set(letters) == {"kept_erased"}
        assert "Det som sparades när du begärde radering är nu raderat." in plain(letters["kept_erased"])
        (done,) = await scheduled(house)
        assert (done["state"], done["outcome"], done["wrapped_key"]) == ("performed", "granted", None)
        assert (await house.steps_of(request_id))[-1] == "retention:erased"
        assert (await house.steps_of(follow_up))[0] == "retention:ended"
        async with house.tx() as tx:
            told = await views.timeline(tx, house.ctx, await steps.hold(tx, request_id))
        assert told[-1]["text"] == "Det som sparades till och med 31 december 2033 är nu raderat."

    @pytest.mark.parametrize("names", ["each", "the newest"])
    async def test_r17_2_of_several_financial_years_goes_year_by_year(self, house, names):
        """
        R17-2, Art. 17(3)(b), BFL 7:2: each year on the day after its own last, until nothing is left.
        """
        request_id = await located(house)
        years = erasing.SaidFacts(fiscal_years_ended=(date(2019, 12, 31), date(2025, 12, 31)))
        first, second = date(2026, 12, 31), date(2032, 12, 31)
        books = {"category": "bookkeeping_records", "law": "BFL_7_2"}
        await approve(house, await decide(house, request_id, "erasure", plan=erasing.Said(facts=years)))
        assert (await answer_all(house, request_id)).is_closed
        days = {(one["category"], one["until"]) for one in await scheduled(house)}
        assert days == {("bookkeeping_records", first)}
        letter = plain((await house.letters(request_id))["fulfilment"])
        assert "Sparas till och med 31 december 2026" in letter
        assert "Varje senare år sparas till och med den 31 december sju år efter" in letter

        left = [second] if names == "the newest" else [second, date(2033, 12, 31)]
        rest = {"outcome": "completed_partial", "retained": [books | {"until": day.isoformat()} for day in left]}
        await move_to(house, first + timedelta(days=1))
        (follow_up,) = await begin_all(house)
        seen = await answer_all(house, follow_up, lambda task: rest if task.action == "erase" else DONE)
        assert (seen.is_closed, seen.outcomes()) == (True, {"erasure": "partly_granted"})
        letter = plain((await house.letters(follow_up))["kept_erased"])
        assert "skälet för att spara det som är raderat är slut" in letter
        assert "sparas till och med 31 december 2032" in letter
        waiting = [one for one in await scheduled(house) if one["state"] == "waiting"]
        assert [(one["until"], one["due_on"]) for one in waiting] == [(second, date(2033, 1, 1))]

        await move_to(house, date(2033, 1, 1))
        (last,) = await begin_all(house)
        seen = await answer_all(house, last)
        assert seen.outcomes() == {"erasure": "granted"}
        assert {one["state"] for one in await scheduled(house)} == {"performed"}

    async def test_outlives_the_request_it_comes_from(self, house):
        """
        Our own retention destroys the case long before seven years are over; the promise is kept all the same.
        """
        request_id = await answered(house)
        await house.sql("DELETE FROM request WHERE id = $1", request_id)
        await move_to(house, LAST_DAY + timedelta(days=1))
        (follow_up,) = await begin_all(house)
        seen = await answer_all(house, follow_up)

        assert seen.outcomes() == {"erasure": "granted"}

    @pytest.mark.parametrize("is_file_gone", [False, True])
    async def test_about_somebody_who_must_not_be_found_stays_hidden(self, house, is_file_gone):
        """
        The request that follows is seen by trained handlers alone, also when the answered one is long gone.
        """
        request_id = await answered(house)
        async with house.tx() as tx:
            await protecting.mark(tx, house.ctx, await steps.hold(tx, request_id), reason="Sekretess.", actor=AGENT)
        if is_file_gone:
            await house.sql("DELETE FROM request WHERE id = $1", request_id)
        await move_to(house, LAST_DAY + timedelta(days=1))
        (follow_up,) = await begin_all(house)
        (row,) = await house.sql("SELECT protected FROM request WHERE id = $1", follow_up)

        assert row["protected"] is True

    async def test_is_sealed_under_a_key_of_its_own(self, house):
        """
        Nothing readable of the person lies there, and only what that recipient needs to find them.
        """
        request_id = await answered(house)
        (kept,) = await scheduled(house)
        (request,) = await house.sql("SELECT wrapped_key FROM request WHERE id = $1", request_id)

        assert kept["wrapped_key"] != request["wrapped_key"]
        assert b"anna" not in kept["subject_sealed"].lower()

    async def test_cannot_be_taken_back(self, house):
        """
        Nobody keeps the data alive by withdrawing what the service does by itself.
        """
        await answered(house)
        await move_to(house, LAST_DAY + timedelta(days=1))
        (follow_up,) = await begin_all(house)
        with pytest.raises(casework.AlreadyUnderWay):
            async with house.tx() as tx:
                await casework.withdraw(tx, await steps.hold_open(tx, follow_up), rights=[], actor=CUSTOMER)

    async def test_as_long_as_a_condition_holds_is_put_before_a_person_on_its_day(self, house):
        """
        R17-3: on the review date the request that follows waits for a decision; nothing goes, or stays, silently.
        """
        request_id = await located(house, RUNS)
        await grant(house, request_id, "erasure")
        await answer_all(house, request_id)
        assert {one["condition"] for one in await scheduled(house)} == {"contract_runs"}
        await move_to(house, max(one["review_on"] for one in await scheduled(house)))
        (follow_up,) = await begin_all(house)
        seen = await answer_all(house, follow_up, lambda _task: ENDED)

        assert seen.row.status == "awaiting_decision"
        assert seen.of("erase") == []
        await grant(house, follow_up, "erasure")
        seen = await answer_all(house, follow_up)
        erased = {category for task in seen.of("erase") for category in task.categories}
        assert erased == {"contact", "credentials", "alarm_history", "transmitter_log"}
        assert seen.outcomes() == {"erasure": "granted"}

    @pytest.mark.parametrize(
        "change", ["until = NULL", "due_on = until", "state = 'performed', next_at = NULL", "approved_by = decided_by"]
    )
    async def test_has_its_day_in_the_database_too(self, house, change):
        """
        A date for everything that is kept, and nothing left to read when it is gone.
        """
        await answered(house)
        with pytest.raises(asyncpg.CheckViolationError):
            await house.sql(f"UPDATE scheduled_erasure SET {change}")  # noqa: S608


class TestAnswer:
    async def test_f28_that_is_only_anonymised_is_no_erasure(self, house):
        """
        F28, R17-4 (CEF 2025): a processor's "anonymised" goes to a person, and a person's is refused.
        """
        request_id = await located(house)
        seen = await grant(house, request_id, "erasure")
        task = seen.of("erase", "alarm-centre")[0]
        settled = await settle(house, task, {"outcome": "completed", "evidence": {"method": "anonymised"}})

        assert (settled.state, settled.attention, settled.outcome) == ("needs_person", "anonymised", None)
        with pytest.raises(AnonymisedIsNotErased):
            await answer(house, settled, DONE | {"reason": "anonymised"})

    @pytest.mark.parametrize(
        ("law", "category", "attention", "refusal"),
        [
            ("SSF_136", "photo_video", "law_not_known", LawNotKnown),
            ("BFL_7_2", "photo_video", "law_does_not_reach", LawDoesNotReach),
            ("DSL_5", "photo_video", "law_does_not_reach", NoExceptionFromErasure),
            ("CRIME_REPORT", "photo_video", "retained_unplanned", RetainedTooLong),
        ],
    )
    async def test_r17_2_by_which_nothing_can_be_kept_goes_to_a_person(self, house, law, category, attention, refusal):
        """
        R17-2: an unknown code is no law, and bookkeeping law keeps no recordings.
        """
        request_id = await located(house)
        task = (await grant(house, request_id, "erasure")).of("erase", "alarm-centre")[0]
        said = {"outcome": "retained", "retained": [{"category": category, "law": law, "until": "2033-12-31"}]}
        settled = await settle(house, task, said)

        assert (settled.state, settled.attention) == ("needs_person", attention)
        with pytest.raises(refusal):
            await answer(house, settled, said)

    @pytest.mark.parametrize("said", [{}, {"reason": "partial_success"}, {"retained": []}])
    async def test_r17_3_in_part_that_names_no_law_is_not_ended_so_by_a_person_either(self, house, said):
        """
        R17-3, Art. 12(4): the doubt that brought the person in is not settled by repeating it.
        """
        request_id = await located(house)
        task = (await grant(house, request_id, "erasure")).of("erase", "alarm-centre")[0]
        settled = await settle(house, task, {"outcome": "completed_partial", **said})

        assert (settled.state, settled.attention) == ("needs_person", "partly_unexplained")
        with pytest.raises(KeptWithoutReason):
            await answer(house, settled, {"outcome": "completed_partial", **said})
        await answer(house, settled, {"outcome": "completed_partial", "message": "Resten ligger i en kopia."})
        assert next(one for one in (await house.see(request_id)).tasks if one.id == task.id).state == "closed"

    async def test_r17_3_by_an_exemption_nobody_decided_on_is_a_persons_to_confirm(self, house):
        """
        R17-3: a processor's word alone claims no dispute; a person may, within ten years.
        """
        request_id = await located(house)
        task = (await grant(house, request_id, "erasure")).of("erase", "alarm-centre")[0]
        claimed = {"law": "CLAIM_AGAINST", "until": "2027-12-31"}
        said = {"outcome": "retained", "retained": [{"category": one, **claimed} for one in task.categories]}
        settled = await settle(house, task, said)

        assert (settled.state, settled.attention, settled.outcome) == ("needs_person", "retained_unplanned", None)
        await answer(house, settled, said)
        assert next(one for one in (await house.see(request_id)).tasks if one.id == task.id).outcome == "retained"

    @pytest.mark.parametrize(
        ("said", "state"),
        [
            ({"outcome": "not_found"}, "closed"),
            ({"outcome": "completed", "found_categories": ["photo_video"]}, "needs_person"),
            ({"outcome": "completed"}, "needs_person"),
        ],
    )
    async def test_f22_is_looked_after_and_what_is_found_again_goes_to_a_person(self, house, said, state):
        """
        F22, R17-4: erased is what is no longer found.
        """
        request_id = await located(house)
        seen = await grant(house, request_id, "erasure")
        while not (checks := [task for task in seen.of("locate", "alarm-centre") if task.claim_id is not None]):
            for task in open_tasks(seen):
                await answer(house, task)
            seen = await look(house, request_id)
        (check,) = checks
        settled = await settle(house, check, said)

        assert (settled.state, settled.attention) == (state, None if state == "closed" else "still_held")
        assert not (await look(house, request_id)).is_closed


class TestSuppression:
    async def held(self, house, type_, value):
        async with house.tx() as tx:
            return await suppression.look_up(tx, house.ctx, CONTROLLER, [Identifier(type_, value)])

    async def test_f13_of_marketing_holds_at_once_whatever_recipients_answer(self, house):
        """
        F13, R21-2: effective with the grant, in every channel, and asking twice changes nothing.
        """
        email = ("email", "anna.lindqvist@example.org")
        assert await self.held(house, *email) == {"marketing_stopped": False, "do_not_import": False}
        for _ in range(2):
            request_id = await house.file(CONTROLLER, "marketing_objection")
            await look(house, request_id)

        assert await self.held(house, *email) == {"marketing_stopped": True, "do_not_import": False}
        assert (await self.held(house, "phone", "+46701740605"))["marketing_stopped"]
        with pytest.raises(NothingToLookUp):  # a household's address says nothing about one of them
            await self.held(house, "address", "exempelvägen 4, 999 01 provstad")
        await house.sql("DELETE FROM request")
        assert (await self.held(house, *email))["marketing_stopped"]

    async def test_r17_4_after_an_erasure_stops_the_data_from_being_imported_again(self, house):
        """
        R17-4: hashes and nothing else; the letter says so.
        """
        request_id = await answered(house)
        rows = await house.sql("SELECT kind, type, blind FROM suppression")

        assert {row["kind"] for row in rows} == {"reimport"}
        assert {row["type"] for row in rows} <= {"personnummer", "email", "phone", "customer_number"}
        assert (await self.held(house, "customer_number", "c-10001"))["do_not_import"]
        assert "sparar vi en minimal spärr" in plain((await house.letters(request_id))["fulfilment"])

    async def test_does_not_lock_out_a_customer_whose_contract_runs(self, house):
        """
        Who stays a customer is imported as before; no entry is claimed in the letter.
        """
        request_id = await located(house, RUNS)
        await grant(house, request_id, "erasure")
        await answer_all(house, request_id)

        assert await house.sql("SELECT 1 FROM suppression") == []
        assert "minimal spärr" not in plain((await house.letters(request_id))["fulfilment"])


class TestRestoring:
    async def test_r17_4_is_told_what_must_not_come_back(self, house):
        """
        R17-4, F28: every erasure leaves a line for whoever restores a backup; the letter says when backups are gone.
        """
        request_id = await answered(house)
        rows = await house.sql("SELECT p.key, e.* FROM erased_data e JOIN processor p ON p.id = e.processor_id")

        assert {row["key"] for row in rows} == {"alarm-centre", "telephony", "own-records", "processors"}
        assert all(row["backups_overwritten_by"] is None for row in rows)
        text = plain((await house.letters(request_id))["fulfilment"])
        assert "Ingen dag är angiven för när säkerhetskopior skrivs över." in text

    async def test_reckons_when_backups_are_overwritten_where_the_system_says_so(self, house):
        """
        A documented overwrite date (R17-4).
        """
        profile = house.ctx.profiles[CONTROLLER]
        systems = tuple(one.model_copy(update={"backups_overwritten_after": "P30D"}) for one in profile.systems)
        stated = house.ctx.__class__(
            **{**vars(house.ctx), "profiles": {CONTROLLER: profile.model_copy(update={"systems": systems})}}
        )

        assert keeping.backups_gone_by(stated, CONTROLLER, "telephony", date(2026, 1, 31)) == date(2026, 3, 2)
        assert keeping.backups_gone_by(stated, CONTROLLER, "nobody", date(2026, 1, 31)) is None


class TestTask:
    async def test_says_what_is_to_be_kept_although_it_erases(self, house):
        """
        BFL 7:2: the recipient is told which law keeps what of the category it is asked to erase.
        """
        request_id = await located(house)
        task = (await grant(house, request_id, "erasure")).of("erase", "own-records")[0]
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            held = await cases.task(tx, task.id)
            seen = await views.whole_task(tx, house.ctx, row, held)

        assert seen["details"]["keep"] == [{"category": "bookkeeping_records", "law": "BFL_7_2"}]

    async def test_says_what_was_left_out_to_whom_no_category_is_declared_for(self, house):
        """
        Art. 5(2), 12(4): "erase", without a category, would take what two people left out of their yes.
        """
        task = await asked_without_categories(house)
        async with house.tx() as tx:
            order = await orders.order_for(tx, house.ctx, await registry.processor(tx, task.processor_id), task)

        assert order.categories == ()
        kept = {one["category"]: one.get("law") for one in order.details["keep"]}
        assert kept == {"alarm_history": None, "call_recording": None, "bookkeeping_records": "BFL_7_2"}

    async def test_r17_1_whose_recipient_has_no_categories_is_measured_by_what_it_was_told_to_keep(self, house):
        """
        R17-1, Art. 17(3)(b), 5(2): "done" without a word of the books may mean that they are gone.
        """
        task = await asked_without_categories(house)

        task = await settle(house, task, {"outcome": "completed"})

        assert (task.state, task.attention) == ("needs_person", "told_to_keep")

    async def test_r17_3_whose_recipient_has_no_categories_can_say_what_is_kept(self, house):
        """
        R17-3: it is asked about all there is, so it may name any category of the controller's; and so may staff.
        """
        task = await asked_without_categories(house)

        task = await settle(house, task, KEPT)
        assert (task.state, task.attention) == ("needs_person", "told_to_keep")
        await answer(house, task, KEPT | {"message": "De två andra ligger kvar som beslutat."})

        (over,) = [one for one in (await house.see(task.request_id)).tasks if one.id == task.id]
        assert (over.state, over.outcome) == ("closed", "completed_partial")

    async def test_whose_recipient_has_no_categories_names_none_that_nobody_knows(self, house):
        """
        What is no category of the controller's is no answer.
        """
        task = await asked_without_categories(house)
        unheard = [KEPT["retained"][0] | {"category": "unheard_of"}]

        task = await settle(house, task, KEPT | {"retained": unheard})

        assert task.last_code == "foreign_category"

    async def test_f10_of_a_processor_keeps_the_case_open_until_it_is_answered(self, house):
        """
        F10: "our processor is responsible" is no answer.
        """
        request_id = await located(house)
        seen = await grant(house, request_id, "erasure")
        for task in open_tasks(seen)[1:]:
            await answer(house, task)
        async with house.tx() as tx:
            await fulfilment.advance(tx, house.ctx, request_id)

        assert not (await house.see(request_id)).is_closed
        assert "fulfilment" not in await house.letters(request_id)
