""" "That was not me", people who must not be found, quarantine of addresses, and more to be found by."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db import Tx
from app.models import RequestRow
from app.repositories import cases
from app.services import channels, outbox
from app.services.context import Context
from app.services.intake import subject_keys
from tests.routers.conftest import (
    AGENT,
    ANNA,
    ANNA_BEARER,
    APPROVER,
    AUDITOR,
    BO,
    BO_BEARER,
    DPO,
    HANDLER,
    SECOND_HANDLER,
    Advance,
    Bearer,
    File,
)
from tests.routers.test_authorization import PATH, TABLE

OWN = "/v1/self-service/requests"
ANNAS_MAIL = Bearer("subject", sub="anna-2", identifiers=(("email", "anna@example.org"),))
OTHER_AGENT = Bearer("agent", sub="agent-9")
NOT_HERS = {"verdict": "not_genuine", "reason": "Called back on the number known for years: not hers."}


async def post(client: httpx.AsyncClient, path: str, bearer: Bearer, said: Any = None, **more: str) -> httpx.Response:
    return await client.post(path, json=said, headers=bearer.headers(**more))


@asynccontextmanager
async def westra(ctx: Context) -> AsyncIterator[Tx]:
    async with ctx.database.transaction(["westra"]) as tx:
        yield tx


async def row_of(ctx: Context, id: str) -> RequestRow:
    async with westra(ctx) as tx:
        row = await cases.request(tx, UUID(id))
    assert row is not None
    return row


async def run(ctx: Context, statement: str, **values: Any) -> None:
    """A statement past all code, in a savepoint of its own."""
    async with westra(ctx) as tx:
        await tx.session.execute(text(statement), values)


async def know(ctx: Context, id: str, email: str = "anna@example.org", age: int = 400) -> None:
    """The controller has had this address for so many days."""
    row = await row_of(ctx, id)
    async with westra(ctx) as tx:
        since = tx.now.date() - timedelta(days=age)
        await channels.note(tx, ctx, row, type="email", value=email, since=since, source="crm")


async def etag_of(client: httpx.AsyncClient, id: str, bearer: Bearer = AGENT) -> str:
    return str((await client.get(f"{PATH}/{id}", headers=bearer.headers())).headers["etag"])


async def called_in(client: httpx.AsyncClient) -> str:
    """Somebody called, with her customer number and her address; an agent took it down."""
    known = [{"type": "customer_number", "value": "C-10001"}, {"type": "email", "value": "anna@example.org"}]
    said = {
        "controller": "westra", "channel": "phone", "received_at": "2026-02-03T10:15:00+01:00",
        "claims": [{"right": "access"}], "subject": {"identifiers": known},
    }  # fmt: skip
    answer = await post(client, PATH, AGENT, said)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
async def erasing(client: httpx.AsyncClient, file: File, advance: Advance) -> str:
    """An erasure that waits for a second person."""
    filed = await file("erasure")
    await advance(filed["id"])
    decision = f"{PATH}/{filed['id']}/claims/{filed['claims'][0]['id']}/decision"
    version = await etag_of(client, filed["id"])
    said = {"outcome": "granted", "plan": {"facts": {"contract": "ended"}}}
    decided = await post(client, decision, AGENT, said, **{"If-Match": version})
    assert decided.status_code == 200, decided.text
    await advance(filed["id"])
    return str(filed["id"])


class TestStop:
    async def test_halts_everything_at_once(self, client: httpx.AsyncClient, erasing: str, advance: Advance) -> None:
        """What waited for a second person is as if nobody had asked; nobody decides, nothing is written or sent."""
        answer = await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        await advance(erasing)
        seen = (await client.get(f"{PATH}/{erasing}", headers=AGENT.headers())).json()
        open_ones = (await client.get("/v1/approvals", headers=APPROVER.headers())).json()["items"]
        decision = f"{PATH}/{erasing}/claims/{seen['claims'][0]['id']}/decision"
        decided = await post(client, decision, AGENT, {"outcome": "granted"}, **{"If-Match": f'"{seen["version"]}"'})
        withdrawn = await post(client, f"{OWN}/{erasing}/withdrawal", ANNA_BEARER, {})

        assert answer.status_code == 200
        assert (seen["status"], seen["claims"][0]["state"], open_ones) == ("stopped", "open", [])
        assert decided.json()["type"] == withdrawn.json()["type"] == "/problems/request-stopped"

    async def test_is_the_persons_own_or_of_whoever_was_told(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str
    ) -> None:
        """An account holder whose known address was told may stop it; a stranger with the reference may not."""
        reference = (await row_of(ctx, erasing)).reference
        stranger = await post(client, "/v1/self-service/stops", BO_BEARER, {"reference": reference})
        unknown = await post(client, "/v1/self-service/stops", BO_BEARER, {"reference": "INS-2026-AAAAAAAA"})
        await know(ctx, erasing)
        told = await post(client, "/v1/self-service/stops", ANNAS_MAIL, {"reference": reference})

        assert (await post(client, f"{OWN}/{erasing}/stop", BO_BEARER)).status_code == 404
        assert stranger.status_code == unknown.status_code == 404
        assert stranger.json()["type"] == unknown.json()["type"]
        assert told.status_code == 200

    async def test_is_written_down_when_somebody_calls(self, client: httpx.AsyncClient, erasing: str) -> None:
        """And is settled by somebody else than who wrote it down."""
        assert (await post(client, f"{PATH}/{erasing}/stop", AGENT)).status_code == 200
        as_approver = Bearer("approver", sub=AGENT.sub)
        same = await post(client, f"{PATH}/{erasing}/stop-settlement", as_approver, NOT_HERS)

        assert same.json()["type"] == "/problems/second-person-needed"

    async def test_goes_on_only_with_a_stronger_proof(
        self, client: httpx.AsyncClient, erasing: str, advance: Advance
    ) -> None:
        """The e-ID it was filed with is what somebody doubts; the same again is no answer."""
        await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        settlement = f"{PATH}/{erasing}/stop-settlement"
        for method, type in (
            ("e_id", "proof-not-stronger"), ("one_time_code", "proof-not-stronger"), ("id_card_copy", "unknown-method"),
        ):  # fmt: skip
            said = {"verdict": "genuine", "method": method}
            assert (await post(client, settlement, AGENT, said)).json()["type"] == f"/problems/{type}"
        said = {"verdict": "genuine", "method": "letter_to_registered_address"}
        assert (await post(client, settlement, AGENT, said)).status_code == 200
        await advance(erasing)

        seen = (await client.get(f"{PATH}/{erasing}", headers=AGENT.headers())).json()
        assert (seen["status"], seen["assurance"]) == ("awaiting_decision", "high")
        # An abusive former partner does not stop it again and again.
        again = await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        assert again.json()["type"] == "/problems/stop-settled"

    async def test_has_no_silent_end(self, client: httpx.AsyncClient, erasing: str, advance: Advance) -> None:
        """Not genuine: it is closed as not identified, with a letter, and nothing of it was done."""
        await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        await post(client, f"{PATH}/{erasing}/stop-settlement", APPROVER, NOT_HERS)
        await advance(erasing)
        seen = (await client.get(f"{PATH}/{erasing}", headers=AGENT.headers())).json()
        kinds = [
            one["kind"]
            for one in (await client.get(f"{PATH}/{erasing}/letters", headers=AGENT.headers())).json()["items"]
        ]

        assert (seen["phase"], seen["claims"][0]["outcome"]) == ("closed", "not_identified")
        assert {"stopped", "not_identified"} <= set(kinds)

    async def test_ends_by_the_word_of_an_approver_who_says_why(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str
    ) -> None:
        """No agent alone ends what somebody asked for, nor anybody without a reason; the reason is kept sealed."""
        await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        settlement = f"{PATH}/{erasing}/stop-settlement"
        agents = await post(client, settlement, OTHER_AGENT, NOT_HERS)
        for reason in (None, "Not hers.", " " * 30):
            said = {"verdict": "not_genuine"} | ({"reason": reason} if reason else {})
            refused = await post(client, settlement, APPROVER, said)
            assert (refused.status_code, refused.json()["type"]) == (422, "/problems/stop-reason-needed"), reason
        assert (await post(client, settlement, APPROVER, NOT_HERS)).status_code == 200
        notes = (await client.get(f"{PATH}/{erasing}", headers=AGENT.headers())).json()["notes"]

        assert (agents.status_code, agents.json()["type"]) == (403, "/problems/role-not-allowed")
        assert NOT_HERS["reason"] in [one["text"] for one in notes]

    @pytest.mark.parametrize("by", ["a call", "somebody told"])
    async def test_by_others_never_ends_what_a_login_asked_for(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str, by: str
    ) -> None:
        """Her former partner stops her own request by telephone, or from a shared address: only her login ends it."""
        if by == "a call":
            await post(client, f"{PATH}/{erasing}/stop", OTHER_AGENT)
        else:
            await know(ctx, erasing)
            reference = (await row_of(ctx, erasing)).reference
            await post(client, "/v1/self-service/stops", ANNAS_MAIL, {"reference": reference})
        settlement = f"{PATH}/{erasing}/stop-settlement"
        refused = await post(client, settlement, APPROVER, NOT_HERS)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-theirs-to-end")
        assert (await row_of(ctx, erasing)).is_stopped

        # She says so herself, with another e-ID of the same number.
        again = await post(client, f"{OWN}/{erasing}/stop", Bearer("subject", sub="anna-freja", number=ANNA))
        assert again.status_code == 200
        assert (await post(client, settlement, APPROVER, NOT_HERS)).status_code == 200

    async def test_by_others_lets_it_go_on_after_a_stronger_proof(
        self, client: httpx.AsyncClient, erasing: str
    ) -> None:
        """What a login asked for is not lost by a stranger's call."""
        await post(client, f"{PATH}/{erasing}/stop", OTHER_AGENT)
        said = {"verdict": "genuine", "method": "letter_to_registered_address"}
        assert (await post(client, f"{PATH}/{erasing}/stop-settlement", AGENT, said)).status_code == 200

    async def test_is_no_way_to_become_known_without_a_comparison(self, client: httpx.AsyncClient) -> None:
        """GDPR Art. 12(6), 32: who called with her customer number is settled like any proof: it says whose it is."""
        id = await called_in(client)
        assert (await post(client, f"{PATH}/{id}/stop", APPROVER)).status_code == 200
        settlement, said = f"{PATH}/{id}/stop-settlement", {"verdict": "genuine", "method": "e_id_in_call"}
        refused = await post(client, settlement, OTHER_AGENT, said)
        settled = await post(client, settlement, OTHER_AGENT, said | {"personnummer": BO})
        seen = (await client.get(f"{PATH}/{id}", headers=AGENT.headers())).json()
        decision = f"{PATH}/{id}/claims/{seen['claims'][0]['id']}/decision"
        decided = await post(client, decision, AGENT, {"outcome": "granted"}, **{"If-Match": await etag_of(client, id)})

        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/proof-without-number")
        assert settled.status_code == 200, settled.text
        assert {one["type"]: one["vouched"] for one in seen["subject"]["identifiers"]} == {
            "customer_number": False, "email": False, "personnummer": True,
        }  # fmt: skip
        assert (decided.status_code, decided.json()["type"]) == (409, "/problems/identifiers-not-checked")

    @pytest.mark.parametrize("said", [
        pytest.param({"verdict": "genuine", "method": "e_id_in_call", "personnummer": ANNA}, id="genuine"),
        pytest.param(NOT_HERS, id="not genuine"),
    ])  # fmt: skip
    async def test_is_settled_by_nobody_who_took_the_request_in(
        self, client: httpx.AsyncClient, said: dict[str, str]
    ) -> None:
        """Whoever heard the caller is not the one who finds that it was somebody else, or was not (Art. 5(1)(f))."""
        id = await called_in(client)
        assert (await post(client, f"{PATH}/{id}/stop", OTHER_AGENT)).status_code == 200
        same = Bearer("approver", sub=AGENT.sub)
        refused = await post(client, f"{PATH}/{id}/stop-settlement", same, said)

        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/second-person-needed")
        assert (await post(client, f"{PATH}/{id}/stop-settlement", APPROVER, said)).status_code == 200

    async def test_tells_only_addresses_that_were_known_before(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str
    ) -> None:
        """What the one who filed wrote, or somebody put there lately, is not told that it was stopped."""
        await know(ctx, erasing)
        await know(ctx, erasing, "new@example.org", age=3)
        await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        async with westra(ctx) as tx:
            query = text("SELECT count(*) FROM outgoing_mail WHERE dedupe LIKE 'stopped:%'")
            assert (await tx.session.execute(query)).scalar_one() == 1

    async def test_twice_is_once(self, client: httpx.AsyncClient, erasing: str) -> None:
        """Stopping what is stopped changes nothing."""
        first = await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        second = await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)

        assert first.json() == second.json()


