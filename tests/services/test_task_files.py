"""
Files that recipients hand in: quarantined, sealed, told by their content, and let into an answer only as rows.
"""

import asyncio
import base64
import io
import json
import time
import zipfile
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.domain import webhook_signature
from app.domain.fanout import Action
from app.services import own_retention, registration, sealing, steps, task_files, tasks, views
from app.services.task_files import FileInQuarantine, UnknownFile
from app.vault import uploads
from sandbox.people import BY_ID
from sandbox.recipient_desk import DeskFailed, File, Reply
from tests.harness.house import AGENT, eventually, new_secret
from tests.harness.mail_server import a_mail_server
from tests.harness.virus_scanner import VIRUS, a_virus_scanner
from tests.services import lane_world
from tests.services.lane_world import CONTROLLER
from tests.services.mailed import a_world, form_of, register

CSV_FILE = b"email;telefon\nanna.lindqvist@example.org;070-174 06 05\n"
ROWS = [{"email": "anna.lindqvist@example.org", "telefon": "070-174 06 05"}]


@pytest.fixture
async def box():
    async with a_mail_server() as box:
        yield box


@pytest.fixture
async def scanner():
    async with a_virus_scanner() as scanner:
        yield scanner


@pytest.fixture
async def world(street, tmp_path, box, scanner):
    """A house at work that has its files scanned."""
    wired = {"clamd_host": "127.0.0.1", "clamd_port": scanner.port, "clamd_timeout_seconds": 5.0}
    async with a_world(street, tmp_path, box, **wired) as world, world.house.working():
        yield world


@pytest.fixture
async def bare_world(street, tmp_path, box):
    """A house at work in which nobody scans anything."""
    async with a_world(street, tmp_path, box) as world, world.house.working():
        yield world


async def export_of(world, **more):
    return await world.mailed(await register(world.house, **more), Action.EXPORT)


def one_file(content=CSV_FILE, name="export.csv"):
    return File(name=name, content=content, category="contact")


async def seen_by_staff(world, task_id):
    async with world.house.tx(CONTROLLER) as tx:
        row, task = await tasks.hold_with_request(tx, task_id)
        return await views.whole_task(tx, world.house.ctx, row, task)


async def fetched(world, task_id, file_id, *, as_it_is=False):
    ctx = world.house.ctx
    async with world.house.tx(CONTROLLER) as tx:
        row, task = await tasks.hold_with_request(tx, task_id)
        found = await task_files.fetch(tx, ctx, row, task, file_id, as_it_is=as_it_is, actor=AGENT)
        return b"".join([chunk async for chunk in found.chunks])


async def refusal(world, path, content, **more):
    """What the page says to a file."""
    async with world.browser() as client:
        form = await world.enter(client, path)
        fields = {"form": form, "category": "contact"} | more
        answer = await client.post(f"{path}/files", data=fields, files={"file": ("x", content)})
        return answer.status_code, answer.text


def stored_bytes(world):
    folder = Path(world.house.ctx.settings.data_dir) / "packages"
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


