"""Each thing that lint finds: a good connector with one thing spoilt says exactly that, and where."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_auth import Auth
from app.processors.rest.lint import lint

EXAMPLE = Path(__file__).parents[3] / "docs" / "processors" / "rest.md"


def example() -> dict[str, Any]:
    """The worked connector of the documentation."""
    found = re.search(r"```yaml\n(# yaml-language-server.*?)```", EXAMPLE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    raw: dict[str, Any] = yaml.safe_load(found[1])
    return raw


def at(raw: Any, path: str) -> Any:
    for step in path.split("."):
        raw = raw[int(step)] if isinstance(raw, list) else raw[step]
    return raw


def faults(raw: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in lint(Connector.model_validate(raw))]


DELETE = "actions.erase.steps.0.request"
LOOKUP = "lookup.0.request.query"
#: What is spoilt (place, key, new value or None to take it out), and the code of what is said of it.
SPOILT: list[tuple[str, str, Any, str]] = [
    (LOOKUP, "externalid", "{{ id.shoe_size }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ settings.nothing }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ secrets.nothing }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ values.nothing }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ m.DebtorPublicId }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ steps.later.x }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ order.secret }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ id.email", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ id.email | lower() or 1 }}", "unresolved_reference"),
    ("lookup.0", "when", "id.shoe_size", "unresolved_reference"),
    ("lookup.0.match.all.0", "ieq", "{{ nobody }}", "unresolved_reference"),
    (DELETE, "auth", "nobody", "unresolved_reference"),
    ("actions.stop_marketing", "same_as", "locate_not", "shape"),
    ("actions.stop_marketing", "same_as", "notify", "unresolved_reference"),
    ("actions.erase.steps.0", "when", "kept.nothing", "unresolved_reference"),
    ("auth.inject", "value", "{{ tokens }}", "unresolved_reference"),
    (LOOKUP, "externalid", "{{ id.email | shout }}", "unknown_filter"),
    (LOOKUP, "externalid", "{{ id.email | after }}", "unknown_filter"),
    (LOOKUP, "externalid", "{{ id.email | lower('x') }}", "unknown_filter"),
    (LOOKUP, "externalid", "SELECT * FROM P WHERE Mail = '{{ id.email }}'", "unescaped_context"),
    (LOOKUP, "externalid", {"sql": "SELECT * FROM P WHERE Mail = '{{ id.email }}'"}, "unescaped_context"),
    (LOOKUP, "externalid", '{"mail": "{{ id.email }}"}', "unescaped_context"),
    ("lookup.0.request", "text", "<q>{{ id.email }}</q>", "unescaped_context"),
    (DELETE, "url", "https://evil.example/{{ m.DebtorPublicId }}", "host_not_allowed"),
    (DELETE, "url", "https://{{ settings.creditor_id }}/x", "host_not_allowed"),
    (DELETE, "url", "https://api.example.com.evil.example/x", "host_not_allowed"),
    ("base_url", "prod", "https://{{ settings.creditor_id }}.com", "host_not_allowed"),
    ("lookup.0", "on_empty", None, "missing_on_empty"),
    ("lookup.1", "on_empty", "next", "missing_on_empty"),
    ("lookup.0", "match", None, "irreversible_without_lookup"),
    ("actions.erase", "lookup", False, "irreversible_without_lookup"),
    ("rules.5", "status", 500, "no_default_rule"),
    ("rules.0", "status", None, "no_default_rule"),
    ("outputs", "cards", {"about": "Cards"}, "output_without_mapping"),
    ("collect", "cards", {"from": "m.Cards"}, "output_without_mapping"),
    ("actions.erase.steps.0", "covers", ["cards"], "output_without_mapping"),
    ("lookup.1", "items", {"json": "$[*"}, "bad_path"),
    ("lookup.1", "items", {"regex": "(a+)+b"}, "bad_path"),
    ("lookup.1", "items", {"regex": "("}, "bad_path"),
    ("lookup.1", "items", {"xpath": "//["}, "bad_path"),
    ("guard.0", "if", "@.x ==", "bad_path"),
    ("actions.erase.steps.0", "otherwise", "nowhere", "bad_goto"),
    ("actions.erase.steps.1", "id", "delete", "bad_goto"),
    ("rules.0", "goto", "blank", "shape"),
    ("actions.erase", "leaves", ["cards"], "output_without_mapping"),
    ("actions", "stop_marketing", {"steps": [{"request": {"method": "POST", "path": "/stop"}}]}, "one_channel"),
    ("actions", "stop_marketing", {"same_as": "rectify"}, "one_channel"),
    ("lookup.1", "match", {"all": [{"field": "Phone", "phone": "{{ id.phone }}"}]}, "weaker_lookup"),
]
LOOP = {
    "foreach": {
        "in": "m.Cards",
        "as": "card",
        "max_items": 5,
        "on_empty": "skip",
        "steps": [{"request": {"method": "DELETE", "path": "/cards/{{ card.id }}"}}],
    }
}


class TestLint:
    def test_has_nothing_to_say_of_the_documentations_example(self) -> None:
        assert faults(example()) == []

    @pytest.mark.parametrize(("place", "key", "value", "code"), SPOILT)
    def test_says_what_is_spoilt(self, place: str, key: str, value: Any, code: str) -> None:
        raw = example()
        spot = at(raw, place)
        if key in ("url", "text"):
            spot.pop("path" if key == "url" else "query", None)
        if value is None:
            spot.pop(key)
        else:
            spot[key] = value
        if code == "shape":
            with pytest.raises(ValueError):
                Connector.model_validate(raw)
            return
        assert code in {one for one, _ in faults(raw)}

    @pytest.mark.parametrize(
        ("key", "value", "code"),
        [
            ("max_items", None, "unbounded_loop"),
            ("on_empty", None, "missing_on_empty"),
            ("in", "nobody.cards", "unresolved_reference"),
            ("as", "carte", "unresolved_reference"),
        ],
    )
    def test_looks_into_loops(self, key: str, value: Any, code: str) -> None:
        raw = example()
        loop = {"foreach": dict(LOOP["foreach"])}
        raw["actions"]["erase"]["steps"].append(loop)
        assert faults(raw) == []
        if value is None:
            loop["foreach"].pop(key)
        else:
            loop["foreach"][key] = value
        assert code in {one for one, _ in faults(raw)}

    def test_lets_pass_what_says_what_it_does_not_reach(self) -> None:
        """Art. 17(1), 21(3): "done" is said of what is done."""
        raw = example()
        delete, blank = raw["actions"]["erase"]["steps"]
        delete["covers"] = blank["covers"] = ["customer"]
        assert faults(raw) == []  # a law keeps the others, and blank says so
        blank.pop("retain")
        assert faults(raw) == [("output_not_covered", "actions.erase")]
        raw["actions"]["erase"] |= {"leaves": ["invoices"]}
        stop = {"request": {"method": "POST", "path": "/stop"}}
        finish = {"finish": {"outcome": "needs_review", "reason": "other_channels"}}
        for plan in ({"steps": [stop], "every_channel": "Mails are all there is."}, {"steps": [stop, finish]}):
            raw["actions"]["stop_marketing"] = plan
            assert faults(raw) == []

    @pytest.mark.parametrize(
        ("by_phone", "good"),
        [
            ({"when": ["id.phone", "not id.customer_number", "not id.email"]}, True),
            ({"when": ["id.phone", "not id.email"]}, False),
            ({"when": "id.phone"}, False),
            ({"when": "id.phone", "phone_enough": "The vendor keeps numbers and no people."}, True),
        ],
    )
    def test_lets_no_telephone_stand_in_for_something_of_the_persons_own(
        self, by_phone: dict[str, Any], good: bool
    ) -> None:
        """Art. 5(1)(f): her address is unknown there, and the number is her husband's as well."""
        raw = example()
        match = {"all": [{"field": "Phone", "phone": "{{ id.phone }}"}]}
        raw["lookup"].insert(1, raw["lookup"][0] | {"id": "by_phone", "match": match} | by_phone)
        raw["lookup"][1]["request"] = {"path": "/v1/debtors"}
        assert ("weaker_lookup" in {code for code, _ in faults(raw)}) is not good

    def test_says_where(self) -> None:
        raw = example()
        raw["actions"]["erase"]["steps"][1]["merge_put"]["set"]["Notes"] = "{{ nobody }}"
        assert faults(raw) == [("unresolved_reference", "actions.erase.steps.blank.set.Notes")]

    def test_lets_loops_stand_three_deep_and_no_deeper(self) -> None:
        raw = example()
        steps = raw["actions"]["erase"]["steps"]
        for _ in range(5):
            inner: list[Any] = [{"request": {"method": "DELETE", "path": "/x"}}]
            steps.append({"foreach": dict(LOOP["foreach"]) | {"steps": inner}})
            steps = inner
        assert {code for code, _ in faults(raw)} == {"unbounded_loop"}

    def test_what_is_erased_is_gone_whether_the_file_says_so_or_not(self) -> None:
        raw = example()
        raw["actions"]["erase"].pop("irreversible")
        for lookup in raw["lookup"]:
            lookup.pop("match")
        assert {code for code, _ in faults(raw)} == {"irreversible_without_lookup"}


