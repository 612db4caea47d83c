"""
What people do with a case: prove who asks, decide, approve, release, withdraw.

The service never says no by itself, and nobody says it alone.
"""

from collections.abc import Sequence

from app.db import Tx
from app.domain import decisions, identity, proving
from app.domain.audit import AuditStep
from app.domain.case import AlreadyUnderWay, ClaimNotOpen, ClaimOutcome, ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.fanout import Action, TaskState
from app.domain.finding import FootageNotDescribed, footage_lacks
from app.domain.four_eyes import Subject
from app.domain.identity import Level
from app.domain.proving import Asked, ProofOfSomebodyElse, Proved
from app.domain.records import Record
from app.domain.restrictions import ErasureRestricted
from app.domain.rights import right
from app.domain.standing import Former
from app.models import ApprovalRow, ClaimRow, IdentifierRow, RequestRow, TaskRow
from app.repositories import approvals, cases, letters, outward
from app.services import (
    channels,
    claims,
    clarification,
    documenting,
    erasing,
    four_eyes,
    notes,
    orders,
    persons,
    protecting,
    raising,
    reported,
    restricting,
    sealing,
    steps,
    undoing,
)
from app.services.context import Actor, Context
from app.services.four_eyes import UnknownApproval

NOTHING_RECORDED = Record()
#: The letters that say how identity is proved here.
TELL_HOW = frozenset({"receipt", "identity_wanted"})


class IdentityNotProven(DomainError):
    """Nobody decides about a claim before it is known well enough who asks."""


class DangerReported(IdentityNotProven):
    """Something is known of the person you compared that needs a stronger proof or other hands; read it again."""


class ContactInQuarantine(DomainError):
    """A contact detail that nobody knew for thirty days proves nothing; choose another way of proof."""


class GivingUpNeedsReason(DomainError):
    """Write in twenty characters or more why nobody can tell who asks: the controller has to show it."""


class ProofNotAskedFor(DomainError):
    """First a letter that says how identity is proved must be out to the person."""


class NothingLeftOut(DomainError):
    """A partly granted claim names the categories that are left out."""


class UnknownCategory(DomainError):
    """The controller's profile has no such data category."""


class IdentifiersNotChecked(DomainError):
    """Some identifiers are only somebody's word. Compare them with your records, and say so: identifiers_checked."""


class ClaimUnderWay(DomainError):
    """A processor is still at work on the claim; decide when it has answered."""


class AlreadyDone(DomainError):
    """Something has been done for the claim already; what is done cannot be refused."""


class VersionMoved(DomainError):
    """The request has changed since you read it; read it again."""


def check_version(row: RequestRow, expected: int | None) -> None:
    """Raise :class:`VersionMoved` unless the request is still the one that was read (``If-Match``)."""
    if expected is not None and row.version != expected:
        raise VersionMoved


async def prove_identity(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    *,
    method: str,
    number: str | None = None,
    contact: tuple[str, str] | None = None,
    actor: Actor,
) -> Level:
    """
    Record that a person has proved who asks: method, who checked, when; never a copy (EDPB 01/2022 para 79).

    The one door by which anybody becomes known; what a proof establishes stands in :mod:`app.domain.proving`.

    Args:
        number: The personnummer that the proof named, normalised; it lets the person find a request that no login
            made behind their own.
        contact: The address a call or a code went to, as (type, normalised value).

    Raises:
        UnknownMethod: No ID copies, secret questions or signatures.
        ProofWithoutNumber, NumberByChannel, ContactNeeded: It does not say whose proof it is.
        ProofOfSomebodyElse: It names another personnummer than the request.
        ContactInQuarantine: The address was put there lately, or nobody knows it.
        CopyHasAnswered: A copy has answered the request, and the proof is of another than it was given to.
    """
    asked = Asked(Level.from_key(row.assurance), orders.known_as(ctx, row), by_login=_a_login_made(row))
    proved = proving.establish(asked, method=method, number=number, contact=contact)
    if contact is not None and method in identity.BY_CHANNEL and await channels.is_in_quarantine(tx, ctx, row, contact):
        raise ContactInQuarantine
    _tie(ctx, row, proved, number)
    _write(tx, ctx, row, asked, proved)
    row.assurance = proved.level.key
    facts = {"method": method, "level": proved.level.key}
    await steps.note(tx, row, AuditStep.REQUEST_IDENTITY_PROVEN, actor=actor, facts=facts)
    await protecting.inherit(tx, ctx, row, actor=actor)
    await reported.take_over(tx, ctx, row)
    await undoing.of_another(tx, ctx, row, before=asked.known)
    if row.phase != Phase.CLOSED:
        await clarification.end_doubt(tx, ctx, row, actor=actor)
    await steps.changed_unless_closed(tx, row)
    return proved.level


