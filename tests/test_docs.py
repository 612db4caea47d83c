"""
The pages say what is so: links lead somewhere, lists are whole, and every path, command and setting named exists.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.routing import APIRoute

from app.cli import cli
from app.main import ROUTERS
from app.settings import Settings
from sandbox import routes

REPOSITORY = Path(__file__).parents[1]
DECISIONS = sorted((REPOSITORY / "docs" / "decisions").glob("[0-9]*.md"))
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
ALL = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))

#: Read by the compose file or the tests, not by the service.
OTHER_VARIABLES = {
    "INSYN_BROWSER", "INSYN_OWNER_PASSWORD", "INSYN_PGBIN", "INSYN_SERVICE_PASSWORD", "INSYN_SUPERUSER_PASSWORD",
    "INSYN_TEST_DATABASE_URL",
}  # fmt: skip
#: Answered by FastAPI itself.
BUILT_IN = {"/openapi.json"}

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:(?:GET|POST|PUT|PATCH|DELETE) )?(…?/[^ ?]+)(?:\?.*)?")


def prose_of(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.replace("`", "").lower()).strip().replace(" ", "-") for one in headings}


def rows_of(page: Path, *, columns: int) -> Iterator[list[str]]:
    """The rows of a page's tables that have so many columns, headings included."""
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == columns and not set(line) <= set("|- "):
            yield cells


def paths_there_are() -> set[str]:
    """Every path the service and its sandbox answer, parameters as ``{}``."""
    nobody = cast(Any, None)  # a router's paths need none of what stands behind them
    routers = [*ROUTERS, routes.router(nobody, nobody, nobody)]
    found = {route.path for router in routers for route in router.routes if isinstance(route, APIRoute)}
    return {plain(path) for path in found | BUILT_IN}


def plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


class TestPages:
    @ALL
    def test_link_to_what_there_is(self, page: Path) -> None:
        """Every relative link leads to a file, and to a heading in it where it names one."""
        missing = []
        for target in _LINK.findall(prose_of(page)):
            if target.startswith(("https://", "mailto:")):
                continue
            name, _, anchor = target.partition("#")
            there = (page.parent / name).resolve() if name else page
            if not there.exists() or (anchor and anchor not in anchors_of(there)):
                missing.append(target)

        assert missing == []

    @ALL
    def test_name_paths_that_exist(self, page: Path) -> None:
        """A path in the text is one the service answers; ``…/x`` is the end of one."""
        there_are, missing = paths_there_are(), []
        for code in _CODE.findall(prose_of(page)):
            found = _PATH.fullmatch(code)
            if found is None:
                continue
            path = plain(found[1])
            if path.startswith("…"):
                exists = any(one.endswith(path.removeprefix("…")) for one in there_are)
            else:
                exists = path in there_are or path in ("/sandbox", "/tmp")  # noqa: S108  words about folders
            if not exists:
                missing.append(code)

        assert missing == []

    @ALL
    def test_name_commands_that_exist(self, page: Path) -> None:
        """Every ``make`` target and ``insyn`` command in a page can be run."""
        text = page.read_text(encoding="utf-8")
        targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        commands = {command.callback.__name__ for command in cli.registered_commands if command.callback}
        groups = {group.name for group in cli.registered_groups}

        assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) <= targets
        assert set(re.findall(r"(?:`|^|&& )insyn ([a-z]+)", text, re.MULTILINE)) <= commands | groups

    @ALL
    def test_name_settings_that_exist(self, page: Path) -> None:
        """Every INSYN_ variable in a page is read by something."""
        known = {f"INSYN_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES

        assert set(re.findall(r"INSYN_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8"))) <= known

    @ALL
    def test_show_no_machine(self, page: Path) -> None:
        """A public page names no folder of somebody's machine."""
        assert not re.search(r"(?<![\w.…}])/(?:work|opt|root|home)/", page.read_text(encoding="utf-8"))


class TestDecisions:
    def test_are_numbered_once_without_a_gap(self) -> None:
        """Each has a number of its own, in its name and its heading."""
        numbers = [page.name[:4] for page in DECISIONS]

        assert numbers == [f"{number:04d}" for number in range(1, len(DECISIONS) + 1)]
        assert [page.read_text(encoding="utf-8")[2:6] for page in DECISIONS] == numbers

    def test_are_listed_in_order(self) -> None:
        """The list has each of them under its heading, and nothing else."""
        listed = re.findall(
            r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$",
            (REPOSITORY / "docs" / "decisions" / "README.md").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        headings = [page.read_text(encoding="utf-8").splitlines()[0] for page in DECISIONS]

        assert [name for _, _, name in listed] == [page.name for page in DECISIONS]
        assert [f"# {number} {title}" for number, title, _ in listed] == headings

    @pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name[:4])
    def test_say_why_what_and_what_follows(self, page: Path) -> None:
        """Context, decision, consequences, on one page."""
        text = page.read_text(encoding="utf-8")

        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
        assert len(text.splitlines()) <= 60

    def test_name_every_library_taken(self) -> None:
        """Whatever the service depends on, some decision says why."""
        project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        wanted = [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
        text = "".join(page.read_text(encoding="utf-8") for page in DECISIONS)
        names = {re.split(r"[<>=~!]", one)[0] for one in wanted}

        assert {name for name in names if f"`{name}`" not in text} == set()


class TestGlossary:
    PAGE = REPOSITORY / "docs" / "glossary.md"

    def test_has_each_term_once(self) -> None:
        """One word for one thing."""
        terms = [row[0].strip("`") for row in rows_of(self.PAGE, columns=3) if row[0] != "term"]

        assert len(terms) > 80
        assert sorted({term for term in terms if terms.count(term) > 1}) == []

    def test_has_swedish_and_a_meaning_for_each(self) -> None:
        """No cell is empty; what people never meet has a dash."""
        assert [row[0] for row in rows_of(self.PAGE, columns=3) if not all(row)] == []

    @pytest.mark.parametrize(
        "words",
        [
            pytest.param("app.domain.rights:RIGHTS", id="rights"),
            pytest.param("app.domain.case:Phase", id="phases"),
            pytest.param("app.domain.case:ClaimOutcome", id="claim outcomes"),
            pytest.param("app.domain.fanout:Action", id="actions"),
            pytest.param("app.domain.fanout:Outcome", id="task outcomes"),
            pytest.param("app.domain.release:DataClass", id="data classes"),
            pytest.param("app.tokens.issuers:ROLES", id="roles"),
        ],
    )
    def test_has_every_word_of_the_code(self, words: str) -> None:
        """A word that the API speaks is explained."""
        module, _, name = words.partition(":")
        spoken = {str(word) for word in getattr(__import__(module, fromlist=[name]), name)}

        assert spoken - {row[0].strip("`") for row in rows_of(self.PAGE, columns=3)} == set()


class TestSettingsTable:
    ROWS = tuple(
        row for row in rows_of(REPOSITORY / "docs" / "operations.md", columns=3) if row[0].startswith("`INSYN_")
    )

    def test_lists_exactly_the_settings(self) -> None:
        """Every setting once, in the order of the code, and none that there is not."""
        assert [row[0].strip("`") for row in self.ROWS] == [f"INSYN_{name.upper()}" for name in Settings.model_fields]

    def test_gives_the_defaults_of_the_code(self) -> None:
        """A default in the table is the one that holds; a dash is none."""
        defaults = [field.get_default(call_default_factory=True) for field in Settings.model_fields.values()]

        assert [row[1].strip("`") for row in self.ROWS] == ["–" if one is None else str(one) for one in defaults]
