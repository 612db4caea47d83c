"""What stands for many tests must fail wherever one of them would have."""

import pytest

from tests.harness.every import Broken, every_one


class TestEveryOne:
    def test_names_each_case_that_breaks_the_rule_and_tries_the_rest(self) -> None:
        tried = []

        def try_all() -> None:
            with every_one() as every:
                for number in range(4):
                    with every(f"case {number}"):
                        tried.append(number)
                        assert number % 2 == 0

        with pytest.raises(BaseExceptionGroup, match="2 of 4") as caught:
            try_all()
        assert tried == [0, 1, 2, 3]
        assert [error.__notes__ for error in caught.value.exceptions] == [
            ["in the case of 'case 1'"],
            ["in the case of 'case 3'"],
        ]

    def test_counts_what_was_expected_and_did_not_come(self) -> None:
        """``pytest.raises`` fails by an exception that is no ``Exception``."""
        with pytest.raises(BaseExceptionGroup), every_one() as every, every("of nothing"), pytest.raises(ValueError):
            pass

    def test_lets_through_what_is_no_failure(self) -> None:
        """A test that is interrupted has not found anything."""
        with pytest.raises(KeyboardInterrupt), every_one() as every, every("interrupted"):
            raise KeyboardInterrupt

    def test_is_content_when_every_case_holds(self) -> None:
        with every_one() as every:
            for number in range(4):
                with every(number):
                    assert number < 4

    def test_is_not_content_with_no_case_at_all(self) -> None:
        with pytest.raises(Broken), every_one():
            pass
