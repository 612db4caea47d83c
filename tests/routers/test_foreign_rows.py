"""Rows about somebody else in an answer: counted, and not in the package."""

import io
import zipfile
from uuid import UUID

import httpx

from app.models import PackageRow
from app.services import packaging, steps
from app.services.context import Context
from tests.routers.conftest import AGENT, ANNA, BO, Advance, File

CANARY, MINE = "zq-canary-7f3e", "zq-mine-51b0"
ROWS = [{"personnummer": BO, "note": CANARY}, {"personnummer": f"{ANNA[:8]}-{ANNA[8:]}", "note": MINE}]


async def work(client: httpx.AsyncClient, advance: Advance, id: str) -> None:
    """Have staff do all tasks; every export brings the same two rows of each category."""
    while await advance(id):
        for task in (await client.get(f"/v1/requests/{id}/tasks", headers=AGENT.headers())).json()["items"]:
            if task["state"] != "needs_person":
                continue
            exported = task["categories"] if task["action"] == "export" else []
            said = {"outcome": "completed", "records": [{"category": one, "rows": ROWS} for one in exported]}
            answer = await client.post(f"/v1/tasks/{task['id']}/outcome", json=said, headers=AGENT.headers())
            assert answer.status_code == 200, answer.text


async def package_of(ctx: Context, id: str) -> str:
    """Everything that stands in a request's sealed package."""
    async with ctx.database.transaction(["westra"]) as tx:
        row = await steps.hold(tx, UUID(id))
        package = await tx.session.get(PackageRow, row.id)
        assert package is not None
        chunks = [chunk async for chunk in ctx.files.read(package.file, packaging.key_of(ctx, row))]
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


class TestPackage:
    async def test_holds_no_row_that_names_another_person(
        self, ctx: Context, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """GDPR Art. 15(4), 32: the login vouches for a personnummer, and a processor answered with another's too."""
        made = await file("access")
        id, path = made["id"], f"/v1/requests/{made['id']}"
        await work(client, advance, id)
        version = (await client.get(path, headers=AGENT.headers())).headers["etag"]
        decision = f"{path}/claims/{made['claims'][0]['id']}/decision"
        await client.post(decision, json={"outcome": "granted"}, headers=AGENT.headers(**{"If-Match": version}))
        await work(client, advance, id)
        everything = await package_of(ctx, id)

        assert MINE in everything
        assert CANARY not in everything
        assert BO not in everything
