"""What people may decide about a category against the proposal, and what the law does not let them."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain.erasure_decision import (
    CategoryUndecided,
    Entry,
    ErasureGroundDoesNotFit,
    ErasureGroundNeeded,
    ExemptionNeeded,
    LawKeepsIt,
    LawNeeded,
    LiveAlarmNotErased,
    LongerThanAllowed,
    NotALaw,
    NothingToErase,
    OnlyBookkeeping,
    SameCategoryTwice,
    UntilNeeded,
    check_something_is_erased,
    decide,
    plan,
)
from app.domain.erasure_plan import CaseFacts, CategoryFacts, Contract, Fate, Planned
from app.domain.retention import parse_rule

TODAY = date(2026, 11, 26)
WHY = "Kunden har stämt bolaget vid Göteborgs tingsrätt, mål T 1-26."
ACTIVE, ENDED = CaseFacts(contract=Contract.ACTIVE), CaseFacts(contract=Contract.ENDED)
BOOKS = CategoryFacts(id="books", law="BFL_7_2", rule=parse_rule("BFL 7:2"))
PLAIN = CategoryFacts(id="plain")
FOOTAGE = CategoryFacts(id="footage", data_class="recording", rule=parse_rule("event+P12M"))


def keep(category: CategoryFacts = PLAIN, facts: CaseFacts = ENDED, **said: Any) -> Planned:
    entry = Entry(category=category.id, verdict="keep", **{"reason": WHY} | said)
    return decide(entry, category, facts, today=TODAY)


def erase(category: CategoryFacts = PLAIN, facts: CaseFacts = ENDED, **said: Any) -> Planned:
    return decide(Entry(category=category.id, verdict="erase", **said), category, facts, today=TODAY)


class TestKeeping:
    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            pytest.param({"until": date(2030, 1, 1)}, ExemptionNeeded, id="without an exemption"),
            pytest.param({"exception": "because"}, ExemptionNeeded, id="by one that does not exist"),
            pytest.param({"exception": "legal_obligation", "until": date(2030, 1, 1)}, LawNeeded, id="without a law"),
            pytest.param({"exception": "legal_obligation", "hold": "SSF_136"}, NotALaw, id="R17-2: by a norm"),
            pytest.param({"exception": "legal_obligation", "hold": "CERTIFICATE"}, NotALaw, id="by a certificate"),
            pytest.param({"exception": "legal_obligation", "hold": "CLAIM_OWN"}, LawNeeded, id="by another's law"),
            pytest.param({"exception": "legal_obligation", "hold": "SOS_1981_1104"}, UntilNeeded, id="without an end"),
            pytest.param(
                {"exception": "public_health", "until": date(2026, 1, 1)}, UntilNeeded, id="until a day that is past"
            ),
            pytest.param({"exception": "archiving", "condition": "other"}, UntilNeeded, id="without a review"),
            pytest.param(
                {"exception": "archiving", "condition": "other", "review_on": date(2036, 1, 1)},
                LongerThanAllowed,
                id="without a review in sight",
            ),
            pytest.param(
                {"exception": "still_necessary", "until": date(2027, 1, 1), "reason": "Jo."},
                ExemptionNeeded,
                id="without words",
            ),
            pytest.param(
                {"exception": "still_necessary", "condition": "contract_runs", "review_on": date(2027, 1, 1)},
                UntilNeeded,
                id="for a contract that has ended",
            ),
        ],
    )
    def test_r17_2_is_refused_where_the_law_does_not_carry_it(
        self, said: dict[str, Any], refusal: type[Exception]
    ) -> None:
        """R17-1, R17-2, F28: an exemption per category, a law where it needs one, and an end. SSF 136 is no law."""
        with pytest.raises(refusal):
            keep(**said)

    @pytest.mark.parametrize("category", [PLAIN, FOOTAGE, CategoryFacts(id="log", data_class="security")])
    def test_r17_2_as_bookkeeping_is_for_bookkeeping_records(self, category: CategoryFacts) -> None:
        """R17-2, BFL 7:2: no recording, note or log is räkenskapsinformation."""
        with pytest.raises(OnlyBookkeeping):
            keep(category, exception="legal_obligation", hold="BFL_7_2", until=date(2033, 12, 31))

    def test_as_bookkeeping_ends_with_a_year(self) -> None:
        made = keep(BOOKS, exception="legal_obligation", hold="BFL_7_2", until=date(2033, 12, 31), reason="")

        assert (made.fate, made.until) == (Fate.KEEP_UNTIL, date(2033, 12, 31))
        for until in (date(2033, 6, 30), date(2040, 12, 31)):
            with pytest.raises(LongerThanAllowed):
                keep(BOOKS, exception="legal_obligation", hold="BFL_7_2", until=until)

    def test_r17_2_as_bookkeeping_keeps_no_year_until_a_younger_ones_end(self) -> None:
        """R17-2, BFL 7:2: the day is that of the oldest year still kept; a person cannot give it the newest's."""
        two = CaseFacts(fiscal_years_ended=(date(2019, 12, 31), date(2025, 12, 31)), books_complete=True)
        said = {"verdict": "keep", "exception": "legal_obligation", "hold": "BFL_7_2"}
        entry = Entry(category="books", **said)

        assert decide(entry, BOOKS, two, today=date(2026, 11, 26)).until == date(2026, 12, 31)
        with pytest.raises(LongerThanAllowed):
            decide(replace(entry, until=date(2032, 12, 31)), BOOKS, two, today=date(2026, 11, 26))

    def test_r17_2_by_the_data_protection_act_is_refused(self) -> None:
        """dataskyddslagen 5 kap. excepts from being informed, not from erasure."""
        with pytest.raises(LawNeeded):
            keep(exception="legal_obligation", hold="DSL_5", until=date(2027, 12, 31))

    def test_r17_3_for_a_claim_against_the_company_is_concrete_and_looked_at_again(self) -> None:
        """R17-3: no blanket ten years; a dispute with a review date."""
        said = {"exception": "legal_claims", "hold": "CLAIM_AGAINST"}
        with pytest.raises(UntilNeeded):
            keep(**said, until=date(2036, 11, 26))
        with pytest.raises(ExemptionNeeded):
            keep(**said, review_on=date(2027, 5, 1), reason="")
        made = keep(**said, review_on=date(2027, 5, 1))

        assert (made.fate, made.condition, made.review_on) == (Fate.KEEP_WHILE, "dispute", date(2027, 5, 1))

    def test_r17_3_for_the_companys_own_claim_ends_with_its_limitation(self) -> None:
        """CLAIM_OWN: three years on a consumer from the claim; longer is refused, shorter is not."""
        said = {"exception": "legal_claims", "hold": "CLAIM_OWN"}
        with pytest.raises(UntilNeeded):
            keep(**said)
        with pytest.raises(UntilNeeded):
            keep(**said, since=date(2023, 11, 25))
        with pytest.raises(LongerThanAllowed):
            keep(**said, since=date(2025, 1, 31), until=date(2028, 2, 1))

        assert keep(**said, since=date(2025, 1, 31)).until == date(2028, 1, 31)
        assert keep(**said, since=date(2025, 1, 31), is_consumer=False).until == date(2035, 1, 31)

    def test_for_an_investigation_is_for_what_shows_the_event(self) -> None:
        """CRIME_REPORT: event footage and the alarm log of that event, with a review."""
        said = {"exception": "legal_claims", "hold": "CRIME_REPORT", "review_on": date(2027, 3, 1)}
        with pytest.raises(LawNeeded):
            keep(PLAIN, **said)
        with pytest.raises(UntilNeeded):
            keep(FOOTAGE, **said | {"review_on": None})

        assert keep(FOOTAGE, **said).condition == "crime_case_open"

    def test_for_a_need_of_ones_own_is_no_longer_than_ones_own_period(self) -> None:
        """Art. 5(1)(e): event + 12 months was promised."""
        facts = CaseFacts(contract=Contract.ENDED, event_on=date(2026, 2, 1))
        with pytest.raises(LongerThanAllowed):
            keep(FOOTAGE, facts, exception="still_necessary", until=date(2027, 2, 2))

        assert keep(FOOTAGE, facts, exception="still_necessary", until=date(2027, 2, 1)).by_person

    def test_what_rested_on_consent_alone_is_not_necessary(self) -> None:
        """Art. 17(1)(b)."""
        consent = CategoryFacts(id="c", legal_bases=frozenset({"consent"}))
        with pytest.raises(ErasureGroundDoesNotFit):
            keep(consent, exception="still_necessary", until=date(2027, 1, 1))

    @pytest.mark.parametrize(
        "said",
        [
            pytest.param({"exception": "still_necessary"}, id="still necessary, no period in the profile"),
            pytest.param({"exception": "freedom_of_expression"}, id="freedom of expression"),
            pytest.param({"exception": "public_health"}, id="public health"),
            pytest.param({"exception": "archiving"}, id="archiving"),
            pytest.param({"exception": "legal_obligation", "hold": "LEK_2022_482"}, id="a law with no period here"),
        ],
    )
    def test_ends_within_a_year_unless_something_reckons_a_later_day_r17_3(self, said: dict[str, Any]) -> None:
        """R17-3, Art. 5(1)(e): nobody keeps data for ever by naming a day; what lasts longer is looked at again."""
        assert keep(**said, until=date(2027, 11, 26)).until == date(2027, 11, 26)
        for day in (date(2027, 11, 27), date(2099, 12, 31)):
            with pytest.raises(LongerThanAllowed):
                keep(**said, until=day)
        again = keep(**said, condition="other", review_on=date(2027, 11, 26))
        assert (again.fate, again.review_on) == (Fate.KEEP_WHILE, date(2027, 11, 26))

    def test_may_last_as_long_as_the_controllers_own_period(self) -> None:
        """Art. 5(1)(e), 13(2)(a): what the person was told when the data were collected holds for both."""
        facts = CaseFacts(contract=Contract.ENDED, event_on=date(2026, 11, 1))
        category = replace(FOOTAGE, rule=parse_rule("event+P36M"))
        made = keep(category, facts, exception="freedom_of_expression", until=date(2029, 11, 1))

        assert made.until == made.policy_ends_on == date(2029, 11, 1)
        with pytest.raises(LongerThanAllowed):
            keep(category, facts, exception="freedom_of_expression", until=date(2029, 11, 2))


