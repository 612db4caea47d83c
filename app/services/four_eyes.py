"""
Asking for a second person's word. Whose word it is and what follows from it: :mod:`app.services.approving`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.four_eyes import Subject
from app.models import ApprovalRow, RequestRow
from app.services import steps
from app.services.context import Actor
from app.services.ids import new_id


class UnknownApproval(DomainError):
    """There is no such approval."""


class ApprovalGiven(DomainError):
    """The approval has been given or refused already."""


async def ask(
    tx: Tx,
    row: RequestRow,
    subject: Subject,
    *,
    claim_id: UUID | None = None,
    about: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
    actor: Actor,
) -> ApprovalRow:
    """
    Let an act wait for a second person. One open question for each subject and what it is about.

    Args:
        facts: Ids, codes and dates of what is asked for; never personal data.
    """
    approval = ApprovalRow(
        id=new_id(),
        request_id=row.id,
        claim_id=claim_id,
        about=about,
        controller_id=row.controller_id,
        subject=subject.value,
        facts=dict(facts or {}),
        asked_by=actor.ref,
        asked_at=tx.now,
        requester_ref=row.requester_ref,
    )
    tx.session.add(approval)
    noted = {"approval_id": str(approval.id), "subject": noted_as(subject)}
    noted |= {"claim_id": str(claim_id)} if claim_id else {}
    await steps.note(tx, row, AuditStep.APPROVAL_ASKED, actor=actor, facts=noted)
    return approval


def noted_as(subject: Subject) -> str:
    """What the audit chain calls an act: that somebody must not be found stands in no chain."""
    return "other" if subject is Subject.PROTECTED_IDENTITY else subject.value
