"""
Who is reached where, since when, what was sent there; and which cases are not there for whoever is not trained.

A case of somebody who must not be found is left out of every list, search and reading of staff who are no trained
handlers: :func:`may_see` stands in the query itself, so that there is no row to forget to hide.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.db import Tx
from app.domain.case import Phase
from app.domain.fanout import TaskState
from app.models import (
    ApprovalRow,
    ContactChangeRow,
    DownloadRow,
    IdentifierRow,
    KnownChannelRow,
    OneTimeCodeRow,
    OutgoingMailRow,
    ProtectionMarkRow,
    RequestRow,
    ScheduledErasureRow,
    TaskRow,
)

#: More addresses than one person has; what goes beyond is a mistake or an attack.
MOST_CHANNELS = 50
#: Whoever files without a login: only then a one-time code can be wanted.
ANONYMOUS = "anonymous"


def may_see(tx: Tx) -> ColumnElement[bool]:
    """What a query for requests demands besides."""
    return true() if tx.sees_protected else col(RequestRow.protected).is_(False)


def may_see_its_request(tx: Tx, request_id: Any) -> ColumnElement[bool]:
    """The same for a query for what belongs to a request."""
    if tx.sees_protected:
        return true()
    return col(request_id).not_in(select(col(RequestRow.id)).where(col(RequestRow.protected)))


# --- channels --------------------------------------------------------------------------------------------------------


async def put_channel(tx: Tx, channel: KnownChannelRow) -> None:
    """Note an address; of two words about one the older date counts, for the newer may have been copied from it."""
    made = insert(KnownChannelRow).values(**channel.model_dump())
    await tx.session.execute(
        made.on_conflict_do_update(
            index_elements=["request_id", "blind"],
            set_={"since": func.least(col(KnownChannelRow.since), made.excluded.since)},
        )
    )


async def channels_of(tx: Tx, row: RequestRow) -> Sequence[tuple[RequestRow, KnownChannelRow]]:
    """The addresses known for a request's person: in this request, and in others under the same login."""
    same = col(RequestRow.id) == row.id
    if row.subject_key is not None:
        same = same | (col(RequestRow.subject_key) == row.subject_key)
    query = (
        select(RequestRow, KnownChannelRow)
        .join(KnownChannelRow, col(KnownChannelRow.request_id) == col(RequestRow.id))
        .where(col(RequestRow.controller_id) == row.controller_id, same)
        .order_by(col(KnownChannelRow.since), col(KnownChannelRow.blind))
        .limit(MOST_CHANNELS)
    )
    return [(of, channel) for of, channel in (await tx.session.execute(query)).all()]


async def told(tx: Tx, row: RequestRow, blind: bytes) -> None:
    await tx.session.execute(
        update(KnownChannelRow)
        .where(col(KnownChannelRow.request_id) == row.id, col(KnownChannelRow.blind) == blind)
        .values(told_at=tx.now)
    )


async def known_since(tx: Tx, controller: str, blinds: Iterable[bytes]) -> dict[bytes, date]:
    """Since when a controller has had each of these addresses, of those it has."""
    query = (
        select(col(KnownChannelRow.blind), func.min(col(KnownChannelRow.since)))
        .where(col(KnownChannelRow.controller_id) == controller, col(KnownChannelRow.blind).in_(list(blinds)))
        .group_by(col(KnownChannelRow.blind))
    )
    return {blind: since for blind, since in (await tx.session.execute(query)).all()}  # noqa: C416


async def changed_since(tx: Tx, controller: str, blinds: Iterable[bytes]) -> dict[bytes, date]:
    """When each of these addresses was last put in the place of another through us."""
    query = (
        select(col(ContactChangeRow.new_blind), func.max(col(ContactChangeRow.since)))
        .where(col(ContactChangeRow.controller_id) == controller, col(ContactChangeRow.new_blind).in_(list(blinds)))
        .group_by(col(ContactChangeRow.new_blind))
    )
    return {blind: since for blind, since in (await tx.session.execute(query)).all()}  # noqa: C416


async def put_change(tx: Tx, change: ContactChangeRow) -> bool:
    """Note that an address was changed; False when that is known."""
    made = (
        insert(ContactChangeRow)
        .values(**change.model_dump())
        .on_conflict_do_nothing(index_elements=["request_id", "new_blind"])
        .returning(ContactChangeRow.__table__.c.id)  # type: ignore[attr-defined]
    )
    return (await tx.session.execute(made)).scalar_one_or_none() is not None


async def identifier_known(tx: Tx, row: RequestRow, blinds: Collection[bytes]) -> bool:
    """Whether a request is about, or its known addresses hold, one of these."""
    about = select(col(IdentifierRow.blind)).where(
        col(IdentifierRow.request_id) == row.id, col(IdentifierRow.blind).in_(blinds)
    )
    reached = select(col(KnownChannelRow.blind)).where(
        col(KnownChannelRow.request_id) == row.id, col(KnownChannelRow.blind).in_(blinds)
    )
    return (await tx.session.execute(about.union_all(reached).limit(1))).first() is not None


# --- codes -----------------------------------------------------------------------------------------------------------


async def is_code_wanted(tx: Tx, row: RequestRow) -> bool:
    if row.filed_by_role != ANONYMOUS:
        return False
    return bool(await wanted_codes(tx, row))


async def wanted_codes(tx: Tx, row: RequestRow) -> Sequence[OneTimeCodeRow]:
    query = select(OneTimeCodeRow).where(
        col(OneTimeCodeRow.request_id) == row.id, col(OneTimeCodeRow.made_at).is_(None)
    )
    return (await tx.session.execute(query)).scalars().all()


