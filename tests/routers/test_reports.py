"""
What a controller can show without showing anybody: the register, the figures, and both after case files are over.
"""

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db import Database
from app.domain.register import COLUMNS, is_in_time
from app.models import LedgerEntryRow
from app.services import own_retention, register
from app.services.context import Context
from tests.routers.conftest import AGENT, ANNA, ANNA_BEARER, DPO, Advance, Bearer, File

CSV = {"Accept": "text/csv"}
Table = Callable[..., Awaitable[list[dict[str, str]]]]
OTHER_DPO = Bearer("dpo", sub="dpo-2", controllers=("westila",))


@pytest.fixture
def table(client: httpx.AsyncClient) -> Table:
    async def read(bearer: Bearer = DPO, **query: str) -> list[dict[str, str]]:
        answer = await client.get("/v1/reports/register", params=query, headers=bearer.headers(**CSV))
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.text)))

    return read


async def withdrawn(client: httpx.AsyncClient, file: File, advance: Advance, *rights: str) -> dict[str, Any]:
    """A request that was closed at once."""
    filed = await file(*rights)
    path = f"/v1/self-service/requests/{filed['id']}"
    await client.post(f"{path}/withdrawal", json={}, headers=ANNA_BEARER.headers())
    await advance(filed["id"])
    return filed


