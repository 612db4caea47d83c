"""
Mails to recipients without an API: what is due is written with the attempt it belongs to, and goes out with all others.

The page's address is made from a key of ours and the task, like a callback's: only its hash is stored, and every mail
about the task names the same one. It begins with the controller, so that it enters one tenant and no other.
"""

import base64
import hashlib
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from app.db import Tx
from app.domain import recipient_page as rules
from app.domain.audit import AuditStep
from app.domain.fanout import TaskState
from app.letters import recipient_mails
from app.letters.words import Language
from app.models import OutgoingMailRow, ProcessorRow, RecipientPageRow, RequestRow, TaskRow
from app.post import Never
from app.processors import MailDue
from app.repositories import cases
from app.repositories import recipients as stored
from app.services import outbox, standing, steps
from app.services.context import INSYN, Context
from app.services.outbox import ToRecipient
from app.vault import Unreadable

#: A mail about a request that stands still waits this long before it is looked at again.
HELD_BACK = timedelta(hours=1)
CODE = "code"


def page_token(ctx: Context, controller: str, task_id: UUID) -> str:
    """The secret part of a page's address, 256 bits; no callback's, so neither opens the other's door."""
    secret = ctx.vault.blind_index(controller=controller, type="page_token", normalised=str(task_id))
    return f"{controller}.{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def number_of(row: RequestRow, task: TaskRow) -> str:
    """What a recipient calls a task: the case and four signs more, for it may have several of one case."""
    return f"{row.reference}/{task.id.hex[-4:].upper()}"


def name_of(ctx: Context, controller: str) -> str:
    return ctx.profile(controller).controller.name.value or controller


async def put(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, processor: ProcessorRow, due: MailDue) -> None:
    """
    Write the mail that an attempt found due; the caller records the attempt in this transaction.

    An attempt is recorded once, so its mail is written once.
    """
    language: Language = "en" if due.language == "en" else "sv"
    token = page_token(ctx, row.controller_id, task.id)
    await stored.make_page(
        tx,
        RecipientPageRow(
            task_id=task.id,
            request_id=row.id,
            controller_id=row.controller_id,
            token_hash=hash_of(token),
            language=language,
            made_at=tx.now,
        ),
    )
    said = recipient_mails.asked(
        language,
        controller=name_of(ctx, row.controller_id),
        recipient=processor.title,
        number=number_of(row, task),
        answer_by=task.answer_by,
        link=f"{ctx.settings.base_url}/p/{token}",
        reminds=due.kind != "asked",
    )
    await outbox.put(
        tx,
        ctx,
        row,
        to=due.to,
        subject=said.subject,
        text=said.text,
        dedupe=f"task:{task.id}:{task.attempts}",
        recipient=ToRecipient(task_id=task.id, purpose=due.kind, language=language),
    )


async def put_code(
    tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, *, to: str, language: Language, code_id: UUID, code: str
) -> None:
    """Write the mail with a one-time code for a task's page."""
    minutes = int(rules.CODE_LIVES.total_seconds() // 60)
    name, number = name_of(ctx, row.controller_id), number_of(row, task)
    said = recipient_mails.code(language, controller=name, number=number, code=code, minutes=minutes)
    recipient = ToRecipient(task_id=task.id, purpose=CODE, language=language)
    await outbox.put(
        tx, ctx, row, to=to, subject=said.subject, text=said.text, dedupe=f"page:{code_id}", recipient=recipient
    )


async def keeps_back(tx: Tx, ctx: Context, request: RequestRow, mail: OutgoingMailRow) -> Never | timedelta | None:
    """
    Why a mail that is due to a recipient does not go out: not any more, or not while its request stands still.
    """
    task = await cases.task(tx, mail.task_id) if mail.task_id is not None else None
    if task is None or task.state == TaskState.CLOSED:
        return Never("task_over")
    if mail.purpose == CODE and tx.now >= mail.made_at + rules.CODE_LIVES:
        return Never("code_over")
    with suppress(Unreadable):  # it names nobody, and its page then shows nothing
        if mail.purpose != CODE and not await standing.may_leave(tx, ctx, request, task):
            return Never(standing.NOT_DECIDED)
    if request.is_stopped:
        mail.attempts, mail.next_at = mail.attempts - 1, tx.now + HELD_BACK  # it was not tried
        return HELD_BACK
    return None


async def is_sent(tx: Tx, request: RequestRow, mail: OutgoingMailRow) -> None:
    """A mail server has taken it; that is all: nothing is done by it."""
    if mail.purpose == CODE:
        return
    step = AuditStep.TASK_SENT if mail.purpose == "asked" else AuditStep.TASK_REMINDED
    facts = {"task_id": str(mail.task_id), "mail_id": str(mail.id), "via": "email"}
    await steps.note(tx, request, step, actor=INSYN, facts=facts)