class TestScanned:
    async def test_and_of_rows_is_the_answer(self, world, scanner):
        """
        A clean CSV becomes the records of the answer, as if a system had sent them; the release rules come after.
        """
        task_id, path = await export_of(world)
        await world.desk.answer(path, Reply("completed", files=(one_file(),)))
        task, seen = await world.task(task_id), await seen_by_staff(world, task_id)

        assert (task.state, task.outcome) == ("closed", "completed")
        assert seen["answer"]["records"] == [{"category": "contact", "rows": ROWS}]
        assert [(one["scan"], one["media_type"], one["name"]) for one in seen["files"]] == [
            ("clean", "text/csv", "export.csv")
        ]
        assert scanner.scanned == [CSV_FILE]

    async def test_and_found_to_do_harm_is_destroyed(self, world):
        """
        It is never on disk; what is left is that it came.
        """
        task_id, path = await export_of(world)
        status, page = await refusal(world, path, b"a;b\n1;" + VIRUS + b"\n")
        (file,) = (await seen_by_staff(world, task_id))["files"]

        assert status == 422
        assert "skadlig kod" in page
        assert (file["scan"], file["destroyed_at"] is not None) == ("infected", True)
        with pytest.raises(UnknownFile):
            await fetched(world, task_id, file["id"], as_it_is=True)
        assert stored_bytes(world) == b""

    async def test_later_stays_in_quarantine_until_then(self, world, scanner):
        """
        A scanner that is down lets nothing through: not to staff, not into an answer; then it is asked again.
        """
        scanner.hangs_up = True
        task_id, path = await export_of(world)
        await world.desk.answer(path, Reply("completed", files=(one_file(), one_file(VIRUS + b";b\n1;2\n", "v.csv"))))
        task = await world.task(task_id)
        clean, other = (await seen_by_staff(world, task_id))["files"]

        assert (task.state, task.attention) == ("needs_person", "files_to_review")
        assert [clean["scan"], other["scan"]] == ["pending"] * 2
        with pytest.raises(FileInQuarantine):
            await fetched(world, task_id, clean["id"], as_it_is=True)

        scanner.hangs_up = False
        assert await task_files.scan_pending(world.house.ctx) == 2
        clean, other = (await seen_by_staff(world, task_id))["files"]
        assert [clean["scan"], other["scan"]] == ["clean", "infected"]
        assert await fetched(world, task_id, clean["id"]) == CSV_FILE
        with pytest.raises(UnknownFile):
            await fetched(world, task_id, other["id"])

    async def test_but_of_no_rows_is_for_staff_to_look_at(self, world):
        """
        A PDF, a picture or a recording never leaves by itself.
        """
        task_id, path = await export_of(world)
        await world.desk.answer(path, Reply("completed", files=(one_file(b"%PDF-1.7 ...", "avtal.pdf"),)))
        task = await world.task(task_id)
        (file,) = (await seen_by_staff(world, task_id))["files"]

        assert (task.state, task.attention) == ("needs_person", "files_to_review")
        assert await fetched(world, task_id, file["id"]) == b"%PDF-1.7 ..."
        assert "task:file_read" in await world.steps(task_id)


