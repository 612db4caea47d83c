"""
A yes to whoever was known before is none to whoever is known now: what was decided is compared and decided anew.

So is everything else that was asked, done, packed, restricted or told: it counts for the person it was asked for
(:mod:`app.domain.standing`), and here, the one place where that is seen to, it becomes *former*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimState, Phase, Step
from app.domain.errors import DomainError
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.finding import HARMLESS, Known, may_travel
from app.domain.four_eyes import Subject
from app.domain.ledger import FORMER_PERSON, About, EntryState
from app.domain.rights import right
from app.domain.snapshot import CARRIED_OUT
from app.domain.standing import Former, former, has_left, is_compared, needs_yes
from app.models import ClaimRow, PackageRow, ProcessorRow, RequestRow, TaskRow
from app.repositories import approvals, cases, guarding, lanes, outward, registry
from app.services import claims, packaging, persons, restricting, standing, steps, suppression, tasks
from app.services import former as put_right
from app.services.context import INSYN, Context

_DECIDED = (ClaimState.DECIDED, ClaimState.AWAITING_APPROVAL)


class CopyHasAnswered(DomainError):
    """A copy has answered the request, and the proof is of somebody else: that person makes their own request."""


@dataclass(frozen=True, kw_only=True)
class _Change:
    """Who was known before, and who is known now."""

    before: Sequence[Known]
    now: Sequence[Known]

    def tells_more(
        self, processor: ProcessorRow, action: Action, *, was_checked: bool = True, is_checked: bool = True
    ) -> bool:
        """
        Whether this recipient would be told something else for the action than it was told.

        Args:
            was_checked, is_checked: Whether what was only written went, and would go, out for it.
        """
        # Who declared nothing is a person, and was told all there was.
        accepts = processor.identifier_types or sorted({one.type for one in (*self.before, *self.now)})
        then, now = (
            {(one.type, one.value) for one in may_travel(known, accepts=accepts, action=action, checked=checked)}
            for known, checked in ((self.before, was_checked), (self.now, is_checked))
        )
        return then != now


async def of_another(tx: Tx, ctx: Context, row: RequestRow, *, before: Sequence[Known]) -> None:
    """
    Undo what was decided about another person than the one who is known now; to be called when that may have changed.

    What was not sent yet is taken back. Of what may have reached somebody a person says what came of it, and the
    machine goes on with none of it; what was done for another person a person puts right. Everybody is asked anew.

    A copy that was let out is an answer. More that becomes known of the same person takes it from nobody.

    Args:
        before: How the person was known until now.

    Raises:
        CopyHasAnswered: It was let out to, and its claim closed for, somebody else than is known now.
    """
    change = _Change(before=before, now=persons.known_as(ctx, row))
    processors = {one.id: one for one in await registry.processors_of(tx, [row.controller_id], with_removed=True)}
    has_moved = is_to_be_answered = False
    for claim in await cases.claims_of(tx, [row.id]):
        was_checked = is_compared(right(claim.right), checked=claim.identifiers_checked)
        why = former(change.before, change.now, right=right(claim.right), checked=was_checked)
        was_about_another = _is_undone(ctx, row, claim)
        if was_about_another and right(claim.right).yields_package and await _is_let_out(tx, row):
            if why is Former.MORE_KNOWN:
                continue
            if claim.state == ClaimState.CLOSED and claim.verdict in CARRIED_OUT:
                raise CopyHasAnswered  # nothing would ever answer whoever is known now
        if was_about_another and claim.state != ClaimState.CLOSED:
            await _undo(tx, row, claim, why)
        is_former = _Judge(claim, change, why, processors, decided=was_about_another, was_checked=was_checked)
        moved = await _of_claim(tx, row, claim, is_former)
        if was_about_another and right(claim.right).yields_package:
            moved |= await _destroy_copy(tx, ctx, row, claim)
        for restriction in await outward.restrictions_of(tx, row.id):
            if restriction.claim_id == claim.id and not restriction.former and restriction.lifted_at is None:
                await restricting.of_former(tx, ctx, row, restriction, why, checked=claim.identifiers_checked)
        has_moved |= moved
        is_to_be_answered |= moved and claim.state != ClaimState.CLOSED
    await _searches(tx, row, change, processors)
    await _stop_marketing(tx, ctx, row, change)
    await tx.session.flush()
    if row.phase == Phase.ANSWERING and is_to_be_answered:
        await steps.take(tx, row, Step.EXECUTE_ANEW, actor=INSYN)
    if row.phase == Phase.CLOSED and has_moved:
        await steps.changed(tx, row)  # what has to be put right is seen to all the same


def _is_undone(ctx: Context, row: RequestRow, claim: ClaimRow) -> bool:
    """Whether something was decided, and about another person than the one who is known now."""
    if right(claim.right).granted_at_once:
        return False
    is_decided = claim.state in _DECIDED or claim.decided_for is not None
    return is_decided and claim.decided_for != persons.sign_of(ctx, row, checked=claim.identifiers_checked)


async def _is_let_out(tx: Tx, row: RequestRow) -> bool:
    package = await tx.session.get(PackageRow, row.id)
    return package is not None and package.released_at is not None


async def _undo(tx: Tx, row: RequestRow, claim: ClaimRow, why: Former) -> None:
    await approvals.forget_open(tx, claim.id)
    claims.undo_decision(claim)
    if why is Former.ANOTHER:
        claim.cooling_until = None  # whoever was told then was told of another's request
    facts = {"claim_id": str(claim.id), "right": claim.right, "reason": "another_proof"}
    await steps.note(tx, row, AuditStep.CLAIM_REOPENED, actor=INSYN, facts=facts)


# --- tasks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Judge:
    """Which of a claim's tasks were asked for another than whoever is known now, and why that is."""

    claim: ClaimRow
    change: _Change
    why: Former
    processors: Mapping[UUID, ProcessorRow]
    decided: bool  #: whether the claim was decided about another
    was_checked: bool

    def is_former(self, task: TaskRow) -> bool:
        if task.claim_id != self.claim.id or task.action == Action.LIFT_RESTRICTION or task.former == Former.ANOTHER:
            return False
        if task.former is not None:
            return self.why is Former.ANOTHER
        action, its_right = Action(task.action), right(self.claim.right)
        if needs_yes(action, its_right) or action is Action.LOCATE:  # a second look belongs to what it looks after
            return self.decided
        return self.change.tells_more(
            self.processors[task.processor_id],
            action,
            was_checked=self.was_checked,
            is_checked=is_compared(its_right, checked=self.claim.identifiers_checked),
        )


