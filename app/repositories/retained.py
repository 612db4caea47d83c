"""What we ourselves keep too long: found, counted, deleted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, false, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.own_retention import Counted
from app.models import (
    AuditEntryRow,
    CaseCountRow,
    DownloadRow,
    PackageRow,
    RequestRow,
    RestrictionRow,
    ScheduledErasureRow,
    TaskRow,
)

#: A request by its controller and id.
Named = tuple[str, UUID]
_NAMED = (col(RequestRow.controller_id), col(RequestRow.id))


async def take(tx: Tx, request_id: UUID) -> RequestRow | None:
    """A request's row, held; None if it is gone or somebody else has it in hand."""
    query = select(RequestRow).where(col(RequestRow.id) == request_id).with_for_update(skip_locked=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def packages_over(tx: Tx, *, before: datetime, limit: int) -> Sequence[Named]:
    """Requests with a package that was released before, or never released in a request closed before."""
    over = or_(
        col(PackageRow.released_at) <= before,
        and_(col(PackageRow.released_at).is_(None), col(RequestRow.closed_at) <= before),
    )
    query = (
        select(*_NAMED)
        .join(PackageRow, col(PackageRow.request_id) == col(RequestRow.id))
        .where(col(PackageRow.destroyed_at).is_(None), over)
        .distinct()
        .limit(limit)
    )
    return await _named(tx, query)


async def contents_over(tx: Tx, *, before: datetime, limit: int) -> Sequence[Named]:
    """Closed requests whose contents nobody may need any more; the rule itself is asked of each."""
    released = select(col(PackageRow.request_id)).where(col(PackageRow.released_at) <= before)
    over = or_(col(RequestRow.closed_at) <= before, col(RequestRow.id).in_(released))
    query = (
        select(*_NAMED)
        .where(col(RequestRow.contents_key).is_not(None), col(RequestRow.closed_at).is_not(None), over)
        .order_by(col(RequestRow.closed_at))
        .limit(limit)
    )
    return await _named(tx, query)


async def case_files_over(tx: Tx, *, closed_before: Mapping[str, datetime], limit: int) -> Sequence[Named]:
    """
    Requests closed before their controller's instant, the oldest first; none from which a restriction still holds.
    """
    over: list[ColumnElement[bool]] = [
        and_(col(RequestRow.controller_id) == controller, col(RequestRow.closed_at) < before)
        for controller, before in closed_before.items()
    ]
    restricting = select(col(RestrictionRow.request_id)).where(col(RestrictionRow.lifted_at).is_(None))
    query = (
        select(*_NAMED)
        .where(or_(false(), *over), col(RequestRow.id).not_in(restricting))
        .order_by(col(RequestRow.closed_at))
        .limit(limit)
    )
    return await _named(tx, query)


async def _named(tx: Tx, query: Select[str, UUID]) -> Sequence[Named]:
    return [(controller, id_) for controller, id_ in (await tx.session.execute(query)).all()]


async def standing_packages(tx: Tx, request_id: UUID) -> Sequence[PackageRow]:
    """A request's packages whose file is still there."""
    query = select(PackageRow).where(col(PackageRow.request_id) == request_id, col(PackageRow.destroyed_at).is_(None))
    return (await tx.session.execute(query)).scalars().all()


async def released_at(tx: Tx, request_id: UUID) -> datetime | None:
    """When the request's package was released last."""
    query = select(col(PackageRow.released_at)).where(
        col(PackageRow.request_id) == request_id, col(PackageRow.released_at).is_not(None)
    )
    return max((one for one in (await tx.session.execute(query)).scalars().all() if one is not None), default=None)


async def forget_downloads(tx: Tx, request_id: UUID) -> None:
    await tx.session.execute(delete(DownloadRow).where(col(DownloadRow.request_id) == request_id))


async def forget_records(tx: Tx, request_id: UUID) -> None:
    """What exports brought: unreadable without its key, and now gone as well."""
    await tx.session.execute(
        update(TaskRow)
        .where(col(TaskRow.request_id) == request_id, col(TaskRow.records_sealed).is_not(None))
        .values(records_sealed=None)
        .execution_options(synchronize_session=False)
    )


async def delete_request(tx: Tx, row: RequestRow) -> None:
    """
    The request and everything that hangs on it, restrictions that came from it among them; its audit chain stays.
    """
    await tx.session.flush()
    tx.session.expunge(row)
    await tx.session.execute(
        delete(RestrictionRow)
        .where(col(RestrictionRow.request_id) == row.id)
        .execution_options(synchronize_session=False)
    )
    await tx.session.execute(
        delete(RequestRow).where(col(RequestRow.id) == row.id).execution_options(synchronize_session=False)
    )


async def count(tx: Tx, controller: str, lines: Iterable[Counted]) -> None:
    """Add a request that is over to the counts."""
    for one in lines:
        values = vars(one) | {"controller_id": controller, "n": 1}
        statement = insert(CaseCountRow).values(**values)
        await tx.session.execute(
            statement.on_conflict_do_update(
                constraint="pk_case_count", set_={"n": CaseCountRow.n + statement.excluded.n}
            )
        )


async def counts(tx: Tx) -> Sequence[CaseCountRow]:
    """All counts this transaction sees."""
    order = (CaseCountRow.controller_id, CaseCountRow.month, CaseCountRow.right, CaseCountRow.outcome)
    return (await tx.session.execute(select(CaseCountRow).order_by(*map(col, order)))).scalars().all()


# --- keys -----------------------------------------------------------------------------------------------------------


async def destroyed_keys(tx: Tx, controller: str) -> set[UUID]:
    """The keys of which the audit chains say that they were destroyed."""
    query = select(col(AuditEntryRow.facts)).where(
        col(AuditEntryRow.controller_id) == controller,
        # Spelt out: only so does the partial index answer.
        col(AuditEntryRow.step) == AuditStep.KEY_DESTROYED.value,
    )
    return {UUID(facts["key_id"]) for facts in (await tx.session.execute(query)).scalars().all()}


async def keys_in_use(tx: Tx, key_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these keys some request, or something an answered one kept, still needs."""
    wanted = list(key_ids)
    cases = select(col(RequestRow.id)).where(col(RequestRow.id).in_(wanted))
    contents = select(col(RequestRow.contents_id)).where(
        col(RequestRow.contents_id).in_(wanted), col(RequestRow.contents_key).is_not(None)
    )
    kept = select(col(ScheduledErasureRow.id)).where(
        col(ScheduledErasureRow.id).in_(wanted), col(ScheduledErasureRow.wrapped_key).is_not(None)
    )
    found = [one for query in (cases, contents, kept) for one in (await tx.session.execute(query)).scalars().all()]
    return {one for one in found if one is not None}


async def with_contents_key(tx: Tx, key_ids: Iterable[UUID]) -> Sequence[UUID]:
    """Requests that still hold their half of one of these contents keys."""
    query = select(col(RequestRow.id)).where(
        col(RequestRow.contents_id).in_(list(key_ids)), col(RequestRow.contents_key).is_not(None)
    )
    return (await tx.session.execute(query)).scalars().all()


async def newest(tx: Tx, controller: str | None = None) -> RequestRow | None:
    """The request that came in last."""
    query = select(RequestRow).order_by(col(RequestRow.id).desc()).limit(1)
    if controller is not None:
        query = query.where(col(RequestRow.controller_id) == controller)
    return (await tx.session.execute(query)).scalar_one_or_none()
