"""
The desk where a task is taken in: done once or every time, entered in the ledger, its answer kept.

One task is one transaction. A server that dies in the middle has done nothing; one that dies right after has
done it, has written down that it did, and still owes the answer when it comes back.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.services import _actions
from sandbox.services._service import Service
from sandbox.services._task import Outcome, Task
from sandbox.store import Connection, Store

_SWEDEN = ZoneInfo("Europe/Stockholm")
#: Seconds between two events of one task that are meant to come in the wrong order.
_BEHIND = 0.2
_WRONG_SECRET = "whsec_" + "AAAA" * 11  # well formed and nobody's


@dataclass(frozen=True)
class Order:
    """A task as it lies on the desk: who sent it, under which key, what goes wrong with it, when it is due."""

    task: Task
    key: str
    caller: Connection
    fault: str
    ready_at: float


@dataclass(frozen=True)
class Answer:
    outcome: Outcome
    ready_at: float


def answer_to(store: Store, service: str, controller: str, task: str) -> Answer | None:
    rows = store.read(
        "SELECT outcome, ready_at FROM answers WHERE service = ? AND controller = ? AND task = ?",
        *(service, controller, task),
    )
    return Answer(json.loads(rows[0]["outcome"]), rows[0]["ready_at"]) if rows else None


def handle(store: Store, service: Service, order: Order) -> Outcome:
    """
    Do the task, or recognise it, and return its outcome.

    An idempotent service knows a task by its Idempotency-Key; the others do it again.
    """
    controller = order.task.data.controller
    known_as = order.key if service.idempotency == "yes" else order.task.data.task_id
    with store.transaction() as db:
        seen = answer_to(store, service.name, controller, known_as) if service.idempotency == "yes" else None
        outcome = seen.outcome if seen else _do(store, service, order)
        db.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
            (
                *(service.name, controller, known_as),
                *(json.dumps(outcome, ensure_ascii=False), seen.ready_at if seen else order.ready_at),
            ),
        )
        if service.answers == "callback" and order.task.data.callback_url:
            _owe(store, service.name, order, outcome)
    return outcome


def _do(store: Store, service: Service, order: Order) -> Outcome:
    data = order.task.data
    people = _actions.find(store, service.name, data.controller, data.identifiers)
    if len(people) == 1:
        file = _actions.File(
            store=store,
            service=service,
            data=data,
            person=people[0],
            today=order.task.timestamp.astimezone(_SWEDEN).date(),
        )
        outcome = _actions.carry_out(file)
    else:
        outcome = {"outcome": "ambiguous" if people else "not_found"}
    at = datetime.now(UTC)
    number = store.enter(
        service=service.name,
        controller=data.controller,
        action=data.action,
        key=order.key,
        person=people[0] if len(people) == 1 else None,
        outcome=outcome["outcome"],
        detail=_counts(outcome) | {"categories": sorted(data.data_categories)},
        at=at,
    )
    receipt = f"{service.name}-{number:06d}"
    return outcome | {"evidence": {"receipt": receipt, "at": at.isoformat(timespec="milliseconds")}}


def _counts(outcome: Outcome) -> dict[str, Any]:
    """What the ledger says of an outcome: how much, never what."""
    counts: dict[str, Any] = {}
    if "records" in outcome:
        counts["rows"] = sum(len(group["rows"]) for group in outcome["records"])
    if "retained" in outcome:
        counts["retained"] = sorted({each["law"] for each in outcome["retained"]})
    return counts | ({"reason": outcome["reason"]} if "reason" in outcome else {})


def _owe(store: Store, service: str, order: Order, outcome: Outcome) -> None:
    """Note the events to send; a task that came again is told about again, under the same event id."""
    data = order.task.data
    final = {"task_id": data.task_id} | outcome
    early = {"task_id": data.task_id, "outcome": "accepted"}
    name = f"evt_{data.task_id}"
    events: list[tuple[str, Outcome, float, bool]] = [(name, final, order.ready_at, False)]
    match order.fault:
        case "duplicate_callback":
            events.append((name, final, order.ready_at + _BEHIND, False))
        case "reorder_callbacks":
            events.append((f"{name}_accepted", early, order.ready_at + _BEHIND, False))
        case "wrong_signature_callback":
            events.insert(0, (f"{name}_forged", final, order.ready_at, True))
            events[1] = (name, final, order.ready_at + _BEHIND, False)
    stamp = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
    with store.transaction() as db:
        if _still_owed(store, service, data.task_id):
            return
        for event, content, due_at, forged in events:
            body = {"type": "task.outcome", "timestamp": stamp, "data": content}
            db.execute(
                "INSERT INTO deliveries (service, controller, task, url, event, body, secret, forged, due_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(service, data.controller, data.task_id, data.callback_url, event),
                    json.dumps(body, ensure_ascii=False),
                    _WRONG_SECRET if forged else order.caller.secret,
                    *(forged, due_at),
                ),
            )


def _still_owed(store: Store, service: str, task: str) -> bool:
    return bool(store.read("SELECT 1 FROM deliveries WHERE service = ? AND task = ? AND status IS NULL", service, task))
