"""
Letters: written from what was done, sealed as they were rendered, read by the person behind a login.

A letter is written in the transaction that makes it true and never before it.
"""

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.snapshot import letter_key
from app.letters.render import render
from app.models import LetterRow, RequestRow
from app.repositories import letters
from app.repositories.cases import CaseRows
from app.services import sealing, steps, telling
from app.services.context import INSYN, Context
from app.services.ids import new_id


class UnknownLetterHere(DomainError):
    """There is no such letter in this request."""


async def write(tx: Tx, ctx: Context, case: CaseRows, kind: str, *, about: str = "") -> LetterRow:
    """
    Render a letter about a case and seal it.

    Args:
        about: What it is about where a case has several of the kind (an id or a code).

    Raises:
        LetterIncomplete: A part the law demands is missing; nothing is written.
    """
    row = case.row
    letter = render(kind, telling.language_of(row), telling.letter_facts(ctx, case, now=tx.now, about=about))
    letter_id = new_id()
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
        via="portal",
        sent_at=tx.now,
    )
    tx.session.add(made)
    case.letters.add(letter_key(kind, about))
    facts = {"letter_id": str(letter_id), "kind": kind, "language": letter.language}
    await steps.note(tx, row, AuditStep.LETTER_WRITTEN, actor=INSYN, facts=facts)
    return made


async def read_letter(tx: Tx, ctx: Context, row: RequestRow, kind: str, *, about: str = "") -> str:
    """A letter's HTML page, opened; raises :class:`UnknownLetterHere`."""
    for letter in await letters.letters_of(tx, row):
        if (letter.kind, letter.about) == (kind, about):
            opened = sealing.unseal(ctx, row, letter.body_sealed, table="letter", column="body", id=letter.id)
            return str(opened["html"])
    raise UnknownLetterHere
