"""What an evidence pack holds beside decisions and chain: each of it is there, and nothing that proved it."""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from app.db import Tx
from app.models import (
    DisagreementNoteRow,
    ErasurePlanRow,
    FeeNoticeRow,
    ForwardingRow,
    KnownChannelRow,
    LedgerEntryRow,
    OneTimeCodeRow,
    ProcessorRow,
    RequestRow,
    RestrictionRow,
    ScheduledErasureRow,
)
from app.services import sealing, steps
from app.services.context import Context
from app.services.ids import new_id
from tests.routers.conftest import ABUSE, AGENT, DPO, Advance, Bearer, File

PATH = "/v1/requests"
WITHHELD = {"channel": "anna@example.org", "code": "deadbeef" * 8, "mark": "Sekretessmarkering i folkbokföringen."}
HANDLER_DPO = Bearer("dpo", sub="dpo-2", also=("protected_handler",))
Files = Mapping[str, bytes]


async def _fill(tx: Tx, ctx: Context, row: RequestRow, claim: UUID) -> None:
    """One row of all that can belong to a case, its words sealed as ever."""
    processor = (await tx.session.execute(select(ProcessorRow).limit(1))).scalar_one()
    place: dict[str, Any] = {"request_id": row.id, "controller_id": row.controller_id}
    mine = place | {"claim_id": claim}

    def sealed(value: Any, table: str, column: str, id: UUID) -> bytes:
        return sealing.seal(ctx, row, value, table=table, column=column, id=id)

    note, fee, lift, entry, on = new_id(), new_id(), new_id(), new_id(), new_id()
    rows: list[SQLModel] = [
        DisagreementNoteRow(
            id=note, text_sealed=sealed({"text": "Adressen är fel."}, "disagreement_note", "text", note),
            made_by="anna", made_at=tx.now, **mine,
        ),
        FeeNoticeRow(
            id=fee, ground="excessive", amount_ore=25000, basis={"evidence": 1}, asked_by="a", asked_at=tx.now,
            record_sealed=sealed({"record": ABUSE, "reason": "En halvtimmes arbete."}, "fee_notice", "record", fee),
            approved_by="b", approved_at=tx.now, **mine,
        ),
        RestrictionRow(
            id=lift, reference=row.reference, ground="accuracy_contested", categories=["contact"], since=tx.now,
            lift_sealed=sealed({"outcome": "Rättad.", "then": "Fakturor."}, "restriction", "lift", lift), **mine,
        ),
        LedgerEntryRow(
            id=entry, about="change", recipient="police", state="disproportionate", reason_code="by_hand",
            reason_sealed=sealed({"text": "Myndigheten har gallrat."}, "ledger_entry", "reason", entry),
            settled_by="agent-1", made_at=tx.now, at=tx.now, **mine,
        ),
        ForwardingRow(
            id=on, processor_id=processor.id, categories=["door_log"], state="sent", received_by_processor_at=tx.now,
            due_by=date(2026, 3, 1), controller_due_on=date(2026, 3, 20), opened_at=tx.now, forwarded_at=tx.now,
            to_sealed=sealed({"name": "Brf Eken", "contact": ""}, "forwarding", "to", on), forwarded_by="agent-1",
            letter_sealed=sealed({"html": "<p>Till Brf Eken</p>"}, "forwarding", "letter", on), **place,
        ),
        ErasurePlanRow(category="contact", fate="erase_now", ground="not_necessary", **mine),
        ScheduledErasureRow(
            id=new_id(), reference=row.reference, processor_id=processor.id, category="bookkeeping_records",
            exception="legal_obligation", hold="BFL_7_2", until=date(2033, 12, 31), due_on=date(2034, 1, 1),
            next_at=datetime(2034, 1, 1, tzinfo=UTC), decided_by="a", decided_at=tx.now, approved_by="b",
            assurance="substantial", language="sv", made_at=tx.now, **mine,
        ),
        OneTimeCodeRow(
            id=new_id(), wanted_at=tx.now, made_at=tx.now, expires_at=tx.now + timedelta(minutes=10), channel="email",
            blind=b"blind", code_hash=bytes.fromhex(WITHHELD["code"]), tries=2, used_at=tx.now, **place,
        ),
        KnownChannelRow(
            blind=b"blind", type="email", since=date(2020, 1, 1), source="crm", told_at=tx.now,
            value_sealed=sealed({"value": WITHHELD["channel"]}, "known_channel", "value", row.id), **place,
        ),
    ]  # fmt: skip
    tx.session.add_all(rows)
    await tx.session.flush()


async def taken(client: httpx.AsyncClient, id: str, bearer: Bearer = DPO) -> Files:
    answer = await client.get(f"{PATH}/{id}/evidence", headers=bearer.headers())
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


