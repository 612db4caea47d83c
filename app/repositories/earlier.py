"""What a person asked before, found by blind index and by the key their requests lie under."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import col

from app.db import Tx
from app.domain.case import ClaimOutcome
from app.models import ClaimRow, DisagreementNoteRow, IdentifierRow, RequestRow

#: Ended so, nothing was asked for or nobody knows by whom: no earlier request to count.
_NOT_COMPARABLE = (ClaimOutcome.WITHDRAWN.value, ClaimOutcome.NOT_IDENTIFIED.value)


def _of_the_same_person(row: RequestRow, blinds: Iterable[bytes]) -> ColumnElement[bool]:
    known = select(col(IdentifierRow.request_id)).where(col(IdentifierRow.blind).in_(list(blinds)))
    same: list[ColumnElement[bool]] = [col(RequestRow.id).in_(known)]
    if row.subject_key is not None:
        same.append(col(RequestRow.subject_key) == row.subject_key)
    return or_(*same)


async def last_comparable(tx: Tx, row: RequestRow, right: str, blinds: Iterable[bytes]) -> datetime | None:
    """When the same person's last request of that right at the same controller was received, before this one."""
    query = (
        select(col(RequestRow.received_at))
        .join(ClaimRow, col(ClaimRow.request_id) == col(RequestRow.id))
        .where(
            col(RequestRow.controller_id) == row.controller_id,
            col(RequestRow.id) != row.id,
            col(RequestRow.received_at) <= row.received_at,
            col(ClaimRow.right) == right,
            col(ClaimRow.outcome).is_(None) | col(ClaimRow.outcome).not_in(_NOT_COMPARABLE),
            _of_the_same_person(row, blinds),
        )
        .order_by(col(RequestRow.received_at).desc())
        .limit(1)
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def disagreements(
    tx: Tx, row: RequestRow, blinds: Iterable[bytes]
) -> list[tuple[DisagreementNoteRow, RequestRow]]:
    """The same person's notes of disagreement at the same controller, with the requests they belong to."""
    query = (
        select(DisagreementNoteRow, RequestRow)
        .join(RequestRow, col(DisagreementNoteRow.request_id) == col(RequestRow.id))
        .where(col(RequestRow.controller_id) == row.controller_id, _of_the_same_person(row, blinds))
        .order_by(col(DisagreementNoteRow.made_at), col(DisagreementNoteRow.id))
    )
    return [(note, request) for note, request in (await tx.session.execute(query)).all()]


async def disagreement_of(tx: Tx, claim_id: UUID) -> DisagreementNoteRow | None:
    query = select(DisagreementNoteRow).where(col(DisagreementNoteRow.claim_id) == claim_id)
    return (await tx.session.execute(query)).scalar_one_or_none()
