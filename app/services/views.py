"""
What people see of a case, as plain values: rows opened for one answer.

A view of a request holds nothing about the person unless its name says so; ``None`` means "not known" and is left out
by whoever sends it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.execution import action_for
from app.domain.fanout import Action, TaskState
from app.domain.four_eyes import Subject
from app.domain.identity import Level, methods_for
from app.domain.rights import right
from app.letters.processing_text import say_retention
from app.models import (
    ApprovalRow,
    AuditEntryRow,
    ClaimRow,
    LetterRow,
    LetterTemplateRow,
    PackageRow,
    ProcessorRow,
    RequestRow,
    TaskRow,
)
from app.profiles import Category
from app.repositories import approvals, audit, cases, registry
from app.services import (
    assembling,
    case_rows,
    clock_views,
    deadline_watch,
    decision_views,
    erasure_views,
    notes,
    orders,
    packaging,
    persons,
    recipient_views,
    sealing,
    standing,
    tasks,
    view_words,
)
from app.services import claims as claiming
from app.services.claims import UnknownClaim
from app.services.context import Context
from app.services.posting import Unsent
from app.services.steps import UnknownRequest
from app.services.steps import hold as hold_row
from app.services.telling import language_of

View = dict[str, Any]


def claim(row: ClaimRow) -> View:
    return {
        "id": row.id,
        "right": row.right,
        "state": row.state,
        "verdict": row.verdict,
        "outcome": row.outcome,
        "presumed": row.presumed,
        "raised_by": row.raised_by,
    }


def request(row: RequestRow, claims: Iterable[ClaimRow]) -> View:
    """A request without anything about the person."""
    return {
        "id": row.id,
        "reference": row.reference,
        "controller": row.controller_id,
        "phase": row.phase,
        "status": row.status,
        "channel": row.channel,
        "language": row.language,
        "received_at": row.received_at,
        "due_on": row.due_on,
        "closed_at": row.closed_at,
        "version": row.version,
        "answer_form": row.answer_form,
        "unclassified": row.unclassified,
        "claims": [claim(one) for one in claims],
    }


async def requests(tx: Tx, rows: Sequence[RequestRow]) -> list[View]:
    """Requests with their claims; one statement for all claims."""
    by_request: dict[UUID, list[ClaimRow]] = {row.id: [] for row in rows}
    for one in await cases.claims_of(tx, by_request):
        by_request[one.request_id].append(one)
    return [request(row, by_request[row.id]) for row in rows]


async def own_row(tx: Tx, id: UUID, keys: Mapping[str, Sequence[bytes]], *, hold: bool = False) -> RequestRow:
    """
    A person's own request.

    Args:
        keys: Under which the person's requests lie, per controller.
        hold: Take its row until the transaction ends.

    Raises:
        UnknownRequest: There is none, or it is somebody else's: from outside the same.
    """
    row = await cases.request(tx, id)
    if row is None or row.subject_key is None or row.subject_key not in keys.get(row.controller_id, ()):
        raise UnknownRequest
    return await hold_row(tx, id) if hold else row


#: Whose hands a case is in is ours to know; the person reads the phase instead.
_STAFF_STATUS = frozenset(
    {
        *("awaiting_classification", "letter_incomplete", "letter_waiting", "needs_person", "nobody_able"),
        *("package_incomplete", "recipients_to_tell", "forwarding_wanted", "forwarding_late"),
    }
)
#: What happens by itself, and only where a search has found somebody.
_FOLLOWS_A_SEARCH = frozenset({AuditStep.RESTRICTION_SET.value, AuditStep.RESTRICTION_LIFTED.value})
#: When we hurry is ours to know; the person reads when the answer is due and why.
_STAFF_DATES = frozenset(
    {
        "internal_target_on",
        "alarms_on",
        "breach_on",
        deadline_watch.LATER,
        deadline_watch.LATER_WITH,
        deadline_watch.EXTENSION,
    }
)


async def own_requests(tx: Tx, ctx: Context, rows: Sequence[RequestRow]) -> list[View]:
    """Requests as their person sees them."""
    by_request: dict[UUID, list[ClaimRow]] = {row.id: [] for row in rows}
    for one in await cases.claims_of(tx, by_request):
        by_request[one.request_id].append(one)
    return [_as_own(ctx, row, by_request[row.id]) for row in rows]


async def own_request(tx: Tx, ctx: Context, row: RequestRow) -> View:
    """A request as its person sees it, with what this transaction has just written."""
    await tx.session.flush()
    deadline = {name: value for name, value in row.deadline.items() if name not in _STAFF_DATES}
    own = _as_own(ctx, row, await cases.claims_of(tx, [row.id]))
    return own | {"deadline": deadline} | await clock_views.own(tx, row)


def _as_own(ctx: Context, row: RequestRow, claims: Sequence[ClaimRow]) -> View:
    seen = request(row, claims)
    shown = seen | {"status": seen["phase"] if seen["status"] in _STAFF_STATUS else seen["status"]}
    if Level.from_key(row.assurance) is Level.NONE:
        # "Nothing is held" would tell whoever typed a name that it is no customer's.
        shown["status"] = seen["phase"]
        shown["claims"] = [_without_outcome(one) for one in seen["claims"]]
        return shown
    if shown["status"] != "stopped" and persons.not_compared(ctx, row, claims):
        shown["status"] = seen["phase"]  # how far a search has come tells whether it found whoever was typed
    if any(_is_told_alike(one["right"]) for one in seen["claims"]):
        # A login proves who types, not whose number it is.
        shown["status"] = seen["phase"]
        shown["claims"] = [_without_outcome(one) if _is_told_alike(one["right"]) else one for one in seen["claims"]]
    return shown


def _is_told_alike(its_right: str) -> bool:
    """What needs no proof is answered alike whoever was meant: it may be somebody else's name."""
    return right(its_right).needs is Level.NONE


