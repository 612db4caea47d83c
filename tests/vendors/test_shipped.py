"""What holds of every connector that is shipped."""

import inspect
from pathlib import Path

import pytest

from app.domain.fanout import Action
from app.processors.rest.grammar_steps import AssumeHeld, Manual, Native, NotApplicable
from app.processors.rest.registration import plan_of
from app.processors.rest.shelf import ROOT, read_file
from sandbox.vendors.serve import vendors
from scripts.connector_table import PAGE, page

FILES = sorted((ROOT / "connectors").glob("*.yaml"))
#: What can be asked of anybody; the others are not said where a person has to do them anyway.
RIGHTS = (Action.LOCATE, Action.EXPORT, Action.RECTIFY, Action.ERASE, Action.RESTRICT, Action.STOP_MARKETING)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
class TestAShippedConnector:
    def test_passes_lint_and_says_what_it_does_for_every_right(self, file: Path) -> None:
        """Each right has its plan or the reason why it has none: silence would read as "done" (Art. 15-21)."""
        connector = read_file(file)
        for action in RIGHTS:
            plan = plan_of(connector, action)
            assert isinstance(plan, Native | Manual | NotApplicable | AssumeHeld), action

    def test_was_tried_against_a_simulated_vendor(self, file: Path) -> None:
        connector = read_file(file)
        assert connector.simulator in vendors()
        assert (Path(__file__).parent / f"test_{file.stem}.py").is_file()

    def test_says_what_nobody_has_verified_here_and_in_the_simulator(self, file: Path) -> None:
        connector = read_file(file)
        if connector.status == "documented":
            return
        assert connector.unverified
        module = inspect.getmodule(vendors()[connector.simulator or ""])
        assert module is not None
        assert "unverified:" in (module.__doc__ or "")


class TestThePageOfConnectors:
    def test_is_the_one_that_the_files_give(self) -> None:
        """Whoever chooses a vendor reads there what it cannot do: `python -m scripts.connector_table` writes it."""
        assert PAGE.read_text(encoding="utf-8") == page()
