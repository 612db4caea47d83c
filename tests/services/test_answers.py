"""
A recipient's word, from its arrival to the letter: what it ends by itself, what a person reads first, what is printed.
"""

import pytest

from app.domain.answers import NoWordsToTake, WordsHoldAddress
from app.domain.fanout import Action, Outcome
from app.domain.process import CreateTask
from app.processors import Answer, read_outcome
from app.services import tasks
from tests.letters.page import Page
from tests.services import lane_world
from tests.services.by_hand import (
    CONTROLLER,
    DONE,
    answer,
    answer_all,
    claim_of,
    grant,
    look,
    open_tasks,
    registered,
    release,
)

BOOKS = {"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2033-12-31"}
KEPT = {"outcome": "retained", "retained": [BOOKS]}
EVIL = "<b>Logga in</b> på http://evil.example " + "A" * 5_000


async def word(house, task, said):
    """A recipient's own word for a task, as it would be read off the wire."""
    async with house.tx() as tx:
        row, held = await tasks.hold_with_request(tx, task.id)
        await tasks.settle(tx, house.ctx, row, held, read_outcome(said, code="http_200"), by="answer")
    return next(one for one in (await house.see(task.request_id)).tasks if one.id == task.id)


async def asked(house, right, says=lambda _task: DONE, **changed):
    """A request granted, with its searches answered as *says* says; and what stands open of the right's own action."""
    request_id = await house.file(CONTROLLER, right, **changed)
    while looking := [task for task in open_tasks(await look(house, request_id)) if task.claim_id is None]:
        for task in looking:
            await word(house, task, says(task) if task.action == "locate" else DONE)
    seen = await look(house, request_id)
    if claim_of(seen, right).state == "open":
        seen = await grant(house, request_id, right)
    return seen


def everything(task):
    """A search that finds the person in all it looks in."""
    return {"outcome": "completed", "found_categories": list(task.categories)}


def at(seen, key, action):
    (task,) = [one for one in seen.of(action, key) if one.claim_id is not None]
    return task


async def letter(house, request_id, kind="fulfilment"):
    return " ".join(Page((await house.letters(request_id))[kind]).text.split())


class TestWhatIsNotAnErasure:
    @pytest.mark.parametrize(
        ("right", "action", "said", "attention"),
        [
            ("marketing_objection", "stop_marketing", {"outcome": "completed_partial"}, "marketing_goes_on"),
            (
                "marketing_objection",
                "stop_marketing",
                {"outcome": "retained", "retained": [BOOKS]},
                "marketing_goes_on",
            ),
            ("restriction", "restrict", {"outcome": "completed_partial"}, "partly_unexplained"),
            ("rectification", "rectify", {"outcome": "completed_partial"}, "partly_unexplained"),
            ("access", "export", KEPT, "nothing_to_retain"),
        ],
    )
    async def test_done_in_part_or_kept_by_a_law_is_a_persons(self, house, right, action, said, attention):
        """
        Art. 12(4), 15(3), 16, 18, 21(3): a recipient's sentence closes no right.
        """
        seen = await asked(house, right)
        task = await word(house, at(seen, "own-records", action), said | {"message": "Vi fortsätter."})

        assert (task.state, task.attention, task.outcome) == ("needs_person", attention, None)


class TestDoesNoSuchThing:
    @pytest.mark.parametrize(
        ("right", "action", "said", "cell"),
        [
            (
                "marketing_objection",
                "stop_marketing",
                {"evidence": {"not_applicable": "Sends invoices."}},
                "Stoppa marknadsföringenGör inget sådant",
            ),
            ("rectification", "rectify", {"reason": "field_not_held"}, "Har inte den uppgiften. det som skulle"),
        ],
    )
    async def test_is_not_told_as_no_data(self, house, right, action, said, cell):
        """
        Art. 5(1)(a), 12(1): it has found the person, and the letter does not say that it holds nothing.
        """
        await registered(house, actions=[action])
        seen = await asked(house, right, everything)
        await word(house, at(seen, "own-records", action), {"outcome": "not_found", **said})
        await answer_all(house, seen.row.id)
        text = await letter(house, seen.row.id)

        assert cell in text
        assert "Inga uppgifter om dig" not in text


