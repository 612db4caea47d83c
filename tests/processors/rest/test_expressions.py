"""Expressions: tiny, closed, and every value stays a value whatever it is."""

import json
import re
from datetime import date
from urllib.parse import unquote

import defusedxml.ElementTree
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.processors.rest import escaping
from app.processors.rest.building import filled
from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import MissingValue, NotAnExpression, Omitted, Scope, evaluate, parse, render
from app.processors.rest.filters import FILTERS
from app.processors.rest.shelf import ROOT

TEXT = st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029"), min_size=1
)
HOLE = "a{{ id.x }}z"


def scope(value: object) -> Scope:
    return Scope({"id": {"x": value}, "m": {"l": [1, {"y": 2}], "e": "", "n": None, "f": False, "z": 0}})


class TestEscaping:
    """What goes in comes out on the other side, and nothing else does."""

    @given(TEXT)
    def test_of_a_path_segment(self, value: str) -> None:
        try:
            made = render(HOLE, scope(value), escaping.in_path)
        except BadValue:
            assert ".." in value or value == "." or "/." in value or "./" in value or "\\" in value
            return
        assert "/" not in made
        assert unquote(made) == f"a{value}z"

    @given(TEXT)
    def test_of_xml(self, value: str) -> None:
        try:
            made = render("<q v='{{ id.x }}'>{{ id.x }}</q>", scope(value), escaping.in_xml)
        except BadValue:
            assert any(sign in "\ufffe\uffff" for sign in value)
            return
        tree = defusedxml.ElementTree.fromstring(made)
        assert (tree.text, list(tree), set(tree.attrib)) == (value, [], {"v"})

    @given(TEXT)
    def test_of_a_sql_literal(self, value: str) -> None:
        try:
            made = render("{{ id.x }}", scope(value), escaping.in_sql)
        except BadValue:
            assert "\\" in value
            return
        assert made[0] == made[-1] == "'"
        assert made[1:-1].replace("''", "") == value.replace("'", "")

    @given(TEXT)
    def test_of_a_soql_literal(self, value: str) -> None:
        inner = render("{{ id.x }}", scope(value), escaping.in_soql)[1:-1]
        assert inner.replace("\\\\", "").replace("\\'", "").count("'") == 0

    @given(st.text(min_size=1))
    def test_of_json_is_the_writers(self, value: str) -> None:
        assert json.loads(json.dumps(filled({"a": "{{ id.x }}"}, scope(value)))) == {"a": value}

    @given(st.text(max_size=80))
    def test_of_a_hosts_label(self, value: str) -> None:
        try:
            made = escaping.in_host(value)
        except BadValue:
            return
        assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


