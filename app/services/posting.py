"""
Letters that staff send on paper, and mails that did not go out.

What no mail server took, what somebody without a login is to read, and what was asked for on paper waits here until a
person says on which day it left the house. The answer counts from that day (F07).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from app.db import Tx
from app.domain import delivery
from app.domain.audit import AuditStep
from app.domain.delivery import Via
from app.domain.identity import Level
from app.letters import pdf
from app.models import LetterRow, OutgoingMailRow, RequestRow
from app.repositories import letters
from app.repositories import mail as stored_mail
from app.services import correspondence, mailing, orders, steps, telling
from app.services.context import Actor, Context


class Waiting(StrEnum):
    """What a letter that is not out waits for."""

    TO_POST = "to_post"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True)
class Unsent:
    """A letter that is not out, with its request and the mail that should have told of it."""

    request: RequestRow
    letter: LetterRow
    mail: OutgoingMailRow | None

    @property
    def failure(self) -> str | None:
        """Why its mail has not gone out, a code."""
        return self.mail.failure if self.mail is not None else None


async def unsent(tx: Tx, *, state: Waiting, controller: str | None, after: UUID | None, limit: int) -> Sequence[Unsent]:
    """Letters that are not out, the oldest first: for staff to post, those whose mail failed, those on their way."""
    found = await letters.unsent(
        tx,
        by_post=state is not Waiting.WAITING,
        failed=state is Waiting.FAILED,
        controller=controller,
        after=after,
        limit=limit,
    )
    return [Unsent(request, letter, mail) for request, letter, mail in found]


async def posted(
    tx: Tx, ctx: Context, row: RequestRow, letter: LetterRow, *, on: date, how: str, actor: Actor
) -> LetterRow:
    """
    Record that a letter left the house on a day.

    Args:
        how: ``post``, ``in_person`` or ``secure_message``.

    Raises:
        LetterIsOut, PostedInTheFuture, PostedBeforeWritten
    """
    if letter.sent_at is not None:
        raise delivery.LetterIsOut
    zone = ctx.zone(row.controller_id)
    delivery.check_posting(
        on,
        written_on=ctx.today(row.controller_id, letter.written_at),
        today=ctx.today(row.controller_id, tx.now),
    )
    letter.via = Via.POST
    noon = datetime.combine(on, time(12), tzinfo=zone)
    mailing.is_out(letter, at=min(noon, tx.now))
    await stored_mail.give_up_waiting(tx, letter.id, failure="posted")
    facts = {
        "letter_id": str(letter.id),
        "kind": letter.kind,
        "via": Via.POST.value,
        "how": how,
        "posted_on": on.isoformat(),
    }
    await steps.note(tx, row, AuditStep.LETTER_SENT, actor=actor, facts=facts)
    await steps.changed(tx, row)
    return letter


async def read_by_the_person(tx: Tx, row: RequestRow, letter: LetterRow) -> None:
    """Who reads a letter behind their own login has it, whatever became of the mail or the paper."""
    if letter.sent_at is not None:
        return
    mailing.is_out(letter, at=tx.now)
    await stored_mail.give_up_waiting(tx, letter.id, failure="read")
    await steps.changed(tx, row)


def as_paper(ctx: Context, row: RequestRow, letter: LetterRow) -> pdf.Paper:
    """A letter ready for the press: as it was rendered, with the address in the envelope's window if one is vouched."""
    return pdf.Paper(
        html=correspondence.opened(ctx, row, letter),
        language=telling.language_of_code(letter.language),
        controller=telling.controller_facts(ctx.profile(row.controller_id)).name,
        reference=row.reference,
        written_on=ctx.today(row.controller_id, letter.written_at),
        addressee=_addressee(ctx, row),
    )


def _addressee(ctx: Context, row: RequestRow) -> tuple[str, ...]:
    """
    Name and address as somebody vouches for them; nothing a requester only typed, and nothing of a protected person.

    An address that anybody could have typed in an envelope's window would send the letter to whoever typed it; what a
    caller dictated is no better before anything has been proved.
    """
    if not delivery.may_mail(row) or Level.from_key(row.assurance) is Level.NONE:
        return ()
    vouched = {one.type: one.value for one in orders.known_as(ctx, row) if one.vouched}
    if "address" not in vouched:
        return ()
    lines = [vouched.get("name", ""), *vouched["address"].split(",")]
    return tuple(delivery.as_on_an_envelope(line) for line in lines if line.strip())
