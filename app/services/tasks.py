"""
One action asked of one recipient: made, settled by an answer, resolved by a person.

Whatever ends or moves a task comes through :func:`settle` (a processor's word) or :func:`resolve` (a person's). Both
hold the request's row, so a callback, a poll and a person never race.
"""

import base64
import hashlib
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, assert_never
from uuid import UUID

from app.db import Tx
from app.domain import answers, ended_by_person, erasure_answers, fanout
from app.domain.audit import AuditStep, as_code
from app.domain.breaker import REFUSALS_OF_A_TASK, is_about_credentials
from app.domain.case import ClaimState, Phase
from app.domain.errors import DomainError
from app.domain.execution import DONE
from app.domain.fanout import (
    Action,
    AnswerMode,
    AskPerson,
    AskProcessor,
    Close,
    Idempotency,
    Outcome,
    TaskState,
    TryAgain,
    Verb,
    Wait,
)
from app.domain.faults import UNKNOWN
from app.domain.process import CreateTask
from app.domain.retention import BOOKKEEPING_HOLD
from app.domain.working_days import months_later
from app.models import ClaimRow, ProcessorRow, RequestRow, TaskRow
from app.observability import TASKS
from app.processors import Answer, AnswerNotUnderstood, Kind, read_outcome, takes_back
from app.repositories import cases, erasure, jobs, registry
from app.services import (
    deadline_watch,
    former,
    hearing,
    recipient_mail,
    registration,
    sealing,
    standing,
    steps,
    task_files,
    told_to_keep,
)
from app.services.context import INSYN, Actor, Context
from app.services.handing_over import REMOVED
from app.services.handing_over import hand_to_person as hand_to_person
from app.services.ids import new_id
from app.vault import Unreadable

#: Words that come without our having asked at that moment: nobody knows how old they are.
SAID_UNASKED = frozenset({"callback", "page"})


class UnknownTask(DomainError):
    """There is no such task."""


class TaskOver(DomainError):
    """The task is over; nothing can be added to it."""


class TaskUnderWay(DomainError):
    """The task is being sent or answered by the processor; it is not a person's now."""


#: Random only to spread retries; nothing secret hangs on it.
_spread = random.Random()  # noqa: S311


async def create(tx: Tx, ctx: Context, row: RequestRow, wanted: CreateTask) -> TaskRow:
    """Make a task and wake its lane, or hand it to a person where nobody can be called."""
    processor = await registry.processor(tx, UUID(wanted.processor))
    if processor is None:  # the snapshot was read in this very transaction
        raise LookupError("a task was planned for a processor that is not registered")
    person = why_a_person(ctx, processor)
    its_claim = await tx.session.get(ClaimRow, UUID(wanted.claim)) if wanted.claim else None
    task_id = new_id()
    task = TaskRow(
        id=task_id,
        request_id=row.id,
        claim_id=UUID(wanted.claim) if wanted.claim else None,
        processor_id=processor.id,
        controller_id=row.controller_id,
        action=wanted.action,
        categories=list(wanted.categories),
        state=TaskState.NEEDS_PERSON if person else TaskState.OPEN,
        attention=person,
        answer_by=deadline_watch.answer_by(tx, ctx, row),
        next_at=None if person else tx.now,
        token_hash=hashlib.sha256(callback_token(ctx, row.controller_id, task_id).encode()).digest(),
        created_at=tx.now,
        asked_for=standing.asked_for(wanted.action, its_claim),
        ends_former=UUID(wanted.restriction) if wanted.restriction else None,
    )
    tx.session.add(task)
    facts = {"task_id": str(task.id), "processor": processor.key, "action": wanted.action.value}
    await steps.note(tx, row, AuditStep.TASK_CREATED, actor=INSYN, facts=facts)
    if not person:
        jobs.wake(tx, "lane.drain", controller=row.controller_id, id=processor.id)
    return task


def why_a_person(ctx: Context, processor: ProcessorRow) -> str | None:
    """Why nobody can be called for a processor's tasks; None where somebody can."""
    if processor.kind == Kind.MANUAL:
        return "manual"
    # A setting that nobody reads keeps a registration from being switched on, not a running one from its work.
    return "not_connected" if any(one.word != UNKNOWN for one in registration.lacking(ctx, processor)) else None


