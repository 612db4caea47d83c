"""
Reading free text: a person says which rights a message claims (GDPR Art. 12(2); Rebtel, Nordax: F09).

Until then it is read as widely as it can be: as access, with the freeze on and proof asked as for the highest right.
"""

from collections.abc import Sequence

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimNotOpen, ClaimState
from app.domain.errors import DomainError
from app.domain.rights import right
from app.models import ClaimRow, RequestRow
from app.repositories import cases
from app.services import intake, sealing, steps
from app.services.context import Actor, Context
from app.services.intake import NewClaim, SameRightTwice


class NothingToClassify(DomainError):
    """It is known already which rights the request claims."""


async def classify(
    tx: Tx, ctx: Context, row: RequestRow, claims: Sequence[NewClaim], *, actor: Actor
) -> Sequence[ClaimRow]:
    """
    Say which rights a message claims, beside those the person named. The clock has run since receipt.

    Raises:
        NothingToClassify, UnknownRight, SameRightTwice, ClaimNotOpen
    """
    if not row.unclassified:
        raise NothingToClassify
    there = await cases.claims_of(tx, [row.id])
    presumed = next((one for one in there if one.presumed), None)
    if presumed is not None and presumed.state != ClaimState.OPEN:
        raise ClaimNotOpen
    wanted = [right(claim.right).key for claim in claims]
    if len({*wanted, *(one.right for one in there if not one.presumed)}) < len(wanted) + sum(
        not one.presumed for one in there
    ):
        raise SameRightTwice
    if presumed is not None:
        await tx.session.delete(presumed)  # nothing was ever asked or decided in its name
        await tx.session.flush()
    key, first = sealing.key_of(ctx, row), 1 + max(one.position for one in there)
    for position, claim in enumerate(claims, first):
        tx.session.add(intake.claim_row(ctx, row, key, claim, position))
    row.unclassified = False
    facts = {"rights": wanted}
    await steps.note(tx, row, AuditStep.REQUEST_CLASSIFIED, actor=actor, facts=facts)
    await steps.changed(tx, row)
    return await cases.claims_of(tx, [row.id])
