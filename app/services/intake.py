"""
A request comes in.

From any channel, in any form (GDPR Art. 12(2)): the clock starts at receipt, not when somebody types it in. One
transaction holds the request, its claims, the sealed person, the audit entry and the wake-up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from app.db import Tx
from app.domain.answer_form import form_for
from app.domain.audit import AuditStep
from app.domain.case import ClaimState, Phase
from app.domain.contacts import may_move_contact
from app.domain.errors import DomainError
from app.domain.finding import Known
from app.domain.identity import Level
from app.domain.rights import RIGHTS, right
from app.models import ClaimRow, IdentifierRow, RequestRow
from app.observability import REQUESTS
from app.repositories import jobs
from app.services import notes, persons, protecting, sealing, steps
from app.services.context import Actor, Context
from app.services.ids import new_id, new_reference
from app.services.sealing import where
from app.vault.envelope import DataKey
from app.vault.identifiers import as_given, normalise

#: Clocks of honest senders differ a little.
CLOCK_LEEWAY = timedelta(minutes=2)
#: A letter older than this was not received lately; it is a slip of the pen.
OLDEST_RECEIPT = timedelta(days=365)
#: On the wire: the person did not say which right. How it is read until a person has looked.
UNSPECIFIED, WIDEST = "unspecified", "access"


class ReceivedInTheFuture(DomainError):
    """A request cannot have been received later than now."""


class ReceivedTooLongAgo(DomainError):
    """A request received more than a year ago is not taken in; check the date."""


class SameRightTwice(DomainError):
    """Each right is claimed once in a request."""


class MessageNeeded(DomainError):
    """A request whose right is unspecified needs the person's own words."""


class NobodyNamed(DomainError):
    """At least one identifier is needed to find the person."""


class Identifier(NamedTuple):
    """
    How a person is known somewhere: a type and a value.

    ``vouched``: the login, or a member of staff, answers for its being this person's. What a person only wrote helps
    to find and proves nothing: it could be the former partner's. ``as_given`` is how it was written, where *value* is
    not that any more.
    """

    type: str
    value: str
    vouched: bool = True
    as_given: str | None = None

    def __repr__(self) -> str:
        return f"<Identifier {self.type}>"


@dataclass(frozen=True)
class NewClaim:
    """One right, and what the person says about it."""

    right: str
    details: Mapping[str, Any] = field(default_factory=dict)
    presumed: bool = False  #: read into free text


@dataclass(frozen=True, kw_only=True)
class NewRequest:
    """What came in, as plain values. Holds personal data: shown without it."""

    controller: str
    channel: str
    received_at: datetime
    language: str
    claims: Sequence[NewClaim]
    identifiers: Sequence[Identifier]
    message: str | None = None
    contact: Mapping[str, Any] = field(default_factory=dict)
    assurance: Level = Level.NONE
    subject_key: bytes | None = None  #: whose request it is in self-service
    requester_ref: str | None = None
    answer_form: str | None = None  #: as the person asked; None by channel
    note: str | None = None  #: what staff wrote down of a call or a visit
    protected: bool = False  #: whoever asks says that they must not be found

    def __repr__(self) -> str:
        return f"<NewRequest {self.controller} {self.channel}>"


async def file(tx: Tx, ctx: Context, new: NewRequest, *, actor: Actor) -> RequestRow:
    """
    Take a request in and start its clock.

    Raises:
        UnknownController, UnknownRight, SameRightTwice, NobodyNamed, MalformedIdentifier, ReceivedInTheFuture,
        ReceivedTooLongAgo, MessageNeeded: Nothing is written.
    """
    is_free_text, new = _is_free_text(new), _read_widely(new)
    _check(tx, ctx, new)
    received_at = min(new.received_at, tx.now)
    deadline = ctx.explain_deadline(new.controller, received_at)
    request_id = new_id()
    today = ctx.today(new.controller, tx.now)
    identifiers = each_once(read(one, today=today) for one in new.identifiers)
    key = await sealing.new_case_key(ctx, new.controller, request_id)
    row = RequestRow(
        id=request_id,
        controller_id=new.controller,
        reference=new_reference(tx.now),
        phase=Phase.RECEIVED,
        status=Phase.RECEIVED,
        channel=new.channel,
        language=new.language,
        received_at=received_at,
        filed_at=tx.now,
        due_on=deadline.due_on,
        deadline=deadline.as_json(),
        assurance=new.assurance.key,
        subject_key=new.subject_key or _number_key(ctx, new.controller, identifiers),
        requester_ref=new.requester_ref,
        filed_by_role=actor.role,
        filed_by_ref=actor.ref,
        next_at=tx.now - steps.CERTAINLY_DUE,
        wrapped_key=key.wrapped,
        subject_sealed=b"",
        answer_form=form_for(new.channel, new.answer_form).value,
        unclassified=is_free_text,
    )
    _seal_person(row, key, new, identifiers)
    tx.session.add(row)
    await tx.session.flush()
    steps.begin_chain(tx, row)
    for index, claim in enumerate(new.claims):
        tx.session.add(claim_row(ctx, row, key, claim, index))
    for identifier in identifiers:
        blind = ctx.vault.blind_index(controller=new.controller, type=identifier.type, normalised=identifier.value)
        tx.session.add(
            IdentifierRow(request_id=row.id, blind=blind, controller_id=row.controller_id, type=identifier.type)
        )
    if new.note:
        notes.add(tx, row, key, kind="intake", text=new.note, actor=actor)
    await steps.note(
        tx,
        row,
        AuditStep.REQUEST_RECEIVED,
        actor=actor,
        facts={
            "channel": new.channel,
            "rights": [claim.right for claim in new.claims],
            "received_on": deadline.anchor.isoformat(),
            "due_on": deadline.due_on.isoformat(),
            "assurance": new.assurance.key,
            "unspecified": is_free_text,
        },
    )
    if new.protected:
        await tx.session.flush()  # first: the mark raises what the claims need, and reads them
        await protecting.mark(tx, ctx, row, reason=protecting.BY_ITSELF, actor=actor)
    await protecting.inherit(tx, ctx, row, actor=actor)
    jobs.wake(tx, "case.advance", controller=row.controller_id, id=row.id)
    for claim in new.claims:
        REQUESTS.labels(right=claim.right, controller=new.controller, channel=new.channel).inc()
    return row


