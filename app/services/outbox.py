"""
Mails on their way out: written with the case, sealed, sent by a worker (``letter.send``).

A mail holds no personal data but its address, no link that logs anybody in, and is written once per ``dedupe``.
"""

from dataclasses import dataclass
from uuid import UUID

from app.db import Tx
from app.models import OutgoingMailRow, RequestRow
from app.repositories import jobs
from app.repositories import mail as stored
from app.services import sealing
from app.services.context import Context
from app.services.ids import new_id


@dataclass(frozen=True, kw_only=True)
class ToRecipient:
    """That a mail goes to a task's recipient and not to the request's person, what for, and in which language."""

    task_id: UUID
    purpose: str  #: asked, reminder, code
    language: str


async def put(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    *,
    to: str,
    subject: str,
    text: str,
    dedupe: str,
    letter_id: UUID | None = None,
    recipient: ToRecipient | None = None,
) -> bool:
    """
    Write a mail to one address; False when the one of that *dedupe* key was written before, or none may be.

    To somebody who must not be found no mail is written, whoever asks for it; the database holds that too. A recipient
    of their data is mailed all the same: nothing in such a mail is about anybody.
    """
    if row.protected and recipient is None:
        return False
    mail_id = new_id()
    mail = {"to": to, "subject": subject, "text": text}
    made = OutgoingMailRow(
        id=mail_id,
        request_id=row.id,
        controller_id=row.controller_id,
        letter_id=letter_id,
        dedupe=dedupe,
        mail_sealed=sealing.seal(ctx, row, mail, table="outgoing_mail", column="mail", id=mail_id),
        next_at=tx.now,
        made_at=tx.now,
        **(vars(recipient) if recipient is not None else {}),
    )
    if not await stored.put(tx, made):
        return False
    jobs.wake(tx, "letter.send", controller=row.controller_id, id=mail_id)
    return True
