"""
People who must not be found, and other marks of danger on a case.

Anybody on the staff may set the mark; taking it off needs two trained handlers, held by the database. A marked case is
not there for anybody else: no list, no search, no count. No mail, no text message, no address anywhere. That there is a
mark stands in no view of the person's, in no audit fact and in nothing a processor is told; who set it and why is
sealed.
"""

from collections.abc import Collection
from uuid import UUID

from app.db import Tx
from app.domain import identity
from app.domain.audit import AuditStep
from app.domain.case import ClaimState, Phase
from app.domain.errors import DomainError
from app.domain.four_eyes import Subject
from app.domain.guarding import HandlersOnly
from app.domain.identity import Level, RiskMark
from app.domain.proving import NUMBER
from app.domain.rights import right
from app.models import ApprovalRow, ClaimRow, ProtectionMarkRow, RequestRow
from app.repositories import cases
from app.repositories import guarding as stored
from app.services import four_eyes, persons, sealing, steps
from app.services.context import INSYN, Actor, Context
from app.services.four_eyes import UnknownApproval
from app.services.ids import new_id

#: What is said of the reason where a recipient or the person asked for the mark.
BY_ITSELF = "automatic"


class NotProtected(DomainError):
    """The request is not marked, so there is nothing to take off."""


async def mark(tx: Tx, ctx: Context, row: RequestRow, *, reason: str, actor: Actor) -> None:
    """Mark a request's person as one who must not be found; marking twice changes nothing."""
    if row.protected:
        return
    tx.session.add(_noted(tx, ctx, row, "on", reason, actor))
    row.protected = True
    await stored.hide_what_is_kept(tx, row.id, protected=True)
    await stored.stop_mails(tx, row.id, failure="withdrawn")
    for claim in await cases.claims_of(tx, [row.id]):
        if claim.state == ClaimState.OPEN and not right(claim.right).granted_at_once:
            claim.two_needed = True
    await tx.session.flush()  # or the next read of the claims would forget it
    await _raise_needs(tx, ctx, row)
    # An entry of no special kind: the chain, too, says nothing.
    await steps.note(tx, row, AuditStep.REQUEST_NOTED, actor=actor)
    await steps.changed_unless_closed(tx, row)  # what is kept of a closed one is hidden as well
    await _mark_the_others(tx, ctx, row, actor)


async def inherit(tx: Tx, ctx: Context, row: RequestRow, *, actor: Actor) -> None:
    """Mark a request as soon as it is known to be of somebody who is marked in another one, and the other way round."""
    if row.protected:
        await _mark_the_others(tx, ctx, row, actor)
        return
    if not await stored.hides(tx, row, also=_numbers_of(ctx, row)):
        return
    await tx.session.flush()  # first: the mark raises what the claims need, and reads them
    await mark(tx, ctx, row, reason=BY_ITSELF, actor=actor)


async def _mark_the_others(tx: Tx, ctx: Context, row: RequestRow, actor: Actor) -> None:
    """
    Mark the same person's other open requests too.

    Not on the word of a caller whom nobody has proved: whoever says that she must not be found, on a call in her name,
    would have no mail about her own requests go out any more.
    """
    if row.filed_by_role != "subject" and Level.from_key(row.assurance) is Level.NONE:
        return
    keys = _numbers_of(ctx, row) | ({row.subject_key} if row.subject_key is not None else set())
    if not keys:
        return
    for other in await stored.open_ones_of(tx, row, keys):
        if other.subject_key in keys or keys & _numbers_of(ctx, other):
            await mark(tx, ctx, other, reason=BY_ITSELF, actor=actor)


def _numbers_of(ctx: Context, row: RequestRow) -> set[bytes]:
    """The keys of the personnummer that somebody answers for."""
    return {
        ctx.vault.blind_index(controller=row.controller_id, type=one.type, normalised=one.value)
        for one in persons.known_as(ctx, row)
        if one.type == NUMBER and one.vouched
    }


