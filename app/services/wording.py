"""The versions of letters' wording: each kept once, when the first letter is made from it."""

from app.db import Tx
from app.domain.errors import DomainError
from app.letters.environment import template_sources
from app.letters.words import Language
from app.models import LetterTemplateRow
from app.repositories import wordings


class UnknownTemplate(DomainError):
    """No letter was ever made from such a version."""


async def keep(tx: Tx, kind: str, language: Language, sha256: str) -> None:
    """Keep the wording a letter was made from, unless it is kept already."""
    sources = [{"name": name, "text": text} for name, text in template_sources(kind, language)]
    await wordings.keep(
        tx, LetterTemplateRow(sha256=sha256, kind=kind, language=language, sources=sources, kept_at=tx.now)
    )


async def version(tx: Tx, sha256: str) -> LetterTemplateRow:
    """One version of a wording; raises :class:`UnknownTemplate`."""
    found = await wordings.version(tx, sha256)
    if found is None:
        raise UnknownTemplate
    return found
