"""
Evidence for an authority: whole, checkable without us, and taken out by one role with a fresh login.
"""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pypdf import PdfReader

from app.letters import evidence_verifier as verifier
from app.services import checkpoints, evidence, steps
from app.services.context import Actor, Context
from app.vault.signing import SigningKey
from tests.routers.conftest import ABUSE, AGENT, ANNA_BEARER, APPROVER, AUDITOR, DPO, Advance, Bearer, File

KEY = SigningKey(b"evidence test key, 32 bytes long")
OFFICER = Actor("dpo", "55555555-5555-4555-8555-555555555555")
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
STALE = Bearer("dpo", sub="dpo-1", auth_age=301.0)


async def decided(client: httpx.AsyncClient, file: File, advance: Advance) -> str:
    """A request with a decision, letters and tasks."""
    filed = await file("access", message="Hej! Vad vet ni om mig?")
    await advance(filed["id"])
    path = f"/v1/requests/{filed['id']}"
    proof = {"method": "seen_in_person"}
    await client.post(f"{path}/identity-proofs", json=proof, headers=AGENT.headers())
    await advance(filed["id"])
    version = (await client.get(path, headers=AGENT.headers())).headers["etag"]
    said = {
        "outcome": "refused", "ground": "manifestly_unfounded", "reasons": "Samma begäran besvarades i går.",
        "record": ABUSE,
    }  # fmt: skip
    decision = f"{path}/claims/{filed['claims'][0]['id']}/decision"
    answer = await client.post(decision, json=said, headers=AGENT.headers(**{"If-Match": version}))
    second = {"verdict": "approved", "reason": "Läst och rimligt."}
    await client.post(f"/v1/approvals/{answer.json()['approval_id']}", json=second, headers=APPROVER.headers())
    await advance(filed["id"])
    return str(filed["id"])


async def taken(client: httpx.AsyncClient, id: str, bearer: Bearer = DPO) -> httpx.Response:
    return await client.get(f"/v1/requests/{id}/evidence", headers=bearer.headers())


def unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        pack.extractall(folder)
    return folder


@pytest.fixture
async def pack(
    ctx: Context, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, tmp_path: Path
) -> Path:
    """An unpacked pack of a decided request, with a checkpoint that knows it."""
    id = await decided(client, file, advance)
    await file("erasure")  # somebody else's chain beside it
    await checkpoints.make(ctx, "westra", KEY)
    return unpacked((await taken(client, id)).content, tmp_path / "pack")


def names_in(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def said(folder: Path, name: str) -> object:
    return json.loads((folder / name).read_text("utf-8"))


def check(folder: Path, *more: str) -> tuple[int, str]:
    """Run the check as a lawyer's IT person would: the file in the folder, a bare Python."""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), *more], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


