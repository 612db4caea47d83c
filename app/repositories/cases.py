"""Requests, claims and tasks: read as the process sees them, found as staff and persons look for them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlmodel import col

from app.db import Tx
from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.erasure_plan import WITHHELD
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.guarding import cooling_of, has_to_cool
from app.domain.identity import Level
from app.domain.rights import right
from app.domain.snapshot import Case, Claim, Processor, Task, letter_key
from app.domain.standing import Former, has_effect
from app.models import (
    ClaimRow,
    ErasurePlanRow,
    FeeNoticeRow,
    ForwardingRow,
    IdentifierRow,
    LedgerEntryRow,
    LetterRow,
    PackageRow,
    ProcessorRow,
    RequestRow,
    RestrictionRow,
    SuspensionRow,
    TaskRow,
)
from app.repositories import clock, erasure, guarding, notes, outward, registry


async def request(tx: Tx, request_id: UUID, *, lock: bool = False) -> RequestRow | None:
    """One request of a controller this transaction may see; *lock* takes its row until the end."""
    query = select(RequestRow).where(col(RequestRow.id) == request_id, guarding.may_see(tx))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def claims_of(tx: Tx, request_ids: Iterable[UUID]) -> Sequence[ClaimRow]:
    query = (
        select(ClaimRow)
        .where(col(ClaimRow.request_id).in_(list(request_ids)))
        .order_by(col(ClaimRow.request_id), col(ClaimRow.position))
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()


async def others_at(tx: Tx, task: TaskRow) -> Sequence[TaskRow]:
    """What else the task's recipient was asked for the same request, in order; the caller holds the request."""
    query = (
        select(TaskRow)
        .where(col(TaskRow.request_id) == task.request_id, col(TaskRow.processor_id) == task.processor_id)
        .where(col(TaskRow.id) != task.id)
        .order_by(col(TaskRow.created_at), col(TaskRow.id))
    )
    return (await tx.session.execute(query)).scalars().all()


async def tasks_of(tx: Tx, request_id: UUID) -> Sequence[TaskRow]:
    """All a request has asked anybody, also for who turned out to be somebody else."""
    query = (
        select(TaskRow)
        .where(col(TaskRow.request_id) == request_id)
        .order_by(col(TaskRow.created_at), col(TaskRow.id))
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(query)).scalars().all()


async def counting_tasks_of(tx: Tx, request_id: UUID) -> list[TaskRow]:
    """The tasks of a request that were asked for whoever is known now (:mod:`app.domain.standing`)."""
    return [one for one in await tasks_of(tx, request_id) if _counts(one)]


async def task(tx: Tx, task_id: UUID, *, lock: bool = False) -> TaskRow | None:
    query = select(TaskRow).where(col(TaskRow.id) == task_id, guarding.may_see_its_request(tx, TaskRow.request_id))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def task_by_token(tx: Tx, token_hash: bytes) -> TaskRow | None:
    query = select(TaskRow).where(col(TaskRow.token_hash) == token_hash)
    return (await tx.session.execute(query)).scalar_one_or_none()


@dataclass(frozen=True)
class Setting:
    """
    What a case needs to know and its tables do not say: from the controller's profile, and from sealed answers.

    ``forwarded`` are the categories held for another controller, ``recipients`` those no system reaches.
    """

    forwarded: frozenset[str] = frozenset()
    recipients: tuple[str, ...] = ()
    to_forward: Mapping[str, frozenset[str]] = field(default_factory=dict)
    known_on: date | None = None
    typed: bool = False


