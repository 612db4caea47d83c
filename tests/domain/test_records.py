"""What a decision must be documented with, and what the facts must show."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import records
from app.domain.decisions import COMMON, Verdict
from app.domain.errors import DomainError
from app.domain.grounds_18 import GROUNDS_18
from app.domain.records import (
    NEEDS,
    PARTS,
    Balancing,
    Fact,
    FactKind,
    Intent,
    Record,
    Review,
    Situation,
    Statute,
    Weighed,
    check,
    check_fee,
    needs_of,
)
from app.domain.rights import RIGHTS

TODAY, RECEIVED = date(2026, 11, 26), date(2026, 11, 2)
WORDS = "Long enough to say something to somebody."
NOES = [Verdict.PARTLY_GRANTED, Verdict.REFUSED]


def a_fact(kind: FactKind, on: date, what: str = WORDS) -> Fact:
    return Fact(kind, on, what)


ASKED = a_fact(FactKind.EARLIER_REQUEST, date(2026, 9, 1))
GIVEN = a_fact(FactKind.ANSWER_GIVEN, date(2026, 9, 20))
SAME = a_fact(FactKind.NOTHING_CHANGED, date(2026, 11, 3))
INTENT = Intent(objective=WORDS, subjective=WORDS)
BALANCING = Balancing(interest=WORDS, necessity=WORDS, impact_on_person=WORDS, why_overrides=WORDS)
KNOWN = Situation(today=TODAY, received_on=RECEIVED, previous_on=date(2026, 9, 1))
FIRST = replace(KNOWN, previous_on=None)
WHOLE = Record(
    evidence=(GIVEN, SAME),
    intent=INTENT,
    weighed=(Weighed("call_recording", WORDS),),
    statute=Statute("2018:218", "5 kap. 1 §"),
    balancing=BALANCING,
    checked=WORDS,
    ground_18="a",
    review=Review(new_decision=WORDS, why=WORDS),
)
DECISIONS = [
    pytest.param(right.key, verdict, ground, id=f"{right.key}-{verdict}-{ground}")
    for right in RIGHTS.values()
    for verdict in Verdict
    for ground in ([None] if verdict is Verdict.GRANTED else [one.key for one in right.refusal_grounds])
    if (right.key, verdict, ground) != ("access", Verdict.REFUSED, "rights_of_others")  # never, see R15-9 below
]


def refuse(
    ground: str, record: Record, right: str = "access", situation: Situation = KNOWN, verdict: Verdict = Verdict.REFUSED
) -> None:
    check(right=right, verdict=verdict, ground=ground, record=record, situation=situation)


class TestNeeds:
    @pytest.mark.parametrize(("right", "verdict", "ground"), DECISIONS)
    def test_are_refused_when_lacking_and_enough_when_there(
        self, right: str, verdict: Verdict, ground: str | None
    ) -> None:
        """
        R12-7: the burden is the controller's; whatever a decision needs it has before it counts.
        """
        needs = needs_of(right, verdict, ground)
        situation = replace(KNOWN, excluded=frozenset({"call_recording"}))
        if needs:
            with pytest.raises(PARTS[needs[0].part].lacking):
                check(right=right, verdict=verdict, ground=ground, record=Record(), situation=situation)
        check(right=right, verdict=verdict, ground=ground, record=WHOLE, situation=situation)

    def test_name_their_article_in_both_languages(self) -> None:
        """
        Staff see beside each part what it is and which rule wants it.
        """
        assert all(need.source.startswith("GDPR Art.") and need.sv and need.en for need in NEEDS)
        assert {need.part for need in NEEDS} == set(PARTS)

    @pytest.mark.parametrize("right", [key for key, one in RIGHTS.items() if not one.refusal_grounds])
    def test_are_none_for_what_is_unconditional(self, right: str) -> None:
        """
        R21-2, R7-1: nothing is weighed, so nothing is documented first.
        """
        assert needs_of(right, Verdict.GRANTED, None) == ()


class TestEvidence:
    @pytest.mark.parametrize("verdict", NOES)
    @pytest.mark.parametrize("ground", [one.key for one in COMMON])
    @pytest.mark.parametrize("right", [key for key, one in RIGHTS.items() if COMMON[0] in one.refusal_grounds])
    def test_comes_before_manifestly_unfounded_and_excessive(self, right: str, ground: str, verdict: Verdict) -> None:
        """
        R12-7, F26: documented facts before the state changes, for every right.
        """
        with pytest.raises(records.EvidenceNeeded):
            refuse(ground, Record(), right, verdict=verdict)
        with pytest.raises(records.EvidenceNeeded):
            refuse(ground, Record(evidence=(a_fact(FactKind.OTHER, TODAY, "  "),)), right, verdict=verdict)

    def test_of_one_fact_shows_that_a_request_is_manifestly_unfounded(self) -> None:
        """
        Art. 12(5): here no number of facts is set.
        """
        refuse("manifestly_unfounded", Record(evidence=(a_fact(FactKind.CONDUCT, TODAY),)), situation=FIRST)

    def test_lies_in_the_past(self) -> None:
        """
        What has not happened is no fact.
        """
        tomorrow = a_fact(FactKind.CONDUCT, TODAY + timedelta(days=1))
        with pytest.raises(records.FactInTheFuture):
            refuse("manifestly_unfounded", Record(evidence=(tomorrow,)))


class TestExcess:
    def test_takes_two_dated_facts(self) -> None:
        """
        F26: one fact is not enough, and the same one told twice is one.
        """
        for lone in ((GIVEN,), (GIVEN, GIVEN)):
            with pytest.raises(records.TooFewFacts):
                refuse("excessive", Record(evidence=lone))
        refuse("excessive", Record(evidence=(GIVEN, SAME)))

    def test_is_not_a_matter_of_number_alone(self) -> None:
        """
        F26, C-416/23: how often somebody asks says nothing about abuse. F31: there is no yearly quota.
        """
        often = tuple(a_fact(FactKind.EARLIER_REQUEST, date(2026, month, 1)) for month in range(1, 11))
        with pytest.raises(records.NumberAloneNotEnough):
            refuse("excessive", Record(evidence=often))

    def test_is_shown_by_proven_abuse(self) -> None:
        """
        R12-8, C-526/24 Brillen Rottler: an objective and a subjective element, both.
        """
        refuse("excessive", Record(evidence=(GIVEN,), intent=INTENT), situation=FIRST)
        for half in (Intent(objective=WORDS, subjective=""), Intent(objective="so", subjective=WORDS)):
            with pytest.raises(records.FirstRequestNotExcessive):
                refuse("excessive", Record(evidence=(GIVEN, SAME), intent=half), situation=FIRST)

    def test_of_a_first_request_is_shown_by_nothing_else(self) -> None:
        """
        R12-8: two facts about a first request are not enough, however many they are.
        """
        with pytest.raises(records.FirstRequestNotExcessive):
            refuse("excessive", Record(evidence=(GIVEN, SAME)), situation=FIRST)

    def test_may_rest_on_an_earlier_request_that_only_staff_know_of(self) -> None:
        """
        A request of before this service counts, with its day; one after this request does not.
        """
        refuse("excessive", Record(evidence=(ASKED, GIVEN)), situation=FIRST)
        later = a_fact(FactKind.EARLIER_REQUEST, RECEIVED + timedelta(days=1))
        with pytest.raises(records.FirstRequestNotExcessive):
            refuse("excessive", Record(evidence=(later, GIVEN)), situation=FIRST)

    @given(days=st.integers(0, 3000))
    def test_never_comes_of_asking_again_after_a_year(self, days: int) -> None:
        """
        R12-8, EDPB 01/2022 para 185: at an interval of a year or more, whatever else is said; before that it may.
        """
        previous = RECEIVED - timedelta(days=days)
        abuse = Record(evidence=(SAME, a_fact(FactKind.CONDUCT, RECEIVED)), intent=INTENT)
        situation = replace(KNOWN, previous_on=previous)
        if previous <= date(2025, 11, 2):
            with pytest.raises(records.NeverExcessiveAfterAYear):
                refuse("excessive", abuse, situation=situation)
        else:
            refuse("excessive", abuse, situation=situation)

    def test_counts_from_the_last_comparable_request(self) -> None:
        """
        An older one, told by staff, does not turn a recent one into a year ago.
        """
        old = a_fact(FactKind.EARLIER_REQUEST, date(2020, 1, 1))
        refuse("excessive", Record(evidence=(old, GIVEN)))

    def test_is_what_a_fee_rests_on_too(self) -> None:
        """
        R12-7: fee or refusal, the same facts; a fee is no cheaper way to a no.
        """
        check_fee(ground="excessive", record=Record(evidence=(GIVEN, SAME)), situation=KNOWN)
        with pytest.raises(records.EvidenceNeeded):
            check_fee(ground="manifestly_unfounded", record=Record(), situation=KNOWN)
        with pytest.raises(records.FirstRequestNotExcessive):
            check_fee(ground="excessive", record=Record(evidence=(GIVEN, SAME)), situation=FIRST)


class TestRightsOfOthers:
    def test_never_refuse_the_whole_answer(self) -> None:
        """
        R15-9: they limit the copy alone; never a reason to give nothing (Art. 15(4), recital 63).
        """
        with pytest.raises(records.CopyNotRefusedWhole):
            refuse("rights_of_others", WHOLE)

    def test_are_weighed_for_each_category_left_out(self) -> None:
        """
        R15-9, Art. 15(4): what is masked is weighed, category by category.
        """
        situation = replace(KNOWN, excluded=frozenset({"call_recording", "cctv"}))
        one = Record(weighed=(Weighed("call_recording", WORDS),))
        both = Record(weighed=(*one.weighed, Weighed("cctv", WORDS)))
        for lacking in (Record(), one, Record(weighed=(*one.weighed, Weighed("cctv", "no")))):
            with pytest.raises(records.WeighingNeeded):
                refuse("rights_of_others", lacking, verdict=Verdict.PARTLY_GRANTED, situation=situation)
        refuse("rights_of_others", both, verdict=Verdict.PARTLY_GRANTED, situation=situation)

    def test_are_weighed_for_portability_too(self) -> None:
        """
        R20-3, Art. 20(4): contacts and neighbours keep their rights, and it is said how they were weighed.
        """
        with pytest.raises(records.WeighingNeeded):
            refuse("rights_of_others", Record(), "portability")
        refuse("rights_of_others", WHOLE, "portability")


class TestSecrecy:
    @pytest.mark.parametrize("verdict", NOES)
    def test_names_act_and_section(self, verdict: Verdict) -> None:
        """
        Art. 23: a restriction of rights is recorded with its SFS number and section.
        """
        with pytest.raises(records.StatuteNeeded):
            refuse("secrecy", Record(), verdict=verdict)
        refuse("secrecy", Record(statute=Statute("2018:218", "5 kap. 1 §")), verdict=verdict)


class TestRectification:
    def test_is_turned_down_on_what_was_checked(self) -> None:
        """
        R16-1, R16-3: no ground but that the data are right, and then what was looked at is written down.
        """
        with pytest.raises(records.CheckNeeded):
            refuse("data_are_correct", Record(checked="yes"), "rectification")
        refuse("data_are_correct", Record(checked=WORDS), "rectification")
        grounds = {one.key for one in RIGHTS["rectification"].refusal_grounds}
        assert grounds - {one.key for one in COMMON} == {"data_are_correct"}

    @pytest.mark.parametrize("verdict", [Verdict.GRANTED, Verdict.PARTLY_GRANTED])
    def test_is_granted_without_any_proof(self, verdict: Verdict) -> None:
        """
        R16-2, C-247/23: proof only as far as it is needed, so no rule asks for one.
        """
        assert needs_of("rectification", verdict, None) == ()


class TestRestriction:
    @pytest.mark.parametrize("verdict", [Verdict.GRANTED, Verdict.PARTLY_GRANTED])
    def test_names_its_ground(self, verdict: Verdict) -> None:
        """
        R18-1: a contested accuracy, b unlawful, c needed for claims, d objection pending; one of them, coded.
        """
        for ground in (None, "e", ""):
            with pytest.raises(records.RestrictionGroundNeeded):
                check(
                    right="restriction",
                    verdict=verdict,
                    ground=None,
                    record=Record(ground_18=ground),
                    situation=KNOWN,
                )
        for ground in "abcd":
            check(right="restriction", verdict=verdict, ground=None, record=Record(ground_18=ground), situation=KNOWN)

    def test_knows_how_each_ground_ends(self) -> None:
        """
        R18-1: the person is told what the ground is and until when it holds.
        """
        assert set(GROUNDS_18) == set("abcd")
        assert all(one.sv and one.en and one.ends_sv and one.ends_en for one in GROUNDS_18.values())


class TestObjection:
    @pytest.mark.parametrize("ground", ["compelling_grounds", "legal_claims"])
    @pytest.mark.parametrize("part", ["interest", "necessity", "impact_on_person", "why_overrides"])
    def test_is_turned_down_only_by_a_whole_balancing(self, ground: str, part: str) -> None:
        """
        R21-1: the controller demonstrates: interest, necessity, impact and why it overrides, none of them trivial.
        """
        thin = replace(BALANCING, **{part: "because"})
        for lacking in (None, thin):
            with pytest.raises(records.BalancingNeeded):
                refuse(ground, Record(balancing=lacking), "objection")
        refuse(ground, Record(balancing=BALANCING), "objection")

    @pytest.mark.parametrize(
        ("bases", "plausible"),
        [
            ([frozenset({"contract"}), frozenset({"legal_obligation"})], True),
            ([frozenset({"contract"}), frozenset({"contract", "legitimate_interest"})], False),
            ([frozenset({"public_task"})], False),
            ([frozenset({"contract"}), None], False),
        ],
    )
    def test_meets_another_basis_only_where_the_policy_says_so(
        self, bases: list[frozenset[str] | None], plausible: bool
    ) -> None:
        """
        R21-1: whoever names no basis, or one that can be objected to, cannot say that there is another.
        """
        situation = replace(KNOWN, bases={str(place): one for place, one in enumerate(bases)})
        if plausible:
            refuse("other_basis", Record(), "objection", situation)
        else:
            with pytest.raises(records.OtherBasisNotPlausible):
                refuse("other_basis", Record(), "objection", situation)

    def test_to_marketing_has_no_ground_of_refusal_at_all(self) -> None:
        """
        R21-2: unconditional; neither evidence nor balancing buys a no.
        """
        assert RIGHTS["marketing_objection"].refusal_grounds == ()


class TestAutomatedDecision:
    def test_is_reviewed_with_a_new_decision_and_why(self) -> None:
        """
        R22-1: human intervention comes to something: a decision, with its reasons.
        """
        for lacking in (None, Review(new_decision=WORDS, why=""), Review(new_decision="Yes.", why=WORDS)):
            with pytest.raises(records.ReviewNeeded):
                check(
                    right="automated_decision",
                    verdict=Verdict.GRANTED,
                    ground=None,
                    record=Record(review=lacking),
                    situation=KNOWN,
                )

    def test_that_was_none_is_shown_not_to_be_one(self) -> None:
        """
        R22-2: that a person took part is something to show, not to say.
        """
        with pytest.raises(records.CheckNeeded):
            refuse("not_automated", Record(), "automated_decision")


class TestRecord:
    def test_is_read_back_as_it_was_written(self) -> None:
        """
        What is sealed is what was said.
        """
        assert Record.read(WHOLE.as_plain()) == WHOLE
        assert Record.read({}) == Record()
        assert Record().as_plain() == {}

    def test_shows_nobody_in_its_codes_or_its_name(self) -> None:
        """
        What lies in plain holds numbers, codes and days of statutes; no word about a person.
        """
        assert WORDS not in str(WHOLE.codes())
        assert WORDS not in repr(WHOLE)
        assert WHOLE.codes()["evidence"] == 2

    def test_lacks_are_refusals_with_a_sentence(self) -> None:
        """
        Each part that lacks is said in words.
        """
        assert all(issubclass(part.lacking, DomainError) and str(part.lacking()) for part in PARTS.values())
