"""
Where templates are filled in: sandboxed, escaped, and with nothing in reach but the facts.

A template can neither call into Python nor be smuggled in through a fact: facts are values, never source. A fact a
template names and nobody gave stops the letter (StrictUndefined).
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.domain.release import REASONS
from app.letters import words
from app.letters.facts import IMY
from app.letters.words import Language

TEMPLATES = Path(__file__).parent / "templates"
#: Folders that are no letters begin with an underscore.
SHARED = "_shared"


def sandboxed(templates: Path) -> ImmutableSandboxedEnvironment:
    """An environment for a folder of templates: escaped, strict about what is undefined, out of the code's reach."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def environment(language: Language) -> ImmutableSandboxedEnvironment:
    """The environment of one language; its filters put codes and days into words."""
    filled = sandboxed(TEMPLATES)
    tables = {
        "right": words.RIGHTS,
        "action": words.ACTIONS,
        "outcome": words.OUTCOMES,
        "nothing": words.NOTHING,
        "claim_outcome": words.CLAIM_OUTCOMES,
        "empty": words.EMPTY,
        "not_portable": words.NOT_PORTABLE,
        "law": words.LAWS,
        "kept_while": words.KEPT_WHILE,
        "method": words.METHODS,
        "identifier": words.IDENTIFIERS,
        "hint": words.HINTS,
        "told": words.TOLD,
        "channel": words.CHANNELS,
    }
    plain: dict[str, Callable[..., Any]] = {
        "day": lambda value: words.day(value, language),
        "article": lambda source: words.article(source, language),
        "reason": REASONS.__getitem__,
        "field": lambda name: words.say(words.IDENTIFIERS, name, language) if name in words.IDENTIFIERS else name,
        "commas": ", ".join,
        "count": len,
    }
    # Jinja's own filters and globals are not needed, so they are not there to be misused.
    filled.filters = {name: partial(_say, table, language) for name, table in tables.items()}
    filled.filters |= plain
    filled.globals = {"imy": IMY}
    return filled


def _say(table: words.Words, language: Language, code: str) -> str:
    return words.say(table, code, language)


@cache
def template_sources(folder: str, language: Language) -> tuple[tuple[str, str], ...]:
    """A template together with everything it can include: each file's name and text, in the order of the hash."""
    files = [*sorted((TEMPLATES / SHARED).glob("*.j2")), TEMPLATES / folder / f"{language}.html.j2"]
    return tuple((file.name, file.read_bytes().decode()) for file in files)


def sha256_of(sources: Iterable[tuple[str, str]]) -> str:
    """The hash of sources: which words exactly a person was sent."""
    digest = hashlib.sha256()
    for name, text in sources:
        digest.update(name.encode() + b"\0" + text.encode() + b"\0")
    return digest.hexdigest()


@cache
def template_sha256(folder: str, language: Language) -> str:
    """The hash of a template together with everything it can include."""
    return sha256_of(template_sources(folder, language))