def _a_login_made(row: RequestRow) -> bool:
    return row.filed_by_role == "subject"


def _tie(ctx: Context, row: RequestRow, proved: Proved, number: str | None) -> None:
    """
    Let the person whose number was proved find the request, or find out that it is another's proof.

    A login without a number has a pseudonym of its issuer for a key, which no number can be compared with.
    """
    if number is None:
        return
    blind = ctx.vault.blind_index(controller=row.controller_id, type=proving.NUMBER, normalised=number)
    if row.subject_key is not None and not _a_login_made(row) and row.subject_key != blind:
        raise ProofOfSomebodyElse
    is_theirs = any((one.type, one.value) == (proving.NUMBER, number) and one.vouched for one in proved.known)
    if row.subject_key is None and is_theirs:
        row.subject_key = blind


def _write(tx: Tx, ctx: Context, row: RequestRow, asked: Asked, proved: Proved) -> None:
    before = {(one.type, one.value) for one in asked.known}
    for one in proved.known:
        if (one.type, one.value) not in before:
            blind = ctx.vault.blind_index(controller=row.controller_id, type=one.type, normalised=one.value)
            tx.session.add(
                IdentifierRow(request_id=row.id, blind=blind, controller_id=row.controller_id, type=one.type)
            )
    known = [persons.sealed_as(one) for one in proved.known]
    person = {**orders.person_of(ctx, row), "identifiers": known}
    row.subject_sealed = sealing.seal(ctx, row, person, table="request", column="subject", id=row.id)


async def give_up_identity(tx: Tx, ctx: Context, row: RequestRow, *, reason: str, actor: Actor) -> None:
    """
    Say that the person cannot be identified (GDPR Art. 11(2)): what needed it ends so, the rest goes on.

    The controller demonstrates it (Art. 11(2), 12(2)): the person has been told how it is proved, and why it could not
    be is kept as a sealed note.

    Art. 11(2) switches off Articles 15 to 20 and no other (R11-2): an objection or the review of an automated decision
    stays open, and is refused, if at all, by two people who say why (Art. 12(2)).

    Raises:
        NotClassified, GivingUpNeedsReason, ProofNotAskedFor
    """
    if row.unclassified:
        raise claims.NotClassified  # it may turn out to be what needs no proof
    if len(reason.strip()) < decisions.LEAST_REASONS:
        raise GivingUpNeedsReason
    if not any(one.kind in TELL_HOW and one.sent_at is not None for one in await letters.letters_of(tx, row)):
        raise ProofNotAskedFor
    await notes.write(tx, ctx, row, kind="note", text=reason.strip(), actor=actor)
    held = Level.from_key(row.assurance)
    for claim in await cases.claims_of(tx, [row.id]):
        if claim.right not in identity.ENDED_BY_ART_11:
            continue
        if claim.state == ClaimState.OPEN and not identity.suffices(held, needed=Level.from_key(claim.needs)):
            await claims.close(tx, row, claim, ClaimOutcome.NOT_IDENTIFIED)
    await steps.note(tx, row, AuditStep.REQUEST_IDENTITY_REFUSED, actor=actor)
    await steps.changed(tx, row)