class TestDatabase:
    """What holds whatever the code forgets."""

    async def test_asks_nobody_for_a_stopped_request(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str, registered: None
    ) -> None:
        """No task is made round the code while nobody has settled it."""
        await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)

        with pytest.raises(DBAPIError, match="the request is stopped"):
            await run(ctx, A_TASK, id=UUID(erasing), action="freeze", claim=None)

    async def test_erases_nothing_before_its_time(self, ctx: Context, erasing: str, registered: None) -> None:
        """An erasure is asked of nobody before everybody was told and has had their day."""
        async with westra(ctx) as tx:
            claim = (await cases.claims_of(tx, [UUID(erasing)]))[0].id

        for until in ("NULL", "now() + interval '1 hour'"):
            await run(ctx, f"UPDATE claim SET cooling_until = {until}")  # noqa: S608
            with pytest.raises(DBAPIError, match="cooling-off is not over"):
                await run(ctx, A_TASK, id=UUID(erasing), action="erase", claim=claim)
        await run(ctx, "UPDATE claim SET cooling_until = now() - interval '1 second'")
        await run(ctx, A_TASK, id=UUID(erasing), action="erase", claim=claim)

    async def test_hands_out_no_way_to_a_stopped_package(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str
    ) -> None:
        """Nor after it was found not genuine."""
        download = "INSERT INTO download VALUES ('\\x00', :id, 'westra', '\\x00', now(), now() + interval '1 hour', 1)"
        await post(client, f"{OWN}/{erasing}/stop", ANNA_BEARER)
        for settled in (False, True):
            if settled:
                await post(client, f"{PATH}/{erasing}/stop-settlement", APPROVER, NOT_HERS)
            with pytest.raises(DBAPIError, match="the request is stopped"):
                await run(ctx, download, id=UUID(erasing))

    async def test_releases_nothing_that_waits(self, client: httpx.AsyncClient, ctx: Context, file: File) -> None:
        """A package is not released while its claim's time runs, whoever writes the row."""
        filed = await file("access")
        package = (
            "INSERT INTO package (request_id, controller_id, file, sha256, size, sealed_at, left_out, left_out_sealed,"
            " version, has_security, to_review, opened_by)"
            " VALUES (:id, 'westra', 'f', 's', 1, now(), 0, '\\x00', 1, false, 0, '[]')"
        )
        await run(ctx, package, id=UUID(filed["id"]))
        await run(ctx, "UPDATE claim SET cooling_until = now() + interval '1 hour'")

        with pytest.raises(DBAPIError, match="cooling-off is not over"):
            await run(ctx, "UPDATE package SET released_at = now(), released_by = 'x'")

    async def test_settles_a_stop_by_another_person(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str
    ) -> None:
        """Neither whoever stopped it nor whoever made it or took it in."""
        await post(client, f"{PATH}/{erasing}/stop", AGENT)
        for by in ("stopped_by", "requester_ref", "filed_by_ref"):
            with pytest.raises(DBAPIError, match="stop_settled_by_another"):
                await run(
                    ctx,
                    f"UPDATE request SET stop_verdict = 'genuine', stop_settled_at = now(), stop_settled_by = {by}",  # noqa: S608
                )

    async def test_mails_nothing_about_somebody_who_must_not_be_found(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str
    ) -> None:
        """Round the code too."""
        await post(client, f"{PATH}/{erasing}/protected-identity", AGENT, MARK)
        mail = (
            "INSERT INTO outgoing_mail (id, request_id, controller_id, dedupe, mail_sealed, state, attempts, made_at)"
            " VALUES (gen_random_uuid(), :id, 'westra', 'x', '\\x00', 'waiting', 0, now())"
        )

        with pytest.raises(DBAPIError, match="no mail about a protected person"):
            await run(ctx, mail, id=UUID(erasing))

    async def test_takes_no_mark_off_without_two_people(
        self, client: httpx.AsyncClient, ctx: Context, erasing: str
    ) -> None:
        """A yes of one's own, or an old one, is none."""
        await post(client, f"{PATH}/{erasing}/protected-identity", AGENT, MARK)
        with pytest.raises(DBAPIError, match="lifted by two people"):
            await run(ctx, "UPDATE request SET protected = false")
        own = (
            "INSERT INTO protection_mark (id, request_id, controller_id, mark, reason_sealed, by, at, approved_by,"
            " approved_at) VALUES (gen_random_uuid(), :id, 'westra', 'off', '\\x00', 'a', now(), 'a', now())"
        )
        with pytest.raises(DBAPIError, match="two_people"):
            await run(ctx, own, id=UUID(erasing))

    async def test_decides_nothing_alone_about_somebody_who_must_not_be_found(self, ctx: Context, erasing: str) -> None:
        """Where two are needed no decision counts without the second."""
        with pytest.raises(DBAPIError, match="two_where_two_are_needed"):
            await run(ctx, "UPDATE claim SET two_needed = true, state = 'decided', \"right\" = 'restriction'")