def _without_outcome(claim: View) -> View:
    return {key: value for key, value in claim.items() if key != "outcome"}


async def staff_request(tx: Tx, ctx: Context, row: RequestRow) -> View:
    """A request as staff see it, the person opened."""
    claims = await cases.claims_of(tx, [row.id])
    message = None
    if row.message_sealed is not None:
        message = sealing.unseal(ctx, row, row.message_sealed, table="request", column="message", id=row.id)["text"]
    return (
        request(row, claims)
        | {
            "deadline": row.deadline,
            "filed_at": row.filed_at,
            "assurance": row.assurance,
            "identity_methods": list(methods_for(max(Level.from_key(one.needs) for one in claims))),
            "risk_marks": list(row.risk_marks),
            "protected": True if row.protected else None,
            "stopped_at": row.stopped_at,
            "stop_verdict": row.stop_verdict,
            "assignee": row.assignee_ref,
            "subject": persons.shown(ctx, row),
            "message": message,
            "notes": await notes.of(tx, ctx, row),
            "raised": decision_views.raised(claims),
            "claims": [
                _staff_claim(ctx, row, one) | await decision_views.of_claim(tx, ctx, row, one) for one in claims
            ],
        }
        | {"missing": await _missing(tx, ctx, row)}
        | await clock_views.staff(tx, ctx, row)
    )


async def _missing(tx: Tx, ctx: Context, row: RequestRow) -> list[View]:
    """What an answer that cannot leave still lacks, and where the controller can settle it."""
    if row.status != "package_incomplete":
        return []
    made = assembling.assemble(await assembling.read(tx, ctx, row), (), created_at=tx.now)
    return [
        {"path": one.path, "piece": one.piece.value, "law": one.article, "category": one.category}
        for one in made.missing
    ]


def _staff_claim(ctx: Context, row: RequestRow, one: ClaimRow) -> View:
    return claim(one) | {
        "needs": one.needs,
        "cooling_until": one.cooling_until,
        "details": dict(claiming.details_of(ctx, row, one)),
        "ground": one.ground,
        "reasons": claiming.reasons_of(ctx, row, one),
        "excluded": list(one.excluded),
        "grounds_allowed": [ground.key for ground in right(one.right).refusal_grounds],
        "decided_by": one.decided_by,
        "decided_at": one.decided_at,
    }


def approval(row: ApprovalRow) -> View:
    return {
        "id": row.id,
        "request_id": row.request_id,
        "claim_id": row.claim_id,
        "about": row.about,
        "controller": row.controller_id,
        "subject": row.subject,
        "facts": dict(row.facts),
        "asked_at": row.asked_at,
        "asked_by": row.asked_by,
        "verdict": row.verdict,
        "decided_at": row.decided_at,
    }


# --- tasks and recipients ------------------------------------------------------------------------------------------


def _recipient(row: ProcessorRow) -> View:
    return {"id": row.id, "key": row.key, "title": row.title, "kind": row.kind}