class TestErasing:
    def test_r17_1_names_its_ground(self) -> None:
        """R17-1: one of (a)-(f)."""
        with pytest.raises(ErasureGroundNeeded):
            erase()
        with pytest.raises(ErasureGroundNeeded):
            erase(ground="because")

        assert erase(ground="not_necessary").ground == "not_necessary"

    @pytest.mark.parametrize(
        ("category", "said"),
        [
            ({"legal_bases": frozenset({"contract"})}, {"ground": "consent_withdrawn"}),
            ({"legal_bases": frozenset({"contract"})}, {"ground": "objection"}),
            ({}, {"ground": "unlawful"}),
            ({}, {"ground": "duty_to_erase"}),
            ({}, {"ground": "child_service", "reason": "Barn."}),
        ],
    )
    def test_r17_1_needs_its_ground_to_be_true(self, category: dict[str, Any], said: dict[str, Any]) -> None:
        """R17-1: what has to be true for (b) and (c) is known; (d)-(f) are told in words."""
        with pytest.raises(ErasureGroundDoesNotFit):
            erase(CategoryFacts(id="some", **category), **said)

    @pytest.mark.parametrize("facts", [ACTIVE, CaseFacts()])
    def test_never_disarms_an_alarm(self, facts: CaseFacts) -> None:
        """security.md 5.5: not while the contract runs, nor while nobody knows."""
        with pytest.raises(LiveAlarmNotErased):
            erase(CategoryFacts(id="zones", data_class="security"), facts, ground="not_necessary")

    def test_does_not_reach_what_a_law_keeps(self) -> None:
        """Art. 17(3)(b)."""
        with pytest.raises(LawKeepsIt):
            erase(BOOKS, ground="not_necessary")
        with pytest.raises(LawKeepsIt):
            erase(CategoryFacts(id="112", law="SOS_1981_1104"), ground="not_necessary")
        over = CaseFacts(fiscal_years_ended=(date(2015, 12, 31),), books_complete=True)

        assert erase(BOOKS, over, ground="not_necessary").fate is Fate.ERASE_NOW

    def test_r17_6_of_what_was_made_public_says_which_steps_were_taken(self) -> None:
        """R17-6, Art. 17(2)."""
        public = CategoryFacts(id="page", made_public=True)
        with pytest.raises(ErasureGroundDoesNotFit):
            erase(public, ground="not_necessary")

        assert erase(public, ground="not_necessary", reason=WHY).reason == WHY

    def test_of_another_controllers_data_is_not_ours_to_say(self) -> None:
        assert erase(CategoryFacts(id="theirs", is_processor=True), ground="not_necessary").fate is Fate.FORWARD


