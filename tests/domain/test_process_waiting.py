"""What a case waits for, and when it is looked at again even if nothing happens."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain import process
from app.domain.case import ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.identity import Level
from app.domain.process import (
    NamePerson,
    ShowStatus,
    next_instant,
    status_of,
)
from app.domain.snapshot import Case
from tests.domain.process_cases import (
    MIDNIGHT,
    NOW,
    TODAY,
    a_case,
    a_claim,
    a_task,
    granted,
    located,
    wanted,
)


class TestChase:
    @pytest.mark.parametrize("state", [TaskState.OPEN, TaskState.ACCEPTED])
    @pytest.mark.parametrize(
        ("days", "acts"), [(0, []), (1, [NamePerson("access/crm/export", "silent")])], ids=["last day", "day after"]
    )
    def test_names_a_person_when_a_processor_is_silent(
        self, days: int, acts: list[process.Act], state: TaskState
    ) -> None:
        """
        A processor has the whole of its last day; the day after, a person is asked, also where it is still tried.
        """
        silent = a_task("access", Action.EXPORT, state=state)
        case = a_case(granted("access"), tasks=(located(), silent), status="executing")

        assert wanted(case, today=TODAY + timedelta(days=days)) == acts

    @pytest.mark.parametrize("state", [TaskState.SENDING, TaskState.NEEDS_PERSON, TaskState.CLOSED])
    def test_names_nobody_for_what_is_in_good_hands(self, state: TaskState) -> None:
        """
        A call under way, a person who has it already, an end.
        """
        task = a_task("access", Action.EXPORT, state=state, outcome=Outcome.COMPLETED)
        acts = wanted(a_case(granted("access"), tasks=(located(), task)), today=TODAY + timedelta(days=9))

        assert not [act for act in acts if isinstance(act, NamePerson)]


class TestStatus:
    @pytest.mark.parametrize(
        ("case", "status"),
        [
            (a_case(a_claim(), phase=Phase.RECEIVED), "received"),
            (a_case(a_claim(), phase=Phase.IDENTIFYING), "identity_wanted"),
            (a_case(a_claim(needs=Level.HIGH), phase=Phase.ASSESSING), "identity_wanted"),
            (a_case(a_claim(), phase=Phase.ASSESSING, tasks=(located(outcome=None),)), "locating"),
            (a_case(a_claim(), phase=Phase.ASSESSING, tasks=(located(),)), "awaiting_decision"),
            (a_case(a_claim(state=ClaimState.AWAITING_APPROVAL), phase=Phase.ASSESSING), "awaiting_approval"),
            (a_case(granted("access"), tasks=(located(),)), "executing"),
            (
                a_case(granted("access"), tasks=(a_task("access", Action.EXPORT, state=TaskState.NEEDS_PERSON),)),
                "needs_person",
            ),
            (a_case(granted("access"), processors=[]), "nobody_able"),
            (a_case(granted("access"), phase=Phase.ANSWERING, package_sealed=True), "awaiting_release"),
            (a_case(a_claim("access", Verdict.REFUSED), phase=Phase.ANSWERING), "answering"),
            (a_case(phase=Phase.CLOSED), "closed"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_says_what_the_case_waits_for(self, case: Case, status: str) -> None:
        """
        The finer word under the phase.
        """
        assert status_of(case) == status

    def test_is_shown_when_nothing_else_is_to_be_done(self) -> None:
        """
        The word is changed last, once the case has come to rest.
        """
        case = a_case(a_claim(), phase=Phase.ASSESSING, tasks=(located(),))

        assert wanted(case) == [ShowStatus("awaiting_decision")]
        assert wanted(replace(case, status="awaiting_decision")) == []


class TestNextInstant:
    def test_is_none_only_for_a_closed_case(self) -> None:
        """
        Nothing follows the end.
        """
        assert next_instant(a_case(phase=Phase.CLOSED), now=NOW, next_midnight=MIDNIGHT) is None

    @pytest.mark.parametrize(
        ("next_at", "expected"),
        [
            pytest.param(None, MIDNIGHT, id="waits for a callback"),
            pytest.param(NOW - timedelta(hours=1), MIDNIGHT, id="is due already"),
            pytest.param(NOW + timedelta(hours=1), NOW + timedelta(hours=1), id="is tried again today"),
            pytest.param(NOW + timedelta(days=9), MIDNIGHT, id="is tried again next week"),
        ],
    )
    def test_is_the_next_timer_or_midnight(self, next_at: datetime | None, expected: datetime) -> None:
        """
        Every open case is looked at once a day at least: no end is silent.
        """
        case = a_case(granted("access"), tasks=(a_task("access", Action.EXPORT, next_at=next_at),))

        assert next_instant(case, now=NOW, next_midnight=MIDNIGHT) == expected

    def test_does_not_wait_for_what_is_over(self) -> None:
        """
        A closed task's timer counts no more.
        """
        done = a_task("access", Action.EXPORT, Outcome.COMPLETED, next_at=NOW + timedelta(hours=1))

        assert next_instant(a_case(granted("access"), tasks=(done,)), now=NOW, next_midnight=MIDNIGHT) == MIDNIGHT
