"""
What a processor does when it is told to: one function an action, each on one person's file.

All of them work inside the caller's transaction, so an effect, its line in the ledger and the answer about it
exist together or not at all.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.categories import CARDS, customer_of, kinds_of
from sandbox.identifiers import matching, normalise
from sandbox.people import BY_ID
from sandbox.services._service import Hold, Service
from sandbox.services._task import Data, Identifier, Outcome
from sandbox.store import Store

#: Since when the simulated processors have had everybody's addresses.
KNOWN_SINCE = "2024-03-01"
#: What the rows of a kind are, in the words the person reads.
DESCRIPTIONS = {
    "alarm_events": "Alarm history with user codes",
    "contacts": "Contact persons",
    "key_holders": "Key holders",
    "zones": "Zones and detectors",
    "call_outs": "Guard call-outs",
    "invoices": "Invoices (accounting material)",
    "recordings": "Transcripts of recorded calls",
    "consents": "Consents",
    "notes": "Customer service notes",
    "referrals": "People recommended",
}


@dataclass(frozen=True)
class File:
    """One person's file at one service for one controller, cut to the categories a task is about."""

    store: Store
    service: Service
    data: Data
    person: str
    today: date

    def rows(self) -> list[tuple[int, str, str, dict[str, Any]]]:
        """Return (record id, category, kind, row) in the order in which the service wrote them down."""
        categories = kinds_of(self.data.controller, self.data.data_categories)
        records = self.store.records(self.service.name, self.data.controller, self.person)
        return [
            (record["id"], categories[record["kind"]], record["kind"], json.loads(record["body"]))
            for record in records
            if record["kind"] in categories
        ]

    def mark(self, **marks: Any) -> None:
        self.store.mark(self.service.name, self.data.controller, self.person, **marks)

    def change(self, record: int, row: Mapping[str, Any]) -> None:
        with self.store.transaction() as db:
            db.execute("UPDATE records SET body = ? WHERE id = ?", (json.dumps(row, ensure_ascii=False), record))


def find(store: Store, service: str, controller: str, identifiers: Iterable[Identifier]) -> list[str]:
    """Return the people on file at *service* whom the identifiers may mean."""
    known = {row["person"]: json.loads(row["identifiers"]) for row in store.subjects(service, controller)}
    return matching([(each.type, each.value) for each in identifiers], known)


def carry_out(file: File) -> Outcome:
    """Do what the task says and return the outcome, still without evidence."""
    return _ACTIONS[file.data.action](file)


def locate(file: File) -> Outcome:
    rows = file.rows()
    found = sorted({category for _, category, _, _ in rows})
    if not found:
        return {"outcome": "not_found"}
    facts = file.service.facts([(kind, row) for _, _, kind, row in rows]) | _facts(file)
    if (customer := customer_of(file.data.controller, file.person)) is not None:
        facts["customer"] = customer
    return {"outcome": "completed", "found_categories": found, "facts": facts}


def _facts(file: File) -> dict[str, Any]:
    """Where the person is reached and since when, and whether they must not be found."""
    known, since = (
        json.loads(_subject(file)["identifiers"]),
        file.store.marks(file.service.name, file.data.controller, file.person).get("contact_since", {}),
    )
    contacts = [
        {"type": type, "value": value, "since": since.get(type, KNOWN_SINCE)}
        for type in ("email", "phone")
        for value in known.get(type, [])
    ]
    hides = file.person in BY_ID and BY_ID[file.person].story == "protected_identity"
    return {"contacts": contacts} | ({"protected": True} if hides else {})


def _subject(file: File) -> Mapping[str, Any]:
    subjects = file.store.subjects(file.service.name, file.data.controller)
    return next(dict(one) for one in subjects if one["person"] == file.person)


def export(file: File) -> Outcome:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for _, category, kind, row in file.rows():
        groups.setdefault((category, kind), []).append(row)
    if not groups:
        return {"outcome": "not_found"}
    records = [
        {"category": category, "rows": rows} | ({"description": DESCRIPTIONS[kind]} if kind in DESCRIPTIONS else {})
        for (category, kind), rows in groups.items()
    ]
    return {"outcome": "completed", "records": records}


def rectify(file: File) -> Outcome:
    """
    Correct fields of the rows that describe the person: their own card, or what others told about them.

    A row about somebody else (a contact person the customer named) is left alone; a field the service does not
    hold, it cannot correct.
    """
    corrections = file.data.details.get("corrections") or [file.data.details]
    wanted = {each["field"]: each["value"] for each in corrections if "field" in each and "value" in each}
    changed = 0
    for record, _, kind, row in file.rows():
        ours = {name: value for name, value in wanted.items() if name in row}
        if ours and (kind in CARDS or row.get("supplied_by_subject") is False):
            file.change(record, row | ours)
            changed += len(ours)
    if not changed:
        return {"outcome": "not_found", "reason": "field_not_held"}
    _relearn(file, wanted)
    return {"outcome": "completed"}


