"""The person's own desk."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.services import steps
from app.services.context import Context
from app.services.steps import UnknownRequest
from tests.routers.conftest import AGENT, ANNA_BEARER, APPROVER, BO_BEARER, Advance, Bearer, Count, File

OWN = "/v1/self-service/requests"
BODY = {"claims": [{"right": "access"}], "language": "sv"}


class TestFiling:
    async def test_says_when_the_answer_is_due_and_why(self, client: httpx.AsyncClient) -> None:
        """
        201 with the reference, where it lies and which version that is.
        """
        answer = await client.post(OWN, json=BODY, headers=ANNA_BEARER.headers())

        made = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"{OWN}/{made['id']}"
        assert answer.headers["etag"] == '"1"'
        assert made["due_on"] == made["deadline"]["due_on"]
        assert [claim["state"] for claim in made["claims"]] == ["open"]
        assert UUID(made["id"]).version == 7

    async def test_twice_under_one_key_is_once(self, client: httpx.AsyncClient, count: Count) -> None:
        """
        A lost answer is asked for again: the same answer, and nothing more is written. The key may be quoted.
        """
        key = {"Idempotency-Key": "3f0c"}
        first = await client.post(OWN, json=BODY, headers=ANNA_BEARER.headers() | key)
        before = await count()
        again = await client.post(OWN, json=BODY, headers=ANNA_BEARER.headers() | {"Idempotency-Key": '"3f0c"'})

        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["idempotent-replayed"] == "true"
        assert await count() == before

    async def test_anything_else_under_the_key_is_refused(self, client: httpx.AsyncClient, count: Count) -> None:
        """
        A key stands for one body.
        """
        key = {"Idempotency-Key": "3f0c"}
        await client.post(OWN, json=BODY, headers=ANNA_BEARER.headers() | key)
        before = await count()
        other = await client.post(OWN, json=BODY | {"language": "en"}, headers=ANNA_BEARER.headers() | key)

        assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
        assert await count() == before

    async def test_keys_of_two_people_do_not_meet(self, client: httpx.AsyncClient) -> None:
        """
        A key belongs to its client: nobody gets another's answer by it.
        """
        key = {"Idempotency-Key": "3f0c"}
        anna = await client.post(OWN, json=BODY, headers=ANNA_BEARER.headers() | key)
        bo = await client.post(OWN, json=BODY, headers=BO_BEARER.headers() | key)

        assert bo.status_code == 201
        assert bo.json()["id"] != anna.json()["id"]

    @pytest.mark.parametrize(("number", "assurance"), [(ANNA_BEARER.number, "substantial"), (None, "none")])
    async def test_proves_only_what_the_login_names(
        self, client: httpx.AsyncClient, number: str | None, assurance: str
    ) -> None:
        """
        Finding is never proving (GDPR Art. 12(6)): without a number in the login what is written proves nothing.
        """
        bearer = Bearer("subject", sub="anna", number=number)
        more = {} if number else {"identifiers": [{"type": "email", "value": "bo@example.org"}]}
        made = await client.post(OWN, json=BODY | more, headers=bearer.headers())
        seen = await client.get(f"/v1/requests/{made.json()['id']}", headers=AGENT.headers())

        assert seen.json()["assurance"] == assurance


class TestOwnRequest:
    async def test_is_there_for_its_person_alone(self, client: httpx.AsyncClient, file: File) -> None:
        """
        Somebody else's request answers as one that does not exist.
        """
        made = await file()
        mine = await client.get(f"{OWN}/{made['id']}", headers=ANNA_BEARER.headers())
        other = await client.get(f"{OWN}/{made['id']}", headers=BO_BEARER.headers())
        none = await client.get(f"{OWN}/{UUID(int=7 << 76 | 1 << 63)}", headers=BO_BEARER.headers())

        assert (mine.status_code, mine.headers["etag"]) == (200, '"1"')
        assert mine.json() == made
        assert other.status_code == none.status_code == 404
        assert other.json()["detail"] == none.json()["detail"] == str(UnknownRequest())

    async def test_lists_page_by_page_without_a_gap(self, client: httpx.AsyncClient, file: File) -> None:
        """
        Newest first; each once; the last page has no next; a cursor is good for its own list only.
        """
        made = [(await file())["id"] for _ in range(5)]
        seen, path = [], f"{OWN}?limit=2"
        while path:
            page = (await client.get(path, headers=ANNA_BEARER.headers())).json()
            seen += [one["id"] for one in page["items"]]
            last, path = path, page.get("next")
        elsewhere = await client.get(last.replace(OWN, "/v1/approvals"), headers=AGENT.headers())

        assert seen == made[::-1]
        assert elsewhere.json()["type"] == "/problems/cursor-malformed"

    @pytest.mark.parametrize("status", ["needs_person", "nobody_able", "letter_incomplete", "package_incomplete"])
    async def test_does_not_say_whose_hands_it_is_in(
        self, ctx: Context, client: httpx.AsyncClient, file: File, status: str
    ) -> None:
        """
        What only staff can act on is staff's to know: the person reads the phase, one by one and in the list.
        """
        made = await file()
        async with ctx.database.transaction(["westra"]) as tx:
            row = await steps.hold(tx, UUID(made["id"]))
            row.phase, row.status = "executing", status
        one = (await client.get(f"{OWN}/{made['id']}", headers=ANNA_BEARER.headers())).json()
        (listed,) = (await client.get(OWN, headers=ANNA_BEARER.headers())).json()["items"]
        staff = (await client.get(f"/v1/requests/{made['id']}", headers=AGENT.headers())).json()

        assert (one["status"], listed["status"], staff["status"]) == ("executing", "executing", status)

    async def test_explains_the_due_date_without_our_own_dates(self, client: httpx.AsyncClient, file: File) -> None:
        """
        When the answer is due is the person's to know (GDPR Art. 12(3)), when we aim and hurry is ours.
        """
        made = await file()
        staff = (await client.get(f"/v1/requests/{made['id']}", headers=AGENT.headers())).json()["deadline"]

        assert staff.keys() - made["deadline"].keys() == {"internal_target_on", "alarms_on", "breach_on"}
        assert made["deadline"].items() <= staff.items()

    async def test_can_be_withdrawn_before_it_is_under_way(self, client: httpx.AsyncClient, file: File) -> None:
        """
        Without a body everything is taken back.
        """
        made = await file("access", "erasure")
        answer = await client.post(f"{OWN}/{made['id']}/withdrawal", headers=ANNA_BEARER.headers())

        assert answer.status_code == 200
        assert {claim["outcome"] for claim in answer.json()["claims"]} == {"withdrawn"}
        assert answer.headers["etag"] != '"1"'


class TestWalk:
    async def test_of_an_access_request_ends_with_a_package_fetched_once(
        self, ctx: Context, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """
        Filed, decided, done by people, released by a second one, fetched by its person with a fresh login.
        """
        made = await file("access")
        id, path = made["id"], f"/v1/requests/{made['id']}"
        await advance(id)
        await settle(client, path)
        await advance(id)
        version = (await client.get(path, headers=AGENT.headers())).headers["etag"]
        decision = f"{path}/claims/{made['claims'][0]['id']}/decision"
        decided = await client.post(
            decision, json={"outcome": "granted"}, headers=AGENT.headers(**{"If-Match": version})
        )
        await advance(id)
        while await settle(client, path):  # some recipients wait for others
            await advance(id)
        early = await client.post(f"{OWN}/{id}/package/downloads", headers=ANNA_BEARER.headers())
        seen = await client.get(f"{path}/package/redactions", headers=APPROVER.headers())
        said = {"sha256": seen.json()["sha256"]}
        released = await client.post(f"{path}/package/release", json=said, headers=APPROVER.headers())
        await advance(id)
        tired = Bearer("subject", sub="anna", number=ANNA_BEARER.number, auth_age=600)
        stale = await client.post(f"{OWN}/{id}/package/downloads", headers=tired.headers())
        ticket = await client.post(f"{OWN}/{id}/package/downloads", headers=ANNA_BEARER.headers())
        address = ticket.json()["url"]
        strangers = await client.get(address, headers=BO_BEARER.headers())
        fetched = await client.get(address, headers=ANNA_BEARER.headers())
        again = await client.get(address, headers=ANNA_BEARER.headers())
        closed = (await client.get(f"{OWN}/{id}", headers=ANNA_BEARER.headers())).json()

        assert decided.json()["claim"]["verdict"] == "granted"
        assert (early.status_code, released.status_code) == (404, 200)
        assert stale.status_code == 401
        assert 'error="insufficient_user_authentication"' in stale.headers["www-authenticate"]
        assert (ticket.status_code, ticket.json()["uses_left"]) == (201, 1)
        assert (strangers.status_code, fetched.status_code, again.status_code) == (404, 200, 404)
        assert fetched.headers["content-type"] == "application/zip"
        assert fetched.headers["cache-control"] == "no-store"
        assert fetched.content[:2] == b"PK"
        # Nobody said of the rows of alarms and recordings that they are hers, so they stayed behind: a part is missing.
        assert (closed["phase"], closed["claims"][0]["outcome"]) == ("closed", "partly_granted")
        letters = (await client.get(f"{OWN}/{id}/letters", headers=ANNA_BEARER.headers())).json()["items"]
        assert {letter["kind"] for letter in letters} >= {"receipt", "fulfilment"}
        letter = await client.get(f"{OWN}/{id}/letters/receipt", headers=ANNA_BEARER.headers())
        assert letter.headers["content-type"].startswith("text/html")
        assert "sandbox" in letter.headers["content-security-policy"]


async def settle(client: httpx.AsyncClient, path: str) -> int:
    """Do by hand whatever waits for a person in a request; how much that was."""
    tasks = (await client.get(f"{path}/tasks", headers=AGENT.headers())).json()["items"]
    waiting = [task for task in tasks if task["state"] == "needs_person"]
    for task in waiting:
        said: dict[str, Any] = {"outcome": "completed"}
        if task["action"] == "export":
            said["records"] = [{"category": one, "rows": [{"id": "1"}]} for one in task["categories"]]
        answer = await client.post(f"/v1/tasks/{task['id']}/outcome", json=said, headers=AGENT.headers())
        assert answer.status_code == 200, answer.text
    return len(waiting)
