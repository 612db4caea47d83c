"""What waits, what halts, and what is never said about people who must not be found."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import waiting
from app.domain.case import ClaimState, Phase
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.guarding import (
    Cooling,
    ProofNotStronger,
    check_stronger,
    cooling_of,
    ends_at,
    has_to_cool,
    is_address,
    without_addresses,
)
from app.domain.identity import Level
from app.domain.process import CoolOff, CreateTask, SendCode, ShowStatus
from app.domain.rights import RIGHTS
from tests.domain.process_cases import a_case, a_claim, a_task, granted, located, wanted

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DUE, RUNNING, OVER = {"cooling": Cooling.DUE}, {"cooling": Cooling.RUNNING}, {"cooling": Cooling.OVER}


class TestHasToCool:
    @pytest.mark.parametrize("right", sorted(RIGHTS))
    def test_what_cannot_be_undone(self, right):
        """An erasure; a new way of reaching the person; a copy that shows how a home is protected."""
        for held in Level:
            at_high = right in ("access", "portability") and held is Level.HIGH
            assert has_to_cool(right, moves_contact=False, held=held) == (right == "erasure" or at_high)
        assert has_to_cool(right, moves_contact=True, held=Level.SUBSTANTIAL) == (right in ("erasure", "rectification"))

    def test_never_what_the_law_has_done_at_once(self):
        """Art. 21(3): marketing stops without any wait."""
        assert not has_to_cool("marketing_objection", moves_contact=True, held=Level.HIGH)


class TestWait:
    @given(hours=st.integers(-100, 1000))
    def test_is_one_to_three_days_whatever_a_profile_says(self, hours):
        """Our bounds hold below the profile's."""
        assert timedelta(hours=24) <= ends_at(NOW, hours=hours) - NOW <= timedelta(hours=72)

    @given(offset=st.integers(-100, 100))
    def test_is_over_at_its_instant_and_not_before(self, offset):
        """Not a second earlier."""
        found = cooling_of(cools=True, until=NOW + timedelta(seconds=offset), now=NOW)

        assert found is (Cooling.OVER if offset <= 0 else Cooling.RUNNING)

    def test_is_due_until_somebody_was_told(self):
        """No time counts in which nobody could object."""
        assert cooling_of(cools=True, until=None, now=NOW) is Cooling.DUE
        assert cooling_of(cools=False, until=None, now=NOW) is Cooling.NOT_NEEDED


class TestCoolingOff:
    def test_begins_as_soon_as_everybody_who_may_be_reached_is_known(self):
        """It runs beside the assessment: an open claim cools too."""
        case = a_case(a_claim("erasure", **DUE), phase=Phase.ASSESSING, tasks=(located(),))

        assert CoolOff("erasure") in wanted(case)

    def test_waits_for_the_search(self):
        """Whoever knows the person knows where to warn them."""
        case = a_case(a_claim("erasure", **DUE), phase=Phase.ASSESSING, tasks=(located(outcome=None),))

        assert CoolOff("erasure") not in wanted(case)

    def test_does_not_wait_for_a_processor_that_fell_silent(self):
        """A person has the search in hand; the others are warned meanwhile."""
        silent = located(outcome=None)
        silent = a_task(None, Action.LOCATE, None, state=TaskState.NEEDS_PERSON)
        case = a_case(a_claim("erasure", **DUE), phase=Phase.ASSESSING, tasks=(silent,))

        assert CoolOff("erasure") in wanted(case)

    def test_is_not_for_nothing(self):
        """Where nothing is held there is nobody to warn and nothing to undo."""
        case = a_case(granted("erasure", **DUE), tasks=(located(outcome=Outcome.NOT_FOUND),))

        assert CoolOff("erasure") not in wanted(case)

    def test_holds_back_the_erasure(self):
        """Granted, approved, found: and still nobody is asked to erase."""
        case = a_case(granted("erasure", **RUNNING), tasks=(located(),))

        assert wanted(case) == [ShowStatus("cooling_off")]

    def test_lets_the_erasure_go_when_it_is_over(self):
        case = a_case(granted("erasure", **OVER), tasks=(located(),))

        assert [act for act in wanted(case) if isinstance(act, CreateTask) and act.action is Action.ERASE]

    def test_holds_back_a_copy_at_its_release_only(self):
        """Staff may look at it meanwhile; the person's day of answer does not move."""
        claim = granted("access", **RUNNING)
        case = a_case(claim, tasks=(located(),))
        assert [act for act in wanted(case) if isinstance(act, CreateTask) and act.action is Action.EXPORT]

        done = (located(), a_task("access", Action.EXPORT, Outcome.COMPLETED))
        sealed = a_case(claim, phase=Phase.ANSWERING, tasks=done, package_sealed=True)
        assert waiting.package_waits(sealed)
        assert wanted(sealed) == [ShowStatus("cooling_off")]

    def test_holds_back_nothing_else_of_the_request(self):
        """Marketing stops at once beside an erasure that waits."""
        both = (granted("erasure", **RUNNING), granted("marketing_objection"))
        asked = [act.action for act in wanted(a_case(*both, tasks=(located(),))) if isinstance(act, CreateTask)]

        assert asked == [Action.STOP_MARKETING]


