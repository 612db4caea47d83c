"""
The simulated outside world, kept in one SQLite file.

It holds what Insyn cannot know of itself: the records that processors have about people, the ledger of what
was really done to them, fault scripts, answers still to be given, and the secrets shared with Insyn. It is no
part of Insyn and so needs no second PostgreSQL; several processes may open the same file. What is committed
survives the end of any of them.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subjects (
    service TEXT, controller TEXT, person TEXT, identifiers TEXT NOT NULL, marks TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (service, controller, person)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, controller TEXT NOT NULL, person TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_of_a_person ON records (service, controller, person);
CREATE TABLE IF NOT EXISTS ledger (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, controller TEXT NOT NULL, action TEXT NOT NULL,
    idempotency_key TEXT NOT NULL, person TEXT, outcome TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_of_a_key ON ledger (service, idempotency_key);
CREATE TABLE IF NOT EXISTS answers (
    service TEXT, controller TEXT, task TEXT, outcome TEXT NOT NULL, ready_at REAL NOT NULL,
    PRIMARY KEY (service, controller, task)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, controller TEXT NOT NULL, task TEXT NOT NULL,
    url TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL, secret TEXT NOT NULL,
    forged INTEGER NOT NULL, due_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, status INTEGER);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (due_at) WHERE status IS NULL;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, script TEXT NOT NULL, remaining INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mails (id INTEGER PRIMARY KEY, mail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS connections (
    controller TEXT, processor TEXT, service TEXT NOT NULL, secret TEXT NOT NULL, endpoint TEXT,
    PRIMARY KEY (controller, processor)) WITHOUT ROWID;
"""
_FORGOTTEN_BY_RESET = ("subjects", "records", "ledger", "answers", "deliveries", "faults", "mails")
#: How often the outside world has started again, and how far its clock is ahead of the real one, in seconds.
WORLD, AHEAD = "world", "clock_ahead"


@dataclass(frozen=True)
class Connection:
    """One processor as Insyn knows it. *endpoint* is set once Insyn has been told it."""

    controller: str
    processor: str
    service: str
    secret: str
    endpoint: str | None = None

    def __repr__(self) -> str:
        return f"Connection({self.controller}/{self.processor} -> {self.service})"


