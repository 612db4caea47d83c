"""From what a person filled in to an outcome of the contract."""

import csv
import io
import json
from typing import Any

from starlette.datastructures import FormData, UploadFile

from app.domain.plain_json import is_plain, once_each
from app.processors import AnswerNotUnderstood, read_outcome
from processor_kit.desk._names import REASONS
from processor_kit.desk._store import Task
from processor_kit.desk._words import KEEPING_ACTIONS, offered

#: What a form may hold in all; an answer to Insyn may have 4 MB.
LARGEST_FORM = 4 * 1024 * 1024
LARGEST_OUTCOME = 3_500_000
MOST_ROWS = 10_000
MOST_MESSAGE = 2_000
_NEEDS_MESSAGE = ("refused", "failed")


class NotFilledIn(Exception):
    """The form does not make an answer; ``word`` is the key of the sentence that says why."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


async def outcome_of(task: Task, form: FormData) -> dict[str, Any]:
    """
    The outcome that a form says about a task.

    Raises:
        NotFilledIn
    """
    said = _text(form, "outcome")
    if said not in offered(task.action, task.categories):
        raise NotFilledIn("error_outcome")
    outcome: dict[str, Any] = {"outcome": said, "evidence": {"answered_by": "desk"}}
    if message := _text(form, "message")[:MOST_MESSAGE]:
        outcome["message"] = message
    if reason := _text(form, "reason"):
        if reason not in REASONS:
            raise NotFilledIn("error_contract")
        outcome["reason"] = reason
    retained = _retained(task, form) if task.action in KEEPING_ACTIONS else []
    in_words = said == "completed_partial" and not retained and task.action != "locate"
    needs_message = said in _NEEDS_MESSAGE or in_words or (task.action, said) == ("review_decision", "completed")
    if needs_message and not outcome.get("message"):
        raise NotFilledIn("error_message")
    if retained:
        outcome["retained"] = retained
        if said == "completed_partial":  # done but for what is named: of the others nothing is left
            outcome["erased_categories"] = sorted(set(task.categories) - {one["category"] for one in retained})
    elif said == "retained":
        raise NotFilledIn("error_kept")
    if task.action == "locate":
        outcome |= _found(task, form)
    if task.action == "export" and said in ("completed", "completed_partial"):
        outcome["records"] = [one async for one in _records(task, form)]
        if not outcome["records"]:
            raise NotFilledIn("error_no_rows")
    try:
        read_outcome(outcome, code="desk")
    except AnswerNotUnderstood:
        raise NotFilledIn("error_contract") from None
    if len(json.dumps(outcome, ensure_ascii=False).encode()) > LARGEST_OUTCOME:
        raise NotFilledIn("error_rows")
    return outcome


def _found(task: Task, form: FormData) -> dict[str, Any]:
    found = [one for index, one in enumerate(task.categories) if _text(form, f"found_{index}")]
    facts: dict[str, Any] = {}
    if (contract := _text(form, "contract")) in ("active", "ended"):
        facts["contract"] = contract
    if ended := _text(form, "ended_on"):
        facts["relationship_ended_on"] = ended
    if _text(form, "protected"):
        facts["protected"] = True
    return {"found_categories": found} | ({"facts": facts} if facts else {})


def _retained(task: Task, form: FormData) -> list[dict[str, Any]]:
    kept = []
    for index, category in enumerate(task.categories):
        law, until = _text(form, f"law_{index}"), _text(form, f"until_{index}")
        if bool(law) != bool(until):
            raise NotFilledIn("error_kept")
        if law:
            kept.append({"category": category, "law": law, "until": until})
    return kept


async def _records(task: Task, form: FormData) -> Any:
    total = 0
    for index, category in enumerate(task.categories):
        raw, upload = _text(form, f"rows_{index}").encode(), form.get(f"file_{index}")
        if isinstance(upload, UploadFile) and upload.filename:
            raw = await upload.read(LARGEST_FORM)
        if not raw.strip():
            continue
        rows = _rows(raw)
        total += len(rows)
        if total > MOST_ROWS:
            raise NotFilledIn("error_rows")
        yield {"category": category, "rows": rows}


def _rows(raw: bytes) -> list[dict[str, Any]]:
    try:
        text = raw.decode("utf-8-sig").strip()
        rows = json.loads(text, object_pairs_hook=once_each) if text[0] in "[{" else _csv(text)
    except (ValueError, RecursionError, csv.Error, IndexError):
        raise NotFilledIn("error_rows") from None
    rows = [rows] if isinstance(rows, dict) else rows
    if not (isinstance(rows, list) and rows and all(isinstance(one, dict) and one for one in rows)):
        raise NotFilledIn("error_rows")
    if not is_plain(rows, deepest=8):
        raise NotFilledIn("error_rows")
    return rows


def _csv(text: str) -> list[dict[str, str]]:
    first = text.splitlines()[0]
    separator = ";" if first.count(";") > first.count(",") else ","  # Swedish spreadsheets write semicolons
    rows = list(csv.DictReader(io.StringIO(text), delimiter=separator, strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("a row with more or fewer cells than the heading")
    return rows


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
