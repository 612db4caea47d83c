"""What becomes of each category when somebody asks for erasure: from facts, by law, never by guessing."""

from datetime import date
from typing import Any

import pytest

from app.domain.erasure_plan import (
    CaseFacts,
    CategoryFacts,
    Contract,
    Fate,
    Planned,
    bookkeeping_ends,
    claim_ends_on,
    next_bookkeeping_end,
    propose,
    review_by,
)
from app.domain.retention import RetentionFacts, ends_on, fiscal_year_end, parse_rule
from app.profiles import load_profiles
from app.services.erasing import category_facts
from tests.harness.database import REPOSITORY

TODAY = date(2026, 11, 26)
PROFILES = load_profiles(REPOSITORY / "profiles")
EVERY_CATEGORY = [
    pytest.param(PROFILES[name], category, id=f"{name}-{category.id}")
    for name in sorted(PROFILES)
    for category in PROFILES[name].categories
]
ACTIVE = CaseFacts(contract=Contract.ACTIVE)
ENDED = CaseFacts(contract=Contract.ENDED, relationship_ended_on=date(2026, 10, 31))
BOOKS = CategoryFacts(id="books", rule=parse_rule("BFL 7:2"), law="BFL_7_2")


def a_category(**facts: Any) -> CategoryFacts:
    return CategoryFacts(id="some", **facts)


def what(category: CategoryFacts, facts: CaseFacts, *, today: date = TODAY, held: bool | None = None) -> Planned:
    return propose(category, facts, today=today, held=held)


class TestBookkeeping:
    @pytest.mark.parametrize(
        ("fiscal_year_ended", "last_day"),
        [
            (date(2025, 12, 31), date(2032, 12, 31)),
            (date(2025, 6, 30), date(2032, 12, 31)),
            (date(2026, 4, 30), date(2033, 12, 31)),
            (fiscal_year_end(day=date(2026, 5, 10), closes=(4, 30)), date(2034, 12, 31)),
        ],
    )
    def test_r17_2_is_kept_through_the_seventh_year_after_that_in_which_the_year_ended(
        self, fiscal_year_ended: date, last_day: date
    ) -> None:
        """R17-2, BFL 7:2: the test values of law.md E; 31 December 2032 is a Friday, 2033 a Saturday: never rolled."""
        facts = CaseFacts(fiscal_years_ended=(fiscal_year_ended,), books_complete=True)
        planned = what(BOOKS, facts)

        assert (planned.fate, planned.until) == (Fate.KEEP_UNTIL, last_day)
        assert (planned.exception, planned.hold) == ("legal_obligation", "BFL_7_2")

    def test_is_erased_on_the_day_after_its_last(self) -> None:
        """The last day belongs to the law."""
        facts = CaseFacts(fiscal_years_ended=(date(2025, 12, 31),), books_complete=True)

        assert what(BOOKS, facts, today=date(2032, 12, 31)).fate is Fate.KEEP_UNTIL
        assert what(BOOKS, facts, today=date(2033, 1, 1)).fate is Fate.ERASE_NOW

    def test_of_years_that_are_over_goes_while_the_rest_is_kept(self) -> None:
        """One category holds many years: what the law no longer keeps is erased now (GDPR Art. 17(1)(a))."""
        facts = CaseFacts(fiscal_years_ended=(date(2018, 12, 31), date(2026, 12, 31)), books_complete=True)
        planned = what(BOOKS, facts)

        assert (planned.fate, planned.until) == (Fate.ERASE_BEYOND_HOLD, date(2033, 12, 31))

    @pytest.mark.parametrize(
        ("today", "fate", "until"),
        [
            (date(2026, 11, 26), Fate.KEEP_UNTIL, date(2026, 12, 31)),
            (date(2026, 12, 31), Fate.KEEP_UNTIL, date(2026, 12, 31)),
            (date(2027, 1, 1), Fate.ERASE_BEYOND_HOLD, date(2032, 12, 31)),
            (date(2032, 12, 31), Fate.ERASE_BEYOND_HOLD, date(2032, 12, 31)),
            (date(2033, 1, 1), Fate.ERASE_NOW, None),
        ],
    )
    def test_r17_2_ends_for_each_year_on_its_own_day(self, today: date, fate: Fate, until: date | None) -> None:
        """R17-2, Art. 17(3)(b), BFL 7:2: 2019 goes on 1 January 2027, not with 2025 six years later."""
        facts = CaseFacts(fiscal_years_ended=(date(2025, 12, 31), date(2019, 12, 31)), books_complete=True)
        planned = what(BOOKS, facts, today=today)

        assert (planned.fate, planned.until) == (fate, until)
        assert next_bookkeeping_end(facts.fiscal_years_ended, today=today) == until

    def test_of_unknown_years_is_left_to_the_recipient_to_name(self) -> None:
        """Nobody guesses a financial year; who holds the records says what the law keeps, and until when."""
        planned = what(BOOKS, ACTIVE)

        assert (planned.fate, planned.until, planned.asks) == (Fate.ERASE_BEYOND_HOLD, None, ("fiscal_year",))

    def test_reckons_every_year_by_itself(self) -> None:
        assert bookkeeping_ends([date(2026, 4, 30), date(2018, 12, 31)]) == [date(2025, 12, 31), date(2033, 12, 31)]