async def decide(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    claim: ClaimRow,
    *,
    verdict: Verdict,
    ground: str | None,
    reasons: str,
    exclude: Sequence[str],
    identifiers_checked: bool = False,
    record: Record = NOTHING_RECORDED,
    plan: erasing.Said | None = None,
    actor: Actor,
) -> ApprovalRow | None:
    """
    Decide one claim; where four eyes are due the decision waits, and the approval that it waits for is returned.

    Raises:
        DangerReported: Nothing is decided, and what came to light stays written if the transaction is kept.
        ClaimNotOpen, IdentityNotProven, FootageNotDescribed, IdentifiersNotChecked, ErasureRestricted,
        ClaimUnderWay, AlreadyDone, GroundNeeded, GroundNotAllowed, ReasonsNeeded, NothingLeftOut, UnknownCategory,
        NotClassified
        and what :func:`app.domain.records.check` raises: a decision is documented before it counts;
        for an erasure what :func:`app.services.erasing.decide_plan` refuses in its *plan*.
    """
    if row.unclassified:
        raise claims.NotClassified
    if claim.state != ClaimState.OPEN:
        raise ClaimNotOpen
    has_come = await reported.take_over(tx, ctx, row, compared=identifiers_checked)
    if row.protected and not tx.sees_protected:
        raise DangerReported
    is_for_want_of_proof = verdict is Verdict.REFUSED and ground == decisions.NOT_IDENTIFIABLE.key
    if not _is_known_enough(ctx, row, claim) and not is_for_want_of_proof:
        raise DangerReported if has_come else IdentityNotProven
    if verdict is not Verdict.REFUSED and not identifiers_checked and _has_unvouched(ctx, row):
        raise IdentifiersNotChecked
    if verdict is Verdict.GRANTED and footage_lacks(claims.details_of(ctx, row, claim)):
        raise FootageNotDescribed
    if claim.right == "erasure" and verdict is not Verdict.REFUSED and await outward.erasure_is_opposed(tx, row.id):
        raise ErasureRestricted
    await _check_tasks(tx, row, claim, verdict)
    its_right = right(claim.right)
    decisions.check(verdict=verdict, ground=ground, reasons=reasons, allowed=its_right.refusal_grounds)
    said = plan or erasing.Said()
    _check_exclusions(ctx, row, verdict, exclude, keeps=any(one.verdict == "keep" for one in said.entries))
    await documenting.check(tx, ctx, row, claim, verdict=verdict, ground=ground, record=record, excluded=exclude)
    await approvals.forget_open(tx, claim.id)  # a fee that nobody has agreed to is not asked any more
    # Reads the case anew, so it comes before anything is changed.
    planned = await erasing.decide_plan(
        tx, ctx, row, claim, verdict=verdict, ground=ground, excluded=frozenset(exclude), said=said
    )
    claim.verdict, claim.ground = verdict, ground
    claim.excluded = raising.left_out(ctx, row, claim, exclude)
    documenting.write(ctx, row, claim, record, actor=actor)
    claim.reasons_sealed = (
        sealing.seal(ctx, row, {"text": reasons}, table="claim", column="reasons", id=claim.id) if reasons else None
    )
    claim.decided_by, claim.decided_at = actor.ref, tx.now
    claim.identifiers_checked = identifiers_checked
    claim.decided_for = persons.sign_of(ctx, row, checked=identifiers_checked)
    await undoing.compared_otherwise(tx, row, claim)
    if identifiers_checked:
        await restricting.compared(tx, ctx, row)
    claim.two_needed = row.protected  # two trained people, whatever the right
    waits = decisions.needs_two(verdict, grant_needs_two=its_right.grant_needs_two or row.protected)
    claim.state = ClaimState.AWAITING_APPROVAL if waits else ClaimState.DECIDED
    facts = {"claim_id": str(claim.id), "right": claim.right, "verdict": verdict.value, "ground": ground} | planned
    await steps.note(tx, row, AuditStep.CLAIM_DECIDED, actor=actor, facts=facts)
    approval = (
        await four_eyes.ask(tx, row, Subject.DECISION, claim_id=claim.id, facts=planned, actor=actor) if waits else None
    )
    if not waits:
        await raising.after(tx, ctx, row, claim)
    await steps.changed(tx, row)
    return approval