class TestNotScanned:
    async def test_is_shown_as_that_and_let_through_by_a_person_only(self, bare_world):
        """
        Where nobody scans, staff see so; they take a file, and its rows, on their own word.
        """
        task_id, path = await export_of(bare_world)
        await bare_world.desk.answer(path, Reply("completed", files=(one_file(),)))
        (file,) = (await seen_by_staff(bare_world, task_id))["files"]

        assert (await bare_world.task(task_id)).attention == "files_to_review"
        assert file["scan"] == "not_scanned"
        with pytest.raises(FileInQuarantine):
            await fetched(bare_world, task_id, file["id"])
        assert await fetched(bare_world, task_id, file["id"], as_it_is=True) == CSV_FILE

        async with bare_world.house.tx(CONTROLLER) as tx:
            row, task = await tasks.hold_with_request(tx, task_id)
            records = await task_files.records(tx, bare_world.house.ctx, row, task)
            said = {"outcome": "completed", "records": records}
            await tasks.resolve(tx, bare_world.house.ctx, task_id, said, actor=AGENT)
        assert (await seen_by_staff(bare_world, task_id))["answer"]["records"] == [
            {"category": "contact", "rows": ROWS}
        ]

    async def test_lies_sealed(self, bare_world):
        """
        Nothing of the file, nor its name, can be read on the disk or in the database.
        """
        task_id, path = await export_of(bare_world)
        await bare_world.desk.answer(path, Reply("completed", files=(one_file(name="anna-lindqvist.csv"),)))
        (row,) = await bare_world.house.sql("SELECT name_sealed, file FROM task_file WHERE task_id = $1", task_id)

        assert len(stored_bytes(bare_world)) > len(CSV_FILE)
        assert b"anna" not in stored_bytes(bare_world)
        assert b"anna" not in row["name_sealed"] + row["file"].encode()

    async def test_goes_with_the_contents(self, bare_world):
        """
        Thirty days after the case is closed the files go, and their key with them (GDPR Art. 5(1)(e)).
        """
        task_id, path = await export_of(bare_world)
        await bare_world.desk.answer(path, Reply("completed", files=(one_file(),)))
        async with bare_world.house.tx(CONTROLLER) as tx:
            row = await steps.hold(tx, (await bare_world.task(task_id)).request_id)
            await own_retention._destroy_contents(tx, bare_world.house.ctx, row)
        (file,) = (await seen_by_staff(bare_world, task_id))["files"]

        assert stored_bytes(bare_world) == b""
        assert (file["name"], file["destroyed_at"] is not None) == (None, True)
        with pytest.raises(UnknownFile):
            await fetched(bare_world, task_id, file["id"], as_it_is=True)

    async def test_is_not_opened_with_another_requests_key(self, bare_world):
        """
        A file put in another's place does not open.
        """
        task_id, path = await export_of(bare_world)
        await bare_world.desk.answer(path, Reply("completed", files=(one_file(),)))
        (stored,) = await bare_world.house.sql("SELECT file FROM task_file WHERE task_id = $1", task_id)
        async with bare_world.house.tx(CONTROLLER) as tx:
            other = await lane_world.quiet_request(bare_world.house, tx)
            key = await sealing.hold_contents_key(bare_world.house.ctx, other)
            with pytest.raises(Exception, match="not_authentic"):
                [one async for one in bare_world.house.ctx.files.read(stored["file"], key)]


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            pytest.param(b"MZ\x90\x00\x03\x00", "av ett slag som tas emot", id="a program"),
            pytest.param(b"<svg onload=alert(1)>", "av ett slag som tas emot", id="a page"),
            pytest.param(b"", "tom eller större", id="nothing"),
            pytest.param(b"a" * (uploads.MOST_BYTES + 1), "tom eller större", id="a byte too much"),
            pytest.param(b"a" * (uploads.MOST_BYTES + 2_000_000), "tom eller större", id="far too much"),
        ],
    )
    async def test_is_what_is_not_agreed(self, bare_world, content, words):
        """
        The page says why, and nothing is kept.
        """
        task_id, path = await export_of(bare_world)
        status, page = await refusal(bare_world, path, content)

        assert status == 422
        assert words in page
        assert (await seen_by_staff(bare_world, task_id))["files"] == []
        assert stored_bytes(bare_world) == b""

    async def test_is_a_bomb(self, bare_world):
        """
        Ten megabytes of zeros in ten kilobytes, and an archive in an archive.
        """
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb", b"\x00" * 100_000_000)
        task_id, path = await export_of(bare_world)
        status, page = await refusal(bare_world, path, made.getvalue())

        assert (status, "ZIP-filen tas inte emot" in page) == (422, True)
        assert (await seen_by_staff(bare_world, task_id))["files"] == []

    async def test_is_a_category_that_was_not_asked_for(self, bare_world):
        """A recipient cannot put anything elsewhere."""
        task_id, path = await export_of(bare_world)
        status, _ = await refusal(bare_world, path, CSV_FILE, category="alarm_history")

        assert status == 422
        assert (await seen_by_staff(bare_world, task_id))["files"] == []

    async def test_is_one_file_too_many(self, bare_world):
        """
        Twenty; the same one again is no other.
        """
        task_id, path = await export_of(bare_world)
        async with bare_world.browser() as client:
            form = await bare_world.enter(client, path)
            statuses = []
            for number in [*range(uploads.MOST_FILES), 0, uploads.MOST_FILES]:
                answer = await client.post(
                    f"{path}/files",
                    data={"form": form, "category": "contact"},
                    files={"file": ("x.csv", f"a;b\n{number};1\n".encode())},
                )
                statuses.append(answer.status_code)

        assert statuses[: uploads.MOST_FILES] == [200] * uploads.MOST_FILES
        assert statuses[-1] == 422
        assert len((await seen_by_staff(bare_world, task_id))["files"]) == uploads.MOST_FILES

    async def test_is_what_comes_without_the_code(self, bare_world):
        """
        Nothing of a stranger's body is read: it is answered before it has come.
        """
        _, path = await export_of(bare_world)
        async with bare_world.browser() as client:
            answer = await client.post(f"{path}/files", files={"file": ("x", b"a;b\n1;2\n")})

        assert answer.status_code == 403
        assert await bare_world.house.sql("SELECT 1 FROM task_file") == []

    async def test_is_what_belongs_to_no_copy(self, bare_world):
        """An erasure has no files."""
        _, path = await bare_world.mailed(await register(bare_world.house), Action.ERASE)
        status, _ = await refusal(bare_world, path, CSV_FILE)

        assert status == 422

    async def test_is_a_copy_without_files(self, bare_world):
        """
        "Done" is what the person can read (R15-5): the page asks for the file first.
        """
        task_id, path = await export_of(bare_world)
        with pytest.raises(DeskFailed):
            await bare_world.desk.answer(path, Reply("completed"))

        assert (await bare_world.task(task_id)).state == "accepted"


