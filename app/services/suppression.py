"""
Who must not be advertised to, and who must not be imported again: blind indexes and nothing else.

Written at once and once; it outlives the case, for the person must not have to say it twice (F13, R17-4).
"""

from typing import Literal

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.finding import SHARED, NothingToLookUp
from app.models import RequestRow, SuppressionRow
from app.repositories import erasure
from app.services import orders, steps
from app.services.context import INSYN, Context
from app.services.intake import Identifier

Kind = Literal["marketing", "reimport"]


def blinds_of(ctx: Context, row: RequestRow, *, checked: bool) -> list[tuple[str, bytes]]:
    """
    The blind indexes of what is the person's own: no address, name or installation, which others share.

    Args:
        checked: Whether what the person only wrote counts too.
    """
    known = [one for one in orders.known_as(ctx, row) if one.type not in SHARED and (one.vouched or checked)]
    return [(one.type, _blind(ctx, row.controller_id, one.type, one.value)) for one in known]


def _blind(ctx: Context, controller: str, type_: str, value: str) -> bytes:
    return ctx.vault.blind_index(controller=controller, type=type_, normalised=value)


async def write(tx: Tx, ctx: Context, row: RequestRow, kind: Kind, *, checked: bool) -> None:
    """Write the entries of one person; what is there already stays."""
    blinds = blinds_of(ctx, row, checked=checked)
    if not blinds:
        return
    entries = [
        SuppressionRow(
            controller_id=row.controller_id, kind=kind, blind=blind, type=type_, reference=row.reference, since=tx.now
        )
        for type_, blind in blinds
    ]
    await erasure.suppress(tx, entries)
    facts = {"kind": kind, "entries": len(blinds)}
    await steps.note(tx, row, AuditStep.SUPPRESSION_SET, actor=INSYN, facts=facts)


async def look_up(tx: Tx, ctx: Context, controller: str, identifiers: list[Identifier]) -> dict[str, bool]:
    """
    What holds for whoever has one of these (normalised) identifiers; nobody is named, and nobody is found who is not.

    Raises:
        NothingToLookUp: None of them is a person's own: "not stopped" would be a guess.
    """
    personal = [one for one in identifiers if one.type not in SHARED]
    if not personal:
        raise NothingToLookUp
    blinds = [_blind(ctx, controller, one.type, one.value) for one in personal]
    kinds = await erasure.suppressions(tx, controller, blinds)
    return {"marketing_stopped": "marketing" in kinds, "do_not_import": "reimport" in kinds}
