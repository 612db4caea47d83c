"""
``make law``: which test holds which rule.

Reads the rules (docs/law.yaml) and every test's name and docstring, and writes docs/law-coverage.md. Fails where a rule
has neither a test nor a reason why it does not apply, where a test names a rule there is not, and, with ``--check``,
where the page is not the one these tests give.
"""
# ruff: noqa: T201

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docs" / "law.yaml"
PAGE = ROOT / "docs" / "law-coverage.md"
TESTS = ROOT / "tests"

#: ``R12-5`` and ``F06`` in prose, ``r12_5`` and ``f06`` in a name.
_IN_PROSE = re.compile(r"\b(R\d{1,2}-\d{1,2}|F\d{2})\b")
_IN_NAME = re.compile(r"(?<![a-z0-9])(r\d{1,2}_\d{1,2}|f\d{2})(?![a-z0-9])")

HEAD = """# Which test holds which rule

Made by `make law` from the tests; do not edit. A rule is one sentence of [law.yaml](law.yaml); a test counts for it
when its name or its docstring says so. Run one with `python -m pytest` and its name.

{covered} of {all} rules are held by {tests} tests; {not_here} do not apply, with the reason beside them.

| rule | law | what it says | held by |
|---|---|---|---|
"""


class Uncovered(Exception):
    """Something about the rules and the tests does not add up; one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Rule:
    """One rule: its law, its sentence, and why it does not apply if it does not."""

    id: str
    law: str
    says: str
    not_here: str | None = None


def read_rules(text: str) -> list[Rule]:
    """The rules in the order of the file."""
    return [Rule(id=id, **said) for id, said in yaml.safe_load(text)["rules"].items()]


def named_in(path: Path, root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """(rule, test) for every rule a test of *path* names; a class's docstring counts for each of its tests."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    place = path.relative_to(root).as_posix()
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            of_class = _rules_of(node)
            for inner in node.body:
                for rule in sorted(_rules_of(inner) | of_class) if _is_test(inner) else ():
                    yield rule, f"{place}::{node.name}::{_name(inner)}"
        elif _is_test(node):
            for rule in sorted(_rules_of(node)):
                yield rule, f"{place}::{_name(node)}"


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")


def _name(node: ast.AST) -> str:
    return getattr(node, "name", "")


def _rules_of(node: ast.AST) -> set[str]:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return set()
    in_name = {one.upper().replace("_", "-") for one in _IN_NAME.findall(node.name.lower())}
    return in_name | set(_IN_PROSE.findall(ast.get_docstring(node) or ""))


def match(rules: list[Rule], named: Mapping[str, list[str]]) -> list[str]:
    """What does not add up: a rule without test and reason, one with both, a test of no rule."""
    known = {rule.id for rule in rules}
    faults = [f"{rule.id} has no test, and no reason why it does not apply" for rule in rules if _is_bare(rule, named)]
    faults += [
        f"{rule.id} is said not to apply, but {named[rule.id][0]} tests it"
        for rule in rules
        if rule.not_here and named.get(rule.id)
    ]
    return faults + [
        f"{tests[0]} names {id}, which is no rule" for id, tests in sorted(named.items()) if id not in known
    ]


def _is_bare(rule: Rule, named: Mapping[str, list[str]]) -> bool:
    return not rule.not_here and not named.get(rule.id)


def page(rules: list[Rule], named: Mapping[str, list[str]]) -> str:
    """The page as it must stand in the documentation."""
    held = {test for rule in rules for test in named.get(rule.id, ())}
    covered = sum(1 for rule in rules if named.get(rule.id))
    lines = [
        HEAD.format(
            covered=covered, all=len(rules), tests=len(held), not_here=sum(1 for rule in rules if rule.not_here)
        )
    ]
    for rule in rules:
        by = "<br>".join(f"`{test}`" for test in named.get(rule.id, ())) or f"does not apply: {rule.not_here}"
        lines.append(f"| {rule.id} | {rule.law} | {rule.says} | {by} |\n")
    return "".join(lines)


def look() -> tuple[list[Rule], dict[str, list[str]]]:
    """The rules and, for each, the tests that name it."""
    named: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for rule, test in named_in(path):
            named.setdefault(rule, []).append(test)
    return read_rules(RULES.read_text(encoding="utf-8")), named


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it is the right one; 1 if anything does not add up."""
    rules, named = look()
    if faults := match(rules, named):
        for fault in faults:
            print(f"law: {fault}", file=sys.stderr)
        return 1
    wanted = page(rules, named)
    if "--check" not in arguments:
        PAGE.write_text(wanted, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted:
        print("law: docs/law-coverage.md is not what the tests give; run 'make law'", file=sys.stderr)
        return 1
    print(f"Law: {len(rules)} rules, each with a test or a reason.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
