"""
The person tells more by which they can be found (GDPR Art. 11(2)): those who knew nobody are asked once more.

What is told here finds and proves nothing; whoever types somebody else's customer number learns nothing by it.
"""

from collections.abc import Mapping, Sequence

from app.db import Tx
from app.domain.audit import AuditStep
from app.domain.case import ClaimState, Phase
from app.domain.errors import DomainError
from app.domain.fanout import Action, Outcome
from app.domain.finding import Known
from app.models import IdentifierRow, RequestRow
from app.repositories import cases
from app.services import claims, intake, orders, persons, sealing, steps, undoing
from app.services.context import Actor, Context
from app.services.intake import Identifier


class TooLateToSearch(DomainError):
    """The answer is being written; make a new request with what you want to add."""


class NothingMore(DomainError):
    """There is nothing in it that was not known before."""


async def add(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    *,
    identifiers: Sequence[Identifier],
    footage: Mapping[str, str],
    actor: Actor,
) -> None:
    """
    Add to what is known of a held request's person, and have those asked again who knew nobody.

    Raises:
        ClosedRequest, RequestStopped, TooLateToSearch, NothingMore, MalformedIdentifier
    """
    if row.phase == Phase.CLOSED:
        raise steps.ClosedRequest
    steps.check_not_stopped(row)
    if row.phase == Phase.ANSWERING:
        raise TooLateToSearch
    new = await _add_identifiers(tx, ctx, row, identifiers)
    described = await _describe_footage(tx, ctx, row, footage)
    if not new and not described:
        raise NothingMore
    for task in await cases.tasks_of(tx, row.id):
        if new and task.action == Action.LOCATE and task.outcome == Outcome.NOT_FOUND:
            # A new task, not the old one again: its key would bring the old answer.
            await tx.session.delete(task)
            await steps.note(tx, row, AuditStep.TASK_CANCELLED, actor=actor, facts={"task_id": str(task.id)})
    if new:
        await undoing.of_another(tx, ctx, row)
    facts = {"types": sorted({one.type for one in new}), "footage": described}
    await steps.note(tx, row, AuditStep.REQUEST_MORE_TOLD, actor=actor, facts=facts)
    await steps.changed(tx, row)


async def _add_identifiers(
    tx: Tx, ctx: Context, row: RequestRow, identifiers: Sequence[Identifier]
) -> list[Identifier]:
    person, today = dict(orders.person_of(ctx, row)), ctx.today(row.controller_id, tx.now)
    known = {(one["type"], one["value"]) for one in person["identifiers"]}
    told = intake.each_once(intake.read(one._replace(vouched=False), today=today) for one in identifiers)
    new = [one for one in told if (one.type, one.value) not in known]
    if not new:
        return []
    person["identifiers"] = [*person["identifiers"], *(persons.sealed_as(Known(*one)) for one in new)]
    row.subject_sealed = sealing.seal(ctx, row, person, table="request", column="subject", id=row.id)
    for one in new:
        blind = ctx.vault.blind_index(controller=row.controller_id, type=one.type, normalised=one.value)
        tx.session.add(IdentifierRow(request_id=row.id, blind=blind, controller_id=row.controller_id, type=one.type))
    return new


async def _describe_footage(tx: Tx, ctx: Context, row: RequestRow, footage: Mapping[str, str]) -> bool:
    if not footage:
        return False
    for claim in await cases.claims_of(tx, [row.id]):
        if claim.right == "access" and claim.state == ClaimState.OPEN:
            details = dict(claims.details_of(ctx, row, claim))
            before = details.get("footage")
            details["footage"] = {**(before if isinstance(before, dict) else {}), **footage}
            claim.details_sealed = sealing.seal(ctx, row, details, table="claim", column="details", id=claim.id)
            return True
    return False