class TestPaths:
    @pytest.mark.parametrize(
        ("template", "value"),
        [
            ("{{ m.l.1.y }}", 2),
            ("{{ m.f }}", False),
            ("{{ m.z }}", 0),
            ("{{ m.l }}", [1, {"y": 2}]),
            ("x{{ m.z }}{{ m.f }}", "x0false"),
            ("{{ m.e | default('-') }}", "-"),
            ("{{ m.n | default(7) }}", 7),
            ("{{ m.l | first }}", 1),
            ("no hole", "no hole"),
        ],
    )
    def test_lead_to_values_with_their_types(self, template: str, value: object) -> None:
        assert evaluate(template, scope("v")) == value

    @pytest.mark.parametrize("path", ["m.e", "m.n", "m.nothing", "m.l.9", "m.l.y", "nothing", "m.f.x"])
    def test_that_lead_nowhere_or_to_nothing_are_missing(self, path: str) -> None:
        with pytest.raises(MissingValue, match=path):
            evaluate(f"{{{{ {path} }}}}", scope("v"))
        with pytest.raises(Omitted):
            evaluate(f"{{{{ {path} | lower | optional }}}}", scope("v"))
        assert not scope("v").holds(path)
        assert scope("v").holds(f"not {path}")

    def test_of_values_worked_out_of_each_other_in_a_circle_are_missing(self) -> None:
        circle = Scope({}, {"a": "{{ values.b }}", "b": "{{ values.a }}"})
        with pytest.raises(MissingValue):
            evaluate("{{ values.a }}", circle)

    @pytest.mark.parametrize(
        "template",
        ["{{ }}", "{{ a b }}", "{{ a", "a }}", "{{ a | }}", "{{ a | f(x) }}", "{{ a | f('x' }}", "{{ a + 1 }}",
         "{{ a.__class__.__mro__() }}", "{{ a[0] }}", "{% if a %}", "{{ 'a' }}"],
    )  # fmt: skip
    def test_are_all_there_is(self, template: str) -> None:
        if template.startswith("{%"):
            assert render(template, scope("v")) == template
            return
        with pytest.raises(NotAnExpression):
            parse(template)

    def test_never_reach_into_python(self) -> None:
        for path in ("m.__class__", "m.l.__len__", "id.x.upper"):
            with pytest.raises(MissingValue):
                evaluate(f"{{{{ {path} }}}}", scope("v"))

    def test_show_nothing_of_what_they_hold(self) -> None:
        assert repr(scope("secret")) == "<Scope>"


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "value", "made"),
        [
            ("trim | lower", "  Anna@X.SE ", "anna@x.se"),
            ("strip_gmail_dots", "an.na@gmail.com", "anna@gmail.com"),
            ("strip_gmail_dots", "an.na@example.org", "an.na@example.org"),
            ("e164", "070-174 06 05", "+46701740605"),
            ("digits", "+46 (0)70", "46070"),
            ("personnummer10", "199001012384", "9001012384"),
            ("after('-')", "key-us7", "us7"),
            ("before('-')", "key-us7", "key"),
            ("replace('+', '00')", "+46", "0046"),
            ("prefix('tel:')", "1", "tel:1"),
            ("truncate(2)", "abc", "ab"),
            ("integer", "42", 42),
            ("boolean", "yes", True),
            ("text", 7, "7"),
            ("list", "a", ["a"]),
            ("join(';')", ["a", 1], "a;1"),
            ("base64url", "a?>", "YT8-"),
            ("json", {"a": 1}, '{"a": 1}'),
            ("date('%d/%m/%Y')", "2026-11-26", "26/11/2026"),
            ("days(-1) | date", date(2026, 3, 1), "2026-02-28"),
            ("end_of_year(7)", date(2026, 3, 1), "2033-12-31"),
            ("epoch", "1970-01-02", 86400),
        ],
    )
    def test_do_what_they_are_called(self, filters: str, value: object, made: object) -> None:
        assert evaluate(f"{{{{ id.x | {filters} }}}}", scope(value)) == made

    @pytest.mark.parametrize(
        ("filters", "value"),
        [
            ("e164", "not a number"),
            ("personnummer12", "900101-2384"),
            ("integer", "x"),
            ("boolean", "perhaps"),
            ("date", "yesterday"),
            ("date('%n{0.__class__}')", "2026-01-01"),
            ("lower", {"a": 1}),
            ("days(999999)", "9999-12-31"),
            ("shout", "x"),
            ("lower('x')", "x"),
            ("after", "x"),
        ],
    )
    def test_refuse_what_they_cannot_do(self, filters: str, value: object) -> None:
        with pytest.raises(BadValue):
            evaluate(f"{{{{ id.x | {filters} }}}}", scope(value))

    def test_are_the_list_in_the_documentation(self) -> None:
        """Whoever writes a connector reads there what there is."""
        page = (ROOT / "docs" / "processors" / "rest.md").read_text(encoding="utf-8")
        listed = re.search(r"Filters: `(.*?)`\.", page, re.DOTALL)
        assert listed is not None
        assert set(re.findall(r"([a-z_0-9]+)(?:\([^)]*\))?(?:\s|$)", listed[1])) == set(FILTERS)
