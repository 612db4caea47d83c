"""A task as a processor is told of it: only the identifiers that processor declared, only what it needs to know."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.db import Tx
from app.domain.fanout import Action
from app.models import ProcessorRow, RequestRow, TaskRow
from app.processors import Order
from app.repositories import cases
from app.services import sealing, tasks
from app.services.claims import details_of
from app.services.context import Context
from app.services.steps import UnknownRequest

_FORMATS = {"personnummer": "YYYYMMDDNNNN", "email": "rfc5321", "phone": "e164"}


async def order_for(tx: Tx, ctx: Context, processor: ProcessorRow, task: TaskRow) -> Order:
    """What to send for a task; opens the sealed person for this one use."""
    row = await cases.request(tx, task.request_id)
    if row is None:
        raise UnknownRequest
    return Order(
        task_id=str(task.id),
        reference=row.reference,
        controller=row.controller_id,
        action=Action(task.action),
        categories=tuple(task.categories),
        identifiers=tuple(_identifiers(ctx, row, processor)),
        details=await _details(tx, ctx, row, task),
        answer_by=task.answer_by,
        callback_url=f"{ctx.settings.base_url}/v1/callbacks/{tasks.callback_token(ctx, row.controller_id, task.id)}",
        callback_expires_at=tasks.token_expires_at(ctx, row),
        asked_at=tx.now,
    )


def person_of(ctx: Context, row: RequestRow) -> Mapping[str, Any]:
    """The sealed person, opened: ``identifiers`` and ``contact``."""
    opened: dict[str, Any] = sealing.unseal(ctx, row, row.subject_sealed, table="request", column="subject", id=row.id)
    return opened


def _identifiers(ctx: Context, row: RequestRow, processor: ProcessorRow) -> list[Mapping[str, str]]:
    allowed = set(processor.identifier_types)
    return [
        {"type": one["type"], "value": one["value"], "format": _FORMATS.get(one["type"], "text")}
        for one in person_of(ctx, row)["identifiers"]
        if one["type"] in allowed
    ]


async def _details(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> Mapping[str, Any]:
    if task.action == Action.FREEZE:
        # R15-11: hold automatic deletion until the case can no longer be running.
        return {"until": datetime.fromisoformat(row.deadline["extended_due_on"]).date().isoformat()}
    if task.claim_id is None:
        return {}
    claims = await cases.claims_of(tx, [row.id])
    claim = next(one for one in claims if one.id == task.claim_id)
    details = dict(details_of(ctx, row, claim))
    if task.action == Action.NOTIFY:
        return {"right": claim.right} | details
    return details
