"""
What an answered erasure leaves behind: data that are kept have a day on which they go, or on which somebody looks.

A closed request is never opened again. When the day comes a request of the service's own follows it, about one
recipient and the categories it kept, under the decision that two people once made. What it needs to find the person
lies sealed under a key of its own until then, whatever becomes of the answered request.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.erasure_decision import KEEPING_GROUNDS
from app.domain.erasure_grounds import EXEMPTIONS, LEGAL_CLAIMS, LEGAL_OBLIGATION
from app.domain.erasure_plan import KEPT, Fate, next_bookkeeping_end
from app.domain.execution import DONE
from app.domain.fanout import Action
from app.domain.retention import BOOKKEEPING_HOLD
from app.models import (
    ClaimRow,
    ErasedDataRow,
    ErasurePlanRow,
    IdentifierRow,
    ProcessorRow,
    RequestRow,
    ScheduledErasureRow,
    TaskRow,
)
from app.repositories import cases, erasure, guarding, jobs
from app.repositories.cases import CaseRows
from app.services import erasing, orders, own_retention, persons, sealing, steps, suppression, tasks
from app.services.context import INSYN, Context
from app.services.ids import new_id, new_reference
from app.vault.envelope import Address

_ENDED = frozenset({ClaimOutcome.GRANTED, ClaimOutcome.PARTLY_GRANTED})


async def erasure_closed(tx: Tx, ctx: Context, case: CaseRows, claim: ClaimRow) -> None:
    """Let follow what follows from the end of an erasure claim: days, entries, and the word on what it carried out."""
    if claim.right != "erasure" or claim.outcome is None:
        return
    if claim.outcome in _ENDED:
        await _note_what_is_gone(tx, ctx, case, claim)
    if claim.outcome in _ENDED or claim.ground in KEEPING_GROUNDS:
        await _schedule(tx, ctx, case, claim)
    if case.row.follows is not None:
        await _performed(tx, ctx, case.row, claim)


# --- what is kept -----------------------------------------------------------------------------------------------------


async def _schedule(tx: Tx, ctx: Context, case: CaseRows, claim: ClaimRow) -> None:
    kept = {**_by_plan(ctx, case, claim), **_by_answers(tx, ctx, case, claim)}
    processors = {one.id: one for one in case.processors}
    rows = [
        await _scheduled(tx, ctx, case.row, claim, processors[at], category, why)
        for (at, category), why in kept.items()
    ]
    if not rows:
        return
    await erasure.schedule(tx, rows)
    days = [day for one in rows for day in (one.due_on, one.review_on) if day is not None]
    categories = sorted({one.category for one in rows})
    facts = {"claim_id": str(claim.id), "categories": categories, "next_on": min(days).isoformat()}
    await steps.note(tx, case.row, AuditStep.RETENTION_SCHEDULED, actor=INSYN, facts=facts)


def _by_plan(ctx: Context, case: CaseRows, claim: ClaimRow) -> dict[tuple[UUID, str], dict[str, Any]]:
    """What the decision keeps, at each recipient that erases and holds it."""
    seen, heard, found = case.seen(), erasing.Heard(ctx, case), {}
    for one in case.plan:
        if one.claim_id != claim.id or one.fate not in KEPT:
            continue
        for processor in seen.processors.values():
            erases = Action.ERASE in processor.actions and one.category in processor.categories
            if erases and heard.holds(processor.id, one.category) is not False:
                found[UUID(processor.id), one.category] = _why(one)
    return found


def _why(one: ErasurePlanRow) -> dict[str, Any]:
    if one.fate == Fate.KEEP_UNTIL:
        return {"exception": one.exception, "hold": one.hold, "until": one.until}
    return {"exception": one.exception, "hold": one.hold, "condition": one.condition, "review_on": one.review_on}


def _by_answers(tx: Tx, ctx: Context, case: CaseRows, claim: ClaimRow) -> dict[tuple[UUID, str], dict[str, Any]]:
    """
    What recipients say that the law makes them keep.

    Of several days the first counts: what is still kept on it is named again, and so has the next.
    """
    found: dict[tuple[UUID, str], dict[str, Any]] = {}
    today, heard = ctx.today(case.row.controller_id, tx.now), erasing.Heard(ctx, case)
    for task in _erasures(case.tasks, claim):
        for one in tasks.answer_of(ctx, case.row, task).get("retained", []):
            until, place = date.fromisoformat(one["until"]), (task.processor_id, str(one["category"]))
            if one["law"] == BOOKKEEPING_HOLD:
                ends = next_bookkeeping_end(heard.years(str(task.processor_id)), today=today)
                until = min(until, ends or until)
            if place not in found or until < found[place]["until"]:
                is_claim = one["law"] in EXEMPTIONS[LEGAL_CLAIMS].holds
                exception = LEGAL_CLAIMS if is_claim else LEGAL_OBLIGATION
                found[place] = {"exception": exception, "hold": one["law"], "until": until}
    return found


def _erasures(rows: Iterable[TaskRow], claim: ClaimRow) -> list[TaskRow]:
    return [task for task in rows if task.claim_id == claim.id and task.action == Action.ERASE]


async def _scheduled(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    claim: ClaimRow,
    processor: ProcessorRow,
    category: str,
    why: dict[str, Any],
) -> ScheduledErasureRow:
    id_ = new_id()
    key = await sealing.new_key(ctx, row.controller_id, id_)
    until = why.get("until")
    due_on = until + timedelta(days=1) if until is not None else None
    person = orders.person_of(ctx, row)
    known = [one for one in person["identifiers"] if one["type"] in processor.identifier_types]
    return ScheduledErasureRow(
        id=id_,
        controller_id=row.controller_id,
        request_id=row.id,
        claim_id=claim.id,
        reference=row.reference,
        processor_id=processor.id,
        category=category,
        due_on=due_on,
        next_at=_start_of(ctx, row.controller_id, due_on or why["review_on"]),
        decided_by=claim.decided_by or INSYN.ref,
        decided_at=claim.decided_at or tx.now,
        approved_by=claim.approved_by,
        identifiers_checked=claim.identifiers_checked,
        assurance=row.assurance,
        language=row.language,
        subject_key=row.subject_key,
        subject_sealed=key.seal_json({"identifiers": known}, where=_where(row.controller_id, id_)),
        wrapped_key=key.wrapped,
        protected=row.protected,
        made_at=tx.now,
        **why,
    )


def _start_of(ctx: Context, controller: str, day: date) -> datetime:
    """Midnight at the start of a day in the controller's time zone."""
    return datetime.combine(day, time(), tzinfo=ctx.zone(controller)).astimezone(UTC)


