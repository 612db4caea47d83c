"""
What an honest access answer lacks is found in each of the five policies: by code, place, law and pattern.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from app.profiles import Profile, load_profiles, problems, profile_of
from app.profiles.check import Problem, Severity
from app.profiles.links import is_mere_link, is_usable_contact
from app.profiles.schema import SCHEMA_FILE
from app.profiles.tensions import DETECTED, TENSIONS

DATA = Path(__file__).parent / "data"
READ: dict[str, Any] = json.loads((DATA / "policies.json").read_text("utf-8"))
PROFILES = load_profiles(SCHEMA_FILE.parent)
EVERYWHERE = {"automated_decisions_missing", "data_requirement_missing"}

#: Every code that is found in each policy, and none besides.
CODES: dict[str, list[str]] = json.loads((DATA / "problems.json").read_text("utf-8"))


def found(profile: Profile, code: str, *places: str) -> list[Problem]:
    return [one for one in problems(profile) if one.code == code and (not places or one.path in places)]


def changed(name: str, **parts: Any) -> Profile:
    """A shipped profile with other parts, read as a file is."""
    raw = PROFILES[name].model_dump(mode="json", exclude_none=True)
    for place, value in parts.items():
        *steps, last = place.split("__")
        at = raw
        for step in steps:
            at = at[step]
        at[last] = value
    return profile_of(raw, source=f"{name}.yaml")


class TestFiveProfiles:
    @pytest.mark.parametrize("name", CODES)
    def test_f04_lack_exactly_this(self, name: str) -> None:
        """
        F04: purposes, bases, periods, recipients, transfers, rights, logic: each silence is named, and nothing else.
        """
        assert {one.code for one in problems(PROFILES[name])} == set(CODES[name]) | EVERYWHERE

    def test_westra_publishes_no_way_in(self) -> None:
        """
        Only "@" is left of its address (GDPR Art. 12(2)); no company number, address or officer either.
        """
        (contact,) = found(PROFILES["westra"], "dsr_contact_missing")

        assert (contact.severity, contact.path) == (Severity.BLOCKS, "controller.dsr_contact")
        assert '"@"' in contact.text_en
        for code in ("org_number_missing", "address_missing", "dpo_missing", "controller_name_unclear"):
            assert found(PROFILES["westra"], code), code

    def test_westra_names_no_basis_period_or_processor(self) -> None:
        """
        Consent for nothing in particular, contract without the basis, stored passwords, two logs without a period.
        """
        westra = PROFILES["westra"]

        assert {one.path for one in found(westra, "retention_missing")} == {
            *("categories.alarm_history.retention", "categories.transmitter_log.retention"),
        }
        assert found(westra, "retention_unclear", "categories.call_recording.retention")
        assert found(westra, "contract_not_a_basis", "categories.contact.legal_bases")
        assert found(westra, "consent_unclear")
        assert found(westra, "passwords_stored", "categories.credentials")
        assert found(westra, "recipient_unnamed", "recipients.processors")

    def test_westila_states_no_period_for_anything(self) -> None:
        """
        GDPR Art. 15(1)(d): each category lacks its period, and the pattern is named (T8).
        """
        westila = PROFILES["westila"]
        own = [one for one in westila.categories if one.retention.law is None]

        assert len(found(westila, "retention_missing")) == len(own) == 4
        (pattern,) = found(westila, "periods_left_out")
        assert (pattern.tension, pattern.severity) == ("T8", Severity.BLOCKS)
        assert found(westila, "complaint_not_mentioned")
        assert found(westila, "category_unclear", "categories.personnummer")
        assert found(westila, "rights_left_out")[0].tension == "T15"

    def test_sos_alarm_wants_a_signed_paper(self) -> None:
        """
        R12-2 (T1): not enforceable; and data kept until asked (T7), consent by use (T10), acts that no longer hold.
        """
        sos = PROFILES["sos-alarm"]

        assert found(sos, "form_demanded", "request_form_preference")[0].tension == "T1"
        assert found(sos, "kept_until_asked")[0].tension == "T7"
        assert found(sos, "consent_unclear")[0].tension == "T10"
        assert found(sos, "periods_left_out")[0].tension == "T8"
        outdated = " ".join(one.text_en for one in found(sos, "law_reference_outdated"))
        assert "2022:482" in outdated
        assert "1 April 2025" in outdated
        assert "1981:1104" in found(sos, "law_not_mentioned")[0].text_en

    def test_securitas_is_processor_and_controller_and_never_erases(self) -> None:
        """
        Role per category (T4), an archive without an end (T5), a norm that is no law (T6), a device's position.
        """
        securitas = PROFILES["securitas"]

        assert found(securitas, "split_roles", "categories")[0].tension == "T4"
        archived = found(securitas, "archived_not_erased")
        assert archived
        assert {(one.tension, one.severity) for one in archived} == {("T5", Severity.BLOCKS)}
        assert found(securitas, "norm_is_no_law", "standards")[0].tension == "T6"
        assert found(securitas, "category_unclear", "categories.gps", "categories.alarm_case_log")
        assert found(securitas, "legal_basis_missing", "categories.call_audio.legal_bases")

    def test_sensor_alarm_mixes_up_controller_and_officer(self) -> None:
        """
        "Personuppgiftsansvarig (DPO)" (T2), the former authority (T3), a customer who informs others (T9).
        """
        sensor = PROFILES["sensor-alarm"]

        assert found(sensor, "controller_and_dpo_mixed", "controller.dpo")[0].tension == "T2"
        (authority,) = found(sensor, "authority_outdated")
        assert (authority.tension, authority.path) == ("T3", "authority_in_policy")
        assert "Integritetsskyddsmyndigheten (IMY)" in authority.text_sv
        assert found(sensor, "others_informed_by_customer", "categories.emergency_contacts.source")[0].tension == "T9"
        assert found(sensor, "legitimate_interest_unstated", "categories.emergency_contacts.legal_bases")
        assert found(sensor, "recipients_incomplete")
        assert len(found(sensor, "recipient_country_unverified")) >= 5
        assert found(sensor, "complaint_unclear", "complaints")

    def test_westra_and_sensor_alarm_name_the_former_authority_and_letters_do_not(self) -> None:
        """
        R77-1 (T3): Datainspektionen is reported; no profile can make a letter name it.
        """
        outdated = {name for name, profile in PROFILES.items() if found(profile, "authority_outdated")}

        assert outdated == {"westra", "sensor-alarm"}
        assert {profile.authority for profile in PROFILES.values()} == {"IMY"}


class TestPatterns:
    def test_are_fifteen_and_each_is_found_somewhere(self) -> None:
        """
        T1 to T15: none is only a word list.
        """
        reported = {one.tension for profile in PROFILES.values() for one in problems(profile)} - {None}

        assert reported == set(TENSIONS) == set(DETECTED)

    @pytest.mark.parametrize("name", sorted(READ))
    def test_show_in_the_data_even_if_nobody_lists_them(self, name: str) -> None:
        """
        A profile that forgets its patterns is told of them; only consent named beside no category must be listed.
        """
        unlisted = PROFILES[name].model_copy(update={"tensions": ()})
        seen = {one.tension for one in problems(unlisted)} - {None}

        assert seen == set(READ[name]["tensions"]) - ({"T10"} if name == "westra" else set())


class TestCompleteness:
    def test_r13_1_wants_transfers_logic_and_requirement_said(self) -> None:
        """
        R13-1: safeguards, automated decisions and whether giving data is a duty are asked for, and settled by a word.
        """
        settled = changed(
            "westila",
            transfers={"value": "Inga uppgifter lämnar EES."},
            automated_decisions={"value": "Inga automatiserade beslut fattas."},
            data_requirement={"value": "Utan namn och adress kan ingen beställning levereras."},
        )
        codes = {"transfers_missing", "automated_decisions_missing", "data_requirement_missing"}

        assert codes <= {one.code for one in problems(PROFILES["westila"])}
        assert not codes & {one.code for one in problems(settled)}

    def test_r19_1_wants_every_recipient_reached(self) -> None:
        """
        A recipient that no system leads to cannot be told (GDPR Art. 19); the problem names it.
        """
        raw = PROFILES["sensor-alarm"].model_dump(mode="json", exclude_none=True)
        without = changed("sensor-alarm", systems=[one for one in raw["systems"] if one["id"] != "dhl"])

        assert [one.path for one in found(without, "recipient_not_reached")] == ["recipients.dhl"]

    def test_r13_1_wants_a_way_in_that_works(self) -> None:
        """
        R13-1: a value is not enough; somebody must be able to ask by it.
        """
        for value in ("@", "kundtjänst", "https://example.org/integritetspolicy"):
            broken = changed("westra", controller__dsr_contact={"value": value})
            assert found(broken, "dsr_contact_unusable", "controller.dsr_contact"), value
        for value in ("integritet@example.org", "08-123 45 67", "https://example.org/kontakt", "Box 12, 123 45 Ort"):
            assert not found(changed("westra", controller__dsr_contact={"value": value}), "dsr_contact_unusable"), value

    @pytest.mark.parametrize(
        "value",
        [
            "https://example.org/integritetspolicy",
            "www.example.org",
            "Se vår integritetspolicy på https://example.org/gdpr",
            "Läs mer i vår personuppgiftspolicy",
            "See our privacy policy at example.org/privacy",
        ],
    )
    def test_f02_is_never_reached_by_a_link(self, value: str) -> None:
        """
        F02 (Spotify): a policy's address alone satisfies no field, wherever it stands.
        """
        linked = changed(
            "westila",
            transfers={"value": value},
            controller__address={"value": value},
            automated_decisions={"value": value},
        )
        raw = linked.model_dump(mode="json", exclude_none=True)
        raw["purposes"][0]["sv"] = value
        linked = profile_of(raw, source="westila.yaml")

        assert {one.path for one in found(linked, "only_a_link")} == {
            *("transfers", "controller.address", "automated_decisions", f"purposes.{raw['purposes'][0]['id']}"),
        }
        assert {one.severity for one in found(linked, "only_a_link")} == {Severity.BLOCKS}

    def test_f02_is_no_reproach_to_information_with_an_address_in_it(self) -> None:
        """
        F02: words that say something may also say where there is more.
        """
        for said in (
            "Uppgifterna sparas i tolv månader efter avtalet; mer på https://example.org/gdpr",
            "Box 12, 123 45 Ort, www.example.org",
            "Ja",
        ):
            assert not is_mere_link(said), said
        assert is_usable_contact("dpo@example.org")
        assert not [one for profile in PROFILES.values() for one in found(profile, "only_a_link")]