class TestWordsBesideDone:
    async def test_are_a_persons_to_read(self, house):
        """
        Art. 12(4), 21(3): "done", and "the texts go on till New Year" beside it, closes nothing.
        """
        seen = await asked(house, "marketing_objection")
        said = DONE | {"message": "SMS går ut till årsskiftet."}
        task = await word(house, at(seen, "own-records", "stop_marketing"), said)

        assert (task.state, task.attention, task.outcome) == ("needs_person", "words_to_read", None)


class TestErasure:
    async def test_r17_4_that_is_silent_about_a_category_is_a_persons(self, house):
        """
        R17-4, Art. 12(4): a law for the books, and not a word about three categories more.
        """
        seen = await asked(house, "erasure")
        task = await word(house, at(seen, "own-records", "erase"), KEPT)

        assert (task.state, task.attention) == ("needs_person", "partly_unexplained")

    async def test_r17_4_that_accounts_for_each_category_ends_the_task(self, house):
        """
        R17-4: of all but the books nothing is left.
        """
        seen = await asked(house, "erasure")
        task = at(seen, "own-records", "erase")
        gone = sorted(set(task.categories) - {"bookkeeping_records"})
        said = {"outcome": "completed_partial", "retained": [BOOKS], "erased_categories": gone}

        assert (await word(house, task, said)).state == "closed"

    async def test_r17_1_that_says_nothing_of_what_was_to_be_kept_is_a_persons(self, house):
        """
        R17-1, Art. 17(3)(b), 5(2): the order said that the law keeps books; "done" may mean that they are gone.
        """
        seen = await asked(house, "erasure")
        task = await word(house, at(seen, "own-records", "erase"), {"outcome": "completed"})

        assert (task.state, task.attention) == ("needs_person", "told_to_keep")


class TestWhoFoundThePerson:
    async def test_r17_5_does_not_end_an_erasure_by_not_knowing_them(self, house):
        """
        R17-5, F22: a person looks, and their "nothing there" is looked after like any erasure.
        """
        seen = await asked(house, "erasure", everything)
        request_id = seen.row.id
        task = await word(house, at(seen, "alarm-centre", "erase"), {"outcome": "not_found"})
        assert (task.state, task.attention) == ("needs_person", "contradicts_search")

        await answer(house, task, {"outcome": "not_found"})
        while [one for one in open_tasks(seen) if one.action != "locate"]:
            for other in open_tasks(await look(house, request_id)):
                if other.action != "locate":
                    await answer(house, other)
            seen = await look(house, request_id)
        assert [one.state for one in seen.of("locate", "alarm-centre") if one.claim_id] == ["open"]

    @pytest.mark.parametrize(
        "said",
        [{"outcome": "not_found"}, {"outcome": "completed", "records": [{"category": "contact", "rows": [{"a": 1}]}]}],
        ids=["nothing", "one of five"],
    )
    async def test_r15_5_gives_no_less_than_they_found(self, house, said):
        """
        R15-5, Art. 15(1): all was found; a copy of the card alone is not the copy.
        """
        seen = await asked(house, "access", everything)
        task = await word(house, at(seen, "alarm-centre", "export"), said)

        assert (task.state, task.attention) == ("needs_person", "contradicts_search")

    async def test_r17_5_proves_nothing_by_a_word_nobody_knows(self, house):
        """
        R17-5, F22: "Contact" may be the contact data; and what a person confirmed is no second look in the letter.
        """
        seen = await asked(house, "erasure", everything)
        request_id = seen.row.id
        while not (checks := [one for one in open_tasks(seen) if one.action == "locate"]):
            for task in open_tasks(seen):
                await answer(house, task)
            seen = await look(house, request_id)
        for task in checks:
            odd = await word(house, task, {"outcome": "completed", "found_categories": ["Contact"]})
            assert (odd.state, odd.attention) == ("needs_person", "still_held")
        await answer_all(house, request_id, lambda _task: {"outcome": "not_found"})

        assert "sökte efter dig igen" not in await letter(house, request_id)


