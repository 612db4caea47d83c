"""
A yes to whoever was known before is none to whoever is known now: what was decided is compared and decided anew.
"""

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimState
from app.domain.fanout import Action, TaskState
from app.domain.rights import right
from app.domain.standing import needs_yes
from app.models import ClaimRow, RequestRow, TaskRow
from app.repositories import approvals, cases
from app.services import claims, persons, standing, steps, tasks
from app.services.context import INSYN, Context

_DECIDED = (ClaimState.DECIDED, ClaimState.AWAITING_APPROVAL)


async def of_another(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """
    Undo what was decided about another person than the one who is known now; to be called when that may have changed.

    What a processor has done already stays done and is not asked for twice. What was not sent yet is taken back; of
    what may have reached somebody a person says what came of it, and the machine goes on with none of it.
    """
    for claim in await cases.claims_of(tx, [row.id]):
        is_undone = claim.state in _DECIDED or (claim.state == ClaimState.OPEN and claim.decided_for is not None)
        now = persons.sign_of(ctx, row, checked=claim.identifiers_checked)
        if not is_undone or claim.decided_for == now or right(claim.right).granted_at_once:
            continue
        await approvals.forget_open(tx, claim.id)
        claims.undo_decision(claim)
        facts = {"claim_id": str(claim.id), "right": claim.right, "reason": "another_proof"}
        await steps.note(tx, row, AuditStep.CLAIM_REOPENED, actor=INSYN, facts=facts)
        await _take_back(tx, row, claim)
    await tx.session.flush()


async def _take_back(tx: Tx, row: RequestRow, claim: ClaimRow) -> None:
    for found in await cases.tasks_of(tx, row.id):
        if found.claim_id != claim.id or not needs_yes(Action(found.action), right(claim.right)):
            continue
        task = await cases.task(tx, found.id, lock=True)
        if task is None or task.state in (TaskState.CLOSED, TaskState.SENDING):
            continue  # what is in the air is heard, and meets the rule before anything else is sent
        if _was_never_sent(task):
            await tx.session.delete(task)
            await steps.note(tx, row, AuditStep.TASK_CANCELLED, actor=INSYN, facts={"task_id": str(task.id)})
        else:
            await tasks.hand_to_person(tx, row, task, standing.NOT_DECIDED)


def _was_never_sent(task: TaskRow) -> bool:
    return task.state == TaskState.OPEN and task.attempts == 0
