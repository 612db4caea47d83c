"""
The person's own words beside data that were not rectified (GDPR Art. 16, R16-3).

Offered by the refusal letter, so it may come after the request is closed; it opens nothing again.
"""

from typing import Any

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimState
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.models import ClaimRow, DisagreementNoteRow, RequestRow
from app.repositories import cases, earlier
from app.services import orders, sealing, steps
from app.services.context import Actor, Context
from app.services.ids import new_id


class NothingToDisagreeWith(DomainError):
    """A note of disagreement goes with a rectification that was turned down, whole or in part."""


async def note(tx: Tx, ctx: Context, row: RequestRow, text: str, *, actor: Actor) -> DisagreementNoteRow:
    """
    Keep the person's words with the refused rectification; a later one takes the place of an earlier one.

    Raises:
        NothingToDisagreeWith
    """
    claim = next((one for one in await cases.claims_of(tx, [row.id]) if _was_turned_down(one)), None)
    if claim is None:
        raise NothingToDisagreeWith
    kept = await earlier.disagreement_of(tx, claim.id)
    if kept is None:
        kept = DisagreementNoteRow(
            id=new_id(),
            request_id=row.id,
            claim_id=claim.id,
            controller_id=row.controller_id,
            text_sealed=b"",
            made_by=actor.ref,
            made_at=tx.now,
        )
        tx.session.add(kept)
    kept.text_sealed = sealing.seal(ctx, row, {"text": text}, table="disagreement_note", column="text", id=kept.id)
    kept.made_by, kept.made_at = actor.ref, tx.now
    await tx.session.flush()
    facts = {"claim_id": str(claim.id), "note_id": str(kept.id)}
    await steps.note(tx, row, AuditStep.CLAIM_DISAGREED, actor=actor, facts=facts)
    return kept


def _was_turned_down(claim: ClaimRow) -> bool:
    counts = claim.state in (ClaimState.DECIDED, ClaimState.CLOSED)
    return claim.right == "rectification" and counts and claim.verdict in (Verdict.REFUSED, Verdict.PARTLY_GRANTED)


async def of_claim(tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow) -> str | None:
    """The person's words about one claim, opened."""
    kept = await earlier.disagreement_of(tx, claim.id)
    return None if kept is None else _text(ctx, row, kept)


async def notes_of_person(tx: Tx, ctx: Context, row: RequestRow) -> list[dict[str, Any]]:
    """
    What the person of this request has said against data kept here, the oldest first: for every later copy of them.

    Only under the same login or the same vouched personnummer: a telephone, an address or a contract may be shared with
    a former partner, who must not read the other's words.

    Each is ``reference`` of the request it was said in, ``made_on`` (civil date) and ``text``.
    """
    blinds = [
        ctx.vault.blind_index(controller=row.controller_id, type=one.type, normalised=one.value)
        for one in orders.known_as(ctx, row)
        if one.vouched and one.type == "personnummer"
    ]
    found = await earlier.disagreements(tx, row, blinds)
    return [
        {
            "reference": its_request.reference,
            "made_on": ctx.today(row.controller_id, kept.made_at),
            "text": _text(ctx, its_request, kept),
        }
        for kept, its_request in found
    ]


def _text(ctx: Context, row: RequestRow, kept: DisagreementNoteRow) -> str:
    opened = sealing.unseal(ctx, row, kept.text_sealed, table="disagreement_note", column="text", id=kept.id)
    return str(opened["text"])
