"""The audit chain as rows."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
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


_HEADS = text(
    "SELECT first.request_id, head.seq, head.hash FROM audit_entry first CROSS JOIN LATERAL"
    " (SELECT seq, hash FROM audit_entry WHERE request_id = first.request_id ORDER BY seq DESC LIMIT 1) head"
    " WHERE first.controller_id = :controller AND first.seq = 1"
)
_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


async def heads_of_controller(tx: Tx, controller: str) -> dict[str, Head]:
    """Where every chain of a controller stands, by request; one look into the index a chain."""
    found = await tx.session.execute(_HEADS, {"controller": controller})
    return {str(request_id): Head(seq=seq, hash=digest) for request_id, seq, digest in found.all()}


async def only_one(tx: Tx, name: str) -> bool:
    """Whether this transaction is the only one, over all processes, that goes by this name until it ends."""
    return bool((await tx.session.execute(_ONLY_ONE, {"name": name})).scalar_one())


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
