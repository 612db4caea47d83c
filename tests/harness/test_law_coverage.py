"""
The page of rules and tests: no rule without a test or a reason, no test of a rule that is not there.
"""

from pathlib import Path

import pytest

from scripts.law_coverage import Rule, look, match, named_in, page, read_rules

KEPT = Rule(id="R12-5", law="GDPR Art. 12(3)", says="Once.")
NOT_OURS = Rule(id="F06", law="IMY", says="Never late.", not_here="Nobody extends here.")
TESTED = {"R12-5": ["tests/test_x.py::test_a"]}

TEST_FILE = '''
class TestExtension:
    """Rules about extending."""

    def test_r12_5_is_given_once(self):
        """A second one is refused."""

    async def test_is_refused_late(self):
        """
        F06: not after the day, and not R12-55 either.
        """

    def helper(self):
        """F07 is no test's."""


def test_of_nothing():
    """No rule here, f06 in passing in lower case is prose."""


def test_keeps_the_ceiling():
    """R12-4."""
'''


class TestNamedIn:
    def test_finds_rules_in_names_and_docstrings_of_tests_and_nowhere_else(self, tmp_path: Path) -> None:
        """
        A helper that mentions a rule holds nothing; neither does prose in lower case.
        """
        file = tmp_path / "test_x.py"
        file.write_text(TEST_FILE, encoding="utf-8")

        assert set(named_in(file, root=tmp_path)) == {
            ("R12-5", "test_x.py::TestExtension::test_r12_5_is_given_once"),
            ("F06", "test_x.py::TestExtension::test_is_refused_late"),
            ("R12-55", "test_x.py::TestExtension::test_is_refused_late"),
            ("R12-4", "test_x.py::test_keeps_the_ceiling"),
        }


class TestMatch:
    def test_is_content_with_a_test_or_a_reason_for_each(self) -> None:
        """
        Every rule is held, or says why it does not apply.
        """
        assert match([KEPT, NOT_OURS], TESTED) == []

    @pytest.mark.parametrize(
        ("rules", "named", "said"),
        [
            ([KEPT], {}, "R12-5 has no test"),
            ([NOT_OURS], {"F06": ["tests/test_x.py::test_b"]}, "F06 is said not to apply"),
            ([KEPT], {**TESTED, "R99-1": ["tests/test_x.py::test_c"]}, "names R99-1, which is no rule"),
        ],
        ids=["no test", "a reason and a test", "no such rule"],
    )
    def test_names_what_does_not_add_up(self, rules: list[Rule], named: dict[str, list[str]], said: str) -> None:
        """
        A rule nobody holds, a rule that both applies and does not, a test of a rule nobody wrote down.
        """
        (fault,) = match(rules, named)

        assert said in fault


class TestPage:
    def test_shows_each_rule_with_its_tests_or_its_reason(self) -> None:
        """
        Who reads the page can run the test.
        """
        made = page([KEPT, NOT_OURS], TESTED)

        assert "| R12-5 | GDPR Art. 12(3) | Once. | `tests/test_x.py::test_a` |" in made
        assert "does not apply: Nobody extends here." in made
        assert "1 of 2 rules are held by 1 tests; 1 do not apply" in made


class TestRules:
    def test_are_all_held_or_excused(self) -> None:
        """
        What `make test` checks too: this repository's own rules and tests add up.
        """
        rules, named = look()

        assert match(rules, named) == []

    def test_each_say_their_law_in_a_sentence(self) -> None:
        """
        A rule without a source is an opinion.
        """
        rules = read_rules((Path(__file__).parents[2] / "docs" / "law.yaml").read_text(encoding="utf-8"))

        assert len(rules) >= 90
        assert [rule.id for rule in rules if not (rule.law.strip() and rule.says.endswith("."))] == []
