"""
The five profiles that come with the service say what the policies say: nothing added, nothing dropped.

``data/policies.json`` holds what was read from the policies independently of the profiles: contact details,
recipients, periods and every quoted passage with its line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights import RIGHTS
from app.profiles.check import Problem, Severity, problems
from app.profiles.loader import load_profiles
from app.profiles.model import Profile
from app.profiles.schema import SCHEMA_FILE, schema_text

FOLDER = SCHEMA_FILE.parent
READ: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "policies.json").read_text("utf-8"))
PROFILES = load_profiles(FOLDER)

each_profile = pytest.mark.parametrize("name", sorted(READ))


def citations(part: Any) -> Iterator[tuple[int, str]]:
    """Every (line, quote) anywhere in a dumped profile."""
    if isinstance(part, dict):
        if part.get("quote"):
            yield part["line"], part["quote"]
        for inner in part.values():
            yield from citations(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from citations(inner)


def found(profile: Profile, code: str, path: str) -> list[Problem]:
    return [problem for problem in problems(profile) if (problem.code, problem.path) == (code, path)]


class TestShippedProfiles:
    def test_are_the_five(self):
        """
        One file a controller, its name the id.
        """
        assert list(PROFILES) == ["securitas", "sensor-alarm", "sos-alarm", "westila", "westra"]

    @each_profile
    def test_quote_nothing_the_policy_does_not_say(self, name):
        """
        Each quoted passage stands in the policy on the line that is given.
        """
        read = {(passage["line"], passage["quote"]) for passage in READ[name]["quotes"]}

        assert set(citations(PROFILES[name].model_dump())) <= read

    @each_profile
    @pytest.mark.parametrize(
        "field", ["name", "org_number", "address", "phone", "dsr_contact", "dpo", "marketing_opt_out"]
    )
    def test_invent_no_contact_detail(self, name, field):
        """
        GDPR Art. 13(1)(a)-(b): what the policy leaves out is a gap, never a value.
        """
        stated = getattr(PROFILES[name].controller, field)

        assert (stated.value if stated else None) == READ[name]["contact"].get(field)

    @each_profile
    def test_hold_every_category_with_its_examples(self, name):
        """
        What is processed is listed in the policy's own words (GDPR Art. 15(1)(b)).
        """
        held = {category.id: set(category.examples) for category in PROFILES[name].categories}
        told_apart = {word for category in PROFILES[name].categories for word in category.examples}

        for category, examples in READ[name]["categories"].items():
            missing = set(examples) - told_apart - {"användarloggar inkl. larm och åtgärder"}
            assert category in held
            assert not missing

    @each_profile
    def test_keep_the_periods_the_policy_states(self, name):
        """
        A period the policy lacks is not made up; a statute may set one (GDPR Art. 15(1)(d)).
        """
        periods = {category.id: category.retention for category in PROFILES[name].categories}
        read = READ[name]["retention"]
        for category, retention in periods.items():
            stated = read.get(category, read.get("all_production"))
            if retention.law is not None:
                assert retention.law == "BFL_7_2"
            elif retention.rule is None:
                assert stated is None
            else:
                assert retention.rule == stated

        assert {c for c in read if c not in periods} <= {"all", "default", "all_production"}

    @each_profile
    def test_name_every_recipient_the_policy_names(self, name):
        """
        Recipients are told by name (GDPR Art. 15(1)(c), C-154/21).
        """
        profile = PROFILES[name]
        cited = {passage for part in profile.recipients for passage in citations(part.model_dump())}
        cited |= set(citations(profile.recipient_list.model_dump()))
        names = {recipient.name.casefold() for recipient in profile.recipients if recipient.named}

        for read in READ[name]["recipients"]:
            assert (read["line"], read["quote"]) in cited
            assert {recipient.casefold() for recipient in read["names"]} <= names

    @each_profile
    def test_keep_the_part_each_recipient_plays(self, name):
        """
        Processor, controller of its own, group or authority: as the policy shows it.
        """
        read = {(part["line"], part["quote"]): part["kind"] for part in READ[name]["recipients"]}
        for recipient in PROFILES[name].recipients:
            for cited in recipient.cited:
                assert read[cited.line, cited.quote] == recipient.kind

    @each_profile
    def test_list_the_rights_the_policy_leaves_out(self, name):
        """
        All nine are served; what the policy does not mention is known (GDPR Art. 13(2)(b)).
        """
        missing = set(PROFILES[name].rights_missing)

        assert missing - {"marketing_objection"} == set(READ[name]["rights_missing"])

    @each_profile
    def test_list_the_tensions_that_concern_it(self, name):
        """
        Each known pattern is reported once or more, and no other.
        """
        reported = {problem.tension for problem in problems(PROFILES[name])} - {None}

        assert reported == set(READ[name]["tensions"])

    @each_profile
    def test_are_in_the_policys_own_date_and_document(self, name):
        """
        Facts can be traced to the text they were read from.
        """
        policy = PROFILES[name].policy

        assert (policy.document, policy.dated.value) == (READ[name]["document"], READ[name]["policy_date"])

    @each_profile
    def test_print_the_authoritys_present_name(self, name):
        """
        Letters name IMY whatever the policy calls it (GDPR Art. 77).
        """
        assert PROFILES[name].authority == "IMY"

    @each_profile
    def test_ask_for_no_less_identity_than_the_right_needs(self, name):
        """
        A profile raises the floor at most; panel and codes want the highest level (GDPR Art. 12(6)).
        """
        identity = PROFILES[name].identity

        assert all(identity.needed(right) >= RIGHTS[right].needs for right in RIGHTS)
        assert identity.needed("access", data_classes=frozenset({"ordinary", "security"})) is Level.HIGH
        assert identity.needed("access", data_classes=frozenset({"ordinary"})) is Level.SUBSTANTIAL
        assert identity.needed("marketing_objection") is Level.NONE


class TestWiring:
    @each_profile
    def test_reaches_every_category(self, name):
        """
        Access and erasure search every store (GDPR Art. 15, 17).
        """
        profile = PROFILES[name]
        can = {
            action: {c for system in profile.systems if action in system.actions for c in system.categories}
            for action in (Action.EXPORT, Action.ERASE)
        }

        assert can[Action.EXPORT] == can[Action.ERASE] == {category.id for category in profile.categories}

    @each_profile
    def test_maps_an_output_to_all_that_a_connector_is_asked_about(self, name):
        """
        Art. 15, 17: what no output of the vendor's API stands for is a person's to look for, not that vendor's.
        """
        asked = {one.id: set(one.categories) for one in PROFILES[name].systems if one.kind == "rest"}
        mapped = {
            one.id: set(one.settings["categories"].values()) for one in PROFILES[name].systems if one.kind == "rest"
        }

        assert asked == mapped

    @each_profile
    def test_serves_every_right(self, name):
        """
        Rights come from the law: each finds a system that can act on it.
        """
        actions = {action for system in PROFILES[name].systems for action in system.actions}

        assert {right.action for right in RIGHTS.values()} <= actions

    @each_profile
    def test_only_tells_those_who_decide_for_themselves(self, name):
        """
        An independent controller is notified, never instructed (GDPR Art. 19).
        """
        profile = PROFILES[name]
        told = [
            system
            for system in profile.systems
            if profile.art28_role(system) in ("independent_controller", "authority", "controller_customer")
        ]

        assert all(system.actions == (Action.NOTIFY,) for system in told)

    def test_splits_the_roles_of_the_alarm_centre(self):
        """
        Processor for alarm data, controller for its own calls and log (GDPR Art. 4(7), 28).
        """
        roles = {category.id: category.role for category in PROFILES["securitas"].categories}

        assert {name for name, role in roles.items() if role == "controller"} == {"call_audio", "alarm_case_log"}

    @each_profile
    def test_reaches_every_recipient_of_its_policy(self, name):
        """
        GDPR Art. 19: each recipient, named or known only by its kind, has a system, so somebody is asked or told.
        """
        profile = PROFILES[name]
        reached = {system.recipient for system in profile.systems} - {"own"}

        assert reached == {recipient.id for recipient in profile.recipients if recipient.current}

    @each_profile
    def test_owns_up_to_what_it_assumes_of_a_recipient_without_a_name(self, name):
        """
        The policy ties no data to a company it does not name: what is asked of it is assumed, and says so.
        """
        profile = PROFILES[name]
        unnamed = {r.id for r in profile.recipients if r.gap is not None or r.kind == "group"}
        bold = [system for system in profile.systems if system.recipient in unnamed and system.assumption is None]

        assert bold == []

    def test_knows_a_possible_buyer_only_as_possible(self):
        """
        Who may get the data one day has not got them (GDPR Art. 15(1)(c)).
        """
        absent = {r.id for p in PROFILES.values() for r in p.recipients if not r.current}

        assert absent == {"future-group", "hr", "acquirer"}
        assert not absent & {system.recipient for p in PROFILES.values() for system in p.systems}


BLOCKS, WARNS = Severity.BLOCKS, Severity.WARNS

NAMED_GAPS = [
    ("westra", "controller_name_unclear", "controller.name", WARNS),
    ("westra", "org_number_missing", "controller.org_number", WARNS),
    ("westra", "address_missing", "controller.address", WARNS),
    ("westra", "dsr_contact_missing", "controller.dsr_contact", BLOCKS),
    ("westra", "dpo_missing", "controller.dpo", WARNS),
    ("westra", "contract_not_a_basis", "categories.contact.legal_bases", WARNS),
    ("westra", "legal_basis_missing", "categories.contact.legal_bases", BLOCKS),
    ("westra", "source_unclear", "categories.contact.source", WARNS),
    ("westra", "retention_unclear", "categories.call_recording.retention", WARNS),
    ("westra", "retention_unclear", "categories.credentials.retention", WARNS),
    ("westra", "retention_missing", "categories.alarm_history.retention", BLOCKS),
    ("westra", "retention_missing", "categories.transmitter_log.retention", BLOCKS),
    ("westra", "recipient_unclear", "recipients.processors", WARNS),
    ("westra", "recipient_unnamed", "recipients.insurers", BLOCKS),
    ("westra", "request_form_not_stated", "request_form_preference", WARNS),
    ("westra", "complaint_not_mentioned", "complaints", BLOCKS),
    ("westra", "authority_outdated", "authority_in_policy", WARNS),
    ("westra", "passwords_stored", "categories.credentials", WARNS),
    ("westila", "dsr_contact_missing", "controller.dsr_contact", BLOCKS),
    ("westila", "dpo_missing", "controller.dpo", WARNS),
    ("westila", "legal_basis_missing", "categories.orders.legal_bases", BLOCKS),
    ("westila", "retention_missing", "categories.contact.retention", BLOCKS),
    ("westila", "retention_missing", "categories.cookies.retention", BLOCKS),
    ("westila", "periods_left_out", "categories", BLOCKS),
    ("westila", "category_unclear", "categories.personnummer", WARNS),
    ("westila", "recipients_incomplete", "recipient_list", BLOCKS),
    ("westila", "rights_left_out", "rights_missing", WARNS),
    ("westila", "request_form_not_stated", "request_form_preference", WARNS),
    ("westila", "complaint_not_mentioned", "complaints", BLOCKS),
    ("sos-alarm", "org_number_missing", "controller.org_number", WARNS),
    ("sos-alarm", "policy_scope_unclear", "policy", WARNS),
    ("sos-alarm", "form_demanded", "request_form_preference", WARNS),
    ("sos-alarm", "retention_missing", "categories.account_contact.retention", BLOCKS),
    ("sos-alarm", "retention_missing", "categories.customer_traffic_location.retention", BLOCKS),
    ("sos-alarm", "kept_until_asked", "categories.web_activity_contact.retention", BLOCKS),
    ("sos-alarm", "consent_unclear", "categories.account_contact.legal_bases", WARNS),
    ("sos-alarm", "recipient_unclear", "recipients.subcontractors", WARNS),
    ("sos-alarm", "recipient_unnamed", "recipients.subcontractors", BLOCKS),
    ("sos-alarm", "transfers_unclear", "transfers", WARNS),
    ("securitas", "controller_name_unclear", "controller.name", WARNS),
    ("securitas", "org_number_missing", "controller.org_number", WARNS),
    ("securitas", "address_missing", "controller.address", WARNS),
    ("securitas", "dsr_contact_missing", "controller.dsr_contact", BLOCKS),
    ("securitas", "dpo_missing", "controller.dpo", WARNS),
    ("securitas", "legal_basis_missing", "categories.call_audio.legal_bases", BLOCKS),
    ("securitas", "legal_basis_missing", "categories.alarm_case_log.legal_bases", BLOCKS),
    ("securitas", "retention_unclear", "categories.call_audio.retention", WARNS),
    ("securitas", "archived_not_erased", "categories.alarm_contact.retention", BLOCKS),
    ("securitas", "split_roles", "categories", WARNS),
    ("securitas", "norm_is_no_law", "standards", WARNS),
    ("securitas", "rights_not_mentioned", "rights_missing", WARNS),
    ("securitas", "request_form_not_stated", "request_form_preference", WARNS),
    ("securitas", "authority_not_named", "authority_in_policy", WARNS),
    ("securitas", "complaint_not_mentioned", "complaints", BLOCKS),
    ("sensor-alarm", "org_number_missing", "controller.org_number", WARNS),
    ("sensor-alarm", "dpo_unclear", "controller.dpo", WARNS),
    ("sensor-alarm", "controller_and_dpo_mixed", "controller.dpo", WARNS),
    ("sensor-alarm", "legal_basis_unclear", "categories.customer.legal_bases", WARNS),
    ("sensor-alarm", "legal_basis_missing", "categories.call_recording.legal_bases", BLOCKS),
    ("sensor-alarm", "retention_missing", "categories.customer.retention", BLOCKS),
    ("sensor-alarm", "retention_missing", "categories.cookies.retention", BLOCKS),
    ("sensor-alarm", "retention_missing", "categories.call_recording.retention", BLOCKS),
    ("sensor-alarm", "recipients_incomplete", "recipient_list", BLOCKS),
    ("sensor-alarm", "recipient_unnamed", "recipients.sales-agents", BLOCKS),
    ("sensor-alarm", "recipient_country_unverified", "recipients.adobe", WARNS),
    ("sensor-alarm", "recipient_country_unverified", "recipients.google-analytics", WARNS),
    ("sensor-alarm", "wiring_assumed", "systems.alarm-centre-partner", WARNS),
    ("sos-alarm", "wiring_assumed", "systems.subcontractors", WARNS),
    ("westra", "wiring_assumed", "systems.processors", WARNS),
    ("sensor-alarm", "authority_outdated", "authority_in_policy", WARNS),
    ("sensor-alarm", "others_informed_by_customer", "categories.emergency_contacts.source", WARNS),
    ("sensor-alarm", "others_in_material", "categories.customer", WARNS),
    ("sensor-alarm", "ip_called_impersonal", "categories.web_analytics", WARNS),
]


class TestProblems:
    @pytest.mark.parametrize(("name", "code", "path", "severity"), NAMED_GAPS)
    def test_report_what_the_policy_leaves_open(self, name, code, path, severity):
        """
        GDPR Art. 13-15: each gap of a policy is a problem in both languages, with the rule that wants it.
        """
        problem = found(PROFILES[name], code, path)

        assert [one.severity for one in problem] == [severity]
        assert problem[0].text("sv")
        assert problem[0].text("en") != problem[0].text("sv")
        assert problem[0].law

    @each_profile
    def test_report_every_gap_in_the_file(self, name):
        """
        A gap that is written down is also reported: none is forgotten by the check.
        """
        reported = {problem.text_en for problem in problems(PROFILES[name])}

        assert {gap["en"] for gap in gaps(PROFILES[name].model_dump())} <= reported

    @each_profile
    def test_come_in_one_order_without_repeats(self, name):
        """
        What blocks comes first; two runs read the same.
        """
        listed = problems(PROFILES[name])

        assert listed == problems(PROFILES[name])
        assert len({(problem.code, problem.path) for problem in listed}) == len(listed)
        assert [p.severity for p in listed] == sorted(p.severity for p in listed)

    def test_find_a_pattern_that_the_profile_does_not_list(self):
        """
        What the data show is reported even where nobody wrote it down (GDPR Art. 5(1)(e), 12(2)).
        """
        for name, tension in [("sos-alarm", "T1"), ("westra", "T3"), ("securitas", "T5"), ("westra", "T11")]:
            unlisted = PROFILES[name].model_copy(update={"tensions": ()})

            assert tension in {problem.tension for problem in problems(unlisted)}


def gaps(part: Any) -> Iterator[dict[str, str]]:
    """Every gap anywhere in a dumped profile."""
    if isinstance(part, dict):
        if part.get("gap"):
            yield part["gap"]
        for inner in part.values():
            yield from gaps(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from gaps(inner)


class TestSchema:
    def test_is_the_one_in_the_repository(self):
        """
        ``python -m app.profiles.schema`` writes it; an editor checks a profile with it.
        """
        assert SCHEMA_FILE.read_text("utf-8") == schema_text()

    @each_profile
    def test_accepts_the_profile(self, name):
        """
        What the service loads, an editor with the schema accepts too.
        """
        dumped = PROFILES[name].model_dump(mode="json", exclude_none=True)

        jsonschema.validate(dumped, json.loads(schema_text()))

    @each_profile
    def test_is_named_in_the_first_line(self, name):
        """
        An editor finds the schema without being told.
        """
        first = (FOLDER / f"{name}.yaml").read_text("utf-8").splitlines()[0]

        assert first == f"# yaml-language-server: $schema={SCHEMA_FILE.name}"
