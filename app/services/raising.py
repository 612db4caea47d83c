"""
Raising erasure from what was granted (GDPR Art. 17(1)(b), (c)): an open claim for people to decide, never an act.
"""

from collections.abc import Sequence

from app.db import Tx
from app.domain import raising as rules
from app.domain.audit import AuditStep
from app.models import ClaimRow, RequestRow
from app.repositories import cases
from app.services import documenting, intake, sealing, steps
from app.services.claims import details_of
from app.services.context import INSYN, Context


async def after(tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow) -> ClaimRow | None:
    """
    Raise what a claim that has just been granted raises; the new claim, if there is one.

    Where the policy leaves open what data rest on, or erasure is claimed already, only ``claim.basis`` says so.
    """
    profile = ctx.profile(row.controller_id)
    found = rules.raised_by(
        claim.right,
        held=documenting.held_by(ctx, row.controller_id),
        purposes=documenting.named_purposes(details_of(ctx, row, claim)),
        known=frozenset(purpose.id for purpose in profile.purposes),
        excluded=frozenset(claim.excluded),
    )
    if found is None or not (found.categories or found.unclear):
        return None
    await tx.session.flush()  # the claims are read afresh, and what was just decided must be among them
    others = await cases.claims_of(tx, [row.id])
    there = next((one for one in others if one.right == "erasure"), None)
    made = None
    if found.categories and there is None:
        made = _erasure(ctx, row, found, position=1 + max(one.position for one in others))
        tx.session.add(made)
        await tx.session.flush()
        facts = {"claim_id": str(made.id), "right": made.right, "rule": found.rule, "by": str(claim.id)}
        await steps.note(tx, row, AuditStep.CLAIM_RAISED, actor=INSYN, facts=facts)
    raised = {
        "rule": found.rule,
        "ground": found.source,
        "categories": sorted(found.categories),
        "unclear": sorted(found.unclear),
        "added": made is not None,
    }
    its_claim = made or there
    claim.basis = {**claim.basis, "raised": raised | ({"claim_id": str(its_claim.id)} if its_claim else {})}
    return made


def _erasure(ctx: Context, row: RequestRow, found: rules.Raised, *, position: int) -> ClaimRow:
    categories = sorted(found.categories)
    new = intake.NewClaim("erasure", {"categories": categories, "ground_17": found.letter})
    made = intake.claim_row(ctx, row, sealing.key_of(ctx, row), new, position)
    made.raised_by, made.scope = found.rule, categories
    return made


def left_out(ctx: Context, row: RequestRow, claim: ClaimRow, exclude: Sequence[str]) -> list[str]:
    """What a decision leaves out; a raised claim reaches only what it was raised for, whatever is decided."""
    if claim.scope is None:
        return list(exclude)
    others = {one.id for one in ctx.profile(row.controller_id).categories} - set(claim.scope)
    return sorted({*exclude, *others})
