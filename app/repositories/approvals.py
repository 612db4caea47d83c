"""Second persons' words."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from app.db import Tx
from app.domain.case import Phase
from app.models import ApprovalRow, RequestRow
from app.repositories import guarding


async def approval(tx: Tx, approval_id: UUID, *, lock: bool = False) -> ApprovalRow | None:
    query = select(ApprovalRow).where(
        col(ApprovalRow.id) == approval_id, guarding.may_see_its_request(tx, ApprovalRow.request_id)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def open_of(tx: Tx, request_id: UUID) -> Sequence[ApprovalRow]:
    query = select(ApprovalRow).where(col(ApprovalRow.request_id) == request_id, col(ApprovalRow.verdict).is_(None))
    return (await tx.session.execute(query)).scalars().all()


async def asked_about(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Those of these things about which a question waits for its second person."""
    query = select(col(ApprovalRow.about)).where(col(ApprovalRow.about).in_(ids), col(ApprovalRow.verdict).is_(None))
    return {one for one in (await tx.session.execute(query)).scalars().all() if one is not None}


async def forget_open(tx: Tx, claim_id: UUID) -> None:
    """Drop a question nobody has answered: the claim it was about has been withdrawn."""
    await tx.session.execute(
        delete(ApprovalRow).where(col(ApprovalRow.claim_id) == claim_id, col(ApprovalRow.verdict).is_(None))
    )


async def waiting(tx: Tx, *, controller: str | None, after: UUID | None, limit: int) -> Sequence[ApprovalRow]:
    """Questions of open requests that nobody has answered yet, the oldest first, keyset-paged."""
    closed = select(col(RequestRow.id)).where(col(RequestRow.phase) == Phase.CLOSED.value)
    query = select(ApprovalRow).where(
        col(ApprovalRow.verdict).is_(None),
        col(ApprovalRow.request_id).not_in(closed),
        guarding.may_see_its_request(tx, ApprovalRow.request_id),
    )
    if controller is not None:
        query = query.where(col(ApprovalRow.controller_id) == controller)
    if after is not None:
        query = query.where(col(ApprovalRow.id) > after)
    return (await tx.session.execute(query.order_by(col(ApprovalRow.id)).limit(limit))).scalars().all()


async def forget_open_about(tx: Tx, request_id: UUID, subject: str) -> None:
    """Drop the question about an act of the request that is not to be done as it was asked."""
    await tx.session.execute(
        delete(ApprovalRow).where(
            col(ApprovalRow.request_id) == request_id,
            col(ApprovalRow.subject) == subject,
            col(ApprovalRow.verdict).is_(None),
        )
    )
