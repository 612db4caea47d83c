"""Free text in the process: shown to staff until it is classified, decided by nobody, and never silently over."""

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from app.domain import decisions, process, restrictions
from app.domain.case import Phase
from app.domain.decisions import Verdict
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.process import ShowStatus, status_of
from tests.domain.process_cases import WEBHOOK, a_case, a_claim, a_processor, wanted


class TestUnclassified:
    @pytest.mark.parametrize("phase", [Phase.IDENTIFYING, Phase.ASSESSING, Phase.EXECUTING])
    def test_is_what_staff_see_before_anything_else(self, phase: Phase) -> None:
        """
        F09: what nobody has read comes before proof, search and decision.
        """
        case = a_case(a_claim("access"), phase=phase, assurance=Level.NONE, unclassified=True)

        assert status_of(case) == "awaiting_classification"

    def test_freezes_all_the_same(self) -> None:
        """
        F09, R15-11: until it is known what is meant nothing may be deleted by itself.
        """
        able = a_processor(actions=WEBHOOK | {Action.FREEZE})
        case = a_case(
            a_claim("access"), phase=Phase.RECEIVED, assurance=Level.NONE, unclassified=True, processors=[able]
        )

        assert [act.action for act in wanted(case) if isinstance(act, process.CreateTask)] == [Action.FREEZE]

    def test_is_answered_by_nothing(self) -> None:
        """
        R12-2: the presumed claim stays open, so no answer begins.
        """
        case = a_case(a_claim("access"), phase=Phase.ASSESSING, assurance=Level.NONE, unclassified=True)

        assert wanted(case) == [ShowStatus("awaiting_classification")]


class TestAct:
    @pytest.mark.parametrize("act", get_args(process.Act))
    def test_carries_no_verdict(self, act: type) -> None:
        """
        R22-2, R12-8: whatever the service does by itself, there is no way to say no among it.

        The ground of Art. 18(1) on which a restriction protects somebody is none of a no, and is of another type.
        """
        types = get_type_hints(act)
        said = {one.name for one in fields(act)}

        assert not said & {"verdict", "reasons"}
        assert "ground" not in said or types["ground"] == restrictions.Ground | None
        assert not {part for type_ in types.values() for part in (type_, *get_args(type_))} & {
            Verdict,
            decisions.Ground,
        }
        assert Verdict.REFUSED.value not in act.__name__.lower()
