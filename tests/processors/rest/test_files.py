"""Connectors as files: shipped, read, refused in words a person can act on; and their schema kept in step."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from app.processors import connector_schema
from app.processors.rest import shelf
from app.processors.rest.schema import schema_text
from app.processors.rest.shelf import ROOT, BrokenConnector, load, read_file
from tests.processors.rest.test_lint import example
from tests.test_cli import Insyn, insyn

__all__ = ["insyn"]  # the fixture

SHIPPED = sorted((ROOT / "connectors").glob("*.yaml"))


class TestShippedConnectors:
    @pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
    def test_are_whole(self, file: Path) -> None:
        connector = read_file(file)
        assert connector.status == "documented" or connector.unverified

    def test_have_a_schema_that_is_the_grammars(self) -> None:
        """``insyn connector schema`` writes it anew."""
        assert (ROOT / "connectors" / "connector.schema.json").read_text(encoding="utf-8") == schema_text()

    def test_are_in_the_image(self) -> None:
        assert "COPY connectors connectors\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
        assert "!connectors\n" in (ROOT / ".dockerignore").read_text(encoding="utf-8")


class TestSchema:
    def test_takes_what_the_grammar_takes(self) -> None:
        schema = json.loads(schema_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(example())

    def test_refuses_what_the_grammar_refuses(self) -> None:
        raw = example() | {"loginn": {}}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(json.loads(schema_text())).validate(raw)


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


class TestReading:
    def test_finds_the_files_of_a_folder_by_name(self, tmp_path: Path) -> None:
        write(tmp_path, "example", yaml.safe_dump(example()))
        assert list(load(tmp_path)) == ["example"]
        assert load(tmp_path / "nowhere") == {}

    @pytest.mark.parametrize(
        ("spoil", "says"),
        [
            ("rules:\n", "rules"),
            ("colour: red\n", "colour: is no known field"),
            ("status: [\n", "line"),
            ("status: maybe\n", "status"),
            ("lookup: [{request: {path: /x, url: 'https://x.example'}}]\n", "exactly one of path, url"),
        ],
    )
    def test_says_what_is_wrong_and_where(self, tmp_path: Path, spoil: str, says: str) -> None:
        raw = example()
        raw.pop(spoil.partition(":")[0], None)
        file = write(tmp_path, "example", yaml.safe_dump(raw) + spoil)
        with pytest.raises(BrokenConnector) as broken:
            read_file(file)
        assert any(line.startswith("example.yaml: ") and says in line for line in broken.value.faults)

    def test_says_everything_at_once(self, tmp_path: Path) -> None:
        write(tmp_path, "other", yaml.safe_dump(example()))
        raw = example()
        raw["rules"].pop()
        write(tmp_path, "example", yaml.safe_dump(raw))
        with pytest.raises(BrokenConnector) as broken:
            load(tmp_path)
        assert [line.split(":")[0] for line in broken.value.faults] == ["example.yaml", "other.yaml"]
        assert "no_default_rule" in broken.value.faults[0]
        assert "is not the name of the file" in broken.value.faults[1]

    def test_a_key_that_stands_twice_is_refused(self, tmp_path: Path) -> None:
        file = write(tmp_path, "example", yaml.safe_dump(example()) + "title: Again\n")
        with pytest.raises(BrokenConnector, match="stands twice"):
            read_file(file)


class TestCommandLine:
    def test_checks_files_and_folders(self, insyn: Insyn, tmp_path: Path) -> None:
        good = write(tmp_path, "example", yaml.safe_dump(example()))
        assert insyn("connector", "check", good) == (0, ["example.yaml: ok (partial, 1 unverified)"])
        raw = example()
        raw["lookup"][0]["request"]["query"]["externalid"] = "{{ nobody }}"
        bad = write(tmp_path, "example", yaml.safe_dump(raw))
        code, said = insyn("connector", "check", INSYN_CONNECTORS_DIR=str(bad.parent))
        assert (code, len(said)) == (2, 1)
        assert said[0].startswith("example.yaml: lookup.by_number.query.externalid: unresolved_reference")

    def test_says_that_a_file_is_not_there(self, insyn: Insyn, tmp_path: Path) -> None:
        """It is not the file that is broken."""
        assert insyn("connector", "check", tmp_path / "gone.yaml") == (2, ["gone.yaml: no such file"])

    def test_writes_the_schema_beside_the_connectors_there_are(self, insyn: Insyn, tmp_path: Path) -> None:
        """Editors look for it beside the file, wherever that is."""
        code, said = insyn("connector", "schema", INSYN_CONNECTORS_DIR=str(tmp_path))

        assert (code, said) == (0, [f"wrote {tmp_path.name}/connector.schema.json"])
        assert (tmp_path / "connector.schema.json").read_text(encoding="utf-8") == connector_schema()

    def test_a_broken_connector_stops_the_start(
        self, insyn: Insyn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shelf, "_chosen", [])
        write(tmp_path, "vendor", "connector: vendor\n")
        code, said = insyn("connector", "try", "westra", "x", INSYN_SANDBOX="1", INSYN_CONNECTORS_DIR=str(tmp_path))
        assert code == 2
        assert all(line.startswith("insyn does not start: vendor.yaml: ") for line in said)
