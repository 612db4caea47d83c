"""
The locks: what is installed is what was locked, on every machine, and they say nothing about where it came from.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
LOCKS = ["build", "runtime", "dev"]
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
EXTRAS = [name for extra in PROJECT["project"]["optional-dependencies"].values() for name in extra]
WANTED = {"build": PROJECT["build-system"]["requires"], "runtime": RUNTIME, "dev": RUNTIME + EXTRAS}

#: Brought along only by an extra; missing, the service would run slower, or not at all.
BY_EXTRAS = {"uvloop", "httptools", "greenlet", "cryptography"}


def text_of(lock: str) -> str:
    return (REPOSITORY / "requirements" / f"{lock}.txt").read_text()


def locked(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by package."""
    found = re.findall(r"^([\w.-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text_of(lock), re.M)
    return {canonicalize_name(name): (version, hashes.count("sha256:")) for name, version, hashes in found}


@pytest.mark.parametrize("lock", LOCKS)
class TestALock:
    def test_has_a_hash_for_every_line(self, lock: str) -> None:
        """
        There is no line that would be installed unchecked.
        """
        others = [line for line in text_of(lock).splitlines() if line and not line.startswith(("#", "    --hash="))]

        assert len(locked(lock)) == len(others) > 0

    def test_names_no_index_and_no_machine(self, lock: str) -> None:
        """
        Where packages come from is for whoever installs them to say.
        """
        assert (
            re.findall(r"https?:|file:/|--index|--extra-index|--find-links|--trusted-host| /\w+", text_of(lock)) == []
        )

    def test_is_in_step_with_the_project(self, lock: str) -> None:
        """
        What the project asks for is there, in a release it accepts.
        """
        for wanted in map(Requirement, WANTED[lock]):
            version, _ = locked(lock)[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(version, prereleases=True), f"{wanted} is not {version}: make lock"


class TestTheLocks:
    def test_agree(self) -> None:
        """
        What is tested is what is shipped.
        """
        tested = locked("dev")

        assert {name: made for name, made in locked("runtime").items() if tested.get(name) != made} == {}

    def test_cover_more_machines_than_this_one(self) -> None:
        """
        A compiled package has a file, and so a hash, for each platform and each Python.
        """
        for name in ("asyncpg", "cryptography", "pydantic-core", "uvloop"):
            assert locked("runtime")[name][1] > 20

    def test_honour_the_extras(self) -> None:
        """
        An extra is only a word in the project file; in the lock it is the packages it brings.
        """
        assert locked("runtime").keys() >= BY_EXTRAS
