"""
The page a recipient answers on: opened by a code from the registered mailbox, by nothing else, and answered once.
"""

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from app.domain.fanout import Action
from app.domain.recipient_page import CODES_PER_TASK, MOST_TRIES
from app.services import protecting, registration, sealing, steps, tasks, views
from sandbox.mailbox import open_mailbox
from sandbox.people import BY_ID
from sandbox.recipient_desk import Desk, DeskFailed, Reply
from tests.harness.house import AGENT, eventually
from tests.harness.mail_server import a_mail_server
from tests.services.lane_world import CONTROLLER
from tests.services.mailed import ADDRESS, a_world, form_of, register

ANNA = BY_ID["anna-lindqvist"]
KEPT = ("contact", "BFL_7_2", "2033-12-31")


@pytest.fixture
async def box():
    async with a_mail_server() as box:
        yield box


@pytest.fixture
async def world(street, tmp_path, box):
    """A house at work, with a recipient by mail."""
    async with a_world(street, tmp_path, box) as world, world.house.working():
        yield world


@pytest.fixture
async def processor(world):
    return await register(world.house)


@pytest.fixture
async def asked(world, processor):
    """A task that was mailed: its id and its page."""
    return await world.mailed(processor)


@asynccontextmanager
async def in_it(world, path):
    """A browser that has opened the page, and its form's token."""
    async with world.browser() as client:
        yield client, await world.enter(client, path)


