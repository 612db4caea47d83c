"""What a decision rests on: checked before it counts, sealed on the claim, its coded parts beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.db import Tx
from app.domain import deadlines, records
from app.domain.decisions import Verdict
from app.domain.raising import Held
from app.domain.records import Record, Situation
from app.models import ClaimRow, RequestRow
from app.repositories import earlier
from app.services import orders, sealing
from app.services.claims import details_of
from app.services.context import Actor, Context

#: By these the same person is found again; a name or an address is shared by a household.
_TELLING = frozenset({"personnummer", "customer_number", "email", "phone"})


async def check(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    claim: ClaimRow,
    *,
    verdict: Verdict,
    ground: str | None,
    record: Record,
    excluded: Sequence[str],
) -> None:
    """Refuse a decision whose record does not bear it out; raises what :func:`app.domain.records.check` does."""
    situation = await situation_of(tx, ctx, row, claim, verdict=verdict, excluded=excluded)
    records.check(right=claim.right, verdict=verdict, ground=ground, record=record, situation=situation)


async def situation_of(
    tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow, *, verdict: Verdict, excluded: Sequence[str]
) -> Situation:
    """What is known beside the record: days, the last comparable request, the policy's legal bases."""
    zone = ctx.zone(row.controller_id)
    previous = await earlier.last_comparable(tx, row, claim.right, blinds_of(ctx, row))
    held = spoken_of(ctx, row, claim) if verdict is Verdict.REFUSED else held_by(ctx, row.controller_id)
    return Situation(
        today=ctx.today(row.controller_id, tx.now),
        received_on=deadlines.civil_date(row.received_at, zone=zone),
        previous_on=None if previous is None else deadlines.civil_date(previous, zone=zone),
        excluded=frozenset(excluded),
        bases={key: one.bases for key, one in held.items() if verdict is Verdict.REFUSED or key in excluded},
    )


def blinds_of(ctx: Context, row: RequestRow) -> list[bytes]:
    """Blind indexes of what somebody answers for as this person's: what was only written could be another's."""
    return [
        ctx.vault.blind_index(controller=row.controller_id, type=one.type, normalised=one.value)
        for one in orders.known_as(ctx, row)
        if one.vouched and one.type in _TELLING
    ]


def held_by(ctx: Context, controller: str) -> dict[str, Held]:
    """The controller's own categories, with the bases its policy ties to them; a gap is no basis."""
    return {
        one.id: Held(
            bases=frozenset(one.legal_bases.values) if one.legal_bases.gap is None else None,
            purposes=frozenset(one.purposes),
        )
        for one in ctx.profile(controller).categories
        if one.role == "controller"
    }


def named_purposes(details: Mapping[str, Any]) -> frozenset[str]:
    said = details.get("purposes")
    return frozenset(str(one) for one in said) if isinstance(said, list) else frozenset()


def spoken_of(ctx: Context, row: RequestRow, claim: ClaimRow) -> dict[str, Held]:
    """The categories a claim is about: those of the purposes it names, else all."""
    named, held = named_purposes(details_of(ctx, row, claim)), held_by(ctx, row.controller_id)
    return {key: one for key, one in held.items() if one.purposes & named} or held


def write(ctx: Context, row: RequestRow, claim: ClaimRow, record: Record, *, actor: Actor) -> None:
    """Seal what the decision rests on, and keep its codes in plain."""
    plain = record.as_plain()
    claim.record_sealed = sealing.seal(ctx, row, plain, table="claim", column="record", id=claim.id) if plain else None
    claim.basis = record.codes() | ({"reviewer": actor.ref} if record.review is not None else {})


def record_of(ctx: Context, row: RequestRow, claim: ClaimRow) -> Record:
    """What the decision rests on, opened."""
    if claim.record_sealed is None:
        return Record()
    return Record.read(sealing.unseal(ctx, row, claim.record_sealed, table="claim", column="record", id=claim.id))