class TestPackage:
    async def test_holds_the_rows_of_a_file_under_the_same_rules(self, world):
        """
        R15-5: what came as a CSV is in the person's copy; a row about somebody else is not (GDPR Art. 15(4)).
        """
        processor = await register(world.house, ["export"])
        mine, theirs = "zq-mine-51b0", "zq-canary-7f3e"
        number = dict(BY_ID["anna-lindqvist"].identifiers)["personnummer"]
        rows = f"personnummer;note\n198001019804;{theirs}\n{number};{mine}\n".encode()
        world.house.by_hand = lambda task: (
            None if task.processor_id == processor.id else {"outcome": "not_found", "message": "Inget."}
        )
        request_id = await world.house.file(CONTROLLER, "access")
        async with answering(world, processor, rows):
            await world.house.until_closed(request_id)
        with zipfile.ZipFile(io.BytesIO(await world.house.package(request_id))) as archive:
            everything = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())

        assert mine in everything
        assert theirs not in everything


@asynccontextmanager
async def answering(world, processor, content):
    """The recipient answers its export as soon as it is mailed, with one file."""

    async def the_task():
        rows = await world.house.sql(
            "SELECT id FROM task WHERE processor_id = $1 AND state = 'accepted' AND action = 'export'", processor.id
        )
        return rows[0]["id"] if rows else None

    async def answer():
        path = world.path(await eventually(the_task))
        await eventually(lambda: world.has_link(path))
        await world.desk.answer(path, Reply("completed", files=(one_file(content),)))

    at_it = asyncio.create_task(answer())
    yield
    await at_it


