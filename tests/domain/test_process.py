"""What is to be done next, from receipt to the first yes; what holds always is walked by the machine."""

from typing import get_args

import pytest

from app.domain import process
from app.domain.case import ClaimOutcome, ClaimState, Phase, Step
from app.domain.decisions import Verdict
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.process import (
    CloseClaim,
    CreateTask,
    GrantAtOnce,
    TakeStep,
    WriteLetter,
)
from app.domain.rights import RIGHTS
from app.domain.snapshot import Claim
from tests.domain.process_cases import (
    WEBHOOK,
    a_case,
    a_claim,
    a_processor,
    granted,
    located,
    wanted,
)


class TestNextActions:
    def test_begin_with_the_receipt(self) -> None:
        """
        Whoever asks hears that it arrived, before anything else is done.
        """
        assert wanted(a_case(a_claim(), phase=Phase.RECEIVED, letters=frozenset())) == [WriteLetter("receipt")]

    def test_are_none_for_a_closed_case(self) -> None:
        """
        A closed request stays closed, whatever is still open in it.
        """
        assert wanted(a_case(a_claim(), phase=Phase.CLOSED, letters=frozenset())) == []

    def test_have_no_word_for_a_no(self) -> None:
        """
        The service never refuses by itself (R22-2): among what it can do is a yes, and no refusal.
        """
        verbs = {act.__name__ for act in get_args(process.Act)}

        assert verbs == {
            *("TakeStep", "ShowStatus", "WriteLetter", "CreateTask"),
            *("GrantAtOnce", "Reopen", "NamePerson", "SealPackage", "CloseClaim"),
            *("RaiseAlarm", "TakeExtension", "LapseExtension"),
            *("CoolOff", "SendCode"),
            *("SetRestriction", "ProposeLift", "OpenLedger", "MoveEntry", "OpenForwarding"),
        }

    @pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.IDENTIFYING, Phase.ASSESSING, Phase.EXECUTING])
    @pytest.mark.parametrize("right", [key for key, one in RIGHTS.items() if not one.granted_at_once])
    def test_decide_nothing_a_person_must_weigh(self, right: str, phase: Phase) -> None:
        """
        An open claim of any other right waits for a person, in every phase in which it can be open.
        """
        acts = wanted(a_case(a_claim(right), phase=phase, tasks=(located(),)))

        assert not [act for act in acts if isinstance(act, GrantAtOnce | CloseClaim)]


class TestIdentity:
    def test_is_asked_for_when_nothing_can_begin_without_it(self) -> None:
        """
        The person is asked at once, not when the month is nearly over (GDPR Art. 12(6)).
        """
        case = a_case(a_claim(), phase=Phase.RECEIVED, assurance=Level.NONE)

        assert wanted(case) == [TakeStep(Step.ASK_FOR_IDENTITY)]

    @pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.IDENTIFYING])
    def test_proved_begins_the_assessment(self, phase: Phase) -> None:
        """
        At intake or later: as soon as the level suffices.
        """
        assert wanted(a_case(a_claim(), phase=phase)) == [TakeStep(Step.BEGIN_ASSESSMENT)]

    def test_too_low_begins_nothing(self) -> None:
        """
        A profile may demand more than the right's floor.
        """
        case = a_case(a_claim(needs=Level.HIGH), phase=Phase.IDENTIFYING, status="identity_wanted")

        assert wanted(case) == []

    def test_is_not_needed_to_stop_marketing(self) -> None:
        """
        An objection to marketing is met without proof (R21-2), beside a claim that still waits for one.
        """
        claims = [a_claim("access"), a_claim("marketing_objection")]

        assert wanted(a_case(*claims, phase=Phase.RECEIVED, assurance=Level.NONE)) == [TakeStep(Step.BEGIN_ASSESSMENT)]

    def test_of_one_claim_opens_no_other(self) -> None:
        """
        What suffices for stopping marketing exports nothing.
        """
        claims = [granted("access"), granted("marketing_objection")]
        acts = wanted(a_case(*claims, assurance=Level.NONE, tasks=(located(),)))

        assert acts == [CreateTask("marketing_objection", "crm", Action.STOP_MARKETING, ("contact",))]


class TestFreeze:
    def test_waits_for_no_proof(self) -> None:
        """
        From receipt on nothing is deleted by itself (R15-11).
        """
        case = a_case(
            a_claim("access"),
            phase=Phase.RECEIVED,
            assurance=Level.NONE,
            processors=[a_processor(actions=frozenset(Action))],
        )

        assert wanted(case) == [CreateTask(None, "crm", Action.FREEZE, ("contact",))]

    @pytest.mark.parametrize(
        ("claim", "actions"),
        [
            pytest.param(a_claim("erasure"), frozenset(Action), id="right that does not freeze"),
            pytest.param(a_claim("access"), WEBHOOK, id="processor that cannot"),
            pytest.param(
                a_claim("access", state=ClaimState.CLOSED, outcome=ClaimOutcome.WITHDRAWN),
                frozenset(Action),
                id="claim withdrawn",
            ),
        ],
    )
    def test_is_asked_of_nobody(self, claim: Claim, actions: frozenset[Action]) -> None:
        """
        Only for a right that needs it, only of who can, only while it is open.
        """
        acts = wanted(a_case(claim, phase=Phase.RECEIVED, processors=[a_processor(actions=actions)]))

        assert not [act for act in acts if isinstance(act, CreateTask)]

    def test_comes_too_late_once_the_answer_has_begun(self) -> None:
        """
        A processor registered then has nothing to hold for this case any more.
        """
        late = a_processor(actions=frozenset({Action.FREEZE}))
        case = a_case(a_claim("access", Verdict.REFUSED), phase=Phase.ANSWERING, processors=[late])

        assert wanted(case) == [WriteLetter("refusal")]


class TestLocate:
    def test_asks_every_processor_that_can_look(self) -> None:
        """
        All stores are searched (R15-6); who was asked is not asked again.
        """
        processors = [a_processor("crm"), a_processor("billing"), a_processor("post", frozenset({Action.NOTIFY}))]
        case = a_case(a_claim(), phase=Phase.ASSESSING, processors=processors, tasks=(located("crm", None),))

        assert wanted(case) == [CreateTask(None, "billing", Action.LOCATE, ("contact",))]

    def test_waits_for_the_proof(self) -> None:
        """
        Who asks without proof does not make us search (GDPR Art. 12(6)).
        """
        case = a_case(a_claim(), phase=Phase.IDENTIFYING, status="identity_wanted", assurance=Level.CHANNEL)

        assert wanted(case) == []

    def test_comes_too_late_once_the_answer_has_begun(self) -> None:
        """
        What is found after the answer could not be in it.
        """
        case = a_case(a_claim("access", Verdict.REFUSED), phase=Phase.ANSWERING)

        assert wanted(case) == [WriteLetter("refusal")]


class TestGrantAtOnce:
    @pytest.mark.parametrize("right", ["marketing_objection", "consent_withdrawal"])
    def test_says_yes_to_the_unconditional(self, right: str) -> None:
        """
        Nothing is weighed where the law weighs nothing (R21-2, R7-1).
        """
        case = a_case(a_claim(right), phase=Phase.ASSESSING, assurance=Level.CHANNEL, tasks=(located(),))

        assert wanted(case) == [GrantAtOnce(right)]

    def test_waits_for_the_channel(self) -> None:
        """
        Consent is withdrawn by whoever holds the channel it was given through.
        """
        case = a_case(
            a_claim("consent_withdrawal"), phase=Phase.IDENTIFYING, status="identity_wanted", assurance=Level.NONE
        )

        assert wanted(case) == []