class Store:
    """One open file; safe to use from several threads, each call waiting its turn."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        self.path = path
        self._turn = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=20)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing with NORMAL; only a power cut could take the last moments.
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self.transaction() as db:
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and nobody else writes meanwhile; a transaction inside another joins it."""
        with self._turn:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._turn:
            return self._db.execute(query, values).fetchall()

    # ---- facts: small named values (issuer keys, the servers' addresses)

    def fact(self, name: str) -> Any:
        rows = self.read("SELECT value FROM facts WHERE name = ?", name)
        return json.loads(rows[0]["value"]) if rows else None

    def put_fact(self, name: str, value: Any) -> None:
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def fact_or_new(self, name: str, make: Callable[[], Any]) -> Any:
        """Return the fact, made now if it is not there yet: made once, whoever else asks at the same time."""
        with self.transaction():
            if (value := self.fact(name)) is None:
                value = make()
                self.put_fact(name, value)
            return value

    # ---- what the processors know

    def add_subject(self, *, service: str, controller: str, person: str, identifiers: Mapping[str, list[str]]) -> None:
        with self.transaction() as db:
            row = (service, controller, person, json.dumps(identifiers, ensure_ascii=False))
            db.execute(
                "INSERT OR REPLACE INTO subjects (service, controller, person, identifiers) VALUES (?, ?, ?, ?)",
                row,
            )

    def subjects(self, service: str, controller: str | None = None) -> list[sqlite3.Row]:
        return self.read(
            "SELECT * FROM subjects WHERE service = ? AND controller = coalesce(?, controller)"
            " ORDER BY controller, person",
            *(service, controller),
        )

    def marks(self, service: str, controller: str, person: str) -> dict[str, Any]:
        """Return what the processor has noted about the subject: restricted, marketing stopped and so on."""
        rows = self.read(
            "SELECT marks FROM subjects WHERE service = ? AND controller = ? AND person = ?",
            *(service, controller, person),
        )
        marks: dict[str, Any] = json.loads(rows[0]["marks"]) if rows else {}
        return marks

    def mark(self, service: str, controller: str, person: str, **marks: Any) -> None:
        with self.transaction() as db:
            marks = self.marks(service, controller, person) | marks
            db.execute(
                "UPDATE subjects SET marks = ? WHERE service = ? AND controller = ? AND person = ?",
                (json.dumps(marks, ensure_ascii=False), service, controller, person),
            )

    def add_record(self, *, service: str, controller: str, person: str, kind: str, body: Mapping[str, Any]) -> None:
        with self.transaction() as db:
            db.execute(
                "INSERT INTO records (service, controller, person, kind, body) VALUES (?, ?, ?, ?, ?)",
                (service, controller, person, kind, json.dumps(body, ensure_ascii=False)),
            )

    def records(self, service: str, controller: str, person: str) -> list[sqlite3.Row]:
        return self.read(
            "SELECT id, kind, body FROM records WHERE service = ? AND controller = ? AND person = ? ORDER BY id",
            *(service, controller, person),
        )

    # ---- what was really done

    def enter(
        self,
        *,
        service: str,
        controller: str,
        action: str,
        key: str,
        person: str | None,
        outcome: str,
        detail: Mapping[str, Any],
        at: datetime,
    ) -> int:
        """Write one effect into the ledger and return its number; written in the effect's own transaction."""
        row = (
            service,
            controller,
            action,
            key,
            person,
            outcome,
            json.dumps(detail),
            at.astimezone(UTC).isoformat(),
        )
        with self.transaction() as db:
            number = db.execute(
                "INSERT INTO ledger (service, controller, action, idempotency_key, person, outcome, detail, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
        assert number is not None  # noqa: S101 - SQLite gives every row of this table a number
        return number

    def ledger(self, service: str) -> list[dict[str, Any]]:
        """Return every effect at *service*, oldest first: numbers, codes and counts, no personal data."""
        rows = self.read("SELECT * FROM ledger WHERE service = ? ORDER BY id", service)
        return [
            {name: row[name] for name in ("id", "controller", "action", "idempotency_key", "outcome", "at")}
            | ({"person": row["person"]} if row["person"] else {})
            | {"detail": json.loads(row["detail"])}
            for row in rows
        ]

    # ---- mail

    def put_mail(self, mail: Mapping[str, Any]) -> None:
        with self.transaction() as db:
            db.execute("INSERT INTO mails (mail) VALUES (?)", (json.dumps(mail, ensure_ascii=False),))

    def mails(self) -> list[dict[str, Any]]:
        """Every mail that came, the newest first."""
        return [json.loads(row["mail"]) for row in self.read("SELECT mail FROM mails ORDER BY id DESC LIMIT 500")]

    # ---- whom the processors talk to

    def connect(self, connection: Connection) -> None:
        row = (
            *(connection.controller, connection.processor, connection.service),
            *(connection.secret, connection.endpoint),
        )
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO connections VALUES (?, ?, ?, ?, ?)", row)

    def connections(self, service: str | None = None, controller: str | None = None) -> list[Connection]:
        rows = self.read(
            "SELECT controller, processor, service, secret, endpoint FROM connections"
            " WHERE service = coalesce(?, service) AND controller = coalesce(?, controller)"
            " ORDER BY controller, processor",
            *(service, controller),
        )
        return [Connection(*row) for row in rows]

    def reset(self) -> None:
        """
        Forget people, effects, faults and pending answers.

        Connections and the issuer's keys stay: Insyn still holds the other half of both.
        """
        with self.transaction() as db:
            for table in _FORGOTTEN_BY_RESET:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the constant above
