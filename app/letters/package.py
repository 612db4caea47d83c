"""
The package: a bag with what is stored about one person, for the person to read and for a machine to take along.

============================================  =======================================================================
``README.html``                               in the person's language: what this is, what was left out, what the codes
                                              mean, GDPR Art. 15(1)-(2)
``data/<processor>.json``                     everything from one processor, every value as it leaves
``data/portable/<processor>/<category>.*``    what Art. 20 reaches: ``.csv``, ``.json``, and a ``.schema.json`` for both
``data/datapackage.json``                     Data Package 2.0: which files there are, with size, hash and schema
``data/_dictionary.json``                     what field names and codes mean, Swedish and English
``data/_information.json``                    GDPR Art. 15(1)-(2) for a machine
``data/_disagreements.json``                  the person's own notes beside data that were not rectified (Art. 16)
``bagit.txt``, ``*manifest-sha256.txt``       BagIt 1.0 (RFC 8493)
============================================  =======================================================================

The same contents give the same bytes. All names are ours; nothing a processor says becomes part of a path.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC
from typing import Any

from app.domain.release import REASONS
from app.letters import dictionary
from app.letters.bag import PAYLOAD, bag
from app.letters.data_package import describe, json_schema
from app.letters.dictionary import Dictionary
from app.letters.environment import environment
from app.letters.facts import LetterFacts
from app.letters.package_facts import MOST_BYTES, PackageContents, PackagePart, PackageTooLarge, check
from app.letters.tables import alike, as_csv, as_json, columns, encode, in_words
from app.letters.words import Language

#: How many rows of a category the page shows; the files beside it have them all.
ROWS_SHOWN = 200
#: A processor may be called what one of our own files is called; its copy then has a name no key can have.
_OURS = frozenset({"datapackage"})


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
    payload = dict(_payload(contents))
    payload[f"{PAYLOAD}datapackage.json"] = as_json(describe(contents, payload))
    files = bag(payload, beside={"README.html": encode(_readme(contents))}, info=_bag_info(contents))
    if sum(map(len, files.values())) > MOST_BYTES:
        raise PackageTooLarge
    return _zipped(files, contents)


def words_in(contents: PackageContents) -> Dictionary:
    """Every field name and code that leaves, explained or named as unknown."""
    return dictionary.of(row for part in contents.parts for category in part.categories for row in category.rows)


def copy_path(key: str) -> str:
    """Where a processor's copy lies."""
    return f"{PAYLOAD}{key}.copy.json" if key in _OURS else f"{PAYLOAD}{key}.json"


def _payload(contents: PackageContents) -> Iterator[tuple[str, bytes]]:
    room = MOST_BYTES
    for path, content in _files(contents):
        room -= len(content)
        if room < 0:
            raise PackageTooLarge
        yield path, content


def _files(contents: PackageContents) -> Iterator[tuple[str, bytes]]:
    for part in contents.parts:
        yield copy_path(part.key), as_json(_json_of(part, contents))
        if "portability" in contents.rights:
            yield from _portable(part)
    yield f"{PAYLOAD}_dictionary.json", as_json([asdict(one) for one in words_in(contents).entries])
    if "access" in contents.rights:
        yield f"{PAYLOAD}_information.json", as_json(_information(contents))
    if contents.disagreed:
        said = [asdict(one) | {"made_on": one.made_on.isoformat()} for one in contents.disagreed]
        yield f"{PAYLOAD}_disagreements.json", as_json(said)


def _portable(part: PackagePart) -> Iterator[tuple[str, bytes]]:
    for category in part.categories:
        if category.portable and category.rows:  # a table without rows has no columns either
            stem = f"{PAYLOAD}portable/{part.key}/{category.key}"
            yield f"{stem}.csv", as_csv(category.rows)
            yield f"{stem}.json", as_json(category.rows)
            yield f"{stem}.schema.json", as_json(json_schema(category.rows, title=category.title))


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


def _information(contents: PackageContents) -> dict[str, Any]:
    automated = contents.automated_decisions
    return {
        "controller": asdict(contents.controller),
        "categories": [asdict(one) for one in contents.information],
        "automated_decisions": None if automated is None else asdict(automated),
        "left_out": [
            asdict(one) | {"source": REASONS[one.reason_code].source, "reason": _reason(one.reason_code, contents)}
            for one in contents.left_out
        ],
    }


def _reason(code: str, contents: PackageContents) -> str:
    return REASONS[code].in_language(contents.language)


def _bag_info(contents: PackageContents) -> dict[str, str]:
    articles = [article for right, article in (("access", "15"), ("portability", "20")) if right in contents.rights]
    return {
        "Source-Organization": contents.controller.name,
        "External-Identifier": contents.reference,
        "External-Description": f"Personal data, GDPR Art. {' and '.join(articles)}",
        "Bagging-Date": contents.created_at.date().isoformat(),
    }


def _readme(contents: PackageContents) -> str:
    language, words = contents.language, words_in(contents)
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
        parts=[_shown(part, contents, words) for part in contents.parts],
        left_out=[(one, REASONS[one.reason_code]) for one in contents.left_out],
        not_portable=contents.not_portable,
        disagreed=contents.disagreed,
        information=contents.information,
        automated_decisions=contents.automated_decisions,
        fields=[(one.code, one.in_language(language)) for one in words.of_kind("field")],
        codes=[(one.code, one.in_language(language)) for one in words.of_kind("sia", "contact_id", "value")],
        unknown=words.unknown,
    )


def _shown(part: PackagePart, contents: PackageContents, words: Dictionary) -> dict[str, Any]:
    categories = []
    for category in part.categories:
        shown = category.rows[:ROWS_SHOWN]
        categories.append(
            {
                "key": category.key,
                "title": category.title.in_language(contents.language),
                "description": category.description,
                "count": len(category.rows),
                "shown": len(shown),
                "portable": category.portable and bool(category.rows),
                "tables": [_table(rows, words, contents.language) for rows in alike(shown)],
            }
        )
    path = copy_path(part.key)
    return {"key": part.key, "path": path, "name": part.name, "categories": categories, "empty": part.empty}


def _table(rows: Sequence[Mapping[str, object]], words: Dictionary, language: Language) -> dict[str, Any]:
    names = columns(rows)
    return {
        "columns": [{"name": name, "means": words.field(name, language)} for name in names],
        "cells": [[_cell(name, row.get(name), language) for name in names] for row in rows],
    }


def _cell(name: str, value: object, language: Language) -> dict[str, str | None]:
    entry = dictionary.explain(name, value)
    return {"text": in_words(value), "means": None if entry is None else entry.in_language(language)}


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