async def _of_claim(tx: Tx, row: RequestRow, claim: ClaimRow, judge: _Judge) -> bool:
    """Let what was asked in a claim's name count no more where it was about another; whether anything was."""
    moved = False
    for found in await cases.tasks_of(tx, row.id):
        if judge.is_former(found) and (task := await cases.task(tx, found.id, lock=True)) is not None:
            is_decided = needs_yes(Action(task.action), right(claim.right))
            moved |= await _let_go(tx, row, task, judge.why, is_decided=is_decided)
    if moved:
        await _untell(tx, row, claim, judge.why)
    return moved


async def _let_go(tx: Tx, row: RequestRow, task: TaskRow, why: Former, *, is_decided: bool) -> bool:
    if task.state in (TaskState.OPEN, TaskState.NEEDS_PERSON) and not await _has_left(tx, task):
        if not is_decided:
            return False  # it goes out, or is done by hand, about whoever is known then
        if task.state == TaskState.OPEN or task.attempts:
            await tx.session.delete(task)
            await steps.note(tx, row, AuditStep.TASK_CANCELLED, actor=INSYN, facts={"task_id": str(task.id)})
            return True
    task.former = why.value
    if task.action == Action.EXPORT:
        task.records_sealed = None  # nobody gets them any more; the answer keeps how many there were of what
    # What is in the air is heard, and meets the rule before anything else is sent.
    if task.state not in (TaskState.CLOSED, TaskState.SENDING):
        await tasks.hand_to_person(tx, row, task, standing.NOT_DECIDED)
    await put_right.done(tx, row, task)
    await tx.session.flush()
    return True


