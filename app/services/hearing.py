"""
What the end of a task tells beside its outcome: where the person is reached, and what was just put in its place.
"""

from app.db import Tx
from app.domain import guarding
from app.domain.audit import AuditStep
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.domain.finding import is_about_who_asks
from app.letters.notices import say_instant
from app.models import ProcessorRow, RequestRow, TaskRow
from app.repositories import cases, registry
from app.services import channels, persons, protecting, steps
from app.services.context import INSYN, Context


async def tell_latecomers(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """
    An address was found while a wait ran: it is told as well, and has a day to answer at least.
    """
    waiting = [
        claim
        for claim in await cases.claims_of(tx, [row.id])
        if claim.outcome is None and claim.cooling_until is not None and claim.cooling_until > tx.now
    ]
    if not waiting:
        return
    until = max(*(claim.cooling_until for claim in waiting if claim.cooling_until), tx.now + guarding.LATECOMERS)
    said = say_instant(until, ctx.zone(row.controller_id), "en" if row.language == "en" else "sv")
    told = await channels.tell(tx, ctx, row, "cooling_off", once="late", until=said)
    if told.mails:
        for claim in waiting:
            claim.cooling_until = until


def is_heard(ctx: Context, row: RequestRow, processor: ProcessorRow | None) -> bool:
    """Whether what a recipient says of danger counts at once."""
    accepts = processor.identifier_types if processor is not None else ()
    return is_about_who_asks(persons.known_as(ctx, row), accepts=accepts)


async def heard(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, body: object) -> None:
    """
    A task has ended: learn where the person is reached, or guard the address that was just put there.

    Called with every end of a task, a processor's word or a person's.
    """
    said = body if isinstance(body, dict) else {}
    if task.action == Action.LOCATE and task.outcome != Outcome.NOT_FOUND:
        processor = await registry.processor(tx, task.processor_id)
        source = processor.key if processor is not None else "removed"
        marks = await channels.learn(tx, ctx, row, source=source, facts=said.get("facts"))
        # What is about a typed name may be another's danger: it waits for a comparison (app.services.reported).
        if is_heard(ctx, row, processor):
            await protecting.mark_as_told(tx, ctx, row, marks)
        await tell_latecomers(tx, ctx, row)
    elif task.action == Action.RECTIFY and task.outcome in DONE and task.claim_id is not None:
        claim = next(one for one in await cases.claims_of(tx, [row.id]) if one.id == task.claim_id)
        if await channels.note_changes(tx, ctx, row, claim):
            told = await channels.tell(tx, ctx, row, "contact_changed", once=str(claim.id))
            await steps.note(tx, row, AuditStep.REQUEST_CONTACT_CHANGED, actor=INSYN, facts=told.facts())