A_TASK = (
    "INSERT INTO task (id, request_id, claim_id, processor_id, controller_id, action, categories, state, answer_by,"
    " attempts, failures, ask_first, created_at) SELECT gen_random_uuid(), :id, :claim, id, 'westra', :action, '[]',"
    " 'open', now(), 0, 0, false, now() FROM processor LIMIT 1"
)
MARK = {"mark": "on", "reason": "Sekretessmarkering i folkbokföringen."}


class TestProtectedPerson:
    async def test_is_not_there_for_anybody_who_is_not_trained(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """No list, no search, no reading, no figure: every route about it answers as if there were no such thing."""
        filed = await file("access")
        await advance(filed["id"])
        tasks = (await client.get(f"{PATH}/{filed['id']}/tasks", headers=AGENT.headers())).json()["items"]
        await post(client, f"{PATH}/{filed['id']}/protected-identity", AGENT, MARK)
        names = {"id": filed["id"], "claim": filed["claims"][0]["id"], "letter": "receipt"}
        names |= dict.fromkeys(("question", "entry", "forwarding"), filed["id"])
        of_task = {"id": tasks[0]["id"], "file": filed["id"]}
        seen = []
        for (method, path), row in TABLE.items():
            if path.startswith((PATH + "/{id}", "/v1/tasks/{id}")):
                place = path.format(**(names if path.startswith(PATH) else of_task))
                for bearer in (AGENT, APPROVER, DPO, AUDITOR):
                    headers = bearer.headers(**{"If-Match": '"1"'})
                    answer = await client.request(method, place, json=row.json, headers=headers)
                    seen += [(method, path, answer.status_code)] if answer.status_code not in (403, 404) else []
        assert seen == []

        for bearer in (AGENT, APPROVER, DPO):
            for path in (PATH, "/v1/tasks", "/v1/approvals"):
                assert (await client.get(path, headers=bearer.headers())).json()["items"] == []
            named = {"identifiers": [{"type": "personnummer", "value": ANNA}]}
            assert (await post(client, f"{PATH}/search", bearer, named)).json()["items"] == []
        figures = (await client.get("/v1/reports/summary", headers=DPO.headers())).json()
        assert not any(figures.values())

    async def test_is_seen_to_by_trained_handlers(
        self, client: httpx.AsyncClient, file: File, advance: Advance
    ) -> None:
        """Two of them: whatever the right, one decides and the other says yes."""
        filed = await file("restriction")
        await advance(filed["id"])
        await post(client, f"{PATH}/{filed['id']}/protected-identity", AGENT, MARK)
        version = await etag_of(client, filed["id"], HANDLER)
        decision = f"{PATH}/{filed['id']}/claims/{filed['claims'][0]['id']}/decision"
        said = {"outcome": "granted", "record": {"ground_18": "a"}}
        decided = await post(client, decision, HANDLER, said, **{"If-Match": version})
        assert decided.status_code == 200, decided.text
        approval = decided.json()["approval_id"]
        yes = {"verdict": "approved", "reason": "Kontrollerat."}

        assert (await post(client, f"/v1/approvals/{approval}", APPROVER, yes)).status_code == 404
        assert (await post(client, f"/v1/approvals/{approval}", SECOND_HANDLER, yes)).status_code == 200
        assert (await client.get(PATH, headers=HANDLER.headers())).json()["items"] != []

    async def test_needs_the_highest_proof_for_what_cannot_be_undone(
        self, client: httpx.AsyncClient, file: File
    ) -> None:
        """An e-ID session alone hands out, changes and erases nothing."""
        filed = await file("access", "erasure", "marketing_objection")
        await post(client, f"{PATH}/{filed['id']}/protected-identity", AGENT, MARK)
        seen = (await client.get(f"{PATH}/{filed['id']}", headers=HANDLER.headers())).json()

        assert {one["right"]: one["needs"] for one in seen["claims"]} == {
            "access": "high", "erasure": "high", "marketing_objection": "none",
        }  # fmt: skip

    async def test_is_marked_nowhere_others_look(
        self, client: httpx.AsyncClient, ctx: Context, file: File, advance: Advance
    ) -> None:
        """Not in the person's own views, not in the chain: an ex-partner may look over a shoulder."""
        filed = await file("access")
        before = (await client.get(f"{OWN}/{filed['id']}", headers=ANNA_BEARER.headers())).json()
        await post(client, f"{PATH}/{filed['id']}/protected-identity", AGENT, MARK)
        await advance(filed["id"])
        own = [
            (await client.get(f"{OWN}/{filed['id']}{more}", headers=ANNA_BEARER.headers())).text
            for more in ("", "/timeline", "/letters", "/recipients")
        ]
        chain = (await client.get(f"{PATH}/{filed['id']}/audit", headers=HANDLER.headers())).json()["items"]
        asked = await post(
            client, f"{PATH}/{filed['id']}/protected-identity", HANDLER, {"mark": "off", "reason": "Upphört."}
        )
        chain += (await client.get(f"{PATH}/{filed['id']}/audit", headers=HANDLER.headers())).json()["items"]

        assert asked.status_code == 200
        assert "protect" not in "".join(own).lower()
        assert "protect" not in json.dumps(chain).lower()
        assert before.keys() == json.loads(own[0]).keys()

    async def test_is_unmarked_by_two_trained_people(self, client: httpx.AsyncClient, file: File) -> None:
        """One asks, another says yes; then the case is there for all again."""
        filed = await file("access")
        path = f"{PATH}/{filed['id']}/protected-identity"
        await post(client, path, AGENT, MARK)
        asked = await post(client, path, HANDLER, {"mark": "off", "reason": "Markeringen har upphört."})
        yes = {"verdict": "approved", "reason": "Kontrollerat hos Skatteverket."}
        approval = f"/v1/approvals/{asked.json()['approval_id']}"

        assert (await post(client, approval, APPROVER, yes)).status_code == 404
        assert (await client.get(f"{PATH}/{filed['id']}", headers=AGENT.headers())).status_code == 404
        assert (await post(client, approval, SECOND_HANDLER, yes)).status_code == 200
        assert (await client.get(f"{PATH}/{filed['id']}", headers=AGENT.headers())).status_code == 200

    async def test_is_sent_no_mail(self, client: httpx.AsyncClient, ctx: Context, file: File) -> None:
        """No mail, no text message; what waited to go out does not."""
        filed = await file("access")
        async with westra(ctx) as tx:
            row = await cases.request(tx, UUID(filed["id"]))
            assert row is not None
            assert await outbox.put(tx, ctx, row, to="a@example.org", subject="x", text="y", dedupe="1")
        await post(client, f"{PATH}/{filed['id']}/protected-identity", AGENT, MARK)
        async with westra(ctx) as tx:
            row = await cases.request(tx, UUID(filed["id"]))
            assert row is not None
            assert not await outbox.put(tx, ctx, row, to="a@example.org", subject="x", text="y", dedupe="2")
            states = (await tx.session.execute(text("SELECT state FROM outgoing_mail"))).scalars().all()

        assert states == ["failed"]

    async def test_may_say_so_when_filing(self, client: httpx.AsyncClient, file: File) -> None:
        """Whoever asks may ask for the trained people at once."""
        filed = await file("access", protected_identity=True)

        assert (await client.get(f"{PATH}/{filed['id']}", headers=AGENT.headers())).status_code == 404
        assert (await client.get(f"{OWN}/{filed['id']}", headers=ANNA_BEARER.headers())).status_code == 200
        assert (await client.get(f"{PATH}/{filed['id']}", headers=HANDLER.headers())).json()["protected"] is True

    async def test_is_hidden_as_soon_as_a_proof_says_who_it_is(self, client: httpx.AsyncClient, file: File) -> None:
        """GDPR Art. 5(1)(f), 32: marked once, hidden in what she asks by telephone too, however her number came."""
        first = await file("access")
        await post(client, f"{PATH}/{first['id']}/protected-identity", AGENT, MARK)
        second = await called_in(client)
        assert (await client.get(f"{PATH}/{second}", headers=AGENT.headers())).status_code == 200
        said = {"method": "e_id_in_call", "personnummer": ANNA}
        proved = await post(client, f"{PATH}/{second}/identity-proofs", AGENT, said)
        seen = (await client.get(f"{PATH}/{second}", headers=HANDLER.headers())).json()

        assert proved.status_code == 200, proved.text
        assert (await client.get(f"{PATH}/{second}", headers=AGENT.headers())).status_code == 404
        assert (seen["protected"], seen["claims"][0]["needs"]) == (True, "high")

    async def test_is_hidden_beside_a_login_that_did_not_name_her(self, client: httpx.AsyncClient, file: File) -> None:
        """The same where her other request lies under a pseudonym of its issuer's."""
        first = await file("access")
        await post(client, f"{PATH}/{first['id']}/protected-identity", AGENT, MARK)
        nameless = Bearer("subject", sub="x", level="channel", identifiers=(("customer_number", "C-10001"),))
        second = await file("access", bearer=nameless)
        said = {"method": "e_id_in_call", "personnummer": ANNA}
        assert (await post(client, f"{PATH}/{second['id']}/identity-proofs", AGENT, said)).status_code == 200

        assert (await client.get(f"{PATH}/{second['id']}", headers=AGENT.headers())).status_code == 404

    async def test_is_hidden_in_all_her_open_requests_at_once(self, client: httpx.AsyncClient, file: File) -> None:
        """GDPR Art. 32: what she asked before is no way to her either; another person's stays where it was."""
        before, marked, other = await file("access"), await file("erasure"), await file("access", bearer=BO_BEARER)
        await post(client, f"{PATH}/{marked['id']}/protected-identity", AGENT, MARK)
        seen = [
            (await client.get(f"{PATH}/{one['id']}", headers=AGENT.headers())).status_code
            for one in (before, marked, other)
        ]

        assert seen == [404, 404, 200]

    async def test_is_not_hidden_everywhere_on_the_word_of_an_unproved_caller(
        self, client: httpx.AsyncClient, file: File
    ) -> None:
        """GDPR Art. 32: her former partner calls in her name and asks for secrecy: her own mails still go out."""
        own = await file("access")
        known = [{"type": "personnummer", "value": ANNA}]
        said = {
            "controller": "westra", "channel": "phone", "received_at": "2026-02-03T10:15:00+01:00",
            "claims": [{"right": "access"}], "subject": {"identifiers": known}, "protected_identity": True,
        }  # fmt: skip
        called = (await post(client, PATH, AGENT, said)).json()["id"]

        assert (await client.get(f"{PATH}/{called}", headers=AGENT.headers())).status_code == 404
        assert (await client.get(f"{PATH}/{own['id']}", headers=AGENT.headers())).status_code == 200


class TestRiskMarks:
    async def test_raise_what_is_not_decided_yet(self, client: httpx.AsyncClient, file: File) -> None:
        """A home that was split: a copy of who came and went needs more than an e-ID."""
        filed = await file("access", "restriction")
        await post(client, f"{PATH}/{filed['id']}/risk-marks", AGENT, {"marks": ["household_split"]})
        seen = (await client.get(f"{PATH}/{filed['id']}", headers=AGENT.headers())).json()

        assert {one["right"]: one["needs"] for one in seen["claims"]} == {
            "access": "high",
            "restriction": "substantial",
        }
        assert seen["identity_methods"] == ["letter_to_registered_address"]


class TestProofOverAChannel:
    async def test_counts_for_nothing_where_the_address_is_new(
        self, client: httpx.AsyncClient, ctx: Context, file: File
    ) -> None:
        """Rectify-to-takeover: a call back to a number that was just changed (security, Art. 32)."""
        filed = await file("consent_withdrawal", bearer=Bearer("subject", sub="x", number=ANNA, level="none"))
        await know(ctx, filed["id"], "new@example.org", age=10)
        await know(ctx, filed["id"], "old@example.org", age=90)
        path = f"{PATH}/{filed['id']}/identity-proofs"

        async def proved(**said: Any) -> httpx.Response:
            return await post(client, path, AGENT, {"method": "known_channel_callback", **said})

        assert (await proved(contact={"type": "email", "value": "New@example.org"})).json()["type"] == (
            "/problems/contact-in-quarantine"
        )
        # Called back on a number nobody knew before, the caller has proved to have a telephone.
        stranger = await proved(contact={"type": "email", "value": "stranger@example.org"})
        assert stranger.json()["type"] == "/problems/contact-in-quarantine"
        assert (await proved(contact={"type": "email", "value": "old@example.org"})).status_code == 200
        # Nobody says which it was: that is no proof of anything, however long the others have been known.
        assert (await proved()).json()["type"] == "/problems/contact-needed"

    async def test_leaves_a_method_a_person_and_a_time_and_nothing_else_r11_1(
        self, client: httpx.AsyncClient, file: File
    ) -> None:
        """R11-1, R12-9: no data is kept only to be able to identify; method, who, when, and never a copy."""
        filed = await file("access", bearer=Bearer("subject", sub="x", number=ANNA, level="none"))
        await post(client, f"{PATH}/{filed['id']}/identity-proofs", AGENT, {"method": "seen_in_person"})
        chain = (await client.get(f"{PATH}/{filed['id']}/audit", headers=AGENT.headers())).json()["items"]
        (entry,) = [one for one in chain if one["step"] == "request:identity_proven"]

        assert entry["facts"] == {"method": "seen_in_person", "level": "substantial"}
        for extra in ({"document_number": "AA123"}, {"copy": "data:image/png;base64,AA=="}, {"answer": "Fido"}):
            said = {"method": "seen_in_person", **extra}
            assert (await post(client, f"{PATH}/{filed['id']}/identity-proofs", AGENT, said)).status_code == 422


class TestNotIdentifiable:
    async def test_switches_off_articles_15_to_20_and_no_other_r11_2(
        self, client: httpx.AsyncClient, ctx: Context, file: File, advance: Advance
    ) -> None:
        """R11-2: an objection, the review of a decision and a withdrawn consent stay open."""
        nobody = Bearer("subject", sub="nobody", level="none")
        rights = ("access", "rectification", "erasure", "restriction", "portability", "objection",
                  "automated_decision", "consent_withdrawal", "marketing_objection")  # fmt: skip
        filed = await file(*rights, bearer=nobody, identifiers=[{"type": "email", "value": "x@example.org"}])
        path = f"{PATH}/{filed['id']}/identity-proofs"
        said = {"result": "not_possible", "reason": "Ingen uppgift i begäran leder till en enda person hos oss."}
        early = await post(client, path, AGENT, said)
        await advance(filed["id"])
        await run(ctx, "UPDATE letter SET sent_at = NULL WHERE kind = 'receipt'")
        unsent = await post(client, path, AGENT, said)
        await run(ctx, "UPDATE letter SET sent_at = written_at WHERE kind = 'receipt'")
        silent = await post(client, path, AGENT, {"result": "not_possible"})
        given_up = await post(client, path, AGENT, said)
        for too_soon in (early, unsent):
            assert (too_soon.status_code, too_soon.json()["type"]) == (409, "/problems/proof-not-asked-for")
        assert (silent.status_code, silent.json()["type"]) == (422, "/problems/giving-up-needs-reason")
        assert given_up.status_code == 200, given_up.text
        seen = (await client.get(f"{PATH}/{filed['id']}", headers=AGENT.headers())).json()
        ended = {one["right"] for one in seen["claims"] if one.get("outcome") == "not_identified"}

        assert ended == {"access", "rectification", "erasure", "restriction", "portability"}

    async def test_objection_is_refused_by_two_who_say_why(
        self, client: httpx.AsyncClient, file: File, advance: Advance
    ) -> None:
        """R11-2, Art. 12(2): no silent end; whoever demonstrates that nobody can tell says so in a refusal."""
        nobody = Bearer("subject", sub="nobody", level="none")
        filed = await file("objection", bearer=nobody, identifiers=[{"type": "email", "value": "x@example.org"}])
        await advance(filed["id"])
        decision = f"{PATH}/{filed['id']}/claims/{filed['claims'][0]['id']}/decision"
        no = {"outcome": "refused", "reasons": "Ingen uppgift i begäran leder till en enda person hos oss."}
        version = await etag_of(client, filed["id"])
        other = await post(client, decision, AGENT, no | {"ground": "other_basis"}, **{"If-Match": version})
        said = await post(client, decision, AGENT, no | {"ground": "not_identifiable"}, **{"If-Match": version})

        assert other.json()["type"] == "/problems/identity-not-proven"
        assert said.json()["claim"]["state"] == "awaiting_approval"


class TestMore:
    async def test_helps_to_find_and_proves_nothing_r11_2(
        self, client: httpx.AsyncClient, ctx: Context, file: File, advance: Advance, registered: None
    ) -> None:
        """R11-2, R12-9: a customer number lets those who knew nobody look again; it vouches for nothing."""
        filed = await file("access")
        await advance(filed["id"])
        await run(
            ctx, "UPDATE task SET state = 'closed', outcome = 'not_found', closed_at = now() WHERE action = 'locate'"
        )
        said = {"identifiers": [{"type": "customer_number", "value": "C-10001"}]}
        answer = await post(client, f"{OWN}/{filed['id']}/identifiers", ANNA_BEARER, said)
        await advance(filed["id"])
        tasks = (await client.get(f"{PATH}/{filed['id']}/tasks", headers=AGENT.headers())).json()["items"]
        person = (await client.get(f"{PATH}/{filed['id']}", headers=AGENT.headers())).json()["subject"]

        assert answer.status_code == 200
        # The look that found nobody stays to be seen, and counts no more.
        looks = [(one.get("former"), one["state"]) for one in tasks if one["action"] == "locate"]
        assert {state for former, state in looks if former is None} <= {"open", "needs_person"}
        assert {former for former, state in looks if state == "closed"} == {"more_known"}
        assert len(looks) == 2 * len([one for one in looks if one[0] is None])
        assert {one["type"]: one["vouched"] for one in person["identifiers"]} == {
            "personnummer": True, "customer_number": False,
        }  # fmt: skip
        again = await post(client, f"{OWN}/{filed['id']}/identifiers", ANNA_BEARER, said)
        assert again.json()["type"] == "/problems/nothing-more"

    async def test_describes_footage_before_it_is_searched_r11_3(
        self, client: httpx.AsyncClient, file: File, advance: Advance
    ) -> None:
        """R11-3: somebody who was filmed says day, time, place and looks; only then is anything searched."""
        answer = await client.post(
            OWN,
            json={"claims": [{"right": "access", "details": {"footage": {"date": "2026-02-01"}}}]},
            headers=ANNA_BEARER.headers(),
        )
        filed = answer.json()
        await advance(filed["id"])
        decision = f"{PATH}/{filed['id']}/claims/{filed['claims'][0]['id']}/decision"

        async def granted() -> httpx.Response:
            version = await etag_of(client, filed["id"])
            return await post(client, decision, AGENT, {"outcome": "granted"}, **{"If-Match": version})

        assert (await granted()).json()["type"] == "/problems/footage-not-described"
        rest = {"footage": {"time": "omkring 14", "place": "Entrén", "appearance": "röd jacka"}}
        assert (await post(client, f"{OWN}/{filed['id']}/identifiers", ANNA_BEARER, rest)).status_code == 200
        assert (await granted()).status_code == 200


class TestSearch:
    @pytest.mark.parametrize(
        ("type", "value"),
        [
            ("email", "ANNA@Example.ORG"),
            ("personnummer", "800101-9804"),
            ("phone", "070 174 06 05"),
            ("customer_number", "c-10001"),
        ],
    )
    async def test_finds_by_any_identifier_however_it_is_written_f14(
        self, client: httpx.AsyncClient, type: str, value: str
    ) -> None:
        """F14, R15-6: case-folded, by every identifier; one request is all there is about the person."""
        known = [
            {"type": "email", "value": "Anna@example.org"},
            {"type": "personnummer", "value": ANNA},
            {"type": "phone", "value": "+46701740605"},
            {"type": "customer_number", "value": "C-10001"},
        ]
        body = {
            "controller": "westra", "channel": "letter", "received_at": "2026-01-01T10:00:00+01:00",
            "claims": [{"right": "access"}], "subject": {"identifiers": known},
        }  # fmt: skip
        filed = (await post(client, PATH, AGENT, body)).json()
        named = {"identifiers": [{"type": type, "value": value}]}

        found = (await post(client, f"{PATH}/search", OTHER_AGENT, named)).json()["items"]
        assert [one["id"] for one in found] == [filed["id"]]


class TestPreviousNumber:
    async def test_finds_what_was_asked_for_under_it(self, client: httpx.AsyncClient, ctx: Context, file: File) -> None:
        """Whoever was given a personnummer keeps what they asked for under their coordination number."""
        number, before = ANNA, "196604819935"
        said = {"issuer": "i", "subject": "s", "controllers": frozenset({"westra"})}
        keys = subject_keys(ctx, number=number, previous=before, **said)["westra"]

        assert keys[0] == subject_keys(ctx, number=number, **said)["westra"][0]
        assert subject_keys(ctx, number=before, **said)["westra"][0] in keys