@pytest.fixture
async def filed(
    ctx: Context, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
) -> dict[str, Any]:
    """A request about which all was said that can be."""
    made = await file("erasure")
    await advance(made["id"])
    said = {"text": "Ringde och frågade.", "kind": "note"}
    await client.post(f"{PATH}/{made['id']}/notes", json=said, headers=AGENT.headers())
    async with ctx.database.transaction(["westra"]) as tx:
        row = await steps.hold(tx, UUID(made["id"]))
        await _fill(tx, ctx, row, UUID(made["claims"][0]["id"]))
    return made


@pytest.fixture
async def files(client: httpx.AsyncClient, filed: dict[str, Any]) -> Files:
    return await taken(client, filed["id"])


def read(files: Files, name: str) -> Any:
    return json.loads(files[f"{name}.json"])


class TestPack:
    async def test_names_whom_a_change_was_told_to_r19_1(self, files: Files) -> None:
        """R19-1, GDPR Art. 5(2): the ledger itself, with who could not be told, why, and who said so."""
        (entry,) = read(files, "recipients")

        assert (entry["recipient"], entry["state"], entry["about"]) == ("police", "disproportionate", "change")
        assert (entry["reason"], entry["settled_by"]) == ("Myndigheten har gallrat.", "agent-1")

    async def test_holds_what_was_written_down(self, files: Files) -> None:
        """Notes of staff, the person's own words (Art. 16), a fee with its facts and its two people (12(5)(a))."""
        (note,), (words,), (fee,) = (read(files, one) for one in ("notes", "disagreements", "fees"))

        assert (note["kind"], note["text"]) == ("note", "Ringde och frågade.")
        assert words["text"] == "Adressen är fel."
        assert (fee["amount_ore"], fee["asked_by"], fee["approved_by"]) == (25000, "a", "b")
        assert fee["record"]["evidence"] == ABUSE["evidence"]

    async def test_holds_restrictions_and_what_was_passed_on(self, files: Files) -> None:
        """Art. 18, 28(3)(e): since when and on which ground; to whom, when, and the letter that went."""
        (restriction,), (forwarding,) = read(files, "restrictions"), read(files, "forwardings")

        assert (restriction["ground"], restriction["state"]) == ("accuracy_contested", "in_force")
        assert restriction["told"] == {"outcome": "Rättad.", "then": "Fakturor."}
        assert (forwarding["to_name"], forwarding["state"]) == ("Brf Eken", "sent")
        assert files["forwardings/01.html"] == b"<p>Till Brf Eken</p>"

    async def test_holds_what_is_erased_and_what_is_kept_until_when(self, files: Files) -> None:
        """Art. 17(1), 17(3): each category with its ground, or its law, its day and the two who agreed."""
        erasure = read(files, "erasure")
        (planned,), (kept,) = erasure["planned"], erasure["kept"]

        assert (planned["category"], planned["fate"], planned["ground"]) == ("contact", "erase_now", "not_necessary")
        assert (kept["law"], kept["until"], kept["due_on"]) == ("BFL_7_2", "2033-12-31", "2034-01-01")
        assert (kept["decided_by"], kept["approved_by"]) == ("a", "b")

    async def test_shows_that_it_was_seen_to_who_asks_and_not_how_to_do_it_again_r12_9(self, files: Files) -> None:
        """R12-9: that a code went to a known address and how often it was tried; no code, no address, no index."""
        said = read(files, "identity")
        (code,), (channel,) = said["codes"], said["channels"]

        assert code.keys() == {"wanted_at", "made_at", "expires_at", "channel", "tries", "used_at"}
        assert (code["channel"], code["tries"]) == ("email", 2)
        assert channel.keys() == {"type", "since", "source", "told_at"}
        everything = b"".join(files.values())
        assert not [one for one in WITHHELD.values() if one.encode() in everything]

    async def test_of_somebody_who_must_not_be_found_is_a_trained_handlers(
        self, client: httpx.AsyncClient, filed: dict[str, Any]
    ) -> None:
        """For the officer alone who is trained for it; the mark stands nowhere in it."""
        mark = {"mark": "on", "reason": WITHHELD["mark"]}
        await client.post(f"{PATH}/{filed['id']}/protected-identity", json=mark, headers=AGENT.headers())
        untrained = await client.get(f"{PATH}/{filed['id']}/evidence", headers=DPO.headers())
        files = await taken(client, filed["id"], HANDLER_DPO)
        plain = b"".join(content for name, content in files.items() if not name.endswith((".pdf", ".py")))

        assert (untrained.status_code, untrained.json()["type"]) == (404, "/problems/unknown-request")
        assert WITHHELD["mark"].encode() not in plain
        assert b'"protected"' not in plain
