"""The person of a request, opened: how they are known, and what only the one who asks has written."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from app.domain.finding import Known
from app.models import ClaimRow, RequestRow
from app.services import sealing
from app.services.context import Context
from app.vault import Unreadable


def person_of(ctx: Context, row: RequestRow) -> Mapping[str, Any]:
    """The sealed person, opened: ``identifiers`` and ``contact``."""
    opened: dict[str, Any] = sealing.unseal(ctx, row, row.subject_sealed, table="request", column="subject", id=row.id)
    return opened


def known_as(ctx: Context, row: RequestRow) -> list[Known]:
    """How the person is known, opened."""
    return [
        Known(one["type"], one["value"], one["vouched"], one.get("as_given"))
        for one in person_of(ctx, row)["identifiers"]
    ]


def sealed_as(known: Known) -> dict[str, Any]:
    """One identifier as it lies in the sealed person; how it was written is kept where that is known."""
    kept = {"type": known.type, "value": known.value, "vouched": known.vouched}
    return kept if known.as_given is None else kept | {"as_given": known.as_given}


def shown(ctx: Context, row: RequestRow) -> dict[str, Any]:
    """The person as people read of them: each identifier as it was given."""
    known = known_as(ctx, row)
    told = [{"type": one.type, "value": one.spelt, "vouched": one.vouched} for one in known]
    return {**person_of(ctx, row), "identifiers": told}


def sign_of(ctx: Context, row: RequestRow, *, checked: bool) -> bytes:
    """
    A sign of the person as a decision meets them: it says nothing, and is the same only for the same person.

    Args:
        checked: Whether the decision is about what the one who asks has typed, too; a person has compared that.
    """
    met = sorted((one.type, one.value, one.vouched) for one in known_as(ctx, row) if one.vouched or checked)
    said = json.dumps([str(row.id), met], ensure_ascii=False)
    return ctx.vault.blind_index(controller=row.controller_id, type="decided_for", normalised=said)


def has_typed(ctx: Context, row: RequestRow) -> bool:
    """Whether anything the person is known by was only written by the one who asks: it may be a neighbour's."""
    return any(not one["vouched"] for one in person_of(ctx, row)["identifiers"])


def not_compared(ctx: Context, row: RequestRow, claims: Iterable[ClaimRow]) -> frozenset[UUID]:
    """
    The claims of which the one who asks may learn nothing that a search has brought (OWASP ASVS 5.0 8.2).

    Something was only typed, and nobody has compared it: whether it found anybody is whether somebody else is known.
    Nobody knows any more what was typed where the person has been destroyed.
    """
    try:
        typed = has_typed(ctx, row)
    except Unreadable:
        typed = True
    return frozenset(one.id for one in claims if typed and not one.identifiers_checked)
