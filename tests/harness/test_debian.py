"""Programs fetched for the tests: from a little archive of Debian's kind in a folder, by the machine's own apt."""

import hashlib
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import debian
from tests.harness.browser import VARIABLE, NoBrowser, find_browser
from tests.harness.debian import NotFetched, from_packages

needs_debian = pytest.mark.skipif(
    not all(map(shutil.which, ("apt-get", "dpkg-deb"))), reason="not a Debian: nothing is fetched on it"
)


@dataclass
class Archive:
    """Packages, and where they are unpacked."""

    folder: Path
    cache: Path
    sources: Path

    def put(self, name: str, script: str, *, depends: str = "") -> None:
        """Offer a package with one program."""
        made = self.folder / "made" / name
        (made / "DEBIAN").mkdir(parents=True)
        control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: tried\n"
        control += f"Depends: {depends}\n" if depends else ""
        (made / "DEBIAN/control").write_text(control)
        program = made / "usr/bin" / name
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        package = self.folder / f"{name}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", made, package], check=True, capture_output=True)
        content = package.read_bytes()
        with (self.folder / "Packages").open("a") as packages:
            packages.write(f"{control}Filename: ./{name}.deb\nSize: {len(content)}\n")
            packages.write(f"SHA256: {hashlib.sha256(content).hexdigest()}\n\n")

    def fetched(self, name: str) -> str:
        """What the program says once it is there."""
        program = from_packages(name, f"usr/bin/{name}", [name], spared=["tried-window"]).program
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """An archive that is the only one apt knows, and a cache that is empty."""
    folder, parts = tmp_path / "archive", tmp_path / "parts"
    folder.mkdir()
    parts.mkdir()
    sources = tmp_path / "sources.list"
    sources.write_text(f"deb [trusted=yes] copy:{folder} ./\n")
    config = tmp_path / "apt.conf"
    config.write_text(f'Dir::Etc::sourcelist "{sources}";\nDir::Etc::sourceparts "{parts}";\n')
    monkeypatch.setenv("APT_CONFIG", str(config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Archive(folder, tmp_path / "cache" / "insyn-tests", sources)


@needs_debian
class TestAFetchedProgram:
    def test_comes_with_what_it_needs(self, archive):
        """What the machine has not comes along; what can be spared does not, nor does it stop the rest."""
        archive.put("tried", "echo found", depends="tried-library, tried-window")
        archive.put("tried-library", "true")

        assert archive.fetched("tried") == "found"
        assert [one.name for one in sorted((archive.cache / "tried/root/usr/bin").iterdir())] == [
            "tried",
            "tried-library",
        ]

    def test_is_fetched_once(self, archive):
        """The second run finds it, archive or no archive, and the packages themselves are not kept."""
        archive.put("tried", "echo found")
        archive.fetched("tried")
        shutil.rmtree(archive.folder)

        assert archive.fetched("tried") == "found"
        assert list(archive.cache.rglob("*.deb")) == []

    def test_is_fetched_anew_where_half_of_it_is_there(self, archive):
        """A run that was stopped in the middle leaves nothing that the next would trust."""
        archive.put("tried", "echo found")
        half = archive.cache / "tried/root/usr/bin/tried"
        half.parent.mkdir(parents=True)
        half.write_text("#!/bin/sh\necho half\n")
        half.chmod(0o755)

        assert archive.fetched("tried") == "found"

    def test_is_fetched_anew_once_it_does_not_start(self, archive):
        """The machine may have lost a library since, or be another with the same home."""
        archive.put("tried", "echo found")
        archive.fetched("tried")
        (archive.cache / "tried/root/usr/bin/tried").write_text("#!/bin/sh\nexit 1\n")

        assert archive.fetched("tried") == "found"

    def test_is_refused_where_it_does_not_start(self, archive):
        """Better skipped, and said, than a failure in every test."""
        archive.put("tried", "exit 1")

        with pytest.raises(NotFetched, match="does not start"):
            archive.fetched("tried")
        assert not (archive.cache / "tried").exists()

    def test_is_refused_where_there_is_none(self, archive):
        """No network, no such package: it leaves what was said, and nothing else."""
        archive.put("another", "true")

        with pytest.raises(NotFetched, match=r"tried\.log says why"):
            archive.fetched("tried")
        assert "Unable to locate package tried" in (archive.cache / "tried.log").read_text()
        assert not (archive.cache / "tried").exists()

    def test_is_given_up_when_it_takes_too_long(self, archive, monkeypatch):
        """A run of the tests goes on without it, whatever apt itself waits for: here a mirror that says nothing."""
        monkeypatch.setattr(debian, "FETCH_SECONDS", 2.0)
        started = time.monotonic()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            archive.sources.write_text(f"deb [trusted=yes] http://127.0.0.1:{silent.getsockname()[1]} ./\n")
            with pytest.raises(NotFetched):
                archive.fetched("tried")

        assert time.monotonic() - started < debian.APT_PATIENCE_SECONDS
        assert not (archive.cache / "tried").exists()

    def test_is_fetched_by_one_for_all(self, archive):
        """Every worker of a run asks for it; one fetches, the others wait and take what it made."""
        archive.put("tried", "echo found")
        with ThreadPoolExecutor(4) as workers:
            said = [one.result() for one in [workers.submit(archive.fetched, "tried") for _ in range(4)]]

        assert said == ["found"] * 4

    def test_is_not_tried_again_by_who_waited(self, archive):
        """Where one could not fetch it the next cannot either, and a run is not to wait for each."""
        archive.put("another", "true")
        with ThreadPoolExecutor(4) as workers:
            asked = [workers.submit(archive.fetched, "tried") for _ in range(4)]
            reasons = [str(one.exception()) for one in asked]

        assert sum("says why" in one for one in reasons) == 1


class TestABrowser:
    def test_is_not_fetched_where_none_is_wanted(self, monkeypatch):
        """Some count their megabytes."""
        monkeypatch.setenv(VARIABLE, "none")

        with pytest.raises(NoBrowser, match="none is wanted"):
            find_browser()

    def test_that_is_named_is_not_replaced_by_another(self, monkeypatch):
        """Who names one wants that one looked with, or be told."""
        monkeypatch.setenv(VARIABLE, "/nowhere/browser")

        with pytest.raises(NoBrowser, match=VARIABLE):
            find_browser()

    def test_is_not_to_be_had_without_apt(self, monkeypatch, tmp_path):
        """Another system than Debian's has its own way; what is missing is said."""
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.delenv(VARIABLE, raising=False)

        with pytest.raises(NoBrowser, match="could not be fetched"):
            find_browser()
