"""The person of a request, opened: how they are known, and what only the one who asks has written."""

from collections.abc import Mapping
from typing import Any

from app.domain.finding import Known
from app.models import RequestRow
from app.services import sealing
from app.services.context import Context


def person_of(ctx: Context, row: RequestRow) -> Mapping[str, Any]:
    """The sealed person, opened: ``identifiers`` and ``contact``."""
    opened: dict[str, Any] = sealing.unseal(ctx, row, row.subject_sealed, table="request", column="subject", id=row.id)
    return opened


def known_as(ctx: Context, row: RequestRow) -> list[Known]:
    """How the person is known, opened."""
    return [Known(one["type"], one["value"], one["vouched"]) for one in person_of(ctx, row)["identifiers"]]


def has_typed(ctx: Context, row: RequestRow) -> bool:
    """Whether anything the person is known by was only written by the one who asks: it may be a neighbour's."""
    return any(not one["vouched"] for one in person_of(ctx, row)["identifiers"])