def _where(controller: str, id_: UUID) -> Address:
    return Address(controller=controller, table="scheduled_erasure", column="subject", row=str(id_))


# --- what is gone -----------------------------------------------------------------------------------------------------


async def _note_what_is_gone(tx: Tx, ctx: Context, case: CaseRows, claim: ClaimRow) -> None:
    """R17-4: what was erased must come back neither from a backup nor by an import."""
    today = ctx.today(case.row.controller_id, tx.now)
    blinds = suppression.blinds_of(ctx, case.row, checked=claim.identifiers_checked)
    keys = {one.id: one.key for one in case.processors}
    done = [task for task in _erasures(case.tasks, claim) if task.outcome in DONE]
    for task in done:
        erasure.erased(
            tx,
            ErasedDataRow(
                id=new_id(),
                controller_id=case.row.controller_id,
                task_id=task.id,
                processor_id=task.processor_id,
                reference=case.row.reference,
                categories=list(task.categories),
                blinds=[{"type": type_, "blind": blind.hex()} for type_, blind in blinds],
                erased_on=today,
                backups_overwritten_by=backups_gone_by(ctx, case.row.controller_id, keys[task.processor_id], today),
            ),
        )
    still_customer = any(one.condition == "contract_runs" for one in case.plan if one.claim_id == claim.id)
    if done and not still_customer:
        await suppression.write(tx, ctx, case.row, "reimport", checked=claim.identifiers_checked)


def backups_gone_by(ctx: Context, controller: str, key: str, erased_on: date) -> date | None:
    """When the last backup with what was erased is overwritten, where the system states it."""
    system = next((one for one in ctx.profile(controller).systems if one.id == key), None)
    if system is None or system.backups_overwritten_after is None:
        return None
    return erased_on + timedelta(days=int(system.backups_overwritten_after[1:-1]))


# --- the day has come -------------------------------------------------------------------------------------------------


async def begin(tx: Tx, ctx: Context, id_: UUID) -> RequestRow | None:
    """
    Begin what is due: a request that follows the answered one, decided where the day erases, open where it is a
    person's to look. None when it is not due, begun already, or in somebody else's hands.
    """
    one = await erasure.scheduled(tx, id_, lock=True)
    if one is None or one.next_at is None or one.next_at > tx.now:
        return None
    together = await erasure.due_together(tx, one)
    row = await _follow_up(tx, ctx, together)
    for each in together:
        each.state, each.next_at, each.follow_up = "begun", None, row.id
    await tx.session.flush()  # or the next one of them would be read as it was
    return row


