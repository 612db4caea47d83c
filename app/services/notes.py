"""What staff write down about a case: what was said on the telephone, at the counter, in a chat."""

from app.db import Tx
from app.domain import answer_form
from app.domain.audit import AuditStep
from app.domain.identity import Level
from app.models import CaseNoteRow, RequestRow
from app.repositories import cases
from app.repositories import notes as stored
from app.services import sealing, steps
from app.services.context import Actor, Context
from app.services.ids import new_id
from app.vault.envelope import DataKey


def add(tx: Tx, row: RequestRow, key: DataKey, *, kind: str, text: str, actor: Actor) -> CaseNoteRow:
    """Seal a note of a request."""
    note_id = new_id()
    note = CaseNoteRow(
        id=note_id,
        request_id=row.id,
        controller_id=row.controller_id,
        kind=kind,
        text_sealed=key.seal_json({"text": text}, where=sealing.where(row, "case_note", "text", note_id)),
        written_by=actor.ref,
        written_at=tx.now,
    )
    tx.session.add(note)
    return note


async def write(tx: Tx, ctx: Context, row: RequestRow, *, kind: str, text: str, actor: Actor) -> CaseNoteRow:
    """
    Keep a note of staff; that an answer was given orally is kept the same way, and only where it may be (R12-10).

    Raises:
        OralAnswerNotAsked, OralAnswerNeedsProof
    """
    if kind == "oral_answer":
        needed = max(Level.from_key(claim.needs) for claim in await cases.claims_of(tx, [row.id]))
        answer_form.check_oral(row.answer_form, held=Level.from_key(row.assurance), needed=needed)
    note = add(tx, row, sealing.key_of(ctx, row), kind=kind, text=text, actor=actor)
    facts = {"note_id": str(note.id), "kind": kind}
    await steps.note(tx, row, AuditStep.REQUEST_NOTED, actor=actor, facts=facts)
    return note


async def assign(tx: Tx, row: RequestRow, *, assignee: str, actor: Actor) -> None:
    """Say whose case it is."""
    row.assignee_ref = assignee
    await steps.note(tx, row, AuditStep.REQUEST_ASSIGNED, actor=actor, facts={"assignee": assignee})
    row.version += 1
    await tx.session.flush()


async def of(tx: Tx, ctx: Context, row: RequestRow) -> list[dict[str, object]]:
    """A case's notes, opened, the oldest first."""
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "text": sealing.unseal(ctx, row, one.text_sealed, table="case_note", column="text", id=one.id)["text"],
            "written_by": one.written_by,
            "written_at": one.written_at,
        }
        for one in await stored.notes_of(tx, row.id)
    ]
