"""
Questions to the person, their letters, and how they stop the clock (EDPB 01/2022 para 159; IMY-2022-9442).
"""

from datetime import UTC, date, datetime

import asyncpg
import pytest

from app import clock
from app.domain.case import StepNotAllowed
from app.domain.clarification import NoLargeAmount, QuestionKind
from app.domain.deadlines import AnsweredBeforeAsked
from app.domain.identity import Level
from app.services import casework, channels, clarification, correspondence, steps, views
from app.services.clarification import AnsweredInTheFuture, IdentityIsProved, QuestionAnswered, UnknownQuestion
from sandbox.people import BY_ID
from tests.harness.house import AGENT, CUSTOMER
from tests.letters.page import Page
from tests.services.by_hand import CONTROLLER, found, look

#: The day of IMY's own arithmetic (SJ): received 9 February 2022, asked on the 15th, proved on 19 April.
RECEIVED_AT = datetime(2022, 2, 9, 9, tzinfo=UTC)
ASKED_AT = datetime(2022, 2, 15, 9, tzinfo=UTC)
PROVED_AT = datetime(2022, 4, 19, 9, tzinfo=UTC)
DUE_ON = date(2022, 3, 9)
ANNA = BY_ID["anna-lindqvist"]
TEXT = "Visa på ett av sätten nedan att det är du som har skickat begäran."


async def at(house, moment):
    async with house.tx() as tx:
        await clock.move(tx.session, to=moment)


async def filed(house, *rights, assurance=Level.NONE):
    await at(house, RECEIVED_AT)
    request_id = await house.file(CONTROLLER, *(rights or ("access",)), assurance=assurance)
    await look(house, request_id)
    return request_id


async def ask(house, request_id, code="not_told_apart", *, moment=ASKED_AT, question=TEXT):
    await at(house, moment)
    kind = QuestionKind.IDENTITY if code in ("not_told_apart", "answer_could_harm") else QuestionKind.CLARIFICATION
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        asked = await clarification.ask(tx, house.ctx, row, kind=kind, code=code, question=question, actor=AGENT)
    await look(house, request_id)
    return asked.id


async def prove(house, request_id, *, moment=PROVED_AT, **how):
    await at(house, moment)
    said = how or {"method": "e_id_in_call", "number": ANNA.personnummer}
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        await channels.note(tx, house.ctx, row, type="email", value=ANNA.email, since=date(2020, 1, 7), source="crm")
        await casework.prove_identity(tx, house.ctx, row, **said, actor=AGENT)
    return await look(house, request_id)


async def answer(house, request_id, question_id=None, *, moment, answered_at=None, actor=CUSTOMER):
    await at(house, moment)
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        await clarification.answer(
            tx,
            house.ctx,
            row,
            question_id=question_id,
            text="Jag vill främst ha samtalen.",
            answered_at=answered_at or tx.now,
            actor=actor,
        )
    return await look(house, request_id)


async def page_of(house, request_id, kind, about):
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        return Page(await correspondence.read_letter(tx, house.ctx, row, kind, about=str(about)))


