"""
A request, or a part of it, passed on to the controller it belongs to (GDPR Art. 28(3)(e)).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import forwarding as rules
from app.domain.audit import AuditStep
from app.domain.fanout import Action
from app.domain.forwarding import AddresseeMissing, Customer, ForwardingNotSent, ForwardingOver, UnknownForwarding
from app.domain.outward import OpenForwarding
from app.domain.snapshot import ForwardingState
from app.letters.facts import LetterFacts
from app.letters.render import render
from app.models import ForwardingRow, RequestRow
from app.repositories.cases import CaseRows
from app.services import case_rows, sealing, steps, tasks, telling
from app.services.context import INSYN, Actor, Context
from app.services.ids import new_id


async def open_(tx: Tx, ctx: Context, case: CaseRows, act: OpenForwarding) -> None:
    """Write down what of the request belongs to whom: one forwarding for each customer that the system names."""
    row, found = case.row, frozenset(act.categories)
    known_on = case.setting.known_on or ctx.today(row.controller_id, tx.now)
    due_by = rules.due_by(known_on=known_on, calendar=ctx.calendar(row.controller_id))
    for customer, theirs in rules.shared_out(found, _customers(ctx, case, act.processor)):
        made = ForwardingRow(
            id=new_id(),
            request_id=row.id,
            processor_id=UUID(act.processor),
            controller_id=row.controller_id,
            categories=sorted(theirs),
            state=ForwardingState.PENDING.value,
            received_by_processor_at=row.received_at,
            due_by=due_by,
            controller_due_on=row.due_on,  # counted from our receipt: the customer's month has begun with ours
            opened_at=tx.now,
        )
        if customer is not None:
            made.to_sealed = _seal_to(ctx, row, made, name=customer.name, contact=customer.contact)
        tx.session.add(made)
        case.forwardings.append(made)
        facts = {"forwarding_id": str(made.id), "categories": made.categories, "due_by": due_by.isoformat()}
        await steps.note(tx, row, AuditStep.FORWARDING_OPENED, actor=INSYN, facts=facts)


def _customers(ctx: Context, case: CaseRows, processor: str) -> list[Customer]:
    for task in case.tasks:
        if task.action == Action.LOCATE and str(task.processor_id) == processor:
            return rules.customers_said(tasks.answer_of(ctx, case.row, task).get("facts"))
    return []


def _seal_to(ctx: Context, row: RequestRow, one: ForwardingRow, *, name: str, contact: str) -> bytes:
    return sealing.seal(ctx, row, {"name": name, "contact": contact}, table="forwarding", column="to", id=one.id)


def addressee(ctx: Context, row: RequestRow, one: ForwardingRow) -> dict[str, str]:
    """``name`` and ``contact`` of the controller, opened; empty while nobody knows."""
    if one.to_sealed is None:
        return {}
    opened: dict[str, str] = sealing.unseal(ctx, row, one.to_sealed, table="forwarding", column="to", id=one.id)
    return opened


async def carry_on(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    forwarding_id: UUID,
    *,
    state: ForwardingState,
    to_name: str = "",
    contact: str = "",
    actor: Actor,
) -> ForwardingRow:
    """
    Say that a part of the request has been passed on, and to whom; or that the controller has confirmed it.

    Raises:
        UnknownForwarding, AddresseeMissing, ForwardingOver, ForwardingNotSent
    """
    case = await case_rows.read(tx, ctx, row)
    one = _forwarding(case.forwardings, forwarding_id)
    if state is ForwardingState.CONFIRMED:
        await _confirm(tx, row, one, actor=actor)
    else:
        await _send(tx, ctx, case, one, to_name=to_name, contact=contact, actor=actor)
    await steps.changed(tx, row)
    return one


async def _confirm(tx: Tx, row: RequestRow, one: ForwardingRow, *, actor: Actor) -> None:
    if one.state != ForwardingState.SENT:
        raise ForwardingNotSent
    one.state, one.confirmed_at = ForwardingState.CONFIRMED.value, tx.now
    facts = {"forwarding_id": str(one.id)}
    await steps.note(tx, row, AuditStep.FORWARDING_CONFIRMED, actor=actor, facts=facts)


async def _send(
    tx: Tx, ctx: Context, case: CaseRows, one: ForwardingRow, *, to_name: str, contact: str, actor: Actor
) -> None:
    row = case.row
    if one.state != ForwardingState.PENDING:
        raise ForwardingOver
    known = addressee(ctx, row, one)
    name = to_name.strip() or known.get("name", "")
    if not name:
        raise AddresseeMissing
    # Whoever is named anew has an address of their own, never the one of whoever was named before.
    kept = known.get("contact", "") if name == known.get("name") else ""
    one.to_sealed = _seal_to(ctx, row, one, name=name, contact=contact.strip() or kept)
    one.state, one.forwarded_at, one.forwarded_by = ForwardingState.SENT.value, tx.now, actor.ref
    letter = render("forwarding_controller", telling.language_of(row), _facts(tx, ctx, case, one))
    sealed = {"subject": letter.subject, "html": letter.html, "template_sha256": letter.template_sha256}
    one.letter_sealed = sealing.seal(ctx, row, sealed, table="forwarding", column="letter", id=one.id)
    facts = {"forwarding_id": str(one.id), "categories": list(one.categories)}
    await steps.note(tx, row, AuditStep.REQUEST_FORWARDED, actor=actor, facts=facts)


def _facts(tx: Tx, ctx: Context, case: CaseRows, one: ForwardingRow) -> LetterFacts:
    return telling.letter_facts(ctx, case, now=tx.now, about=str(one.id))


async def letter(tx: Tx, ctx: Context, row: RequestRow, forwarding_id: UUID, *, actor: Actor) -> str:
    """
    The letter to the controller: as it was sent, or as it would be sent now. That it was read is written down.

    Raises:
        UnknownForwarding, AddresseeMissing
    """
    case = await case_rows.read(tx, ctx, row)
    one = _forwarding(case.forwardings, forwarding_id)
    html = sent_letter(ctx, row, one)
    if html is None and one.to_sealed is None:
        raise AddresseeMissing
    if html is None:
        html = render("forwarding_controller", telling.language_of(row), _facts(tx, ctx, case, one)).html
    noted = {"kind": "forwarding_controller", "forwarding_id": str(one.id)}
    await steps.note(tx, row, AuditStep.LETTER_READ, actor=actor, facts=noted)
    return html


def sent_letter(ctx: Context, row: RequestRow, one: ForwardingRow) -> str | None:
    """The letter to the controller as it was sent, as a page; None before."""
    if one.letter_sealed is None:
        return None
    return str(sealing.unseal(ctx, row, one.letter_sealed, table="forwarding", column="letter", id=one.id)["html"])


def _forwarding(found: Iterable[ForwardingRow], forwarding_id: UUID) -> ForwardingRow:
    for one in found:
        if one.id == forwarding_id:
            return one
    raise UnknownForwarding


def views(ctx: Context, case: CaseRows) -> list[dict[str, Any]]:
    """A request's forwardings as staff see them, the addressee opened."""
    return [view(ctx, case.row, one) for one in case.forwardings]


def view(ctx: Context, row: RequestRow, one: ForwardingRow) -> dict[str, Any]:
    to = addressee(ctx, row, one)
    return {
        "id": one.id,
        "categories": list(one.categories),
        "state": one.state,
        "to_name": to.get("name"),
        "contact": to.get("contact") or None,
        "received_by_processor_at": one.received_by_processor_at,
        "due_by": one.due_by,
        "controller_due_on": one.controller_due_on,
        "forwarded_at": one.forwarded_at,
        "confirmed_at": one.confirmed_at,
    }