@dataclass
class CaseRows:
    """
    One case's rows, read together. Whoever adds to the case in the same transaction adds here too, so that the case
    can be looked at again without being read again.
    """

    row: RequestRow
    claims: list[ClaimRow]
    tasks: list[TaskRow]  #: what counts for whoever is known now (:mod:`app.domain.standing`)
    processors: list[ProcessorRow]
    letters: set[str]
    package: PackageRow | None
    now: datetime
    sent: dict[str, datetime | None] = field(default_factory=dict)  #: when each of the letters was out
    questions: list[SuspensionRow] = field(default_factory=list)  #: those a letter of this transaction speaks of
    fees: list[FeeNoticeRow] = field(default_factory=list)
    plan: list[ErasurePlanRow] = field(default_factory=list)  #: of the request's erasure
    code_wanted: bool = False
    restrictions: list[RestrictionRow] = field(default_factory=list)
    ledger: list[LedgerEntryRow] = field(default_factory=list)
    forwardings: list[ForwardingRow] = field(default_factory=list)
    erasure_opposed: bool = False
    setting: Setting = Setting()
    former: list[TaskRow] = field(default_factory=list)  #: asked for somebody else, or while less was known

    @property
    def done_before(self) -> list[TaskRow]:
        """What was done for the same person while less was known of them: it stays done, and is asked anew."""
        return [one for one in self.former if was_done(one)]

    def seen(self) -> Case:
        """The case as the process sees it."""
        held = Level.from_key(self.row.assurance)
        return Case(
            phase=Phase(self.row.phase),
            status=self.row.status,
            assurance=held,
            due_on=self.row.due_on,
            claims=tuple(_claim_seen(claim, self.plan, held=held, now=self.now) for claim in self.claims),
            # Before whoever has it in hand has answered nobody is asked anew in its place.
            tasks=tuple(_task_seen(one) for one in (*self.tasks, *(one for one in self.former if not _is_over(one)))),
            done_before=frozenset(str(one.claim_id) for one in self.done_before),
            former=tuple(_task_seen(one) for one in self.former),
            processors=self._processors_seen(),
            letters=frozenset(self.letters),
            unsent_letters=frozenset(key for key, sent_at in self.sent.items() if sent_at is None),
            package_sealed=self.package is not None,
            package_released=self.package is not None and self.package.released_at is not None,
            package_left_out=self.package.left_out if self.package is not None else 0,
            clock=clock.seen(self.row, self.sent),
            unclassified=self.row.unclassified,
            is_follow_up=self.row.follows is not None,
            stopped=self.row.is_stopped,
            code_wanted=self.code_wanted,
            restrictions=tuple(outward.restriction_seen(one) for one in self.restrictions),
            ledger=tuple(outward.entry_seen(one) for one in self.ledger),
            forwardings=tuple(outward.forwarding_seen(one) for one in self.forwardings),
            recipients=self.setting.recipients,
            to_forward=self.setting.to_forward,
            known_on=self.setting.known_on,
            typed=self.setting.typed,
            erasure_opposed=self.erasure_opposed,
        )

    def _processors_seen(self) -> dict[str, Processor]:
        seen = registry.as_seen(self.processors, among=self.row.participants, forwarded=self.setting.forwarded)
        if self.row.follows is None:
            return seen
        # A follow-up concerns one recipient and the categories that it kept, and nobody who came later.
        only = frozenset(self.row.only_categories or ())
        narrowed = {id_: replace(seen[id_], categories=seen[id_].categories & only) for id_ in self.participants_there}
        return {id_: one for id_, one in narrowed.items() if one.categories}

    @property
    def participants_there(self) -> list[str]:
        there = {str(one.id) for one in self.processors if one.state in registry.TAKES_PART}
        return [id_ for id_ in self.row.participants or () if id_ in there]

    def claim(self, claim_id: str) -> ClaimRow:
        return next(claim for claim in self.claims if str(claim.id) == claim_id)


async def rows_of(tx: Tx, row: RequestRow) -> CaseRows:
    """Read a case; a fixed number of statements whatever its size."""
    letters = select(LetterRow.kind, LetterRow.about, LetterRow.sent_at).where(col(LetterRow.request_id) == row.id)  # type: ignore[call-overload]
    sent = {letter_key(kind, about): sent_at for kind, about, sent_at in (await tx.session.execute(letters)).all()}
    claims, tasks = list(await claims_of(tx, [row.id])), await tasks_of(tx, row.id)
    erases = any(right(claim.right).action is Action.ERASE for claim in claims)
    return CaseRows(
        row=row,
        claims=claims,
        tasks=[one for one in tasks if _counts(one)],
        former=[one for one in tasks if not _counts(one)],
        processors=list(await registry.processors_of(tx, [row.controller_id], with_removed=True)),
        letters=set(sent),
        package=await tx.session.get(PackageRow, row.id),
        sent=sent,
        fees=list(await notes.fees_of(tx, row.id)),
        plan=await erasure.plan_of_request(tx, row.id),
        now=tx.now,
        code_wanted=await guarding.is_code_wanted(tx, row),
        restrictions=list(await outward.restrictions_of(tx, row.id)),
        ledger=list(await outward.entries_of(tx, row.id)),
        forwardings=list(await outward.forwardings_of(tx, row.id)),
        erasure_opposed=erases and await outward.erasure_is_opposed(tx, row.id),
    )


async def snapshot(tx: Tx, row: RequestRow) -> Case:
    """The case as the process sees it."""
    return (await rows_of(tx, row)).seen()