class TestWayIn:
    async def test_is_a_code_from_the_registered_mailbox(self, world, box, asked):
        """
        The address alone shows nothing; the code goes to the registration's address and to no other.
        """
        _, path = asked
        async with world.browser() as client:
            before = await client.get(path)
            form = await world.enter(client, path)
            after = await client.get(path)

        assert "c-10001" not in before.text
        assert "Radera" not in before.text
        assert "Radera" in after.text
        assert form in after.text
        assert [one[1] for one in box.envelopes] == [[ADDRESS]] * 2
        assert "http" not in box.messages[1].get_content()

    async def test_shows_what_this_recipient_may_know_and_no_more(self, world, asked):
        """
        Only the identifiers it declared: the rest of the person stays here.
        """
        _, path = asked
        async with in_it(world, path) as (client, _):
            page = (await client.get(path)).text
        known = dict(ANNA.identifiers)

        assert known["email"] in page
        assert not [
            value for type, value in ANNA.identifiers if type not in ("email", "customer_number") and value in page
        ]

    async def test_is_not_found_by_guessing_the_address(self, world, asked):
        """
        A wrong address, a malformed one, another tenant's and a callback's own are all the same.
        """
        task_id, path = asked
        callback = tasks.callback_token(world.house.ctx, CONTROLLER, task_id)
        guesses = [
            f"/p/{CONTROLLER}.{'x' * 43}", f"/p/securitas.{path.rpartition('.')[2]}", f"/p/{callback}",
            path[:-3] + "AAA", "/p/x", f"/p/{CONTROLLER}.", "/p/%00", f"{path}.",
        ]  # fmt: skip
        async with world.browser() as client:
            answers = [await client.get(one) for one in guesses]
            posted = [await client.post(f"{one}/{what}") for one in guesses for what in ("code", "session", "answer")]

        assert {(one.status_code, one.text) for one in (*answers, *posted)} == {(404, answers[0].text)}

    async def test_of_a_callback_is_not_the_pages(self, world, asked):
        """
        Whoever has the page's address cannot speak as a processor's system, nor the other way round.
        """
        _, path = asked
        async with world.browser() as client:
            answer = await client.post(f"/v1/callbacks/{path.removeprefix('/p/')}", content=b"{}")

        assert answer.status_code == 404

    async def test_is_closed_to_somebody_who_tries_codes(self, world, asked):
        """
        Five tries a code, five codes a day; after that the right one opens nothing either (ASVS 6.6.3).
        """
        task_id, path = asked
        async with world.browser() as client:
            code = await world.code(client, path)
            wrong = f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}"
            tries = [await client.post(f"{path}/session", data={"code": wrong}) for _ in range(MOST_TRIES)]
            late = await client.post(f"{path}/session", data={"code": code})
            asked_again = [await client.post(f"{path}/code") for _ in range(CODES_PER_TASK)]

        assert {one.status_code for one in (*tries, late)} == {403}
        assert [one.status_code for one in asked_again] == [200] * (CODES_PER_TASK - 1) + [429]
        assert (await world.steps(task_id)).count("task:code_tried") == MOST_TRIES

    async def test_counts_tries_that_come_at_once(self, world, asked):
        """
        A hundred guesses in the same moment are five: counted in the database, whoever answers them.
        """
        _, path = asked
        async with world.browser() as client:
            await world.code(client, path)
            sent = [client.post(f"{path}/session", data={"code": f"{n:08d}"}) for n in range(40)]
            await asyncio.gather(*sent)
        (row,) = await world.house.sql("SELECT tries FROM recipient_code")

        assert row["tries"] == MOST_TRIES

    async def test_is_good_once(self, world, asked):
        """
        ASVS 6.5.1; and a new code ends the one before.
        """
        _, path = asked
        async with world.browser() as client, world.browser() as other:
            first = await world.code(client, path)
            second = await world.code(client, path)
            old = await client.post(f"{path}/session", data={"code": first})
            right = await client.post(f"{path}/session", data={"code": second})
            again = await other.post(f"{path}/session", data={"code": second})

        assert [old.status_code, right.status_code, again.status_code] == [403, 200, 403]

    async def test_is_over_after_twenty_minutes(self, world, asked):
        """A code that lies in a mailbox opens nothing."""
        _, path = asked
        async with world.browser() as client:
            code = await world.code(client, path)
            await world.pass_time(timedelta(minutes=20))

            assert (await client.post(f"{path}/session", data={"code": code})).status_code == 403

    async def test_of_one_task_is_not_anothers(self, world, processor, asked):
        """
        Neither the code nor the session: the same recipient, another person.
        """
        _, path = asked
        _, other = await world.mailed(processor)
        async with world.browser() as client:
            code = await world.code(client, path)
            refused = await client.post(f"{other}/session", data={"code": code})
            form = form_of(await client.post(f"{path}/session", data={"code": code}))
            (cookie,) = client.cookies.jar
            stolen = {"Cookie": f"{cookie.name}={cookie.value}"}
            seen = await client.get(other, headers=stolen)
            done = await client.post(
                f"{other}/confirmation", data={"form": form, "outcome": "completed"}, headers=stolen
            )

        assert refused.status_code == 403
        assert "Radera" not in seen.text
        assert done.status_code == 403
        assert cookie.path == path

    async def test_closes_by_itself_and_by_a_button(self, world, asked):
        """An hour, not prolonged; or at once."""
        _, path = asked
        async with in_it(world, path) as (client, form):
            assert "Radera" not in (await client.post(f"{path}/end", data={"form": form})).text
            await world.enter(client, path)
            await world.pass_time(timedelta(minutes=59))
            open_still = await client.get(path)
            await world.pass_time(timedelta(minutes=2))
            closed = await client.get(path)

        assert "Radera" in open_still.text
        assert "Radera" not in closed.text

    async def test_ends_with_the_statutory_time(self, world, asked):
        """
        After it the address is as one that never was.
        """
        _, path = asked
        async with world.browser() as client:
            unknown = await client.get(f"/p/{CONTROLLER}.{'x' * 43}")
            await world.pass_time(timedelta(days=150))
            over = await client.get(path)

        assert (over.status_code, over.text) == (404, unknown.text)

    async def test_ends_with_the_recipient(self, world, processor, asked):
        """A recipient that was removed has nothing to see."""
        _, path = asked
        async with world.house.tx(CONTROLLER) as tx:
            await registration.remove(tx, await registration.hold(tx, processor.id))
        async with world.browser() as client:
            assert (await client.get(path)).status_code == 404


