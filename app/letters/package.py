"""
The package: a ZIP with what is stored about one person, for the person to read and for a machine to take along.

========================================  =========================================================================
``README.html``                           in the person's language: what this is, what was left out, GDPR Art. 15(1)
``data/<processor>.json``                 everything from one processor, every value as it came
``data/<processor>/<category>.csv``       the same as tables, where the person wants to take it along (Art. 20)
``datapackage.json``                      Data Package 2.0: which files there are, with size and hash
``checksums-sha256.txt``                  for ``sha256sum --check``
========================================  =========================================================================

The same contents give the same bytes. All names are ours; nothing a processor says becomes part of a path.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from app.domain.release import REASONS
from app.letters.environment import environment
from app.letters.facts import LetterFacts
from app.letters.package_facts import MOST_BYTES, PackageContents, PackagePart, PackageTooLarge, check
from app.letters.tables import alike, as_csv, as_json, cell, columns, encode, in_words

#: How many rows of a category the page shows; the files beside it have them all.
ROWS_SHOWN = 200

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"


def build(contents: PackageContents) -> Iterator[bytes]:
    """
    Yield the package's bytes, piece by piece.

    Refuses before the first piece. Works in memory, never on disk: what it holds is not sealed yet. Takes processor
    time, so it belongs in a thread.

    Raises:
        PackageRefused: If a name is unsafe, something is too large or too deep, or mandatory information is missing.

    Sources:
        GDPR Art. 12(1), 15(1)-(4), 20(1); C-487/21; C-154/21.
    """
    check(contents)
    data = dict(_data_files(contents))
    files = data | {
        "datapackage.json": as_json(_data_package(contents, data)),
        "README.html": encode(_readme(contents)),
    }
    files["checksums-sha256.txt"] = _checksums(files)
    if sum(map(len, files.values())) > MOST_BYTES:
        raise PackageTooLarge
    return _zipped(files, contents)


def _data_files(contents: PackageContents) -> Iterator[tuple[str, bytes]]:
    room = MOST_BYTES
    for part in contents.parts:
        for path, content in _files_of(part, contents):
            room -= len(content)
            if room < 0:
                raise PackageTooLarge
            yield path, content


def _files_of(part: PackagePart, contents: PackageContents) -> Iterator[tuple[str, bytes]]:
    yield f"data/{part.key}.json", as_json(_json_of(part, contents))
    if "portability" in contents.rights:
        for category in part.categories:
            if category.rows:  # a table without rows has no columns either
                yield f"data/{part.key}/{category.key}.csv", as_csv(category.rows)


def _json_of(part: PackagePart, contents: PackageContents) -> dict[str, Any]:
    categories = []
    for category in part.categories:
        said = {} if category.description is None else {"description": category.description}
        title = {"sv": category.title.sv, "en": category.title.en}
        categories.append({"category": category.key, "title": title, **said, "rows": category.rows})
    return {
        "reference": contents.reference,
        "controller": contents.controller.name,
        "recipient": part.name,
        "categories": categories,
    }


def _data_package(contents: PackageContents, data: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "$schema": _PROFILE,
        "name": f"insyn-{contents.reference.lower()}",
        "title": f"{contents.controller.name}, {contents.reference}",
        "created": contents.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "contributors": [{"title": contents.controller.name, "roles": ["controller"]}],
        "resources": [resource for part in contents.parts for resource in _resources(part, contents, data)],
    }


def _resources(part: PackagePart, contents: PackageContents, data: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    path = f"data/{part.key}.json"
    yield {"name": part.key, "title": part.name, "format": "json", "mediatype": "application/json"} | _file(path, data)
    for category in part.categories:
        path = f"data/{part.key}/{category.key}.csv"
        if path not in data:
            continue
        yield {
            "name": f"{part.key}.{category.key}",  # a dot no key can hold, so no two resources share a name
            "type": "table",
            "title": f"{part.name}: {category.title.in_language(contents.language)}",
            "format": "csv",
            "mediatype": "text/csv",
            "schema": {"fields": [{"name": cell(name), "type": "any"} for name in columns(category.rows)]},
        } | _file(path, data)


def _file(path: str, data: Mapping[str, bytes]) -> dict[str, Any]:
    digest = hashlib.sha256(data[path]).hexdigest()
    return {"path": path, "encoding": "utf-8", "bytes": len(data[path]), "hash": f"sha256:{digest}"}


def _readme(contents: PackageContents) -> str:
    language = contents.language
    written_on = contents.created_at.date()
    page = environment(language).get_template(f"_package/{language}.html.j2")
    return page.render(
        language=language,
        subject=f"{'Dina uppgifter' if language == 'sv' else 'Your data'} ({contents.reference})",
        facts=LetterFacts(
            controller=contents.controller,
            reference=contents.reference,
            written_on=written_on,
            received_on=written_on,
        ),
        is_access="access" in contents.rights,
        is_portability="portability" in contents.rights,
        parts=[_shown(part, contents) for part in contents.parts],
        left_out=[(one, REASONS[one.reason_code]) for one in contents.left_out],
        information=contents.information,
        automated_decisions=contents.automated_decisions,
    )


def _shown(part: PackagePart, contents: PackageContents) -> dict[str, Any]:
    categories = []
    for category in part.categories:
        shown = category.rows[:ROWS_SHOWN]
        categories.append(
            {
                "title": category.title.in_language(contents.language),
                "description": category.description,
                "count": len(category.rows),
                "shown": len(shown),
                "tables": [_table(rows) for rows in alike(shown)],
            }
        )
    return {"key": part.key, "name": part.name, "categories": categories, "empty": part.empty}


def _table(rows: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    names = columns(rows)
    return {"columns": names, "cells": [[in_words(row.get(name)) for name in names] for row in rows]}


def _checksums(files: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items())]
    return "".join(lines).encode("ascii")


class _Pieces(io.RawIOBase):
    """A file that keeps what is written only until it is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._written.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken


def _zipped(files: Mapping[str, bytes], contents: PackageContents) -> Iterator[bytes]:
    at = contents.created_at.astimezone(UTC)
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same bytes whatever machine made them
            entry.external_attr = 0o600 << 16
            package.writestr(entry, files[path])
            yield pieces.take()
    yield pieces.take()
