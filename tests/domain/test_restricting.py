"""Restriction: when it begins by itself, what it forbids, and how it must end (GDPR Art. 18)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.fanout import Action, Outcome
from app.domain.identity import Level
from app.domain.outward import ProposeLift, SetRestriction
from app.domain.process import CreateTask, is_being_lifted, next_instant
from app.domain.restrictions import (
    ENDS,
    GROUNDS,
    PERMITTED,
    EndingDoesNotFit,
    Ground,
    LiftingDayNotCome,
    LiftingTooSoon,
    NoticeNotOut,
    UseNotPermitted,
    check_lift,
    check_notice,
    check_use,
    ground_said,
)
from app.domain.snapshot import Restriction
from tests.domain.process_cases import (
    MIDNIGHT,
    NOW,
    TODAY,
    a_case,
    a_claim,
    a_processor,
    a_task,
    granted,
    located,
    wanted,
)

TOMORROW = TODAY + timedelta(days=1)


def pending(right, **more):
    """A case whose person is known and found, and whose claim nobody has decided."""
    tasks = more.pop("tasks", (located(),))
    return a_case(a_claim(right), phase=Phase.ASSESSING, tasks=tasks, known_on=TODAY, **more)


def restricted(right, *claims, **more):
    state = Restriction(id="r", claim=right, **more.pop("state", {}))
    return a_case(*claims, restrictions=(state,), **more)


class TestObjectionPending:
    def test_restricts_as_soon_as_the_person_is_known(self):
        """
        R18-1 (d), R21-1: meanwhile the data are kept and not used; nobody has to decide that.
        """
        assert wanted(pending("objection"))[:2] == [
            SetRestriction("objection", Ground.OBJECTION_PENDING, ("contact",)),
            CreateTask("objection", "crm", Action.RESTRICT, ("contact",)),
        ]

    @pytest.mark.parametrize("more", [{"assurance": Level.NONE}, {"tasks": (located(outcome=Outcome.NOT_FOUND),)}])
    def test_restricts_nothing_of_somebody_unknown(self, more):
        """
        Nobody restricts another person's alarm by typing a name.
        """
        asked = wanted(pending("objection", **more))

        assert not [act for act in asked if isinstance(act, SetRestriction)]

    def test_is_asked_once_and_stands_in_the_way_of_nothing_else(self):
        """
        The restriction is no step of the objection itself: granted, its own task is still asked for.
        """
        meanwhile = a_task("objection", Action.RESTRICT, Outcome.COMPLETED)
        case = a_case(granted("objection"), tasks=(located(), meanwhile))

        assert CreateTask("objection", "crm", Action.STOP_PURPOSES, ("contact",)) in wanted(case)

    def test_waits_for_a_copy_that_is_being_made(self):
        """
        The copy comes before the restriction; one that nobody has decided on holds nothing up.
        """
        objects = a_claim("objection")
        being_made = a_case(granted("access"), objects, tasks=(located(),), known_on=TODAY)
        undecided = a_case(a_claim("access"), objects, tasks=(located(),), known_on=TODAY, phase=Phase.ASSESSING)
        restrict = CreateTask("objection", "crm", Action.RESTRICT, ("contact",))

        assert restrict not in wanted(being_made)
        assert restrict in wanted(undecided)


class TestAccuracyContested:
    def test_restricts_what_is_not_corrected_at_once(self):
        """
        R18-1 (a): for as long as the controller needs to check; what is granted the same day is not contested.
        """
        case = pending("rectification")
        began = [act for act in wanted(case, TOMORROW) if isinstance(act, SetRestriction)]

        assert not [act for act in wanted(case, TODAY) if isinstance(act, SetRestriction)]
        assert began == [SetRestriction("rectification", Ground.ACCURACY_CONTESTED, ("contact",))]

    def test_is_earnest_when_somebody_means_to_say_no(self):
        """
        R18-1 (a), R16-3: a no that waits for its second person restricts on the same day.
        """
        no = a_claim("rectification", Verdict.REFUSED, state=ClaimState.AWAITING_APPROVAL)
        case = a_case(no, phase=Phase.ASSESSING, tasks=(located(),), known_on=TODAY)

        assert SetRestriction("rectification", Ground.ACCURACY_CONTESTED, ("contact",)) in wanted(case)

    @pytest.mark.parametrize("right", ["access", "erasure", "portability", "consent_withdrawal", "marketing_objection"])
    def test_and_objection_are_the_only_claims_that_restrict_by_themselves(self, right):
        """
        R18-1: the two other grounds are claimed by the person.
        """
        assert not [act for act in wanted(pending(right), TOMORROW) if isinstance(act, SetRestriction)]


class TestClaimForRestriction:
    def test_becomes_a_state_from_what_was_done(self):
        """
        R18-1: from the processors' answers, never from the decision alone (F08).
        """
        claim = granted("restriction")
        asked, done = located(), a_task("restriction", Action.RESTRICT, Outcome.COMPLETED)

        assert not [act for act in wanted(a_case(claim, tasks=(asked,))) if isinstance(act, SetRestriction)]
        assert wanted(a_case(claim, tasks=(asked, done))) == [SetRestriction("restriction", None, ("contact",))]

    @pytest.mark.parametrize(
        ("details", "ground"),
        [
            ({"ground": "needed_for_claims"}, Ground.NEEDED_FOR_CLAIMS),
            ({"ground": "because"}, Ground.ACCURACY_CONTESTED),
            ({"ground": ["erasure_opposed"]}, Ground.ACCURACY_CONTESTED),
            ({}, Ground.ACCURACY_CONTESTED),
        ],
    )
    def test_needs_no_article_from_the_person(self, details, ground):
        """
        R12-2: whoever does not name a ground is not turned away.
        """
        assert ground_said(details) is ground


class TestErasure:
    def test_is_held_while_the_person_wants_the_data_kept(self):
        """
        R18-1 (b), (c): what the person opposes or needs is not erased, and the case says why it stands still.
        """
        case = a_case(granted("erasure"), tasks=(located(),), erasure_opposed=True, status="restricted")

        assert wanted(case) == []
        assert CreateTask("erasure", "crm", Action.ERASE, ("contact",)) in wanted(replace(case, erasure_opposed=False))


class TestLift:
    @pytest.mark.parametrize(
        "claim",
        [
            a_claim("objection", Verdict.REFUSED),
            a_claim("objection", state=ClaimState.CLOSED, outcome=ClaimOutcome.WITHDRAWN),
        ],
    )
    def test_is_proposed_when_the_claim_is_answered_and_never_done_by_itself(self, claim):
        """
        R18-3: the person is told first, so nothing lifts itself.
        """
        done = a_task("objection", Action.RESTRICT, Outcome.NOT_FOUND)
        case = restricted("objection", claim, tasks=(located(), done), phase=Phase.EXECUTING)

        assert wanted(case) == [ProposeLift("r")]

    def test_asks_everybody_who_restricted_also_of_a_closed_request(self):
        """
        R18-4: whoever was told to restrict is told that it is over; the request is not opened for it.
        """
        claim = granted("restriction", state=ClaimState.CLOSED, outcome=ClaimOutcome.GRANTED)
        done = a_task("restriction", Action.RESTRICT, Outcome.COMPLETED)
        refused = a_task("restriction", Action.RESTRICT, Outcome.REFUSED, "erp")
        lifted = restricted(
            "restriction",
            claim,
            tasks=(done, refused),
            phase=Phase.CLOSED,
            state={"is_lifted": True},
            processors=[a_processor(), a_processor("erp")],
        )

        assert wanted(lifted) == [CreateTask("restriction", "crm", Action.LIFT_RESTRICTION, ("contact",))]

    def test_keeps_a_closed_request_in_sight_until_it_is_through(self):
        """
        R18-4: a lifting under way is looked at every day; after it, never again.
        """
        claim = granted("restriction", state=ClaimState.CLOSED, outcome=ClaimOutcome.GRANTED)
        under_way = a_task("restriction", Action.LIFT_RESTRICTION)
        case = restricted("restriction", claim, tasks=(under_way,), phase=Phase.CLOSED, state={"is_lifted": True})
        over = replace(case, tasks=(a_task("restriction", Action.LIFT_RESTRICTION, Outcome.COMPLETED),))

        assert is_being_lifted(case)
        assert next_instant(case, now=NOW, next_midnight=MIDNIGHT) == MIDNIGHT
        assert next_instant(over, now=NOW, next_midnight=MIDNIGHT) is None


class TestNotice:
    def test_names_a_day_later_than_itself(self):
        """
        R18-3: the person is told before the restriction is lifted, not on the day.
        """
        said = {"ground": Ground.ACCURACY_CONTESTED, "ending": "accuracy_verified", "today": TODAY}
        check_notice(lifting_on=TOMORROW, **said)
        for day in (TODAY, TODAY - timedelta(days=1)):
            with pytest.raises(LiftingTooSoon):
                check_notice(lifting_on=day, **said)

    @pytest.mark.parametrize("ground", Ground)
    def test_says_how_that_very_ground_ended(self, ground):
        """
        R18-3: a pending objection does not end because an address was verified.
        """
        others = frozenset().union(*ENDS.values()) - ENDS[ground]

        assert GROUNDS[ground].source.startswith("GDPR Art. 18(1)(")
        for ending in others:
            with pytest.raises(EndingDoesNotFit):
                check_notice(ground=ground, ending=ending, lifting_on=TOMORROW, today=TODAY)

    def test_is_out_before_anything_is_lifted_and_its_day_has_come(self):
        """
        R18-3: no notice, no lifting; and not before the day the person was told.
        """
        day = date(2026, 3, 2)
        for sent_at in (None, NOW):
            with pytest.raises(NoticeNotOut):
                check_lift(notice_sent_at=sent_at, lifting_on=day, now=NOW, today=TODAY)
        with pytest.raises(LiftingDayNotCome):
            check_lift(notice_sent_at=NOW - timedelta(hours=1), lifting_on=TOMORROW, now=NOW, today=TODAY)

        check_lift(notice_sent_at=datetime(2026, 3, 1, tzinfo=NOW.tzinfo), lifting_on=day, now=NOW, today=TODAY)


class TestUse:
    @pytest.mark.parametrize("use", ["consent", "legal_claims", "protect_others", "public_interest"])
    def test_is_permitted_for_what_the_article_names(self, use):
        """
        R18-2: storage; else consent, claims, the rights of others, important public interest.
        """
        check_use(use)
        assert use in PERMITTED

    @pytest.mark.parametrize("use", ["marketing", "statistics", "storage", ""])
    def test_is_not_for_anything_else(self, use):
        """
        R18-2: storing needs no word, and nothing else is permitted.
        """
        with pytest.raises(UseNotPermitted):
            check_use(use)