class TestPeriods:
    @pytest.mark.parametrize(
        ("rule", "facts", "last_day"),
        [
            ("event+P12M", RetentionFacts(event_on=date(2028, 2, 29)), date(2029, 2, 28)),
            ("recording+P2M", RetentionFacts(recorded_on=date(2026, 12, 31)), date(2027, 2, 28)),
            ("event+P2M", RetentionFacts(event_on=date(2026, 12, 31)), date(2027, 2, 28)),
            ("relationship_end+P12M", RetentionFacts(relationship_ended_on=date(2026, 2, 28)), date(2027, 2, 28)),
        ],
    )
    def test_end_on_the_same_date_or_the_months_last_day(
        self, rule: str, facts: RetentionFacts, last_day: date
    ) -> None:
        """law.md E: event + P12M of 29 February, camera + P2M of 31 December; never rolled (28 Feb 2027: Sunday)."""
        assert ends_on(rule=parse_rule(rule), facts=facts) == last_day

    def test_of_the_controllers_own_are_shown_and_keep_nothing(self) -> None:
        """R17-1: a storage period of one's own is none of the exemptions of Art. 17(3)."""
        planned = what(a_category(rule=parse_rule("relationship_end+P12M")), ENDED)

        assert (planned.fate, planned.ground) == (Fate.ERASE_NOW, "not_necessary")
        assert planned.policy_ends_on == date(2027, 10, 31)


class TestClaims:
    def test_of_the_company_last_three_years_against_a_consumer_and_ten_else(self) -> None:
        """CLAIM_OWN, preskriptionslagen (1981:130) 2 §: from the claim, or from what last interrupted it (5-7 §§)."""
        assert claim_ends_on(since=date(2024, 2, 29), is_consumer=True) == date(2027, 2, 28)
        assert claim_ends_on(since=date(2024, 2, 29), is_consumer=False) == date(2034, 2, 28)

    def test_r17_3_are_never_supposed(self) -> None:
        """R17-3: no blanket ten years: without a concrete claim the data of an ended contract go."""
        assert what(a_category(), ENDED).fate is Fate.ERASE_NOW


class TestInvestigation:
    @pytest.mark.parametrize("data_class", ["recording", "movement", "security", "offence"])
    def test_r17_3_keeps_what_shows_the_event_until_somebody_looks_again(self, data_class: str) -> None:
        """CRIME_REPORT, Art. 17(3)(e): with a review date."""
        planned = what(a_category(data_class=data_class), CaseFacts(contract=Contract.ENDED, crime_report=True))

        assert (planned.fate, planned.hold, planned.condition) == (Fate.KEEP_WHILE, "CRIME_REPORT", "crime_case_open")
        assert planned.review_on == review_by(TODAY) == date(2027, 11, 26)

    def test_keeps_nothing_else(self) -> None:
        """A name and an address show no event."""
        assert what(a_category(), CaseFacts(contract=Contract.ENDED, crime_report=True)).fate is Fate.ERASE_NOW

    def test_that_nobody_has_spoken_of_is_a_persons_question_where_an_offence_shows(self) -> None:
        """Whether the police still need it is not guessed."""
        planned = what(a_category(data_class="offence"), ENDED)

        assert (planned.fate, planned.asks) == (Fate.UNDECIDED, ("crime_report",))


