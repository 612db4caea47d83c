"""
What recipients have said of danger, and from when on it counts for a case.

A search may have been asked with what somebody only typed: what it says may then be about another person, whose danger
marks nobody else's case. It lies with the sealed answer until a person has compared what was typed. Where the search
was asked with anything that somebody answers for it counts at once: whoever must not be found is not kept in the open
for the sake of a name she typed as well (GDPR Art. 5(1)(f), 32).
"""

from app.db import Tx
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.identity import RiskMark
from app.models import RequestRow
from app.repositories import cases, registry
from app.services import channels, hearing, protecting, steps, tasks
from app.services.context import Context


async def take_over(tx: Tx, ctx: Context, row: RequestRow, *, compared: bool = False) -> bool:
    """
    Mark a held request with what its searches have said, as far as it counts by now; whether anything was new.

    Args:
        compared: Whether a person has compared what was only typed, so that every answer is about who asks.
    """
    found: set[RiskMark] = set()
    for task in await cases.tasks_of(tx, row.id):
        if task.action != Action.LOCATE or task.state != TaskState.CLOSED or task.outcome == Outcome.NOT_FOUND:
            continue
        facts = tasks.answer_of(ctx, row, task).get("facts")
        said = channels.reported_marks(facts, today=ctx.today(row.controller_id, tx.now)) if facts else frozenset()
        if said and (compared or hearing.is_heard(ctx, row, await registry.processor(tx, task.processor_id))):
            found |= said
    if found <= protecting.marks_of(row):
        return False
    await protecting.mark_as_told(tx, ctx, row, found)
    await steps.changed_unless_closed(tx, row)
    return True