class TestStoppedCase:
    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.CLOSED])
    def test_does_nothing_but_show_it(self, phase):
        """Nothing more is sent, written or closed until a person has settled it; and it is never out of sight."""
        case = a_case(granted("erasure", **OVER), granted("access"), phase=phase, stopped=True, tasks=(located(),))

        assert wanted(case) == [ShowStatus("stopped")]
        assert wanted(a_case(granted("erasure"), phase=phase, stopped=True, status="stopped")) == []

    @given(held=st.sampled_from(list(Level)), given_level=st.sampled_from(list(Level)))
    def test_goes_on_with_a_stronger_proof_only(self, held, given_level):
        """The proof it came with is what somebody doubts."""
        stronger = given_level is Level.HIGH or (given_level > held and given_level >= Level.SUBSTANTIAL)
        if stronger:
            check_stronger(held, given=given_level)
        else:
            with pytest.raises(ProofNotStronger):
                check_stronger(held, given=given_level)


class TestCode:
    def test_is_sent_when_the_search_is_over(self):
        """Finding is never proving: the search before the proof reveals nothing to whoever asked."""
        case = a_case(a_claim(), phase=Phase.IDENTIFYING, assurance=Level.NONE, code_wanted=True)
        assert [act for act in wanted(case) if isinstance(act, CreateTask)]
        assert SendCode() not in wanted(case)

        found = a_case(a_claim(), phase=Phase.IDENTIFYING, assurance=Level.NONE, code_wanted=True, tasks=(located(),))
        assert SendCode() in wanted(found)

    def test_is_sent_to_nobody_who_did_not_ask(self):
        """Without a wish nobody is looked for before they have proved who they are."""
        case = a_case(a_claim(), phase=Phase.IDENTIFYING, assurance=Level.NONE)

        assert not [act for act in wanted(case) if isinstance(act, SendCode | CreateTask)]


class TestAddress:
    @pytest.mark.parametrize(
        "name",
        ["address", "Adress", "homeAddress", "postal_address", "gatuadress", "street", "Postnummer", "zip", "city",
         "ort", "latitude", "position", "installation_address", "place"],
    )  # fmt: skip
    def test_is_known_by_its_name(self, name):
        """In Swedish and English, in any spelling."""
        assert is_address(name)

    @pytest.mark.parametrize(
        "name", ["email_address", "e-postadress", "ip_address", "name", "report", "phone", "mailadress", "sort", "ids"]
    )
    def test_is_not_what_only_sounds_like_one(self, name):
        assert not is_address(name)

    def test_goes_to_nobody_at_any_depth(self):
        """What a processor is told about somebody in hiding says nowhere where they are."""
        details = {
            "field": "address",
            "value": "Exempelvägen 4",
            "corrections": [{"field": "address", "value": "x"}, {"field": "email", "value": "a@example.org"}],
            "site": {"street": "y", "note": "z"},
            "where": {"city": "y", "note": "z"},
        }

        assert without_addresses(details) == {
            "corrections": [{}, {"field": "email", "value": "a@example.org"}],
            "where": {"note": "z"},
        }

    @given(st.sampled_from(["access", "erasure"]))
    def test_is_masked_nowhere_else(self, right):
        """Everybody else's details are left alone."""
        assert without_addresses({"right": right, "purposes": ["ads"]}) == {"right": right, "purposes": ["ads"]}


class TestClaimState:
    def test_refused_claim_tells_nobody(self):
        """A no needs no warning."""
        refused = a_claim("erasure", state=ClaimState.DECIDED, verdict=None, **DUE)
        case = a_case(refused, tasks=(located(),))

        assert list(waiting.to_cool_off(case)) == []
