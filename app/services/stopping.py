"""
"That was not me": a request halts, nothing more is sent or released, and a person must settle it.

The one whose data it is may say so, logged in, of a request under their own login or of one they were told of; staff
write it down when somebody calls. A stop by itself ends nothing: an abusive former partner would stop every request.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from app.db import Tx
from app.domain import guarding, identity
from app.domain.audit import AuditStep
from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.fanout import TaskState
from app.domain.four_eyes import SecondPersonNeeded, Subject
from app.domain.guarding import NotStopped
from app.domain.identity import Level
from app.domain.rights import right
from app.domain.snapshot import letter_key
from app.models import PackageRow, RequestRow
from app.repositories import audit, cases, jobs
from app.repositories import guarding as stored
from app.services import approving, casework, channels, claims, correspondence, notes, packaging, steps
from app.services.context import Actor, Context

#: What is written of why a request is nobody's who may make it.
LEAST_REASON = 20


class StopReasonNeeded(DomainError):
    """Write in twenty characters or more why the request is not the person's own."""


class NotTheirsToEnd(DomainError):
    """A request made with a login ends only once that login, too, says "not mine"; a stronger proof lets it go on."""


class StopSettled(DomainError):
    """A case officer has checked who made this request since; call if you still think it is not yours."""


async def named(
    tx: Tx, ctx: Context, reference: str, keys: Mapping[str, Sequence[bytes]], known: Mapping[str, Sequence[bytes]]
) -> tuple[RequestRow, bool]:
    """
    The request somebody was told of, if it is about whoever is logged in; and whether it is under their own login.

    Args:
        keys: Under which the person's own requests lie, per controller.
        known: Blind indexes of what their login vouches for, per controller.

    Raises:
        UnknownRequest: There is none, or it is about somebody else: from outside the same.
    """
    row = await stored.by_reference(tx, reference)
    if row is None:
        raise steps.UnknownRequest
    is_own = row.subject_key is not None and row.subject_key in keys.get(row.controller_id, ())
    if not is_own and not await stored.identifier_known(tx, row, known.get(row.controller_id, ())):
        raise steps.UnknownRequest
    return await steps.hold(tx, row.id), is_own


async def stop(tx: Tx, ctx: Context, row: RequestRow, *, own: bool = False, actor: Actor) -> None:
    """
    Halt a held request. Halting it twice changes nothing, but that its own login has said so too is kept.

    Args:
        own: Whether the one who says so is logged in as the one whose request it is.

    Raises:
        StopSettled: It was stopped before, and a person found it genuine. ClosedRequest: There is nothing left to halt.
    """
    said = {"own_login": own or actor.ref == row.requester_ref}
    if row.is_stopped:
        if said["own_login"] and not await _own_login_stopped(tx, row):
            await steps.note(tx, row, AuditStep.REQUEST_STOPPED, actor=actor, facts=said)
        return
    if row.stop_verdict is not None:
        raise StopSettled
    if row.phase == Phase.CLOSED and not await _package_waits(tx, row):
        raise steps.ClosedRequest
    await _drop_approvals(tx, ctx, row, actor)
    row.stopped_at, row.stopped_by = tx.now, actor.ref
    await stored.end_downloads(tx, row.id)
    await stored.park_tasks(tx, row.id)
    told = await channels.tell(tx, ctx, row, "stopped", once="1", settled_only=True)
    await steps.note(tx, row, AuditStep.REQUEST_STOPPED, actor=actor, facts={**told.facts(), **said})
    if row.phase == Phase.CLOSED:
        row.version += 1
        return
    await _write(tx, ctx, row, "stopped")
    await steps.changed(tx, row)


async def _own_login_stopped(tx: Tx, row: RequestRow) -> bool:
    stops = [one for one in await audit.entries_of(tx, row.id) if one.step == AuditStep.REQUEST_STOPPED.value]
    return any(one.facts.get("own_login") for one in stops)


async def _check_end(tx: Tx, row: RequestRow, reason: str) -> None:
    """Whoever calls and says "that was not me" of a request made with a login may be the one it is made against."""
    made_by_login = row.filed_by_role == "subject" and row.subject_key is not None
    if made_by_login and not await _own_login_stopped(tx, row):
        raise NotTheirsToEnd
    if len(reason.strip()) < LEAST_REASON:
        raise StopReasonNeeded


async def _package_waits(tx: Tx, row: RequestRow) -> bool:
    with suppress(packaging.NoPackage):
        ends = packaging.expires_at(await packaging.package_of(tx, row))
        return ends is not None and tx.now < ends
    return False


