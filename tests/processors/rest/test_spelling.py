"""Ids that a vendor tells apart by capitals, and arguments that the registration chooses."""

import pytest

from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import NotAnExpression, Scope, evaluate, parse

TEMPLATE = "{{ id.customer_number | spelled(settings.spelling) }}"


def spelt(number: str, spelling: str | None) -> object:
    return evaluate(TEMPLATE, Scope({"id": {"customer_number": number}, "settings": {"spelling": spelling}}))


class TestSpelling:
    @pytest.mark.parametrize(
        ("number", "spelling", "made"), [("c-17", "upper", "C-17"), ("c-17", "lower", "c-17"), ("17", "digits", "17")]
    )
    def test_is_as_the_registration_says(self, number: str, spelling: str, made: str) -> None:
        assert spelt(number, spelling) == made

    @pytest.mark.parametrize(("number", "spelling"), [("c-17", "digits"), ("c-17", "mixed"), ("c-17", None)])
    def test_that_nobody_knows_is_no_guess(self, number: str, spelling: str | None) -> None:
        with pytest.raises(BadValue):
            spelt(number, spelling)

    @pytest.mark.parametrize("argument", ["id.email", "secrets.key", "settings.", "settings.A"])
    def test_is_chosen_by_a_setting_and_by_nothing_else(self, argument: str) -> None:
        """A person's own words never choose what is done to a value."""
        with pytest.raises(NotAnExpression):
            parse("{{ id.customer_number | spelled(" + argument + ") }}")
