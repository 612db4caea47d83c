"""People who must not be found, in every list that reaches beyond one case: for trained handlers alone (law.md C)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text

from app.models import ProcessorRow, RestrictionIdentifierRow, RestrictionRow, ScheduledErasureRow
from app.services.context import Context
from tests.routers.conftest import AGENT, APPROVER, AUDITOR, DPO, HANDLER, INTEGRATOR, Advance, Bearer, File

PATH = "/v1/requests"
MARK = {"mark": "on", "reason": "Sekretessmarkering i folkbokföringen."}
PERSON = {"identifiers": [{"type": "email", "value": "anna@example.org"}]}
TRAINED_DPO = Bearer("dpo", sub="dpo-2", also=("protected_handler",))
LIFTING = {
    "ground_ended": "corrected",
    "outcome": "The address has been corrected.",
    "lifting_on": "2099-01-01",
    "then": "The address is used for invoices again.",
}
#: Lists over all cases, and who reads each.
LISTS: Mapping[str, tuple[Bearer, ...]] = {
    PATH: (AGENT, APPROVER, DPO, AUDITOR),
    "/v1/letters": (AGENT, APPROVER, DPO),
    "/v1/restrictions": (AGENT, APPROVER, DPO),
    "/v1/scheduled-erasures": (AGENT, APPROVER, DPO),
    "/v1/reports/register": (DPO, AUDITOR),
}


async def restrict(ctx: Context, filed: dict[str, Any]) -> str:
    row = RestrictionRow(
        id=uuid4(), controller_id="westra", request_id=UUID(filed["id"]), claim_id=UUID(filed["claims"][0]["id"]),
        reference=filed["reference"], ground="accuracy_contested", categories=["contact"], since=datetime.now(UTC),
    )  # fmt: skip
    blind = ctx.vault.blind_index(controller="westra", type="email", normalised="anna@example.org")
    async with ctx.database.transaction(["westra"]) as tx:
        tx.session.add(row)
        await tx.session.flush()
        tx.session.add(RestrictionIdentifierRow(restriction_id=row.id, blind=blind, controller_id="westra"))
        return str(row.id)


async def keep(ctx: Context, filed: dict[str, Any]) -> None:
    """Something of the person is kept until a day."""
    async with ctx.database.transaction(["westra"]) as tx:
        processor = (await tx.session.execute(select(ProcessorRow).limit(1))).scalar_one()
        tx.session.add(
            ScheduledErasureRow(
                id=uuid4(), controller_id="westra", request_id=UUID(filed["id"]), reference=filed["reference"],
                claim_id=UUID(filed["claims"][0]["id"]), processor_id=processor.id, category="bookkeeping_records",
                exception="legal_obligation", hold="BFL_7_2", until=date(2033, 12, 31), due_on=date(2034, 1, 1),
                next_at=datetime(2034, 1, 1, tzinfo=UTC), decided_by="a", decided_at=tx.now, approved_by="b",
                assurance="substantial", language="sv", made_at=tx.now, protected=True,
            )
        )  # fmt: skip


@pytest.fixture
async def filed(
    ctx: Context, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
) -> dict[str, Any]:
    """A protected person's request with a letter to post, a restriction, and something kept."""
    made = await file("access")
    marked = await client.post(f"{PATH}/{made['id']}/protected-identity", json=MARK, headers=AGENT.headers())
    assert marked.status_code == 200, marked.text
    await advance(made["id"])
    await keep(ctx, made)
    return made | {"restriction": await restrict(ctx, made)}


async def listed(client: httpx.AsyncClient, path: str, bearer: Bearer, **more: str) -> list[Any]:
    answer = await client.get(path, headers=bearer.headers(**more))
    assert answer.status_code == 200, (path, bearer.role, answer.text)
    found: list[Any] = answer.json()["items"]
    return found


