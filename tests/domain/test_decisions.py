"""What a decision on a claim must carry."""

import pytest

from app.domain import decisions
from app.domain.decisions import (
    LEAST_REASONS,
    Ground,
    GroundNeeded,
    GroundNotAllowed,
    ReasonsNeeded,
    Verdict,
    check,
    needs_two,
)
from app.domain.rights import RIGHTS, Right

REASONS = "Reasons of its own, long enough to say something."
NOES = [Verdict.PARTLY_GRANTED, Verdict.REFUSED]
REFUSABLE = [one for one in RIGHTS.values() if one.refusal_grounds]
UNCONDITIONAL = [one for one in RIGHTS.values() if not one.refusal_grounds]
EVERY_GROUND = {ground.key: ground for one in RIGHTS.values() for ground in one.refusal_grounds}

GROUNDS = [
    pytest.param(one, ground, id=f"{one.key}-{ground.key}") for one in RIGHTS.values() for ground in one.refusal_grounds
]
FOREIGN = [
    pytest.param(one, key, id=f"{one.key}-{key}")
    for one in RIGHTS.values()
    for key in [*EVERY_GROUND, "because"]
    if key not in {ground.key for ground in one.refusal_grounds}
]


class TestCheck:
    @pytest.mark.parametrize("one", RIGHTS.values(), ids=RIGHTS)
    def test_a_yes_needs_no_ground_and_no_reasons(self, one: Right) -> None:
        """
        Every right can be granted plainly.
        """
        assert check(verdict=Verdict.GRANTED, ground=None, reasons="", allowed=one.refusal_grounds) is None

    @pytest.mark.parametrize(("one", "ground"), GROUNDS)
    def test_a_yes_has_no_ground_of_refusal(self, one: Right, ground: Ground) -> None:
        """
        Who grants refuses nothing.
        """
        with pytest.raises(GroundNotAllowed):
            check(verdict=Verdict.GRANTED, ground=ground.key, reasons=REASONS, allowed=one.refusal_grounds)

    @pytest.mark.parametrize("verdict", NOES)
    @pytest.mark.parametrize(("one", "ground"), GROUNDS)
    def test_a_no_rests_on_a_ground_of_its_right(self, one: Right, ground: Ground, verdict: Verdict) -> None:
        """
        A refusal, whole or in part, names the law it rests on (GDPR Art. 12(4), R12-6).
        """
        assert check(verdict=verdict, ground=ground.key, reasons=REASONS, allowed=one.refusal_grounds) is ground

    @pytest.mark.parametrize("verdict", NOES)
    @pytest.mark.parametrize(("one", "key"), FOREIGN)
    def test_a_no_cannot_rest_on_anything_else(self, one: Right, key: str, verdict: Verdict) -> None:
        """
        Another right's ground, or an invented one, carries no refusal.
        """
        with pytest.raises(GroundNotAllowed):
            check(verdict=verdict, ground=key, reasons=REASONS, allowed=one.refusal_grounds)

    @pytest.mark.parametrize("verdict", NOES)
    @pytest.mark.parametrize("one", RIGHTS.values(), ids=RIGHTS)
    def test_a_no_needs_a_ground(self, one: Right, verdict: Verdict) -> None:
        """
        Reasons alone are not enough.
        """
        with pytest.raises(GroundNeeded):
            check(verdict=verdict, ground=None, reasons=REASONS, allowed=one.refusal_grounds)

    @pytest.mark.parametrize("reasons", ["", "no", " " * 80, "x" * (LEAST_REASONS - 1) + "   "])
    @pytest.mark.parametrize("verdict", NOES)
    @pytest.mark.parametrize("one", REFUSABLE, ids=[one.key for one in REFUSABLE])
    def test_a_no_needs_reasons(self, one: Right, verdict: Verdict, reasons: str) -> None:
        """
        A ground alone is not enough either; blanks are no reasons (R12-6).
        """
        with pytest.raises(ReasonsNeeded):
            check(verdict=verdict, ground=one.refusal_grounds[0].key, reasons=reasons, allowed=one.refusal_grounds)

    def test_takes_reasons_from_a_certain_length(self) -> None:
        """
        The shortest reasons that count have exactly that length.
        """
        found = check(
            verdict=Verdict.REFUSED, ground="excessive", reasons="x" * LEAST_REASONS, allowed=decisions.COMMON
        )

        assert found is decisions.EXCESSIVE

    @pytest.mark.parametrize("verdict", NOES)
    @pytest.mark.parametrize("key", EVERY_GROUND)
    @pytest.mark.parametrize("one", UNCONDITIONAL, ids=[one.key for one in UNCONDITIONAL])
    def test_never_refuses_what_is_unconditional(self, one: Right, key: str, verdict: Verdict) -> None:
        """
        Neither the objection to marketing nor the withdrawal of consent can be refused (R21-2, R7-1).
        """
        with pytest.raises(GroundNotAllowed):
            check(verdict=verdict, ground=key, reasons=REASONS, allowed=one.refusal_grounds)


class TestNeedsTwo:
    @pytest.mark.parametrize(
        ("verdict", "grant_needs_two", "two"),
        [
            (Verdict.GRANTED, False, False),
            (Verdict.GRANTED, True, True),
            (Verdict.PARTLY_GRANTED, False, True),
            (Verdict.PARTLY_GRANTED, True, True),
            (Verdict.REFUSED, False, True),
            (Verdict.REFUSED, True, True),
        ],
    )
    def test_for_every_no_and_for_a_yes_that_cannot_be_taken_back(
        self, verdict: Verdict, grant_needs_two: bool, two: bool
    ) -> None:
        """
        A refusal and an erasure are never one person's word.
        """
        assert needs_two(verdict, grant_needs_two=grant_needs_two) is two

    def test_for_the_yes_to_erasure_alone(self) -> None:
        """
        Of the nine rights only erasure needs a second person for its yes.
        """
        yes = Verdict.GRANTED

        assert [k for k, one in RIGHTS.items() if needs_two(yes, grant_needs_two=one.grant_needs_two)] == ["erasure"]


class TestVerdict:
    def test_is_never_reached_by_the_service_with_a_no(self) -> None:
        """
        The three verdicts are a person's; which of them the process may reach by itself is tested with the process.
        """
        assert [verdict.value for verdict in Verdict] == ["granted", "partly_granted", "refused"]
