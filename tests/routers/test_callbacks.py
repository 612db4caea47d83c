"""Processors call back: the whole way, with the headers they really send."""

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain import webhook_signature
from app.services import tasks
from app.services.context import Context
from tests.processors import hostile
from tests.routers.conftest import ADMIN, AGENT, Advance, File

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"b" * 32).decode()


def signed(body: bytes, *, secret: str = SECRET, id: str = "evt_1", at: int | None = None) -> dict[str, str]:
    stamp = int(time.time()) if at is None else at
    return {
        "webhook-id": id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": webhook_signature.sign(secret, id, stamp, body),
        "content-type": "application/json",
    }


def said(task_id: str, **data: Any) -> bytes:
    message = {
        "type": "task.outcome",
        "timestamp": datetime.now(UTC).isoformat(),
        "data": {"task_id": task_id, "outcome": "not_found"} | data,
    }
    return json.dumps(message).encode()


def said_of(task_id: str, outcome: dict[str, Any]) -> bytes:
    return said(task_id, **outcome)


@pytest.fixture
async def task(
    ctx: Context, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
) -> dict[str, Any]:
    """A task on its way to a connected processor."""
    found = (await client.get("/v1/processors", headers=ADMIN.headers())).json()["items"]
    webhook = next(one for one in found if one["kind"] == "webhook")
    path = f"/v1/processors/{webhook['id']}"
    await client.post(f"{path}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
    version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
    change = {"endpoint": "https://crm.example.com/insyn", "state": "active"}
    changed = await client.patch(path, json=change, headers=ADMIN.headers(**{"If-Match": version}))
    assert changed.status_code == 200, changed.text
    made = await file("access")
    await advance(made["id"])
    listed = (await client.get(f"/v1/requests/{made['id']}/tasks", headers=AGENT.headers())).json()["items"]
    found_task: dict[str, Any] = next(one for one in listed if one["processor"]["id"] == webhook["id"])
    token = tasks.callback_token(ctx, "westra", UUID(found_task["id"]))
    return found_task | {"path": f"/v1/callbacks/{token}"}


class TestCallback:
    async def test_counts_once(self, client: httpx.AsyncClient, task: dict[str, Any]) -> None:
        """
        202 for the first and for every replay; the task ends once.
        """
        body = said(task["id"])
        first = await client.post(task["path"], content=body, headers=signed(body))
        replay = await client.post(task["path"], content=body, headers=signed(body))
        after = (await client.get(f"/v1/tasks/{task['id']}", headers=AGENT.headers())).json()

        assert (first.status_code, first.json()) == (202, {"status": "accepted"})
        assert (replay.status_code, replay.json()) == (202, {"status": "repeated"})
        assert (after["state"], after["outcome"], after["closed_by"]) == ("closed", "not_found", "callback")

    async def test_after_the_end_is_told_that_it_is_over(self, client: httpx.AsyncClient, task: dict[str, Any]) -> None:
        """
        410: another event for a task that has been answered.
        """
        body = said(task["id"])
        await client.post(task["path"], content=body, headers=signed(body))
        late = await client.post(task["path"], content=body, headers=signed(body, id="evt_2"))

        assert late.status_code == 410

    @pytest.mark.parametrize("fault", ["another's secret", "stale", "changed", "unsigned"])
    async def test_of_a_stranger_is_refused(self, client: httpx.AsyncClient, task: dict[str, Any], fault: str) -> None:
        """
        401 whatever is wrong, and the task stays as it was.
        """
        body = said(task["id"])
        headers = {
            "another's secret": signed(body, secret=OTHER),
            "stale": signed(body, at=int(time.time()) - 400),
            "changed": signed(body + b" "),
            "unsigned": {"content-type": "application/json"},
        }[fault]
        answer = await client.post(task["path"], content=body, headers=headers)
        after = (await client.get(f"/v1/tasks/{task['id']}", headers=AGENT.headers())).json()

        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/webhook-refused")
        assert answer.json()["instance"] == "/v1/callbacks/{token}"
        assert after["state"] == task["state"]

    @pytest.mark.parametrize("token", ["westra." + "x" * 43, "nobody." + "x" * 43, "x"])
    async def test_to_nowhere_is_unknown(self, client: httpx.AsyncClient, token: str) -> None:
        """
        404, whether the tenant exists or not.
        """
        answer = await client.post(f"/v1/callbacks/{token}", content=b"{}")

        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-callback")

    async def test_that_is_no_outcome_changes_nothing(self, client: httpx.AsyncClient, task: dict[str, Any]) -> None:
        """
        Signed, but not understood: 422, and the event may be sent again once mended.
        """
        body = said(task["id"], outcome="perhaps")
        wrong = await client.post(task["path"], content=body, headers=signed(body))
        mended = said(task["id"])
        right = await client.post(task["path"], content=mended, headers=signed(mended))

        assert (wrong.status_code, right.json()) == (422, {"status": "accepted"})

    @hostile.outcomes
    async def test_of_another_shape_is_refused_and_no_fault_of_ours(
        self, client: httpx.AsyncClient, task: dict[str, Any], said: dict[str, Any]
    ) -> None:
        """
        422 whatever a signed message holds, and the task goes on waiting.
        """
        body = said_of(task["id"], said)
        answer = await client.post(task["path"], content=body, headers=signed(body))
        listed = (await client.get(f"/v1/requests/{task['request_id']}/tasks", headers=AGENT.headers())).json()["items"]

        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/answer-not-understood")
        assert [one["state"] for one in listed if one["id"] == task["id"]] == [task["state"]]

    @pytest.mark.parametrize("body", hostile.BODIES.values(), ids=hostile.BODIES)
    async def test_that_is_no_message_is_refused(
        self, client: httpx.AsyncClient, task: dict[str, Any], body: bytes
    ) -> None:
        """
        422 as well: signed bytes that are no JSON we could keep.
        """
        answer = await client.post(task["path"], content=body, headers=signed(body))

        assert answer.status_code == 422
