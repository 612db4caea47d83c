"""The rule of :mod:`app.domain.standing` asked about a stored task, by everybody who lets anything of it out."""

from app.db import Tx
from app.domain import standing as rules
from app.domain.case import ClaimState
from app.domain.decisions import Verdict
from app.domain.fanout import Action
from app.domain.rights import right
from app.domain.standing import NotDecided as NotDecided
from app.models import ClaimRow, RequestRow, TaskRow
from app.repositories import cases
from app.services import persons
from app.services.context import Context

#: Why a task that was under way is a person's now.
NOT_DECIDED = "not_decided"


async def check(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> None:
    """Raise :class:`NotDecided` where nothing of the task may leave."""
    if not await may_leave(tx, ctx, row, task):
        raise NotDecided


async def may_leave(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> bool:
    """Whether anybody may be told, or asked, anything for the task; opens the sealed person where it has to."""
    if task.former is not None:
        return False  # under its key it is about whoever was known before
    if task.claim_id is None:
        return True
    claim = next(one for one in await cases.claims_of(tx, [row.id]) if one.id == task.claim_id)
    if not rules.needs_yes(Action(task.action), right(claim.right)):
        return True
    return rules.may_leave(Action(task.action), _yes(ctx, row, claim), asked_for=task.asked_for)


def _yes(ctx: Context, row: RequestRow, claim: ClaimRow) -> rules.Yes:
    return rules.Yes(
        right=right(claim.right),
        state=ClaimState(claim.state),
        verdict=Verdict(claim.verdict) if claim.verdict is not None else None,
        decided_for=claim.decided_for,
        known_now=persons.sign_of(ctx, row, checked=claim.identifiers_checked),
    )


def asked_for(action: Action, claim: ClaimRow | None) -> bytes | None:
    """About whom a new task asks: whom its claim was decided about, where that is what lets it leave."""
    return claim.decided_for if claim is not None and rules.needs_yes(action, right(claim.right)) else None