async def ask_to_unmark(tx: Tx, ctx: Context, row: RequestRow, *, reason: str, actor: Actor) -> ApprovalRow:
    """
    Ask a second trained handler to take the mark off.

    Raises:
        HandlersOnly: Who asks is not trained. NotProtected: There is no mark. ClosedRequest: It stays as it is.
    """
    if not tx.sees_protected:
        raise HandlersOnly
    if row.phase == Phase.CLOSED:
        raise steps.ClosedRequest
    if not row.protected:
        raise NotProtected
    wanted = _noted(tx, ctx, row, "off", reason, actor)
    tx.session.add(wanted)
    approval = await four_eyes.ask(tx, row, Subject.PROTECTED_IDENTITY, about=wanted.id, actor=actor)
    await steps.changed(tx, row)
    return approval


async def take_second_word(
    tx: Tx, _ctx: Context, row: RequestRow, approval: ApprovalRow, *, approved: bool, actor: Actor
) -> None:
    """The mark is off, or stays."""
    if not tx.sees_protected:
        raise HandlersOnly
    wanted = next((one for one in await stored.marks_of(tx, row.id) if one.id == approval.about), None)
    if wanted is None:
        raise UnknownApproval
    if approved:
        wanted.approved_by, wanted.approved_at = actor.ref, tx.now
        await tx.session.flush()  # first: the database lets no mark go without it
        row.protected = False
        await stored.hide_what_is_kept(tx, row.id, protected=False)


async def mark_as_told(tx: Tx, ctx: Context, row: RequestRow, marks: Collection[RiskMark]) -> None:
    """Take over what a recipient says of the person, or the person themselves."""
    if RiskMark.PROTECTED in marks:
        await mark(tx, ctx, row, reason=BY_ITSELF, actor=INSYN)
    await add_marks(tx, ctx, row, set(marks) - {RiskMark.PROTECTED})


async def add_marks(tx: Tx, ctx: Context, row: RequestRow, marks: Collection[RiskMark]) -> None:
    """Add marks of danger; what is not decided yet may need a stronger proof from now on."""
    new = sorted({*row.risk_marks, *(one.value for one in marks)})
    if new == sorted(row.risk_marks):
        return
    row.risk_marks = new
    await _raise_needs(tx, ctx, row)


def marks_of(row: RequestRow) -> frozenset[RiskMark]:
    """All that is known to be dangerous about a case."""
    found = {RiskMark(one) for one in row.risk_marks}
    return frozenset(found | {RiskMark.PROTECTED} if row.protected else found)


def needed_for(ctx: Context, controller: str, right_key: str, *, marks: Collection[RiskMark] = ()) -> Level:
    """The level a claim needs at a controller, all its categories in scope; never more for what is at once (F12)."""
    profile, its = ctx.profile(controller), right(right_key)
    return identity.needed(
        right_key,
        floor=its.needs,
        at_once=its.granted_at_once,
        asked=profile.identity.needed(right_key),
        by_class=profile.identity.class_levels(right_key),
        classes={category.data_class for category in profile.categories},
        marks=marks,
    )


def needed_by(ctx: Context, row: RequestRow, claim: ClaimRow) -> Level:
    """
    The level a claim needs with all that is known of its case by now; never less than it was said to need.

    What follows an answered request was proved when it was decided, and there is nobody to prove anything anew.
    """
    said = Level.from_key(claim.needs)
    if row.follows is not None:
        return said
    return max(said, needed_for(ctx, row.controller_id, claim.right, marks=marks_of(row)))


async def _raise_needs(tx: Tx, ctx: Context, row: RequestRow) -> None:
    for claim in await cases.claims_of(tx, [row.id]):
        if claim.state == ClaimState.OPEN:
            claim.needs = needed_by(ctx, row, claim).key
    await tx.session.flush()  # or the next read of the claims would forget it


def _noted(tx: Tx, ctx: Context, row: RequestRow, word: str, reason: str, actor: Actor) -> ProtectionMarkRow:
    id: UUID = new_id()
    return ProtectionMarkRow(
        id=id,
        request_id=row.id,
        controller_id=row.controller_id,
        mark=word,
        reason_sealed=sealing.seal(ctx, row, {"text": reason}, table="protection_mark", column="reason", id=id),
        by=actor.ref,
        at=tx.now,
    )
