"""
Mails to recipients that did not arrive: refused at once, given up, or reported later. A person finds another way.
"""

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.bounces import read_bounce
from app.domain.fanout import TaskState
from app.models import OutgoingMailRow, RequestRow
from app.repositories import mail as outgoing
from app.repositories import recipients as stored
from app.services import steps, tasks
from app.services.context import INSYN

REASON = "delivery_failed"
#: A mail that was not sent because there is nothing left to send it for.
_NOBODY_WAITS = frozenset({"task_over", "code_over"})


async def has_failed(tx: Tx, request: RequestRow, mail: OutgoingMailRow, code: str) -> None:
    """No server takes the mail: its task is a person's now. The caller holds the request."""
    if code not in _NOBODY_WAITS:
        await _hand_over(tx, request, mail, code)


async def bounced(tx: Tx, raw: bytes) -> bool:
    """
    Take a report that a mail did not arrive (RFC 3464); whether it is about one of ours to a recipient, and for good.

    Taken twice it is the same report.
    """
    bounce = read_bounce(raw)
    found = await stored.mail_to_recipient(tx, bounce.mail_id) if bounce is not None else None
    if bounce is None or found is None:
        return False
    request = await steps.hold(tx, found.request_id)
    mail = await outgoing.mail(tx, found.id, lock=True)  # as it stands now: two reports may come at once
    if mail is not None and mail.failure is None:
        mail.failure = f"status_{bounce.status.replace('.', '_')}"
        await _hand_over(tx, request, mail, mail.failure)
    return True


async def _hand_over(tx: Tx, request: RequestRow, mail: OutgoingMailRow, code: str) -> None:
    if mail.task_id is None:
        return
    facts = {"task_id": str(mail.task_id), "mail_id": str(mail.id), "code": code}
    await steps.note(tx, request, AuditStep.TASK_MAIL_FAILED, actor=INSYN, facts=facts)
    _, task = await tasks.hold_with_request(tx, mail.task_id)
    if task.state not in (TaskState.CLOSED, TaskState.NEEDS_PERSON):
        await tasks.hand_to_person(tx, request, task, REASON, code=code)
        await steps.changed(tx, request)
