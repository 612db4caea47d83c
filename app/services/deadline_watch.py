"""
When a case is due: worked out in one place, moved by nothing unseen, and watched.

A later date comes only from what the law knows: an extension that was claimed and told in time, a question that was
answered. A new holiday table gives an earlier date at once; a later one only when a member of staff says so.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, assert_never

from app.db import Tx
from app.domain import deadlines
from app.domain.audit import AuditStep
from app.domain.case import Phase
from app.domain.case_clock import WORKING_DAYS, Alarm, ClockAct, LapseExtension, RaiseAlarm, TakeExtension
from app.domain.deadlines import Deadline, Suspension
from app.domain.errors import DomainError
from app.domain.extension import ExtensionState
from app.domain.fanout import TaskState
from app.domain.working_days import months_later
from app.models import RequestRow, SuspensionRow
from app.observability import ALARMS
from app.repositories import cases, clock
from app.repositories.cases import CaseRows
from app.services import steps
from app.services.context import INSYN, Actor, Context

#: A date that a new holiday table would allow, and the table; shown, and taken only by a person.
LATER, LATER_WITH = "later_possible_on", "later_possible_with"
#: Where an extension stands, in the deadline object; staff's to know until it takes effect.
EXTENSION = "extension"


class NoLaterDate(DomainError):
    """There is no later due date to confirm, or the present one has passed."""


async def reckon(tx: Tx, ctx: Context, row: RequestRow, *, cause: str, actor: Actor = INSYN) -> None:
    """
    Work out when a held request is due from what is written about it, and let that hold.

    Args:
        cause: Why it may have moved, for the audit: ``extension``, ``suspension``, ``calendar``.
    """
    await tx.session.flush()
    await _let_hold(tx, ctx, row, await _worked_out(tx, ctx, row), cause=cause, actor=actor)


async def look(tx: Tx, ctx: Context, case: CaseRows) -> None:
    """
    Work the date out anew where something it hangs on has changed by itself: the holiday table, a letter that is out.
    """
    row = case.row
    if row.phase == Phase.CLOSED:
        return
    is_known = _knows_the_calendar(ctx, row)
    if is_known and not any(key.startswith(tuple(clock.LETTER_OF.values())) for key in case.sent):
        return
    fresh = await _worked_out(tx, ctx, row)
    if not is_known:
        await _with_a_new_calendar(tx, ctx, row, fresh)
    elif fresh.as_json()["suspensions"] != row.deadline["suspensions"]:
        await tx.session.flush()
        await _let_hold(tx, ctx, row, fresh, cause="suspension", actor=INSYN)


async def take_later(tx: Tx, ctx: Context, row: RequestRow, *, actor: Actor) -> None:
    """
    Let the later date of a new holiday table hold, on a person's word.

    Raises:
        NoLaterDate: There is none, or the present date has passed: what is late stays late.
    """
    if LATER not in row.deadline or tx.now >= datetime.fromisoformat(row.deadline["late_from"]):
        raise NoLaterDate
    await reckon(tx, ctx, row, cause="calendar", actor=actor)
    await steps.changed(tx, row)


async def do(tx: Tx, ctx: Context, case: CaseRows, act: ClockAct) -> None:
    """Do what a case's clock asks for."""
    row = case.row
    match act:
        case RaiseAlarm(alarm):
            await _raise(tx, ctx, row, alarm)
        case TakeExtension():
            row.extension_state, row.extended_at = ExtensionState.EFFECTIVE, tx.now
            await reckon(tx, ctx, row, cause="extension")
        case LapseExtension():
            row.extension_state = ExtensionState.LAPSED
            show_extension(row)
            await tx.session.flush()
            await clock.forget_extension(tx, row.id)
            if case.sent.get("extension") is None:
                case.letters.discard("extension")
                case.sent.pop("extension", None)
            await _raise(tx, ctx, row, Alarm.EXTENSION_LAPSED)
        case _:
            assert_never(act)


_WRITTEN_AS = {
    Alarm.OVERDUE: AuditStep.REQUEST_OVERDUE,
    Alarm.EXTENSION_LAPSED: AuditStep.REQUEST_EXTENSION_LAPSED,
    Alarm.REFUSAL_LATE: AuditStep.REQUEST_REFUSAL_LATE,
    Alarm.LATER_DATE_POSSIBLE: AuditStep.REQUEST_LATER_DATE_POSSIBLE,
}