def _is_free_text(new: NewRequest) -> bool:
    """Whether the person did not say which right; their own words are then needed."""
    unspecified = any(claim.right == UNSPECIFIED for claim in new.claims)
    if unspecified and not (new.message or "").strip():
        raise MessageNeeded
    return unspecified


def _read_widely(new: NewRequest) -> NewRequest:
    """Free text is read as access, the widest right, until a person says what is meant (F09)."""
    named = [claim for claim in new.claims if claim.right != UNSPECIFIED]
    if len(named) == len(new.claims):
        return new
    if not any(claim.right == WIDEST for claim in named):
        named.append(NewClaim(WIDEST, presumed=True))
    return replace(new, claims=named)


def _check(tx: Tx, ctx: Context, new: NewRequest) -> None:
    ctx.profile(new.controller)
    if new.received_at > tx.now + CLOCK_LEEWAY:
        raise ReceivedInTheFuture
    if new.received_at < tx.now - OLDEST_RECEIPT:
        raise ReceivedTooLongAgo
    keys = [right(claim.right).key for claim in new.claims]
    if len(set(keys)) < len(keys):
        raise SameRightTwice
    if not new.identifiers:
        raise NobodyNamed


def read(one: Identifier, *, today: date) -> Identifier:
    """
    An identifier in the one spelling people are matched by, with the one it was given in where that is kept.

    Raises:
        MalformedIdentifier, UnknownIdentifierType
    """
    plain = normalise(one.type, one.value, today=today)
    return Identifier(one.type, plain, one.vouched, one.as_given or as_given(one.type, one.value))


def each_once(identifiers: Iterable[Identifier]) -> list[Identifier]:
    """What the login answers for and the person wrote as well is answered for, and spelt as the login has it."""
    found: dict[tuple[str, str], Identifier] = {}
    for one in identifiers:
        known = found.get((one.type, one.value))
        if known is None or (one.vouched and not known.vouched):
            found[one.type, one.value] = one
    return list(found.values())


def _number_key(ctx: Context, controller: str, identifiers: Iterable[Identifier]) -> bytes | None:
    """Where the person finds a request that staff filed: under the personnummer, if they gave one."""
    for one in identifiers:
        if one.type == "personnummer" and one.vouched:
            return ctx.vault.blind_index(controller=controller, type="personnummer", normalised=one.value)
    return None


def _seal_person(row: RequestRow, key: DataKey, new: NewRequest, identifiers: Sequence[Identifier]) -> None:
    person = {
        "identifiers": [persons.sealed_as(Known(*one)) for one in identifiers],
        "contact": dict(new.contact),
    }
    row.subject_sealed = key.seal_json(person, where=where(row, "request", "subject", row.id))
    if new.message:
        row.message_sealed = key.seal_json({"text": new.message}, where=where(row, "request", "message", row.id))


def claim_row(ctx: Context, row: RequestRow, key: DataKey, new: NewClaim, position: int) -> ClaimRow:
    """A claim of a request, open; not added to the transaction."""
    claim_id, marks = new_id(), protecting.marks_of(row)  # a claim that is read or raised later meets them too
    needed = protecting.needed_for(ctx, row.controller_id, new.right, marks=marks)
    if new.presumed:  # nobody knows yet what it will turn out to claim
        needed = max(needed, *(protecting.needed_for(ctx, row.controller_id, key, marks=marks) for key in RIGHTS))
    return ClaimRow(
        id=claim_id,
        request_id=row.id,
        controller_id=row.controller_id,
        position=position,
        right=new.right,
        state=ClaimState.OPEN,
        needs=needed.key,
        presumed=new.presumed,
        moves_contact=new.right == "rectification" and may_move_contact(new.details),
        two_needed=row.protected and not right(new.right).granted_at_once,
        details_sealed=(
            key.seal_json(dict(new.details), where=where(row, "claim", "details", claim_id)) if new.details else None
        ),
    )


def subject_keys(
    ctx: Context,
    *,
    issuer: str,
    subject: str,
    number: str | None,
    previous: str | None = None,
    controllers: frozenset[str],
) -> dict[str, list[bytes]]:
    """
    Under which keys a logged-in person's requests lie, per controller: by personnummer where the e-ID gave one,
    by the issuer's own pseudonym, and by the coordination number they had before.
    """
    keys: dict[str, list[bytes]] = {}
    for controller in controllers:
        found = [ctx.vault.blind_index(controller=controller, type="token_subject", normalised=f"{issuer}|{subject}")]
        if number is not None:
            found.insert(0, ctx.vault.blind_index(controller=controller, type="personnummer", normalised=number))
        if previous is not None:
            found.append(ctx.vault.blind_index(controller=controller, type="personnummer", normalised=previous))
        keys[controller] = found
    return keys


def wants_proof(right_key: str) -> bool:
    """Whether a claim needs any proof of who asks; a marketing objection does not (F12)."""
    return right(right_key).needs > Level.NONE


def request_id_of(text: str) -> UUID:
    """Parse an id from a path; raises :class:`UnknownRequest` for anything that cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        raise steps.UnknownRequest from None
