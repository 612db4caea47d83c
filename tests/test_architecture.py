"""
The floors hold, and every contract that says so bites when it is broken.
"""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DOMAIN = sorted((REPOSITORY / "app" / "domain").rglob("*.py"))

#: By contract: where something forbidden is written, and what.
VIOLATIONS = {
    "floors": ("app/vault/__init__.py", "import app.services"),
    "cycles": ("app/domain/errors.py", "import app.domain.case"),
    "pure-domain": ("app/domain/case.py", "import pydantic"),
    "rights": ("app/domain/rights/access.py", "import app.domain.rights.erasure"),
    "http-out": ("app/services/intake.py", "def late() -> None:\n    import httpx"),
    "mail-out": ("app/services/outbox.py", "def late() -> None:\n    import aiosmtplib"),
    "tokens": ("app/routers/__init__.py", "from jose import jwt"),
    "tables": ("app/letters/__init__.py", "from app.models.cases import RequestRow"),
    "sandbox": ("app/vault/__init__.py", "import sandbox.world"),
    "processor-kit": ("processor_kit/desk/_store.py", "import app.db"),
    "kit-apart": ("app/vault/__init__.py", "import processor_kit.desk"),
}

#: Standard library all the same, but a way to the clock, to chance or out of the process.
NOT_PURE = frozenset(
    {"asyncio", "ctypes", "http", "io", "logging", "multiprocessing", "os", "pathlib", "platform", "random", "secrets"}
    | {"shutil", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib"}
)
CLOCKS = frozenset({"now", "today", "utcnow"})


def contracts() -> dict[str, str]:
    """The name of every contract, by its id."""
    parser = ConfigParser()
    parser.read(REPOSITORY / ".importlinter")
    prefix = "importlinter:contract:"
    return {name.removeprefix(prefix): parser[name]["name"] for name in parser.sections() if name.startswith(prefix)}


def lint_imports(tree: Path) -> "subprocess.CompletedProcess[str]":
    command = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(command), "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "200", "LC_ALL": "C.UTF-8"},
    )


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A copy of the packages, to be spoiled."""
    for package in ("app", "processor_kit", "sandbox"):
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / ".importlinter", tmp_path)
    yield tmp_path
    shutil.rmtree(tmp_path)


class TestTheContracts:
    def test_are_kept(self) -> None:
        """
        The tree as it is breaks none of them.
        """
        done = lint_imports(REPOSITORY)

        assert done.returncode == 0, done.stdout + done.stderr

    def test_are_each_tried(self) -> None:
        """
        A contract nobody has seen fail may well be unable to.
        """
        assert VIOLATIONS.keys() == contracts().keys()

    @pytest.mark.parametrize("contract", VIOLATIONS)
    def test_bite(self, contract: str, tree: Path) -> None:
        """
        One forbidden line, and the contract it breaks is named.
        """
        file, line = VIOLATIONS[contract]
        with (tree / file).open("a") as spoiled:
            spoiled.write(f"\n\n{line}\n")

        done = lint_imports(tree)

        assert done.returncode != 0
        assert f"{contracts()[contract]} BROKEN" in done.stdout

    def test_give_every_new_room_a_floor(self, tree: Path) -> None:
        """
        A module nobody has placed is refused, whatever it imports.
        """
        (tree / "app" / "utils.py").write_text('"""Everything else."""\n')

        done = lint_imports(tree)

        assert done.returncode != 0
        assert "utils" in done.stdout + done.stderr


def impurities(source: str) -> list[str]:
    """Name what in *source* goes beyond the standard library's pure part, the domain itself, and its own arguments."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["a relative import"] if node.level else [node.module or ""]
        for name in names:
            top = name.partition(".")[0]
            ours = name == "app.domain" or name.startswith("app.domain.")
            if not ours and (top not in sys.stdlib_module_names or top in NOT_PURE):
                found.append(f"imports {name}")
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                found.append(f"calls {node.func.attr}()")
            if isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}:
                found.append(f"calls {node.func.id}()")
    return found


class TestTheDomain:
    @pytest.mark.parametrize("file", DOMAIN, ids=lambda file: str(file.relative_to(REPOSITORY)))
    def test_is_pure(self, file: Path) -> None:
        """
        Standard library only, no clock, no chance, no input or output: what it says depends on what it is told.
        """
        assert impurities(file.read_text()) == []

    @pytest.mark.parametrize(
        ("line", "impurity"),
        [
            ("import yaml", "imports yaml"),
            ("from app.settings import Settings", "imports app.settings"),
            ("from .case import advance", "imports a relative import"),
            ("import time", "imports time"),
            ("from os import environ", "imports os"),
            ("def f():\n    import holidays", "imports holidays"),
            ("late = datetime.now(UTC)", "calls now()"),
            ("late = date.today()", "calls today()"),
            ("open('facts')", "calls open()"),
        ],
    )
    def test_would_be_caught_at(self, line: str, impurity: str) -> None:
        """
        The rule above sees each way out.
        """
        assert impurities(line) == [impurity]
