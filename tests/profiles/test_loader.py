"""
A broken profile stops the start with one readable line for each fault.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.profiles.loader import BrokenProfile, load_profiles, profile_of, read_profile
from app.profiles.schema import SCHEMA_FILE

TEXT = (SCHEMA_FILE.parent / "westila.yaml").read_text("utf-8")
# A date and a bare "no" would be read as YAML 1.1 has them; the reader of the service keeps texts.
RAW: dict[str, Any] = yaml.load(TEXT, Loader=yaml.BaseLoader)  # noqa: S506
RAW["version"] = 1


def broken(change: Callable[[dict[str, Any]], object]) -> list[str]:
    """The faults of the profile after *change*, as lines."""
    raw = copy.deepcopy(RAW)
    change(raw)
    with pytest.raises(BrokenProfile) as refusal:
        profile_of(raw, source="westila.yaml")
    assert str(refusal.value).splitlines() == [str(fault) for fault in refusal.value.faults]
    return str(refusal.value).splitlines()


def system(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in raw["systems"] if item["id"] == name)


def category(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in raw["categories"] if item["id"] == name)


class TestBrokenProfile:
    @pytest.mark.parametrize(
        ("change", "line"),
        [
            pytest.param(
                lambda raw: raw["rights_missing"].append("erasrue"),
                "westila.yaml: rights_missing.5: unknown right 'erasrue' (known: access, rectification, ",
                id="unknown right",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing")["categories"].append("invoces"),
                "westila.yaml: systems.invoicing.categories: unknown category 'invoces'",
                id="unknown category in a system",
            ),
            pytest.param(
                lambda raw: category(raw, "orders")["retention"].update(rule="a while"),
                "westila.yaml: categories.orders.retention.rule: the retention rule 'a while' is not understood.",
                id="retention rule",
            ),
            pytest.param(
                lambda raw: raw.update(timezone="Europe/Stokholm"),
                "westila.yaml: timezone: unknown time zone 'Europe/Stokholm'",
                id="unknown time zone",
            ),
            pytest.param(
                lambda raw: raw.update(timezone="../etc"),
                "westila.yaml: timezone: unknown time zone '../etc'",
                id="time zone that is a path",
            ),
            pytest.param(
                lambda raw: raw.update(authority="Datainspektionen"),
                "westila.yaml: authority: unknown authority 'Datainspektionen' (known: IMY)",
                id="outdated authority",
            ),
            pytest.param(
                lambda raw: raw.update(endpoint="https://example.org"),
                "westila.yaml: endpoint: is no known field",
                id="unknown field",
            ),
            pytest.param(
                lambda raw: raw["controller"].pop("dpo"),
                "westila.yaml: controller.dpo: is missing",
                id="missing field",
            ),
            pytest.param(
                lambda raw: raw["controller"]["dpo"].pop("gap"),
                "westila.yaml: controller.dpo: no value: the gap must say what is missing",
                id="silence without a gap",
            ),
            pytest.param(
                lambda raw: raw["controller"]["name"].pop("line"),
                "westila.yaml: controller.name: a quote needs its line and a line its quote",
                id="quote without a line",
            ),
            pytest.param(
                lambda raw: category(raw, "cookies")["legal_bases"].pop("gap"),
                "westila.yaml: categories.cookies.legal_bases: no legal basis: the gap must say so",
                id="no basis and no gap",
            ),
            pytest.param(
                lambda raw: category(raw, "cookies").update(role="processor"),
                "westila.yaml: categories.cookies: for_whom goes with the role processor, and only with it",
                id="processor for nobody",
            ),
            pytest.param(
                lambda raw: category(raw, "orders").update(id="orders_of_old"),
                "westila.yaml: categories.orders_of_old: is held by no system",
                id="category nobody holds",
            ),
            pytest.param(
                lambda raw: category(raw, "orders")["purposes"].append("fun"),
                "westila.yaml: categories.orders.purposes: unknown purpose 'fun'",
                id="unknown purpose",
            ),
            pytest.param(
                lambda raw: raw["categories"].append(category(raw, "orders")),
                "westila.yaml: categories.orders: stands twice",
                id="id twice",
            ),
            pytest.param(
                lambda raw: raw["rights_missing"].remove("portability"),
                "westila.yaml: rights_missing: right 'portability' is neither offered nor missing",
                id="right left out",
            ),
            pytest.param(
                lambda raw: raw["rights_missing"].append("access"),
                "westila.yaml: rights_missing: right 'access' is both offered and missing",
                id="right offered and missing",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing").update(recipient="nobody"),
                "westila.yaml: systems.invoicing.recipient: unknown recipient 'nobody'",
                id="unknown recipient",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing").update(after=["crm"]),
                "westila.yaml: systems.invoicing.after: unknown system 'crm'",
                id="unknown predecessor",
            ),
            pytest.param(
                lambda raw: (
                    system(raw, "invoicing").update(after=["customer-system"]),
                    system(raw, "customer-system").update(after=["invoicing"]),
                ),
                "westila.yaml: systems.invoicing.after: waits for itself",
                id="circle",
            ),
            pytest.param(
                lambda raw: raw["recipients"][0].update(kind="independent_controller"),
                "westila.yaml: systems.google-analytics.actions: "
                "'google-analytics' decides for itself and can only be notified",
                id="order to an independent controller",
            ),
            pytest.param(
                lambda raw: system(raw, "own-records")["actions"].append("locate"),
                "westila.yaml: systems.own-records: a person is not asked to locate",
                id="person asked to locate",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing")["actions"].remove("freeze"),
                "westila.yaml: systems.invoicing: a webhook is asked to locate and to freeze",
                id="webhook that cannot freeze",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing").pop("limits"),
                "westila.yaml: systems.invoicing: a webhook needs limits and at least one identifier",
                id="webhook without limits",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing").update(answer_mode="human"),
                "westila.yaml: systems.invoicing: a webhook is not answered by a human",
                id="webhook answered by a human",
            ),
            pytest.param(
                lambda raw: system(raw, "own-records").update(sandbox_service="crm"),
                "westila.yaml: systems.own-records: "
                "a manual system has no sandbox service, no limits and a human answer mode",
                id="manual system with a service",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing").update(kind="email"),
                "westila.yaml: systems.invoicing: a recipient by mail has at least one identifier and no sandbox "
                "service; a person is not asked to locate",
                id="recipient by mail asked to locate",
            ),
            pytest.param(
                lambda raw: system(raw, "invoicing")["actions"].remove("lift_restriction"),
                "westila.yaml: systems.invoicing: restrict and lift_restriction go together",
                id="restriction for ever",
            ),
            pytest.param(
                lambda raw: raw["systems"].remove(system(raw, "own-records")),
                "westila.yaml: systems: there is no manual system 'own-records' for what no machine can search",
                id="nobody searches the mailboxes",
            ),
            pytest.param(
                lambda raw: raw["identity"]["by_right"].update(access="none"),
                "westila.yaml: identity: access is below its floor substantial",
                id="identity below the floor",
            ),
            pytest.param(
                lambda raw: raw["identity"]["by_class"]["access"].update(security="substantial"),
                "westila.yaml: identity: security for access is below its floor high",
                id="a class below the floor",
            ),
            pytest.param(
                lambda raw: raw["identity"].update(cooling_off_hours=12),
                "westila.yaml: identity.cooling_off_hours: input should be greater than or equal to 24",
                id="a cooling-off shorter than a day",
            ),
            pytest.param(
                lambda raw: raw["identity"].update(cooling_off_hours=100),
                "westila.yaml: identity.cooling_off_hours: input should be less than or equal to 72",
                id="a cooling-off longer than three days",
            ),
            pytest.param(
                lambda raw: raw["identity"]["by_right"].pop("erasure"),
                "westila.yaml: identity: no level for erasure",
                id="identity not said",
            ),
            pytest.param(
                lambda raw: raw["recipients"][0].update(current=False),
                "westila.yaml: recipients.google-analytics: a recipient that is not current, and only it, has a reason",
                id="absent without a reason",
            ),
            pytest.param(
                lambda raw: raw["tensions"][0].update(at="categories.invoices"),
                "westila.yaml: tensions.T8: there is no 'categories.invoices' in this profile",
                id="tension nowhere",
            ),
            pytest.param(
                lambda raw: raw["tensions"][0].update(at="timezone.city"),
                "westila.yaml: tensions.T8: there is no 'timezone.city' in this profile",
                id="tension inside a text",
            ),
        ],
    )
    def test_says_in_one_line_where_and_what(self, change, line):
        """
        Whoever wrote the file can mend it without reading code.
        """
        said = broken(change)

        assert [one for one in said if one == line or (line.endswith(", ") and one.startswith(line))]

    def test_says_everything_at_once(self):
        """
        Faults of shape and of reference come in one go, not one a start.
        """

        def change(raw: dict[str, Any]) -> None:
            raw["languages"].append("no")
            raw["controller"].pop("dpo")
            system(raw, "invoicing")["categories"].append("invoces")

        assert [line.split(": ")[1] for line in broken(change)] == [
            "controller.dpo",
            "languages.2",
            "systems.invoicing.categories",
        ]

    @pytest.mark.parametrize("raw", [None, [], "text", 5])
    def test_refuses_what_is_no_mapping(self, raw):
        """
        An empty file is no profile.
        """
        with pytest.raises(BrokenProfile, match=r"^x\.yaml: is not a mapping of names to values$"):
            profile_of(raw, source="x.yaml")

    @settings(max_examples=150, deadline=None)
    @given(
        place=st.lists(st.integers(0, 40), min_size=1, max_size=5),
        rubbish=st.sampled_from([None, 5, "x", [], {}, [1, [2]], {"id": []}, [{"id": ["a"], "after": 3}], True]),
    )
    def test_is_all_that_rubbish_gets(self, place, rubbish):
        """
        Whatever stands anywhere in a profile, the answer is a profile or a readable refusal, never a crash.
        """
        raw = copy.deepcopy(RAW)
        part: Any = raw
        for number, step in enumerate(place):
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            key = keys[step % len(keys)]
            if number == len(place) - 1 or not isinstance(part[key], dict | list) or not part[key]:
                part[key] = rubbish
                break
            part = part[key]
        refused: tuple[object, ...] | None = None
        try:
            profile_of(raw, source="westila.yaml")
        except BrokenProfile as refusal:
            refused = refusal.faults

        assert refused is None or len(refused) > 0


class TestReadProfile:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            pytest.param("a: 1\na: 2\n", "x.yaml: line 2: key 'a' stands twice", id="key twice"),
            pytest.param("a: [1\n", "x.yaml: line 2: ", id="not YAML"),
            pytest.param("[a, b]: 1\n", "x.yaml: line 1: a key is a list or a mapping", id="odd key"),
            pytest.param("a: !!python/object:os.system x\n", "x.yaml: line 1: could not determine", id="code"),
            pytest.param("a: \x00\n", "x.yaml: is not YAML", id="control character"),
        ],
    )
    def test_says_on_which_line_the_text_breaks(self, text, line):
        """
        A typing slip is found by its line.
        """
        with pytest.raises(BrokenProfile) as refusal:
            read_profile(text, source="x.yaml")

        assert str(refusal.value).startswith(line)

    def test_reads_no_and_dates_as_the_texts_they_are(self):
        """
        ``idempotency: no`` and a policy's date are words here.
        """
        profile = read_profile(TEXT.replace("idempotency: query", "idempotency: no"), source="westila.yaml")

        assert profile.systems[0].idempotency == "no"
        assert profile.policy.dated.value == "2019-10-13"

    def test_gives_something_nobody_can_change(self):
        """
        A profile is the same for every request that reads it.
        """
        profile = read_profile(TEXT, source="westila.yaml")

        with pytest.raises(ValueError, match="frozen"):
            profile.timezone = "UTC"  # type: ignore[misc]


class TestLoadProfiles:
    def test_reports_the_faults_of_all_files(self, tmp_path):
        """
        One start tells everything.
        """
        (tmp_path / "westila.yaml").write_text(TEXT, "utf-8")
        (tmp_path / "copy.yaml").write_text(TEXT, "utf-8")
        (tmp_path / "empty.yaml").write_text("", "utf-8")
        (tmp_path / "latin.yaml").write_bytes("id: väst".encode("latin-1"))

        with pytest.raises(BrokenProfile) as refusal:
            load_profiles(tmp_path)

        assert str(refusal.value).splitlines() == [
            "copy.yaml: id: 'westila' is not the name of the file",
            "empty.yaml: is not a mapping of names to values",
            "latin.yaml: is not UTF-8 text",
        ]

    def test_refuses_a_folder_without_profiles(self, tmp_path):
        """
        A service without a controller serves nobody.
        """
        with pytest.raises(BrokenProfile, match=r"there is no profile"):
            load_profiles(tmp_path)
