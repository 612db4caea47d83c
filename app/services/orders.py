"""A task as a processor is told of it: only the identifiers that processor declared, only what it needs to know."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from app.db import Tx
from app.domain.contacts import corrections_of
from app.domain.errors import DomainError
from app.domain.fanout import Action
from app.domain.finding import Known, check_not_number_alone, may_travel
from app.domain.guarding import is_address, without_addresses
from app.domain.identity import Level
from app.domain.restrictions import MEANWHILE, PERMITTED, ground_said
from app.domain.rights import right
from app.models import ClaimRow, ProcessorRow, RequestRow, TaskRow
from app.processors import Order
from app.repositories import cases, outward
from app.services import standing, tasks, told_to_keep
from app.services.claims import details_of
from app.services.context import Context
from app.services.persons import known_as as known_as
from app.services.persons import person_of as person_of
from app.services.steps import UnknownRequest


class NobodyToAskFor(DomainError):
    """Nothing is known of the person that could be told to this processor; a person has to see to it."""


#: Only what rests on these is to stop: GDPR Art. 7(3), 21(1).
_ENDS = {"consent_withdrawal": ("consent",), "objection": ("legitimate_interest", "public_task")}
_FORMATS = {"personnummer": "YYYYMMDDNNNN", "email": "rfc5321", "phone": "e164"}


async def order_for(tx: Tx, ctx: Context, processor: ProcessorRow, task: TaskRow) -> Order:
    """
    What to send for a task; opens the sealed person for this one use.

    Raises:
        NotDecided: There is no yes behind it, or it was to somebody else than whoever is known now.
        NobodyToAskFor: Nothing is known of the person that this processor could act on safely.
        NumberAlone: Nothing but a telephone, which several may share.
        Unreadable: The request's key is gone.
    """
    row = await cases.request(tx, task.request_id)
    if row is None:
        raise UnknownRequest
    await standing.check(tx, ctx, row, task)
    claim = next((one for one in await cases.claims_of(tx, [row.id]) if one.id == task.claim_id), None)
    was_set_by = await outward.found_under(tx, task.ends_former) if task.ends_former is not None else None
    return Order(
        task_id=str(task.id),
        reference=row.reference,
        controller=row.controller_id,
        action=Action(task.action),
        categories=tuple(task.categories),
        identifiers=tuple(_identifiers(ctx, row, processor, task, claim, was_set_by=was_set_by)),
        details=await details_for(tx, ctx, row, task),
        answer_by=task.answer_by,
        callback_url=f"{ctx.settings.base_url}/v1/callbacks/{tasks.callback_token(ctx, row.controller_id, task.id)}",
        callback_expires_at=tasks.token_expires_at(ctx, row, task),
        asked_at=tx.now,
        progress=tasks.progress_of(ctx, row, task),
    )


def _identifiers(
    ctx: Context,
    row: RequestRow,
    processor: ProcessorRow,
    task: TaskRow,
    claim: ClaimRow | None,
    *,
    was_set_by: Collection[bytes] | None,
) -> list[Mapping[str, str]]:
    checked = claim is not None and (claim.identifiers_checked or right(claim.right).needs is Level.NONE)
    known = [one for one in known_as(ctx, row) if not (row.protected and is_address(one.type))]
    if was_set_by is not None:  # it ends what was set about somebody else, by what that was set with
        of_it = (one for one in known if _blind(ctx, row, one) in was_set_by)
        known = [Known(one.type, one.value, vouched=True) for one in of_it]
    travelling = may_travel(known, accepts=processor.identifier_types, action=Action(task.action), checked=checked)
    if not travelling:
        raise NobodyToAskFor
    check_not_number_alone(travelling, accepts=processor.identifier_types, action=Action(task.action))
    return [_told(one) for one in travelling]


def _told(one: Known) -> Mapping[str, str]:
    """An identifier in the one spelling, and as it was given, for whoever tells capitals from small letters."""
    told = {"type": one.type, "value": one.value, "format": _FORMATS.get(one.type, "text")}
    return told if one.as_given is None else told | {"as_given": one.as_given}


def _blind(ctx: Context, row: RequestRow, one: Known) -> bytes:
    return ctx.vault.blind_index(controller=row.controller_id, type=one.type, normalised=one.value)


async def details_for(tx: Tx, ctx: Context, row: RequestRow, task: TaskRow) -> Mapping[str, Any]:
    """What is said about the task's claim, opened."""
    claim = next((one for one in await cases.claims_of(tx, [row.id]) if one.id == task.claim_id), None)
    details = _details(ctx, row, task, claim)
    kept = await told_to_keep.keep_list(tx, task) if task.action == Action.ERASE else []
    return {**details, "keep": kept} if kept else details


def _details(ctx: Context, row: RequestRow, task: TaskRow, claim: ClaimRow | None) -> Mapping[str, Any]:
    if task.action == Action.FREEZE:
        # R15-11: hold automatic deletion until the case can no longer be running.
        return {"until": datetime.fromisoformat(row.deadline["extended_due_on"]).date().isoformat()}
    if claim is None or task.action == Action.LOCATE:
        return {}
    if task.action in (Action.RESTRICT, Action.LIFT_RESTRICTION):
        return _restriction_details(ctx, row, task, claim)
    details = dict(details_of(ctx, row, claim))
    if (bases := _ENDS.get(claim.right)) is not None:
        details = {"legal_bases": list(bases)} | details
    if row.protected:
        details = without_addresses(details)
        if task.action == Action.RECTIFY and not any(one.get("field") for one in corrections_of(details)):
            raise NobodyToAskFor  # all there was to correct says where somebody is
    return {"right": claim.right} | details if task.action == Action.NOTIFY else details


def _restriction_details(ctx: Context, row: RequestRow, task: TaskRow, claim: ClaimRow) -> Mapping[str, Any]:
    """
    Why, and what may still be done (GDPR Art. 18(2)); of a claim that is only pending nothing else.

    Alarm handling that protects somebody's life goes on, but never silently: each such use says why (R18-2).
    """
    its_own = right(claim.right).action is Action.RESTRICT
    ground = ground_said(details_of(ctx, row, claim)) if its_own else MEANWHILE[claim.right]
    if task.action == Action.LIFT_RESTRICTION:
        return {"ground": ground.value}
    return {"ground": ground.value, "permitted": list(PERMITTED), "live_alarm": "override_with_reason"}
