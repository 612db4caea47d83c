"""
Letters go out: by real SMTP as a notice that says nothing of the case, or by a person who posts them; and never lost.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from io import StringIO

import asyncpg
import pytest
import structlog

from app.bootstrap import root
from app.db import APP_ROLE
from app.domain.identity import Level
from app.letters.environment import sha256_of
from app.observability import describe_exception, drop_unlisted_fields
from app.post import NotNow, Sent
from app.services import intake, outbox, steps
from app.services.mailing import Mailer
from sandbox.people import BY_ID
from tests.harness.house import CUSTOMER, eventually
from tests.harness.mail_server import a_mail_server
from tests.services.street import a_house

CONTROLLER = "westra"
ADDRESS = "anna.svarar@example.org"
SENDER = "brev@insyn.example"
#: How long handing over may take in these tests; a killed worker's mail is free again after twice that.
SECONDS = 1.0
#: A right that tells nobody but the person: no wait with its notices, no recipients, two letters.
PLAIN = "automated_decision"


def wired(box):
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": box.port,
        "smtp_security": "none",
        "smtp_sender": SENDER,
        "smtp_timeout_seconds": SECONDS,
    }


@pytest.fixture
async def box():
    async with a_mail_server() as box:
        yield box


@pytest.fixture
async def house(street, tmp_path, box):
    """A house that sends its mail to the box."""
    async with a_house(street, tmp_path, **wired(box)) as house:
        yield house


@pytest.fixture
async def silent_house(street, tmp_path):
    """A house that names no mail server."""
    async with a_house(street, tmp_path) as house:
        yield house


@pytest.fixture
def log():
    """What a process would write."""
    written = StringIO()
    structlog.configure(
        processors=[describe_exception, drop_unlisted_fields, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(file=written),
    )
    return written


async def ask(house, right="rectification", **changed):
    """A request whose person left an address to be told at."""
    return await house.file(CONTROLLER, right, **{"contact": {"email": ADDRESS}} | changed)


async def the_mails(house):
    return await house.sql("SELECT * FROM outgoing_mail ORDER BY made_at, id")


async def the_letters(house):
    return {row["kind"]: row for row in await house.sql("SELECT * FROM letter")}


class TestNotice:
    async def test_f07_is_out_before_the_case_is_closed(self, house, box):
        """
        The answer counts from the moment a mail server has taken the notice, and the case waits for it.
        """
        box.to_message = "451 later"
        async with house.working():
            request_id = await ask(house, PLAIN)
            await house.until(request_id, lambda seen: seen.row.status == "letter_waiting", staff=True)

            async def all_refused() -> bool:
                return all(one["failure"] for one in await the_mails(house))

            await eventually(all_refused)  # none is under way, so each is tried anew by what follows
            box.to_message = None
            await house.sql("UPDATE outgoing_mail SET next_at = now() WHERE state = 'waiting'")
            seen = await house.until_closed(request_id)

            async def all_sent() -> bool:
                return all(one["state"] == "sent" for one in await the_mails(house))

            await eventually(all_sent)  # the case waits for its answer; the receipt may come after it
        letters = await the_letters(house)

        assert seen.is_closed
        assert {kind: row["via"] for kind, row in letters.items()} == {"receipt": "email", "fulfilment": "email"}
        assert all(row["sent_at"] is not None for row in letters.values())
        assert letters["fulfilment"]["sent_at"] <= seen.row.closed_at
        assert (await house.steps_of(request_id)).count("letter:sent") == 2

    async def test_tells_nothing_but_that_a_letter_waits(self, house, box):
        """
        Who reads somebody else's mail learns that a company has written, and no more; it logs nobody in.
        """
        async with house.working():
            await ask(house)
            await eventually(lambda: box.messages)
        (message,) = box.messages
        person = BY_ID["anna-lindqvist"]
        said = f"{message['subject']}\n{message.get_content()}".lower()

        assert message["to"] == ADDRESS
        assert "logga in" in said
        assert not [one for one in ("http", "www.", "rättelse", *person.name.lower().split()) if one in said]
        assert not [value for _, value in person.identifiers if value.lower() in said]

    async def test_comes_in_the_persons_language(self, house, box):
        """
        R12-1: Swedish by default, English for who asked in English.
        """
        async with house.working():
            await ask(house)
            await ask(house, language="en")
            await eventually(lambda: len(box.messages) == 2)

        assert {(one["content-language"], one["subject"].split(" (")[0]) for one in box.messages} == {
            ("sv", "Ett brev väntar på dig"),
            ("en", "A letter is waiting for you"),
        }

    async def test_canary_is_in_no_mail_no_log_line_and_no_job(self, house, box, log):
        """
        The address stands in the envelope alone; in the database it is sealed.
        """
        async with house.working():
            request_id = await ask(house, message="kanariefågel-i-meddelandet")
            await house.until_closed(request_id)
        jobs = await house.sql("SELECT coalesce(payload::text, '') FROM pgqueuer")
        stored = await house.sql("SELECT t::text FROM outgoing_mail t")
        mails = "".join(f"{one['subject']}{one.get_content()}" for one in box.messages)

        for place in (mails, log.getvalue(), "".join(row[0] for row in [*jobs, *stored])):
            assert not [one for one in ("kanarie", ADDRESS, "anna", "lindqvist") if one in place.lower()]
        assert box.messages


class TestAddressNobodyAnswersFor:
    @pytest.fixture
    def typed(self, house):
        """Somebody without proof writes an address; it may be the former partner's."""

        async def file(address, person="anna-lindqvist"):
            async with house.tx(CONTROLLER) as tx:
                new = intake.NewRequest(
                    controller=CONTROLLER,
                    channel="web",
                    received_at=tx.now,
                    language="sv",
                    claims=[intake.NewClaim("marketing_objection")],
                    identifiers=[intake.Identifier("email", BY_ID[person].email, vouched=False)],
                    contact={"email": address},
                    assurance=Level.NONE,
                    subject_key=b"k" * 32,
                )
                return (await intake.file(tx, house.ctx, new, actor=CUSTOMER)).id

        return file

    async def test_hears_once_that_a_letter_waits_and_of_no_case(self, house, box, typed):
        """
        However many letters there are it is not buried in mail, and it is told no number to ask after.
        """
        async with house.working():
            request_id = await typed(ADDRESS)
            await house.until_closed(request_id)
            await eventually(lambda: box.messages)
        (message,) = box.messages

        assert "Någon har uppgett den här adressen" in message.get_content()
        assert "INS-" not in f"{message['subject']}{message.get_content()}"

    async def test_hears_the_same_whoever_was_typed(self, house, box, typed):
        """
        Nothing tells whether a name is a customer's (ASVS 8.2).
        """
        async with house.working():
            for person in ("anna-lindqvist", "nils-falk"):
                await house.until_closed(await typed(ADDRESS, person))
            await eventually(lambda: len(box.messages) == 2)
        one, other = ((each["subject"], each.get_content()) for each in box.messages)

        assert one == other

    async def test_holds_no_case_up(self, house, box, typed):
        """
        The letter lies behind the login of whoever asked; a mailbox that is not there is nobody's trouble.
        """
        box.to_recipient = "550 no such mailbox"
        async with house.working():
            request_id = await typed(ADDRESS)
            await house.until_closed(request_id)
        letters = await the_letters(house)

        assert {row["via"] for row in letters.values()} == {"portal"}