async def _follow_up(tx: Tx, ctx: Context, due: Sequence[ScheduledErasureRow]) -> RequestRow:
    first, categories = due[0], sorted({one.category for one in due})
    person = _person(ctx, due)
    request_id = new_id()
    key = await sealing.new_case_key(ctx, first.controller_id, request_id)
    deadline = ctx.explain_deadline(first.controller_id, tx.now)
    row = RequestRow(
        id=request_id,
        controller_id=first.controller_id,
        reference=new_reference(tx.now),
        phase=Phase.RECEIVED,
        status=Phase.RECEIVED,
        channel="retention",
        language=first.language,
        received_at=tx.now,
        filed_at=tx.now,
        due_on=deadline.due_on,
        deadline=deadline.as_json(),
        assurance=first.assurance,
        subject_key=first.subject_key,
        filed_by_role=INSYN.role,
        follows=first.request_id,
        only_categories=categories,
        participants=sorted({str(one.processor_id) for one in due}),
        next_at=tx.now - steps.CERTAINLY_DUE,
        wrapped_key=key.wrapped,
        subject_sealed=b"",
    )
    row.protected = any(one.protected for one in due) or await guarding.hides(tx, row)
    row.subject_sealed = key.seal_json(person, where=sealing.where(row, "request", "subject", row.id))
    tx.session.add(row)
    await tx.session.flush()
    steps.begin_chain(tx, row)
    claim = _claim(tx, row, first)
    if claim.state == ClaimState.DECIDED:  # about whom it was decided was sealed then, and nothing is added
        claim.decided_for = persons.sign_of(ctx, row, checked=claim.identifiers_checked)
    tx.session.add(claim)
    await tx.session.flush()
    if claim.state == ClaimState.DECIDED:
        await erasure.replace_plan(tx, claim.id, [_to_erase(claim, one) for one in categories])
    for type_, blind in suppression.blinds_of(ctx, row, checked=True):
        tx.session.add(IdentifierRow(request_id=row.id, blind=blind, controller_id=row.controller_id, type=type_))
    facts: dict[str, Any] = {
        "follows": str(first.request_id),
        "reference": first.reference,
        "categories": categories,
        "ended_on": first.until.isoformat() if first.until else None,
        "condition": first.condition,
    }
    await steps.note(tx, row, AuditStep.RETENTION_ENDED, actor=INSYN, facts=facts)
    jobs.wake(tx, "case.advance", controller=row.controller_id, id=row.id)
    return row


def _person(ctx: Context, due: Sequence[ScheduledErasureRow]) -> dict[str, Any]:
    """What these recipients need to find the person, opened: each identifier once."""
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for one in due:
        key = sealing.open_key(ctx, one.controller_id, one.wrapped_key or b"", one.id)
        opened = key.open_json(one.subject_sealed or b"", where=_where(one.controller_id, one.id))
        for each in opened["identifiers"]:
            same = known.get((each["type"], each["value"]))
            if same is None or "as_given" in each:
                known[each["type"], each["value"]] = each
    return {"identifiers": list(known.values()), "contact": {}}


def _claim(tx: Tx, row: RequestRow, one: ScheduledErasureRow) -> ClaimRow:
    """The erasure two people agreed to when its day comes; what only a condition kept is a person's to decide anew."""
    is_agreed = one.review_on is None and one.approved_by is not None
    return ClaimRow(
        id=new_id(),
        request_id=row.id,
        controller_id=row.controller_id,
        position=0,
        right="erasure",
        needs=row.assurance,  # proved when it was decided
        state=ClaimState.DECIDED if is_agreed else ClaimState.OPEN,
        verdict=Verdict.GRANTED if is_agreed else None,
        decided_by=one.decided_by if is_agreed else None,
        decided_at=tx.now if is_agreed else None,
        approved_by=one.approved_by if is_agreed else None,
        identifiers_checked=one.identifiers_checked,
        # Everybody was told, and the wait was over, before it was agreed to; nobody has asked for anything now.
        cooling_until=tx.now if is_agreed else None,
    )


def _to_erase(claim: ClaimRow, category: str) -> ErasurePlanRow:
    return ErasurePlanRow(
        claim_id=claim.id,
        category=category,
        request_id=claim.request_id,
        controller_id=claim.controller_id,
        fate=Fate.ERASE_NOW,
        ground="not_necessary",
    )


async def _performed(tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow) -> None:
    """Say on the answered request's own chain what has come of what it kept; destroy what was needed to find it."""
    carried_out = await erasure.of_follow_up(tx, row.id)
    for one in carried_out:
        if one.wrapped_key is not None:
            await own_retention.destroy_key(tx, ctx, row, one.id, what="kept")
        one.state, one.performed_at, one.outcome = "performed", tx.now, claim.outcome
        one.subject_sealed, one.wrapped_key, one.subject_key = None, None, None
    answered = await cases.request(tx, row.follows, lock=True) if row.follows else None
    if answered is None or claim.outcome not in (*_ENDED, ClaimOutcome.NOTHING_HELD):
        return
    untils = [one.until for one in carried_out if one.until is not None]
    facts: dict[str, Any] = {
        "follow_up": str(row.id),
        "reference": row.reference,
        "categories": sorted(one.category for one in carried_out),
        "outcome": claim.outcome,
    } | ({"until": max(untils).isoformat()} if untils else {})
    await steps.note(tx, answered, AuditStep.RETENTION_ERASED, actor=INSYN, facts=facts)
