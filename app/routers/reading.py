"""Bodies turned into what the services take."""

from collections.abc import Sequence
from datetime import date

from app.domain.erasure_decision import Entry
from app.domain.erasure_plan import Contract
from app.domain.errors import DomainError
from app.routers.refusals import At
from app.schemas.base import ClaimIn, ContactIn, IdentifierIn
from app.schemas.requests import PlanIn
from app.services.erasing import Said, SaidFacts
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


def number_proved(said: str | None, *, today: date) -> str | None:
    """The personnummer that a proof named."""
    if said is None:
        return None
    try:
        return normalise("personnummer", said, today=today)
    except MalformedIdentifier as error:
        raise At("#/personnummer", error) from None


def contact_proved(said: IdentifierIn | None, *, today: date) -> tuple[str, str] | None:
    """The address that a call back or a code went to."""
    if said is None:
        return None
    try:
        return said.type, normalise(said.type, said.value, today=today)
    except MalformedIdentifier as error:
        raise At("#/contact/value", error) from None


def erasure_plan(said: PlanIn) -> Said:
    """What a decision says of each category of an erasure, and the facts it rests on."""
    told = said.facts
    return Said(
        entries=tuple(
            Entry(**one.model_dump(exclude={"consumer"}), is_consumer=one.consumer) for one in said.categories
        ),
        facts=SaidFacts(
            contract=Contract(told.contract) if told.contract is not None else None,
            relationship_ended_on=told.relationship_ended_on,
            fiscal_years_ended=tuple(told.fiscal_years_ended) if told.fiscal_years_ended is not None else None,
            event_on=told.event_on,
            crime_report=told.crime_report,
        ),
    )


def claims(said: Sequence[ClaimIn]) -> list[NewClaim]:
    return [NewClaim(one.right, one.details) for one in said]
