"""
The audit of the lock: silence is never taken for a good answer.
"""

import json
from subprocess import CompletedProcess

import pytest

from scripts.audit import audit, read_known

ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"]}
REPORT = json.dumps({"dependencies": [{"name": "leaky", "version": "1.0", "vulns": [ADVISORY]}]})
CLEAN = json.dumps({"dependencies": [{"name": "tight", "version": "1.0", "vulns": []}]})
SKIPPED = json.dumps({"dependencies": [{"name": "private", "skip_reason": "not found"}]})


class Answering:
    """Stands in for pip-audit: one answer when asked strictly, another when not."""

    def __init__(self, strict: tuple[str, str], lenient: str = "") -> None:
        self.strict, self.lenient = strict, lenient

    def __call__(self, words: list[str]) -> CompletedProcess[str]:
        stdout, stderr = self.strict if "--strict" in words else (self.lenient, "")
        return CompletedProcess(words, 0, stdout, stderr)


class TestAudit:
    def test_names_what_nobody_has_accepted(self) -> None:
        """
        A new advisory is named with its package and the release that mends it.
        """
        verdict = audit({}, Answering((REPORT, "")))

        assert verdict.new == ["leaky 1.0: PYSEC-1 (fixed in 2.0)"]
        assert verdict.not_done is None

    @pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1"])
    def test_accepts_what_is_written_down_under_any_of_its_names(self, name: str) -> None:
        """
        One advisory has several ids, and whoever writes it down knows one of them.
        """
        verdict = audit({name: "cannot be reached"}, Answering((REPORT, "")))

        assert verdict.new == []
        assert verdict.accepted == {name}

    def test_is_done_when_every_package_was_looked_up(self) -> None:
        """
        A strict run that ends with a report has looked everything up.
        """
        verdict = audit({}, Answering((CLEAN, "")))

        assert (verdict.new, verdict.looked_up, verdict.not_done) == ([], 1, None)

    def test_says_so_when_the_service_did_not_answer(self) -> None:
        """
        The lenient run is green when nothing could be looked up; the verdict is not.
        """
        verdict = audit({}, Answering(("", "WARNING: x\nERROR: connection refused\n"), SKIPPED))

        assert verdict.not_done == "ERROR: connection refused"
        assert verdict.looked_up == 0

    def test_still_shows_what_it_found_before_the_service_fell_silent(self) -> None:
        """
        Half an answer that names a hole is not thrown away.
        """
        verdict = audit({}, Answering(("", "ERROR: connection refused"), REPORT))

        assert len(verdict.new) == 1
        assert verdict.not_done


class TestTheListOfKnownAdvisories:
    def test_demands_a_reason(self) -> None:
        """
        An id without a reason is no decision.
        """
        assert read_known("# why\n\nCVE-1 cannot be reached\n") == {"CVE-1": "cannot be reached"}
        with pytest.raises(SystemExit, match="CVE-2 has no reason"):
            read_known("CVE-2\n")
