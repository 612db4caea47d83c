"""
A letter on paper: PDF/A-2a and PDF/UA-1, set from the page the person can read, the same bytes for the same letter.

Text that fonts on board cannot show (an emoji in a quotation) becomes a box, and the letter says so: a letter that
cannot be printed answers nobody.
"""

import asyncio
import json
import sys
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.domain.errors import DomainError
from app.letters.markup import Block, Part, Taken
from app.letters.words import Language

#: What the fonts that typst brings along can show: Latin, Greek, Cyrillic, Hebrew, Arabic, punctuation, signs.
SHOWN = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x377), (0x37A, 0x37F), (0x384, 0x38A), (0x38C, 0x38C), (0x38E, 0x3A1),
    (0x3A3, 0x4FF), (0x5D0, 0x5EA), (0x5EF, 0x5F4), (0x60C, 0x60C), (0x61B, 0x61B), (0x61F, 0x61F), (0x621, 0x63A),
    (0x640, 0x64A), (0x660, 0x669), (0x1E00, 0x1EFF), (0x2010, 0x2027), (0x2030, 0x203A), (0x20A0, 0x20BF),
    (0x2116, 0x2116), (0x2122, 0x2122), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF),
)  # fmt: skip
BOX = "\u25a1"
#: A word longer than this may break anywhere; no Swedish one is.
LONGEST_WORD = 40
_BREAK_HERE = "\u200b"
_WORDS: dict[Language, dict[str, str]] = {
    "sv": {"page": "Sida", "of": "av", "box": f"Tecken som inte går att skriva ut visas som {BOX}."},
    "en": {"page": "Page", "of": "of", "box": f"Characters that cannot be printed are shown as {BOX}."},
}
_SECONDS = 40.0
_AT_ONCE = asyncio.Semaphore(2)


class CannotBeSet(DomainError):
    """The letter cannot be set on paper."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One letter to be set: its page, and what the page itself does not say. *addressee* may be empty."""

    html: str = field(repr=False)
    language: Language
    controller: str
    reference: str
    written_on: date
    addressee: tuple[str, ...] = field(default=(), repr=False)


async def press(paper: Paper) -> bytes:
    """
    Return the letter as PDF. Set in a process of its own, so that nothing here waits or grows.

    Raises:
        UnknownMarkup, CannotBeSet
    """
    letter = json.dumps(laid_out(paper), ensure_ascii=False).encode()
    async with _AT_ONCE:
        # None of our environment: the press needs no key and no address. One thread, whatever the machine has.
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.letters.press"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )
        try:
            async with asyncio.timeout(_SECONDS):
                made, _ = await child.communicate(letter)
        except TimeoutError:
            raise CannotBeSet from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    if child.returncode != 0 or not made.startswith(b"%PDF-"):
        raise CannotBeSet
    return made


def laid_out(paper: Paper) -> dict[str, Any]:
    """The letter as the press takes it: plain text in its places."""
    taken, words = Taken(paper.html), _WORDS[paper.language]
    said = {
        "language": paper.language,
        "title": "".join(part["text"] for part in taken.heading),
        "controller": paper.controller,
        "reference": paper.reference,
        "written_on": paper.written_on.isoformat(),
        "words": {"page": words["page"], "of": words["of"]},
        "sender": [line for parts in taken.sender for line in _lines(parts)] or [paper.controller],
        "addressee": list(paper.addressee),
        "heading": taken.heading,
        "facts": [["".join(part["text"] for part in label), values] for label, values in taken.facts],
        "blocks": taken.blocks,
    }
    shown = _shown(said)
    if BOX in json.dumps(shown, ensure_ascii=False):
        blocks: list[Block] = shown["blocks"]
        blocks.append({"kind": "paragraph", "parts": [{"kind": "text", "text": words["box"]}]})
    return dict(shown)


def _lines(parts: list[Part]) -> list[str]:
    lines = [""]
    for part in parts:
        if part["kind"] == "break":
            lines.append("")
        else:
            lines[-1] += part["text"]
    return [line.strip() for line in lines if line.strip()]


def _shown(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case list() | tuple():
            return [_shown(one) for one in value]
        case dict():
            return {key: _shown(one) for key, one in value.items()}
    return value


def printable(text: str) -> str:
    """
    The text as it can be printed: no invisible marks that turn its reading round, boxes for what no font shows, and a
    place to break in every word that would run off the page.
    """
    visible = (one for one in unicodedata.normalize("NFC", text) if unicodedata.category(one) not in ("Cf", "Cs"))
    plain = "".join(" " if one.isspace() and one != "\u00a0" else one for one in visible)
    boxed = "".join(one if any(first <= ord(one) <= last for first, last in SHOWN) else BOX for one in plain)
    return " ".join(_broken(word) for word in boxed.split(" "))


def _broken(word: str) -> str:
    if len(word) <= LONGEST_WORD:
        return word
    return _BREAK_HERE.join(word[at : at + LONGEST_WORD // 2] for at in range(0, len(word), LONGEST_WORD // 2))
