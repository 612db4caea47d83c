"""
Programs that the tests need and the machine has not: Debian's packages, fetched, checked and unpacked by its own tools.

All in a folder of whoever runs the tests, who may be anybody; nothing is installed, nothing of the system is written.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: For one program with all that it needs: a run of the tests must not wait longer for what it can do without.
FETCH_SECONDS = 180.0
APT_PATIENCE_SECONDS = 20  #: with a mirror that says nothing; once more after that
_STATUS = Path("/var/lib/dpkg/status")


class NotFetched(Exception):
    """The program is not to be had on this machine."""


@dataclass(frozen=True)
class Unpacked:
    """A program in its folder, which stands for ``/``."""

    root: Path
    program: Path

    @property
    def environment(self) -> dict[str, str]:
        """What it needs to find its libraries."""
        folders = sorted({str(one.parent) for one in self.root.rglob("*.so*")})
        return {"LD_LIBRARY_PATH": ":".join(folders)}

    def works(self) -> bool:
        """Whether it can be started: it cannot once the machine has lost a library that it had when this was made."""
        try:
            subprocess.run(
                [self.program, "--version"],
                env=os.environ | self.environment,
                check=True,
                capture_output=True,
                timeout=30,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return True


def from_packages(name: str, program: str, packages: Sequence[str], *, spared: Collection[str] = ()) -> Unpacked:
    """
    The *program* (its path in the packages), fetched unless that was done before: once a machine, whoever else waits.

    *packages* come with all they depend on that the machine has not, but for those that are *spared*.

    Raises:
        NotFetched: there is no apt here, no network, no such package, too little time.
    """
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "insyn-tests"
        made = Unpacked(cache / name / "root", cache / name / "root" / program)
        with _alone(cache / f"{name}.lock") as waited:
            if (cache / name / "done").exists() and made.works():
                return made
            if waited:  # whoever was first tried it just now
                raise NotFetched(f"{name} could not be fetched")
            _make(cache / name, packages, spared)
            if not made.works():
                shutil.rmtree(cache / name)
                raise NotFetched(f"{name} does not start here")
            (cache / name / "done").touch()
    except (OSError, RuntimeError) as error:  # the latter: nobody's home
        raise NotFetched(f"{name} cannot be fetched: {error}") from error
    return made


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """One process at a time; yields whether another was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            waited = False
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waited = True
        yield waited


def _make(folder: Path, packages: Sequence[str], spared: Collection[str]) -> None:
    """Fetch and unpack; what could not be finished is thrown away, but for what was said (``….log`` beside it)."""
    ends = time.monotonic() + FETCH_SECONDS
    shutil.rmtree(folder, ignore_errors=True)
    apt = folder / "apt"
    (apt / "archives" / "partial").mkdir(parents=True)
    log = folder.with_suffix(".log")

    def run(*command: str | Path) -> None:
        with log.open("ab") as said:
            left = max(ends - time.monotonic(), 0.1)
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=left)

    def fetch(config: Path) -> None:
        run("apt-get", "-c", config, "install", "--download-only", "--no-install-recommends", "--yes", *packages)

    log.write_bytes(b"")
    try:
        (apt / "status").write_text(_status(packages, spared), encoding="utf-8")
        try:
            fetch(_config(apt))
        except subprocess.CalledProcessError:  # the machine's lists are missing, or name what is no longer there
            own = _config(apt, lists=apt / "lists")
            run("apt-get", "-c", own, "update")
            fetch(own)
        for package in sorted((apt / "archives").glob("*.deb")):
            run("dpkg", "-x", package, folder / "root")
        shutil.rmtree(apt)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise NotFetched(f"{folder.name} could not be fetched; {log} says why") from error


def _status(packages: Sequence[str], spared: Collection[str]) -> str:
    """What is to be taken for installed: what is, without the packages themselves, and what they can do without."""
    installed = [
        one
        for one in _STATUS.read_text(encoding="utf-8").split("\n\n")
        if one.strip() and one.partition("\n")[0].removeprefix("Package: ") not in packages
    ]
    if spared:
        installed.append(
            "Package: insyn-tests-spare\nStatus: install ok installed\nMaintainer: nobody\nVersion: 1\n"
            f"Architecture: all\nProvides: {', '.join(spared)}\nDescription: what is not needed here"
        )
    return "".join(f"{one.strip()}\n\n" for one in installed)


def _config(apt: Path, *, lists: Path | None = None) -> Path:
    """The machine's apt with its sources and keys, but all that it writes in this folder and no hooks of others."""
    lines = [
        "#clear APT::Update::Pre-Invoke;",
        "#clear APT::Update::Post-Invoke;",
        "#clear APT::Update::Post-Invoke-Success;",
        'Debug::NoLocking "true";',  # only the system's folders would be locked, and those are left alone
        'APT::Sandbox::User "root";',  # else the superuser's apt steps down to a user who may not write here
        'Acquire::Retries "1";',
        f'Acquire::http::Timeout "{APT_PATIENCE_SECONDS}";',
        'Acquire::Languages "none";',
        f'Dir::Cache "{apt}";',
        f'Dir::State::status "{apt / "status"}";',
    ]
    if lists is not None:
        (lists / "partial").mkdir(parents=True)
        lines.append(f'Dir::State::lists "{lists}";')
    config = apt / ("own.conf" if lists else "apt.conf")
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return config
