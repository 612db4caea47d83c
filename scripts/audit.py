"""
Asks the advisory service about every package of a lock, and never takes silence for a good answer.

``pip-audit`` alone is green when it could look nothing up; ``--strict`` alone shows nothing of what it did look up. So:
strict first, and where that ends without a report, once more for whatever can be had, with a loud line for the rest.
"""
# ruff: noqa: T201, S603

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOCK = Path("requirements/dev.txt")
KNOWN = Path("requirements/known-vulnerabilities.txt")
TIMEOUT_SECONDS = 300

Run = Callable[[list[str]], subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Verdict:
    """What was found that nobody has accepted, what has been accepted, and why (part of) the lock was not looked up."""

    new: list[str] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    looked_up: int = 0
    not_done: str | None = None


def read_known(text: str) -> dict[str, str]:
    """Return reason by advisory id. A line is ``ID  reason``; one without a reason is refused."""
    known = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            identifier, _, reason = line.strip().partition(" ")
            if not reason.strip():
                raise SystemExit(f"{KNOWN}: {identifier} has no reason.")
            known[identifier] = reason.strip()
    return known


def pip_audit(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run pip-audit on the lock; it may take minutes where the service is slow, but not for ever."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {TIMEOUT_SECONDS} s")


def audit(known: dict[str, str], run: Run = pip_audit) -> Verdict:
    """Look every package of the lock up, and say how far that succeeded."""
    strict = run(["--strict"])
    report = _report(strict)
    if report is not None:
        return judge(report, known, not_done=None)
    reason = _last_line(strict.stderr)
    return judge(_report(run([])) or [], known, not_done=reason)


def judge(report: list[dict[str, Any]], known: dict[str, str], *, not_done: str | None) -> Verdict:
    """Tell what is new from what is known; an advisory is known by its id or by any of its aliases."""
    new: list[str] = []
    accepted: set[str] = set()
    for package in report:
        for advisory in package.get("vulns", []):
            names = {advisory["id"], *advisory.get("aliases", [])}
            if names & known.keys():
                accepted |= names & known.keys()
            else:
                fixed = ", ".join(advisory.get("fix_versions", [])) or "no release"
                new.append(f"{package['name']} {package['version']}: {advisory['id']} (fixed in {fixed})")
    return Verdict(new, accepted, sum("vulns" in package for package in report), not_done)


def _report(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]] | None:
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        return None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["pip-audit gave no reason"])[-1]


def main() -> None:
    """Print the verdict; end with status 1 if something new was found."""
    known = read_known(KNOWN.read_text())
    verdict = audit(known)
    for line in verdict.new:
        print(f"VULNERABLE: {line}")
    for identifier in sorted(verdict.accepted):
        print(f"Known and accepted: {identifier}: {known[identifier]}")
    if verdict.not_done:
        print(f"AUDIT NOT DONE: {verdict.not_done}")
        print(
            f"AUDIT NOT DONE: {verdict.looked_up} packages could be looked up, the others not. This run proves nothing."
        )
    elif not verdict.new:
        print(f"Audit: {verdict.looked_up} packages looked up, nothing new.")
    sys.exit(1 if verdict.new else 0)


if __name__ == "__main__":
    main()
