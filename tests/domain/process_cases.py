"""Cases by example: the few words in which the tests of the process say what a case looks like."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain import process
from app.domain.case import ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.identity import Level
from app.domain.process import next_actions
from app.domain.rights import RIGHTS
from app.domain.snapshot import Case, Claim, Processor, Task

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
WEBHOOK = frozenset(Action) - {Action.FREEZE, Action.NOTIFY}


def a_claim(right: str = "access", verdict: Verdict | None = None, **more: Any) -> Claim:
    """A claim named after its right; decided when it has a verdict."""
    state = ClaimState.OPEN if verdict is None else ClaimState.DECIDED
    claim = Claim(id=right, right=RIGHTS[right], needs=RIGHTS[right].needs, state=state, verdict=verdict)
    return replace(claim, **more)


def granted(right: str, **more: Any) -> Claim:
    return a_claim(right, Verdict.GRANTED, **more)


def a_processor(id_: str = "crm", actions: frozenset[Action] = WEBHOOK, **more: Any) -> Processor:
    return Processor(**{"id": id_, "actions": actions, "categories": frozenset({"contact"}), **more})


def a_task(
    claim: str | None, action: Action, outcome: Outcome | None = None, processor: str = "crm", **more: Any
) -> Task:
    """A task; over when it has an outcome."""
    state = TaskState.OPEN if outcome is None else TaskState.CLOSED
    task = Task(
        id=f"{claim}/{processor}/{action}",
        claim=claim,
        processor=processor,
        action=action,
        state=state,
        outcome=outcome,
        answer_by=TODAY,
    )
    return replace(task, **more)


def located(processor: str = "crm", outcome: Outcome | None = Outcome.COMPLETED) -> Task:
    return a_task(None, Action.LOCATE, outcome, processor)


def partly(right: str, *excluded: str) -> Claim:
    """A claim granted but for the categories left out."""
    return a_claim(right, Verdict.PARTLY_GRANTED, excluded=frozenset(excluded))


#: One that can only be told, one that only a person reaches, and an erasure that was done.
POST = a_processor("post", frozenset({Action.NOTIFY}))
CLERK = a_processor("clerk", frozenset({Action.ERASE}))
ERASED = a_task("erasure", Action.ERASE, Outcome.COMPLETED)


def a_case(*claims: Claim, phase: Phase = Phase.EXECUTING, **more: Any) -> Case:
    """A case with a receipt written, a proved person and one processor, unless said otherwise."""
    processors = more.pop("processors", [a_processor()])
    known: dict[str, Any] = {
        "status": phase.value,
        "assurance": Level.SUBSTANTIAL,
        "due_on": TODAY + timedelta(days=31),
        "letters": frozenset({"receipt"}),
    }
    return Case(phase=phase, claims=claims, processors={one.id: one for one in processors}, **{**known, **more})


def wanted(case: Case, today: date = TODAY) -> list[process.Act]:
    return next_actions(case, today=today)