class TestLooking:
    async def test_has_no_effect(self, world, box, asked):
        """
        Mail scanners follow links, with every method that is safe: nothing is sent, opened or answered by it.
        """
        task_id, path = asked
        before = (len(box.messages), await world.steps(task_id))
        async with world.browser() as client:
            for _ in range(5):
                await client.get(path)
                await client.get(f"{path}?language=en")
                for step in ("code", "session", "files", "answer", "confirmation", "end"):
                    back = await client.get(f"{path}/{step}", follow_redirects=False)
                    assert (back.status_code, back.headers["location"]) == (303, path)
        row = await world.house.sql("SELECT session_hash, answered_at FROM recipient_page")

        assert (len(box.messages), await world.steps(task_id)) == before
        assert [tuple(one) for one in row] == [(None, None)]

    @pytest.mark.parametrize("is_there", [True, False])
    async def test_is_kept_by_nobody_on_the_way(self, world, asked, is_there):
        """
        No cache, no index, no referrer, no frame, no script (ASVS 3.4, 14.3.2).
        """
        _, path = asked
        async with world.browser() as client:
            headers = (await client.get(path if is_there else "/p/x")).headers

        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"

    async def test_gives_a_cookie_nobody_else_reads(self, world, asked):
        """
        HttpOnly, strict, for this page alone (ASVS 3.3).
        """
        _, path = asked
        async with world.browser() as client:
            code = await world.code(client, path)
            answer = await client.post(f"{path}/session", data={"code": code}, follow_redirects=False)
        cookie = answer.headers["set-cookie"]

        assert answer.status_code == 303
        assert urlsplit(answer.headers["location"]).path == path
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert f"Path={path}" in cookie
        assert re.search(r"Max-Age=3600\b", cookie)

    async def test_in_english_stays_in_english(self, world, asked):
        """Whoever chooses a language keeps it from page to page."""
        _, path = asked
        async with in_it(world, path) as (client, form):
            asked_for = await client.post(
                f"{path}/answer", data={"form": form, "language": "en", "outcome": "completed"}
            )
            assert "Is this right?" in asked_for.text
            assert 'name="language" value="en"' in asked_for.text

    async def test_of_somebody_who_must_not_be_found_shows_no_address(self, world, box):
        """
        The recipient is mailed all the same, about a task number; where somebody is stands nowhere.
        """
        processor = await register(world.house)
        async with world.house.tx(CONTROLLER) as tx:
            row = await registration.hold(tx, processor.id)
            await registration.change(tx, world.house.ctx, row, {"identifier_types": ["email", "address", "name"]})
        task_id = await world.ask(processor)
        async with world.house.tx(CONTROLLER) as tx:
            request = await steps.hold(tx, (await world.task(task_id)).request_id)
            await protecting.mark(tx, world.house.ctx, request, reason="Sekretessmarkering.", actor=AGENT)
        path = world.path(task_id)
        await eventually(lambda: world.has_link(path))
        async with in_it(world, path) as (client, _):
            page = (await client.get(path)).text
        known = dict(ANNA.identifiers)

        assert known["email"] in page
        assert known["address"] not in page.lower()
        assert "adress:" not in page.lower()
        assert "sekretess" not in (page + box.arrived[0].decode()).lower()

    async def test_lets_no_identifier_become_markup(self, world, processor):
        """
        What somebody typed as their customer number is shown as text, and runs nowhere.
        """
        hostile = "<script>alert(1)</script>"
        task_id = await world.ask(processor)
        async with world.house.tx(CONTROLLER) as tx:
            request = await steps.hold(tx, (await world.task(task_id)).request_id)
            where = {"table": "request", "column": "subject", "id": request.id}
            person = sealing.unseal(world.house.ctx, request, request.subject_sealed, **where)
            person["identifiers"] = [{"type": "customer_number", "value": hostile, "vouched": True}]
            request.subject_sealed = sealing.seal(world.house.ctx, request, person, **where)
        path = world.path(task_id)
        await eventually(lambda: world.has_link(path))
        async with in_it(world, path) as (client, _):
            page = (await client.get(path)).text

        assert hostile not in page
        assert "&lt;script&gt;" in page