class TestPack:
    async def test_holds_what_an_authority_asks_for(self, pack: Path) -> None:
        """GDPR Art. 5(2), 31: timeline, deadline, decisions with grounds, letters, ledger, audit, proof, verifier."""
        assert names_in(pack) >= {
            "README.txt", "timeline.html", "timeline-en.html", "timeline.json", "request.json", "deadline.json",
            "claims.json", "approvals.json", "tasks.json", "recipients.json", "identity.json", "letters.json",
            "notes.json", "disagreements.json", "fees.json", "restrictions.json", "forwardings.json", "erasure.json",
            "questions.json", "extension.json", "letters/01-receipt.html", "letters/01-receipt.pdf",
            "audit.jsonl", "manifest.json", "proof/checkpoint.json", "proof/inclusion.json",
            "verify.py",
        }  # fmt: skip
        (claim,) = said(pack, "claims.json")
        assert (claim["ground"]["code"], claim["ground"]["law"]) == ("manifestly_unfounded", "GDPR Art. 12(5)(b)")
        assert claim["reasons"] == "Samma begäran besvarades i går."
        assert claim["record"]["evidence"][0]["what"] == ABUSE["evidence"][0]["what"]
        (approval,) = said(pack, "approvals.json")
        assert (approval["asked_by"], approval["decided_by"]) == (claim["decided_by"], claim["approved_by"])
        assert (approval["verdict"], approval["reason"]) == ("approved", "Läst och rimligt.")
        assert said(pack, "request.json")["message"] == "Hej! Vad vet ni om mig?"
        assert "senast" in said(pack, "deadline.json")["in_words"]["sv"][-1]

    async def test_tells_what_happened_in_plain_words(self, pack: Path) -> None:
        """A person at the authority reads it, in Swedish or in English."""
        swedish, english = ((pack / name).read_text("utf-8") for name in ("timeline.html", "timeline-en.html"))

        assert "Begäran kom in." in swedish
        assert "The request was received." in english
        assert "Samma begäran besvarades i går." in swedish

    async def test_r12_9_shows_that_identity_was_checked_and_no_copy(self, pack: Path) -> None:
        """R12-9: a note "id checked" is kept: method, who, when; the document is not, so it cannot be in here."""
        (proof,) = said(pack, "identity.json")["proofs"]

        assert set(proof) == {"at", "step", "method", "level", "checked_by", "checked_by_role"}
        assert proof["method"] == "seen_in_person"
        assert {name.rpartition(".")[2] for name in names_in(pack)} == {"html", "json", "jsonl", "pdf", "py", "txt"}
        assert all(name.startswith("letters/") for name in names_in(pack) if name.endswith(".pdf"))

    async def test_holds_letters_as_they_go_on_paper(self, pack: Path) -> None:
        """GDPR Art. 5(2): beside each page the same letter as PDF, and the list says which is which."""
        listed = said(pack, "letters.json")

        assert {one["kind"] for one in listed} >= {"receipt", "refusal"}
        for one in listed:
            assert one["pdf"] == one["file"].replace(".html", ".pdf")
            paper = PdfReader(pack / one["pdf"])
            assert paper.trailer["/Root"]["/Lang"] == "sv"
        text = "".join(page.extract_text() for page in PdfReader(pack / "letters/01-receipt.pdf").pages)
        assert said(pack, "request.json")["reference"] in text

    async def test_is_the_same_bytes_for_the_same_facts(
        self, ctx: Context, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Two people can compare what they were given."""
        id = await decided(client, file, advance)
        first, second = await exported_at(ctx, id, NEW_YEAR), await exported_at(ctx, id, NEW_YEAR)

        assert first == second

    async def test_f21_is_written_down_with_who_took_it(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """F21: who viewed which export is logged, and kept with the chain: role, reference, hash of what it was."""
        id = await decided(client, file, advance)
        await taken(client, id)
        chain = (await client.get(f"/v1/requests/{id}/audit", headers=AUDITOR.headers())).json()["items"]
        (exported,) = [one for one in chain if one["step"] == "evidence:exported"]

        assert exported["actor_role"] == "dpo"
        assert len(exported["facts"]["sha256"]) == 64

    async def test_is_not_kept_by_anybody_on_the_way(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Streamed, never stored: not here, not in a cache."""
        answer = await taken(client, await decided(client, file, advance))

        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-length"] == str(len(answer.content))

    async def test_needs_a_login_of_the_last_minutes(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """A stolen session is not enough to carry a whole case away."""
        answer = await taken(client, await decided(client, file, advance), STALE)

        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/login-too-old")

    @pytest.mark.parametrize("bearer", [AGENT, AUDITOR, ANNA_BEARER], ids=lambda one: one.role)
    async def test_is_for_the_data_protection_officer(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, bearer: Bearer
    ) -> None:
        """Everything about a person at once: the one who speaks with the authority, nobody else."""
        answer = await taken(client, await decided(client, file, advance), bearer)

        assert answer.status_code == 403


async def exported_at(ctx: Context, id: str, now: datetime) -> bytes:
    """A pack made at an instant, by a transaction that comes to nothing."""
    async with ctx.database.transaction(["westra"]) as tx:
        inner = await tx.session.begin_nested()
        row = await steps.hold(tx, UUID(id))
        made = await evidence.export(replace(tx, now=now), ctx, row, actor=OFFICER)
        await inner.rollback()
        tx.session.expunge_all()
        tx.session.info.clear()
    return made.content


Change = Callable[[Path], None]


def edited(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


def _chain_cut(folder: Path) -> None:
    """The last entries go, the first line is made to fit."""
    header, *lines = (folder / "audit.jsonl").read_text().splitlines()
    _chain_of(folder, header, lines[:-3])


def _chain_of(folder: Path, header: str, lines: list[str]) -> None:
    start, last = json.loads(header), json.loads(lines[-1])
    start["heads"] = [{"hash": last["hash"], "request_id": last["entry"]["request_id"], "seq": last["entry"]["seq"]}]
    text = "".join(f"{one}\n" for one in [verifier.canonical(start).decode(), *lines])
    (folder / "audit.jsonl").write_text(text)


def _rewritten(folder: Path) -> None:
    """A letter is swapped, manifest and chain are made to fit, every hash right: only the checkpoint knows better."""
    (folder / "letters/01-receipt.html").write_text("<p>Ett annat brev</p>")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["letters/01-receipt.html"] = verifier.sha256(b"<p>Ett annat brev</p>")
    (folder / "manifest.json").write_bytes(verifier.canonical(manifest) + b"\n")
    header, *lines = (folder / "audit.jsonl").read_text().splitlines()
    before, made = verifier.GENESIS, []
    for line in lines:
        entry = json.loads(line)["entry"]
        if entry["step"] == "evidence:exported":
            entry["facts"]["sha256"] = verifier.sha256((folder / "manifest.json").read_bytes())
        if entry["step"] == "request:received":
            entry["at"] = "2026-01-01T00:00:00.000000Z"
        digest = verifier.sha256(verifier.canonical({"entry": entry, "format": "insyn-audit/1", "prev": before}))
        made.append(verifier.canonical({"entry": entry, "hash": digest, "prev": before}).decode())
        before = digest
    _chain_of(folder, header, made)


def _forged(folder: Path) -> None:
    """A checkpoint that fits, by a key of one's own."""
    checkpoint = json.loads((folder / "proof/checkpoint.json").read_text())
    other = SigningKey(b"x" * 31 + b"y")
    checkpoint["key"] = other.public
    checkpoint["signature"] = other.sign(verifier.canonical(checkpoint["checkpoint"])).hex()
    (folder / "proof/checkpoint.json").write_bytes(verifier.canonical(checkpoint) + b"\n")


CHANGES: dict[str, Change] = {
    "a letter": edited("letters/01-receipt.html", "<h1>", "<h1>Inte "),
    "a decision": edited("claims.json", "refused", "granted"),
    "the page": edited("timeline.html", "Begäran kom in.", "Begäran kom in i tid."),
    "an entry": edited("audit.jsonl", '"seq":2', '"seq":2 '),
    "an entry's fact": edited("audit.jsonl", "seen_in_person", "e_id"),
    "a file taken away": lambda folder: (folder / "tasks.json").unlink(),
    "a file added": lambda folder: (folder / "letters/99-refusal.html").write_text("<p>Nytt</p>") and None,
    "the manifest": edited("manifest.json", '"format"', '"format" '),
    "the end of the chain": _chain_cut,
    "the way to the checkpoint": edited("proof/inclusion.json", '"index": ', '"index": 1'),
    "the checkpoint": edited("proof/checkpoint.json", '"number":1', '"number":2'),
    "everything that can be made to fit": _rewritten,
    "not JSON": lambda folder: (folder / "manifest.json").write_text("{") and None,
    "another shape": lambda folder: (folder / "proof/checkpoint.json").write_text("[]") and None,
}


class TestOfflineVerifier:
    async def test_says_ok_on_a_bare_python(self, pack: Path) -> None:
        """``python3 verify.py`` in the unzipped folder; no network, no library, nothing of the service."""
        code, output = check(pack, "--key", KEY.public)

        assert code == 0, output
        assert output.splitlines()[-1] == "OK: nothing differs / inget skiljer sig"
        assert len([line for line in output.splitlines() if line.startswith("OK  ")]) == 4

    async def test_shows_the_key_to_compare(self, pack: Path) -> None:
        """Who trusts the key in the pack trusts the pack: so it says which one to ask for."""
        code, output = check(pack)

        assert code == 0
        assert KEY.public in output

    @pytest.mark.parametrize("what", CHANGES)
    async def test_says_what_differs(self, pack: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Whatever is changed, taken away, put in or written anew."""
        CHANGES[what](pack)

        assert verifier.main([str(pack), "--key", KEY.public]) == 1
        assert "NOT OK" in capsys.readouterr().out

    async def test_does_not_trust_a_key_because_it_is_in_the_pack(
        self, pack: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A checkpoint signed by somebody else fits, until the right key is named."""
        _forged(pack)

        assert verifier.main([str(pack)]) == 0
        assert verifier.main([str(pack), "--key", KEY.public]) == 1
        assert f"was not signed by the key {KEY.public}" in capsys.readouterr().out

    async def test_does_not_say_ok_without_a_checkpoint(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, tmp_path: Path
    ) -> None:
        """Before the first one nothing differs, and nothing is proven."""
        folder = unpacked((await taken(client, await decided(client, file, advance))).content, tmp_path / "pack")
        code, output = check(folder)

        assert code == 2
        assert "INCOMPLETE" in output

    async def test_does_not_say_ok_when_the_proof_is_taken_away(
        self, pack: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Taking it away is not a way to say that all is well."""
        (pack / "proof/checkpoint.json").unlink()

        assert verifier.main([str(pack)]) == 2
        assert "INCOMPLETE" in capsys.readouterr().out
