"""
The connectors there are: files of one folder, read once and checked before anything starts.

``connect`` and ``lacks`` know a registration and no more, so the shelf is the process's own.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from app.plain_yaml import PlainYaml
from app.processors.rest.grammar import Connector
from app.processors.rest.lint import lint
from app.processors.rest.lint_templates import Fault

ROOT = Path(__file__).resolve().parents[3]


class BrokenConnector(Exception):
    """One or more connectors cannot be used; ``faults`` holds every reason, one line each."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


_shelves: dict[Path, Mapping[str, Connector]] = {}
_chosen: list[Path] = []


def open_connectors(directory: Path) -> Mapping[str, Connector]:
    """
    Choose the folder that this process reads its connectors from, and read it.

    Raises:
        BrokenConnector: With every fault of every file.
    """
    _chosen[:] = [directory]
    return connectors()


def connectors() -> Mapping[str, Connector]:
    """Every connector of the chosen folder by its name; read once. Until one is chosen: the one that is shipped."""
    folder = _chosen[0] if _chosen else Path("connectors")
    folder = folder if folder.is_absolute() else ROOT / folder
    if folder not in _shelves:
        _shelves[folder] = load(folder)
    return _shelves[folder]


def load(folder: Path) -> Mapping[str, Connector]:
    """Read the folder anew; raises :class:`BrokenConnector`."""
    found: dict[str, Connector] = {}
    faults: list[str] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            found[file.stem] = read_file(file)
        except BrokenConnector as broken:
            faults += broken.faults
    if faults:
        raise BrokenConnector(faults)
    return found


def read_file(file: Path) -> Connector:
    """One connector; raises :class:`BrokenConnector`."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BrokenConnector([f"{file.name}: no such file"]) from None
    except (OSError, UnicodeDecodeError):
        raise BrokenConnector([f"{file.name}: is not a readable UTF-8 file"]) from None
    connector = read_connector(text, source=file.name)
    if connector.connector != file.stem:
        raise BrokenConnector([f"{file.name}: connector: '{connector.connector}' is not the name of the file"])
    return connector


def read_connector(text: str, *, source: str) -> Connector:
    """
    The connector written in *text* (YAML), checked for shape and by lint; *source* names it in faults.

    Raises:
        BrokenConnector
    """
    connector = shaped(text, source=source)
    faults = lint(connector)
    if faults:
        raise BrokenConnector([_line(source, fault) for fault in faults])
    return connector


def shaped(text: str, *, source: str) -> Connector:
    """The same without lint."""
    try:
        raw = yaml.load(text, Loader=PlainYaml)  # noqa: S506 - a SafeLoader of our own
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BrokenConnector([f"{source}: line {line}: {error.problem or 'is not YAML'}"]) from None
    except yaml.YAMLError:
        raise BrokenConnector([f"{source}: is not YAML"]) from None
    try:
        return Connector.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise BrokenConnector([f"{source}: {_where(one['loc'])}: {_what(one)}" for one in found]) from None


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in location) or "the file"


def _what(error: object) -> str:
    kind, message = error["type"], error["msg"]  # type: ignore[index]
    if kind == "missing":
        return "is missing"
    return "is no known field" if kind == "extra_forbidden" else str(message).removeprefix("Value error, ")


def _line(source: str, fault: Fault) -> str:
    return f"{source}: {fault.where}: {fault.code}: {fault.what}"
