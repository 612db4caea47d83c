"""What an order came to, in our words: from the steps that are done, in this attempt and in earlier ones."""

import json
from collections.abc import Mapping
from typing import Any, Final

from app.domain.erasure_answers import REACHES_FURTHER
from app.domain.fanout import Action, Outcome
from app.processors._answers import MOST_BYTES, AnswerNotUnderstood, read_outcome
from app.processors._port import Answer
from app.processors.rest.collecting import shown
from app.processors.rest.run import Run, Stop

#: What is no erasure, whatever the vendor calls it; how the house names it.
_NO_ERASURE: Final = {"anonymised": "anonymised", "soft_deleted": "hidden", "suppressed": "hidden"}


def copied(run: Run) -> dict[str, Any]:
    """The answer to ``export``: the rows by category."""
    records = [
        {
            "category": run.categories[name],
            "description": run.connector.outputs[name].about or name,
            "rows": [shown(run.connector.outputs[name], row) for row in rows],
        }
        for name, rows in run.rows.items()
        if rows and name in run.connector.outputs and run.asked(name)
    ]
    if len(json.dumps(records, default=str)) > MOST_BYTES:
        raise Stop(Outcome.REFUSED, "too_large", message="The copy is too large to be carried; a person fetches it.")
    if not records:
        return {"outcome": "not_found"}
    partial = any(one["what"] == "partial" for one in run.progress.done.values())
    return {"outcome": "completed_partial" if partial else "completed", "records": records}


def located(run: Run) -> dict[str, Any]:
    """The answer to ``locate``: the categories that have something."""
    found = sorted({run.categories[name] for name, rows in run.rows.items() if rows and run.asked(name)})
    if not found:
        return {"outcome": "not_found"} | ({"facts": run.facts} if run.facts else {})
    return {"outcome": "completed", "found_categories": found, "facts": run.facts}


def effected(run: Run) -> dict[str, Any]:
    """The answer to everything that takes effect."""
    done = list(run.progress.done.values())
    effects = [one["effect"] for one in done if one.get("effect")]
    retained = _retained(run, done)
    if not effects:
        return _nothing_done(run, done, retained)
    body: dict[str, Any] = {"outcome": "completed"}
    if any(one["what"] == "partial" for one in done) or retained or run.unmapped or run.left:
        body["outcome"] = "completed_partial"
    if retained:
        body["retained"] = retained
        if any(one["what"] == "retained" for one in done):
            body["outcome"] = "retained"
        if _is_accounted_for(run, done):
            kept = {one["category"] for one in retained}
            body["erased_categories"] = sorted(set(run.order.categories) - kept)
    reasons = [one["reason"] for one in done if one.get("reason")]
    if run.order.action is Action.ERASE and (disguised := [one for one in effects if one in _NO_ERASURE]):
        body["reason"] = _NO_ERASURE[disguised[0]]
        body["evidence"] = {"method": disguised[0]}
    elif run.left:
        body["reason"] = REACHES_FURTHER
    elif reasons:
        body["reason"] = reasons[0]
    elif run.unmapped:
        body["reason"] = "field_not_held"
    body.setdefault("evidence", {"method": effects[0]})
    if run.left:
        body["evidence"]["left"] = ", ".join(sorted(run.left))
    return body


def _is_accounted_for(run: Run, done: list[dict[str, Any]]) -> bool:
    """Whether nothing is left of an erasure but what is named as retained."""
    in_part = run.left or run.unmapped or any(one["what"] == "partial" for one in done)
    return run.order.action is Action.ERASE and not in_part


def _nothing_done(run: Run, done: list[dict[str, Any]], retained: list[dict[str, str]]) -> dict[str, Any]:
    left = ", ".join(sorted(run.left))
    if run.left:  # also where the rest is retained: what is to go is still there, and a person has to know
        raise Stop(
            Outcome.REFUSED,
            REACHES_FURTHER,
            message=f"The only way the vendor offers takes more than this, or does not reach it: {left}.",
        )
    if retained:
        return {"outcome": "retained", "retained": retained}
    if run.order.action is Action.ERASE and any(_is_here(run, one) for one in run.keep_list):
        # What a law keeps is there; "not found" would be untrue, and a person reads its last day off the records.
        raise Stop(
            Outcome.REFUSED,
            "kept_without_day",
            message="A law keeps what is here, and the plan names no last day. Read it off the vendor's records.",
        )
    return {"outcome": "not_found"}


def _is_here(run: Run, kept: Mapping[str, Any]) -> bool:
    """Whether an entry of what is to be kept is about something this order asks of this vendor."""
    category = kept.get("category")
    return category in set(run.categories.values()) and (not run.order.categories or category in run.order.categories)


def _retained(run: Run, done: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What steps said is kept, and what the decision itself keeps of what the vendor holds; each once."""
    listed = [entry for one in done for entry in one.get("retained", [])]
    if run.order.action is Action.ERASE:
        for one in run.keep_list:
            if _is_here(run, one) and one.get("law") and one.get("until"):
                listed.append({name: str(one[name]) for name in ("category", "law", "until")})
    unique: dict[tuple[str, str], dict[str, str]] = {}
    for entry in listed:
        unique.setdefault((entry["category"], entry["law"]), entry)
    return list(unique.values())


def answered(run: Run, body: dict[str, Any], *, code: str) -> Answer:
    """The finished answer, with its evidence; checked as anybody's answer is."""
    evidence = {"connector": run.connector.connector, **body.get("evidence", {})}
    for one in run.progress.done.values():
        evidence |= one.get("receipt", {})
    try:
        read = read_outcome({**body, "evidence": evidence}, code=code)
    except AnswerNotUnderstood as error:
        return Answer(outcome=Outcome.FAILED, code="connector_fault", body={"outcome": "failed", "message": str(error)})
    return Answer(
        outcome=read.outcome,
        code=code,
        body=read.body,
        effective_at=read.effective_at,
        progress=run.progress.written(),
    )