class TestLiveAlarm:
    @pytest.mark.parametrize("data_class", ["security", "movement", "secret", "third_party"])
    def test_r17_1_of_a_running_contract_is_kept_until_it_ends(self, data_class: str) -> None:
        """R17-1, Art. 17(1)(a) is not met; an alarm is not disarmed by way of Article 17 (security.md 5.5)."""
        planned = what(a_category(data_class=data_class, legal_bases=frozenset({"consent"})), ACTIVE)

        assert (planned.fate, planned.exception) == (Fate.KEEP_WHILE, "still_necessary")
        assert (planned.condition, planned.review_on) == ("contract_runs", date(2027, 11, 26))

    def test_is_erased_once_the_contract_has_ended(self) -> None:
        assert what(a_category(data_class="security"), ENDED).ground == "not_necessary"

    def test_is_never_guessed_to_be_off(self) -> None:
        """Nobody has said whether the contract runs: a person says so first."""
        planned = what(a_category(data_class="security"), CaseFacts())

        assert (planned.fate, planned.asks) == (Fate.UNDECIDED, ("contract",))

    def test_does_not_reach_people_who_were_recommended(self) -> None:
        """A referral is third-party data for marketing, and no part of any alarm."""
        planned = what(a_category(data_class="third_party", marketing_only=True), ACTIVE)

        assert (planned.fate, planned.ground) == (Fate.ERASE_NOW, "objection")


class TestGround:
    @pytest.mark.parametrize(
        ("category", "facts", "ground"),
        [
            ({}, ENDED, "not_necessary"),
            ({"rule": parse_rule("event+P12M")}, ACTIVE, "not_necessary"),
            ({"rule": parse_rule("until_erasure_request")}, ACTIVE, "not_necessary"),
            ({"legal_bases": frozenset({"consent"})}, ACTIVE, "consent_withdrawn"),
            ({"marketing_only": True}, ACTIVE, "objection"),
            (
                {"legal_bases": frozenset({"legitimate_interest"})},
                CaseFacts(contract=Contract.ACTIVE, objected=True),
                "objection",
            ),
        ],
    )
    def test_r17_1_is_one_of_the_six_and_true_of_the_category(
        self, category: dict[str, Any], facts: CaseFacts, ground: str
    ) -> None:
        """R17-1: (a) purpose over, (b) consent the only basis, (c) marketing or a granted objection (R21-4)."""
        planned = what(a_category(**category), facts)

        assert (planned.fate, planned.ground) == (Fate.ERASE_NOW, ground)

    @pytest.mark.parametrize(
        "category",
        [{"legal_bases": frozenset({"contract"})}, {"rule": parse_rule("relationship_end+P12M")}],
    )
    def test_is_missing_for_what_a_running_contract_needs(self, category: dict[str, Any]) -> None:
        """Art. 17(1)(a): data that the contract needs are still necessary."""
        assert what(a_category(**category), ACTIVE).condition == "contract_runs"

    def test_r17_6_asks_for_reasonable_steps_where_data_were_made_public(self) -> None:
        """R17-6, Art. 17(2): others who use what was made public are told."""
        assert what(a_category(made_public=True), ENDED).asks == ("public_steps",)


class TestOthers:
    def test_data_are_passed_on_whatever_else_is_true(self) -> None:
        """Art. 28(3): as a processor one erases on its controller's word."""
        assert what(a_category(is_processor=True, law="BFL_7_2"), ENDED, held=False).fate is Fate.FORWARD

    def test_not_held_is_said_so(self) -> None:
        assert what(a_category(data_class="security"), ACTIVE, held=False).fate is Fate.NOT_HELD

    @pytest.mark.parametrize("law", ["SOS_1981_1104", "LEK_2022_482", "DSL_5"])
    def test_laws_with_periods_of_their_own_are_a_persons_to_read(self, law: str) -> None:
        """A recording permit sets its own conditions; nobody here knows them (law.md, open point 7)."""
        assert what(a_category(law=law), ENDED).asks == ("permit",)


@pytest.mark.parametrize("contract", Contract)
@pytest.mark.parametrize(("profile", "category"), EVERY_CATEGORY)
class TestEveryShippedCategory:
    def test_f28_has_a_proposal_with_its_law_or_a_question_for_a_person(
        self, profile: Any, category: Any, contract: Contract
    ) -> None:
        """F28, R17-1: per category a ground, or an exemption with an end, or the fact that is missing."""
        facts = category_facts(profile, category)
        planned = what(facts, CaseFacts(contract=contract))

        if planned.fate is Fate.UNDECIDED:
            assert planned.asks
            assert contract in (Contract.ACTIVE, Contract.UNKNOWN) or facts.data_class == "offence"
        elif planned.fate in (Fate.KEEP_UNTIL, Fate.KEEP_WHILE):
            assert planned.exception
            assert planned.until or (planned.condition and planned.review_on)
        elif planned.fate is Fate.FORWARD:
            assert category.role == "processor"
        else:
            assert planned.ground
        if facts.is_live_alarm and contract is not Contract.ENDED and contract is not Contract.NONE:
            assert planned.fate not in (Fate.ERASE_NOW, Fate.ERASE_BEYOND_HOLD), "an alarm is disarmed"
        if category.retention.law == "BFL_7_2":
            assert planned.hold == "BFL_7_2"
