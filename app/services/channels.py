"""
Where a person is reached: learnt from those who know them, told of what is asked in their name, mistrusted when new.

A value is sealed under its request's key and found by its blind index; the rules are :mod:`app.domain.contacts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import contacts
from app.domain.contacts import Channel
from app.domain.identity import RiskMark
from app.letters.notices import notice
from app.letters.words import Language
from app.models import ClaimRow, ContactChangeRow, KnownChannelRow, RequestRow
from app.repositories import guarding as stored
from app.services import claims, outbox, sealing
from app.services.context import Context
from app.services.ids import new_id
from app.vault import MalformedIdentifier, Unreadable, normalise

#: Where the controller's own login vouches for an address; it does not say since when.
LOGIN = "login"


@dataclass(frozen=True)
class Address:
    """One known address, opened for one use."""

    channel: Channel
    value: str
    source: str
    of: UUID  #: the request under which it is known
    is_settled: bool

    def __repr__(self) -> str:
        return f"<Address {self.channel.type}>"


@dataclass(frozen=True)
class Told:
    """What came of a notice: mails written, telephones that cannot be written to, whether a letter must go too."""

    mails: int
    phones: int
    needs_post: bool

    def facts(self) -> dict[str, Any]:
        return {"mails": self.mails, "phones": self.phones, "post": self.needs_post}


def blind_of(ctx: Context, controller: str, type: str, normalised: str) -> bytes:
    return ctx.vault.blind_index(controller=controller, type=type, normalised=normalised)


async def learn(tx: Tx, ctx: Context, row: RequestRow, *, source: str, facts: object) -> frozenset[RiskMark]:
    """
    Note the addresses a recipient has for the person, and what it says that makes the case dangerous.

    What a recipient says is its word: an address that cannot be one is left out.
    """
    today = ctx.today(row.controller_id, tx.now)
    for type, value, since in contacts.read_reported(facts, today=today)[: stored.MOST_CHANNELS]:
        await note(tx, ctx, row, type=type, value=value, since=since, source=source)
    return reported_marks(facts, today=today)


def reported_marks(facts: object, *, today: date) -> frozenset[RiskMark]:
    """What a recipient says, on that day, that makes a case dangerous."""
    said = facts if isinstance(facts, Mapping) else {}
    addresses = contacts.read_reported(facts, today=today)[: stored.MOST_CHANNELS]
    is_new = any(
        today - since < contacts.QUARANTINE and _can_be(type, value, today) for type, value, since in addresses
    )
    marks = {RiskMark.CONTACT_CHANGED} if is_new else set()
    marks |= {RiskMark.HOUSEHOLD_SPLIT} if said.get("household_split") is True else set()
    marks |= {RiskMark.PROTECTED} if said.get("protected") is True else set()
    return frozenset(marks)


def _can_be(type: str, value: str, today: date) -> bool:
    try:
        normalise(type, value, today=today)
    except MalformedIdentifier:
        return False
    return True


async def note(tx: Tx, ctx: Context, row: RequestRow, *, type: str, value: str, since: date, source: str) -> bool:
    """Note one address; False when it cannot be one."""
    try:
        plain = normalise(type, value, today=ctx.today(row.controller_id, tx.now))
    except MalformedIdentifier:
        return False
    blind = blind_of(ctx, row.controller_id, type, plain)
    await stored.put_channel(
        tx,
        KnownChannelRow(
            request_id=row.id,
            blind=blind,
            controller_id=row.controller_id,
            type=type,
            since=since,
            source=source,
            value_sealed=sealing.seal(ctx, row, plain, table="known_channel", column="value", id=_place(blind)),
        ),
    )
    return True


def _place(blind: bytes) -> UUID:
    """A sealed address's own place: it has no id but what it is found by."""
    return UUID(bytes=blind[:16])