class TestAnswer:
    async def test_counts_once_it_is_confirmed(self, world, asked):
        """
        A button shows what would be sent; only the second one sends it.
        """
        task_id, path = asked
        async with in_it(world, path) as (client, form):
            shown = await client.post(f"{path}/answer", data={"form": form, "outcome": "completed"})
            between = (await world.task(task_id)).state
            done = await client.post(f"{path}/confirmation", data={"form": form_of(shown), "outcome": "completed"})
        task = await world.task(task_id)

        assert "Stämmer det?" in shown.text
        assert between == "accepted"
        assert "Tack" in done.text
        assert (task.state, task.outcome, task.closed_by) == ("closed", "completed", "page")
        assert "callback:accepted" in await world.steps(task_id)

    @pytest.mark.parametrize(
        ("reply", "state", "outcome"),
        [
            (Reply("completed"), "closed", "completed"),
            (Reply("completed_partial", message="Resten ligger i arkiv."), "needs_person", None),
            (Reply("not_found"), "closed", "not_found"),
            (Reply("refused", message="Vi är ansvariga själva."), "needs_person", "refused"),
            (Reply("retained", kept=KEPT), "needs_person", None),
        ],
        ids=lambda one: one.outcome if isinstance(one, Reply) else "",
    )
    async def test_is_the_recipients_word(self, world, asked, reply, state, outcome):
        """
        As any processor's: a no is a person's, and so is what it keeps by no law, or one that does not reach (Art. 17).
        """
        task_id, path = asked
        said = await world.desk.answer(path, reply)
        task = await world.task(task_id)

        assert "Tack" in said
        assert (task.state, task.outcome) == (state, outcome)

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "Välj ett av svaren"),
            ({"outcome": "failed"}, "Välj ett av svaren"),
            ({"outcome": "refused"}, "Skriv en förklaring"),
            ({"outcome": "retained", "category": "contact"}, "enligt vilken lag"),
            ({"outcome": "retained", "category": "contact", "law": "BFL_7_2", "until": "9999-01-01"}, "vilken dag"),
        ],
    )
    async def test_that_lacks_something_is_asked_for_it(self, world, asked, fields, words):
        """
        The page says what is missing; neither step takes it.
        """
        task_id, path = asked
        async with in_it(world, path) as (client, form):
            for step in ("answer", "confirmation"):
                page = await client.post(f"{path}/{step}", data={"form": form} | fields)

                assert page.status_code == 422
                assert words in page.text
        assert (await world.task(task_id)).state == "accepted"

    async def test_from_another_site_is_not_taken(self, world, asked):
        """
        CSRF: without the form's own token, with another's, or sent by somebody else's page.
        """
        task_id, path = asked
        async with in_it(world, path) as (client, form):
            said = {"outcome": "completed"}
            answers = [
                await client.post(f"{path}/confirmation", data=said),
                await client.post(f"{path}/confirmation", data=said | {"form": "0" * 64}),
                await client.post(f"{path}/confirmation", data=said | {"form": "å"}),
                await client.post(
                    f"{path}/confirmation", data=said | {"form": form}, headers={"Sec-Fetch-Site": "cross-site"}
                ),
                await client.post(f"{path}/confirmation", json=said | {"form": form}),
            ]
        assert {one.status_code for one in answers} <= {403, 404}
        assert (await world.task(task_id)).state == "accepted"

    async def test_without_the_code_is_not_taken(self, world, asked):
        """
        The steps cannot be skipped (ASVS 2.3.1).
        """
        task_id, path = asked
        async with world.browser() as client:
            for step in ("answer", "confirmation", "files", "end"):
                answer = await client.post(f"{path}/{step}", data={"outcome": "completed", "form": "0" * 64})

                assert answer.status_code == 403 if step != "end" else answer.status_code in (403, 404)
        assert (await world.task(task_id)).state == "accepted"

    async def test_given_twice_counts_once(self, world, asked):
        """
        Two browsers' worth of haste: one answer, one closing.
        """
        task_id, path = asked
        async with in_it(world, path) as (client, form):
            said = {"form": form, "outcome": "completed"}
            answers = await asyncio.gather(*[client.post(f"{path}/confirmation", data=said) for _ in range(6)])
            later = await client.post(f"{path}/confirmation", data=said | {"outcome": "not_found"})
            seen = await client.get(path)
        steps_taken = await world.steps(task_id)

        assert sorted(one.status_code for one in answers) == [200, *[410] * 5]
        assert later.status_code == 410
        assert "avslutad" in seen.text
        assert (await world.task(task_id)).outcome == "completed"
        assert steps_taken.count("task:closed") == 1

    async def test_after_the_task_is_over_is_not_taken(self, world, asked):
        """
        Staff have ended it by hand: whoever was in is told so, anybody else finds no page.
        """
        task_id, path = asked
        async with in_it(world, path) as (client, form), world.browser() as other:
            await world.house.sql("UPDATE task SET state = 'needs_person', next_at = NULL WHERE id = $1", task_id)
            async with world.house.tx(CONTROLLER) as tx:
                said = {"outcome": "not_found", "message": "De ringde."}
                await tasks.resolve(tx, world.house.ctx, task_id, said, actor=AGENT)
            late = await client.post(f"{path}/confirmation", data={"form": form, "outcome": "completed"})
            unseen = await other.get(path)

        assert late.status_code == 410
        assert "avslutad" in late.text
        assert unseen.status_code == 404
        assert (await world.task(task_id)).outcome == "not_found"

    async def test_is_not_taken_while_somebody_says_it_was_not_me(self, world, asked):
        """
        A stopped request: the recipient is told to do nothing.
        """
        task_id, path = asked
        async with in_it(world, path) as (client, form):
            await world.house.sql(
                "UPDATE request SET stopped_at = now(), stopped_by = 'somebody' WHERE id = $1",
                (await world.task(task_id)).request_id,
            )
            page = await client.get(path)
            answer = await client.post(f"{path}/confirmation", data={"form": form, "outcome": "completed"})

        assert "Gör ingenting" in page.text
        assert ANNA.name not in page.text
        assert answer.status_code == 410
        assert (await world.task(task_id)).state == "accepted"

    async def test_that_was_a_no_can_be_changed(self, world, asked):
        """
        Until a person has settled it the recipient may think again.
        """
        task_id, path = asked
        await world.desk.answer(path, Reply("refused", message="Vi vet inte vem det är."))
        await world.desk.answer(path, Reply("completed"))

        assert (await world.task(task_id)).outcome == "completed"

    async def test_is_seen_by_staff_with_all_that_was_mailed(self, world, asked):
        """
        What was sent when, and when the page was answered.
        """

        task_id, path = asked
        await world.desk.answer(path, Reply("refused", message="Nej."))
        await eventually(lambda: self._all_sent(world))
        async with world.house.tx(CONTROLLER) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            seen = await views.whole_task(tx, world.house.ctx, row, task)

        assert [(one["purpose"], one["state"]) for one in seen["mails"]] == [("asked", "sent"), ("code", "sent")]
        assert seen["page_answered_at"] is not None
        assert seen["answer"]["message"] == "Nej."

    @staticmethod
    async def _all_sent(world):
        return {row["state"] for row in await world.house.sql("SELECT state FROM outgoing_mail")} == {"sent"}


