"""
Restriction carried out: set, looked up, announced, lifted (GDPR Art. 18).

A restriction outlives its request. What is done about it is written into that request's chain, closed or not; the
request is never opened again for it.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import restrictions as rules
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.fanout import Action
from app.domain.finding import SHARED, Known, NothingToLookUp, may_travel
from app.domain.four_eyes import Subject
from app.domain.ledger import FORMER_PERSON, About
from app.domain.outward import SetRestriction
from app.domain.restrictions import (
    Ground,
    LiftAsked,
    NoticeGiven,
    RestrictionLifted,
    UnknownRestriction,
)
from app.domain.standing import Former
from app.models import ApprovalRow, RequestRow, RestrictionRow
from app.repositories import approvals, letters, outward
from app.repositories.cases import CaseRows
from app.services import case_rows, claims, correspondence, four_eyes, orders, sealing, steps
from app.services import former as put_right
from app.services.context import INSYN, Actor, Context
from app.services.four_eyes import UnknownApproval
from app.services.ids import new_id
from app.vault.identifiers import TYPES

NOTICE = "restriction_lifting"


class NobodyLeftToTell(DomainError):
    """The request's data have been destroyed; this restriction can no longer be lifted here."""


# --- set -------------------------------------------------------------------------------------------------------------


async def set_(tx: Tx, ctx: Context, case: CaseRows, act: SetRestriction) -> RestrictionRow:
    """Write down that data are restricted from now on, and under which identifiers it is found."""
    row, claim = case.row, case.claim(act.claim)
    ground = act.ground or rules.ground_said(claims.details_of(ctx, row, claim))
    made = RestrictionRow(
        id=new_id(),
        controller_id=row.controller_id,
        request_id=row.id,
        claim_id=claim.id,
        reference=row.reference,
        ground=ground.value,
        categories=list(act.categories),
        since=tx.now,
    )
    tx.session.add(made)
    await tx.session.flush()
    checked = any(one.identifiers_checked for one in case.claims)
    await outward.find_by(tx, [made], _blinds(ctx, row, checked=checked))
    case.restrictions.append(made)
    case.erasure_opposed = case.erasure_opposed or ground in rules.AGAINST_ERASURE
    facts = {"restriction_id": str(made.id), "claim_id": act.claim, "ground": made.ground}
    await steps.note(tx, row, AuditStep.RESTRICTION_SET, actor=INSYN, facts=facts)
    return made