class TestDoubt:
    async def test_stops_the_clock_as_imy_counted(self, house):
        """
        F15, B.2: the earlier of both methods, 11 May 2022; both dates and the month without it are in the object.
        """
        request_id = await filed(house)
        await ask(house, request_id)
        waiting = (await house.see(request_id)).row
        proved = (await prove(house, request_id)).row
        (told,) = proved.deadline["suspensions"]

        assert (waiting.due_on, waiting.deadline["suspensions"][0]["state"]) == (DUE_ON, "ongoing")
        assert proved.due_on == date(2022, 5, 11)
        assert (told["carry_over_on"], told["resume_on"]) == ("2022-05-11", "2022-05-13")
        assert (told["elapsed_days"], told["days"], told["reason"]) == (6, 63, "identity")
        assert proved.deadline["due_without_suspension_on"] == DUE_ON.isoformat()
        assert "request:deadline_moved" in await house.steps_of(request_id)

    async def test_f15_does_not_start_the_clock_at_the_proof(self, house):
        """
        F15: without a question in time, proving who one is moves nothing, whenever it happens.
        """
        request_id = await filed(house)
        seen = await prove(house, request_id)

        assert seen.row.due_on == DUE_ON

    async def test_asked_after_a_week_stops_nothing_and_says_so(self, house):
        """
        F15: asked without undue delay means within seven days here; the letter does not promise a pause.
        """
        request_id = await filed(house)
        late = await ask(house, request_id, moment=datetime(2022, 2, 17, 9, tzinfo=UTC))
        page = await page_of(house, request_id, "identity_wanted", late)
        seen = await prove(house, request_id)

        assert seen.row.due_on == DUE_ON
        assert seen.row.deadline["suspensions"][0]["state"] == "refused"
        assert "Frågan flyttar inte dagen för vårt svar" in " ".join(page.text.split())

    async def test_counts_from_the_day_its_letter_is_out(self, house):
        """
        A question that lies with the post asks nobody: out after a week, it stops nothing.
        """
        request_id = await filed(house)
        question = await ask(house, request_id)
        await house.sql(
            "UPDATE letter SET sent_at = $2 WHERE about = $1", str(question), datetime(2022, 2, 18, 9, tzinfo=UTC)
        )
        await look(house, request_id)
        seen = await prove(house, request_id)

        assert (seen.row.due_on, seen.row.deadline["suspensions"][0]["state"]) == (DUE_ON, "refused")

    async def test_lasts_until_somebody_is_known_well_enough(self, house):
        """
        A proof that opens none of the claims lets no work begin, so the question stays open.
        """
        request_id = await filed(house)
        await ask(house, request_id)
        code = {"method": "one_time_code", "contact": ("email", ANNA.email)}
        await prove(house, request_id, **code, moment=datetime(2022, 2, 20, 9, tzinfo=UTC))
        (told,) = (await house.see(request_id)).row.deadline["suspensions"]

        assert told["state"] == "ongoing"

    async def test_is_told_with_everything_the_law_wants_in_it(self, house):
        """
        R77-1 (law.md G.2): why, what is enough and why, ways beside an e-ID, no copy, the clock, silence, complaint.
        """
        request_id = await filed(house)
        text = " ".join(
            (await page_of(house, request_id, "identity_wanted", await ask(house, request_id))).text.split()
        )

        for said in (
            *("rimliga skäl", "artikel 12.6", TEXT, "Ett av de här sätten räcker", "Det enda vi behöver veta"),
            *("besök hos oss", "Skicka ingen kopia av din id-handling", "täcka över allt utom", "göra uppehåll"),
            *("artikel 11.2 och 12.2", "Integritetsskyddsmyndigheten (IMY)", "9 mars 2022"),
        ):
            assert said in text

    async def test_is_not_settled_by_words(self, house):
        """
        Saying who one is proves nothing: an answer in words is refused, by whoever it comes.
        """
        request_id = await filed(house)
        question = await ask(house, request_id)
        with pytest.raises(IdentityIsProved):
            await answer(house, request_id, question, moment=PROVED_AT)
        with pytest.raises(UnknownQuestion):
            await answer(house, request_id, moment=PROVED_AT)


