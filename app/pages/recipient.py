"""
A recipient's page, filled in: sandboxed, escaped, with nothing in reach but the facts.

One stylesheet stands in the page and is named by its hash in the policy, so nothing else can bring styles, and
nothing at all can bring scripts, pictures, frames or forms that lead elsewhere.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from app.domain.recipient_laws import LAW_NAMES
from app.letters import words as letter_words
from app.letters.environment import sandboxed
from app.letters.words import LANGUAGES, Language
from app.pages import words

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css.j2").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: What the page may do: show its own styles, send its forms here.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)

View = Literal["code", "task", "confirm", "held", "over", "done"]


@dataclass(frozen=True, kw_only=True, repr=False)
class FileLine:
    """A file that was handed in."""

    name: str
    size: int
    scan: str


@dataclass(frozen=True, kw_only=True, repr=False)
class PageFacts:
    """
    What stands on the page. Before the code is typed only the first five are anything.

    ``error`` and ``notice`` are words of ours (:mod:`app.pages.words`); ``said`` is the answer to be confirmed, or as
    it was typed so far.
    """

    view: View
    language: Language
    path: str  #: the page's own address, to send forms to
    controller: str
    number: str
    contact: str | None = None
    error: str = ""
    notice: str = ""
    form: str = ""
    action: str = ""
    answer_by: date | None = None
    until: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()
    categories: tuple[tuple[str, str], ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    answers: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    takes_files: bool = False
    files: tuple[FileLine, ...] = ()
    said: tuple[tuple[str, str], ...] = ()

    @property
    def error_at(self) -> str | None:
        """The id of the field that the error is about; None where it is about no field of this view."""
        fields = _FIELDS.get(self.view, {})
        is_there = not self.error.startswith("file") or self.takes_files
        return fields.get(self.error) if is_there else None


#: Where in a view an error is said: at the field that has to be filled in anew.
_FIELDS: dict[View, dict[str, str]] = {
    "code": {"code": "code"},
    "task": {
        "outcome": "outcome-completed",
        "message": "message",
        "category": "kept",
        "law": "law",
        "until": "until",
        **dict.fromkeys(("files", "file_kind", "file_size", "file_archive", "file_many", "file_virus"), "file"),
    },
}


@cache
def _environment(language: Language) -> ImmutableSandboxedEnvironment:
    filled = sandboxed(_TEMPLATES)
    tables = {
        "text": words.TEXTS,
        "task": words.TASKS,
        "answer": words.ANSWERS,
        "error": words.ERRORS,
        "notice": words.NOTICES,
        "scan": words.SCANS,
        "law": LAW_NAMES,
    }
    filled.filters = {name: partial(_say, table, language) for name, table in tables.items()}
    filled.filters |= {
        "day": lambda value: letter_words.day(value, language),
        "day_said": lambda text: letter_words.day_said(text, language),
        "identifier": lambda code: _known(letter_words.IDENTIFIERS, language, code),
        "detail": lambda code: _known(words.DETAILS, language, code),
        "megabytes": lambda size: f"{max(size, 10_000) / 1_000_000:.2f} MB",
    }
    filled.globals = {"style": Markup(_STYLE)}  # noqa: S704  our own file
    return filled


def _say(table: letter_words.Words, language: Language, code: str) -> str:
    return letter_words.say(table, code, language)


def _known(table: letter_words.Words, language: Language, code: str) -> str:
    """The words for a code that others may add to; without any, the code itself."""
    return table.get(code, (code, code))[LANGUAGES.index(language)]


def render(facts: PageFacts) -> str:
    """The page as HTML. Raises ``NoWords`` for a code of ours that has none."""
    template = _environment(facts.language).get_template("recipient.html.j2")
    return template.render(
        facts=facts,
        at=facts.error_at,
        other="en" if facts.language == "sv" else "sv",
        typed=dict(facts.said),
        titles=dict(facts.categories),
    )


def gone(language: Language) -> str:
    """The page of an address that leads nowhere, or nowhere any more: the same for all of them."""
    return _environment(language).get_template("gone.html.j2").render(language=language)


def instant(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """An instant as a day and a time of day."""
    local = at.astimezone(zone)
    return f"{letter_words.day(local.date(), language)} {'kl.' if language == 'sv' else 'at'} {local:%H:%M}"