class TestProtectedPerson:
    @pytest.mark.parametrize("path", LISTS)
    async def test_is_in_no_list_of_whoever_is_not_trained(
        self, client: httpx.AsyncClient, filed: dict[str, Any], ctx: Context, path: str
    ) -> None:
        """A reference, a letter to post, a day on which something is erased: each would say that there is a case."""
        await _unsend(ctx, filed)
        for bearer in LISTS[path]:
            assert (bearer.role, await listed(client, path, bearer)) == (bearer.role, [])
            trained = Bearer(bearer.role, sub="trained", also=("protected_handler",))
            assert len(await listed(client, path, trained)) == 1

    async def test_is_in_no_table_of_the_register(self, client: httpx.AsyncClient, filed: dict[str, Any]) -> None:
        """Read in transactions of its own, under the same eyes."""
        seen = [
            (await client.get("/v1/reports/register", headers=bearer.headers(Accept="text/csv"))).text
            for bearer in (DPO, AUDITOR, TRAINED_DPO)
        ]

        assert [filed["reference"] in one for one in seen] == [False, False, True]

    async def test_is_in_no_figure(self, client: httpx.AsyncClient, filed: dict[str, Any], ctx: Context) -> None:
        """A closed case that only one of two figures counts would be found by subtracting."""
        async with ctx.database.transaction(["westra"]) as tx:
            await tx.session.execute(text("UPDATE request SET phase = 'closed', closed_at = now()"))
        figures = [
            (await client.get("/v1/reports/summary", headers=bearer.headers())).json()
            for bearer in (DPO, AUDITOR, TRAINED_DPO)
        ]

        assert [one["by_phase"] for one in figures] == [{}, {}, {"closed": 1}]
        assert [one["closed_in_time"] + one["closed_late"] for one in figures] == [0, 0, 1]

    @pytest.mark.parametrize(("act", "said"), [("lift-notice", LIFTING), ("lift", None)])
    async def test_has_a_restriction_nobody_else_knows_of(
        self, client: httpx.AsyncClient, filed: dict[str, Any], act: str, said: Any
    ) -> None:
        """Not "there is nobody left to tell": that would say that there was somebody."""
        path = f"/v1/restrictions/{filed['restriction']}/{act}"
        known = await client.post(path, json=said, headers=AGENT.headers())
        unknown = await client.post(f"/v1/restrictions/{uuid4()}/{act}", json=said, headers=AGENT.headers())
        trained = await client.post(path, json=said, headers=HANDLER.headers())

        assert known.status_code == unknown.status_code == 404
        assert known.json()["type"] == unknown.json()["type"]
        assert trained.json().get("type") != known.json()["type"]

    async def test_is_restricted_for_the_systems_too(self, client: httpx.AsyncClient, filed: dict[str, Any]) -> None:
        """R18-2: a system that has the address is told not to use it; look-up and use are written down as ever."""
        found = await client.post("/v1/restrictions/lookup", json=PERSON, headers=INTEGRATOR.headers())
        use = {"use": "protect_others", "reason": "alarm_response"}
        used = await client.post(
            f"/v1/restrictions/{filed['restriction']}/uses", json=use, headers=INTEGRATOR.headers()
        )
        chain = await listed(client, f"{PATH}/{filed['id']}/audit", HANDLER)

        assert (found.json()["restricted"], used.status_code) == (True, 200)
        assert [one["step"] for one in chain if one["step"].startswith("restriction:")] == [
            "restriction:read", "restriction:used",
        ]  # fmt: skip
        assert "protect" not in found.text.replace("protect_others", "")

    @pytest.mark.parametrize("more", ["package/redactions", "forwardings", "recipients", "evidence"])
    async def test_has_a_case_that_is_not_there(
        self, client: httpx.AsyncClient, filed: dict[str, Any], more: str
    ) -> None:
        """Preview, what was passed on, whom a change was told to, the evidence: 404, as for a case there never was."""
        path = f"{PATH}/{filed['id']}/{more}"
        answer = await client.get(path, headers=DPO.headers())
        trained = await client.get(path, headers=TRAINED_DPO.headers())

        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-request")
        assert trained.status_code == 200 or trained.json()["type"] == "/problems/no-package"

    async def test_has_letters_for_people_to_send(self, client: httpx.AsyncClient, filed: dict[str, Any]) -> None:
        """What is written after the mark is mailed to nobody: it waits on the list of whoever is trained to post it."""
        letters = await listed(client, f"{PATH}/{filed['id']}/letters", HANDLER)

        assert {one["via"] for one in letters} <= {"portal", "post"}


async def _unsend(ctx: Context, filed: dict[str, Any]) -> None:
    """The receipt has not been posted."""
    async with ctx.database.transaction(["westra"]) as tx:
        await tx.session.execute(
            text("UPDATE letter SET via = 'post', sent_at = NULL WHERE request_id = :id"), {"id": UUID(filed["id"])}
        )
