"""
A fee instead of a refusal (GDPR Art. 12(5)(a)): on the same facts, agreed by two people, told before anything is
charged so that the person may withdraw (EDPB 01/2022 paras 31, 194).

The claim stays open: who pays or is let off gets a decision, who withdraws has withdrawn. The clock runs on.
"""

from typing import Any

from app.db import Tx
from app.domain import records
from app.domain.audit import AuditStep
from app.domain.case import ClaimNotOpen, ClaimState
from app.domain.decisions import COMMON, LEAST_REASONS, GroundNotAllowed, ReasonsNeeded, Verdict
from app.domain.errors import DomainError
from app.domain.four_eyes import Subject
from app.domain.records import Record
from app.domain.rights import right
from app.models import ApprovalRow, ClaimRow, FeeNoticeRow, RequestRow
from app.repositories import approvals, cases
from app.repositories import notes as stored
from app.services import correspondence, documenting, four_eyes, sealing, steps
from app.services.claims import NotClassified, claim_of
from app.services.context import Actor, Context
from app.services.four_eyes import UnknownApproval
from app.services.ids import new_id


class FeeAsked(DomainError):
    """A fee has been asked for this claim already."""


async def ask(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    claim: ClaimRow,
    *,
    ground: str,
    amount_ore: int,
    reason: str,
    record: Record,
    actor: Actor,
) -> ApprovalRow:
    """
    Propose a fee; the person is told once a second person has agreed.

    Args:
        amount_ore: In öre, the costs of the answer and no more.

    Raises:
        ClaimNotOpen, NotClassified, FeeAsked, GroundNotAllowed, ReasonsNeeded
        and what :func:`app.domain.records.check_fee` raises.
    """
    await _check(tx, ctx, row, claim, ground=ground, reason=reason, record=record)
    await _forget_abandoned(tx, row, claim)
    fee_id = new_id()
    said = {"record": record.as_plain(), "reason": reason}
    tx.session.add(
        FeeNoticeRow(
            id=fee_id,
            request_id=row.id,
            claim_id=claim.id,
            controller_id=row.controller_id,
            ground=ground,
            amount_ore=amount_ore,
            basis=record.codes(),
            record_sealed=sealing.seal(ctx, row, said, table="fee_notice", column="record", id=fee_id),
            asked_by=actor.ref,
            asked_at=tx.now,
        )
    )
    facts = {"claim_id": str(claim.id), "ground": ground, "amount_ore": amount_ore}
    await steps.note(tx, row, AuditStep.CLAIM_FEE_ASKED, actor=actor, facts=facts)
    approval = await four_eyes.ask(tx, row, Subject.FEE, claim_id=claim.id, about=fee_id, facts=facts, actor=actor)
    await steps.changed(tx, row)
    return approval


async def _check(
    tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow, *, ground: str, reason: str, record: Record
) -> None:
    if row.unclassified:
        raise NotClassified
    if claim.state != ClaimState.OPEN:
        raise ClaimNotOpen
    if ground not in {one.key for one in COMMON} & {one.key for one in right(claim.right).refusal_grounds}:
        raise GroundNotAllowed
    if len(reason.strip()) < LEAST_REASONS:
        raise ReasonsNeeded
    situation = await documenting.situation_of(tx, ctx, row, claim, verdict=Verdict.REFUSED, excluded=())
    records.check_fee(ground=ground, record=record, situation=situation)


async def _forget_abandoned(tx: Tx, row: RequestRow, claim: ClaimRow) -> None:
    """One fee a claim; one that a decision overtook before anybody agreed to it stands in nobody's way."""
    asked = {one.about for one in await approvals.open_of(tx, row.id)}
    for fee in await stored.fees_of(tx, row.id):
        if fee.claim_id == claim.id:
            if fee.approved_at is not None or fee.id in asked:
                raise FeeAsked
            await tx.session.delete(fee)
            await tx.session.flush()


async def take_second_word(
    tx: Tx, ctx: Context, row: RequestRow, approval: ApprovalRow, *, approved: bool, actor: Actor
) -> None:
    """The person is told of the fee, or none was asked."""
    fee = next((one for one in await stored.fees_of(tx, row.id) if one.id == approval.about), None)
    if fee is None:
        raise UnknownApproval
    if not approved:
        await tx.session.delete(fee)
        await tx.session.flush()
        return
    if (await claim_of(tx, row, fee.claim_id)).state != ClaimState.OPEN:
        raise ClaimNotOpen
    fee.approved_by, fee.approved_at = actor.ref, tx.now
    await tx.session.flush()
    await correspondence.write(tx, ctx, await cases.rows_of(tx, row), "fee", about=str(fee.claim_id))


def opened(ctx: Context, row: RequestRow, fee: FeeNoticeRow) -> tuple[Record, str]:
    """What a fee rests on and the reason it was given with."""
    said = sealing.unseal(ctx, row, fee.record_sealed, table="fee_notice", column="record", id=fee.id)
    return Record.read(said["record"]), str(said["reason"])


async def of_claim(tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow) -> dict[str, Any] | None:
    """The fee that was asked for a claim, for staff."""
    for fee in await stored.fees_of(tx, row.id):
        if fee.claim_id == claim.id:
            state = "told" if fee.approved_at is not None else "awaiting_approval"
            return {
                "amount_ore": fee.amount_ore,
                "ground": fee.ground,
                "reason": opened(ctx, row, fee)[1],
                "state": state,
            }
    return None