class TestPlan:
    def test_takes_the_proposal_for_what_is_not_named(self) -> None:
        """R17-1: a word for each category."""
        zones = CategoryFacts(id="zones", data_class="security")
        entry = Entry(category="plain", verdict="erase", ground="not_necessary")
        made = plan([zones, PLAIN, FOOTAGE], [entry], ACTIVE, today=TODAY, held={}, excluded=frozenset({"footage"}))

        assert [(one.category, one.fate, one.by_person) for one in made] == [
            ("zones", Fate.KEEP_WHILE, False),
            ("plain", Fate.ERASE_NOW, True),
        ]

    def test_is_not_made_while_a_category_is_open(self) -> None:
        """F28: a gap is named and decided by a person, never filled."""
        with pytest.raises(CategoryUndecided) as refused:
            plan([PLAIN, FOOTAGE], [], ACTIVE, today=TODAY, held={})

        assert refused.value.categories == ("plain",)

    def test_names_each_category_once(self) -> None:
        twice = [Entry(category="plain", verdict="erase", ground="not_necessary")] * 2
        with pytest.raises(SameCategoryTwice):
            plan([PLAIN], twice, ENDED, today=TODAY, held={})

    def test_that_erases_nothing_is_a_no(self) -> None:
        """Art. 12(4): a yes by which everything is kept would be a no without its reasons."""
        zones = CategoryFacts(id="zones", data_class="security")
        with pytest.raises(NothingToErase):
            check_something_is_erased(plan([zones], [], ACTIVE, today=TODAY, held={}))
