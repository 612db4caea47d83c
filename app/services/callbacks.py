"""
A processor calls back.

The address says which task; the signature says who. An event counts once, for ever. A replay is thanked, a late one is
told that the task is over, a stranger is told nothing.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from app.db import Tx
from app.domain import webhook_signature
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.fanout import TaskState
from app.models import RequestRow, TaskRow
from app.processors import AnswerNotUnderstood, parse_json, read_outcome
from app.repositories import cases, replays
from app.services import registration, steps, tasks
from app.services.context import Actor, Context
from app.services.handing_over import is_taken_back


class UnknownCallback(DomainError):
    """There is no such callback address."""


class CallbackOver(DomainError):
    """The task has been answered, or the case's statutory time is over; nothing more is taken."""


def controller_of(ctx: Context, token: str) -> str:
    """The tenant a token belongs to; raises :class:`UnknownCallback`. Says nothing about the token's truth."""
    controller, _, secret = token.partition(".")
    if controller not in ctx.profiles or not 40 <= len(secret) <= 64:
        raise UnknownCallback
    return controller


async def receive(
    tx: Tx, ctx: Context, token: str, *, headers: Mapping[str, str], body: bytes, wall_clock: float
) -> bool:
    """
    Take a processor's answer; True if it counted, False if it was a replay.

    Args:
        wall_clock: Unix seconds of the machine's own clock: signatures do not travel in the sandbox's time.

    Raises:
        UnknownCallback: No such address. WebhookRefused: Not signed by this task's processor, or stale.
        CallbackOver: Too late. AnswerNotUnderstood: Signed, but not an outcome.
    """
    task = await cases.task_by_token(tx, hashlib.sha256(token.encode()).digest())
    if task is None:
        raise UnknownCallback
    event_id = await verified(tx, ctx, task, headers, body, wall_clock)
    row, task = await tasks.hold_with_request(tx, task.id)
    if not await replays.is_first(tx, task, event_id):
        return False
    check_open(tx, ctx, row, task)
    answer = read_outcome(_data(body, task), code="callback")
    tasks.check_categories(ctx, task, answer.body)
    facts = {"task_id": str(task.id), "outcome": answer.outcome.value}
    await steps.note(
        tx, row, AuditStep.CALLBACK_ACCEPTED, actor=Actor("processor", str(task.processor_id)), facts=facts
    )
    await tasks.settle(tx, ctx, row, task, answer, by="callback")
    return True


async def verified(
    tx: Tx, ctx: Context, task: TaskRow, headers: Mapping[str, str], body: bytes, wall_clock: float
) -> str:
    """
    The event's id, where the task's processor has signed it and its word counts.

    Raises:
        UnknownCallback: It is removed, not connected, or of a kind that does not call back. WebhookRefused
    """
    processor = await registration.heard(tx, task.processor_id, *registration.CALLS_BACK)
    if processor is None:
        raise UnknownCallback
    secrets = registration.secrets_of(ctx, processor, at=datetime.fromtimestamp(wall_clock, UTC))
    return webhook_signature.verify(secrets, headers, body, int(wall_clock))


def check_open(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> None:
    """Refuse a word about a task that is over, or was taken from whoever was asked: :class:`CallbackOver`."""
    is_over = task.state == TaskState.CLOSED or is_taken_back(task)
    if is_over or tx.now >= tasks.token_expires_at(ctx, row, task):
        raise CallbackOver


def _data(body: bytes, task: TaskRow) -> dict[str, object]:
    message = parse_json(body)
    data = message.get("data")
    if message.get("type") != "task.outcome" or not isinstance(data, dict):
        raise AnswerNotUnderstood("The message is not a task.outcome with its data.")
    if data.get("task_id") != str(task.id):
        raise AnswerNotUnderstood("The message speaks of another task than its address.")
    _refuse_naive(message.get("timestamp"))
    return data


def _refuse_naive(stamp: object) -> None:
    try:
        read = datetime.fromisoformat(str(stamp))
    except ValueError:
        raise AnswerNotUnderstood("The timestamp is not an instant.") from None
    if read.tzinfo is None:
        raise AnswerNotUnderstood("The timestamp lacks its offset.")
