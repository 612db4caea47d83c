"""
The second person's word, and what follows from it: one line in ``FOLLOWS`` for each act that waits for one.
"""

from typing import Protocol
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.four_eyes import Subject, check_second_person
from app.models import ApprovalRow, RequestRow
from app.repositories import approvals
from app.services import casework, extension, fees, packaging, protecting, restricting, sealing, steps
from app.services.context import Actor, Context
from app.services.four_eyes import ApprovalGiven, UnknownApproval, noted_as


class Follows(Protocol):
    """Lets an approved act take effect, or undoes a rejected one. The request's row is held, the word written."""

    async def __call__(
        self, tx: Tx, ctx: Context, row: RequestRow, approval: ApprovalRow, /, *, approved: bool, actor: Actor
    ) -> None: ...


FOLLOWS: dict[Subject, Follows] = {
    Subject.DECISION: casework.take_second_word,
    Subject.EXTENSION: extension.take_second_word,
    Subject.FEE: fees.take_second_word,
    Subject.RELEASE: packaging.take_second_word,
    Subject.PROTECTED_IDENTITY: protecting.take_second_word,
    Subject.RESTRICTION_LIFT: restricting.take_second_word,
}

#: Acts that may still have to be done about a closed request, which is not opened again for them.
OUTLIVES = frozenset({Subject.RESTRICTION_LIFT})


async def give(tx: Tx, ctx: Context, approval_id: UUID, *, approved: bool, reason: str, actor: Actor) -> ApprovalRow:
    """
    Give or refuse the second person's word.

    Raises:
        UnknownApproval, ApprovalGiven
        SecondPersonNeeded: Who approves, who asked for it and who made the request are three people.
    """
    found = await approvals.approval(tx, approval_id)
    if found is None:
        raise UnknownApproval
    outlives = Subject(found.subject) in OUTLIVES
    row = await (steps.hold if outlives else steps.hold_open)(tx, found.request_id)
    approval = await approvals.approval(tx, approval_id, lock=True)
    if approval is None or approval.verdict is not None:
        raise ApprovalGiven
    check_second_person(asked_by=approval.asked_by, approver=actor.ref, requester=approval.requester_ref)
    approval.decided_by, approval.decided_at = actor.ref, tx.now
    approval.verdict = "approved" if approved else "rejected"
    if reason:
        approval.reason_sealed = sealing.seal(
            ctx, row, {"text": reason}, table="approval", column="reason", id=approval.id
        )
    await FOLLOWS[Subject(approval.subject)](tx, ctx, row, approval, approved=approved, actor=actor)
    step = AuditStep.APPROVAL_GIVEN if approved else AuditStep.APPROVAL_REFUSED
    noted = {"approval_id": str(approval.id), "subject": noted_as(Subject(approval.subject))}
    noted |= {"claim_id": str(approval.claim_id)} if approval.claim_id else {}
    await steps.note(tx, row, step, actor=actor, facts=noted)
    await steps.changed(tx, row)
    return approval