async def _recipients_of(tx: Tx, ids: Iterable[UUID]) -> Mapping[UUID, ProcessorRow]:
    found = [await registry.processor(tx, one) for one in dict.fromkeys(ids)]
    return {row.id: row for row in found if row is not None}


def _task(row: TaskRow, processor: ProcessorRow) -> View:
    return {
        "id": row.id,
        "request_id": row.request_id,
        "claim_id": row.claim_id,
        "controller": row.controller_id,
        "processor": _recipient(processor),
        "action": row.action,
        "categories": list(row.categories),
        "state": row.state,
        "outcome": row.outcome,
        "attention": row.attention,
        "former": row.former,
        "last_code": row.last_code,
        "answer_by": row.answer_by,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "closed_at": row.closed_at,
        "closed_by": row.closed_by,
    }


async def task_list(tx: Tx, rows: Sequence[TaskRow]) -> list[View]:
    """Tasks without what was said in them."""
    processors = await _recipients_of(tx, (row.processor_id for row in rows))
    return [_task(row, processors[row.processor_id]) for row in rows]


async def whole_task(tx: Tx, ctx: Context, request_row: RequestRow, row: TaskRow) -> View:
    """A task with what has to be done, about whom as the recipient may know them, and what was answered."""
    processor = (await _recipients_of(tx, [row.processor_id]))[row.processor_id]
    # By hand, too, nothing is done about whoever came to be known after it was decided; and a task about somebody
    # else names nobody: what has to be put right for them is not whoever is known now.
    may_be_told = row.former is None and (
        row.state == TaskState.CLOSED or await standing.may_leave(tx, ctx, request_row, row)
    )
    known = orders.known_as(ctx, request_row) if may_be_told else []
    return (
        _task(row, processor)
        | {
            "reference": request_row.reference,
            "identifiers": [
                {"type": one.type, "value": one.spelt, "vouched": one.vouched}
                for one in known
                if one.type in processor.identifier_types
            ],
            "details": dict(await orders.details_for(tx, ctx, request_row, row)) if may_be_told else {},
            "contact": processor.contact,
            "answer": tasks.answer_of(ctx, request_row, row),
        }
        | await recipient_views.beside_task(tx, ctx, request_row, row)
    )


async def own_recipients(tx: Tx, ctx: Context, row: RequestRow) -> list[View]:
    """
    Who was asked to do what, as the person may see it.

    Who was only asked to look is not told, nor anything to somebody who has proved nothing or of whom nobody has
    compared what they typed: it would answer the question whether a name is a customer's.
    """
    if Level.from_key(row.assurance) < Level.SUBSTANTIAL:
        return []
    claims = await cases.claims_of(tx, [row.id])
    alike = persons.not_compared(ctx, row, claims) | {one.id for one in claims if _is_told_alike(one.right)}
    found = [one for one in await cases.tasks_of(tx, row.id) if one.claim_id is not None]
    # What was asked for somebody else is nothing that whoever reads here was told, or may know of.
    asked = [one for one in found if one.former is None or cases.was_done(one)]
    return await _recipients(
        tx, row, [one for one in asked if one.action != Action.LOCATE and one.claim_id not in alike]
    )


async def recipients(tx: Tx, row: RequestRow) -> list[View]:
    """Who was asked what, and what came of it, for staff."""
    return await _recipients(tx, row, await cases.tasks_of(tx, row.id))


async def _recipients(tx: Tx, row: RequestRow, rows: Sequence[TaskRow]) -> list[View]:
    processors = await _recipients_of(tx, (one.processor_id for one in rows))
    language = language_of(row)
    return [_asked(one, processors[one.processor_id], language) for one in rows]


def _asked(row: TaskRow, processor: ProcessorRow, language: str) -> View:
    status = {TaskState.CLOSED: "done", TaskState.NEEDS_PERSON: "needs_person", TaskState.ACCEPTED: "working"}.get(
        TaskState(row.state), "asked"
    )
    outcome = row.outcome if row.state == TaskState.CLOSED else None
    return {
        "title": processor.title,
        "action": row.action,
        "status": status,
        "outcome": outcome,
        "text": view_words.of_task(status, outcome, language),
        "at": row.closed_at,
    }


# --- the plan of a claim -------------------------------------------------------------------------------------------


