"""
The desk's SQLite file: the tasks, what was answered, and the messages still owed to Insyn.

An answer and the message about it are one transaction, and what is committed is on the disk: a desk that is killed
goes on where it stood.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, via TEXT NOT NULL, kind TEXT NOT NULL, action TEXT NOT NULL, controller TEXT NOT NULL,
    reference TEXT NOT NULL, categories TEXT NOT NULL, identifiers TEXT NOT NULL, details TEXT NOT NULL,
    answer_by TEXT NOT NULL, callback_url TEXT NOT NULL, received_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open', outcome TEXT, answered_at TEXT, emptied INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL REFERENCES tasks (id), body TEXT NOT NULL, due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, status INTEGER, is_over INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS deliveries_owed ON deliveries (due_at) WHERE is_over = 0;
"""
#: How many tasks the page shows: all that are open, and of the others the newest.
MOST_SHOWN = 200
#: No case of Insyn's is open longer than this, so after it nobody takes an answer.
LONGEST_OWED = timedelta(days=120)


@dataclass(frozen=True)
class Task:
    """A task as it lies on the desk. Holds personal data: shown by its id."""

    id: str
    via: str  #: webhook or opendsr
    kind: str  #: what it was called there: an action, or an OpenDSR type
    action: str
    controller: str
    reference: str
    categories: Sequence[str]
    identifiers: Sequence[Mapping[str, str]]
    details: Mapping[str, Any]
    answer_by: str
    callback_url: str
    received_at: str
    state: str = "open"  #: open, answered or cancelled
    outcome: Mapping[str, Any] | None = None
    answered_at: str | None = None
    emptied: int = 0  #: whether what was about somebody has been removed

    def __repr__(self) -> str:
        return f"<Task {self.id}>"


_JSON = ("categories", "identifiers", "details", "outcome")


class Store:
    """One open file; safe to use from several threads, each call waiting its turn."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600, exist_ok=True)
        self._turn = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=20)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _read(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._turn:
            return self._db.execute(query, values).fetchall()

    # ---- tasks

    def take(self, task: Task) -> Task:
        """Take a task in, once: the one that lies there already, or this one."""
        with self.transaction() as db:
            names = [name for name in Task.__dataclass_fields__ if name not in ("outcome", "answered_at", "emptied")]
            values = [_as_stored(name, getattr(task, name)) for name in names]
            marks = ", ".join("?" * len(names))
            query = f"INSERT INTO tasks ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
            db.execute(query, values)
            return self._task(db.execute("SELECT * FROM tasks WHERE id = ?", (task.id,)).fetchone())

    def task(self, id: str) -> Task | None:
        rows = self._read("SELECT * FROM tasks WHERE id = ?", id)
        return self._task(rows[0]) if rows else None

    def tasks(self) -> list[Task]:
        """The open ones, the most urgent first, then the newest of the others."""
        open_ = self._read("SELECT * FROM tasks WHERE state = 'open' ORDER BY answer_by, received_at")
        others = self._read(
            "SELECT * FROM tasks WHERE state <> 'open' ORDER BY coalesce(answered_at, received_at) DESC LIMIT ?",
            MOST_SHOWN,
        )
        return [self._task(row) for row in (*open_, *others)]

    @staticmethod
    def _task(row: sqlite3.Row) -> Task:
        found = dict(row)
        return Task(**found | {name: json.loads(found[name]) for name in _JSON if found[name] is not None})

    def answer(self, id: str, outcome: Mapping[str, Any], message: str | None) -> bool:
        """Write an answer down together with the message that is owed about it; False if the task was over."""
        with self.transaction() as db:
            done = db.execute(
                "UPDATE tasks SET state = 'answered', outcome = ?, answered_at = ? WHERE id = ? AND state = 'open'",
                (json.dumps(outcome, ensure_ascii=False), now(), id),
            )
            if done.rowcount and message is not None:
                db.execute("INSERT INTO deliveries (task, body, due_at) VALUES (?, ?, 0)", (id, message))
            return bool(done.rowcount)

    def cancel(self, id: str) -> bool:
        """Nobody waits for the answer any more; False if it has been given."""
        with self.transaction() as db:
            return bool(
                db.execute("UPDATE tasks SET state = 'cancelled' WHERE id = ? AND state = 'open'", (id,)).rowcount
            )

    def empty(self, *, before: datetime) -> int:
        """
        Remove whatever is about somebody from tasks that have been over since *before*; how many.

        An answer that is still owed is kept longer, but not for ever.
        """
        at = before.astimezone(UTC)
        times = (at.isoformat(), (at - LONGEST_OWED).isoformat())
        over = (
            "state <> 'open' AND emptied = 0 AND coalesce(answered_at, received_at) < ? AND (NOT EXISTS"
            " (SELECT 1 FROM deliveries d WHERE d.task = tasks.id AND d.is_over = 0)"
            " OR coalesce(answered_at, received_at) < ?)"
        )
        with self.transaction() as db:
            found = [row["id"] for row in db.execute(f"SELECT id FROM tasks WHERE {over}", times)]  # noqa: S608
            for id in found:
                db.execute("UPDATE deliveries SET body = '', is_over = 1 WHERE task = ?", (id,))
                db.execute(
                    "UPDATE tasks SET identifiers = '[]', details = '{}', emptied = 1, outcome = CASE WHEN outcome"
                    " IS NOT NULL THEN json_object('outcome', json_extract(outcome, '$.outcome')) END WHERE id = ?",
                    (id,),
                )
        return len(found)

    # ---- what is owed

    def owed(self, *, at: float, most: int) -> list[sqlite3.Row]:
        """Messages whose time has come, with the task they are about."""
        return self._read(
            "SELECT d.*, t.via, t.callback_url FROM deliveries d JOIN tasks t ON t.id = d.task"
            " WHERE d.is_over = 0 AND d.due_at <= ? ORDER BY d.due_at LIMIT ?",
            *(at, most),
        )

    def note(self, delivery: int, *, status: int | None, is_over: bool, due_at: float) -> None:
        """How a try ended. A message given up while it was on its way stays given up: its words are gone."""
        with self.transaction() as db:
            db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, status = ?, is_over = max(is_over, ?), due_at = ?"
                " WHERE id = ?",
                (status, is_over, due_at, delivery),
            )

    def deliveries(self) -> dict[str, sqlite3.Row]:
        """The last message about each task."""
        return {row["task"]: row for row in self._read("SELECT * FROM deliveries ORDER BY id")}


def _as_stored(name: str, value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if name in _JSON else value


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
