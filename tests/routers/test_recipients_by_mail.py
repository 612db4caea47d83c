"""Recipients by mail as administrators, staff and mail systems meet them: registered, shown, reported."""

import base64
from uuid import UUID, uuid4

import httpx
import pytest

from app.domain.fanout import Action
from app.domain.process import CreateTask
from app.models import OutgoingMailRow
from app.processors import MailDue
from app.repositories import recipients, registry
from app.routers.forms import MOST_FORM_BYTES
from app.services import recipient_mail, recipient_page, steps, task_files, tasks
from app.services.context import Actor, Context
from tests.domain.test_bounces import report
from tests.routers.conftest import ADMIN, AGENT, APPROVER, INTEGRATOR, File

RECIPIENT = {
    "controller": "westra",
    "key": "tryckeriet",
    "title": "Tryckeriet AB",
    "kind": "email",
    "actions": ["export", "erase"],
    "categories": ["contact"],
    "identifier_types": ["email", "personnummer"],
    "answer_mode": "sync",
    "idempotency": "no",
    "settings": {"address": "dataskydd@tryckeriet.example"},
}


@pytest.fixture
async def recipient(client: httpx.AsyncClient, registered: None) -> str:
    """A recipient by mail, switched on; its id."""
    made = await client.post("/v1/processors", json=RECIPIENT, headers=ADMIN.headers())
    assert made.status_code == 201, made.text
    headers = ADMIN.headers(**{"If-Match": made.headers["etag"]})
    answer = await client.patch(made.headers["location"], json={"state": "active"}, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(made.json()["id"])


@pytest.fixture
async def task(ctx: Context, file: File, recipient: str) -> UUID:
    """An export task that a person has to look at, with a file that nobody has scanned."""
    filed = await file("access")
    async with ctx.database.transaction(["westra"]) as tx:
        row = await steps.hold(tx, UUID(filed["id"]))
        processor = await registry.processor(tx, UUID(recipient))
        assert processor is not None
        made = await tasks.create(tx, ctx, row, CreateTask(None, recipient, Action.EXPORT, ("contact",)))
        await tx.session.flush()
        upload = await task_files.receive(ctx, b"email;mobil\na@example.org;070-174 06 05\n", name="export.csv")
        actor = Actor("processor", processor.key)
        await task_files.keep(tx, ctx, row, made, upload, category="contact", via="page", actor=actor)
        await tasks.hand_to_person(tx, row, made, "files_to_review")
        return made.id


async def handed_in(client: httpx.AsyncClient, raw: bytes) -> httpx.Response:
    """A report, as a mail system hands it in."""
    body = {"report": base64.encodebytes(raw).decode()}
    return await client.post("/v1/mail/bounces", json=body, headers=INTEGRATOR.headers())


class TestRegistration:
    async def test_says_how_it_is_asked_whatever_was_written(self, client: httpx.AsyncClient, recipient: str) -> None:
        """
        What follows from the kind is nobody's to choose.
        """
        seen = (await client.get(f"/v1/processors/{recipient}", headers=ADMIN.headers())).json()

        assert (seen["kind"], seen["state"]) == ("email", "active")
        assert (seen["answer_mode"], seen["idempotency"]) == ("poll", "yes")
        assert seen["settings"] == {"address": "dataskydd@tryckeriet.example"}

    async def test_without_an_address_cannot_be_switched_on(self, client: httpx.AsyncClient, registered: None) -> None:
        """
        409, and its tasks stay people's.
        """
        made = await client.post("/v1/processors", json=RECIPIENT | {"settings": {}}, headers=ADMIN.headers())
        headers = ADMIN.headers(**{"If-Match": made.headers["etag"]})
        answer = await client.patch(made.headers["location"], json={"state": "active"}, headers=headers)

        assert made.json()["state"] == "unconnected"
        assert answer.json()["type"] == "/problems/not-connectable"
        assert answer.json()["errors"] == made.json()["lacking"]  # told already when it was registered
        assert [one["pointer"] for one in made.json()["lacking"]] == ["#/settings/address"]


class TestFiles:
    async def test_are_listed_and_fetched_by_staff(self, client: httpx.AsyncClient, task: UUID) -> None:
        """
        With what is known of them; one that was not scanned only when that is said.
        """
        seen = (await client.get(f"/v1/tasks/{task}", headers=AGENT.headers())).json()
        (file,) = seen["files"]
        path = f"/v1/tasks/{task}/files/{file['id']}"
        held = await client.get(path, headers=AGENT.headers())
        fetched = await client.get(f"{path}?unscanned=true", headers=AGENT.headers())

        assert (file["name"], file["scan"], file["media_type"]) == ("export.csv", "not_scanned", "text/csv")
        assert (held.status_code, held.json()["type"]) == (409, "/problems/file-in-quarantine")
        assert fetched.content == b"email;mobil\na@example.org;070-174 06 05\n"
        assert fetched.headers["content-type"] == "application/octet-stream"
        assert fetched.headers["content-disposition"].startswith("attachment; ")
        assert "sandbox" in fetched.headers["content-security-policy"]

    async def test_that_are_somebody_elses_are_not_there(self, client: httpx.AsyncClient, task: UUID) -> None:
        """Another task's file, and none at all, are the same."""
        answer = await client.get(f"/v1/tasks/{task}/files/{uuid4()}?unscanned=true", headers=AGENT.headers())

        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-file")

    async def test_become_the_answer_on_a_persons_word(self, client: httpx.AsyncClient, task: UUID) -> None:
        """
        `take_files`: the rows are the task's records from then on.
        """
        said = {"outcome": "completed", "take_files": True}
        answer = await client.post(f"/v1/tasks/{task}/outcome", json=said, headers=APPROVER.headers())
        seen = (await client.get(f"/v1/tasks/{task}", headers=AGENT.headers())).json()

        assert (answer.status_code, answer.json()["state"]) == (200, "closed")
        assert seen["answer"]["records"] == [
            {"category": "contact", "rows": [{"email": "a@example.org", "mobil": "070-174 06 05"}]}
        ]

    async def test_without_rows_cannot_be_taken(self, client: httpx.AsyncClient, ctx: Context, task: UUID) -> None:
        """A task without any file, too."""
        async with ctx.database.transaction(["westra"]) as tx:
            row, _ = await tasks.hold_with_request(tx, task)
            await task_files.destroy(tx, ctx, row)
        said = {"outcome": "completed", "take_files": True}
        answer = await client.post(f"/v1/tasks/{task}/outcome", json=said, headers=APPROVER.headers())

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/files-not-readable")


class TestBounces:
    async def test_are_taken_from_the_mail_system(self, client: httpx.AsyncClient, ctx: Context, task: UUID) -> None:
        """
        Noted where it is about a mail of ours, ignored where it is not; the same again is the same.
        """
        mail_id = uuid4()
        async with ctx.database.transaction(["westra"]) as tx:
            row, held = await tasks.hold_with_request(tx, task)
            held.state = "accepted"
            mail = OutgoingMailRow(
                id=mail_id,
                request_id=row.id,
                controller_id="westra",
                task_id=task,
                purpose="asked",
                dedupe="x",
                mail_sealed=b"x",
                made_at=tx.now,
                state="sent",
                sent_at=tx.now,
            )
            tx.session.add(mail)
        raw = report(original=f"Message-ID: <{mail_id}@insyn.example>\n")
        answers = [await handed_in(client, raw) for _ in range(2)]
        other = await handed_in(client, report())
        seen = (await client.get(f"/v1/tasks/{task}", headers=AGENT.headers())).json()

        assert [one.json() for one in answers] == [{"status": "noted"}] * 2
        assert other.json() == {"status": "ignored"}
        assert (seen["state"], seen["attention"]) == ("needs_person", "delivery_failed")
        assert [one["failure"] for one in seen["mails"]] == ["status_5_1_1"]

    @pytest.mark.parametrize("raw", [b"", b"\x00\xff", b"Message-ID: <x@y>\n\nhej"])
    async def test_that_are_none_are_ignored(self, client: httpx.AsyncClient, raw: bytes) -> None:
        """Whatever lands in that mailbox."""
        answer = await handed_in(client, raw)

        assert (answer.status_code, answer.json()) == (202, {"status": "ignored"})

    async def test_are_not_larger_than_agreed(self, client: httpx.AsyncClient) -> None:
        """A report is short; what is larger is another mail."""
        answer = await handed_in(client, b"a" * 300_000)

        assert answer.status_code == 413

    async def test_are_mails_in_base64(self, client: httpx.AsyncClient) -> None:
        """Anything else is said to be none, by its place."""
        answer = await client.post("/v1/mail/bounces", json={"report": "From: x"}, headers=INTEGRATOR.headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/report")


class TestPages:
    async def test_over_https_give_a_cookie_for_https_alone(
        self, client: httpx.AsyncClient, ctx: Context, task: UUID, recipient: str
    ) -> None:
        """
        Secure, and named so that a browser holds us to it (RFC 6265bis, 4.1.3.1; ASVS 3.3.1).
        """
        token = recipient_mail.page_token(ctx, "westra", task)
        async with ctx.database.transaction(["westra"]) as tx:
            row, held = await tasks.hold_with_request(tx, task)
            processor = await registry.processor(tx, UUID(recipient))
            assert processor is not None
            due = MailDue(to="dataskydd@tryckeriet.example", language="sv", kind="asked")
            await recipient_mail.put(tx, ctx, row, held, processor, due)
            found = await recipient_page.find(tx, ctx, token, session=None, hold=True)
            await recipient_page.ask_code(tx, ctx, found)
            code = await recipients.latest_code(tx, task)
            assert code is not None
            code.code_hash = recipient_page._code_hash(ctx, found, "12345678")
        answer = await client.post(f"/p/{token}/session", data={"code": "1234 5678"})
        cookie = answer.headers["set-cookie"]
        page = await client.get(f"/p/{token}", headers={"cookie": cookie.partition(";")[0]})

        assert answer.status_code == 303
        assert cookie.startswith("__Secure-insyn_page=")
        assert "; Secure" in cookie
        assert "Lämna en kopia" in page.text
        assert page.headers["strict-transport-security"]

    async def test_are_in_no_document_and_in_no_problem(self, client: httpx.AsyncClient) -> None:
        """
        A page's address is a secret: a problem names its template, the document for clients does not have it.
        """
        document = (await client.get("/openapi.json")).json()
        token = "westra." + "x" * 43
        wrong = await client.put(f"/p/{token}")

        assert [path for path in document["paths"] if path.startswith("/p/")] == []
        assert token not in wrong.text

    async def test_take_a_large_form_only_where_a_file_is_taken(self, client: httpx.AsyncClient) -> None:
        """
        Elsewhere a form is small; and where a file is taken nothing of a stranger's is read.
        """
        path = f"/p/westra.{'x' * 43}"
        small = await client.post(f"{path}/answer", content=b"a" * 300_000)
        large = await client.post(f"{path}/files", content=b"a" * (MOST_FORM_BYTES + 1))

        assert (small.status_code, large.status_code) == (413, 404)