async def learn_from_login(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """Note the addresses somebody answers for; nobody says since when, so they are new."""
    today = ctx.today(row.controller_id, tx.now)
    person = sealing.unseal(ctx, row, row.subject_sealed, table="request", column="subject", id=row.id)
    for one in person["identifiers"]:
        if one["vouched"] and one["type"] in contacts.REACHABLE:
            await note(tx, ctx, row, type=one["type"], value=one["value"], since=today, source=LOGIN)


async def addresses_of(tx: Tx, ctx: Context, row: RequestRow) -> list[Address]:
    """Every address known for a request's person, each once, the longest known first."""
    found = await stored.channels_of(tx, row)
    blinds = [channel.blind for _, channel in found]
    since = await stored.known_since(tx, row.controller_id, blinds)
    changed = await stored.changed_since(tx, row.controller_id, blinds)
    today, once = ctx.today(row.controller_id, tx.now), dict[bytes, Address]()
    for of, channel in found:
        try:
            value = sealing.unseal(
                ctx, of, channel.value_sealed, table="known_channel", column="value", id=_place(channel.blind)
            )
        except Unreadable:
            continue  # that request's person is erased here
        seen = Channel(type=channel.type, key=channel.blind, since=since.get(channel.blind, channel.since))
        settled = contacts.is_settled(seen, today=today, changed=changed)
        once.setdefault(channel.blind, Address(seen, str(value), channel.source, of.id, settled))
    return list(once.values())


async def is_settled(tx: Tx, ctx: Context, controller: str, blind: bytes) -> bool:
    """Whether the controller has had an address long enough for it to prove something; False if it has not got it."""
    since = await stored.known_since(tx, controller, [blind])
    if blind not in since:
        return False
    changed = await stored.changed_since(tx, controller, [blind])
    seen = Channel(type="", key=blind, since=since[blind])
    return contacts.is_settled(seen, today=ctx.today(controller, tx.now), changed=changed)


async def is_in_quarantine(tx: Tx, ctx: Context, row: RequestRow, contact: tuple[str, str]) -> bool:
    """
    Whether a proof over an address counts for nothing: the controller does not know it, or it was put there lately,
    through us or elsewhere.
    """
    blind = blind_of(ctx, row.controller_id, *contact)
    since = await stored.known_since(tx, row.controller_id, [blind])
    changed = await stored.changed_since(tx, row.controller_id, [blind])
    newest = max([*since.values(), *changed.values()], default=None)
    return newest is None or ctx.today(row.controller_id, tx.now) - newest < contacts.QUARANTINE


async def tell(
    tx: Tx, ctx: Context, row: RequestRow, kind: str, *, once: str, until: str = "", settled_only: bool = False
) -> Told:
    """
    Put a notice to every known address on its way, one mail an address and *once* key.

    A telephone number cannot be written to (there is no gateway for text messages yet): it is counted, and where no
    mail address has been there for long a letter must go too. Nothing at all is sent about somebody who must not be
    found.
    """
    if row.protected:
        return Told(0, 0, needs_post=True)
    language: Language = "en" if row.language == "en" else "sv"
    name = ctx.profile(row.controller_id).controller.name.value or row.controller_id
    message = notice(kind, language, controller=name, reference=row.reference, until=until)
    known = await addresses_of(tx, ctx, row)
    chosen = [one for one in known if one.is_settled or not settled_only]
    mails = 0
    for one in chosen:
        if one.channel.type != "email":
            continue
        dedupe = f"{kind}:{once}:{one.channel.key.hex()[:24]}"
        sent = await outbox.put(tx, ctx, row, to=one.value, subject=message.subject, text=message.text, dedupe=dedupe)
        if sent:
            mails += 1
            await stored.told(tx, row, one.channel.key)
    reachable = any(one.is_settled and one.channel.type == "email" for one in chosen)
    return Told(mails, sum(one.channel.type == "phone" for one in chosen), needs_post=not reachable)


async def note_changes(tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow) -> int:
    """
    A rectification was carried out: put each new address into quarantine, and tell the old ones.

    Returns:
        How many addresses were changed.
    """
    today, known, changed = ctx.today(row.controller_id, tx.now), await addresses_of(tx, ctx, row), 0
    for correction in contacts.corrections_of(claims.details_of(ctx, row, claim)):
        type, value = contacts.contact_type(correction), correction.get("value")
        if type is None or not isinstance(value, str):
            continue
        try:
            new = blind_of(ctx, row.controller_id, type, normalise(type, value, today=today))
        except MalformedIdentifier:
            continue
        old = next((one for one in known if one.channel.type == type and one.channel.key != new), None)
        id = new_id()
        change = ContactChangeRow(
            id=id,
            request_id=row.id,
            controller_id=row.controller_id,
            type=type,
            new_blind=new,
            old_blind=None if old is None else old.channel.key,
            old_sealed=(
                None if old is None else sealing.seal(ctx, row, old.value, table="contact_change", column="old", id=id)
            ),
            since=today,
        )
        changed += await stored.put_change(tx, change)
    return changed


def said_marks(found: Sequence[str]) -> frozenset[RiskMark]:
    """A request's marks as it keeps them."""
    return frozenset(RiskMark(one) for one in found)