def callback_token(ctx: Context, controller: str, task_id: UUID) -> str:
    """
    The secret part of a task's callback address: 256 bits that can be made again, so only a hash is stored.

    It begins with the controller, so that a callback enters one tenant and no other.
    """
    secret = ctx.vault.blind_index(controller=controller, type="callback_token", normalised=str(task_id))
    return f"{controller}.{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def token_expires_at(ctx: Context, row: RequestRow, task: TaskRow | None = None) -> datetime:
    """
    The statutory end of the case, extension included: midnight after the extended due date.

    A task that ends a restriction may come long after it, and can be answered for a month after its own day.
    """
    last = datetime.fromisoformat(row.deadline["extended_due_on"]).date()
    if task is not None and task.action == Action.LIFT_RESTRICTION:
        last = max(last, months_later(task.answer_by, 1))
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=ctx.zone(row.controller_id)).astimezone(UTC)


async def settle(
    tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, answer: Answer, *, by: str, verb: Verb = "send"
) -> bool:
    """
    Let a processor's answer take its consequence; False when the task was over already and nothing changed.

    The caller holds the request's row and the task's. *verb* is what the answer answers.
    """
    if task.state == TaskState.CLOSED:
        return False
    processor = await registry.processor(tx, task.processor_id)
    if processor is None:
        raise LookupError("a task without its processor")
    stands = await _stands(tx, ctx, row, task)
    if not stands and by in SAID_UNASKED:
        return await _only_note(tx, ctx, row, task, answer)
    try:
        check_categories(ctx, task, answer.body)
    except AnswerNotUnderstood:
        answer = Answer(outcome=Outcome.UNKNOWN, code="foreign_category")
    if is_about_credentials(answer.outcome, answer.code) and task.failures + 1 < REFUSALS_OF_A_TASK:
        # Nothing was done, and it is not this task that was refused: it waits with the lane (app.domain.breaker).
        answer = replace(answer, outcome=Outcome.RETRY, body={})
    is_no_later = answer.effective_at is not None and answer.effective_at <= tx.now
    failed = answer.outcome in (Outcome.RETRY, Outcome.UNKNOWN) or (
        answer.outcome is Outcome.EFFECTIVE_LATER and is_no_later
    )
    task.failures = task.failures + 1 if failed else 0
    consequence = fanout.judge(
        answer.outcome,
        now=tx.now,
        attempt=task.failures,
        idempotency=Idempotency(processor.idempotency),
        answer_mode=AnswerMode(processor.answer_mode),
        fraction=_spread.random(),
        wait=answer.wait,
        effective_at=answer.effective_at,
        verb=verb,
        code=answer.code,
    )
    # Whoever goes on with it, a person's "send it again" too, first asks what became of it.
    task.ask_first = isinstance(consequence, AskProcessor)
    consequence = fanout.in_time(consequence, now=tx.now, latest=_latest_try(ctx, row))
    task.last_code = as_code(answer.code)
    task.poll_url = answer.poll_url or task.poll_url
    answer, to_review = await task_files.joined(tx, ctx, row, task, answer)
    doubt = to_review or await doubt_about(tx, ctx, row, task, answer)
    if doubt is not None:
        consequence = AskPerson(doubt)
    elif not stands and not isinstance(consequence, Close):
        consequence = AskPerson(standing.NOT_DECIDED)
    elif answer.outcome not in (Outcome.ACCEPTED, Outcome.RETRY) and not isinstance(consequence, Wait):
        task.outcome = answer.outcome.value
    if answer.body:
        await _keep_answer(ctx, row, task, answer.body)
    if answer.progress is not None:
        task.progress_sealed = sealing.seal(
            ctx, row, dict(answer.progress), table="task", column="progress", id=task.id
        )
    if answer.mail is not None:
        await recipient_mail.put(tx, ctx, row, task, processor, answer.mail)
    match consequence:
        case Close():
            await _close(tx, row, task, answer.outcome, actor=Actor("processor", processor.key), by=by)
            await hearing.heard(tx, ctx, row, task, answer.body)
        case Wait(poll_at):
            task.state, task.next_at = TaskState.ACCEPTED, poll_at
            _ring(tx, processor, poll_at)
        case TryAgain(at) | AskProcessor(at):
            # What was stopped is not sent again until somebody has settled it.
            task.state, task.next_at = TaskState.OPEN, None if row.is_stopped and task.claim_id else at
            _ring(tx, processor, task.next_at)
        case AskPerson(reason):
            await hand_to_person(tx, row, task, reason, code=answer.code)
        case _:
            assert_never(consequence)
    await steps.changed(tx, row)
    return True


