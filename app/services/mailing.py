"""
Sending what lies in the outbox, at least once.

A mail is claimed and its try written down before the call; the call is made outside of any transaction; what came of
it is written after. A worker that dies in between leaves a mail that falls due again, and it is sent once more under
the same Message-ID: a notice twice harms nobody, a notice lost does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import structlog

from app.db import Tx
from app.domain import delivery
from app.domain.audit import AuditStep
from app.domain.bounces import return_path
from app.domain.delivery import Via
from app.models import LetterRow, OutgoingMailRow, RequestRow
from app.post import CameOfIt, Mail, Never, NotNow, Postman, Sent
from app.repositories import jobs, letters
from app.repositories import mail as stored
from app.services import recipient_mail, sealing, steps, telling, undelivered
from app.services.context import INSYN, Context
from app.vault import Unreadable

log = structlog.get_logger()


@dataclass(frozen=True)
class Mailer:
    """Takes mails out of the outbox to the postman; without a postman they wait."""

    ctx: Context
    postman: Postman | None

    async def send(self, controller: str, mail_id: UUID) -> bool:
        """Send one mail if it is due and nobody else is at it; whether it was tried."""
        if self.postman is None:
            return False
        async with self.ctx.database.transaction([controller]) as tx:
            claimed = await self._claim(tx, mail_id)
        if claimed is None:
            return False
        mail, attempt = claimed
        came = await self.postman.send(mail) if isinstance(mail, Mail) else mail
        async with self.ctx.database.transaction([controller]) as tx:
            await self._record(tx, mail_id, attempt, came)
        log.info(
            "mail.tried",
            mail_id=str(mail_id),
            kind=type(came).__name__,
            code=getattr(came, "code", None),
            attempt=attempt,
        )
        return True

    async def _claim(self, tx: Tx, mail_id: UUID) -> tuple[Mail | Never, int] | None:
        """Take a due mail for as long as a try may last, and open it."""
        row = await stored.claim(tx, mail_id, until=tx.now + self._lease)
        if row is None:
            return None
        request = await stored.request_of(tx, row)
        if row.task_id is not None:
            if (why_not := await recipient_mail.keeps_back(tx, self.ctx, request, row)) is not None:
                return (why_not, row.attempts) if isinstance(why_not, Never) else None
        elif not delivery.may_mail(request):
            return Never("may_not_be_mailed"), row.attempts
        try:
            return self._opened(request, row), row.attempts
        except Unreadable:
            return Never("unreadable"), row.attempts

    @property
    def _lease(self) -> timedelta:
        # Twice the longest try: whoever is still at it when it ends is dead.
        return timedelta(seconds=2 * self.ctx.settings.smtp_timeout_seconds)

    def _opened(self, request: RequestRow, row: OutgoingMailRow) -> Mail:
        said = sealing.unseal(self.ctx, request, row.mail_sealed, table="outgoing_mail", column="mail", id=row.id)
        return Mail(
            id=row.id,
            controller=row.controller_id,
            to=str(said["to"]),
            sender_name=telling.controller_facts(self.ctx.profile(row.controller_id)).name,
            subject=str(said["subject"]),
            text=str(said["text"]),
            language=row.language or telling.language_of(request),
            written_at=row.made_at,
            return_path=self._return_path(row),
        )

    def _return_path(self, row: OutgoingMailRow) -> str | None:
        bounces = self.ctx.settings.smtp_bounces
        return None if bounces is None or row.task_id is None else return_path(bounces, row.id)

    async def _record(self, tx: Tx, mail_id: UUID, attempt: int, came: CameOfIt) -> None:
        found = await stored.mail(tx, mail_id)
        if found is None:
            return
        request = await steps.hold(tx, found.request_id)
        row = await stored.mail(tx, mail_id, lock=True)
        # Somebody may have posted the letter meanwhile, or another worker gone on after our lease.
        if row is None or row.state != "waiting" or row.attempts != attempt:
            return
        match came:
            case Sent():
                await _is_sent(tx, request, row)
            case NotNow(code, after):
                wait = delivery.next_try(row.attempts)
                if wait is None:
                    await _has_failed(tx, request, row, code)
                else:
                    row.failure, row.next_at = code, tx.now + max(wait, after)
                    jobs.wake(tx, "letter.send", controller=row.controller_id, id=row.id, at=row.next_at)
            case Never(code):
                await _has_failed(tx, request, row, code)
            case _:
                assert_never(came)


async def _is_sent(tx: Tx, request: RequestRow, row: OutgoingMailRow) -> None:
    row.state, row.sent_at, row.next_at, row.failure = "sent", tx.now, None, None
    if row.task_id is not None:
        await recipient_mail.is_sent(tx, request, row)
        return
    letter = await letters.letter(tx, row.letter_id) if row.letter_id is not None else None
    facts = {"mail_id": str(row.id), "via": Via.EMAIL.value}
    if letter is not None:
        facts |= {"letter_id": str(letter.id), "kind": letter.kind}
        is_out(letter, at=tx.now)
    await steps.note(tx, request, AuditStep.LETTER_SENT, actor=INSYN, facts=facts)
    await steps.changed(tx, request)


def is_out(letter: LetterRow, *, at: datetime) -> None:
    """Say that a letter was on its way to the person at *at*; the first time counts."""
    if letter.sent_at is None:
        letter.sent_at = max(at, letter.written_at)


async def _has_failed(tx: Tx, request: RequestRow, row: OutgoingMailRow, code: str) -> None:
    """No mail server will take it: the letter is for staff to post, and they see why."""
    row.state, row.next_at, row.failure = "failed", None, code
    if row.task_id is not None:
        await undelivered.has_failed(tx, request, row, code)
        return
    letter = await letters.letter(tx, row.letter_id) if row.letter_id is not None else None
    facts = {"mail_id": str(row.id), "code": code}
    if letter is not None:
        facts |= {"letter_id": str(letter.id), "kind": letter.kind}
        if letter.sent_at is None:
            letter.via = Via.POST
    await steps.note(tx, request, AuditStep.LETTER_FAILED, actor=INSYN, facts=facts)
    await steps.changed(tx, request)
