"""
JSON that can be kept and given back: what somebody else sent is looked at once, where it comes in.

A value that parses may still be one that nothing can be done with: text that is no Unicode (half of a surrogate pair),
the NUL that PostgreSQL does not take, numbers beyond all measure, nesting that no writer follows.
"""

import math
import re
from collections.abc import Sequence

_UNFIT = re.compile(r"[\x00\ud800-\udfff]")


class KeyTwice(ValueError):
    """An object names one of its fields twice; which of the two was meant, nobody knows."""


def is_plain_text(text: str) -> bool:
    """Whether *text* can be written as UTF-8 and stored: no lone surrogate, no NUL."""
    return _UNFIT.search(text) is None


def is_plain(value: object, *, deepest: int) -> bool:
    """Whether a parsed JSON value is at most *deepest* levels of objects and lists, with plain texts and numbers."""
    match value:
        case str():
            return is_plain_text(value)
        case float():
            return math.isfinite(value)
        case dict():
            inner = [*value.keys(), *value.values()]
        case list():
            inner = value
        case _:
            return True
    return deepest > 0 and all(is_plain(one, deepest=deepest - 1) for one in inner)


def once_each(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Make an object of its fields, as ``object_pairs_hook``; raises :class:`KeyTwice`."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise KeyTwice
    return made
