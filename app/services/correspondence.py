"""
Letters: written from what was done, sealed as they were rendered, read behind a login, told of by mail or
posted.

A letter is written in the transaction that makes it true and never before it.
"""

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.delivery import Via
from app.domain.errors import DomainError
from app.domain.snapshot import letter_key
from app.letters.kinds import KINDS
from app.letters.render import render
from app.models import LetterRow, RequestRow
from app.repositories import letters
from app.repositories.cases import CaseRows
from app.services import delivering, sealing, steps, telling, wording
from app.services.context import INSYN, Context
from app.services.ids import new_id


class UnknownLetterHere(DomainError):
    """There is no such letter in this request."""


class LetterForSomebodyElse(ValueError):
    """A letter to a recipient or another controller was written to the person. A fault of ours."""


async def write(tx: Tx, ctx: Context, case: CaseRows, kind: str, *, about: str = "") -> LetterRow:
    """
    Render a letter about a case and seal it.

    Args:
        about: What it is about where a case has several of the kind (an id or a code).

    Raises:
        LetterIncomplete: A part the law demands is missing; nothing is written.
        LetterForSomebodyElse: It is not to the person; nothing is written.
    """
    if kind in KINDS and not KINDS[kind].to_person:
        raise LetterForSomebodyElse(kind)
    row = case.row
    letter = render(kind, telling.language_of(row), telling.letter_facts(ctx, case, now=tx.now, about=about))
    letter_id, planned = new_id(), delivering.plan(ctx, row)
    via = planned.way.via
    await wording.keep(tx, kind, letter.language, letter.template_sha256)
    sealed = {"subject": letter.subject, "html": letter.html}
    made = LetterRow(
        id=letter_id,
        request_id=row.id,
        controller_id=row.controller_id,
        kind=kind,
        about=about,
        language=letter.language,
        template_sha256=letter.template_sha256,
        body_sealed=sealing.seal(ctx, row, sealed, table="letter", column="body", id=letter_id),
        written_at=tx.now,
        via=via,
        sent_at=tx.now if via is Via.PORTAL else None,
    )
    tx.session.add(made)
    await tx.session.flush()  # the mail below points at it
    await delivering.tell(tx, ctx, row, planned, letter_id)
    case.letters.add(letter_key(kind, about))
    case.sent[letter_key(kind, about)] = made.sent_at
    facts = {"letter_id": str(letter_id), "kind": kind, "language": letter.language, "via": via.value}
    await steps.note(tx, row, AuditStep.LETTER_WRITTEN, actor=INSYN, facts=facts)
    return made


async def letter_of(tx: Tx, row: RequestRow, named: str, *, about: str = "") -> LetterRow:
    """
    One letter of a request, by its id or by its kind; without *about* the latest of its kind.

    Raises:
        UnknownLetterHere
    """
    found = [
        letter
        for letter in await letters.letters_of(tx, row)
        if str(letter.id) == named or (letter.kind == named and about in ("", letter.about))
    ]
    if not found:
        raise UnknownLetterHere
    return next((letter for letter in found if letter.about == about), found[-1])


def opened(ctx: Context, row: RequestRow, letter: LetterRow) -> str:
    """A letter's HTML page, opened."""
    return str(sealing.unseal(ctx, row, letter.body_sealed, table="letter", column="body", id=letter.id)["html"])


async def read_letter(tx: Tx, ctx: Context, row: RequestRow, kind: str, *, about: str = "") -> str:
    """A letter's HTML page, opened; raises :class:`UnknownLetterHere`."""
    return opened(ctx, row, await letter_of(tx, row, kind, about=about))