async def _drop_approvals(tx: Tx, ctx: Context, row: RequestRow, actor: Actor) -> None:
    """What waits for a second person is as if nobody had asked; the chain keeps that somebody did."""
    for approval in await stored.open_approvals(tx, row.id):
        subject = Subject(approval.subject)
        if subject is Subject.PROTECTED_IDENTITY:
            continue  # guards the same person
        await approving.FOLLOWS[subject](tx, ctx, row, approval, approved=False, actor=actor)
        await tx.session.delete(approval)


async def settle_genuine(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    *,
    method: str,
    number: str | None = None,
    contact: tuple[str, str] | None = None,
    actor: Actor,
) -> None:
    """
    Let a stopped request go on after a stronger proof, which says whose it is like any other proof.

    Raises:
        NotStopped, UnknownMethod, ProofNotStronger
        SecondPersonNeeded: Whoever settles is not who stopped it, nor who made it or took it in.
        and whatever :func:`app.services.casework.prove_identity` refuses.
    """
    _check_settles(row, actor)
    guarding.check_stronger(Level.from_key(row.assurance), given=identity.level_of(method))
    await casework.prove_identity(tx, ctx, row, method=method, number=number, contact=contact, actor=actor)
    await _settled(tx, ctx, row, "genuine", {"method": method}, actor)
    await _resume(tx, row)


async def settle_not_genuine(tx: Tx, ctx: Context, row: RequestRow, *, reason: str, actor: Actor) -> None:
    """
    End a stopped request that is not the person's own; the known addresses are told.

    Args:
        reason: Why it is not; kept as a sealed note.

    Raises:
        NotStopped, NotTheirsToEnd, StopReasonNeeded
        SecondPersonNeeded: Whoever settles is not who stopped it, nor who made it or took it in.
        ClaimUnderWay: A processor is still at work in its name; settle when it has answered.
    """
    _check_settles(row, actor)
    await _check_end(tx, row, reason)
    await notes.write(tx, ctx, row, kind="note", text=reason.strip(), actor=actor)
    await _end(tx, ctx, row)
    await _settled(tx, ctx, row, "not_genuine", {}, actor)


def _check_settles(row: RequestRow, actor: Actor) -> None:
    if not row.is_stopped:
        raise NotStopped
    if actor.ref in (row.stopped_by, row.requester_ref, row.filed_by_ref):
        raise SecondPersonNeeded


async def _settled(tx: Tx, ctx: Context, row: RequestRow, verdict: str, facts: Mapping[str, str], actor: Actor) -> None:
    row.stop_verdict = verdict
    row.stop_settled_by, row.stop_settled_at = actor.ref, tx.now
    told = await channels.tell(tx, ctx, row, f"stop_{verdict}", once="1", settled_only=True)
    noted = {"verdict": verdict, **facts, **told.facts()}
    await steps.note(tx, row, AuditStep.REQUEST_STOP_SETTLED, actor=actor, facts=noted)
    await steps.changed_unless_closed(tx, row)


async def _resume(tx: Tx, row: RequestRow) -> None:
    for task in await stored.unsent_tasks(tx, row.id):
        task.next_at = tx.now
        jobs.wake(tx, "lane.drain", controller=row.controller_id, id=task.processor_id)


async def _end(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """Nobody knows who asked: what was not begun never is; what was done is said as what it is (F08)."""
    for task in await stored.unsent_tasks(tx, row.id):
        if task.attempts == 0:
            await tx.session.delete(task)
    await tx.session.flush()
    tasks = [task for task in await cases.tasks_of(tx, row.id) if task.claim_id is not None]
    if any(task.state not in (TaskState.CLOSED, TaskState.NEEDS_PERSON) for task in tasks):
        raise casework.ClaimUnderWay
    package = await tx.session.get(PackageRow, row.id)
    is_out = package is not None and package.released_at is not None
    for claim in await cases.claims_of(tx, [row.id]):
        own = [task for task in tasks if task.claim_id == claim.id]
        if any(task.state == TaskState.NEEDS_PERSON for task in own):
            raise casework.ClaimUnderWay
        if claim.state == ClaimState.CLOSED:
            continue
        # A copy that stayed here is nothing done: it is destroyed below.
        if any(cases.was_done(task) for task in own) and (is_out or not right(claim.right).yields_package):
            claim.verdict = claim.verdict or Verdict.GRANTED
            await claims.close(tx, row, claim, ClaimOutcome.PARTLY_GRANTED)
        else:
            claims.undo_decision(claim)
            await claims.close(tx, row, claim, ClaimOutcome.NOT_IDENTIFIED)
    if package is not None and not is_out:
        await packaging.destroy(tx, ctx, row, package)


async def _write(tx: Tx, ctx: Context, row: RequestRow, kind: str) -> None:
    await tx.session.flush()
    case = await cases.rows_of(tx, row)
    if letter_key(kind) not in case.letters:
        await correspondence.write(tx, ctx, case, kind)
