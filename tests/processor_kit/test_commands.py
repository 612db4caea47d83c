"""What is handed to processors is started like everything else: by ``insyn``."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", ["serve", "test"])
def test_insyn_passes_every_option_on(command: str) -> None:
    """The command's own help, with its own options, comes from the program that knows them."""
    ended = subprocess.run(
        [sys.executable, "-m", "app", "processor", command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0
    assert ended.stdout.startswith(f"usage: insyn processor {command} ")