class TestRegister:
    async def test_has_one_line_a_request(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, table: Table
    ) -> None:
        """GDPR Art. 5(2): received, due, extended, closed, rights, outcomes, grounds, in time, recipients told."""
        closed, opened = await withdrawn(client, file, advance, "access"), await file("access", "erasure")
        first, second = await table()

        assert tuple(first) == COLUMNS
        assert (first["reference"], second["reference"]) == (closed["reference"], opened["reference"])
        assert (first["rights"], first["outcomes"], first["in_time"]) == ("access", "withdrawn", "yes")
        assert (second["rights"], second["outcomes"], second["in_time"]) == ("access; erasure", "open; open", "")
        assert (second["due_on"], second["extended"], second["closed_on"]) == (opened["due_on"], "no", "")
        assert (second["recipients_told"], second["channel"]) == ("0", "web")

    async def test_counts_recipients_that_were_told_r19_1(
        self, client: httpx.AsyncClient, ctx: Context, file: File, registered: None, table: Table
    ) -> None:
        """R19-1: as the ledger has them, each once; one that waits, or could not be told, is not told."""
        filed = await file("rectification", "erasure")
        first, second = (UUID(one["id"]) for one in filed["claims"])
        told = [
            (first, "change", "crm", "confirmed"), (second, "change", "crm", "sent"),
            (first, "change", "police", "sent"),
            (first, "change", "insurers", "pending"), (first, "change", "auditors", "impossible"),
        ]  # fmt: skip
        async with ctx.database.transaction(["westra"]) as tx:
            for claim, about, recipient, state in told:
                tx.session.add(
                    LedgerEntryRow(
                        id=uuid4(), request_id=UUID(filed["id"]), claim_id=claim, controller_id="westra", about=about,
                        recipient=recipient, state=state, reason_code="by_hand", made_at=tx.now,
                    )
                )  # fmt: skip
        (line,) = await table()

        assert line["recipients_told"] == "2"

    async def test_is_the_same_as_json(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Pages for machines; what is not known is absent."""
        await withdrawn(client, file, advance, "access")
        await file("erasure")
        page = (await client.get("/v1/reports/register?limit=1", headers=DPO.headers())).json()
        rest = (await client.get(page["next"], headers=DPO.headers())).json()

        assert page["items"][0]["outcomes"] == ["withdrawn"]
        assert page["items"][0]["in_time"] is True
        assert "closed_on" not in rest["items"][0]
        assert "next" not in rest

    async def test_holds_nothing_about_the_person(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Not who asked, not what they wrote, not who worked on it."""
        await file("access", message="kanariefågel", identifiers=[{"type": "email", "value": "kanarie@example.org"}])
        text_ = (await client.get("/v1/reports/register", headers=DPO.headers(**CSV))).text
        text_ += (await client.get("/v1/reports/register", headers=DPO.headers())).text

        assert "kanarie" not in text_
        assert ANNA not in text_

    async def test_streams_over_pages(
        self, file: File, registered: None, table: Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many there are, a page at a time is in memory; no line twice, none left out."""
        monkeypatch.setattr(register, "PAGE", 2)
        filed = [(await file("access"))["reference"] for _ in range(5)]

        assert [one["reference"] for one in await table()] == filed

    async def test_is_no_formula_in_any_cell(
        self, client: httpx.AsyncClient, file: File, registered: None, table: Table, session: AsyncSession
    ) -> None:
        """ASVS 1.2.10: whatever a word is one day made of, a spreadsheet reads it as text."""
        await file("access")
        await session.execute(text("SELECT set_config('insyn.controllers', 'westra', false)"))
        await session.execute(text("UPDATE request SET channel = '=HYPERLINK(\"x\")'"))
        await session.commit()

        assert (await table())[0]["channel"] == '\'=HYPERLINK("x")'

    async def test_is_the_tenants_own(
        self, client: httpx.AsyncClient, file: File, registered: None, table: Table
    ) -> None:
        """Another controller's officer sees their own, and asks for no other."""
        await file("access")

        assert await table(OTHER_DPO) == []
        asked = await client.get("/v1/reports/register?controller=westra", headers=OTHER_DPO.headers())
        assert asked.status_code == 403
        assert len(await table(controller="westra")) == 1

    @pytest.mark.parametrize("closed", [None, date(2026, 3, 16), date(2026, 3, 17)])
    @pytest.mark.parametrize("today", [date(2026, 3, 16), date(2026, 3, 17)])
    def test_says_what_was_in_time(self, closed: date | None, today: date) -> None:
        """Art. 12(3): late from midnight after the due date, closed or not."""
        due = date(2026, 3, 16)
        expected = closed <= due if closed else (False if today > due else None)

        assert is_in_time(closed_on=closed, due_on=due, today=today) is expected


class TestSummary:
    async def test_counts_how_requests_ended(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Figures for the officer, nobody in particular."""
        await withdrawn(client, file, advance, "access")
        await file("erasure")
        said = (await client.get("/v1/reports/summary", headers=DPO.headers())).json()

        assert said["by_phase"] == {"closed": 1, "received": 1}
        assert said["by_right"] == {"access": 1, "erasure": 1}
        assert said["by_outcome"] == {"withdrawn": 1}
        assert (said["closed_in_time"], said["closed_late"], said["case_files_erased"]) == (1, 0, 0)


@pytest.fixture
async def later(ctx: Context, db: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], Awaitable[None]]:
    """Let time pass, and have done what is then due."""

    async def move(by: timedelta) -> None:
        async with ctx.database.transaction() as tx:
            await clock.move(tx.session, to=tx.now + by)
        moving = Database.on_connection(db._bind, movable_clock=True)
        monkeypatch.setattr(db, "_enter", moving._enter)
        await own_retention.clean(ctx)

    return move


class TestAfterTwentyFiveMonths:
    async def test_f27_the_request_is_gone_and_its_counts_remain(
        self,
        client: httpx.AsyncClient,
        file: File,
        advance: Advance,
        registered: None,
        table: Table,
        later: Callable[[timedelta], Awaitable[None]],
    ) -> None:
        """F27: 404 for everybody, no line in the register, no work in any list; the figures are what they were."""
        filed = await withdrawn(client, file, advance, "access", "erasure")
        before = (await client.get("/v1/reports/summary", headers=DPO.headers())).json()
        await later(timedelta(days=25 * 31))

        paths = ("", "/tasks", "/letters", "/recipients", "/audit", "/evidence")
        asked = [(await client.get(f"/v1/requests/{filed['id']}{path}", headers=DPO.headers())) for path in paths]
        assert {answer.status_code for answer in asked} == {404}
        own = await client.get(f"/v1/self-service/requests/{filed['id']}", headers=ANNA_BEARER.headers())
        assert own.status_code == 404
        assert await table() == []
        listed = await client.get("/v1/requests", headers=AGENT.headers())
        assert listed.json()["items"] == []

        after = (await client.get("/v1/reports/summary", headers=DPO.headers())).json()
        assert after["case_files_erased"] == 1
        assert [(one["right"], one["outcome"], one["n"]) for one in after["erased"]] == [
            ("access", "withdrawn", 1), ("erasure", "withdrawn", 1),
        ]  # fmt: skip
        kept = ("by_phase", "by_right", "by_outcome", "closed_in_time", "closed_late")
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