class TestTrouble:
    async def test_with_the_mailbox_makes_the_letter_a_persons_to_post(self, house, box):
        """
        No such mailbox: it is not tried again, staff see it with the reason, and when it is posted the case is closed.
        """
        box.to_recipient = "550 no such mailbox"
        house.posts = False
        async with house.working():
            request_id = await ask(house, PLAIN)
            await house.until(request_id, lambda seen: seen.row.status == "letter_waiting", staff=True)
            await eventually(lambda: self._failed(house))
            assert await house.post_letters(request_id) == 2
            seen = await house.until_closed(request_id)
        mails = await the_mails(house)

        assert seen.is_closed
        assert {(mail["state"], mail["failure"], mail["attempts"]) for mail in mails} == {
            ("failed", "recipient_550", 1)
        }
        assert (await house.steps_of(request_id)).count("letter:failed") == 2

    async def _failed(self, house):
        return {row["via"] for row in (await the_letters(house)).values()} == {"post"}

    async def test_with_the_server_is_waited_out(self, house, box):
        """
        4xx: later, at the mail's own pace; nothing is given up for it.
        """
        box.to_message = "451 later"
        async with house.working():
            await ask(house)
            (mail,) = await eventually(lambda: self._tried(house))

        assert (mail["state"], mail["failure"]) == ("waiting", "message_451")
        assert (mail["next_at"] - mail["made_at"]).total_seconds() >= 299

    async def _tried(self, house):
        return [mail for mail in await the_mails(house) if mail["failure"]]

    async def test_that_does_not_end_becomes_a_persons(self, house, box):
        """
        After some days of tries somebody is told: a mail never waits for ever.
        """
        box.to_message = "451 later"
        async with house.working():
            await ask(house, PLAIN)
            await eventually(lambda: self._tried(house))
            await house.sql("UPDATE outgoing_mail SET attempts = 9, next_at = now()")
            await eventually(lambda: self._failed(house))

        assert [mail["state"] for mail in await the_mails(house)] == ["failed"]

    async def test_with_no_server_named_lets_mails_wait(self, silent_house):
        """
        Nothing is lost: they go when a server is named, and until then staff see which letters wait.
        """
        silent_house.posts = False
        async with silent_house.working():
            request_id = await ask(silent_house)
            await silent_house.until(request_id, lambda seen: seen.row.status == "letter_waiting", staff=True)

        assert {(mail["state"], mail["attempts"]) for mail in await the_mails(silent_house)} == {("waiting", 0)}

    async def test_is_never_a_mail_after_a_stop(self, house, box, monkeypatch):
        """
        "It was not me": what still lay in the outbox stays there, for the address may be the impostor's.
        """
        request_id = await ask(house)
        async with house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, request_id)
            await outbox.put(tx, house.ctx, row, to=ADDRESS, subject="x", text="y", dedupe="once")
        monkeypatch.setattr("app.domain.delivery.may_mail", lambda _row: False)
        (mail,) = await the_mails(house)
        sender = Mailer(house.ctx, _Postman())

        assert await sender.send(CONTROLLER, mail["id"])
        (mail,) = await the_mails(house)
        assert (mail["state"], mail["failure"]) == ("failed", "may_not_be_mailed")
        assert _Postman.carried == []


