"""Letting a package out, over HTTP: who may, and how the others are told."""

import httpx
import pytest

from tests.routers.conftest import AGENT, APPROVER, DPO, Advance, Bearer, File

PATH = "/v1/requests"


@pytest.fixture
async def sealed(client: httpx.AsyncClient, file: File, advance: Advance, registered: None) -> str:
    """A request whose copy waits to be let out; an approver decided about it."""
    made = await file("access")
    id = str(made["id"])
    await answered(client, advance, id)
    seen = await client.get(f"{PATH}/{id}", headers=APPROVER.headers())
    await client.post(
        f"{PATH}/{id}/claims/{made['claims'][0]['id']}/decision",
        json={"outcome": "granted"},
        headers=APPROVER.headers(**{"If-Match": seen.headers["etag"]}),
    )
    await answered(client, advance, id)
    return id


async def answered(client: httpx.AsyncClient, advance: Advance, id: str) -> None:
    """Have staff see to all tasks, until there is none left; nobody is connected, so every task is theirs."""
    done = {"outcome": "completed", "message": "Done."}
    while await advance(id):
        for task in (await client.get("/v1/tasks", headers=AGENT.headers())).json()["items"]:
            answer = await client.post(f"/v1/tasks/{task['id']}/outcome", json=done, headers=AGENT.headers())
            assert answer.status_code == 200, answer.text


async def release(client: httpx.AsyncClient, id: str, bearer: Bearer) -> tuple[int, str]:
    """Look at the package as its person will see it, and try to let that version go."""
    seen = await client.get(f"{PATH}/{id}/package/redactions", headers=bearer.headers())
    said = {"sha256": seen.json().get("sha256", "0" * 64)}
    answer = await client.post(f"{PATH}/{id}/package/release", json=said, headers=bearer.headers())
    return answer.status_code, answer.json().get("type") or answer.json()["state"]


class TestRelease:
    async def test_is_a_second_persons(self, client: httpx.AsyncClient, sealed: str) -> None:
        """
        Four eyes: who decided about the copy is refused with 403, somebody else lets it out, and only once.
        """
        state = (await client.get(f"{PATH}/{sealed}/package", headers=AGENT.headers())).json()["state"]

        assert state == "sealed"
        assert await release(client, sealed, APPROVER) == (403, "/problems/second-person-needed")
        assert await release(client, sealed, DPO) == (200, "released")
        assert await release(client, sealed, DPO) == (409, "/problems/package-released")

    async def test_is_never_the_requesters(self, client: httpx.AsyncClient, sealed: str) -> None:
        """
        The person who asked, coming back with a role in the house, does not hand the package to themselves.
        """
        asked = Bearer("dpo", sub="anna")

        assert await release(client, sealed, asked) == (403, "/problems/released-by-the-requester")

    async def test_is_not_an_agents(self, client: httpx.AsyncClient, sealed: str) -> None:
        """
        The one who sees to the case day by day is not the second look at it.
        """
        assert (await release(client, sealed, AGENT))[0] == 403

    async def test_needs_the_very_version_that_was_seen(self, client: httpx.AsyncClient, sealed: str) -> None:
        """
        Nobody lets out what they have not looked at, nor another version than the one they saw.
        """
        path = f"{PATH}/{sealed}/package"
        state = (await client.get(path, headers=DPO.headers())).json()
        unseen = await client.post(f"{path}/release", json={"sha256": state["sha256"]}, headers=DPO.headers())
        await client.get(f"{path}/redactions", headers=DPO.headers())
        other = await client.post(f"{path}/release", json={"sha256": "0" * 64}, headers=DPO.headers())

        assert (unseen.status_code, unseen.json()["type"]) == (409, "/problems/package-not-seen")
        assert (other.status_code, other.json()["type"]) == (412, "/problems/package-moved")
