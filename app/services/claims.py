"""One claim of a request: found, read, ended."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimState
from app.domain.errors import DomainError
from app.models import ClaimRow, RequestRow
from app.repositories import cases
from app.services import sealing, steps
from app.services.context import INSYN, Context


class UnknownClaim(DomainError):
    """The request has no such claim."""


class NotClassified(DomainError):
    """A person must first say which rights the message claims."""


async def claim_of(tx: Tx, row: RequestRow, claim_id: UUID) -> ClaimRow:
    """One claim of a held request; raises :class:`UnknownClaim`."""
    for claim in await cases.claims_of(tx, [row.id]):
        if claim.id == claim_id:
            return claim
    raise UnknownClaim


async def close(tx: Tx, row: RequestRow, claim: ClaimRow, outcome: str) -> None:
    """End one claim with its outcome and write it down."""
    claim.state, claim.outcome, claim.closed_at = ClaimState.CLOSED, outcome, tx.now
    facts = {"claim_id": str(claim.id), "right": claim.right, "outcome": outcome}
    await steps.note(tx, row, AuditStep.CLAIM_CLOSED, actor=INSYN, facts=facts)


def reasons_of(ctx: Context, row: RequestRow, claim: ClaimRow) -> str | None:
    """The reasons a decision was given with, opened."""
    if claim.reasons_sealed is None:
        return None
    opened = sealing.unseal(ctx, row, claim.reasons_sealed, table="claim", column="reasons", id=claim.id)
    return str(opened["text"])


def details_of(ctx: Context, row: RequestRow, claim: ClaimRow) -> Mapping[str, Any]:
    """What the person said about a claim, opened."""
    if claim.details_sealed is None:
        return {}
    opened: dict[str, Any] = sealing.unseal(
        ctx, row, claim.details_sealed, table="claim", column="details", id=claim.id
    )
    return opened


def undo_decision(claim: ClaimRow) -> None:
    """Open a claim again as if nothing had been decided; the audit chain keeps that it was."""
    claim.state, claim.verdict, claim.ground, claim.reasons_sealed = ClaimState.OPEN, None, None, None
    claim.decided_by, claim.decided_at, claim.approved_by, claim.excluded = None, None, None, []
    claim.identifiers_checked, claim.record_sealed, claim.basis = False, None, {}
    claim.decided_for = None


def hand_back(claim: ClaimRow) -> None:
    """
    Open a claim of whose yes nothing could be done: it is decided anew, and may be tried again before.

    Whom it was decided about, and that a person compared who that is, stays true; for anybody else nothing is tried.
    """
    was_for, was_checked = claim.decided_for, claim.identifiers_checked
    undo_decision(claim)
    claim.decided_for, claim.identifiers_checked = was_for, was_checked
