"""
What belongs to another controller, and how it gets there (GDPR Art. 28(3)(e)).

Where the controller is only a processor for a category, a request for it goes to the customer it is held for: the own
part is answered here, the rest is passed on within two working days, and both sides are told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.domain import execution
from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.errors import DomainError
from app.domain.identity import Level
from app.domain.snapshot import Case, Claim, Forwarding
from app.domain.working_days import Calendar

#: Ours, not the law's: there is no statutory day for a processor (EDPB 07/2020 paras 127-129 say promptly).
WORKING_DAYS = 2
#: A name or an address longer than this is no name.
LONGEST = 200
MOST_CUSTOMERS = 20


class UnknownForwarding(DomainError):
    """The request has no such forwarding."""


class AddresseeMissing(DomainError):
    """It is not known to whom the request is to be passed on: name the controller."""


class ForwardingOver(DomainError):
    """The request has been passed on already."""


class ForwardingNotSent(DomainError):
    """Only what has been passed on can be confirmed."""


@dataclass(frozen=True)
class Customer:
    """The controller that a category is held for, as a system names it; shown by nothing."""

    name: str
    contact: str = ""
    categories: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return "<Customer>"


def split(categories: Iterable[str], *, forwarded: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The categories a controller answers for itself, and those it holds for somebody else."""
    held = frozenset(categories)
    return held - forwarded, held & forwarded


def due_by(*, known_on: date, calendar: Calendar) -> date:
    """The last day for passing the request on, counted from the day the person was known well enough to look."""
    return calendar.add_working_days(known_on, WORKING_DAYS)


def customers_said(facts: object) -> list[Customer]:
    """
    The customers a system names when it is asked to look: ``{"customer": {...}}`` or ``{"customers": [{...}]}``.

    Hostile input: whatever has not the agreed shape is as if nobody had been named.
    """
    if not isinstance(facts, Mapping):
        return []
    said = facts.get("customers", [facts["customer"]] if "customer" in facts else [])
    found: dict[str, Customer] = {}
    for one in said[:MOST_CUSTOMERS] if isinstance(said, list) else ():
        customer = _customer(one)
        if customer is not None:
            found.setdefault(customer.name, customer)
    return list(found.values())


def _customer(said: object) -> Customer | None:
    known: Mapping[object, object] = said if isinstance(said, Mapping) else {"name": said}
    name, contact, categories = known.get("name"), known.get("contact"), known.get("categories")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST:
        return None
    return Customer(
        name=name.strip(),
        contact=contact.strip() if isinstance(contact, str) and len(contact) <= LONGEST else "",
        categories=frozenset(one for one in categories if isinstance(one, str))
        if isinstance(categories, list)
        else frozenset(),
    )


def shared_out(
    categories: frozenset[str], customers: Iterable[Customer]
) -> list[tuple[Customer | None, frozenset[str]]]:
    """
    Whose each category is, as far as the customers were named with theirs; the rest is nobody's known customer.

    Nothing that was found is ever left out, whatever a system says.
    """
    shares: list[tuple[Customer | None, frozenset[str]]] = [
        (one, categories & one.categories if one.categories else categories) for one in customers
    ]
    shares = [(one, theirs) for one, theirs in shares if theirs]
    rest = categories - frozenset[str]().union(*(theirs for _, theirs in shares))
    return [*shares, (None, rest)] if rest else shares


def to_be_opened(case: Case) -> Iterator[tuple[str, frozenset[str]]]:
    """
    Where something of the person lies that belongs to another controller, and which categories.

    Nothing is passed on for somebody who has proved nothing: it would tell them, and the customer, too much.
    """
    if case.phase is Phase.CLOSED or not any(_passes_on(case, claim) for claim in case.claims):
        return
    opened = {one.processor for one in case.forwardings}
    for processor, categories in case.to_forward.items():
        if categories and processor not in opened:
            yield processor, categories


def _passes_on(case: Case, claim: Claim) -> bool:
    gone = claim.outcome in (ClaimOutcome.WITHDRAWN, ClaimOutcome.NOT_IDENTIFIED)
    return claim.right.needs is not Level.NONE and case.is_ready(claim) and not gone


def letters_due(case: Case) -> Iterator[str]:
    """What each letter about a forwarding is about: that we need to know to whom, and that it has been passed on."""
    for one in case.forwardings:
        if one.is_open and not one.is_known:
            yield wanted(one.id)
        if not one.is_open:
            yield one.id


def wanted(forwarding: str) -> str:
    """What the letter is about that asks whose customer the person is."""
    return f"{forwarding}:whose"


def ends_forwarded(case: Case, claim: Claim) -> bool:
    """Whether all the claim reaches has been passed on: nothing of it is held here for ourselves."""
    if claim.outcome is not None:
        return claim.outcome is ClaimOutcome.FORWARDED
    if not case.forwardings or not _passes_on(case, claim):
        return False
    return not execution.able_to(case, claim) or execution.nothing_is_held(case, claim)


def to_be_ended(case: Case) -> Iterator[Claim]:
    """Claims that nobody here can carry out, once all of them is passed on; nobody decides them here."""
    if not case.forwardings or any(one.is_open for one in case.forwardings):
        return
    for claim in case.open_claims:
        undecided = claim.state is ClaimState.OPEN or claim.is_carried_out
        if undecided and ends_forwarded(case, claim) and not execution.able_to(case, claim):
            yield claim


def is_late(one: Forwarding, *, today: date | None) -> bool:
    return one.is_open and today is not None and today > one.due_by
