"""
Files that a recipient hands in: what they may be, told by their content and never by their name, and what rows they
hold.

Hostile until proved otherwise: nothing is unpacked here to keep, an archive is only run through to see that it is what
it says. OWASP ASVS 5.0: 5.2.2 content matches type, 5.2.3 size and number before unpacking, 5.2.5 no symbolic links,
5.3.2 names are ours.
"""

import csv
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

from app.domain.errors import DomainError
from app.domain.plain_json import is_plain, is_plain_text, once_each

#: Of one file, and how many a task may have; of the rows read from them.
MOST_BYTES, MOST_FILES, MOST_ROWS = 10 * 1024 * 1024, 20, 10_000
#: Of an archive: entries, bytes unpacked, and how much smaller it may be than what is in it.
MOST_ENTRIES, MOST_UNPACKED, MOST_RATIO = 200, 200 * 1024 * 1024, 100
_DEEPEST = 8
_SYMLINK = 0o120000
_CHUNK = 64 * 1024
LONGEST_NAME = 120

CSV, JSON = "text/csv", "application/json"
#: Types whose rows are read; whatever else there is, a person looks at.
STRUCTURED = frozenset({CSV, JSON})


class UploadRefused(DomainError):
    """The file is not of a kind that is taken: CSV, JSON, text, PDF, PNG, JPEG, WAV, MP3, MP4 or ZIP."""


class UploadTooLarge(UploadRefused):
    """The file is larger than agreed, or empty."""


class ArchiveRefused(UploadRefused):
    """The archive is not what it says, unpacks to too much, or holds what an archive of files has no need of."""


class TooManyFiles(DomainError):
    """The task has as many files as it may have."""


def media_type_of(content: bytes) -> str:
    """
    The kind of file by its content.

    Raises:
        UploadTooLarge, UploadRefused, ArchiveRefused
    """
    if not 0 < len(content) <= MOST_BYTES:
        raise UploadTooLarge
    for media_type, fits in _BY_MAGIC:
        if fits(content):
            if media_type == "application/zip":
                check_archive(content)
            return media_type
    return _text_type(content)


_BY_MAGIC: Sequence[tuple[str, Callable[[bytes], bool]]] = (
    ("application/pdf", lambda one: one.startswith((b"%PDF-1.", b"%PDF-2."))),
    ("image/png", lambda one: one.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", lambda one: one.startswith(b"\xff\xd8\xff")),
    ("audio/wav", lambda one: one.startswith(b"RIFF") and one[8:12] == b"WAVE"),
    ("audio/mpeg", lambda one: one.startswith(b"ID3") or one[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    ("video/mp4", lambda one: one[4:8] == b"ftyp"),
    ("application/zip", lambda one: one.startswith((b"PK\x03\x04", b"PK\x05\x06"))),
)


def _text_type(content: bytes) -> str:
    """CSV, JSON or plain text; never a page or a picture that carries a script."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UploadRefused from None
    if not is_plain_text(text) or re.search(r"[\x01-\x08\x0b\x0e-\x1f]", text) or text.lstrip().startswith("<"):
        raise UploadRefused
    if text.lstrip().startswith(("{", "[")) and _json_rows(text) is not None:
        return JSON
    return CSV if _csv_rows(text) is not None else "text/plain"


def check_archive(content: bytes) -> None:
    """
    Refuse an archive that could harm whoever unpacks it; it is run through, chunk by chunk, and nothing is kept.

    Raises:
        ArchiveRefused: Bomb, password, symbolic link, archive in the archive, a path out of its folder, broken.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            if not 0 < len(entries) <= MOST_ENTRIES:
                raise ArchiveRefused
            declared = sum(one.file_size for one in entries)
            if declared > min(MOST_UNPACKED, MOST_RATIO * len(content)):
                raise ArchiveRefused
            for entry in entries:
                _check_entry(archive, entry)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        raise ArchiveRefused from None


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    is_out = name.startswith("/") or ".." in name.split("/") or ":" in name
    if is_out or entry.flag_bits & 0x1 or (entry.external_attr >> 16) & 0o170000 == _SYMLINK:
        raise ArchiveRefused
    if name.lower().endswith((".zip", ".gz", ".7z", ".rar", ".tar", ".bz2", ".xz")):
        raise ArchiveRefused
    read = 0
    with archive.open(entry) as unpacked:
        while chunk := unpacked.read(_CHUNK):
            if not read and chunk.startswith(b"PK\x03\x04"):
                raise ArchiveRefused
            read += len(chunk)
    if read != entry.file_size:
        raise ArchiveRefused


def rows_of(media_type: str, content: bytes) -> list[dict[str, Any]]:
    """
    The rows of a CSV or JSON file, as a processor's answer would hold them.

    Raises:
        UploadRefused: It holds none that can be read.
    """
    text = content.decode("utf-8-sig")
    found = _json_rows(text) if media_type == JSON else _csv_rows(text) if media_type == CSV else None
    if found is None:
        raise UploadRefused
    return found


def _json_rows(text: str) -> list[dict[str, Any]] | None:
    """A list of objects, one object, or an object a line."""
    try:
        value = json.loads(text, object_pairs_hook=once_each, parse_constant=_refuse)
    except (ValueError, RecursionError):
        try:
            lines = (line for line in text.splitlines() if line.strip())
            value = [json.loads(line, object_pairs_hook=once_each, parse_constant=_refuse) for line in lines]
        except (ValueError, RecursionError):
            return None
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or len(rows) > MOST_ROWS or not all(isinstance(one, dict) for one in rows):
        return None
    return rows if rows and is_plain(rows, deepest=_DEEPEST) else None


def _refuse(_constant: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _csv_rows(text: str) -> list[dict[str, Any]] | None:
    """A heading and rows that have as many cells; by comma, semicolon or tab, whichever splits the heading most."""
    heading = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=heading.count)
    if not heading.count(delimiter):
        return None
    try:
        lines = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    names, *rows = [line for line in lines if line]
    names = [name.strip() for name in names]
    if not rows or len(rows) > MOST_ROWS or not all(names) or len(set(names)) < len(names):
        return None
    return [dict(zip(names, row, strict=True)) for row in rows] if {len(row) for row in rows} == {len(names)} else None


def as_records(files: Sequence[tuple[str, str, bytes]]) -> list[Mapping[str, Any]]:
    """
    Files (category, type, content) as the records of an answer, one a category.

    Raises:
        UploadRefused: One of them holds no rows.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for category, media_type, content in files:
        found.setdefault(category, []).extend(rows_of(media_type, content))
    return [{"category": category, "rows": rows} for category, rows in found.items()]


def plain_name(name: str) -> str:
    """A file's own name as it may be shown: without its folders, one line, not long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(one for one in last if one.isprintable()).strip(" .")
    return kept[:LONGEST_NAME] or "file"