async def _stands(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> bool:
    try:
        return await standing.may_leave(tx, ctx, row, task)
    except Unreadable:
        return True  # whoever sends it meets that


async def _only_note(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, answer: Answer) -> bool:
    """
    Keep what a recipient says of a task that nobody has decided for whoever is known now, and close nothing with it.

    What came of it a person says, who reads here what was said.
    """
    if answer.body:
        await _keep_answer(ctx, row, task, answer.body)
    if task.state != TaskState.NEEDS_PERSON:
        await hand_to_person(tx, row, task, standing.NOT_DECIDED, code=answer.code)
    await steps.changed(tx, row)
    return True


def _latest_try(ctx: Context, row: RequestRow) -> datetime | None:
    """From when on a try comes too late for the case; what follows a closed one has no statutory day."""
    return None if row.phase == Phase.CLOSED else fanout.latest_try(row.due_on, ctx.zone(row.controller_id))


async def doubt_about(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow, answer: Answer) -> str | None:
    """Why an answer is shown to a person before it counts; the same for every way in which it can come."""
    asked = await asked_of(tx, ctx, row, task)
    return answers.doubt(answer.outcome, answer.body, asked, reach=await _reach(tx, ctx, row, task))


async def asked_of(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> answers.Asked:
    """A task as its answer is measured by: what was asked, and what the recipient itself has found."""
    processor = await registry.processor(tx, task.processor_id)
    return answers.Asked(
        action=Action(task.action),
        categories=frozenset(task.categories),
        is_check=task.action == Action.LOCATE and task.claim_id is not None,
        registered=frozenset(processor.categories if processor is not None else ()),
        found=await _found(tx, ctx, row, task),
        keep=await _told_to_keep(tx, task),
    )


async def _found(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> frozenset[str] | None:
    """
    The categories in which the task's recipient has found the person for this request; None where it did not look,
    found nobody, only supposes that it knows them, or has erased them since.
    """
    theirs = await cases.others_at(tx, task)
    searches = [one for one in theirs if one.action == Action.LOCATE and one.claim_id is None]
    search = searches[-1] if searches else None
    if search is None or search.state != TaskState.CLOSED or search.outcome not in DONE:
        return None
    erased = [one for one in theirs if one.action == Action.ERASE and one.created_at >= search.created_at]
    if any(cases.was_done(one) for one in erased):  # of somebody else, or before they were found again, it says nothing
        return None
    said = answer_of(ctx, row, search)
    if (said.get("evidence") or {}).get("assumed"):
        return None
    found = frozenset(said.get("found_categories") or ())
    return found if found <= set(search.categories) else frozenset()  # in words of its own: it does not say where


async def _told_to_keep(tx: Tx, task: TaskRow) -> frozenset[str]:
    """The categories of which an order to erase says that they, or a part of them, are to be kept."""
    if task.action != Action.ERASE or task.claim_id is None:
        return frozenset()
    return frozenset(one["category"] for one in await told_to_keep.keep_list(tx, task))


async def _reach(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> erasure_answers.Reach:
    categories = ctx.profile(row.controller_id).categories
    plan = await erasure.plan_of_request(tx, row.id) if task.claim_id is not None else []
    return erasure_answers.Reach(
        today=ctx.today(row.controller_id, tx.now),
        bookkeeping={one.id for one in categories if one.retention.law == BOOKKEEPING_HOLD},
        planned={
            (one.category, one.hold): last
            for one in plan
            if one.claim_id == task.claim_id and one.hold and (last := one.until or one.review_on) is not None
        },
    )


def _ring(tx: Tx, processor: ProcessorRow, at: datetime | None) -> None:
    if at is not None:
        jobs.wake(tx, "lane.drain", controller=processor.controller_id, id=processor.id, at=at)


async def _close(tx: Tx, row: RequestRow, task: TaskRow, outcome: Outcome, *, actor: Actor, by: str) -> None:
    task.state, task.next_at, task.attention, task.progress_sealed = TaskState.CLOSED, None, None, None
    task.outcome, task.closed_at, task.closed_by = outcome.value, tx.now, by
    TASKS.labels(outcome=outcome.value).inc()
    facts = {"task_id": str(task.id), "action": task.action, "outcome": outcome.value, "by": by}
    await steps.note(tx, row, AuditStep.TASK_CLOSED, actor=actor, facts=facts)
    await former.done(tx, row, task)


async def _keep_answer(ctx: Context, row: RequestRow, task: TaskRow, body: Mapping[str, Any]) -> None:
    """
    Seal an answer: what it says with the case, the records it brings with the contents, which go with the package.

    The case file keeps how many there were of what (law.md E: facts, not contents).
    """
    said, records = dict(body), body.get("records")
    task.records_sealed = None
    if records:
        del said["records"]
        given = Counter[str]()
        for one in records:
            given[str(one["category"])] += len(one.get("rows", []))
        said["records_given"] = dict(given)
        key = await sealing.hold_contents_key(ctx, row)
        task.records_sealed = key.seal_json(list(records), where=sealing.where(row, "task", "records", task.id))
    task.answer_sealed = sealing.seal(ctx, row, said, table="task", column="answer", id=task.id)


def answer_of(ctx: Context, row: RequestRow, task: TaskRow) -> dict[str, Any]:
    """
    What the processor (or the person) answered; empty when nothing was said.

    After the contents are destroyed there is ``records_given`` (rows per category) in the place of ``records``.
    """
    if task.answer_sealed is None:
        return {}
    opened: dict[str, Any] = sealing.unseal(ctx, row, task.answer_sealed, table="task", column="answer", id=task.id)
    if task.records_sealed is not None and row.contents_key:
        del opened["records_given"]
        where = sealing.where(row, "task", "records", task.id)
        opened["records"] = sealing.contents_key_of(ctx, row).open_json(task.records_sealed, where=where)
    return opened


def progress_of(ctx: Context, row: RequestRow, task: TaskRow) -> dict[str, Any] | None:
    """What the adapter left to go on from; None where it left nothing."""
    if task.progress_sealed is None:
        return None
    found: dict[str, Any] = sealing.unseal(ctx, row, task.progress_sealed, table="task", column="progress", id=task.id)
    return found


async def hold_with_request(tx: Tx, task_id: UUID) -> tuple[RequestRow, TaskRow]:
    """Lock a task's request, then the task: the order everybody takes. Raises :class:`UnknownTask`."""
    found = await cases.task(tx, task_id)
    if found is None:
        raise UnknownTask
    row = await steps.hold(tx, found.request_id)
    task = await cases.task(tx, task_id, lock=True)
    if task is None:
        raise UnknownTask
    return row, task


async def resolve(tx: Tx, ctx: Context, task_id: UUID, said: Mapping[str, Any], *, actor: Actor) -> TaskRow:
    """
    End a task with a person's word.

    Args:
        said: An outcome object, as a processor would give it; ``message`` is what the person who asked will read.

    Raises:
        UnknownTask, TaskOver, TaskUnderWay, OutcomeNotAPersons, ReasonMissing, KeptWithoutReason, KeptIsNotAll,
        MarketingStopsWhole, NothingToRetain, AnswerNotUnderstood, LawNotKnown, LawDoesNotReach,
        NoExceptionFromErasure, RetainedTooLong, AnonymisedIsNotErased
    """
    row, task = await hold_with_request(tx, task_id)
    if task.state == TaskState.CLOSED:
        raise TaskOver
    if task.state == TaskState.SENDING:
        raise TaskUnderWay
    answer = read_outcome(said, code="person")
    ended_by_person.check(Action(task.action), answer.outcome, said)
    check_categories(ctx, task, said)
    erasure_answers.check_retained(said, reach=await _reach(tx, ctx, row, task))
    ended_by_person.check_all_is_kept(Action(task.action), answer.outcome, said, asked=task.categories)
    if task.action == Action.ERASE and answer.outcome in DONE and erasure_answers.is_disguised(said):
        raise erasure_answers.AnonymisedIsNotErased
    await _keep_answer(ctx, row, task, said)
    await _close(tx, row, task, answer.outcome, actor=actor, by="person")
    await _take_back(tx, task)
    await hearing.heard(tx, ctx, row, task, said)
    await steps.changed(tx, row)
    return task


async def with_their_answer(tx: Tx, ctx: Context, task_id: UUID, said: Mapping[str, Any]) -> dict[str, Any]:
    """
    A person's word about a task, with what its recipient answered put to it: its records, what it keeps, its words.

    Raises:
        UnknownTask, NoWordsToTake, WordsHoldAddress
    """
    row, task = await hold_with_request(tx, task_id)
    return answers.taken_over(answer_of(ctx, row, task), said)


async def _take_back(tx: Tx, task: TaskRow) -> None:
    processor = await registry.processor(tx, task.processor_id) if task.attempts else None
    if processor is not None and takes_back(Kind(processor.kind)):
        jobs.wake(tx, "task.recall", controller=task.controller_id, id=task.id)


def check_categories(ctx: Context, task: TaskRow, said: Mapping[str, Any]) -> None:
    """
    Refuse an answer about categories that were not asked for: :class:`AnswerNotUnderstood`.

    Who declared none is asked about all there is, and may name any of the controller's.
    """
    named = [part["category"] for key in ("records", "retained") for part in said.get(key, [])]
    named += said.get("erased_categories", [])
    if task.action == Action.LOCATE or not named:
        return
    asked = set(task.categories) or {one.id for one in ctx.profile(task.controller_id).categories}
    if set(named) - asked:
        raise AnswerNotUnderstood("An answer names a category that is not this task's.")


async def retry(
    tx: Tx, ctx: Context, task_id: UUID, *, actor: Actor, facts: Mapping[str, Any] | None = None
) -> TaskRow:
    """
    Send a stuck task again under its own key; a person takes the responsibility.

    A task that is over is tried again only where nothing came of it and its claim was handed back for that reason.
    Nothing is changed where it refuses.

    Args:
        facts: What else stands in the audit entry.

    Raises:
        UnknownTask, TaskOver, TaskUnderWay, RequestStopped
        NotDecided: There is no yes behind it, or it was to somebody else than whoever is known now.
    """
    row, task = await hold_with_request(tx, task_id)
    steps.check_not_stopped(row)
    if task.state == TaskState.CLOSED and (task.former is not None or not await _was_in_vain(tx, row, task)):
        raise TaskOver
    if task.state not in (TaskState.NEEDS_PERSON, TaskState.CLOSED):
        raise TaskUnderWay
    with suppress(Unreadable):  # whoever sends it meets that
        await standing.check(tx, ctx, row, task)
    processor = await registry.processor(tx, task.processor_id)
    person = why_a_person(ctx, processor) if processor is not None else REMOVED
    if person is not None and task.state == TaskState.NEEDS_PERSON:
        raise TaskUnderWay("There is nobody to send this task to; a person has to do it.")
    task.state = TaskState.NEEDS_PERSON if person else TaskState.OPEN
    if processor is not None and processor.idempotency == Idempotency.QUERY and _may_have_taken_effect(task):
        task.ask_first = True
    task.outcome, task.closed_at, task.closed_by, task.answer_sealed = None, None, None, None
    task.records_sealed = None
    task.next_at, task.attention, task.failures = None if person else tx.now, person, 0
    task.answer_by = deadline_watch.answer_by(tx, ctx, row)  # the day asked for before may be gone
    await steps.note(tx, row, AuditStep.TASK_RETRIED, actor=actor, facts={"task_id": str(task.id), **(facts or {})})
    if not person:
        jobs.wake(tx, "lane.drain", controller=row.controller_id, id=task.processor_id)
    await steps.changed(tx, row)
    return task


def _may_have_taken_effect(task: TaskRow) -> bool:
    """Whether something was sent and no answer says what came of it."""
    return task.attempts > 0 and task.outcome in (None, Outcome.UNKNOWN)


async def _was_in_vain(tx: Tx, row: RequestRow, task: TaskRow) -> bool:
    """Whether the task is over without effect and its claim waits for a new decision."""
    if task.claim_id is None or task.outcome in DONE:
        return False
    claims = await cases.claims_of(tx, [row.id])
    return any(claim.id == task.claim_id and claim.state == ClaimState.OPEN for claim in claims)
