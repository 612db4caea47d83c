"""Staff at work: finding, proving, deciding, the second person's word."""

from typing import Any

import httpx
import pytest

from app.domain.audit_export import verify_export
from tests.routers.conftest import ABUSE, AGENT, ANNA, APPROVER, AUDITOR, DPO, Advance, File

PATH = "/v1/requests"
REASONS = "The same copy was sent a week ago and nothing has changed since then."


async def decide(client: httpx.AsyncClient, made: dict[str, Any], claim: int, body: dict[str, Any]) -> httpx.Response:
    path = f"{PATH}/{made['id']}"
    version = (await client.get(path, headers=AGENT.headers())).headers["etag"]
    return await client.post(
        f"{path}/claims/{made['claims'][claim]['id']}/decision",
        json=body,
        headers=AGENT.headers(**{"If-Match": version}),
    )


class TestDecision:
    async def test_that_grants_a_copy_needs_nobody_else(self, client: httpx.AsyncClient, file: File) -> None:
        """
        The yes to an access request counts at once.
        """
        answer = await decide(client, await file("access"), 0, {"outcome": "granted"})

        assert answer.status_code == 200
        assert answer.json()["claim"]["state"] == "decided"
        assert "approval_id" not in answer.json()

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"outcome": "refused", "reasons": REASONS}, "#/ground"),
            ({"outcome": "refused", "ground": "no_such_ground", "reasons": REASONS}, "#/ground"),
            ({"outcome": "refused", "ground": "excessive", "reasons": "No."}, "#/reasons"),
            ({"outcome": "partly_granted", "ground": "excessive", "reasons": REASONS}, "#/plan/exclude"),
            (
                {"outcome": "partly_granted", "ground": "excessive", "reasons": REASONS, "plan": {"exclude": ["no"]}},
                "#/plan/exclude",
            ),
        ],
    )
    async def test_that_says_no_carries_what_the_law_wants(
        self, client: httpx.AsyncClient, file: File, body: dict[str, object], pointer: str
    ) -> None:
        """
        GDPR Art. 12(4): a ground of this right and reasons; what is left out is named.
        """
        answer = await decide(client, await file("access"), 0, body)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    @pytest.mark.parametrize(("verdict", "state"), [("approved", "decided"), ("rejected", "open")])
    async def test_that_says_no_waits_for_somebody_else(
        self, client: httpx.AsyncClient, file: File, verdict: str, state: str
    ) -> None:
        """
        Approver is not the one who decided; rejected, the claim is open as before.
        """
        made = await file("access")
        body = {"outcome": "refused", "ground": "excessive", "reasons": REASONS, "record": ABUSE}
        decided = (await decide(client, made, 0, body)).json()
        path = f"/v1/approvals/{decided['approval_id']}"
        said = {"verdict": verdict, "reason": "Looked at it."}
        waiting = (await client.get("/v1/approvals", headers=AGENT.headers())).json()["items"]
        as_approver = AGENT.__class__("approver", sub=AGENT.sub)
        alone = await client.post(path, json=said, headers=as_approver.headers())
        given = await client.post(path, json=said, headers=APPROVER.headers())
        twice = await client.post(path, json=said, headers=DPO.headers())
        after = (await client.get(f"{PATH}/{made['id']}", headers=AGENT.headers())).json()

        assert decided["claim"]["state"] == "awaiting_approval"
        assert [one["id"] for one in waiting] == [decided["approval_id"]]
        assert (alone.status_code, alone.json()["type"]) == (403, "/problems/second-person-needed")
        assert (given.status_code, given.json()["verdict"]) == (200, verdict)
        assert twice.status_code == 409
        assert after["claims"][0]["state"] == state

    async def test_given_twice_under_one_key_is_given_once(self, client: httpx.AsyncClient, file: File) -> None:
        """
        A replay comes before the version: it gives the first answer although the version has moved.
        """
        made = await file("access")
        path = f"{PATH}/{made['id']}/claims/{made['claims'][0]['id']}/decision"
        headers = AGENT.headers(**{"If-Match": '"1"'})
        first = await client.post(path, json={"outcome": "granted"}, headers=headers)
        again = await client.post(path, json={"outcome": "granted"}, headers=headers)

        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()