async def latest_code(tx: Tx, row: RequestRow) -> OneTimeCodeRow | None:
    """The newest code that was made for a request: an older one is dead."""
    query = (
        select(OneTimeCodeRow)
        .where(col(OneTimeCodeRow.request_id) == row.id, col(OneTimeCodeRow.made_at).is_not(None))
        .order_by(col(OneTimeCodeRow.made_at).desc(), col(OneTimeCodeRow.id).desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def asked_for_codes(tx: Tx, row: RequestRow, *, after: datetime) -> int:
    query = select(func.count()).where(col(OneTimeCodeRow.request_id) == row.id, col(OneTimeCodeRow.wanted_at) > after)
    return int((await tx.session.execute(query)).scalar_one())


async def codes_sent_to(tx: Tx, controller: str, blind: bytes, *, after: datetime) -> int:
    """
    How many codes went to an address lately, whatever the request.

    The address is held until the transaction ends, so that the count is exact over any number of workers.
    """
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await tx.session.execute(lock, {"name": f"code:{controller}:{blind.hex()}"})
    query = select(func.count()).where(
        col(OneTimeCodeRow.controller_id) == controller,
        col(OneTimeCodeRow.blind) == blind,
        col(OneTimeCodeRow.made_at) > after,
    )
    return int((await tx.session.execute(query)).scalar_one())


# --- stops and marks -------------------------------------------------------------------------------------------------


async def by_reference(tx: Tx, reference: str) -> RequestRow | None:
    """A request by what people call it."""
    query = select(RequestRow).where(col(RequestRow.reference) == reference)
    return (await tx.session.execute(query)).scalars().first()


async def end_downloads(tx: Tx, request_id: UUID) -> None:
    """No way to the package is left."""
    await tx.session.execute(delete(DownloadRow).where(col(DownloadRow.request_id) == request_id))


async def open_approvals(tx: Tx, request_id: UUID) -> Sequence[ApprovalRow]:
    query = (
        select(ApprovalRow)
        .where(col(ApprovalRow.request_id) == request_id, col(ApprovalRow.verdict).is_(None))
        .with_for_update()
    )
    return (await tx.session.execute(query)).scalars().all()


async def park_tasks(tx: Tx, request_id: UUID) -> None:
    """Whatever has not been sent yet is not sent."""
    await tx.session.execute(
        update(TaskRow)
        .where(
            col(TaskRow.request_id) == request_id,
            col(TaskRow.claim_id).is_not(None),
            col(TaskRow.state) == TaskState.OPEN.value,
        )
        .values(next_at=None)
        .execution_options(synchronize_session=False)
    )


async def unsent_tasks(tx: Tx, request_id: UUID) -> Sequence[TaskRow]:
    """Tasks of claims that were parked before anybody was called."""
    query = (
        select(TaskRow)
        .where(
            col(TaskRow.request_id) == request_id,
            col(TaskRow.claim_id).is_not(None),
            col(TaskRow.state) == TaskState.OPEN.value,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()


async def stop_mails(tx: Tx, request_id: UUID, *, failure: str) -> None:
    """Mails to the person that wait do not go out; those to recipients say nothing of anybody."""
    await tx.session.execute(
        update(OutgoingMailRow)
        .where(
            col(OutgoingMailRow.request_id) == request_id,
            col(OutgoingMailRow.state) == "waiting",
            col(OutgoingMailRow.task_id).is_(None),
        )
        .values(state="failed", failure=failure, next_at=None)
        .execution_options(synchronize_session=False)
    )


async def hides(tx: Tx, row: RequestRow, *, also: Collection[bytes] = ()) -> bool:
    """
    Whether the same person is marked in another request: then this one is hidden as soon as that is known.

    Args:
        also: Further keys of the person's, beside the one the request lies under.
    """
    keys = {*also, *([row.subject_key] if row.subject_key is not None else [])}
    query = select(col(RequestRow.id)).where(
        col(RequestRow.controller_id) == row.controller_id,
        col(RequestRow.subject_key).in_(keys),
        col(RequestRow.protected),
    )
    return (await tx.session.execute(query.limit(1))).first() is not None


async def open_ones_of(tx: Tx, row: RequestRow, keys: Collection[bytes]) -> Sequence[RequestRow]:
    """Open, unmarked requests other than this one that lie under one of these keys or know a person by one."""
    about = select(col(IdentifierRow.request_id)).where(
        col(IdentifierRow.controller_id) == row.controller_id, col(IdentifierRow.blind).in_(keys)
    )
    query = (
        select(RequestRow)
        .where(
            col(RequestRow.controller_id) == row.controller_id,
            col(RequestRow.subject_key).in_(keys) | col(RequestRow.id).in_(about),
            col(RequestRow.id) != row.id,
            col(RequestRow.protected).is_(False),
            col(RequestRow.phase) != Phase.CLOSED.value,
        )
        .order_by(col(RequestRow.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()


async def hide_what_is_kept(tx: Tx, request_id: UUID, *, protected: bool) -> None:
    """Let what a request keeps be seen, or not, as the request is; it may outlive the request."""
    await tx.session.execute(
        update(ScheduledErasureRow)
        .where(col(ScheduledErasureRow.request_id) == request_id)
        .values(protected=protected)
        .execution_options(synchronize_session="fetch")
    )


async def marks_of(tx: Tx, request_id: UUID) -> Sequence[ProtectionMarkRow]:
    query = (
        select(ProtectionMarkRow)
        .where(col(ProtectionMarkRow.request_id) == request_id)
        .order_by(col(ProtectionMarkRow.at), col(ProtectionMarkRow.id))
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()
