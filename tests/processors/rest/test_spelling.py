"""Ids that a vendor tells apart by capitals, and arguments that the registration chooses."""

import json

import pytest

from app.domain.fanout import Action, Outcome
from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import NotAnExpression, Scope, evaluate, parse
from tests.processors.rest.vendor import Vendor, asked, connector, order

TEMPLATE = "{{ id.customer_number | spelled(settings.spelling) }}"


def spelt(number: str, spelling: str | None) -> object:
    return evaluate(TEMPLATE, Scope({"id": {"customer_number": number}, "settings": {"spelling": spelling}}))


class TestSpelling:
    @pytest.mark.parametrize(
        ("number", "spelling", "made"),
        [
            ("c-17", "upper", "C-17"),
            ("c-17", "lower", "c-17"),
            ("17", "digits", "17"),
            ("Ab-17", "given", "Ab-17"),
            ("Ab-17", "upper", "AB-17"),
            ("Ab-17", "lower", "ab-17"),
        ],
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


class TestNumberAsGiven:
    """Vendors that tell capitals apart are asked in the spelling that was given; an old case has small letters only."""

    TEXT = """
lookup:
  - when: id.customer_number
    request: {path: /people, query: {n: "{{ id.customer_number }}"}}
    match: {all: [{field: n, eq: "{{ id.customer_number }}"}]}
    on_empty: no_match
actions:
  stop_marketing:
    steps: [{request: {method: POST, path: /stop, json: {all: "{{ ids.customer_number }}"}}}]
"""

    @pytest.mark.parametrize(("more", "sent"), [({"as_given": "AbC-17"}, "AbC-17"), ({}, "abc-17")])
    async def test_is_what_a_vendor_is_asked_and_compared_with(self, more: dict[str, str], sent: str) -> None:
        number = {"type": "customer_number", "value": "abc-17", "format": "text"} | more
        vendor = Vendor().says("GET /people", [{"n": "ABC-17"}, {"n": sent, "id": 2}]).says("POST /stop", 204)
        answer = await asked(connector(self.TEXT), vendor, order(Action.STOP_MARKETING, number))

        assert [one.query for one in vendor.asked("GET /people")] == [(("n", sent),)]
        assert json.loads(vendor.asked("POST /stop")[0].body) == {"all": [sent]}
        assert answer.outcome is Outcome.COMPLETED