def _claim_seen(row: ClaimRow, plan: Iterable[ErasurePlanRow], *, held: Level, now: datetime) -> Claim:
    cools = has_to_cool(row.right, moves_contact=row.moves_contact, held=held)
    return Claim(
        id=str(row.id),
        right=right(row.right),
        needs=Level.from_key(row.needs),
        state=ClaimState(row.state),
        verdict=Verdict(row.verdict) if row.verdict else None,
        excluded=frozenset(row.excluded),
        withheld=frozenset(one.category for one in plan if one.claim_id == row.id and one.fate in WITHHELD),
        outcome=ClaimOutcome(row.outcome) if row.outcome else None,
        cooling=cooling_of(cools=cools, until=row.cooling_until, now=now),
        cooling_until=row.cooling_until,
    )


def was_done(row: TaskRow) -> bool:
    """
    Whether a task has done something for whoever is known now.

    While less was known of them, too: but then a copy that stayed here, and is made anew, is nothing that was done.
    """
    if row.former is None:
        return row.outcome in DONE
    return row.former == Former.MORE_KNOWN and has_effect(Action(row.action), row.outcome)


def _counts(row: TaskRow) -> bool:
    return row.former is None


def _is_over(row: TaskRow) -> bool:
    return row.state == TaskState.CLOSED


def _task_seen(row: TaskRow) -> Task:
    return Task(
        id=str(row.id),
        claim=str(row.claim_id) if row.claim_id else None,
        processor=str(row.processor_id),
        action=Action(row.action),
        state=TaskState(row.state),
        outcome=Outcome(row.outcome) if row.outcome else None,
        answer_by=row.answer_by,
        next_at=row.next_at,
        restriction=str(row.ends_former) if row.ends_former else None,
    )


async def due_requests(tx: Tx, *, limit: int = 500) -> Sequence[tuple[str, UUID]]:
    """Open requests whose next instant has passed: (controller, id), the longest overdue first."""
    query = (
        select(col(RequestRow.controller_id), col(RequestRow.id))
        .where(col(RequestRow.next_at) <= tx.now)
        .order_by(col(RequestRow.next_at))
        .limit(limit)
    )
    return [(controller, id_) for controller, id_ in (await tx.session.execute(query)).all()]


async def open_and_due_until(tx: Tx, day: date) -> dict[str, int]:
    """How many open requests are due on or before *day*, per controller; none are left out as 0."""
    query = (
        select(col(RequestRow.controller_id), func.count())
        .where(
            col(RequestRow.next_at).is_not(None),
            col(RequestRow.due_on) <= day,
            col(RequestRow.phase) != Phase.CLOSED.value,
        )
        .group_by(col(RequestRow.controller_id))
    )
    return {controller: number for controller, number in (await tx.session.execute(query)).all()}  # noqa: C416


async def has_tasks(tx: Tx, processor_id: UUID) -> bool:
    """Whether a processor has ever been asked anything."""
    query = select(col(TaskRow.id)).where(col(TaskRow.processor_id) == processor_id).limit(1)
    return (await tx.session.execute(query)).first() is not None


async def tasks_at(tx: Tx, processor_id: UUID, *, states: Collection[str]) -> Sequence[tuple[UUID, UUID]]:
    """The processor's tasks in these states, as (request, task), in the order in which requests are to be held."""
    query = (
        select(col(TaskRow.request_id), col(TaskRow.id))
        .where(col(TaskRow.processor_id) == processor_id, col(TaskRow.state).in_(list(states)))
        .order_by(col(TaskRow.request_id), col(TaskRow.id))
    )
    return [(request_id, task_id) for request_id, task_id in (await tx.session.execute(query)).all()]


async def wake_those_asking(tx: Tx, processor_id: UUID, *, at: datetime) -> None:
    """Let every case that waits for a processor be looked at as soon as the sweep comes by."""
    waiting = select(col(TaskRow.request_id)).where(
        col(TaskRow.processor_id) == processor_id, col(TaskRow.state) != TaskState.CLOSED
    )
    await tx.session.execute(
        update(RequestRow)
        .where(col(RequestRow.id).in_(waiting), col(RequestRow.next_at).is_not(None))
        .values(next_at=at)
        .execution_options(synchronize_session=False)
    )


async def own_requests(
    tx: Tx, *, subject_keys: Iterable[bytes], after: UUID | None, limit: int
) -> Sequence[RequestRow]:
    """A person's own requests, newest first (ids are UUIDv7), keyset-paged."""
    query = select(RequestRow).where(col(RequestRow.subject_key).in_(list(subject_keys)))
    if after is not None:
        query = query.where(col(RequestRow.id) < after)
    return (await tx.session.execute(query.order_by(col(RequestRow.id).desc()).limit(limit))).scalars().all()