class TestWords:
    async def test_of_a_recipient_are_printed_by_nobody_who_has_not_read_them(self, house):
        """
        Art. 12(1), 32: three megabytes and a link stay out of an official letter.
        """
        seen = await asked(house, "rectification")
        for task in open_tasks(seen):
            await word(house, task, {"outcome": "completed", "message": EVIL})
        assert (await answer_all(house, seen.row.id)).is_closed
        text = await letter(house, seen.row.id)

        assert [one for one in ("evil", "Logga in", "AAA") if one in text] == []

    def test_are_cut_to_what_somebody_reads(self):
        """
        Too long is no reason to send the order again; what is cut is seen to be.
        """
        read = read_outcome({"outcome": "completed", "message": EVIL, "reason": "x" * 9_000}, code="test").body

        assert {len(read["message"]), len(read["reason"])} == {2_000}
        assert read["message"].endswith("…")

    async def test_are_printed_once_a_person_has_taken_them_over(self, house):
        """
        Art. 12(4): an honest part is settled with the recipient's own reason, and its rows come along.
        """
        seen = await asked(house, "access")
        rows = [{"category": "contact", "rows": [{"email": "anna@example.org"}]}]
        said = {"outcome": "completed_partial", "message": "Samtalen är redan gallrade.", "records": rows}
        task = await word(house, at(seen, "alarm-centre", "export"), said)
        assert task.state == "needs_person"
        await self.take(house, task, {"outcome": "completed_partial"})
        await answer_all(house, seen.row.id, lambda _task: {"outcome": "not_found"})
        await release(house, seen.row.id)

        assert "Samtalen är redan gallrade." in await letter(house, seen.row.id)

    async def test_with_an_address_are_not_taken_over(self, house):
        """
        Art. 12(1): the person's own words take their place.
        """
        seen = await asked(house, "rectification")
        task = await word(house, at(seen, "own-records", "rectify"), {"outcome": "refused", "message": EVIL})
        with pytest.raises(WordsHoldAddress):
            await self.take(house, task, {"outcome": "refused"})
        await self.take(house, task, {"outcome": "refused", "message": "Systemet är avvecklat."})

    async def test_that_were_never_said_cannot_be_taken_over(self, house):
        """
        Nobody has answered yet.
        """
        seen = await asked(house, "rectification")
        with pytest.raises(NoWordsToTake):
            await self.take(house, at(seen, "own-records", "rectify"), {"outcome": "completed"})

    async def take(self, house, task, said):
        async with house.tx() as tx:
            given = await tasks.with_their_answer(tx, house.ctx, task.id, said)
        await answer(house, task, given)


class TestAnswerThatCannotBeWrittenDown:
    @pytest.fixture
    async def asked(self, house):
        """A processor with one task on its lane."""
        async with lane_world.counting() as server:
            processor = await lane_world.register(house, server)
            async with house.tx(CONTROLLER) as tx:
                row = await lane_world.quiet_request(house, tx)
                wanted = CreateTask(None, str(processor.id), Action.ERASE, ("contact",))
                task = await tasks.create(tx, house.ctx, row, wanted)
            yield server, processor, task

    async def test_by_its_shape_is_nobody_knows(self, house, asked):
        """
        Evidence is text: a list in its place broke the recording, and the order went out again and again.
        """
        server, processor, task = asked
        server.answer = ({"outcome": "completed", "evidence": {"method": ["erased"]}}, 200)
        await lane_world.drain(house, processor)
        (row,) = await lane_world.rows(house, [task.id])

        assert (row.state, row.last_code, row.failures) == ("open", "malformed", row.attempts)

    async def test_for_any_reason_is_nobody_knows_and_stays_not_in_the_air(self, house, asked):
        """
        What no reader of ours foresaw is written down as unknown, by the processor's idempotency.
        """
        _, _, task = asked
        await house.sql("UPDATE task SET state = 'sending', attempts = 1 WHERE id = $1", task.id)
        unforeseen = Answer(outcome=Outcome.COMPLETED, code="x", body={"outcome": "completed", "evidence": ["erased"]})
        async with lane_world.lanes_of_their_own(house, 1) as (lanes,):
            await lanes.record(CONTROLLER, task.id, 1, unforeseen)
        (row,) = await lane_world.rows(house, [task.id])

        assert (row.state, row.last_code, row.failures) == ("open", "malformed", 1)