async def compared(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """
    Let the request's restrictions be found by what a colleague has compared, too.

    One that is set while the claim is pending may come before anybody is known by anything: it would hold and be found
    by nobody (R18-2, R21-1).
    """
    live = [one for one in await outward.restrictions_of(tx, row.id) if one.lifted_at is None and not one.former]
    await outward.find_by(tx, live, _blinds(ctx, row, checked=True))


async def of_former(
    tx: Tx, ctx: Context, row: RequestRow, restriction: RestrictionRow, why: Former, *, checked: bool
) -> None:
    """
    See to a restriction that was set about whoever was known before: it is found by what is known now of the same
    person. One that was set about another is theirs until it is lifted, which a person is to see to now (Art. 18(1)).
    """
    if why is Former.MORE_KNOWN:
        await outward.find_by(tx, [restriction], _blinds(ctx, row, checked=checked))
        return
    restriction.former = True
    if restriction.lift_proposed_at is None:
        await _propose(tx, row, restriction)
    await put_right.name(tx, row, restriction.claim_id, recipient=FORMER_PERSON)


def _blinds(ctx: Context, row: RequestRow, *, checked: bool) -> set[bytes]:
    """
    Only what is the person's own and somebody answers for: nobody restricts a former partner by typing their address.
    """
    known = may_travel(orders.known_as(ctx, row), accepts=TYPES, action=Action.RESTRICT, checked=checked)
    return {
        ctx.vault.blind_index(controller=row.controller_id, type=one.type, normalised=one.value)
        for one in known
        if one.type not in SHARED
    }


async def propose_lift(tx: Tx, case: CaseRows, restriction_id: str) -> None:
    """What the restriction waited for has been answered: staff are to see to its end."""
    await _propose(tx, case.row, next(one for one in case.restrictions if str(one.id) == restriction_id))


async def _propose(tx: Tx, row: RequestRow, restriction: RestrictionRow) -> None:
    restriction.lift_proposed_at = tx.now
    facts = {"restriction_id": str(restriction.id), "ground": restriction.ground}
    await steps.note(tx, row, AuditStep.RESTRICTION_LIFT_PROPOSED, actor=INSYN, facts=facts)


# --- looked up -------------------------------------------------------------------------------------------------------


async def look_up(
    tx: Tx, ctx: Context, named: Sequence[Known], *, controllers: Sequence[str], actor: Actor
) -> list[RestrictionRow]:
    """
    Restrictions that hold for whoever has one of these identifiers; that they were read is written down.

    Raises:
        NothingToLookUp: None of them is a person's own: "not restricted" would be a guess (R18-2).
    """
    if all(one.type in SHARED for one in named):
        raise NothingToLookUp
    blinds = [
        ctx.vault.blind_index(controller=controller, type=one.type, normalised=one.value)
        for controller in controllers
        for one in named
        if one.type not in SHARED
    ]
    found = [one for one in await outward.live_by(tx, blinds) if one.controller_id in controllers]
    for one in found:
        await _note(tx, one, AuditStep.RESTRICTION_READ, actor=actor, facts={"restriction_id": str(one.id)})
    return found


async def use(tx: Tx, restriction: RestrictionRow, *, use: str, reason: str, actor: Actor) -> None:
    """
    Write down that restricted data are used all the same, for what Art. 18(2) permits and why: a code, no free text.

    Raises:
        UseNotPermitted, RestrictionLifted
    """
    rules.check_use(use)
    if restriction.lifted_at is not None:
        raise RestrictionLifted
    facts = {"restriction_id": str(restriction.id), "use": use, "reason": reason}
    await _note(tx, restriction, AuditStep.RESTRICTION_USED, actor=actor, facts=facts)


async def _note(tx: Tx, one: RestrictionRow, step: AuditStep, *, actor: Actor, facts: dict[str, Any]) -> None:
    """Into the chain of the request it came from; one whose row is gone has no chain to grow."""
    try:
        row = await steps.hold(tx, one.request_id)
    except steps.UnknownRequest:
        return
    await steps.note(tx, row, step, actor=actor, facts=facts)


# --- lifted ----------------------------------------------------------------------------------------------------------


async def hold(tx: Tx, restriction_id: UUID) -> tuple[RequestRow, RestrictionRow]:
    """
    Lock a restriction's request, then the restriction.

    Raises:
        UnknownRestriction, NobodyLeftToTell
    """
    found = await outward.restriction(tx, restriction_id)
    if found is None:
        raise UnknownRestriction
    try:
        row = await steps.hold(tx, found.request_id)
    except steps.UnknownRequest:
        raise NobodyLeftToTell from None
    locked = await outward.restriction(tx, restriction_id, lock=True)
    if locked is None:
        raise UnknownRestriction
    return row, locked


async def announce_lift(
    tx: Tx,
    ctx: Context,
    restriction_id: UUID,
    *,
    ending: str,
    outcome: str,
    lifting_on: date,
    then: str,
    actor: Actor,
) -> RestrictionRow:
    """
    Tell the person that a restriction will be lifted, when, and what is processed then (GDPR Art. 18(3)).

    Raises:
        UnknownRestriction, RestrictionLifted, NoticeGiven, EndingDoesNotFit, LiftingTooSoon
    """
    row, restriction = await hold(tx, restriction_id)
    if restriction.lifted_at is not None:
        raise RestrictionLifted
    if restriction.lifting_on is not None:
        raise NoticeGiven
    rules.check_notice(
        ground=Ground(restriction.ground),
        ending=ending,
        lifting_on=lifting_on,
        today=ctx.today(row.controller_id, tx.now),
        is_former=restriction.former,
    )
    restriction.lift_ending, restriction.lifting_on = ending, lifting_on
    said = {"outcome": outcome, "then": then}
    restriction.lift_sealed = sealing.seal(ctx, row, said, table="restriction", column="lift", id=restriction.id)
    await tx.session.flush()
    if not restriction.former:  # who it is about is not whom this case writes to: a person tells them
        case = await case_rows.read(tx, ctx, row)
        await correspondence.write(tx, ctx, case, NOTICE, about=str(restriction.id))
    facts = {"restriction_id": str(restriction.id), "ending": ending, "lifting_on": lifting_on.isoformat()}
    await steps.note(tx, row, AuditStep.RESTRICTION_LIFT_ANNOUNCED, actor=actor, facts=facts)
    return restriction


async def ask_lift(tx: Tx, ctx: Context, restriction_id: UUID, *, actor: Actor) -> tuple[RestrictionRow, ApprovalRow]:
    """
    Ask for a restriction to be lifted; it waits for a second person.

    Raises:
        UnknownRestriction, RestrictionLifted, NoticeNotOut, LiftingDayNotCome, LiftAsked
    """
    row, restriction = await hold(tx, restriction_id)
    if restriction.lifted_at is not None:
        raise RestrictionLifted
    restriction.notice_sent_at = await _told_at(tx, row, restriction)
    rules.check_lift(
        notice_sent_at=restriction.notice_sent_at,
        lifting_on=restriction.lifting_on,
        now=tx.now,
        today=ctx.today(row.controller_id, tx.now),
    )
    if any(one.about == restriction.id for one in await approvals.open_of(tx, row.id)):
        raise LiftAsked
    facts = {"restriction_id": str(restriction.id), "ground": restriction.ground}
    asked = await four_eyes.ask(tx, row, Subject.RESTRICTION_LIFT, about=restriction.id, facts=facts, actor=actor)
    return restriction, asked


async def _told_at(tx: Tx, row: RequestRow, restriction: RestrictionRow) -> datetime | None:
    """When the notice was out; of one set about somebody else, when a person had told whoever it was set about."""
    if restriction.former:
        told = [one for one in await outward.entries_of(tx, row.id) if one.claim_id == restriction.claim_id]
        said = (one.at for one in told if (one.about, one.recipient) == (About.FORMER, FORMER_PERSON))
        return next(said, None)
    about = str(restriction.id)
    found = [one for one in await letters.letters_of(tx, row) if (one.kind, one.about) == (NOTICE, about)]
    return found[0].sent_at if found else None


async def take_second_word(
    tx: Tx, ctx: Context, row: RequestRow, approval: ApprovalRow, *, approved: bool, actor: Actor
) -> None:
    """Lift, or leave as it is; that recipients are told follows from the state (:mod:`app.domain.process`)."""
    if approval.about is None:
        raise UnknownApproval
    restriction = await outward.restriction(tx, approval.about, lock=True)
    if restriction is None:
        raise UnknownApproval
    if not approved or restriction.lifted_at is not None:
        return
    rules.check_lift(
        notice_sent_at=restriction.notice_sent_at,
        lifting_on=restriction.lifting_on,
        now=tx.now,
        today=ctx.today(row.controller_id, tx.now),
    )
    restriction.lift_asked_by, restriction.lift_approved_by = approval.asked_by, actor.ref
    restriction.lifted_at = tx.now
    facts = {"restriction_id": str(restriction.id), "ground": restriction.ground}
    await steps.note(tx, row, AuditStep.RESTRICTION_LIFTED, actor=actor, facts=facts)


# --- shown -----------------------------------------------------------------------------------------------------------


def state_of(restriction: RestrictionRow, *, asked: bool = False) -> str:
    """Where a restriction stands: in force, its lifting proposed, announced or waiting for a second person, lifted."""
    if restriction.lifted_at is not None:
        return "lifted"
    if asked:
        return "awaiting_approval"
    if restriction.lifting_on is not None:
        return "lift_announced"
    return "lift_proposed" if restriction.lift_proposed_at is not None else "in_force"


def found_view(restriction: RestrictionRow) -> dict[str, Any]:
    """A restriction as the controller's own systems see it: whether, why, what may still be done."""
    return {
        "id": restriction.id,
        "controller": restriction.controller_id,
        "since": restriction.since,
        "ground": restriction.ground,
        "categories": list(restriction.categories),
        "permitted_uses": list(rules.PERMITTED),
    }


async def seen(tx: Tx, rows: Sequence[RestrictionRow], *, asked: Collection[UUID] = ()) -> list[dict[str, Any]]:
    """Restrictions as staff see them, with by how many identifiers each is found: by none it is lost on everybody."""
    await tx.session.flush()
    found_by = await outward.found_by(tx, [one.id for one in rows])
    return [view(one, asked=one.id in asked) | {"found_by": found_by.get(one.id, 0)} for one in rows]


def view(restriction: RestrictionRow, *, asked: bool = False) -> dict[str, Any]:
    """A restriction as staff see it; nothing about the person."""
    return found_view(restriction) | {
        "request_id": restriction.request_id,
        "claim_id": restriction.claim_id,
        "reference": restriction.reference,
        "source": rules.GROUNDS[Ground(restriction.ground)].source,
        "state": state_of(restriction, asked=asked),
        "endings_allowed": sorted(rules.endings(Ground(restriction.ground), is_former=restriction.former)),
        "lifting_on": restriction.lifting_on,
        "lifted_at": restriction.lifted_at,
    }
