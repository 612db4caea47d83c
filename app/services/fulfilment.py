"""
Carrying a case on: ask the pure process what is to be done, do it, ask again, until it waits for somebody.

One transaction, the request's row locked. Run twice it does nothing the second time.
"""

from datetime import UTC, datetime, time, timedelta
from typing import assert_never
from uuid import UUID

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimState, Phase
from app.domain.case_clock import LapseExtension, RaiseAlarm, TakeExtension
from app.domain.decisions import Verdict
from app.domain.fanout import TaskState
from app.domain.outward import MoveEntry, OpenForwarding, OpenLedger, ProposeLift, SetRestriction
from app.domain.process import (
    Act,
    CloseClaim,
    CoolOff,
    CreateTask,
    GrantAtOnce,
    NamePerson,
    Reopen,
    SealPackage,
    SendCode,
    ShowStatus,
    TakeStep,
    WriteLetter,
    next_actions,
    next_instant,
)
from app.letters.kinds import LetterIncomplete
from app.letters.package_facts import PackageRefused
from app.models import ClaimRow, RequestRow
from app.repositories import cases
from app.repositories.cases import CaseRows
from app.services import (
    at_once,
    case_rows,
    claims,
    codes,
    cooling,
    correspondence,
    deadline_watch,
    keeping,
    ledger,
    packaging,
    passing_on,
    raising,
    restricting,
    steps,
    suppression,
    tasks,
)
from app.services.context import INSYN, Context

#: A case that is never done asking would be a fault of ours; the sweep comes back to it.
MOST_ROUNDS = 60
_LACKING = {True: "letter_incomplete", False: "package_incomplete"}


async def advance_if_due(tx: Tx, ctx: Context, request_id: UUID) -> int:
    """
    Advance a request unless nothing has changed since it was last advanced.

    Ten answers ring ten times; the first ring does the work of all, the others cost one look.
    """
    row = await steps.hold(tx, request_id)
    if row.next_at is None or row.next_at > tx.now:
        return 0
    return await _advance(tx, ctx, row)


async def advance(tx: Tx, ctx: Context, request_id: UUID) -> int:
    """
    Do everything that can be done about a request now; return how many actions that were.

    Raises:
        UnknownRequest: If this transaction may not see it.
    """
    return await _advance(tx, ctx, await steps.hold(tx, request_id))


async def _advance(tx: Tx, ctx: Context, row: RequestRow) -> int:
    rows, done = await case_rows.read(tx, ctx, row), 0
    if rows.package is not None:
        await packaging.destroy_former(tx, ctx, row, rows.package)
    await deadline_watch.look(tx, ctx, rows)
    for _ in range(MOST_ROUNDS):
        case = rows.seen()
        acts = next_actions(case, today=ctx.today(row.controller_id, tx.now))
        if not acts:
            row.next_at = next_instant(case, now=tx.now, next_midnight=_next_midnight(ctx, row, tx.now))
            await tx.session.flush()
            return done
        try:
            for act in acts:
                await _do(tx, ctx, rows, act)
        except (LetterIncomplete, PackageRefused) as lacking:
            # An answer that lacks what the law demands is not given: a person must see what is missing.
            row.status, row.next_at = _LACKING[isinstance(lacking, LetterIncomplete)], _next_midnight(ctx, row, tx.now)
            await tx.session.flush()
            return done
        done += len(acts)
    raise RuntimeError("the process of a case does not come to rest")


def _next_midnight(ctx: Context, row: RequestRow, now: datetime) -> datetime:
    tomorrow = ctx.today(row.controller_id, now) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=ctx.zone(row.controller_id)).astimezone(UTC)


async def _do(tx: Tx, ctx: Context, case: CaseRows, act: Act) -> None:
    row = case.row
    match act:
        case TakeStep(step):
            await steps.take(tx, row, step, actor=INSYN)
            if row.phase == Phase.EXECUTING:
                row.participants = sorted(case.seen().processors)
        case ShowStatus(status):
            row.status, row.version = status, row.version + 1
        case WriteLetter(kind, about):
            await correspondence.write(tx, ctx, case, kind, about=about)
        case CreateTask():
            case.tasks.append(await tasks.create(tx, ctx, row, act))
        case GrantAtOnce(claim):
            await _grant_at_once(tx, ctx, case, case.claim(claim))
        case Reopen(claim):
            await _reopen(tx, row, case.claim(claim))
        case NamePerson(task, reason):
            await _name_person(tx, row, UUID(task), reason)
        case SealPackage():
            case.package = await packaging.seal(tx, ctx, row)
        case CloseClaim(claim, outcome):
            await claims.close(tx, row, case.claim(claim), outcome.value)
            await keeping.erasure_closed(tx, ctx, case, case.claim(claim))
        case RaiseAlarm() | TakeExtension() | LapseExtension():
            await deadline_watch.do(tx, ctx, case, act)
        case CoolOff(claim):
            await cooling.begin(tx, ctx, case, case.claim(claim))
        case SendCode():
            await codes.make(tx, ctx, row)
            case.code_wanted = False
        case SetRestriction():
            await restricting.set_(tx, ctx, case, act)
        case ProposeLift(restriction):
            await restricting.propose_lift(tx, case, restriction)
        case OpenLedger(to_tell):
            await ledger.open_(tx, case, to_tell)
        case MoveEntry():
            await ledger.move(tx, case, act)
        case OpenForwarding():
            await passing_on.open_(tx, ctx, case, act)
        case _:
            assert_never(act)


async def _grant_at_once(tx: Tx, ctx: Context, case: CaseRows, claim: ClaimRow) -> None:
    row = case.row
    at_once.document(ctx, row, claim)
    claim.state, claim.verdict = ClaimState.DECIDED, Verdict.GRANTED
    claim.decided_by, claim.decided_at = INSYN.ref, tx.now
    facts = {"claim_id": str(claim.id), "right": claim.right, "verdict": claim.verdict, "rule": "at_once"}
    await steps.note(tx, row, AuditStep.CLAIM_DECIDED, actor=INSYN, facts=facts)
    if claim.right == "marketing_objection":
        # R21-2, F13: it holds from this moment and in every channel, whatever recipients answer.
        await suppression.write(tx, ctx, row, "marketing", checked=True)
    if (raised := await raising.after(tx, ctx, row, claim)) is not None:
        case.claims.append(raised)


async def _reopen(tx: Tx, row: RequestRow, claim: ClaimRow) -> None:
    claims.hand_back(claim)
    facts = {"claim_id": str(claim.id), "right": claim.right, "reason": "nothing_done"}
    await steps.note(tx, row, AuditStep.CLAIM_REOPENED, actor=INSYN, facts=facts)


async def _name_person(tx: Tx, row: RequestRow, task_id: UUID, reason: str) -> None:
    task = await cases.task(tx, task_id, lock=True)
    if task is not None and task.state in (TaskState.OPEN, TaskState.ACCEPTED):
        await tasks.hand_to_person(tx, row, task, reason)
