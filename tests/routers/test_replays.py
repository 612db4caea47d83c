"""Sending again what machines gave up, many at once, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.routers.conftest import ADMIN, AGENT, ANNA_BEARER, BO_BEARER, HANDLER, Advance, File

SECRET = "whsec_" + "QUJD" * 8
REPLAYS = "/v1/tasks/replays"


@pytest.fixture
async def recipient(client: httpx.AsyncClient, file: File, advance: Advance, registered: None) -> dict[str, Any]:
    """A recipient that was not connected while two requests came in, and is now."""
    for bearer in (ANNA_BEARER, BO_BEARER):
        await advance((await file("access", bearer=bearer))["id"])
    waiting = await given_up(client)
    processor: dict[str, Any] = waiting[0]["processor"]
    return processor


async def given_up(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/tasks", params={"attention": "not_connected", **query}, headers=AGENT.headers())
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def connect(client: httpx.AsyncClient, recipient: dict[str, Any]) -> None:
    path = f"/v1/processors/{recipient['id']}"
    await client.post(f"{path}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
    version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
    change = {"endpoint": "https://crm.example.com/", "state": "active"}
    done = await client.patch(path, json=change, headers=ADMIN.headers(**{"If-Match": version}))
    assert done.status_code == 200, done.text


async def replay(client: httpx.AsyncClient, recipient: dict[str, Any], **said: Any) -> httpx.Response:
    key = said.pop("key", None)
    headers = AGENT.headers(**({"Idempotency-Key": key} if key else {}))
    return await client.post(REPLAYS, json={"processor": recipient["id"], **said}, headers=headers)


class TestTasksGivenUp:
    async def test_are_listed_by_recipient_and_reason(
        self, client: httpx.AsyncClient, recipient: dict[str, Any]
    ) -> None:
        """
        What waits for a person says why, and can be asked for by just that.
        """
        there = await given_up(client, processor=recipient["id"], controller="westra")
        elsewhere = await given_up(client, processor=recipient["id"], attention="deadline_near")

        assert len(there) >= 2
        assert {(one["processor"]["id"], one["attention"]) for one in there} == {(recipient["id"], "not_connected")}
        assert elsewhere == []


class TestReplay:
    async def test_tells_first_what_it_would_do(self, client: httpx.AsyncClient, recipient: dict[str, Any]) -> None:
        """
        A dry run counts and names, and changes nothing.
        """
        there = await given_up(client, processor=recipient["id"])
        await connect(client, recipient)
        said = (await replay(client, recipient, dry_run=True)).json()

        assert (said["dry_run"], said["matched"], said["count"]) == (True, len(there), len(there))
        assert sorted(said["tasks"]) == sorted(one["id"] for one in there)
        assert await given_up(client, processor=recipient["id"]) == there

    async def test_puts_all_of_them_back_on_the_lane_with_an_entry_each(
        self, client: httpx.AsyncClient, recipient: dict[str, Any]
    ) -> None:
        """
        Each task keeps its key, and each request's chain says who sent it again, in which replay.
        """
        there = await given_up(client, processor=recipient["id"])
        await connect(client, recipient)
        said = (await replay(client, recipient, attention="not_connected")).json()
        opened = await client.get(
            "/v1/tasks", params={"state": "open", "processor": recipient["id"]}, headers=AGENT.headers()
        )
        entries = [
            entry
            for request in {one["request_id"] for one in there}
            for entry in (await client.get(f"/v1/requests/{request}/audit", headers=AGENT.headers())).json()["items"]
            if entry["step"] == "task:retried"
        ]

        assert sorted(said["tasks"]) == sorted(one["id"] for one in there)
        assert sorted(one["id"] for one in opened.json()["items"]) == sorted(said["tasks"])
        assert sorted(entry["facts"]["task_id"] for entry in entries) == sorted(said["tasks"])
        assert {entry["facts"]["replay"] for entry in entries} == {said["replay"]}

    async def test_is_bounded_and_goes_on_with_the_next(
        self, client: httpx.AsyncClient, recipient: dict[str, Any]
    ) -> None:
        """
        So many a call; what is left is found by the next.
        """
        await connect(client, recipient)
        first = (await replay(client, recipient, limit=1)).json()
        second = (await replay(client, recipient, limit=1)).json()
        too_many = await replay(client, recipient, limit=201)

        assert (first["count"], second["count"]) == (1, 1)
        assert second["matched"] == first["matched"] - 1
        assert first["tasks"] != second["tasks"]
        assert too_many.status_code == 422

    async def test_twice_under_one_key_is_once(self, client: httpx.AsyncClient, recipient: dict[str, Any]) -> None:
        """
        A click that was sent again changes nothing more.
        """
        await connect(client, recipient)
        first, second = [await replay(client, recipient, key="again") for _ in range(2)]

        assert second.json() == first.json()
        assert second.headers["idempotent-replayed"] == "true"

    async def test_leaves_out_what_the_filter_does_not_name(
        self, client: httpx.AsyncClient, recipient: dict[str, Any]
    ) -> None:
        """
        Another reason, another action, a task made later: each stays where it is.
        """
        there = await given_up(client, processor=recipient["id"])
        await connect(client, recipient)
        narrow = [
            {"attention": "no_answer"},
            {"action": "rectify"},
            {"created_before": min(one["created_at"] for one in there)},
        ]

        assert [(await replay(client, recipient, **one)).json()["matched"] for one in narrow] == [0, 0, 0]

    async def test_skips_what_somebody_has_stopped(self, client: httpx.AsyncClient, recipient: dict[str, Any]) -> None:
        """
        "That was not me" holds against a replay too, and the others go out.
        """
        there = await given_up(client, processor=recipient["id"])
        stopped = there[0]["request_id"]
        await client.post(f"/v1/requests/{stopped}/stop", headers=AGENT.headers())
        await connect(client, recipient)
        said = (await replay(client, recipient)).json()

        assert said["skipped"] == [one["id"] for one in there if one["request_id"] == stopped]
        assert sorted(said["tasks"]) == sorted(one["id"] for one in there if one["request_id"] != stopped)

    async def test_needs_somebody_to_send_to(self, client: httpx.AsyncClient, recipient: dict[str, Any]) -> None:
        """
        A recipient that is not connected has nobody to call; people do its tasks.
        """
        answer = await replay(client, recipient)

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nobody-to-send-to")

    async def test_does_not_reach_whom_only_the_trained_may_see(
        self, client: httpx.AsyncClient, recipient: dict[str, Any]
    ) -> None:
        """
        A protected person's task is neither sent nor counted for staff who must not know of it.
        """
        there = await given_up(client, processor=recipient["id"])
        hidden = there[0]["request_id"]
        marked = await client.post(
            f"/v1/requests/{hidden}/protected-identity",
            json={"mark": "on", "reason": "Secrecy mark."},
            headers=HANDLER.headers(),
        )
        await connect(client, recipient)
        said = (await replay(client, recipient, dry_run=True)).json()

        assert marked.status_code < 300, marked.text
        assert said["matched"] == len([one for one in there if one["request_id"] != hidden])
        assert not {one["id"] for one in there if one["request_id"] == hidden} & set(said["tasks"])