async def _has_left(tx: Tx, task: TaskRow) -> bool:
    """Whether anybody may have been told anything; a lane counts a try before it looks what it would tell."""
    if task.attempts == 0:
        return False
    tries = await lanes.attempts_of(tx, task.id)
    return len(tries) != task.attempts or any(has_left(one.outcome, one.code) for one in tries)


async def _searches(tx: Tx, row: RequestRow, change: _Change, processors: Mapping[UUID, ProcessorRow]) -> None:
    """
    Whoever could be told more is asked once more whether they know the person, and to hold back deletion.

    What somebody answers for is looked for everywhere; what was only written is where nobody was found before.
    """
    if row.phase == Phase.CLOSED:
        return
    surer = _sure(change.now) - _sure(change.before)
    for task in await cases.counting_tasks_of(tx, row.id):
        action = Action(task.action)
        if task.claim_id is not None or action not in HARMLESS:
            continue
        is_wanted = bool(surer) or task.outcome == Outcome.NOT_FOUND
        if is_wanted and change.tells_more(processors[task.processor_id], action):
            await _search_anew(tx, row, task)


def _sure(known: Sequence[Known]) -> set[tuple[str, str]]:
    return {(one.type, one.value) for one in known if one.vouched}


async def _search_anew(tx: Tx, row: RequestRow, task: TaskRow) -> None:
    if task.state in (TaskState.CLOSED, TaskState.SENDING):
        task.former = Former.MORE_KNOWN.value
    elif task.attempts:
        # A new task, not the old one again: its key would bring the old answer. It has changed nothing anywhere.
        await tx.session.delete(task)
        await steps.note(tx, row, AuditStep.TASK_CANCELLED, actor=INSYN, facts={"task_id": str(task.id)})


# --- what came of them -----------------------------------------------------------------------------------------------


async def _untell(tx: Tx, row: RequestRow, claim: ClaimRow, why: Former) -> None:
    """Let recipients be told anew; who was told by a person of what was another's is a person's to tell."""
    for one in await outward.entries_of(tx, row.id):
        if one.claim_id != claim.id or one.about == About.FORMER:
            continue
        if one.about == About.MEANWHILE and why is Former.MORE_KNOWN:
            continue  # that the same person's data are restricted is as true as it was
        one.former = True
        if why is Former.ANOTHER and one.state in (EntryState.SENT, EntryState.CONFIRMED):
            await put_right.name(tx, row, claim.id, recipient=one.recipient, processor_id=one.processor_id)
    await tx.session.flush()


async def _destroy_copy(tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow) -> bool:
    """Nobody gets what was packed for another, released or not; the next is made of what is answered about them."""
    package = await tx.session.get(PackageRow, row.id)
    await guarding.end_downloads(tx, row.id)
    if package is None:
        return False
    if package.released_at is not None:
        await put_right.name(tx, row, claim.id, recipient=FORMER_PERSON)
    await approvals.forget_open_about(tx, row.id, Subject.RELEASE)
    await packaging.destroy(tx, ctx, row, package)
    return True


async def _stop_marketing(tx: Tx, ctx: Context, row: RequestRow, change: _Change) -> None:
    """R21-2, F13: what was stopped at once is stopped under what has become known since, too."""
    if len(change.now) == len(change.before):
        return
    for claim in await cases.claims_of(tx, [row.id]):
        if claim.right == "marketing_objection" and claim.state in (ClaimState.DECIDED, ClaimState.CLOSED):
            await suppression.write(tx, ctx, row, "marketing", checked=True)


async def compared_otherwise(tx: Tx, row: RequestRow, claim: ClaimRow) -> None:
    """A claim that was handed back is decided about more, or less, than before: everybody is asked anew."""
    for task in await cases.counting_tasks_of(tx, row.id):
        if task.claim_id == claim.id and task.asked_for not in (None, claim.decided_for):
            task.former = Former.MORE_KNOWN.value
    await tx.session.flush()