async def _raise(tx: Tx, ctx: Context, row: RequestRow, alarm: Alarm, **facts: Any) -> None:
    """Put an alarm where staff see it."""
    due_on = row.due_on.isoformat()
    today = ctx.today(row.controller_id, tx.now).isoformat()
    row.alarms = [*row.alarms, {"alarm": alarm.value, "on": today, "due_on": due_on}]
    row.version += 1
    if alarm in WORKING_DAYS:
        facts["working_days"] = WORKING_DAYS[alarm]
    step = _WRITTEN_AS.get(alarm, AuditStep.REQUEST_DUE_SOON)
    await steps.note(tx, row, step, actor=INSYN, facts={"due_on": due_on, **facts})
    ALARMS.labels(alarm=alarm.value, controller=row.controller_id).inc()


async def _worked_out(tx: Tx, ctx: Context, row: RequestRow) -> Deadline:
    out = await clock.questions_out(tx, row.id)
    return ctx.explain_deadline(
        row.controller_id,
        row.received_at,
        extended=row.extension_state == ExtensionState.EFFECTIVE,
        suspensions=_suspensions(ctx, row, out),
    )


def _suspensions(ctx: Context, row: RequestRow, out: Iterable[tuple[SuspensionRow, datetime]]) -> Iterable[Suspension]:
    """What the clock may stand still for: from the day the question was out, never from the day it was thought of."""
    zone = ctx.zone(row.controller_id)
    for question, sent_at in out:
        answered_at = question.answered_at
        if question.stops and (answered_at is None or answered_at >= sent_at):
            yield Suspension(
                asked_on=deadlines.civil_date(sent_at, zone=zone),
                answered_on=None if answered_at is None else deadlines.civil_date(answered_at, zone=zone),
                reason="identity" if question.reason == "identity" else "clarification",
            )


def _knows_the_calendar(ctx: Context, row: RequestRow) -> bool:
    used = ctx.calendar(row.controller_id).used
    now = {"variant": used.variant, "source": used.source}
    return now in (row.deadline["calendar"], row.deadline.get(LATER_WITH))


async def _with_a_new_calendar(tx: Tx, ctx: Context, row: RequestRow, fresh: Deadline) -> None:
    """An earlier date holds at once, a later one is only shown: no case gets more time by itself."""
    if fresh.binding_on <= row.due_on:
        await tx.session.flush()
        await _let_hold(tx, ctx, row, fresh, cause="calendar", actor=INSYN)
        return
    told, later = fresh.as_json(), fresh.binding_on.isoformat()
    is_new = row.deadline.get(LATER) != later
    row.deadline = {**row.deadline, LATER: later, LATER_WITH: told["calendar"]}
    if is_new:
        await _raise(tx, ctx, row, Alarm.LATER_DATE_POSSIBLE, later_on=later)


async def _let_hold(tx: Tx, ctx: Context, row: RequestRow, deadline: Deadline, *, cause: str, actor: Actor) -> None:
    before = row.due_on
    row.deadline, row.due_on = deadline.as_json(), deadline.binding_on
    show_extension(row)
    if row.due_on == before:
        return
    row.version += 1
    step = AuditStep.REQUEST_EXTENDED if cause == "extension" else AuditStep.REQUEST_DEADLINE_MOVED
    facts = {"from": before.isoformat(), "to": row.due_on.isoformat(), "cause": cause}
    await steps.note(tx, row, step, actor=actor, facts=facts)
    await tx.session.flush()
    asked_by = answer_by(tx, ctx, row)
    for task in await cases.tasks_of(tx, row.id):
        if task.state != TaskState.CLOSED:
            task.answer_by = asked_by
    await tx.session.flush()


def show_extension(row: RequestRow) -> None:
    """Say in the deadline object where an extension stands, if one was asked for."""
    if row.extension_state is not None:
        state = {"state": str(row.extension_state), "ground": row.extension_ground}
        row.deadline = {**row.deadline, EXTENSION: state}


def answer_by(tx: Tx, ctx: Context, row: RequestRow) -> date:
    """The day on which a processor asked today should have answered; it follows the case, not a fixed term (B.3)."""
    today = ctx.today(row.controller_id, tx.now)
    # What comes after the answer (a restriction is lifted) has no statutory day: a month, as for everything else.
    is_over = row.phase == Phase.CLOSED
    return deadlines.answer_by(
        deadline_on=months_later(today, 1) if is_over else row.due_on,
        today=today,
        calendar=ctx.calendar(row.controller_id),
    )
