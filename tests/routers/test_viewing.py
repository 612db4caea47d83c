"""Whoever looks at a person's data leaves a line that stays."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.routers.conftest import AGENT, AUDITOR, DPO, Advance, Bearer, File

#: What is looked at, by whom, and the step that says so.
VIEWS: Mapping[str, tuple[Bearer, str]] = {
    "": (AGENT, "request:read"),
    "/letters/receipt": (AGENT, "letter:read"),
    "/audit": (AUDITOR, "audit:read"),
    "/evidence": (DPO, "evidence:exported"),
}


async def chain(client: httpx.AsyncClient, id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/requests/{id}/audit", headers=DPO.headers())
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


class TestLooking:
    @pytest.mark.parametrize("view", VIEWS)
    async def test_f21_is_written_down_with_who_looked(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, view: str
    ) -> None:
        """F21: who viewed which export or file, kept as long as the chain (Verisure, IMY-2022-1558)."""
        id = (await file("access"))["id"]
        await advance(id)
        bearer, step = VIEWS[view]
        before = len(await chain(client, id))
        answer = await client.get(f"/v1/requests/{id}{view}", headers=bearer.headers())
        written = (await chain(client, id))[before]

        assert answer.status_code == 200
        assert (written["step"], written["actor_role"]) == (step, bearer.role)

    async def test_f21_at_a_task_says_which(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """F21: a task's answer may be an export, so reading one is viewing one."""
        id = (await file("access"))["id"]
        await advance(id)
        (task, *_) = (await client.get(f"/v1/requests/{id}/tasks", headers=AGENT.headers())).json()["items"]
        await client.get(f"/v1/tasks/{task['id']}", headers=AGENT.headers())
        written = (await chain(client, id))[-2]

        assert (written["step"], written["facts"]) == ("request:read", {"task_id": task["id"]})
