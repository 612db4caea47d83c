"""A request without a login: the same for everybody, and a code only to an address that was known before."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import Tx
from app.domain.codes import MOST_TRIES, PER_CONTACT, PER_REQUEST
from app.domain.identity import Level
from app.models import OutgoingMailRow, RequestRow
from app.repositories import cases
from app.services import channels, codes, orders, sealing
from app.services.context import Context
from tests.routers.conftest import AGENT, ANNA_BEARER, Advance, File

PATH = "/v1/intake/westra/requests"
KNOWN, STRANGE = "anna@example.org", "nobody@example.org"
CONSENT = [{"right": "consent_withdrawal"}]


def body(email: str = KNOWN, claims: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {"claims": claims or CONSENT, "identifiers": [{"type": "email", "value": email}], **more}


async def post(client: httpx.AsyncClient, path: str, said: Any, key: str | None = None) -> httpx.Response:
    return await client.post(path, json=said, headers={"Idempotency-Key": key or str(uuid4())})


@asynccontextmanager
async def westra(ctx: Context) -> AsyncIterator[Tx]:
    async with ctx.database.transaction(["westra"]) as tx:
        yield tx


async def row_of(ctx: Context, id: str) -> RequestRow:
    async with westra(ctx) as tx:
        row = await cases.request(tx, UUID(id))
    assert row is not None
    return row


async def mails_of(ctx: Context, connection: AsyncConnection, id: str) -> list[dict[str, str]]:
    """The mails of a request, opened."""
    row = await row_of(ctx, id)
    async with westra(ctx) as tx:
        query = text("SELECT id, mail_sealed FROM outgoing_mail WHERE request_id = :id")
        found = (await tx.session.execute(query, {"id": UUID(id)})).all()
    return [
        sealing.unseal(ctx, row, bytes(sealed), table=OutgoingMailRow.__tablename__, column="mail", id=mail)
        for mail, sealed in found
    ]


@pytest.fixture
async def known(ctx: Context, file: File) -> str:
    """Anna's address, which westra has had for years: an earlier request of hers says so."""
    filed = await file("access")
    row = await row_of(ctx, filed["id"])
    async with westra(ctx) as tx:
        since = tx.now.date() - timedelta(days=400)
        assert await channels.note(tx, ctx, row, type="email", value=KNOWN, since=since, source="crm")
    return str(filed["id"])


async def filed_and_sent(
    client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, advance: Advance, email: str = KNOWN
) -> tuple[str, str | None]:
    """A request taken in and looked at by a worker: its id, and the code if one was sent."""
    answer = await post(client, PATH, body(email))
    id = answer.json()["id"]
    await advance(id)
    for mail in await mails_of(ctx, connection, id):
        if found := re.search(r"[0-9]{4} [0-9]{4}", mail["text"]):
            assert mail["to"] == email
            return id, found[0]
    return id, None


class TestFiling:
    async def test_answers_the_same_whoever_is_named(
        self, client: httpx.AsyncClient, known: str, connection: AsyncConnection
    ) -> None:
        """CVE-2024-45052's class: known or not, the answer has one status and one shape, and costs the same work."""
        statements: list[int] = []
        answers = []
        for email in (KNOWN, STRANGE):
            count = 0

            def counted(*_: object) -> None:
                nonlocal count
                count += 1

            engine = connection.sync_connection
            event.listen(engine, "before_cursor_execute", counted)
            answers.append(await post(client, PATH, body(email)))
            event.remove(engine, "before_cursor_execute", counted)
            statements.append(count)
        first, second = (answer.json() for answer in answers)

        assert [answer.status_code for answer in answers] == [202, 202]
        assert first.keys() == second.keys() == {"id", "reference", "received_at", "due_on"}
        assert first["due_on"] == second["due_on"]
        assert statements[0] == statements[1] > 0

    async def test_needs_no_form_no_signature_and_no_login_f23(self, client: httpx.AsyncClient) -> None:
        """F23, R12-2: whoever writes is taken in, in their own words, at every controller."""
        for controller in ("westra", "westila", "sos-alarm", "securitas", "sensor-alarm"):
            answer = await post(client, f"/v1/intake/{controller}/requests", body(message="Ta bort mig."))
            assert answer.status_code == 202

    async def test_is_never_held_up_by_a_flood_of_the_same(
        self, client: httpx.AsyncClient, ctx: Context, known: str, file: File
    ) -> None:
        """GHSA-qx5f-ghc2-7g5c's class: what an attacker files in somebody's name neither blocks nor joins theirs."""
        ids = {(await post(client, PATH, body())).json()["id"] for _ in range(12)}
        own = await file("access", bearer=ANNA_BEARER)

        assert len(ids) == 12
        assert own["id"] not in ids
        assert (await row_of(ctx, own["id"])).assurance == "substantial"

    async def test_of_one_stranger_is_not_anothers_whatever_key_they_chose(self, client: httpx.AsyncClient) -> None:
        """Strangers who choose the same Idempotency-Key have nothing in common; the same call twice is one request."""
        first = await post(client, PATH, body(), key="1")
        again = await post(client, PATH, body(), key="1")
        other = await post(client, PATH, body(STRANGE), key="1")

        assert first.json() == again.json()
        assert other.status_code == 202
        assert other.json()["id"] != first.json()["id"]

    async def test_vouches_for_nothing_that_was_typed(self, client: httpx.AsyncClient, ctx: Context) -> None:
        """A personnummer somebody typed finds, and opens nobody's portal."""
        said = body() | {"identifiers": [{"type": "personnummer", "value": "198001019804"}]}
        row = await row_of(ctx, (await post(client, PATH, said)).json()["id"])

        assert (row.subject_key, row.assurance, row.channel) == (None, "none", "web_public")
        assert all(not one.vouched for one in orders.known_as(ctx, row))


