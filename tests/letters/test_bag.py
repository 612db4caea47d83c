"""A package as other programs read it: BagIt 1.0 and Data Package 2.0, checked from the outside."""

import csv
import hashlib
import io
import json
import re
import zipfile
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.letters.bag import bag
from app.letters.package import build
from app.letters.package_facts import CategoryRows, PackagePart, Title
from app.letters.tables import as_csv, cell
from tests.letters.test_package import contents

#: What Data Package 2.0 asks of a description, and what we promise beyond it.
RESOURCE: dict[str, Any] = {
    "type": "object",
    "required": ["name", "path", "format", "mediatype", "encoding", "bytes", "hash"],
    "properties": {
        "name": {"type": "string", "pattern": r"^[-a-z0-9._/]+$"},
        "path": {"type": "string", "pattern": r"^(?!/)(?!.*\.\.)[a-z_][a-z0-9_./-]*$"},
        "format": {"enum": ["json", "csv"]},
        "mediatype": {"enum": ["application/json", "text/csv"]},
        "encoding": {"const": "utf-8"},
        "bytes": {"type": "integer", "minimum": 0},
        "hash": {"type": "string", "pattern": r"^sha256:[0-9a-f]{64}$"},
        "type": {"const": "table"},
        "art20_portable": {"type": "boolean"},
        "schema": {
            "type": "object",
            "required": ["fields"],
            "properties": {
                "fields": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["name", "type"],
                        "properties": {"type": {"enum": ["string", "integer", "number", "boolean", "any"]}},
                    },
                }
            },
        },
    },
}
DATA_PACKAGE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["$schema", "name", "id", "created", "contributors", "resources"],
    "properties": {
        "$schema": {"const": "https://datapackage.org/profiles/2.0/datapackage.json"},
        "name": {"type": "string", "pattern": r"^[-a-z0-9._/]+$"},
        "created": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "resources": {"type": "array", "minItems": 1, "items": RESOURCE},
    },
}


def files_of(**changed: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(build(contents(**changed))))) as unzipped:
        return {name: unzipped.read(name) for name in unzipped.namelist()}


def manifest(raw: bytes) -> dict[str, str]:
    return {path: digest for digest, path in (line.split("  ", 1) for line in raw.decode().splitlines())}


