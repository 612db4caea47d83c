"""Data keys that another master key than the current one has wrapped, wherever they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.db import Tx


@dataclass(frozen=True)
class Place:
    """Where wrapped keys lie, and whose they are: the column with the id that each is bound to."""

    table: str
    wrapped: str
    subject: str


#: Every one there is; a test looks for columns that are missing here.
PLACES = (
    Place("processor", "wrapped_key", "id"),
    Place("request", "wrapped_key", "id"),
    Place("request", "contents_key", "contents_id"),
    Place("scheduled_erasure", "wrapped_key", "id"),
)

_FIRST = UUID(int=0)


async def outdated(
    tx: Tx, place: Place, controller: str, *, mark: bytes, after: UUID | None, most: int
) -> Sequence[tuple[UUID, bytes, UUID]]:
    """
    Rows of a controller whose key another master key has wrapped, held: their id, the wrapped key, whose it is.

    Args:
        mark: The current master key's version as it stands in a wrapped key.
        after: Only ids beyond this one.
    """
    query = text(
        f"SELECT id, {place.wrapped}, {place.subject} FROM {place.table}"  # noqa: S608 - our own names
        f" WHERE controller_id = :controller AND id > :after AND {place.wrapped} IS NOT NULL"
        f" AND length({place.wrapped}) > 3 AND substring({place.wrapped} FROM 2 FOR 2) <> :mark"
        " ORDER BY id LIMIT :most FOR UPDATE"
    )
    found = await tx.session.execute(
        query, {"controller": controller, "after": after or _FIRST, "mark": mark, "most": most}
    )
    return [(id_, bytes(wrapped), subject) for id_, wrapped, subject in found.all()]


async def put(tx: Tx, place: Place, id_: UUID, wrapped: bytes) -> None:
    """The same key, wrapped anew."""
    query = f"UPDATE {place.table} SET {place.wrapped} = :wrapped WHERE id = :id"  # noqa: S608 - our own names
    await tx.session.execute(text(query), {"wrapped": wrapped, "id": id_})