class TestMarketingObjection:
    async def test_asks_for_no_proof_and_sends_no_code_f12(
        self, client: httpx.AsyncClient, ctx: Context, known: str, advance: Advance, connection: AsyncConnection
    ) -> None:
        """F12, R21-2, R12-9: no extra data for a marketing objection; it is granted as it stands."""
        said = body(claims=[{"right": "marketing_objection"}])
        id = (await post(client, PATH, said)).json()["id"]
        await advance(id)
        row = await row_of(ctx, id)

        assert row.phase != "identifying"
        assert await mails_of(ctx, connection, id) == []


class TestCode:
    async def test_goes_to_an_address_the_controller_has_had_for_thirty_days(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """And to none that was only typed: no code, no mail, no difference outside."""
        _, code = await filed_and_sent(client, ctx, connection, advance)
        stranger, none = await filed_and_sent(client, ctx, connection, advance, STRANGE)

        assert code is not None
        assert none is None
        assert await mails_of(ctx, connection, stranger) == []

    async def test_does_not_go_to_an_address_that_is_new(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """Changed phone, changed mail: thirty days it proves nothing."""
        row = await row_of(ctx, known)
        async with westra(ctx) as tx:
            young = tx.now.date() - timedelta(days=29)
            await channels.note(tx, ctx, row, type="email", value="new@example.org", since=young, source="crm")
        _, code = await filed_and_sent(client, ctx, connection, advance, "new@example.org")

        assert code is None

    async def test_proves_the_channel_and_nothing_more(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """Level channel: consent is withdrawn, and a copy is still a long way off."""
        id, code = await filed_and_sent(client, ctx, connection, advance)
        answer = await post(client, f"{PATH}/{id}/proof", {"code": code})
        row = await row_of(ctx, id)
        vouched = {(one.type, one.value) for one in orders.known_as(ctx, row) if one.vouched}

        assert (answer.status_code, answer.json()) == (202, {"proved": True})
        assert Level.from_key(row.assurance) is Level.CHANNEL
        assert vouched == {("email", KNOWN)}

    async def test_looks_from_outside_like_none(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """Wrong, never sent, over, no such request: one answer, so nobody learns who is a customer."""
        sent, _ = await filed_and_sent(client, ctx, connection, advance)
        never, _ = await filed_and_sent(client, ctx, connection, advance, STRANGE)
        answers = [
            await post(client, f"{PATH}/{id}/proof", {"code": "0000 0000"}) for id in (sent, never, str(uuid4()))
        ]
        elsewhere = await post(client, f"/v1/intake/westila/requests/{sent}/proof", {"code": "0000 0000"})

        assert {(one.status_code, one.text) for one in [*answers, elsewhere]} == {(202, '{"proved":false}')}

    async def test_works_once(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """OWASP ASVS 5.0 6.5.1."""
        id, code = await filed_and_sent(client, ctx, connection, advance)
        first, second = [await post(client, f"{PATH}/{id}/proof", {"code": code}) for _ in range(2)]

        assert [first.json()["proved"], second.json()["proved"]] == [True, False]

    async def test_is_dead_after_five_tries(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """CVE-2025-57815's class: the right one, too late, is a wrong one."""
        id, code = await filed_and_sent(client, ctx, connection, advance)
        for _ in range(MOST_TRIES):
            await post(client, f"{PATH}/{id}/proof", {"code": "0000 0000"})

        assert (await post(client, f"{PATH}/{id}/proof", {"code": code})).json() == {"proved": False}
        assert (await row_of(ctx, id)).assurance == "none"

    async def test_is_bound_to_its_request(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """OWASP ASVS 5.0 6.6.2: what was sent for one request opens no other."""
        _, code = await filed_and_sent(client, ctx, connection, advance)
        other, _ = await filed_and_sent(client, ctx, connection, advance)

        assert (await post(client, f"{PATH}/{other}/proof", {"code": code})).json() == {"proved": False}

    async def test_stands_nowhere_in_the_clear(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """Only a keyed hash stays: a bare one of eight digits is tried out in a second."""
        id, code = await filed_and_sent(client, ctx, connection, advance)
        assert code is not None
        async with westra(ctx) as tx:
            found = (await tx.session.execute(text("SELECT row_to_json(c)::text FROM one_time_code c"))).scalars().all()

        assert id in "".join(found)
        assert not any(spelling in "".join(found) for spelling in (code, code.replace(" ", "")))

    async def test_is_not_sent_more_often_than_needed(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """Per request, and per address whatever the request: counted in the database, so over all workers."""
        id, _ = await filed_and_sent(client, ctx, connection, advance)
        for _ in range(PER_REQUEST + 2):
            await post(client, f"{PATH}/{id}/proof", {})
            await advance(id)
        assert len(await mails_of(ctx, connection, id)) == PER_REQUEST

        sent = PER_REQUEST
        for _ in range(PER_CONTACT):
            _, code = await filed_and_sent(client, ctx, connection, advance)
            sent += code is not None
        assert sent == PER_CONTACT

    async def test_names_nobody_and_holds_no_link(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """Our mails will be imitated: no link to log in with, no personal data, the reference and the company."""
        id, _ = await filed_and_sent(client, ctx, connection, advance)
        (mail,) = await mails_of(ctx, connection, id)

        assert "http" not in mail["text"]
        assert KNOWN not in mail["subject"] + mail["text"]
        assert (await row_of(ctx, id)).reference in mail["subject"]

    async def test_is_not_sent_about_somebody_who_must_not_be_found(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """No mail about a protected person, not even a code."""
        id = (await post(client, PATH, body(protected_identity=True))).json()["id"]
        await advance(id)

        assert await mails_of(ctx, connection, id) == []
        assert (await client.get(f"/v1/requests/{id}", headers=AGENT.headers())).status_code == 404

    async def test_is_over_after_ten_minutes(
        self, client: httpx.AsyncClient, ctx: Context, connection: AsyncConnection, known: str, advance: Advance
    ) -> None:
        """The database lets none live longer either."""
        id, code = await filed_and_sent(client, ctx, connection, advance)
        async with westra(ctx) as tx:
            later = Tx(tx.session, tx.controllers, tx.now + timedelta(minutes=10))
            assert not await codes.try_code(later, ctx, "westra", UUID(id), code or "")


class TestIntakePage:
    @pytest.mark.parametrize("language", ["sv", "en"])
    async def test_shows_a_wish_for_signed_paper_as_a_wish_f11(self, client: httpx.AsyncClient, language: str) -> None:
        """F11, T1: SOS Alarm asks for signed paper; it is shown as a preference, and any way is taken."""
        answer = await client.get("/v1/intake/sos-alarm", headers={"Accept-Language": language})
        form = answer.json()["form"]

        assert form["preference"] == "written_signed_paper"
        assert ("önskemål" if language == "sv" else "wish") in form["text"]
        assert (await post(client, "/v1/intake/sos-alarm/requests", body())).status_code == 202

    async def test_says_which_proofs_would_do_for_each_right_r12_9(self, client: httpx.AsyncClient) -> None:
        """R12-9: what is asked for is what would do, the least intrusive first; nothing for a marketing objection."""
        rights = {one["right"]: one for one in (await client.get("/v1/intake/westra")).json()["rights"]}

        assert rights["marketing_objection"]["identity_methods"] == []
        assert rights["consent_withdrawal"]["identity_methods"][0] == "one_time_code"
        assert "one_time_code" not in rights["access"]["identity_methods"]


class TestNoIdentityOperation:
    async def test_takes_a_file(self, client: httpx.AsyncClient) -> None:
        """
        R12-9, F11: nowhere can a picture of an ID card be handed in; every body that is not a callback is JSON.
        """
        document = (await client.get("/openapi.json")).json()
        taken = {
            (path, media)
            for path, item in document["paths"].items()
            for operation in item.values()
            if isinstance(operation, dict)
            for media in operation.get("requestBody", {}).get("content", {})
            if not path.startswith("/v1/callbacks")
        }

        assert {media for _, media in taken} == {"application/json"}

    async def test_asks_a_secret_question_or_for_a_signature(self, client: httpx.AsyncClient) -> None:
        """
        OWASP ASVS 5.0 6.4.2, R12-9: no schema has a field for either. What staff ask to understand a request
        (Art. 12(2), recital 63) has one, and its answer proves nothing.
        """
        schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
        fields = {(schema, name) for schema, said in schemas.items() for name in said.get("properties", {})}
        asked = {("QuestionIn", "question"), ("QuestionAsked", "question"), ("OwnAnswerIn", "question")}
        secret = {"question", "answer_to_question", "signature", "id_copy", "id_card", "passport", "selfie"}

        assert {one for one in fields if one[1] in secret} == asked
