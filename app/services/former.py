"""
What was done for somebody else than was meant is a person's to put right: named in the ledger, and it holds the case.

Nothing here undoes what a recipient has done (GDPR Art. 5(1)(d), (f), 24). Somebody calls the recipient, and tells
whoever it was done to, who never asked for it: that may be a breach (Art. 33, 34). The entries stand where everything
stands that only a person can tell somebody, and the case closes over none of them.
"""

from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.fanout import Action
from app.domain.ledger import FORMER_PERSON, About, EntryState
from app.domain.standing import Former, has_effect
from app.models import LedgerEntryRow, RequestRow, TaskRow
from app.repositories import outward, registry
from app.services import steps
from app.services.context import INSYN
from app.services.ids import new_id


async def done(tx: Tx, row: RequestRow, task: TaskRow) -> None:
    """Name who has done something for a former person, once that is known; nothing where nothing was done."""
    if task.claim_id is None or task.former != Former.ANOTHER or not has_effect(Action(task.action), task.outcome):
        return
    processor = await registry.processor(tx, task.processor_id)
    if processor is not None:
        await name(tx, row, task.claim_id, recipient=processor.key, processor_id=processor.id)


async def name(tx: Tx, row: RequestRow, claim_id: UUID, *, recipient: str, processor_id: UUID | None = None) -> None:
    """Name a recipient that has to hear of it, and whoever it was done to; who is named and not told yet is once."""
    await _name(tx, row, claim_id, FORMER_PERSON, None)
    if recipient != FORMER_PERSON:
        await _name(tx, row, claim_id, recipient, processor_id)


async def _name(tx: Tx, row: RequestRow, claim_id: UUID, recipient: str, processor_id: UUID | None) -> None:
    for one in await outward.entries_of(tx, row.id):
        if (one.claim_id, one.about, one.recipient) == (claim_id, About.FORMER, recipient):
            if one.state == EntryState.PENDING:
                return
            one.former = True  # of what was done before: this is another time
            await tx.session.flush()
    tx.session.add(
        LedgerEntryRow(
            id=new_id(),
            request_id=row.id,
            claim_id=claim_id,
            processor_id=processor_id,
            controller_id=row.controller_id,
            about=About.FORMER.value,
            recipient=recipient,
            state=EntryState.PENDING.value,
            made_at=tx.now,
        )
    )
    await tx.session.flush()
    facts = {"claim_id": str(claim_id), "about": About.FORMER.value, "recipients": [recipient]}
    await steps.note(tx, row, AuditStep.RECIPIENT_NAMED, actor=INSYN, facts=facts)