async def plan(tx: Tx, ctx: Context, row: RequestRow, claim_id: UUID) -> View:
    """
    What granting a claim would ask of each recipient, with the profile's reasons per category.

    Raises:
        UnknownClaim: The request has no such claim.
    """
    case = (await case_rows.read(tx, ctx, row)).seen()
    seen = next((one for one in case.claims if one.id == str(claim_id)), None)
    if seen is None:
        raise UnknownClaim
    profile, language = ctx.profile(row.controller_id), language_of(row)
    known = {category.id: category for category in profile.categories}
    planned = await erasure_views.planned_of(tx, ctx, row) if seen.right.key == "erasure" else {}
    steps = []
    for processor in await registry.processors_of(tx, [row.controller_id]):
        if (as_seen := case.processors.get(str(processor.id))) is None:
            continue
        action = action_for(seen, as_seen)
        held = [known[one] for one in sorted(processor.categories) if one in known]
        categories = [
            _planned(one, language) | {"excluded": one.id in seen.excluded, "planned": planned.get(one.id)}
            for one in held
        ]
        steps.append({"processor": _recipient(processor), "action": action, "categories": categories})
    return {"claim_id": claim_id, "right": seen.right.key, "steps": steps}


def _planned(category: Category, language: str) -> View:
    rule, gap = category.retention.parsed, category.retention.gap
    return {
        "id": category.id,
        "title": category.title.in_language(language),
        "data_class": category.data_class,
        "legal_bases": list(category.legal_bases.values),
        "retention": None if rule is None else say_retention(rule, "en" if language == "en" else "sv"),
        "law": category.retention.law,
        "gap": None if gap is None else gap.in_language(language),
    }


# --- letters, package, history -------------------------------------------------------------------------------------


def letter(row: LetterRow) -> View:
    return {
        "id": row.id,
        "kind": row.kind,
        "about": row.about or None,
        "language": row.language,
        "written_at": row.written_at,
        "via": row.via,
        "sent_at": row.sent_at,
        "template_sha256": row.template_sha256,
    }


def unsent_letter(one: Unsent) -> View:
    """A letter that is not out, for staff."""
    return letter(one.letter) | {
        "request_id": one.request.id,
        "reference": one.request.reference,
        "controller": one.request.controller_id,
        "due_on": one.request.due_on,
        "attempts": one.mail.attempts if one.mail is not None else 0,
        "failure": one.failure,
    }


def letter_template(row: LetterTemplateRow) -> View:
    return {name: getattr(row, name) for name in ("sha256", "kind", "language", "kept_at", "sources")}


def package(tx: Tx, row: PackageRow) -> View:
    ends = packaging.expires_at(row)
    state = "sealed" if ends is None else "released" if tx.now < ends else "expired"
    if row.destroyed_at is not None:
        state = "expired"
    return {
        "state": state,
        "size": row.size,
        "sha256": row.sha256,
        "sealed_at": row.sealed_at,
        "released_at": row.released_at,
        "available_until": ends,
    }


async def staff_package(tx: Tx, row: PackageRow) -> View:
    """The package as staff see it, with the second person's word it waits for."""
    seen = package(tx, row) | {name: getattr(row, name) for name in ("version", "has_security", "to_review")}
    if row.released_at is not None or row.asked_by is None:
        return seen
    await tx.session.flush()
    waiting = [one.id for one in await approvals.open_of(tx, row.request_id) if one.subject == Subject.RELEASE]
    return seen | {"state": "awaiting_approval", "approval_id": waiting[0] if waiting else None}


def audit_entry(row: AuditEntryRow) -> View:
    names = ("seq", "at", "step", "actor_role", "actor_ref", "facts", "prev_hash", "hash")
    return {name: getattr(row, name) for name in names}


async def chain(tx: Tx, row: RequestRow) -> Sequence[AuditEntryRow]:
    """A request's whole chain, with what this transaction has just written."""
    await tx.session.flush()
    return await audit.entries_of(tx, row.id)


async def timeline(tx: Tx, ctx: Context, row: RequestRow) -> list[View]:
    """What happened, as far as it means something to the person, in their language, and tells of nobody else."""
    language = language_of(row)
    entries = await audit.entries_of(tx, row.id)
    if persons.not_compared(ctx, row, await cases.claims_of(tx, [row.id])):
        entries = [one for one in entries if one.step not in _FOLLOWS_A_SEARCH]
    told = ((one, view_words.of_noted(one.step, one.facts, language)) for one in entries)
    return [{"at": one.at, "step": one.step, "text": text} for one, text in told if text is not None]
