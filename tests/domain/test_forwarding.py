"""What belongs to another controller: split off, passed on in time, and never gone silently (GDPR Art. 28(3)(e))."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.domain import forwarding
from app.domain.case import ClaimOutcome, ClaimState, Phase, Step
from app.domain.fanout import Action, Outcome
from app.domain.identity import Level
from app.domain.outward import OpenForwarding
from app.domain.process import CloseClaim, CreateTask, TakeStep, WriteLetter, letters_owed, outcome_of, status_of
from app.domain.snapshot import Forwarding, ForwardingState
from app.profiles.calendars import sweden
from tests.domain.process_cases import (
    TODAY,
    a_case,
    a_claim,
    a_processor,
    a_task,
    granted,
    located,
    wanted,
)

MIXED = a_processor(categories=frozenset({"calls"}), forwarded=frozenset({"gps"}))
THEIRS = a_processor(categories=frozenset(), forwarded=frozenset({"gps"}))
FOUND = {"crm": frozenset({"gps"})}
OPEN = Forwarding(id="f", processor="crm", due_by=TODAY, is_known=True)
SENT = replace(OPEN, state=ForwardingState.SENT)
TOLD = frozenset({"receipt", "forwarding:f", "forwarding:f:whose"})


class TestMixedRequest:
    def test_is_split_into_an_own_part_and_the_rest(self):
        """
        B.3: one request gives one own case and what is passed on; nothing is in both.
        """
        own, others = forwarding.split({"calls", "gps"}, forwarded=frozenset({"gps", "images"}))

        assert (own, others) == ({"calls"}, {"gps"})

    @pytest.mark.parametrize(
        ("right", "action"), [("access", Action.EXPORT), ("erasure", Action.ERASE), ("restriction", Action.RESTRICT)]
    )
    def test_asks_only_for_what_is_the_controllers_own(self, right, action):
        """
        B.3: what is held for a customer is neither copied, erased nor restricted on our own word.
        """
        case = a_case(granted(right), processors=[MIXED], tasks=(located(),), letters=TOLD)

        assert CreateTask(right, "crm", action, ("calls",)) in wanted(case)

    def test_is_looked_for_in_all_that_is_held(self):
        """
        R15-6: to know what is whose, the search reaches both.
        """
        case = a_case(a_claim("access"), phase=Phase.ASSESSING, processors=[MIXED])

        assert CreateTask(None, "crm", Action.LOCATE, ("calls", "gps")) in wanted(case)

    def test_passes_the_rest_on_as_soon_as_it_is_found(self):
        """
        B.3: promptly, whatever becomes of the own part.
        """
        case = a_case(
            a_claim("access"), phase=Phase.ASSESSING, processors=[MIXED], tasks=(located(),), to_forward=FOUND
        )

        assert wanted(case) == [OpenForwarding("crm", ("gps",))]

    @pytest.mark.parametrize(
        "more", [{"assurance": Level.NONE}, {"to_forward": {}}, {"to_forward": {"crm": frozenset()}}]
    )
    def test_passes_nothing_on_for_somebody_unknown_or_not_found(self, more):
        """
        Whose customer somebody is, is told to nobody who has not proved who they are.
        """
        known = {"to_forward": FOUND} | more
        case = a_case(a_claim("access"), phase=Phase.ASSESSING, processors=[MIXED], tasks=(located(),), **known)

        assert not [act for act in wanted(case) if isinstance(act, OpenForwarding | WriteLetter)]

    def test_ends_as_its_own_part_does(self):
        """
        B.3: that a part went elsewhere makes the own part no less whole.
        """
        done = a_task("access", Action.EXPORT, Outcome.COMPLETED)
        case = a_case(granted("access"), processors=[MIXED], tasks=(located(), done), forwardings=(SENT,))

        assert outcome_of(case, case.claims[0]) is ClaimOutcome.GRANTED

    def test_is_not_told_that_nothing_is_held_where_somebody_elses_is(self):
        """
        F08: "we hold no data about you" would be untrue of a processor.
        """
        nothing = a_task("access", Action.EXPORT, Outcome.NOT_FOUND)
        case = a_case(granted("access"), processors=[MIXED], tasks=(located(), nothing), forwardings=(SENT,))

        assert outcome_of(case, case.claims[0]) is ClaimOutcome.FORWARDED
        assert letters_owed(case) == []


class TestClaimThatBelongsElsewhere:
    def test_ends_forwarded_once_all_of_it_has_gone(self):
        """
        B.3: nobody here decides what another controller has to decide.
        """
        case = a_case(
            a_claim("erasure"), phase=Phase.ASSESSING, processors=[THEIRS], tasks=(located(),), letters=TOLD,
            to_forward=FOUND, forwardings=(OPEN,), status="awaiting_decision",
        )  # fmt: skip

        assert wanted(case) == []
        assert wanted(replace(case, forwardings=(SENT,))) == [CloseClaim("erasure", ClaimOutcome.FORWARDED)]


class TestPassingOn:
    def test_is_due_in_two_working_days(self):
        """
        B.3: from the day the person was known; a Friday's request is passed on by Tuesday.
        """
        friday = date(2026, 3, 6)

        assert forwarding.due_by(known_on=friday, calendar=sweden("strict")) == date(2026, 3, 10)

    def test_shows_that_it_is_late(self):
        """
        B.3: after two working days a person is named, whatever else the case waits for.
        """
        case = a_case(a_claim("access"), phase=Phase.ASSESSING, tasks=(located(),), forwardings=(OPEN,))

        assert status_of(case, today=TODAY) != "forwarding_late"
        assert status_of(case, today=TODAY + timedelta(days=1)) == "forwarding_late"
        assert status_of(replace(case, forwardings=(SENT,)), today=TODAY + timedelta(days=1)) != "forwarding_late"

    def test_is_told_to_the_person_also_while_nobody_knows_whose_it_is(self):
        """
        B.3: both sides are told; where the customer is unknown the person is asked.
        """
        unknown = replace(OPEN, is_known=False)
        case = a_case(granted("access"), processors=[MIXED], tasks=(located(),), to_forward=FOUND)

        assert wanted(replace(case, forwardings=(unknown,))) == [WriteLetter("forwarding", "f:whose")]
        assert wanted(replace(case, forwardings=(SENT,))) == [WriteLetter("forwarding", "f")]

    def test_comes_before_closing(self):
        """
        F10: the case stays open until what others have to do has reached them.
        """
        claim = granted("access", state=ClaimState.CLOSED, outcome=ClaimOutcome.GRANTED)
        case = a_case(
            claim, phase=Phase.ANSWERING, letters=TOLD | {"fulfilment"}, forwardings=(OPEN,), to_forward=FOUND,
            package_sealed=True, package_released=True,
        )  # fmt: skip

        assert TakeStep(Step.CLOSE) not in wanted(case)
        assert wanted(replace(case, forwardings=(SENT,))) == [TakeStep(Step.CLOSE)]

    def test_takes_nothing_from_marketing_alone(self):
        """
        F12: an objection that needs no proof opens no way to ask whose customer somebody is.
        """
        case = a_case(granted("marketing_objection"), processors=[MIXED], tasks=(located(),), to_forward=FOUND)

        assert list(forwarding.to_be_opened(case)) == []


class TestCustomerSaid:
    @pytest.mark.parametrize(
        ("facts", "names"),
        [
            ({"customer": {"name": " BRF Ek ", "contact": "a@example.org"}}, ["BRF Ek"]),
            ({"customer": "BRF Ek"}, ["BRF Ek"]),
            ({"customers": [{"name": "A"}, {"name": "B", "categories": ["gps"]}, {"name": "A"}]}, ["A", "B"]),
            ({"customers": "A"}, []),
            ({"customer": {"name": 7}}, []),
            ({"customer": {"name": "x" * 201}}, []),
            ({"customer": {"name": ""}}, []),
            (["customer"], []),
            (None, []),
        ],
    )
    def test_is_hostile_input(self, facts, names):
        """
        Whatever has not the agreed shape is as if nobody had been named.
        """
        assert [one.name for one in forwarding.customers_said(facts)] == names

    def test_leaves_nothing_out_that_was_found(self):
        """
        B.3: what no named customer claims is passed on all the same, once a person knows to whom.
        """
        found = frozenset({"gps", "images"})
        nonsense, half = (
            forwarding.Customer("A", "", frozenset({"x"})),
            forwarding.Customer("B", "", frozenset({"gps"})),
        )

        assert forwarding.shared_out(found, []) == [(None, found)]
        assert forwarding.shared_out(found, [nonsense]) == [(None, found)]
        assert forwarding.shared_out(found, [half]) == [(half, {"gps"}), (None, {"images"})]
        assert forwarding.shared_out(found, [forwarding.Customer("C")]) == [(forwarding.Customer("C"), found)]

    def test_shows_nobody_in_its_repr(self):
        """
        A log of it holds no name.
        """
        assert "Ek" not in repr(forwarding.customers_said({"customer": "BRF Ek"}))
