"""
Claiming the two further months (GDPR Art. 12(3)): one person asks, another agrees, and the person is told in time.

The due date moves when the letter is out on or before it and not earlier; :mod:`app.services.deadline_watch` does that.
"""

from datetime import datetime

from app.db import Tx
from app.domain import extension, identity
from app.domain.case import ClaimState, Phase
from app.domain.extension import ExtensionState
from app.domain.four_eyes import Subject
from app.domain.identity import Level
from app.models import ApprovalRow, RequestRow
from app.repositories import cases
from app.services import deadline_watch, four_eyes, sealing, steps
from app.services.casework import IdentityNotProven
from app.services.context import Actor, Context


async def ask(tx: Tx, ctx: Context, row: RequestRow, *, ground: str, reasons: str, actor: Actor) -> ApprovalRow:
    """
    Ask for the extension of a held request; it waits for the approval that is returned.

    Raises:
        ExtendedAlready, NothingToExtend, ExtensionTooLate, ExtensionGroundUnknown, ExtensionReasonsNeeded,
        ExtensionReasonsRefused
        IdentityNotProven: What is complex about somebody's data is told to nobody who has not proved to be them.
    """
    state = ExtensionState(row.extension_state) if row.extension_state else None
    _check_in_time(tx, row)
    extension.check_claim(ground=ground, reasons=reasons, state=state, phase=Phase(row.phase))
    await _check_known(tx, row)
    row.extension_state, row.extension_ground = ExtensionState.ASKED, ground
    row.extension_reasons_sealed = sealing.seal(
        ctx, row, {"text": reasons.strip()}, table="request", column="extension_reasons", id=row.id
    )
    row.extension_asked_by, row.extension_asked_at, row.extension_approved_by = actor.ref, tx.now, None
    deadline_watch.show_extension(row)
    facts = {"ground": ground, "until": row.deadline["extended_due_on"]}
    approval = await four_eyes.ask(tx, row, Subject.EXTENSION, facts=facts, actor=actor)
    await steps.changed(tx, row)
    return approval


def _check_in_time(tx: Tx, row: RequestRow) -> None:
    extension.check_in_time(late_from=datetime.fromisoformat(row.deadline["late_from"]), now=tx.now)


async def _check_known(tx: Tx, row: RequestRow) -> None:
    held = Level.from_key(row.assurance)
    waiting = [claim for claim in await cases.claims_of(tx, [row.id]) if claim.state != ClaimState.CLOSED]
    if not any(identity.suffices(held, needed=Level.from_key(claim.needs)) for claim in waiting):
        raise IdentityNotProven


async def take_second_word(
    tx: Tx, _ctx: Context, row: RequestRow, _approval: ApprovalRow, *, approved: bool, actor: Actor
) -> None:
    """
    Claim the extension, or leave everything as it was.

    Raises:
        ExtensionTooLate, NothingToExtend: A yes that comes when it can no longer count; a no is always taken.
    """
    if not approved:
        row.extension_state = ExtensionState.REJECTED
        deadline_watch.show_extension(row)
        return
    _check_in_time(tx, row)
    extension.check_open(Phase(row.phase))
    row.extension_approved_by = actor.ref  # first: the database lets no extension count without it
    row.extension_state = ExtensionState.CLAIMED
    deadline_watch.show_extension(row)


def reasons_of(ctx: Context, row: RequestRow) -> str:
    """The reasons the extension was asked with, opened."""
    if row.extension_reasons_sealed is None:
        return ""
    opened = sealing.unseal(
        ctx, row, row.extension_reasons_sealed, table="request", column="extension_reasons", id=row.id
    )
    return str(opened["text"])
