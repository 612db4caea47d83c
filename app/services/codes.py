"""
One-time codes: asked for with a request that comes without a login, sent by a worker, tried by whoever filed it.

A code goes only to an address that whoever files has written themselves *and* that the controller has known for thirty
days, so it neither finds anybody nor writes to anybody who was not named. Where there is none a code is made all the
same and goes nowhere. What the call does is thus the same for everybody, and what it answers is too.
"""

import hmac
import secrets
from uuid import UUID

from app.db import Tx
from app.domain import codes as rules
from app.domain.audit import AuditStep
from app.domain.case import Phase
from app.letters.notices import code_message
from app.letters.words import Language
from app.models import OneTimeCodeRow, RequestRow
from app.repositories import cases
from app.repositories import guarding as stored
from app.services import casework, channels, outbox, sealing, steps
from app.services.context import INSYN, Actor, Context
from app.services.ids import new_id

#: Whoever files, or types a code, without a login.
NOBODY = Actor(stored.ANONYMOUS, "web")
EMAIL, NOWHERE = "email", "none"


def want(tx: Tx, row: RequestRow) -> None:
    """Ask for a code; a worker sees to it, outside of the call."""
    tx.session.add(OneTimeCodeRow(id=new_id(), request_id=row.id, controller_id=row.controller_id, wanted_at=tx.now))


async def make(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """Make the codes that were asked for, and send what may be sent."""
    for wanted in await stored.wanted_codes(tx, row):
        blind, address = await _where(tx, ctx, row)
        number = secrets.randbelow(10**rules.DIGITS)
        wanted.made_at, wanted.expires_at = tx.now, tx.now + rules.LIVES
        wanted.channel, wanted.blind = (NOWHERE, None) if address is None else (EMAIL, blind)
        wanted.code_hash = secrets.token_bytes(32) if address is None else _hash(ctx, row, f"{number:0{rules.DIGITS}d}")
        if address is not None:
            await _send(tx, ctx, row, wanted.id, address, rules.spelled(number))
        facts = {"channel": wanted.channel}
        await steps.note(tx, row, AuditStep.REQUEST_CODE_MADE, actor=INSYN, facts=facts)
        await tx.session.flush()


async def _where(tx: Tx, ctx: Context, row: RequestRow) -> tuple[bytes, str | None]:
    """The address a code may go to, of those whoever filed has written."""
    after = tx.now - rules.WINDOW
    asked = await stored.asked_for_codes(tx, row, after=after)
    for value in _written(ctx, row):
        blind = channels.blind_of(ctx, row.controller_id, EMAIL, value)
        if row.protected or not await channels.is_settled(tx, ctx, row.controller_id, blind):
            continue
        sent = await stored.codes_sent_to(tx, row.controller_id, blind, after=after)
        if rules.may_be_sent(for_request=asked - 1, to_contact=sent):
            return blind, value
    return b"", None


def _written(ctx: Context, row: RequestRow) -> list[str]:
    person = sealing.unseal(ctx, row, row.subject_sealed, table="request", column="subject", id=row.id)
    named = [str(one["value"]) for one in person["identifiers"] if one["type"] == EMAIL]
    contact = person["contact"].get(EMAIL)
    return list(dict.fromkeys([*named, *([str(contact)] if contact else [])]))


async def _send(tx: Tx, ctx: Context, row: RequestRow, code_id: UUID, to: str, code: str) -> None:
    name = ctx.profile(row.controller_id).controller.name.value or row.controller_id
    minutes = int(rules.LIVES.total_seconds() // 60)
    language: Language = "en" if row.language == "en" else "sv"
    message = code_message(code, language, controller=name, reference=row.reference, minutes=minutes)
    await outbox.put(tx, ctx, row, to=to, subject=message.subject, text=message.text, dedupe=f"code:{code_id}")


async def try_code(tx: Tx, ctx: Context, controller: str, request_id: UUID, said: str) -> bool:
    """
    Whether *said* is the code that was sent for the request; then the person is known by their channel.

    A wrong code, a code that was never sent, one that is over and a request that is not there are all the same.
    """
    row = await cases.request(tx, request_id, lock=True)
    if row is None or row.controller_id != controller or row.filed_by_role != stored.ANONYMOUS:
        return False
    code = await stored.latest_code(tx, row)
    if code is None or code.code_hash is None or code.expires_at is None or row.phase == Phase.CLOSED or row.is_stopped:
        return False
    seen = rules.Code(expires_at=code.expires_at, tries=code.tries, used=code.used_at is not None)
    is_right = hmac.compare_digest(_hash(ctx, row, rules.read(said)), code.code_hash)
    if not rules.may_be_tried(seen, now=tx.now):
        return False
    code.tries += 1
    await steps.note(
        tx, row, AuditStep.REQUEST_CODE_TRIED, actor=NOBODY, facts={"right": is_right, "tries": code.tries}
    )
    if not is_right:
        return False
    address = _sent_to(ctx, row, code.blind)
    if address is None or await channels.is_in_quarantine(tx, ctx, row, address):
        return False  # put somewhere else since, or another's by now: as if it had never been sent
    code.used_at = tx.now
    await casework.prove_identity(tx, ctx, row, method="one_time_code", contact=address, actor=NOBODY)
    return True


async def ask_again(tx: Tx, controller: str, request_id: UUID) -> None:
    """Another code, as long as the request has not had too many; from outside nothing shows which it is."""
    row = await cases.request(tx, request_id, lock=True)
    if row is None or row.controller_id != controller or row.filed_by_role != stored.ANONYMOUS:
        return
    asked = await stored.asked_for_codes(tx, row, after=tx.now - rules.WINDOW)
    if row.phase == Phase.CLOSED or row.is_stopped or asked >= rules.PER_REQUEST or await stored.wanted_codes(tx, row):
        return
    want(tx, row)
    await steps.changed(tx, row)


def _sent_to(ctx: Context, row: RequestRow, blind: bytes | None) -> tuple[str, str] | None:
    """The address a code was read at: it alone is proved, whatever else was written."""
    for one in _written(ctx, row):
        if channels.blind_of(ctx, row.controller_id, EMAIL, one) == blind:
            return EMAIL, one
    return None


def _hash(ctx: Context, row: RequestRow, code: str) -> bytes:
    """A code bound to its request, under a key of ours: a bare hash of eight digits is tried out in a second."""
    return ctx.vault.blind_index(controller=row.controller_id, type="one_time_code", normalised=f"{row.id}|{code}")
