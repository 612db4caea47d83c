"""Bodies turned into what the services take."""

from collections.abc import Sequence
from datetime import date

from app.domain.errors import DomainError
from app.routers.refusals import At
from app.schemas.base import ClaimIn, ContactIn, IdentifierIn
from app.services.intake import Identifier, NewClaim
from app.vault import MalformedIdentifier, UnknownIdentifierType, normalise


def identifiers(said: Sequence[IdentifierIn], *, today: date, at: str) -> list[Identifier]:
    """The identifiers, each checked; a malformed one is refused where it stands."""
    for index, one in enumerate(said):
        try:
            normalise(one.type, one.value, today=today)
        except (MalformedIdentifier, UnknownIdentifierType) as error:
            raise At(f"{at}/{index}/value", error) from None
    return [Identifier(one.type, one.value) for one in said]


def contact(said: ContactIn, *, today: date, at: str) -> dict[str, str]:
    """The addresses the person wants to be reached at, normalised."""
    found: dict[str, str] = {}
    for type_, value in said.model_dump(exclude_none=True).items():
        try:
            found[type_] = normalise(type_, value, today=today)
        except DomainError as error:
            raise At(f"{at}/{type_}", error) from None
    return found


def claims(said: Sequence[ClaimIn]) -> list[NewClaim]:
    return [NewClaim(one.right, one.details) for one in said]