class TestClarification:
    @pytest.fixture
    async def request_id(self, house):
        await at(house, RECEIVED_AT)
        return await found(house, "access")

    async def test_out_of_a_large_amount_stops_the_clock(self, house, request_id):
        """
        Recital 63 (EDPB para 159): asked on day 2, answered on day 5: Saturday 12 March, so Monday 14.
        """
        await ask(house, request_id, "large_amount", moment=datetime(2022, 2, 11, 9, tzinfo=UTC))
        seen = await answer(house, request_id, moment=datetime(2022, 2, 14, 9, tzinfo=UTC))

        assert seen.row.due_on == date(2022, 3, 14)
        assert "request:clarified" in await house.steps_of(request_id)

    async def test_of_what_was_meant_stops_nothing(self, house, request_id):
        """
        B.2: nothing but identity and recital 63 suspends; the letter says that the day stands.
        """
        question = await ask(house, request_id, "unclear_request", moment=datetime(2022, 2, 10, 9, tzinfo=UTC))
        seen = await answer(house, request_id, question, moment=datetime(2022, 3, 1, 9, tzinfo=UTC))

        assert (seen.row.due_on, seen.row.deadline["suspensions"]) == (DUE_ON, [])
        assert "flyttar inte dagen" in (await page_of(house, request_id, "clarification", question)).text

    async def test_is_answered_once_and_when_it_was(self, house, request_id):
        """
        Staff record an answer that came by telephone: not before the question, not later than now, not twice.
        """
        question = await ask(house, request_id, "large_amount", moment=datetime(2022, 2, 11, 9, tzinfo=UTC))
        now = datetime(2022, 2, 15, 9, tzinfo=UTC)
        for when, refusal in (
            (datetime(2022, 2, 11, 8, tzinfo=UTC), AnsweredBeforeAsked),
            (datetime(2022, 2, 15, 10, tzinfo=UTC), AnsweredInTheFuture),
        ):
            with pytest.raises(refusal):
                await answer(house, request_id, question, moment=now, answered_at=when, actor=AGENT)
        came = datetime(2022, 2, 14, 9, tzinfo=UTC)
        seen = await answer(house, request_id, question, moment=now, answered_at=came, actor=AGENT)
        with pytest.raises(QuestionAnswered):
            await answer(house, request_id, question, moment=now)

        assert seen.row.due_on == date(2022, 3, 14)

    async def test_is_opened_for_staff_and_not_repeated_to_the_person(self, house, request_id):
        """
        The words of question and answer are sealed; the person reads them in the letter.
        """
        await ask(house, request_id, "large_amount", moment=datetime(2022, 2, 11, 9, tzinfo=UTC))
        await answer(house, request_id, moment=datetime(2022, 2, 14, 9, tzinfo=UTC))
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            (staff,) = (await views.staff_request(tx, house.ctx, row))["questions"]
            (own,) = (await views.own_request(tx, house.ctx, row))["questions"]
        (stored,) = await house.sql("SELECT question_sealed, answer_sealed FROM suspension")

        assert (staff["text"], staff["answer"]) == (TEXT, "Jag vill främst ha samtalen.")
        assert not {"text", "answer", "asked_by"} & own.keys()
        assert TEXT.encode() not in stored["question_sealed"]
        assert b"samtalen" not in stored["answer_sealed"]

    async def test_is_not_asked_of_somebody_unknown(self, house):
        """
        That there is a large amount of data is news to whoever typed a name.
        """
        request_id = await filed(house)
        with pytest.raises(NoLargeAmount):
            await ask(house, request_id, "large_amount")

    async def test_is_not_asked_once_the_answer_has_begun(self, house, request_id):
        """
        A question then would only delay.
        """
        await house.sql("UPDATE request SET phase = 'answering' WHERE id = $1", request_id)
        with pytest.raises(StepNotAllowed):
            await ask(house, request_id, "unclear_request")

    async def test_stands_open_once_of_a_kind_in_the_database_too(self, house, request_id):
        """
        Two open questions of a kind would stop the clock twice over.
        """
        await ask(house, request_id, "large_amount", moment=datetime(2022, 2, 11, 9, tzinfo=UTC))
        for statement, refusal in (
            (
                "INSERT INTO suspension SELECT gen_random_uuid(), request_id, controller_id, reason, code, stops,"
                " question_sealed, asked_at, asked_by FROM suspension",
                asyncpg.UniqueViolationError,
            ),
            (
                "UPDATE suspension SET answered_at = asked_at - interval '1 day', answered_by = 'x'",
                asyncpg.CheckViolationError,
            ),
            ("UPDATE suspension SET answered_at = now()", asyncpg.CheckViolationError),
            ("UPDATE suspension SET reason = 'holidays'", asyncpg.CheckViolationError),
        ):
            with pytest.raises(refusal):
                await house.sql(statement)