class _Postman:
    """A postman who only notes that he was asked."""

    carried = []  # noqa: RUF012  asked of the class by the tests

    async def send(self, mail):
        self.carried.append(mail.id)
        return Sent()


class TestMail:
    @pytest.fixture
    async def mail_id(self, house):
        request_id = await ask(house)
        async with house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, request_id)
            await outbox.put(tx, house.ctx, row, to=ADDRESS, subject="x", text="y", dedupe="once")
        return (await the_mails(house))[0]["id"]

    async def test_is_sent_by_one_of_many(self, house, box, mail_id):
        """
        Ten rings, one mail.
        """
        async with house.working() as workers:
            send = workers[0].jobs["letter.send"]
            await asyncio.gather(*(send(CONTROLLER, mail_id) for _ in range(10)))
            await eventually(lambda: self._is_sent(house))

        assert len(box.arrived) == len({one["message-id"] for one in box.messages})

    async def _is_sent(self, house):
        return all(mail["state"] == "sent" for mail in await the_mails(house))

    async def test_is_counted_before_it_is_tried(self, house, mail_id):
        """
        What dies in between leaves a try behind, and a mail that falls due again.
        """

        class Dying:
            async def send(self, _mail):
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await Mailer(house.ctx, Dying()).send(CONTROLLER, mail_id)
        (mail,) = [one for one in await the_mails(house) if one["id"] == mail_id]

        assert (mail["state"], mail["attempts"]) == ("waiting", 1)
        assert 0 < (mail["next_at"] - mail["made_at"]).total_seconds() < 60

    async def test_that_was_posted_meanwhile_is_not_undone(self, house, mail_id):
        """
        An answer that comes after the letter went another way is only history.
        """

        class Slow:
            async def send(self, _mail):
                await house.sql("UPDATE outgoing_mail SET state = 'failed', next_at = NULL, failure = 'posted'")
                return NotNow("timeout")

        await Mailer(house.ctx, Slow()).send(CONTROLLER, mail_id)
        (mail,) = [one for one in await the_mails(house) if one["id"] == mail_id]

        assert (mail["state"], mail["failure"]) == ("failed", "posted")


