"""How a value is written so that it stays a value: in a path, a host, a header, XML, a query in a vendor's language."""

import re
from collections.abc import Callable
from urllib.parse import quote
from xml.sax.saxutils import escape as _xml

Escape = Callable[[str], str]

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class BadValue(Exception):
    """A value that cannot be written there safely; says why as a code, never the value."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def plain(text: str) -> str:
    """A text without control characters: what a query parameter, a form field or a JSON text may hold."""
    if _CONTROL.search(text):
        raise BadValue("control_character")
    return text


def in_path(text: str) -> str:
    """
    One path segment, or a part of one.

    A slash in it is written %2F; some servers read that as a slash all the same, so steps up and down are refused.
    """
    if any(part in (".", "..") for part in re.split(r"[/\\]", text)):
        raise BadValue("dots")
    return quote(plain(text), safe="")


def in_host(text: str) -> str:
    """One label of a host's name."""
    if not _LABEL.fullmatch(text.lower()):
        raise BadValue("host")
    return text.lower()


def in_header(text: str) -> str:
    return plain(text)


def in_xml(text: str) -> str:
    if "\ufffe" in text or "\uffff" in text:
        raise BadValue("no_xml_character")
    return _xml(plain(text), {'"': "&quot;", "'": "&apos;"})


def in_soql(text: str) -> str:
    """A quoted literal of SOQL."""
    return "'" + plain(text).replace("\\", "\\\\").replace("'", "\\'") + "'"


def in_sql(text: str) -> str:
    """A quoted literal of SQL: quotes doubled; a backslash, which some dialects take for an escape, is refused."""
    if "\\" in plain(text):
        raise BadValue("backslash")
    return "'" + text.replace("'", "''") + "'"


def in_strict_sql(text: str) -> str:
    """A quoted literal where nobody knows how the vendor escapes a quote: a value with one is refused."""
    if any(sign in text for sign in "'\"`\\;"):
        raise BadValue("quote")
    return "'" + plain(text) + "'"
