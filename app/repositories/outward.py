"""Restrictions, recipients that are told, and requests that are passed on: as rows and as the process sees them."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.db import Tx
from app.domain.ledger import About, EntryState
from app.domain.restrictions import AGAINST_ERASURE
from app.domain.snapshot import Entry, Forwarding, ForwardingState, Restriction
from app.models import ForwardingRow, IdentifierRow, LedgerEntryRow, RestrictionIdentifierRow, RestrictionRow
from app.repositories import guarding


async def restrictions_of(tx: Tx, request_id: UUID) -> Sequence[RestrictionRow]:
    """The restrictions that came from a request, lifted ones too, the oldest first."""
    query = select(RestrictionRow).where(col(RestrictionRow.request_id) == request_id).order_by(col(RestrictionRow.id))
    return (await tx.session.execute(query)).scalars().all()


async def restriction(tx: Tx, restriction_id: UUID, *, lock: bool = False) -> RestrictionRow | None:
    query = select(RestrictionRow).where(
        col(RestrictionRow.id) == restriction_id, guarding.may_see_its_request(tx, RestrictionRow.request_id)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def live(tx: Tx, *, controller: str | None, after: UUID | None, limit: int) -> Sequence[RestrictionRow]:
    """Restrictions that hold, the oldest first, keyset-paged."""
    query = select(RestrictionRow).where(
        col(RestrictionRow.lifted_at).is_(None), guarding.may_see_its_request(tx, RestrictionRow.request_id)
    )
    if controller is not None:
        query = query.where(col(RestrictionRow.controller_id) == controller)
    if after is not None:
        query = query.where(col(RestrictionRow.id) > after)
    return (await tx.session.execute(query.order_by(col(RestrictionRow.id)).limit(limit))).scalars().all()


async def find_by(tx: Tx, restrictions: Iterable[RestrictionRow], blinds: Collection[bytes]) -> None:
    """Let restrictions be found by these identifiers; by those they are found by already nothing changes."""
    rows = [
        {"restriction_id": one.id, "blind": blind, "controller_id": one.controller_id}
        for one in restrictions
        for blind in blinds
    ]
    if rows:
        await tx.session.execute(insert(RestrictionIdentifierRow).values(rows).on_conflict_do_nothing())


async def found_under(tx: Tx, restriction_id: UUID) -> set[bytes]:
    """The blind indexes of the identifiers by which one restriction is found."""
    query = select(col(RestrictionIdentifierRow.blind)).where(
        col(RestrictionIdentifierRow.restriction_id) == restriction_id
    )
    return set((await tx.session.execute(query)).scalars().all())


async def found_by(tx: Tx, restriction_ids: Collection[UUID]) -> dict[UUID, int]:
    """By how many identifiers each of these restrictions is found; one that none leads to is left out."""
    query = (
        select(col(RestrictionIdentifierRow.restriction_id), func.count())
        .where(col(RestrictionIdentifierRow.restriction_id).in_(restriction_ids))
        .group_by(col(RestrictionIdentifierRow.restriction_id))
    )
    return {id_: number for id_, number in (await tx.session.execute(query)).all()}  # noqa: C416


async def live_by(tx: Tx, blinds: Iterable[bytes]) -> Sequence[RestrictionRow]:
    """Restrictions that hold for whoever has one of these identifiers; one statement, found or not."""
    ids = select(col(RestrictionIdentifierRow.restriction_id)).where(
        col(RestrictionIdentifierRow.blind).in_(list(blinds))
    )
    query = (
        select(RestrictionRow)
        .where(col(RestrictionRow.id).in_(ids), col(RestrictionRow.lifted_at).is_(None))
        .order_by(col(RestrictionRow.id))
    )
    return (await tx.session.execute(query)).scalars().all()


async def erasure_is_opposed(tx: Tx, request_id: UUID) -> bool:
    """Whether a restriction that holds says that the person of a request wants the data kept (Art. 18(1)(b)-(c))."""
    blinds = select(col(IdentifierRow.blind)).where(col(IdentifierRow.request_id) == request_id)
    ids = select(col(RestrictionIdentifierRow.restriction_id)).where(col(RestrictionIdentifierRow.blind).in_(blinds))
    query = select(col(RestrictionRow.id)).where(
        col(RestrictionRow.id).in_(ids) | (col(RestrictionRow.request_id) == request_id),
        col(RestrictionRow.lifted_at).is_(None),
        col(RestrictionRow.ground).in_([ground.value for ground in AGAINST_ERASURE]),
    )
    return (await tx.session.execute(query.limit(1))).first() is not None


async def requests_restricting(tx: Tx, request_ids: Collection[UUID]) -> set[UUID]:
    """Those of these requests from which a restriction still holds: their key and their person are still needed."""
    query = select(col(RestrictionRow.request_id)).where(
        col(RestrictionRow.request_id).in_(request_ids), col(RestrictionRow.lifted_at).is_(None)
    )
    return set((await tx.session.execute(query)).scalars().all())


async def entries_of(tx: Tx, request_id: UUID) -> Sequence[LedgerEntryRow]:
    """A request's ledger, in the order in which it was written; without what was told about somebody else."""
    of_it = col(LedgerEntryRow.request_id) == request_id, col(LedgerEntryRow.former).is_(False)
    query = select(LedgerEntryRow).where(*of_it).order_by(col(LedgerEntryRow.id))
    return (await tx.session.execute(query)).scalars().all()


async def forwardings_of(tx: Tx, request_id: UUID) -> Sequence[ForwardingRow]:
    query = select(ForwardingRow).where(col(ForwardingRow.request_id) == request_id).order_by(col(ForwardingRow.id))
    return (await tx.session.execute(query)).scalars().all()


def restriction_seen(row: RestrictionRow) -> Restriction:
    return Restriction(
        id=str(row.id),
        claim=str(row.claim_id),
        is_lift_proposed=row.lift_proposed_at is not None,
        is_lifted=row.lifted_at is not None,
        is_former=row.former,
    )


def entry_seen(row: LedgerEntryRow) -> Entry:
    return Entry(
        id=str(row.id),
        claim=str(row.claim_id),
        about=About(row.about),
        recipient=row.recipient,
        processor=str(row.processor_id) if row.processor_id else None,
        state=EntryState(row.state),
    )


def forwarding_seen(row: ForwardingRow) -> Forwarding:
    return Forwarding(
        id=str(row.id),
        processor=str(row.processor_id),
        due_by=row.due_by,
        is_known=row.to_sealed is not None,
        state=ForwardingState(row.state),
    )
