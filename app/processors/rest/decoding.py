"""
What a vendor's bytes say: JSON, JSON lines, CSV, XML, gzip, ZIP. Hostile input: size, ratio and depth have limits.
"""

import csv
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from app.domain.plain_json import is_plain

MOST_UNPACKED: Final = 32 * 1024 * 1024
#: Packed honest data shrink to a tenth; what shrinks to a two-hundredth is a bomb.
MOST_RATIO: Final = 200
MOST_FILES: Final = 200
MOST_ROWS: Final = 200_000
MOST_DEPTH: Final = 32
#: What no API answers with, unless the connector says so.
_WEB_PAGES: Final = ("text/html", "application/xhtml+xml")


class Unreadable(Exception):
    """An answer that is not what it says it is, or more than anybody takes; says which as a code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Decoded:
    """An answer, read. ``value`` is plain JSON; ``tree`` is there where it was XML. Holds personal data."""

    raw: bytes
    value: Any = None
    tree: Element | None = None
    media_type: str = ""

    def __repr__(self) -> str:
        return "<Decoded>"

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", errors="replace")


def decode(raw: bytes, content_type: str, how: list[str] | tuple[str, ...] = ()) -> Decoded:
    """
    Read *raw* as the connector says, or as its content type says.

    Raises:
        Unreadable: Not what it claims, a web page, too large, too deep, or a packed bomb.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    steps = list(how) or _by_type(media_type)
    parts = [raw]
    while steps and steps[0] in ("gzip", "zip"):
        parts = [out for one in parts for out in (_gunzip(one) if steps[0] == "gzip" else _unzip(one))]
        steps = steps[1:]
    if not parts:
        return Decoded(b"", [], None, media_type)
    kind = steps[0] if steps else "text"
    if not how and kind == "text" and raw.lstrip()[:1] in (b"{", b"["):
        return _perhaps_json(raw, media_type)
    if not how and media_type in _WEB_PAGES:
        raise Unreadable("web_page")  # of a proxy, or a maintenance page that says 200
    if len(parts) == 1:
        return _read(parts[0], kind, media_type)
    read = [_read(one, kind, media_type).value for one in parts]
    rows = [row for one in read for row in (one if isinstance(one, list) else [one])]
    return Decoded(b"\n".join(parts), rows, None, media_type)


def _perhaps_json(raw: bytes, media_type: str) -> Decoded:
    """Vendors say text/plain, or nothing, and send JSON."""
    try:
        return _read(raw, "json", media_type)
    except Unreadable:
        return _read(raw, "text", media_type)


def _by_type(media_type: str) -> list[str]:
    if media_type == "application/json" or media_type.endswith("+json"):
        return ["json"]
    if media_type in ("application/x-ndjson", "application/jsonl"):
        return ["jsonl"]
    if media_type in ("application/xml", "text/xml") or media_type.endswith("+xml"):
        return ["xml"]
    return ["csv"] if media_type == "text/csv" else ["text"]


def _read(raw: bytes, kind: str, media_type: str) -> Decoded:
    match kind:
        case "json":
            return Decoded(raw, read_json(raw), None, media_type)
        case "jsonl":
            lines = [line for line in raw.splitlines() if line.strip()]
            return Decoded(raw, [read_json(line) for line in _at_most(lines)], None, media_type)
        case "csv":
            return Decoded(raw, _rows(raw), None, media_type)
        case "xml":
            tree = _xml(raw)
            return Decoded(raw, None, tree, media_type)
    return Decoded(raw, None, None, media_type)


def read_json(raw: bytes) -> Any:
    """A JSON value; an empty body is None."""
    if not raw.strip():
        return None
    try:
        value = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable("not_json") from None
    if not is_plain(value, deepest=MOST_DEPTH):
        raise Unreadable("not_plain_json")
    return value


def _refuse(_constant: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _at_most(rows: list[Any]) -> list[Any]:
    if len(rows) > MOST_ROWS:
        raise Unreadable("too_many_rows")
    return rows


def _rows(raw: bytes) -> list[dict[str, Any]]:
    text = _decoded_text(raw)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, restkey="_more", strict=False)
        return _at_most([{str(name): value for name, value in row.items()} for row in reader])
    except csv.Error:
        raise Unreadable("not_csv") from None


def _decoded_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _xml(raw: bytes) -> Element:
    try:
        tree: Element = defusedxml.ElementTree.fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        raise Unreadable("not_xml") from None
    if _depth(tree) > MOST_DEPTH:
        raise Unreadable("too_deep")
    return tree


def _depth(tree: Element) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for one in level for child in one]
    return deepest


def element_value(element: Element) -> Any:
    """An element as plain JSON: its text, or an object of its attributes and children by their local names."""
    children = list(element)
    if not children and not element.attrib:
        return (element.text or "").strip()
    made: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in children:
        name, value = _local(child.tag), element_value(child)
        if name in made:
            made[name] = [*(made[name] if isinstance(made[name], list) else [made[name]]), value]
        else:
            made[name] = value
    if (element.text or "").strip() and not children:
        made["#text"] = (element.text or "").strip()
    return made


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _gunzip(raw: bytes) -> list[bytes]:
    most = min(MOST_UNPACKED, max(len(raw), 1) * MOST_RATIO)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        out = unpacker.decompress(raw, most)
    except zlib.error:
        raise Unreadable("not_gzip") from None
    if unpacker.unconsumed_tail:
        raise Unreadable("packed_bomb")
    if not unpacker.eof:
        raise Unreadable("cut_short")
    return [out]


def _unzip(raw: bytes) -> list[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            infos = [one for one in packed.infolist() if not one.is_dir()]
            if len(infos) > MOST_FILES:
                raise Unreadable("packed_bomb")
            most = min(MOST_UNPACKED, max(len(raw), 1) * MOST_RATIO)
            found, total = [], 0
            for info in infos:
                with packed.open(info) as part:
                    # What the directory says of its size is the vendor's word; what comes out is counted.
                    out = part.read(most - total + 1)
                total += len(out)
                if total > most:
                    raise Unreadable("packed_bomb")
                found.append(out)
            return found
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error, EOFError):
        raise Unreadable("not_zip") from None