class TestCallback:
    """The same for a processor's own systems: signed JSON instead of a page."""

    @pytest.fixture
    async def task(self, bare_world):
        """An export that a webhook processor has accepted."""
        async with lane_world.counting() as server:
            server.answer = ({}, 202)
            processor = await lane_world.register(bare_world.house, server)
            async with bare_world.house.tx(CONTROLLER) as tx:
                row = await registration.hold(tx, processor.id)
                await registration.change(tx, bare_world.house.ctx, row, {"answer_mode": "callback"})
                self.secret = new_secret()
                await registration.add_secret(tx, bare_world.house.ctx, row, self.secret)
            task_id = await bare_world.ask(processor, Action.EXPORT)
            await bare_world.until(task_id, "accepted")
            yield task_id

    def url(self, world, task_id):
        return f"/v1/callbacks/{tasks.callback_token(world.house.ctx, CONTROLLER, task_id)}"

    def signed(self, body, *, event=None, secret=None):
        event, stamp = event or str(uuid4()), int(time.time())
        signature = webhook_signature.sign(secret or self.secret, event, stamp, body)
        return {
            "webhook-id": event,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature,
            "content-type": "application/json",
        }

    def message(self, task_id, **changed):
        data = {
            "task_id": str(task_id),
            "category": "contact",
            "name": "export.csv",
            "content": base64.b64encode(CSV_FILE).decode(),
        }
        stamp = datetime.now().astimezone().isoformat()
        return json.dumps({"type": "task.file", "timestamp": stamp, "data": data | changed}).encode()

    async def test_takes_a_signed_file_once(self, bare_world, task):
        """
        A repeated event and the same file again are thanked; both sides see the same digest.
        """
        url, body = f"{self.url(bare_world, task)}/files", self.message(task)
        headers = self.signed(body)
        async with bare_world.browser() as client:
            first = await client.post(url, content=body, headers=headers)
            repeated = await client.post(url, content=body, headers=headers)
            again = await client.post(url, content=body, headers=self.signed(body))
            listed = await client.get(url, headers=self.signed(b""))

        assert [one.json() for one in (first, repeated, again)] == [
            {"status": "accepted"}, {"status": "repeated"}, {"status": "repeated"},
        ]  # fmt: skip
        assert [(one["size"], one["scan"]) for one in listed.json()["items"]] == [(len(CSV_FILE), "not_scanned")]
        assert "name" not in listed.json()["items"][0]
        assert (await seen_by_staff(bare_world, task))["files"][0]["via"] == "callback"

    async def test_refuses_what_is_not_its_processors(self, bare_world, task):
        """
        Unsigned, signed by somebody else, about another task, of another shape, too large, of another kind.
        """
        url, good = f"{self.url(bare_world, task)}/files", self.message(task)
        large = self.message(task, content=base64.b64encode(b"a" * (uploads.MOST_BYTES + 1)).decode())
        cases = [
            (good, {"content-type": "application/json"}, 401),
            (good, self.signed(good, secret=new_secret()), 401),
            (self.message(uuid4()), None, 422),
            (self.message(task, content="å"), None, 422),
            (self.message(task, category=7), None, 422),
            (self.message(task, category="alarm_history"), None, 409),
            (self.message(task, content=base64.b64encode(b"MZ\x90\x00\x03\x00").decode()), None, 422),
            (b"[" * 100_000, None, 422),
            (large, None, 413),
        ]
        async with bare_world.browser() as client:
            for body, headers, status in cases:
                answer = await client.post(url, content=body, headers=headers or self.signed(body))

                assert answer.status_code == status, answer.text[:200]
        assert (await seen_by_staff(bare_world, task))["files"] == []

    async def test_belongs_to_the_answer_that_follows(self, bare_world, task):
        """
        "Done" with files is not empty-handed; nobody has scanned them, so a person looks first.
        """
        url, body = self.url(bare_world, task), self.message(task)
        done = json.dumps(
            {
                "type": "task.outcome",
                "timestamp": datetime.now().astimezone().isoformat(),
                "data": {"task_id": str(task), "outcome": "completed"},
            }
        ).encode()
        async with bare_world.browser() as client:
            await client.post(f"{url}/files", content=body, headers=self.signed(body))
            assert (await client.post(url, content=done, headers=self.signed(done))).status_code == 202
        found = await bare_world.task(task)

        assert (found.state, found.attention) == ("needs_person", "files_to_review")

    async def test_is_over_with_the_task(self, bare_world, task):
        """410: what comes after the answer is not added to it."""
        url, body = self.url(bare_world, task), self.message(task)
        done = json.dumps(
            {
                "type": "task.outcome",
                "timestamp": datetime.now().astimezone().isoformat(),
                "data": {"task_id": str(task), "outcome": "not_found"},
            }
        ).encode()
        async with bare_world.browser() as client:
            assert (await client.post(url, content=done, headers=self.signed(done))).status_code == 202
            late = await client.post(f"{url}/files", content=body, headers=self.signed(body))

        assert late.status_code == 410


class TestPage:
    async def test_lists_what_was_handed_in(self, bare_world):
        """By the name it had there, which is shown as text."""
        _, path = await export_of(bare_world)
        async with bare_world.browser() as client:
            form = await bare_world.enter(client, path)
            page = await client.post(
                f"{path}/files",
                data={"form": form, "category": "contact"},
                files={"file": ("<b>utdrag</b>.csv", CSV_FILE)},
            )

        assert "Filen är mottagen" in page.text
        assert "&lt;b&gt;" in page.text or "b&gt;.csv" in page.text
        assert form_of(page) == form
