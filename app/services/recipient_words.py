"""What a task says besides, in lines a person reads: (name, text), in the order it was said."""

from collections.abc import Mapping
from typing import Any

from app.letters.words import LAWS, Language, day_said, say

#: Longer is cut: a page is read by people.
LONGEST, MOST_LINES = 2_000, 60


def details_of(
    details: Mapping[str, Any], *, titles: Mapping[str, str], language: Language
) -> tuple[tuple[str, str], ...]:
    """
    A task's details as lines.

    Args:
        titles: What categories are called, by id.
    """
    lines: list[tuple[str, str]] = []
    for name, value in details.items():
        several = value if isinstance(value, list) and any(isinstance(one, Mapping) for one in value) else [value]
        lines.extend((str(name), _text(str(name), one, titles, language)[:LONGEST]) for one in several)
    return tuple(lines[:MOST_LINES])


def _text(name: str, value: object, titles: Mapping[str, str], language: Language) -> str:
    match value:
        case bool():
            return {("sv", True): "ja", ("sv", False): "nej", ("en", True): "yes"}.get((language, value), "no")
        case list() | tuple():
            return ", ".join(_text(name, one, titles, language) for one in value)
        case Mapping():
            parts = ((str(key), one) for key, one in value.items() if one not in (None, ""))
            return "; ".join(_text(key, one, titles, language) for key, one in parts)
        case str() if name == "until":
            return day_said(value, language)
        case str() if value in titles:
            return titles[value]
        case str() if value in LAWS:
            return say(LAWS, value, language)
    return str(value)