class TestDesk:
    async def test_finds_its_tasks_in_its_own_mail(self, world, asked):
        """
        What the sandbox plays: links by task number, from the mailbox alone.
        """
        _task_id, path = asked

        assert list((await world.desk.waiting()).values()) == [path]
        assert await Desk(base_url=world.url, address="other@example.org", mails=world.mails).waiting() == {}

    async def test_reads_the_sandboxs_own_mailbox(self, street, tmp_path, box):
        """
        What the demo does: no address and no code but from there.
        """
        async with open_mailbox(street.store) as port:
            box.port = port
            async with a_world(street, tmp_path, box) as world, world.house.working():
                task_id = await world.ask(await register(world.house, language="en"))

                async def mails():
                    return await asyncio.to_thread(street.store.mails)

                desk = Desk(base_url=world.url, address=ADDRESS, mails=mails)
                (path,) = (await eventually(desk.waiting)).values()
                said = await desk.answer(path, Reply("not_found"))
                task = await world.task(task_id)

        assert "Thank you" in said
        assert (task.state, task.outcome) == ("closed", "not_found")

    async def test_says_when_the_page_is_gone(self, world):
        """Rather than waiting for a code that will not come."""
        with pytest.raises(DeskFailed):
            await world.desk.answer(f"/p/{CONTROLLER}.{'x' * 43}", Reply())


class TestAnotherAction:
    @pytest.mark.parametrize("action", [one for one in Action if one is not Action.LOCATE])
    async def test_can_be_asked_and_answered(self, world, processor, action):
        """
        Every action has its page, and is ended by it or handed to a person.
        """
        task_id, path = await world.mailed(processor, action)
        await world.desk.answer(path, Reply("not_found"))

        assert (await world.task(task_id)).state == "closed"
