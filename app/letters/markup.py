"""
A rendered letter taken apart again: from its own closed set of tags to headings, paragraphs, lists and tables.

The page a person reads and the paper they get are one letter; this reads the first so that the second cannot say
anything else. A tag that is not ours stops it.
"""

import re
from html.parser import HTMLParser
from typing import Any

from app.domain.errors import DomainError

Part = dict[str, str]  #: ``{"kind": "text" | "strong" | "break", "text"}``
Block = dict[str, Any]

_FRAME = frozenset({"html", "head", "meta", "body", "main", "section", "div", "thead", "tbody", "dl"})
_UNSEEN = frozenset({"title", "style"})
_LEAVES = frozenset({"h1", "h2", "h3", "p", "li", "dt", "dd", "caption", "th", "td", "blockquote"})
_GROUPS = frozenset({"header", "ul", "ol", "table", "tr"})
_INLINE = frozenset({"strong", "br"})
_SPACE = re.compile(r"[ \t\r\n\f]+")


class UnknownMarkup(DomainError):
    """The letter has markup that cannot be set on paper."""


class Taken(HTMLParser):
    """
    A letter's parts, in order: ``sender`` lines, ``heading``, ``facts`` (label, values) and ``blocks``.

    A list of terms is facts in the head and a block of its own, in its place, anywhere else.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.sender: list[list[Part]] = []
        self.heading: list[Part] = []
        self.facts: list[tuple[list[Part], list[list[Part]]]] = []
        self.blocks: list[Block] = []
        self._open: list[str] = []
        self._leaf: str | None = None
        self._parts: list[Part] = []
        self._strong = False
        self.feed(html)
        self.close()
        if self._leaf is not None or not self.heading:
            raise UnknownMarkup

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LEAVES:
            if self._leaf is not None:
                raise UnknownMarkup
            self._leaf, self._parts = tag, []
        elif tag == "br" and self._leaf is not None:
            self._parts.append({"kind": "break", "text": ""})
        elif tag == "strong" and self._leaf is not None:
            self._strong = True
        elif tag in _GROUPS and self._leaf is None:
            self._begin(tag)
        elif tag not in _FRAME | _UNSEEN:
            raise UnknownMarkup
        elif tag in _UNSEEN:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._leaf:
            parts, self._leaf = _trimmed(self._parts), None
            self._settle(tag, parts)
        elif tag == "strong":
            self._strong = False
        elif self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in _UNSEEN:
            return
        if self._leaf is None:
            if data.strip():
                raise UnknownMarkup
            return
        lines = data.split("\n") if self._leaf == "blockquote" else [data]
        for number, line in enumerate(lines):
            if number:
                self._parts.append({"kind": "break", "text": ""})
            if said := _SPACE.sub(" ", line):
                self._parts.append({"kind": "strong" if self._strong else "text", "text": said})

    def _begin(self, tag: str) -> None:
        self._open.append(tag)
        if tag in ("ul", "ol"):
            self.blocks.append({"kind": "bullets" if tag == "ul" else "numbers", "items": []})
        elif tag == "table":
            self.blocks.append({"kind": "table", "caption": [], "head": [], "rows": []})
        elif tag == "tr" and self.blocks[-1]["head"]:
            self.blocks[-1]["rows"].append([])

    def _settle(self, tag: str, parts: list[Part]) -> None:
        in_header = bool(self._open) and self._open[0] == "header"
        if tag == "h1":
            self.heading = parts
        elif tag in ("dt", "dd"):
            self._fact(tag, parts, in_header=in_header)
        elif tag == "p" and in_header:
            self.sender.append(parts)
        elif tag in ("h2", "h3"):
            self.blocks.append({"kind": "heading", "level": int(tag[1]), "parts": parts})
        elif tag in ("p", "blockquote"):
            self.blocks.append({"kind": "paragraph" if tag == "p" else "quote", "parts": parts})
        else:
            self._item(tag, parts)

    def _fact(self, tag: str, parts: list[Part], *, in_header: bool) -> None:
        if not in_header:
            self._term(tag, parts)
        elif tag == "dt":
            self.facts.append((parts, []))
        elif self.facts:
            self.facts[-1][1].append(parts)
        else:
            raise UnknownMarkup

    def _term(self, tag: str, parts: list[Part]) -> None:
        """A term with what is said of it, in the letter's body."""
        going_on = bool(self.blocks) and self.blocks[-1]["kind"] == "terms"
        if tag == "dt" and not going_on:
            self.blocks.append({"kind": "terms", "terms": []})
        elif tag == "dd" and not going_on:
            raise UnknownMarkup
        if tag == "dt":
            self.blocks[-1]["terms"].append({"label": parts, "said": []})
        else:
            self.blocks[-1]["terms"][-1]["said"].append(parts)

    def _item(self, tag: str, parts: list[Part]) -> None:
        """A list's item or a table's cell, where there is such a list or table."""
        if not self._open or self._open[-1] != {"li": self._open[-1], "caption": "table"}.get(tag, "tr"):
            raise UnknownMarkup
        block = self.blocks[-1]
        if tag == "li" and "items" in block:
            block["items"].append(parts)
        elif tag == "caption":
            block["caption"] = parts
        elif block["kind"] == "table" and not block["rows"]:
            block["head"].append(parts)
        elif block["kind"] == "table":
            strong = [{**one, "kind": "strong"} if one["kind"] == "text" else one for one in parts]
            block["rows"][-1].append({"parts": strong if tag == "th" else parts})
        else:
            raise UnknownMarkup


def _trimmed(parts: list[Part]) -> list[Part]:
    """Without the spaces that only laid out the source."""
    if parts and parts[0]["kind"] != "break":
        parts[0]["text"] = parts[0]["text"].lstrip(" ")
    if parts and parts[-1]["kind"] != "break":
        parts[-1]["text"] = parts[-1]["text"].rstrip(" ")
    return [one for one in parts if one["text"] or one["kind"] == "break"]
