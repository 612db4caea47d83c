"""A case written down as plain values, and read back from them: what a restart leaves of it."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from random import Random
from typing import Any

from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.case_clock import Alarm, CaseClock
from app.domain.decisions import Verdict
from app.domain.extension import ExtensionState
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.guarding import Cooling
from app.domain.identity import Level
from app.domain.ledger import About, EntryState
from app.domain.rights import RIGHTS
from app.domain.snapshot import Case, Claim, Entry, Forwarding, ForwardingState, Processor, Restriction, Task


def to_facts(case: Case) -> dict[str, Any]:
    """A case as plain values, as a database would keep them."""
    plain: Callable[[Iterable[str]], list[str]] = sorted
    return {
        "case": [case.phase, case.status, case.assurance.key, case.due_on.isoformat()],
        "flags": [case.package_sealed, case.package_released, case.stopped, case.code_wanted],
        "letters": plain(case.letters),
        "clock": _clock_facts(case.clock),
        "unsent": plain(case.unsent_letters),
        "claims": [
            [c.id, c.right.key, c.needs.key, c.state, c.verdict, plain(c.excluded), plain(c.withheld), c.outcome,
             c.cooling, c.cooling_until and c.cooling_until.isoformat()]
            for c in case.claims
        ],
        "tasks": [
            [t.id, t.claim, t.processor, t.action, t.state, t.outcome, t.answer_by.isoformat(),
             t.next_at and t.next_at.isoformat()]
            for t in case.tasks
        ],
        "processors": [
            [p.id, plain(p.actions), plain(p.categories), plain(p.after), plain(p.forwarded)]
            for p in case.processors.values()
        ],
        "restrictions": [[r.id, r.claim, r.is_lift_proposed, r.is_lifted] for r in case.restrictions],
        "ledger": [[e.id, e.claim, e.about, e.recipient, e.processor, e.state] for e in case.ledger],
        "forwardings": [[f.id, f.processor, f.due_by.isoformat(), f.is_known, f.state] for f in case.forwardings],
        "outside": [
            plain(case.recipients),
            {key: plain(found) for key, found in case.to_forward.items()},
            case.known_on and case.known_on.isoformat(),
            case.erasure_opposed,
        ],
    }  # fmt: skip


def _clock_facts(clock: CaseClock) -> list[Any]:
    days = (clock.notice_sent_on, clock.refusal_due_on, clock.refusal_sent_on)
    return [
        clock.extension,
        {alarm: day.isoformat() for alarm, day in clock.alarm_days.items()},
        sorted(clock.raised),
        [day and day.isoformat() for day in days],
    ]


def _clock_of(facts: list[Any]) -> CaseClock:
    extension, alarm_days, raised, days = facts
    notice_sent_on, refusal_due_on, refusal_sent_on = (day and date.fromisoformat(day) for day in days)
    return CaseClock(
        extension=extension and ExtensionState(extension),
        alarm_days={Alarm(alarm): date.fromisoformat(day) for alarm, day in alarm_days.items()},
        raised=frozenset(map(Alarm, raised)),
        notice_sent_on=notice_sent_on,
        refusal_due_on=refusal_due_on,
        refusal_sent_on=refusal_sent_on,
    )


def from_facts(facts: dict[str, Any], *, order: int) -> Case:
    """The case those facts tell of; tasks and processors in an *order* of their own."""
    shuffle = Random(order).shuffle
    shuffle(facts["tasks"])
    shuffle(facts["processors"])
    phase, status, assurance, due_on = facts["case"]
    sealed, released, stopped, code_wanted = facts["flags"]
    recipients, to_forward, known_on, erasure_opposed = facts["outside"]
    return Case(
        phase=Phase(phase),
        status=status,
        assurance=Level.from_key(assurance),
        due_on=date.fromisoformat(due_on),
        claims=tuple(
            Claim(
                id=id_,
                right=RIGHTS[right],
                needs=Level.from_key(needs),
                state=ClaimState(state),
                verdict=verdict and Verdict(verdict),
                excluded=frozenset(excluded),
                withheld=frozenset(withheld),
                outcome=outcome and ClaimOutcome(outcome),
                cooling=Cooling(cooling),
                cooling_until=until and datetime.fromisoformat(until),
            )
            for id_, right, needs, state, verdict, excluded, withheld, outcome, cooling, until in facts["claims"]
        ),
        tasks=tuple(
            Task(
                id=id_,
                claim=claim,
                processor=processor,
                action=Action(action),
                state=TaskState(state),
                outcome=outcome and Outcome(outcome),
                answer_by=date.fromisoformat(answer_by),
                next_at=next_at and datetime.fromisoformat(next_at),
            )
            for id_, claim, processor, action, state, outcome, answer_by, next_at in facts["tasks"]
        ),
        processors={
            id_: Processor(
                id=id_,
                actions=frozenset(map(Action, actions)),
                categories=frozenset(categories),
                after=frozenset(after),
                forwarded=frozenset(forwarded),
            )
            for id_, actions, categories, after, forwarded in facts["processors"]
        },
        restrictions=tuple(
            Restriction(id=id_, claim=claim, is_lift_proposed=proposed, is_lifted=lifted)
            for id_, claim, proposed, lifted in facts["restrictions"]
        ),
        ledger=tuple(
            Entry(
                id=id_,
                claim=claim,
                about=About(about),
                recipient=recipient,
                processor=processor,
                state=EntryState(state),
            )
            for id_, claim, about, recipient, processor, state in facts["ledger"]
        ),
        forwardings=tuple(
            Forwarding(
                id=id_,
                processor=processor,
                due_by=date.fromisoformat(due_by),
                is_known=known,
                state=ForwardingState(state),
            )
            for id_, processor, due_by, known, state in facts["forwardings"]
        ),
        recipients=tuple(recipients),
        to_forward={key: frozenset(found) for key, found in to_forward.items()},
        known_on=known_on and date.fromisoformat(known_on),
        erasure_opposed=erasure_opposed,
        letters=frozenset(facts["letters"]),
        unsent_letters=frozenset(facts["unsent"]),
        package_sealed=sealed,
        package_released=released,
        clock=_clock_of(facts["clock"]),
        stopped=stopped,
        code_wanted=code_wanted,
    )