def _relearn(file: File, corrected: Mapping[str, Any]) -> None:
    """Whoever corrected an address is found under the new one from now on, and under the old one no longer."""
    known = json.loads(_subject(file)["identifiers"])
    new = {type: [normalise(type, str(value))] for type, value in corrected.items() if type in known}
    with file.store.transaction() as db:
        db.execute(
            "UPDATE subjects SET identifiers = ? WHERE service = ? AND controller = ? AND person = ?",
            (json.dumps(known | new, ensure_ascii=False), file.service.name, file.data.controller, file.person),
        )
    file.mark(contact_since=dict.fromkeys(new, file.today.isoformat()))


def erase(file: File) -> Outcome:
    """Delete every row that no law keeps; a file with nothing left in it is forgotten altogether."""
    rows = file.rows()
    if not rows:
        return {"outcome": "not_found"}
    kept: set[tuple[str, Hold]] = set()  # each with a day of its own: none is kept until another's
    erased = 0
    with file.store.transaction() as db:
        for record, category, kind, row in rows:
            hold = file.service.holds(kind, row)
            if hold and hold.until >= file.today:
                kept.add((category, hold))
            else:
                db.execute("DELETE FROM records WHERE id = ?", (record,))
                erased += 1
        if not file.store.records(file.service.name, file.data.controller, file.person):
            _forget(file)
    if not kept:
        return {"outcome": "completed"}
    retained = [
        {"category": category, "law": hold.law, "until": hold.until.isoformat(), "reason": hold.reason}
        for category, hold in sorted(kept, key=lambda each: (each[0], each[1].until, each[1].law))
    ]
    gone = sorted(set(file.data.data_categories) - {category for category, _ in kept})
    return {
        "outcome": "completed_partial" if erased else "retained",
        "retained": retained,
        "erased_categories": gone,  # or never there: nothing is left of them
    }


def _forget(file: File) -> None:
    with file.store.transaction() as db:
        db.execute(
            "DELETE FROM subjects WHERE service = ? AND controller = ? AND person = ?",
            (file.service.name, file.data.controller, file.person),
        )


def restrict(file: File) -> Outcome:
    file.mark(restricted=True)
    return {"outcome": "completed"}


def lift_restriction(file: File) -> Outcome:
    file.mark(restricted=False)
    return {"outcome": "completed"}


def stop_purposes(file: File) -> Outcome:
    """Stop the purposes named; without names everything that is not the contract itself."""
    purposes = [str(each) for each in file.data.details.get("purposes", [])] or ["all"]
    stopped = set(file.store.marks(file.service.name, file.data.controller, file.person).get("stopped", []))
    file.mark(stopped=sorted(stopped | set(purposes)))
    _withdraw_consents(file, set(purposes))
    return {"outcome": "completed"}


def stop_marketing(file: File) -> Outcome:
    file.mark(marketing_stopped=True)
    _withdraw_consents(file, {"marketing"})
    return {"outcome": "completed"}


def _withdraw_consents(file: File, purposes: set[str]) -> None:
    for record in file.store.records(file.service.name, file.data.controller, file.person):
        row = json.loads(record["body"])
        if record["kind"] == "consents" and row["given"] and purposes & {row["purpose"], "all"}:
            file.change(record["id"], row | {"given": False, "withdrawn_at": file.today.isoformat()})


def review_decision(file: File) -> Outcome:
    """A person looks again at what the machine decided."""
    reviewed = 0
    for record in file.store.records(file.service.name, file.data.controller, file.person):
        if record["kind"] == "decisions":
            row = json.loads(record["body"])
            file.change(record["id"], row | {"made_by": "person", "reviewed_on": file.today.isoformat()})
            reviewed += 1
    return {"outcome": "completed"} if reviewed else {"outcome": "not_found", "reason": "no_automated_decision"}


def freeze(file: File) -> Outcome:
    """Until the day that the task names nothing of this file is deleted by routine."""
    file.mark(frozen=True, frozen_until=file.data.details.get("until"))
    return {"outcome": "completed"}


def notify(file: File) -> Outcome:
    told = Counter(file.store.marks(file.service.name, file.data.controller, file.person).get("told", {}))
    told[str(file.data.details.get("about", "notice"))[:40]] += 1
    file.mark(told=dict(told))
    return {"outcome": "completed"}


_ACTIONS: dict[str, Callable[[File], Outcome]] = {
    "locate": locate,
    "export": export,
    "rectify": rectify,
    "erase": erase,
    "restrict": restrict,
    "lift_restriction": lift_restriction,
    "stop_purposes": stop_purposes,
    "stop_marketing": stop_marketing,
    "review_decision": review_decision,
    "freeze": freeze,
    "notify": notify,
}


def may_use(marks: Mapping[str, Any], purpose: str) -> bool:
    """Say whether the service itself may use a file for *purpose*: not while restricted, not once stopped."""
    if marks.get("restricted"):
        return False
    if purpose == "marketing" and marks.get("marketing_stopped"):
        return False
    return not {purpose, "all"} & set(marks.get("stopped", []))