@asynccontextmanager
async def a_worker(street, house, box):
    """A worker process as an operator starts it; killed without mercy when this is left."""
    settings = {
        "INSYN_DATABASE_URL": house.db.app_dsn,
        "INSYN_MASTER_KEY": street.master_key,
        "INSYN_DATA_DIR": str(house.ctx.settings.data_dir),
        "INSYN_PUBLIC_URL": street.url,
        "INSYN_SANDBOX": "1",
        "INSYN_SANDBOX_ON_THIS_DATABASE": "1",
        "INSYN_SWEEP_SECONDS": "0.5",
    } | {f"INSYN_{name.upper()}": str(value) for name, value in wired(box).items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "worker"),
        env=os.environ | settings,
        cwd=root(),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


class TestWorkerKilled:
    async def test_while_it_hands_a_mail_over_loses_none(self, street, house, box):
        """
        kill -9 after the server took the mail and before that was written down: it is sent again, the same message.
        """
        box.slow = 0.8
        async with a_worker(street, house, box):
            await ask(house, PLAIN)  # only the receipt is told of: nothing cools off
            await eventually(lambda: box.arrived)
        assert [mail["state"] for mail in await the_mails(house)] == ["waiting"]
        box.slow = 0.0
        async with a_worker(street, house, box):
            await eventually(lambda: self._is_sent(house))

        assert len(box.arrived) == 2
        assert box.arrived[0] == box.arrived[1]
        assert (await the_letters(house))["receipt"]["sent_at"] is not None

    async def _is_sent(self, house):
        return [mail["state"] for mail in await the_mails(house)] == ["sent"]


class TestPost:
    async def test_f07_waits_for_the_day_it_was_posted(self, house):
        """
        A request taken in on the telephone from somebody without a login: the answer is paper, and the case waits.
        """
        house.posts = False
        async with house.working():
            request_id = await house.file(
                CONTROLLER,
                "rectification",
                channel="phone",
                identifiers=[intake.Identifier("email", BY_ID["anna-lindqvist"].email)],
            )
            await house.until(request_id, lambda seen: seen.row.status == "letter_waiting", staff=True)
            letters = await the_letters(house)
            assert {row["via"] for row in letters.values()} == {"post"}
            house.posts = True
            seen = await house.until_closed(request_id)

        assert seen.is_closed
        assert (await the_letters(house))["fulfilment"]["sent_at"] is not None

    async def test_keeps_the_case_open_past_its_day(self, house):
        """
        An answer that lies in a tray is no answer: the case is overdue like any other, and staff are told.
        """
        house.posts = False
        async with house.working():
            request_id = await house.file(
                CONTROLLER, "rectification", identifiers=[intake.Identifier("email", BY_ID["anna-lindqvist"].email)]
            )
            seen = await house.until(request_id, lambda seen: seen.row.status == "letter_waiting", staff=True)

        assert seen.row.next_at is not None
        assert seen.row.closed_at is None


class TestWording:
    async def test_is_kept_once_and_proves_the_hash(self, house):
        """
        Years later exactly the wording can be shown: the kept sources give the hash that stands on the letter.
        """
        async with house.working():
            for _ in range(2):
                await house.until_closed(await house.file(CONTROLLER, "rectification"))
        kept = await house.sql("SELECT sha256, kind, language, sources::text FROM letter_template")
        letters = await house.sql("SELECT DISTINCT template_sha256 FROM letter")

        assert {row["sha256"] for row in kept} == {row["template_sha256"] for row in letters}
        for row in kept:
            assert sha256_of((one["name"], one["text"]) for one in json.loads(row["sources"])) == row["sha256"]

    async def test_is_added_to_and_never_changed(self, house):
        """
        The service itself cannot change what it once said.
        """
        connection = await asyncpg.connect(house.db.app_dsn, server_settings={"role": APP_ROLE})
        try:
            for statement in ("UPDATE letter_template SET kind = 'x'", "DELETE FROM letter_template"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()
