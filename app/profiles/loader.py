"""
Reads the profiles of a folder and refuses a broken one in words a person can act on.

Every fault of every file is reported in one go, one line each: file, place inside it, what is wrong there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from app.plain_yaml import PlainYaml
from app.profiles.model import Profile
from app.profiles.references import Fault, Where, reference_faults


@dataclass(frozen=True)
class FileFault:
    """One fault in one file."""

    source: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.source}: {self.where}: {self.what}" if self.where else f"{self.source}: {self.what}"


class BrokenProfile(Exception):
    """One or more profiles cannot be used; ``faults`` holds every reason, the text one line for each."""

    def __init__(self, faults: list[FileFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def load_profiles(directory: Path) -> dict[str, Profile]:
    """
    Return every profile of *directory* (``*.yaml``) by controller id, in order of id.

    Raises:
        BrokenProfile: If any file cannot be used, or there is none; with all faults of all files.
    """
    profiles: dict[str, Profile] = {}
    faults: list[FileFault] = []
    files = sorted(directory.glob("*.yaml"))
    for file in files:
        try:
            profile = read_profile(file.read_text(encoding="utf-8"), source=file.name)
        except BrokenProfile as broken:
            faults += broken.faults
        except UnicodeDecodeError:
            faults.append(FileFault(file.name, "", "is not UTF-8 text"))
        else:
            if profile.id != file.stem:
                faults.append(FileFault(file.name, "id", f"'{profile.id}' is not the name of the file"))
            profiles[profile.id] = profile
    if not files:
        faults.append(FileFault(directory.name, "", "there is no profile (*.yaml) in this folder"))
    if faults:
        raise BrokenProfile(faults)
    return profiles


def read_profile(text: str, *, source: str) -> Profile:
    """
    Return the profile written in *text* (YAML); *source* names it in the faults.

    Raises:
        BrokenProfile: With every fault found.
    """
    try:
        # A SafeLoader of our own: it builds plain values only.
        raw = yaml.load(text, Loader=PlainYaml)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BrokenProfile([FileFault(source, f"line {line}", error.problem or "is not YAML")]) from None
    except yaml.YAMLError:
        raise BrokenProfile([FileFault(source, "", "is not YAML")]) from None
    return profile_of(raw, source=source)


def profile_of(raw: object, *, source: str) -> Profile:
    """
    Return the profile that *raw* (plain values, as from YAML or JSON) describes.

    Raises:
        BrokenProfile: With every fault found, in the order of the file.
    """
    if not isinstance(raw, Mapping):
        raise BrokenProfile([FileFault(source, "", "is not a mapping of names to values")])
    faults: list[Fault] = []
    profile = None
    try:
        profile = Profile.model_validate(raw)
    except ValidationError as error:
        faults += [
            Fault(_named(raw, found["loc"]), _in_words(found["type"], found["msg"]))
            for found in error.errors(include_url=False, include_input=False)
        ]
    faults += reference_faults(raw)
    if faults or profile is None:
        raise BrokenProfile([FileFault(source, ".".join(fault.where), fault.what) for fault in faults])
    return profile


def _in_words(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is no known field"
        case _:
            return message[:1].lower() + message[1:]


def _named(raw: object, location: tuple[int | str, ...]) -> Where:
    """The place as a person would name it: an item of a list by its id."""
    names: list[str] = []
    for step in location:
        item: object = None
        if isinstance(raw, Mapping):
            item = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            item = raw[step]
        name = item.get("id", step) if isinstance(step, int) and isinstance(item, Mapping) else step
        names.append(str(name))
        raw = item
    return tuple(names)