def _matches(
    *,
    controller: str | None,
    phase: str | None,
    status: str | None,
    right: str | None,
    due_before: date | None,
    overdue_on: date | None,
    assignee: str | None,
    processor: UUID | None,
    reference: str | None,
) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    simple = (
        (controller, RequestRow.controller_id),
        (phase, RequestRow.phase),
        (status, RequestRow.status),
        (assignee, RequestRow.assignee_ref),
        (reference, RequestRow.reference),
    )
    conditions += [col(column) == value for value, column in simple if value is not None]
    if due_before is not None:
        conditions.append(col(RequestRow.due_on) < due_before)
    if overdue_on is not None:
        conditions += [col(RequestRow.due_on) < overdue_on, col(RequestRow.phase) != Phase.CLOSED.value]
    if right is not None:
        conditions.append(col(RequestRow.id).in_(select(col(ClaimRow.request_id)).where(col(ClaimRow.right) == right)))
    if processor is not None:
        conditions.append(
            col(RequestRow.id).in_(select(col(TaskRow.request_id)).where(col(TaskRow.processor_id) == processor))
        )
    return and_(*conditions)


async def work_list(
    tx: Tx,
    *,
    after: tuple[date, UUID] | None,
    limit: int,
    controller: str | None = None,
    phase: str | None = None,
    status: str | None = None,
    right: str | None = None,
    due_before: date | None = None,
    overdue_on: date | None = None,
    assignee: str | None = None,
    processor: UUID | None = None,
    reference: str | None = None,
) -> Sequence[RequestRow]:
    """Requests for staff, the earliest due date first, keyset-paged over (due_on, id)."""
    query = select(RequestRow).where(
        guarding.may_see(tx),
        _matches(
            controller=controller,
            phase=phase,
            status=status,
            right=right,
            due_before=due_before,
            overdue_on=overdue_on,
            assignee=assignee,
            processor=processor,
            reference=reference,
        ),
    )
    if after is not None:
        due_on, last = after
        query = query.where(
            or_(
                col(RequestRow.due_on) > due_on,
                and_(col(RequestRow.due_on) == due_on, col(RequestRow.id) > last),
            )
        )
    query = query.order_by(col(RequestRow.due_on), col(RequestRow.id)).limit(limit)
    return (await tx.session.execute(query)).scalars().all()


async def found_by(tx: Tx, blinds: Iterable[bytes], *, controller: str | None, limit: int) -> Sequence[RequestRow]:
    """Requests of a person, by blind index, exact match."""
    ids = select(col(IdentifierRow.request_id)).where(col(IdentifierRow.blind).in_(list(blinds)))
    query = select(RequestRow).where(col(RequestRow.id).in_(ids), guarding.may_see(tx))
    if controller is not None:
        query = query.where(col(RequestRow.controller_id) == controller)
    return (await tx.session.execute(query.order_by(col(RequestRow.id).desc()).limit(limit))).scalars().all()


async def tasks_for_staff(
    tx: Tx,
    *,
    states: Iterable[str],
    controller: str | None = None,
    processor: UUID | None = None,
    attention: str | None = None,
    after: UUID | None,
    limit: int,
) -> Sequence[TaskRow]:
    """Tasks in these states, oldest first, keyset-paged."""
    query = select(TaskRow).where(
        col(TaskRow.state).in_(list(states)), guarding.may_see_its_request(tx, TaskRow.request_id)
    )
    if controller is not None:
        query = query.where(col(TaskRow.controller_id) == controller)
    if processor is not None:
        query = query.where(col(TaskRow.processor_id) == processor)
    if attention is not None:
        query = query.where(col(TaskRow.attention) == attention)
    if after is not None:
        query = query.where(col(TaskRow.id) > after)
    return (await tx.session.execute(query.order_by(col(TaskRow.id)).limit(limit))).scalars().all()


async def with_status(tx: Tx, controller: str, status: str) -> Sequence[UUID]:
    """The open requests of a controller that stand at *status*."""
    query = select(col(RequestRow.id)).where(
        col(RequestRow.controller_id) == controller,
        col(RequestRow.status) == status,
        col(RequestRow.phase) != Phase.CLOSED.value,
    )
    return (await tx.session.execute(query.order_by(col(RequestRow.id)))).scalars().all()