class TestTheBag:
    def test_declares_itself(self) -> None:
        """RFC 8493, 2.1.1: exactly these two lines."""
        assert files_of()["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

    def test_has_every_payload_file_in_its_manifest_with_its_hash(self) -> None:
        """RFC 8493, 2.1.3: re-hashed, none missing and none too many."""
        files = files_of()
        payload = {name: content for name, content in files.items() if name.startswith("data/")}

        assert manifest(files["manifest-sha256.txt"]) == {
            name: hashlib.sha256(content).hexdigest() for name, content in payload.items()
        }

    def test_has_everything_beside_it_in_the_other_manifest(self) -> None:
        """RFC 8493, 2.2.1: the page people read cannot be changed unseen either."""
        files = files_of()
        beside = {name: content for name, content in files.items() if not name.startswith("data/")}
        beside.pop("tagmanifest-sha256.txt")

        assert manifest(files["tagmanifest-sha256.txt"]) == {
            name: hashlib.sha256(content).hexdigest() for name, content in beside.items()
        }
        assert "README.html" in beside

    def test_says_how_much_there_is(self) -> None:
        """RFC 8493, 2.2.2: octets and number of files of the payload."""
        files = files_of()
        payload = [content for name, content in files.items() if name.startswith("data/")]
        info = dict(line.split(": ", 1) for line in files["bag-info.txt"].decode().splitlines())

        assert info["Payload-Oxum"] == f"{sum(map(len, payload))}.{len(payload)}"
        assert info["External-Identifier"] == "INS-2026-ABC234"
        assert info["Bagging-Date"] == "2026-04-02"

    def test_lets_no_value_add_a_line(self) -> None:
        """A name with a line break in it declares nothing."""
        made = bag({"data/a": b""}, beside={}, info={"Source-Organization": "A\nBagIt-Version: 9\r\nX: y"})

        assert made["bag-info.txt"].decode().splitlines()[0] == "Source-Organization: A BagIt-Version: 9 X: y"

    @given(st.binary(max_size=40), st.binary(max_size=40))
    def test_notices_any_change(self, before: bytes, after: bytes) -> None:
        """Two contents, two manifests."""
        first, second = (bag({"data/a": one}, beside={}, info={}) for one in (before, after))

        assert (first["manifest-sha256.txt"] == second["manifest-sha256.txt"]) == (before == after)


class TestTheDescription:
    def test_is_a_data_package(self) -> None:
        """R20-2: Data Package 2.0, by its own rules."""
        jsonschema.validate(json.loads(files_of()["data/datapackage.json"]), DATA_PACKAGE)

    def test_names_every_file_once_with_size_and_hash(self) -> None:
        """R20-2: what it says of a file is so."""
        files = files_of()
        resources = json.loads(files["data/datapackage.json"])["resources"]
        by_path = {f"data/{one['path']}": one for one in resources}

        assert len(by_path) == len({one["name"] for one in resources}) == len(resources)
        assert set(by_path) == {name for name in files if name.startswith("data/")} - {"data/datapackage.json"}
        for path, one in by_path.items():
            assert one["bytes"] == len(files[path])
            assert one["hash"] == f"sha256:{hashlib.sha256(files[path]).hexdigest()}"

    def test_marks_what_can_be_taken_along(self) -> None:
        """R20-1: only what Art. 20 reaches."""
        resources = json.loads(files_of()["data/datapackage.json"])["resources"]
        portable = {one["path"] for one in resources if one.get("art20_portable")}

        assert portable == {
            "portable/billing/bookkeeping_records.csv",
            "portable/billing/bookkeeping_records.json",
        }


class TestWhatIsTakenAlong:
    def test_comes_as_json_and_csv_with_a_schema_and_never_as_pdf(self) -> None:
        """R20-2: structured, commonly used, machine-readable."""
        names = [name for name in files_of() if name.startswith("data/portable/")]

        assert {name.split("bookkeeping_records")[1] for name in names} == {".csv", ".json", ".schema.json"}
        assert not [name for name in files_of() if name.endswith(".pdf")]

    def test_is_as_its_schema_says(self) -> None:
        """R20-2: another service can check what it gets."""
        files = files_of()
        stem = "data/portable/billing/bookkeeping_records"
        schema, rows = json.loads(files[f"{stem}.schema.json"]), json.loads(files[f"{stem}.json"])
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(rows, schema)

        assert rows == [dict(row) for row in contents().parts[0].categories[0].rows]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([{"number": 17}], schema)

    @given(
        st.lists(
            st.dictionaries(
                st.text(max_size=6),
                st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.lists(st.integers(), max_size=2),
                max_size=4,
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_fits_its_schema_whatever_it_holds(self, rows: list[dict[str, Any]]) -> None:
        """R20-2: the schema is made from the data and never lies about them."""
        category = CategoryRows(key="contact", title=Title(sv="a", en="b"), rows=rows, portable=True)
        files = files_of(
            rights=frozenset({"portability"}),
            parts=(PackagePart(key="crm", name="x", categories=(category,)),),
            left_out=(),
            information=(),
            automated_decisions=None,
        )
        stem = "data/portable/crm/contact"
        jsonschema.validate(json.loads(files[f"{stem}.json"]), json.loads(files[f"{stem}.schema.json"]))

    def test_leaves_out_what_the_right_does_not_reach(self) -> None:
        """R20-1: no table for a category that is not covered."""
        title = Title(sv="Fakturor", en="Invoices")
        rows = CategoryRows(key="bookkeeping_records", title=title, rows=[{"a": 1}], portable=False)
        files = files_of(parts=(PackagePart(key="billing", name="x", categories=(rows,)),))

        assert not [name for name in files if name.startswith("data/portable/")]
        assert "data/billing.json" in files


class TestNames:
    @pytest.mark.parametrize("key", ["datapackage", "portable", "manifest-sha256", "bagit"])
    def test_of_processors_take_no_file_of_ours(self, key: str) -> None:
        """ASVS 5.3.3: a processor called like one of our files replaces none of them."""
        title = Title(sv="a", en="b")
        rows = CategoryRows(key="bookkeeping_records", title=title, rows=[{"a": 1}], portable=True)
        files = files_of(parts=(PackagePart(key=key, name="Ett register", categories=(rows,)),))
        described = json.loads(files["data/datapackage.json"])
        copies = [json.loads(files[f"data/{one['path']}"]) for one in described["resources"] if one["name"] == key]

        assert described["$schema"].startswith("https://datapackage.org/")
        assert [one["recipient"] for one in copies] == ["Ett register"]

    def test_are_all_ours(self) -> None:
        """Nothing leads out of the folder, whatever rows are called."""
        hostile = "../../etc/passwd"
        title = Title(sv=hostile, en=hostile)
        rows = CategoryRows(
            key="bookkeeping_records", title=title, rows=[{hostile: hostile}], description=hostile, portable=True
        )
        files = files_of(parts=(PackagePart(key="crm", name=hostile, categories=(rows,)),))

        assert all(re.fullmatch(r"[A-Za-z0-9_.-]+(/[a-z0-9_.-]+)*", name) and ".." not in name for name in files)


class TestCells:
    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋"])
    @pytest.mark.parametrize("before", ["", " ", "  ", '"', "'", '"\u00a0', "\ufeff", "\u200b", "“"])
    def test_are_no_formulas_behind_blanks_and_quotes_either(self, start: str, before: str) -> None:
        """ASVS 1.2.10: a spreadsheet trims and unquotes before it looks."""
        assert cell(f"{before}{start}1+1").startswith("'")

    @given(st.text(max_size=12))
    def test_are_text_when_read_back(self, text: str) -> None:
        """RFC 4180: one cell, as it was but for the apostrophe; no reader sees a formula."""
        (read,) = list(csv.reader(io.StringIO(as_csv([{"a": text}]).decode(), newline="")))[1:]

        assert read in ([text.encode("utf-8", "backslashreplace").decode()], [f"'{text}"])
        assert not read[0].strip().strip('"').startswith(("=", "+", "-", "@"))