class TestPlan:
    async def test_says_what_a_yes_would_ask_of_whom(
        self, client: httpx.AsyncClient, file: File, registered: None
    ) -> None:
        """
        Per recipient an action, per category how long the policy keeps it.
        """
        made = await file("erasure")
        path = f"{PATH}/{made['id']}/claims/{made['claims'][0]['id']}/plan"
        plan = (await client.get(path, headers=AGENT.headers())).json()

        assert plan["right"] == "erasure"
        assert {step.get("action") for step in plan["steps"]} >= {"erase"}
        categories = [one for step in plan["steps"] for one in step["categories"]]
        assert all(one.get("retention") or one.get("gap") for one in categories)


class TestFinding:
    async def test_takes_identifiers_in_the_body_however_they_are_spelt(
        self, client: httpx.AsyncClient, file: File
    ) -> None:
        """
        Exact match by blind index; the search itself is written down in the request's chain.
        """
        made = await file("access")
        spelt = {"identifiers": [{"type": "personnummer", "value": f"{ANNA[2:8]}-{ANNA[8:]}"}]}
        found = await client.post(f"{PATH}/search", json=spelt, headers=AGENT.headers())
        chain = (await client.get(f"{PATH}/{made['id']}/audit", headers=AUDITOR.headers())).json()["items"]

        assert [one["id"] for one in found.json()["items"]] == [made["id"]]
        assert ANNA not in found.text
        assert [one["step"] for one in chain] == ["request:received", "request:found", "audit:read"]

    async def test_lists_by_filter(self, client: httpx.AsyncClient, file: File) -> None:
        """
        The list is filtered, and holds nobody's identity.
        """
        access, erasure = await file("access"), await file("erasure")
        one = await client.get(f"{PATH}?right=erasure", headers=AGENT.headers())
        by_reference = await client.get(f"{PATH}?reference={access['reference']}", headers=AGENT.headers())
        overdue = await client.get(f"{PATH}?overdue=true", headers=AGENT.headers())

        assert [row["id"] for row in one.json()["items"]] == [erasure["id"]]
        assert [row["id"] for row in by_reference.json()["items"]] == [access["id"]]
        assert overdue.json()["items"] == []
        assert "subject" not in one.text


class TestReading:
    async def test_a_persons_identity_is_written_down(self, client: httpx.AsyncClient, file: File) -> None:
        """
        Staff see the person, and the chain says that they did; who, without a name.
        """
        made = await file("access")
        seen = (await client.get(f"{PATH}/{made['id']}", headers=AGENT.headers())).json()
        chain = (await client.get(f"{PATH}/{made['id']}/audit", headers=AUDITOR.headers())).json()["items"]

        assert seen["subject"]["identifiers"] == [{"type": "personnummer", "value": ANNA, "vouched": True}]
        assert [one["step"] for one in chain][1] == "request:read"
        assert chain[1]["actor_role"] == "agent"
        assert AGENT.sub not in chain[1]["actor_ref"]

    async def test_the_chain_as_lines_can_be_checked_without_us(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """
        What leaves the service is sound by the same check that anybody can run.
        """
        made = await file("access")
        await advance(made["id"])
        headers = AUDITOR.headers(Accept="application/jsonl")
        answer = await client.get(f"{PATH}/{made['id']}/audit", headers=headers)

        report = verify_export(answer.text.splitlines())
        assert answer.headers["content-type"].startswith("application/jsonl")
        assert report.is_sound
        assert report.entries > 3

    async def test_a_task_shows_only_what_its_recipient_may_know(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """
        Each recipient declared its identifiers; no other is shown with its task.
        """
        more = [{"type": "email", "value": "anna@example.org"}, {"type": "name", "value": "Anna A"}]
        made = await file("access", identifiers=more)
        await advance(made["id"])
        processors = (await client.get("/v1/processors", headers=AGENT.headers())).json()["items"]
        allowed = {one["id"]: set(one["identifier_types"]) for one in processors}
        tasks = (await client.get("/v1/tasks", headers=AGENT.headers())).json()["items"]

        assert tasks
        for task in tasks:
            whole = (await client.get(f"/v1/tasks/{task['id']}", headers=AGENT.headers())).json()
            assert {one["type"] for one in whole["identifiers"]} <= allowed[task["processor"]["id"]]


class TestDeadlines:
    async def test_are_explained_without_storing_anything(self, client: httpx.AsyncClient) -> None:
        """
        GDPR Art. 12(3): a month from receipt, moved past the weekend.
        """
        query = {"controller": "westra", "received_at": "2026-02-14T10:00:00+01:00"}
        answer = await client.get("/v1/deadlines", params=query, headers=AGENT.headers())

        assert answer.json()["nominal_on"] == "2026-03-14"
        assert answer.json()["due_on"] == "2026-03-16"
        assert answer.json()["rolled"]
