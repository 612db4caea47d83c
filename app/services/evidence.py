"""
Evidence for an authority: one request, whole, with proof that nothing in it was changed afterwards.

Put together in memory and streamed, never stored. Its manifest's hash is written into the request's chain, so that
the next checkpoint covers what was handed over as well.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db import Tx
from app.domain.audit import AuditStep, Link
from app.domain.audit_export import export_lines, heads_of
from app.domain.checkpoints import inclusion_of
from app.domain.rights import right
from app.letters import evidence_pack as pack
from app.letters import step_words, words
from app.letters.deadline_text import explain_deadline
from app.letters.evidence_pack import Page
from app.letters.words import LANGUAGES, Language
from app.models import ApprovalRow, AuditEntryRow, ClaimRow, RequestRow, TaskRow
from app.repositories import audit, cases, dossier
from app.services import checkpoints, documenting, evidence_files, persons, sealing, steps, tasks, telling, views
from app.services import claims as claiming
from app.services.context import Actor, Context
from app.services.evidence_files import Papers


@dataclass(frozen=True)
class Evidence:
    """A pack on its way out."""

    filename: str
    content: bytes

    def __repr__(self) -> str:
        return f"<Evidence {self.filename}>"


async def export(tx: Tx, ctx: Context, row: RequestRow, *, actor: Actor, papers: Papers | None = None) -> Evidence:
    """
    Put the evidence of a held request together; that it was taken out, by whom and with what in it, is written down.

    Args:
        papers: The letters that were set on paper before the request was held (:func:`evidence_files.papers`).

    Raises:
        Unreadable: The request's key is destroyed.
    """
    files = await _contents(tx, ctx, row, await evidence_files.papers(tx, ctx, row, known=papers))
    files["manifest.json"] = manifest = pack.manifest(
        files, controller=row.controller_id, request_id=str(row.id), reference=row.reference
    )
    facts = {"sha256": hashlib.sha256(manifest).hexdigest()}
    await steps.note(tx, row, AuditStep.EVIDENCE_EXPORTED, actor=actor, facts=facts)
    links = [audit.as_link(one) for one in await views.chain(tx, row)]
    files[pack.AUDIT] = _lines(links, row.controller_id, tx.now)
    files |= await _proof(ctx, row)
    content = await asyncio.to_thread(pack.zipped, files, at=tx.now)
    return Evidence(filename=f"{row.reference}-evidence.zip", content=content)


async def export_of_controller(tx: Tx, controller: str) -> Iterator[str]:
    """All chains of a controller as the lines of an export, also of requests that were erased."""
    links = [audit.as_link(one) for one in await audit.entries_of_controller(tx, controller)]
    return export_lines(links, controller=controller, exported_at=tx.now, heads=heads_of(links))


def _lines(links: Sequence[Link], controller: str, at: datetime) -> bytes:
    lines = export_lines(links, controller=controller, exported_at=at, heads=heads_of(links))
    return "".join(f"{line}\n" for line in lines).encode()


async def _proof(ctx: Context, row: RequestRow) -> dict[str, bytes]:
    """The last checkpoint and the way to it; nothing where none knows the request yet."""
    found = await checkpoints.last(ctx, row.controller_id)
    if found is None:
        return {}
    text, standing = found
    proof = await asyncio.to_thread(inclusion_of, row.controller_id, str(row.id), standing.heads)
    if proof is None:
        return {}
    said = {"seq": proof.head.seq, "hash": proof.head.hash, "index": proof.index, "size": proof.size}
    return {pack.CHECKPOINT: text.encode(), pack.INCLUSION: pack.as_json(said | {"path": list(proof.path)})}


# --- what is in it ----------------------------------------------------------------------------------------------------


async def _contents(tx: Tx, ctx: Context, row: RequestRow, papers: Papers) -> dict[str, bytes]:
    claims = await cases.claims_of(tx, [row.id])
    entries = await views.chain(tx, row)
    page = _page(tx, ctx, row, claims, entries)
    said: dict[str, Any] = {
        "request": _request(ctx, row, page),
        "deadline": {
            "explanation": row.deadline,
            "in_words": {one: explain_deadline(row.deadline, one) for one in LANGUAGES},
        },
        "claims": [_claim(ctx, row, one) for one in claims],
        "approvals": [_approval(ctx, row, one) for one in await dossier.approvals_of(tx, row.id)],
        "tasks": await _tasks(tx, ctx, row),
        "timeline": [_happened(one) for one in entries],
    } | await evidence_files.said(tx, ctx, row, entries)
    letters, said["letters"] = await evidence_files.pages(tx, ctx, row, papers)
    files = {f"{name}.json": pack.as_json(value) for name, value in said.items()}
    files |= {"README.txt": pack.readme(page), "verify.py": pack.verifier()}
    files |= {"timeline.html": pack.timeline_page(page)}
    files |= {"timeline-en.html": pack.timeline_page(_page(tx, ctx, row, claims, entries, language="en"))}
    return files | letters


def _request(ctx: Context, row: RequestRow, page: Page) -> dict[str, Any]:
    message = None
    if row.message_sealed is not None:
        message = sealing.unseal(ctx, row, row.message_sealed, table="request", column="message", id=row.id)["text"]
    names = (
        "reference", "channel", "language", "received_at", "filed_at", "filed_by_role", "due_on", "phase", "status",
        "closed_at",
    )  # fmt: skip
    controller = {"id": row.controller_id, **vars(page.controller)}
    person = persons.shown(ctx, row)
    return {name: getattr(row, name) for name in names} | {
        "controller": controller, "subject": person, "message": message,
    }  # fmt: skip


def _claim(ctx: Context, row: RequestRow, one: ClaimRow) -> dict[str, Any]:
    ground = next((found for found in right(one.right).refusal_grounds if found.key == one.ground), None)
    names = ("id", "right", "state", "verdict", "outcome", "decided_at", "decided_by", "approved_by", "closed_at")
    return {name: getattr(one, name) for name in names} | {
        "details": dict(claiming.details_of(ctx, row, one)),
        "ground": None
        if ground is None
        else {"code": ground.key, "law": ground.source, "sv": ground.sv, "en": ground.en},
        "reasons": claiming.reasons_of(ctx, row, one),
        "record": documenting.record_of(ctx, row, one).as_plain(),
        "basis": dict(one.basis),
        "raised_by": one.raised_by,
        "excluded": list(one.excluded),
    }


def _approval(ctx: Context, row: RequestRow, one: ApprovalRow) -> dict[str, Any]:
    reason = None
    if one.reason_sealed is not None:
        reason = sealing.unseal(ctx, row, one.reason_sealed, table="approval", column="reason", id=one.id)["text"]
    return views.approval(one) | {"decided_by": one.decided_by, "reason": reason}


async def _tasks(tx: Tx, ctx: Context, row: RequestRow) -> list[dict[str, Any]]:
    rows = await cases.tasks_of(tx, row.id)
    tries: dict[object, list[dict[str, Any]]] = {}
    names = ("number", "verb", "started_at", "finished_at", "outcome", "code")
    for one in await dossier.attempts_of(tx, row.id):
        tries.setdefault(one.task_id, []).append({name: getattr(one, name) for name in names})
    seen = await views.task_list(tx, rows)
    return [
        view | {"answer": _answer(ctx, row, task), "tries": tries.get(task.id, [])}
        for view, task in zip(seen, rows, strict=True)
    ]


def _answer(ctx: Context, row: RequestRow, task: TaskRow) -> dict[str, Any]:
    """What was answered, with how much was given in the place of what."""
    answer = tasks.answer_of(ctx, row, task)
    if "records" in answer:
        given = Counter[str]()
        for one in answer.pop("records"):
            given[str(one["category"])] += len(one.get("rows", []))
        answer["records_given"] = dict(given)
    return answer


# --- in plain words ---------------------------------------------------------------------------------------------------


def _happened(entry: AuditEntryRow) -> dict[str, Any]:
    return views.audit_entry(entry) | {one: step_words.of_step(entry.step, one) for one in LANGUAGES}


def _page(
    tx: Tx, ctx: Context, row: RequestRow, claims: Sequence[ClaimRow], entries: Sequence[AuditEntryRow],
    *, language: Language = "sv",
) -> Page:  # fmt: skip
    zone = ctx.zone(row.controller_id)

    def when(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    def day(at: datetime) -> Any:
        return ctx.today(row.controller_id, at)

    return Page(
        language=language,
        controller=telling.controller_facts(ctx.profile(row.controller_id)),
        reference=row.reference,
        received_on=day(row.received_at),
        due_on=row.due_on,
        closed_on=day(row.closed_at) if row.closed_at else None,
        written_on=day(tx.now),
        deadline=explain_deadline(row.deadline, language),
        decisions=[_decided(_claim(ctx, row, one), language, when) for one in claims],
        timeline=[
            {
                "when": when(one.at),
                "text": step_words.of_step(one.step, language),
                "by": f"{one.actor_role} {one.actor_ref[:8]}",
                "facts": _facts(one.facts),
            }
            for one in entries
        ],
    )


def _decided(claim: Mapping[str, Any], language: Language, when: Any) -> dict[str, Any]:
    ground = claim["ground"] or {}
    return {
        "title": words.say(words.RIGHTS_OF_SOMEBODY, claim["right"], language),
        "outcome": words.say(step_words.ENDED, claim["outcome"] or "open", language),
        "decided_at": when(claim["decided_at"]) if claim["decided_at"] else None,
        "decided_by": (claim["decided_by"] or "")[:8],
        "approved_by": claim["approved_by"][:8] if claim["approved_by"] else None,
        "ground": ground.get(language),
        "law": ground.get("law"),
        "reasons": claim["reasons"],
    }


def _facts(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in facts.items() if value is not None)
