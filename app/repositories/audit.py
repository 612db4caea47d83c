"""The audit chain as rows."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.db import Tx
from app.domain.audit import AuditStep, Entry, Head, Link
from app.models import AuditEntryRow


async def head_of(tx: Tx, request_id: UUID) -> Head | None:
    """The chain's head; the caller holds the request's row, so nobody else appends meanwhile."""
    query = (
        select(col(AuditEntryRow.seq), col(AuditEntryRow.hash))
        .where(col(AuditEntryRow.request_id) == request_id)
        .order_by(col(AuditEntryRow.seq).desc())
        .limit(1)
    )
    found = (await tx.session.execute(query)).one_or_none()
    return Head(seq=found[0], hash=found[1]) if found else None


async def entries_of(tx: Tx, request_id: UUID) -> Sequence[AuditEntryRow]:
    query = select(AuditEntryRow).where(col(AuditEntryRow.request_id) == request_id).order_by(col(AuditEntryRow.seq))
    return (await tx.session.execute(query)).scalars().all()


async def has_read(tx: Tx, request_id: UUID, *, actor_ref: str, sha256: str) -> bool:
    """Whether somebody opened the preview of that very package."""
    query = (
        select(col(AuditEntryRow.seq))
        .where(
            col(AuditEntryRow.request_id) == request_id,
            col(AuditEntryRow.actor_ref) == actor_ref,
            col(AuditEntryRow.step) == AuditStep.PACKAGE_READ.value,
            col(AuditEntryRow.facts)["sha256"].as_string() == sha256,
        )
        .limit(1)
    )
    return (await tx.session.execute(query)).first() is not None


async def entries_of_controller(tx: Tx, controller: str) -> Sequence[AuditEntryRow]:
    """All chains of a controller, each in order."""
    query = (
        select(AuditEntryRow)
        .where(col(AuditEntryRow.controller_id) == controller)
        .order_by(col(AuditEntryRow.request_id), col(AuditEntryRow.seq))
    )
    return (await tx.session.execute(query)).scalars().all()


def as_link(row: AuditEntryRow) -> Link:
    return Link(
        entry=Entry(
            controller=row.controller_id,
            request_id=str(row.request_id),
            seq=row.seq,
            at=row.at,
            actor_role=row.actor_role,
            actor_ref=row.actor_ref,
            step=row.step,
            facts=row.facts,
        ),
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
