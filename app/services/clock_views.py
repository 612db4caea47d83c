"""What people see of a case's clock: its extension, its alarms, its questions."""

from datetime import date
from typing import Any

from app.db import Tx
from app.domain.case import Phase
from app.domain.case_clock import Alarm
from app.domain.fanout import TaskState
from app.models import RequestRow, SuspensionRow
from app.repositories import cases, clock, letters
from app.services import clarification, deadline_watch, extension
from app.services.context import Context

View = dict[str, Any]


async def own(tx: Tx, row: RequestRow) -> View:
    """Of a case as its person sees it: which questions wait. What they say is in their letters."""
    return {"questions": [question(one) for one in await clock.questions_of(tx, row.id)]}


def question(one: SuspensionRow) -> View:
    """A question without its words."""
    return {
        "id": one.id,
        "kind": one.reason,
        "reason": one.code,
        "asked_at": one.asked_at,
        "answered_at": one.answered_at,
    }


async def staff(tx: Tx, ctx: Context, row: RequestRow) -> View:
    """Of a case as staff see it."""
    tasks = [task for task in await cases.tasks_of(tx, row.id) if task.state != TaskState.CLOSED]
    wanted = min((task.answer_by for task in tasks), default=None)
    if wanted is None and row.phase != Phase.CLOSED:
        wanted = deadline_watch.answer_by(tx, ctx, row)
    return {
        "extension": await _extension(tx, ctx, row),
        "alarms": [_alarm(row, one) for one in row.alarms],
        "refusal_late": any(one["alarm"] == Alarm.REFUSAL_LATE for one in row.alarms),
        "processors_answer_by": wanted,
        "questions": [
            question(one)
            | {
                "text": clarification.question_text(ctx, row, one),
                "answer": clarification.answer_text(ctx, row, one),
                "asked_by": one.asked_by,
            }
            for one in await clock.questions_of(tx, row.id)
        ],
    }


def _alarm(row: RequestRow, one: View) -> View:
    """An alarm of an earlier due date is over."""
    return {
        "alarm": one["alarm"],
        "raised_on": date.fromisoformat(one["on"]),
        "due_on": date.fromisoformat(one["due_on"]),
        "current": Alarm(one["alarm"]) in clock.raised(row),
    }


async def _extension(tx: Tx, ctx: Context, row: RequestRow) -> View | None:
    if row.extension_state is None:
        return None
    told = [letter for letter in await letters.letters_of(tx, row) if letter.kind == "extension"]
    return extension_of(row) | {
        "reasons": extension.reasons_of(ctx, row),
        "notice_sent_at": told[0].sent_at if told else None,
    }


def extension_of(row: RequestRow) -> View:
    """An extension without its reasons."""
    return {
        "state": row.extension_state,
        "ground": row.extension_ground,
        "asked_by": row.extension_asked_by,
        "asked_at": row.extension_asked_at,
        "approved_by": row.extension_approved_by,
        "notice_due_on": date.fromisoformat(row.deadline["answer_by_extension_notice"]),
        "until": date.fromisoformat(row.deadline["extended_due_on"]),
        "effective_at": row.extended_at,
    }