async def _check_tasks(tx: Tx, row: RequestRow, claim: ClaimRow, verdict: Verdict) -> None:
    """
    A claim that was handed back may have tasks: none may be at work, and what is done is not refused (F08).

    What was done for somebody else is nothing that was done for whoever is known now (GDPR Art. 12(4)).
    """
    apart = {Action.RESTRICT, Action.LIFT_RESTRICTION} - {right(claim.right).action}  # done whatever is decided
    found = [task for task in await cases.tasks_of(tx, row.id) if task.claim_id == claim.id]
    own = [task for task in found if task.action not in apart]
    if any(task.state != TaskState.CLOSED for task in own):
        raise ClaimUnderWay
    if verdict is Verdict.REFUSED and any(cases.was_done(task) for task in own):
        raise AlreadyDone


def _is_known_enough(ctx: Context, row: RequestRow, claim: ClaimRow) -> bool:
    return identity.suffices(Level.from_key(row.assurance), needed=protecting.needed_by(ctx, row, claim))


def _has_unvouched(ctx: Context, row: RequestRow) -> bool:
    return any(not one.vouched for one in orders.known_as(ctx, row))


def _check_exclusions(
    ctx: Context, row: RequestRow, verdict: Verdict, exclude: Sequence[str], *, keeps: bool = False
) -> None:
    in_part = verdict is Verdict.PARTLY_GRANTED
    if in_part != bool(exclude) and not (in_part and keeps):
        raise NothingLeftOut
    known = {category.id for category in ctx.profile(row.controller_id).categories}
    if set(exclude) - known:
        raise UnknownCategory


async def take_second_word(
    tx: Tx, ctx: Context, row: RequestRow, approval: ApprovalRow, *, approved: bool, actor: Actor
) -> None:
    """
    A decision counts, or is as if nothing had been decided.

    Raises:
        IdentityNotProven: More is known to be dangerous about the case than when it was decided.
    """
    if approval.claim_id is None:
        raise UnknownApproval
    claim = await claims.claim_of(tx, row, approval.claim_id)
    if approved:
        if claim.verdict != Verdict.REFUSED and not _is_known_enough(ctx, row, claim):
            raise IdentityNotProven  # something dangerous has come to light while it waited
        claim.approved_by = actor.ref  # first: the database lets no decision count without it
        claim.state = ClaimState.DECIDED
        if claim.verdict != Verdict.REFUSED:
            await raising.after(tx, ctx, row, claim)
    else:
        claims.undo_decision(claim)


def _holds_a_withdrawal_up(task: TaskRow, chosen: Sequence[ClaimRow]) -> bool:
    """What was asked in a claim's name; a restriction meanwhile does so only until it has been answered."""
    claim = next((one for one in chosen if one.id == task.claim_id), None)
    if claim is None:
        return False
    meanwhile = task.action == Action.RESTRICT and right(claim.right).action is not Action.RESTRICT
    return not meanwhile or task.state != TaskState.CLOSED


def _is_over(task: TaskRow) -> bool:
    return task.state == TaskState.CLOSED


async def withdraw(tx: Tx, row: RequestRow, *, rights: Sequence[str], actor: Actor) -> None:
    """
    Take claims back while nothing has been asked of a processor for them; empty *rights* means all that can be.

    Raises:
        UnknownClaim, AlreadyUnderWay: Something was already asked in its name.
    """
    steps.check_not_stopped(row)
    chosen = [claim for claim in await cases.claims_of(tx, [row.id]) if not rights or claim.right in rights]
    if len(chosen) < len(set(rights)):
        raise claims.UnknownClaim
    if row.follows is not None:
        raise AlreadyUnderWay  # an end that was promised is nobody's to take back
    chosen = [claim for claim in chosen if claim.state != ClaimState.CLOSED]
    found = [one for one in await cases.tasks_of(tx, row.id) if one.former != Former.ANOTHER or not _is_over(one)]
    begun = {task.claim_id for task in found if _holds_a_withdrawal_up(task, chosen)}
    if not chosen or any(claim.id in begun for claim in chosen):
        raise AlreadyUnderWay
    for claim in chosen:
        await approvals.forget_open(tx, claim.id)
        claims.undo_decision(claim)
        await claims.close(tx, row, claim, ClaimOutcome.WITHDRAWN)
    await steps.note(tx, row, AuditStep.REQUEST_WITHDRAWN, actor=actor, facts={"rights": [c.right for c in chosen]})
    await steps.changed(tx, row)
