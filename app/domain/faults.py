"""
What is not right about something that was sent or registered: where it stands, in a word, and in both languages.

A refusal holds as many as there are, so that nobody learns of the second by mending the first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

MISSING = "missing"
#: Nothing of that name is known there: misspelt, or meant for somewhere else.
UNKNOWN = "unknown"
UNFIT = "unfit"
_SHOWN = re.compile(r"[A-Za-z0-9_.:-]{1,60}")


@dataclass(frozen=True)
class Fault:
    """
    One thing that is not right.

    Args:
        pointer: Where it stands (``#/settings/erase/0/sql``); a secret by its name (``#/secrets/token``).
        word: :data:`MISSING`, :data:`UNKNOWN` or :data:`UNFIT`.
        en: A sentence, never with what was sent but for a name.
        sv: The same in Swedish.
    """

    pointer: str
    word: str
    en: str
    sv: str

    def said(self, language: str) -> str:
        """The sentence in ``sv``, or else in English."""
        return self.sv if language == "sv" else self.en


def at(*where: str | int) -> str:
    """A pointer to a place; what is no plain name on the way is not shown."""
    return "/".join(["#", *(str(one) if _SHOWN.fullmatch(str(one)) else "?" for one in where)])


def secret_missing(name: str) -> Fault:
    """A secret that the kind needs and that nobody has given."""
    return Fault(at("secrets", name), MISSING, f"The secret '{name}' is missing.", f"Hemligheten '{name}' saknas.")


def setting_missing(name: str) -> Fault:
    """A setting that the kind needs."""
    return Fault(at("settings", name), MISSING, f"The setting '{name}' is missing.", f"Inställningen '{name}' saknas.")


def unknown_settings(given: Iterable[str], known: Iterable[str]) -> list[Fault]:
    """A fault for each setting of a name that the kind does not know; says which names there are, the likely first."""
    known = sorted(known)
    return [no_such_name(("settings", one), one, known) for one in sorted(set(given) - set(known))]


def no_such_name(where: tuple[str | int, ...], name: str, known: Iterable[str]) -> Fault:
    """Somebody named what is not there; the names that are, those most like it first."""
    names = sorted(known)
    alike = get_close_matches(name[:60], names, n=3)
    listed = ", ".join([*alike, *(one for one in names if one not in alike)])
    shown = f" '{name}'" if _SHOWN.fullmatch(name) else ""
    return Fault(
        at(*where),
        UNKNOWN,
        f"There is no{shown or ' such name'}; there are: {listed or '(none)'}.",
        f"Det finns inget{shown or ' sådant namn'}; det finns: {listed or '(inga)'}.",
    )