class TestPage:
    """What the page shows to be copied can be copied."""

    def blocks(self) -> list[str]:
        return re.findall(r"```yaml\n(.*?)```", EXAMPLE.read_text(encoding="utf-8"), re.DOTALL)

    def test_has_a_smallest_connector_that_lint_takes(self) -> None:
        """Whoever begins with it begins with something that works."""
        smallest = self.blocks()[0]

        assert lint(Connector.model_validate(yaml.safe_load(smallest))) == []

    def test_shows_every_way_to_log_in_as_lint_takes_it(self) -> None:
        """A kind of `auth` that is not shown is found by guessing; one that is shown wrongly, not even so."""
        smallest, ways, *_ = self.blocks()
        shown = [yaml.safe_load(one) for one in re.split(r"\n(?=\{kind)", ways)]
        kinds = {get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(Auth)[0])}

        assert {one["kind"] for one in shown} == kinds
        for auth in shown:
            named = set(re.findall(r"secrets\.(\w+)", str(auth))) | {auth.get("certificate"), auth.get("key")}
            secrets = {name: {} for name in named if re.fullmatch(r"\w+", name or "")}
            raw = {**yaml.safe_load(smallest), "auth": auth, "secrets": secrets, "settings": {"client_id": {}}}
            assert lint(Connector.model_validate(raw)) == []
