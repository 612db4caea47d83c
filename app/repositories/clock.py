"""A case's clock as rows: questions to the person with the day they were out, and what the process sees of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, delete, select
from sqlmodel import col

from app.db import Tx
from app.domain import deadlines
from app.domain.case_clock import WORKING_DAYS, Alarm, CaseClock
from app.domain.extension import ExtensionState
from app.domain.four_eyes import Subject
from app.models import ApprovalRow, LetterRow, RequestRow, SuspensionRow

#: The letter that puts a question, by what it is about.
LETTER_OF = {"identity": "identity_wanted", "clarification": "clarification"}


async def questions_of(tx: Tx, request_id: UUID) -> Sequence[SuspensionRow]:
    """A request's questions, the oldest first."""
    query = (
        select(SuspensionRow)
        .where(col(SuspensionRow.request_id) == request_id)
        .order_by(col(SuspensionRow.asked_at), col(SuspensionRow.id))
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()


async def questions_out(tx: Tx, request_id: UUID) -> Sequence[tuple[SuspensionRow, datetime]]:
    """The questions whose letter is out, with the instant it was."""
    query = (
        select(SuspensionRow, LetterRow.sent_at)  # type: ignore[call-overload]
        .join(
            LetterRow,
            (col(LetterRow.request_id) == col(SuspensionRow.request_id))
            & (col(LetterRow.about) == cast(col(SuspensionRow.id), String)),
        )
        .where(
            col(SuspensionRow.request_id) == request_id,
            col(LetterRow.kind).in_(LETTER_OF.values()),
            col(LetterRow.sent_at).is_not(None),
        )
        .order_by(col(SuspensionRow.asked_at), col(SuspensionRow.id))
        .execution_options(populate_existing=True)
    )
    return [(question, sent_at) for question, sent_at in (await tx.session.execute(query)).all()]


async def forget_extension(tx: Tx, request_id: UUID) -> None:
    """Drop the question to a second person, and the letter, of an extension that has lapsed: neither came in time."""
    await tx.session.execute(
        delete(ApprovalRow).where(
            col(ApprovalRow.request_id) == request_id,
            col(ApprovalRow.subject) == Subject.EXTENSION.value,
            col(ApprovalRow.verdict).is_(None),
        )
    )
    await tx.session.execute(
        delete(LetterRow).where(
            col(LetterRow.request_id) == request_id,
            col(LetterRow.kind) == "extension",
            col(LetterRow.sent_at).is_(None),
        )
    )


def seen(row: RequestRow, sent: Mapping[str, datetime | None]) -> CaseClock:
    """The clock as the process sees it; *sent* says when each letter was out."""
    told, zone = row.deadline, ZoneInfo(row.deadline["timezone"])

    def out_on(kind: str) -> date | None:
        at = sent.get(kind)
        return None if at is None else deadlines.civil_date(at, zone=zone)

    return CaseClock(
        extension=ExtensionState(row.extension_state) if row.extension_state else None,
        notice_sent_on=out_on("extension"),
        alarm_days={
            alarm: date.fromisoformat(told["breach_on"] if days > 0 else told["alarms_on"][str(days)])
            for alarm, days in WORKING_DAYS.items()
        },
        raised=raised(row),
        refusal_due_on=date.fromisoformat(told["refusal_notice_due_on"]),
        refusal_sent_on=out_on("refusal"),
    )


def raised(row: RequestRow) -> frozenset[Alarm]:
    """The alarms raised, as far as they are about the present due date."""
    now = row.due_on.isoformat()
    return frozenset(
        Alarm(one["alarm"]) for one in row.alarms if one["due_on"] == now or Alarm(one["alarm"]) not in WORKING_DAYS
    )
