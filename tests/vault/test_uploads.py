"""Files that are handed in: told by their content, never harmful to whoever opens them, read as rows."""

import io
import json
import stat
import struct
import tracemalloc
import zipfile

import pytest

from app.vault.uploads import (
    MOST_BYTES,
    MOST_ENTRIES,
    MOST_ROWS,
    ArchiveRefused,
    UploadRefused,
    UploadTooLarge,
    as_records,
    media_type_of,
    plain_name,
    rows_of,
)


def zipped(entries, *, method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def lying(content):
    """The same archive, its entry said to be one byte long."""
    at = content.rindex(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<I", 1) + content[at + 28 :]


def a_link():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return made.getvalue()


def with_password():
    content = bytearray(zipped([("a.txt", "x")]))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


CSV_TEXT = "namn;mobil\nAnna;070-174 06 05\nBo;070-174 06 06\n"


class TestKind:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"%PDF-1.7\n...", "application/pdf"),
            (b"\x89PNG\r\n\x1a\n....", "image/png"),
            (b"\xff\xd8\xff\xe0....", "image/jpeg"),
            (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
            (b"ID3\x03....", "audio/mpeg"),
            (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
            (zipped([("a.csv", CSV_TEXT)]), "application/zip"),
            (CSV_TEXT.encode(), "text/csv"),
            (b"\xef\xbb\xbf" + CSV_TEXT.encode(), "text/csv"),
            (b'[{"a": 1}]', "application/json"),
            (b'{"a": 1}\n{"a": 2}\n', "application/json"),
            ("Vi har inget mer än så.".encode(), "text/plain"),
        ],
    )
    def test_is_told_by_the_content(self, content, kind):
        """ASVS 5.2.2: whatever the name says."""
        assert media_type_of(content) == kind

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"<html><script>alert(1)</script>", id="a page"),
            pytest.param(b"  \n<svg onload='x'>", id="a picture that runs"),
            pytest.param(b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>", id="XML"),
            pytest.param(b"MZ\x90\x00\x03", id="a program"),
            pytest.param(b"\x7fELF\x02", id="another program"),
            pytest.param(b"#!/bin/sh\x00", id="NUL in text"),
            pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", id="an old office document"),
            pytest.param(b"\x1f\x8b\x08\x00", id="gzip"),
        ],
    )
    def test_that_is_not_taken_is_refused(self, content):
        """Nothing that runs, nothing that reads on from somewhere else."""
        with pytest.raises(UploadRefused):
            media_type_of(content)

    @pytest.mark.parametrize("size", [0, MOST_BYTES + 1])
    def test_of_no_size_or_too_much_is_refused(self, size):
        """ASVS 5.2.1."""
        with pytest.raises(UploadTooLarge):
            media_type_of(b"a" * size)


class TestArchive:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(zipped([("bomb", b"\x00" * 50_000_000)]), id="a bomb"),
            pytest.param(lying(zipped([("bomb", b"\x00" * 5_000_000)])), id="a bomb that lies about its size"),
            pytest.param(zipped([(f"{n}", b"x") for n in range(MOST_ENTRIES + 1)]), id="too many entries"),
            pytest.param(zipped([("inner.zip", b"x")]), id="an archive in it"),
            pytest.param(
                zipped([("inner.dat", zipped([("a", "b")]))], method=zipfile.ZIP_STORED), id="one in disguise"
            ),
            pytest.param(zipped([("../../etc/passwd", "x")]), id="a way out of the folder"),
            pytest.param(zipped([("..\\..\\x", "x")]), id="the same, backwards"),
            pytest.param(zipped([("/etc/passwd", "x")]), id="a place of its own"),
            pytest.param(zipped([("C:/x", "x")]), id="another drive"),
            pytest.param(a_link(), id="a symbolic link"),
            pytest.param(with_password(), id="a password"),
            pytest.param(zipped([]), id="nothing in it"),
            pytest.param(zipped([("a", "b" * 1000)])[:-30], id="cut off"),
            pytest.param(b"PK\x03\x04" + b"\x00" * 100, id="only a beginning"),
        ],
    )
    def test_that_could_do_harm_is_refused(self, content):
        """ASVS 5.2.3, 5.2.5, 5.3.2: size, number, links and paths, before anybody unpacks it."""
        with pytest.raises(ArchiveRefused):
            media_type_of(content)

    def test_is_run_through_in_little_memory(self):
        """
        A bomb is refused by what it says of itself, and one that lies by what comes out, chunk by chunk.
        """
        bomb = lying(zipped([("bomb", b"\x00" * 50_000_000)]))
        tracemalloc.start()
        with pytest.raises(ArchiveRefused):
            media_type_of(bomb)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert peak < 4_000_000


class TestRows:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (CSV_TEXT, "text/csv"),
            (CSV_TEXT.replace(";", ","), "text/csv"),
            (CSV_TEXT.replace(";", "\t").replace("\n", "\r\n"), "text/csv"),
            (json.dumps([{"namn": "Anna", "mobil": "070-174 06 05"}, {"namn": "Bo", "mobil": "070-174 06 06"}]),
             "application/json"),
        ],
    )  # fmt: skip
    def test_are_what_the_file_says(self, content, kind):
        """As a processor's answer would have them."""
        assert media_type_of(content.encode()) == kind
        assert rows_of(kind, content.encode()) == [
            {"namn": "Anna", "mobil": "070-174 06 05"},
            {"namn": "Bo", "mobil": "070-174 06 06"},
        ]

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param("a;b\n1\n", id="a row with too little"),
            pytest.param("a;a\n1;2\n", id="a heading twice"),
            pytest.param("a;\n1;2\n", id="no heading"),
            pytest.param("a;b\n", id="a heading alone"),
            pytest.param('a;b\n"1;2\n', id="a quote that does not end"),
            pytest.param("a;b\n" + "1;2\n" * (MOST_ROWS + 1), id="too many"),
            pytest.param('[{"a": 1, "a": 2}]', id="a field twice"),
            pytest.param('[{"a": NaN}]', id="no number"),
            pytest.param("[1, 2]", id="no objects"),
            pytest.param("[" * 5_000, id="bottomless"),
        ],
    )
    def test_that_can_be_read_in_two_ways_are_not_read(self, content):
        """
        Then the file is text for a person to look at.
        """
        assert media_type_of(content.encode()) == "text/plain"
        with pytest.raises(UploadRefused):
            rows_of("text/plain", content.encode())

    def test_of_several_files_lie_with_their_category(self):
        """One record a category, in the order of the files."""
        files = [("contact", "text/csv", b"a;b\n1;2\n"), ("invoices", "application/json", b'{"c": 3}')]

        assert as_records([*files, ("contact", "text/csv", b"a;b\n4;5\n")]) == [
            {"category": "contact", "rows": [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}]},
            {"category": "invoices", "rows": [{"c": 3}]},
        ]


class TestName:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("export.csv", "export.csv"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\anna\\export.csv", "export.csv"),
            ("exp\u202eort\x00\n.csv", "export.csv"),
            ("", "file"),
            ("...", "file"),
            ("x" * 500, "x" * 120),
        ],
    )
    def test_is_shown_as_one_short_line(self, name, shown):
        """No folders, no control characters, nothing that turns the line round."""
        assert plain_name(name) == shown
