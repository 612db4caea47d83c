"""
The plan of an erasure: proposed from what the profile says and processors told, decided by people, kept in codes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from app.db import Tx
from app.domain.case import ClaimOutcome
from app.domain.decisions import Verdict
from app.domain.erasure_decision import (
    KEEPING_GROUNDS,
    Entry,
    PlanForErasureOnly,
    check_something_is_erased,
    decide,
    plan,
)
from app.domain.erasure_plan import ERASED, KEPT, CaseFacts, CategoryFacts, Contract, Fate, Planned, propose
from app.domain.errors import DomainError
from app.domain.fanout import Action, Outcome
from app.domain.snapshot import Claim, Processor, Task
from app.models import ClaimRow, ErasurePlanRow, RequestRow
from app.profiles import Category, Profile
from app.repositories import cases, erasure
from app.repositories.cases import CaseRows
from app.services import sealing, tasks
from app.services.context import Context


class ContractStillRuns(DomainError):
    """The contract runs, a processor says. Say since when it has ended (relationship_ended_on), or end it first."""


class UnknownPlannedCategory(DomainError):
    """The controller's profile has no such data category, or the request is not about it."""


@dataclass(frozen=True, kw_only=True)
class SaidFacts:
    """What staff say of the case; None where they say nothing."""

    contract: Contract | None = None
    relationship_ended_on: date | None = None
    fiscal_years_ended: tuple[date, ...] | None = None
    event_on: date | None = None
    crime_report: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a decision on an erasure says beside its verdict."""

    entries: tuple[Entry, ...] = ()
    facts: SaidFacts = field(default_factory=SaidFacts)

    @property
    def is_empty(self) -> bool:
        return not self.entries and self.facts == SaidFacts()


@dataclass(frozen=True)
class Prepared:
    """The facts a plan is made from; ``held`` says per category whether anybody holds it, where that is known."""

    categories: Sequence[CategoryFacts]
    facts: CaseFacts
    held: Mapping[str, bool]
    told_contract: Contract  #: what processors say, before staff said anything

    def proposal(self, today: date) -> list[Planned]:
        return [propose(one, self.facts, today=today, held=self.held.get(one.id)) for one in self.categories]


def category_facts(profile: Profile, category: Category) -> CategoryFacts:
    """What of a category's entry in the profile decides about its erasure."""
    marketing = {purpose.id for purpose in profile.purposes if purpose.marketing}
    return CategoryFacts(
        id=category.id,
        data_class=category.data_class,
        is_processor=category.role == "processor",
        legal_bases=frozenset(category.legal_bases.values),
        marketing_only=bool(category.purposes) and set(category.purposes) <= marketing,
        rule=category.retention.parsed,
        law=category.retention.law,
        made_public=category.made_public,
    )


async def prepare(tx: Tx, ctx: Context, row: RequestRow, said: SaidFacts | None = None) -> Prepared:
    """
    Put together what is known about the request's erasure.

    Raises:
        ContractStillRuns: Staff call a contract ended that a processor calls running, and do not say since when.
    """
    return prepared(ctx, await cases.rows_of(tx, row), today=ctx.today(row.controller_id, tx.now), said=said)


def prepared(ctx: Context, rows: CaseRows, *, today: date, said: SaidFacts | None = None) -> Prepared:
    """The same from rows that have been read."""
    profile = ctx.profile(rows.row.controller_id)
    only = _reach(rows)
    categories = [category_facts(profile, one) for one in profile.categories if only is None or one.id in only]
    heard = Heard(ctx, rows)
    books = {one.id for one in categories if one.is_bookkeeping}
    told = heard.facts(books)
    return Prepared(
        categories=categories,
        facts=_merged(told, said or SaidFacts(), today=today),
        held={one.id: held for one in categories if (held := heard.is_held(one.id)) is not None},
        told_contract=told.contract,
    )


def _reach(rows: CaseRows) -> set[str] | None:
    """The only categories that a follow-up or a raised claim (GDPR Art. 17(1)(b), (c)) is about; None for all."""
    scopes = [claim.scope for claim in rows.claims if claim.right == "erasure" and claim.scope is not None]
    if rows.row.follows is not None:
        scopes.append(rows.row.only_categories or [])
    return set.intersection(*map(set, scopes)) if scopes else None


class Heard:
    """What recipients have said when they were asked whether they know the person."""

    def __init__(self, ctx: Context, rows: CaseRows) -> None:
        self._case = rows.seen()
        answered = {str(task.id): task for task in rows.tasks}
        self._answers: dict[str, Mapping[str, Any]] = {
            task.processor: tasks.answer_of(ctx, rows.row, answered[task.id])
            for task in self._case.searches
            if task.is_over
        }

    def facts(self, books: set[str]) -> CaseFacts:
        told = [dict(one.get("facts") or {}) for one in self._answers.values()]
        contracts = {Contract(str(one["contract"])) for one in told if "contract" in one}
        ended = [date.fromisoformat(one["relationship_ended_on"]) for one in told if "relationship_ended_on" in one]
        years = {date.fromisoformat(day) for one in told for day in one.get("fiscal_years_ended", ())}
        keepers = [p for p in self._holders() if p.categories & books and self._has(p, books) is not False]
        return CaseFacts(
            # One running contract is enough: an alarm is never disarmed because another system knows of none.
            contract=next((one for one in Contract if one in contracts), Contract.UNKNOWN),
            relationship_ended_on=max(ended, default=None),
            fiscal_years_ended=tuple(sorted(years)),
            books_complete=bool(years) and all(self.years(one.id) for one in keepers),
            objected=any(_is_granted_objection(claim) for claim in self._case.claims),
        )

    def is_held(self, category: str) -> bool | None:
        """False if everybody who could hold it says no; True if somebody says yes; else None."""
        said = [self._has(one, {category}) for one in self._holders() if category in one.categories]
        if any(said):
            return True
        return False if said and all(one is False for one in said) else None

    def holds(self, processor: str, category: str) -> bool | None:
        """Whether one recipient holds a category of the person's, where it has said so."""
        return self._has(self._case.processors[processor], {category})

    def _holders(self) -> list[Processor]:
        return [one for one in self._case.processors.values() if one.actions & {Action.ERASE, Action.EXPORT}]

    def _has(self, processor: Processor, categories: set[str]) -> bool | None:
        search: Task | None = self._case.located(processor.id)
        if search is None or not search.is_over:
            return None
        if search.outcome is Outcome.NOT_FOUND:
            return False
        found = self._answers.get(processor.id, {}).get("found_categories")
        return bool(set(found) & categories) if found else None

    def years(self, processor: str) -> list[date]:
        """The ends of the financial years that one recipient's records lie in, as far as it has said."""
        told = dict(self._answers.get(processor, {}).get("facts") or {})
        return [date.fromisoformat(day) for day in told.get("fiscal_years_ended", ())]


def _is_granted_objection(claim: Claim) -> bool:
    """R21-4: an objection that was granted is a ground for erasure."""
    granted = claim.is_carried_out or claim.outcome in (ClaimOutcome.GRANTED, ClaimOutcome.PARTLY_GRANTED)
    return claim.right.key == "objection" and granted


def _merged(told: CaseFacts, said: SaidFacts, *, today: date) -> CaseFacts:
    contract = said.contract or told.contract
    ended_on = said.relationship_ended_on or told.relationship_ended_on
    # Erase-to-disarm: who wants an alarm off must not get there by calling the contract ended.
    is_contradicted = told.contract is Contract.ACTIVE and contract is not Contract.ACTIVE
    if is_contradicted and (said.relationship_ended_on is None or said.relationship_ended_on > today):
        raise ContractStillRuns
    return replace(
        told,
        contract=contract,
        relationship_ended_on=ended_on,
        fiscal_years_ended=told.fiscal_years_ended if said.fiscal_years_ended is None else said.fiscal_years_ended,
        books_complete=told.books_complete or said.fiscal_years_ended is not None,
        event_on=said.event_on,
        crime_report=said.crime_report,
    )


async def decide_plan(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    claim: ClaimRow,
    *,
    verdict: Verdict,
    ground: str | None,
    excluded: frozenset[str],
    said: Said,
) -> dict[str, Any]:
    """
    Check and keep what a decision says of each category; return codes for the second person to see.

    Raises:
        PlanForErasureOnly, UnknownPlannedCategory, ContractStillRuns, NothingToErase, CategoryUndecided, and what
        :func:`app.domain.erasure_decision.decide` refuses.
    """
    if claim.right != "erasure":
        if not said.is_empty:
            raise PlanForErasureOnly
        return {}
    today = ctx.today(row.controller_id, tx.now)
    prepared_ = await prepare(tx, ctx, row, said.facts)
    if {one.category for one in said.entries} - {one.id for one in prepared_.categories}:
        raise UnknownPlannedCategory
    if verdict is Verdict.REFUSED:
        planned = _kept_by_a_no(prepared_, said, today) if ground in KEEPING_GROUNDS else []
    else:
        planned = plan(
            prepared_.categories, said.entries, prepared_.facts, today=today, held=prepared_.held, excluded=excluded
        )
        check_something_is_erased(planned)
    await erasure.replace_plan(tx, claim.id, [_as_row(ctx, row, claim, one) for one in planned])
    return {
        "erased": [one.category for one in planned if one.fate in ERASED],
        "kept": [one.category for one in planned if one.fate in KEPT],
        "contract": prepared_.facts.contract.value,
        "contract_as_told": prepared_.told_contract.value,
    }


def _kept_by_a_no(prepared_: Prepared, said: Said, today: date) -> list[Planned]:
    """A no because something keeps the data has an end all the same; a no for other reasons plans nothing."""
    by_id = {one.id: one for one in prepared_.categories}
    decided = {one.category: decide(one, by_id[one.category], prepared_.facts, today=today) for one in said.entries}
    proposed = {one.category: one for one in prepared_.proposal(today)}
    return [one for one in (proposed | decided).values() if one.fate in KEPT]


def _as_row(ctx: Context, row: RequestRow, claim: ClaimRow, one: Planned) -> ErasurePlanRow:
    sealed = None
    if one.reason:
        sealed = sealing.seal(
            ctx, row, {"text": one.reason}, table="erasure_plan", column="reason", id=_place(claim.id, one.category)
        )
    return ErasurePlanRow(
        claim_id=claim.id,
        category=one.category,
        request_id=row.id,
        controller_id=row.controller_id,
        fate=one.fate.value,
        ground=one.ground,
        exception=one.exception,
        hold=one.hold,
        until=one.until,
        condition=one.condition,
        review_on=one.review_on,
        by_person=one.by_person,
        reason_sealed=sealed,
    )


def _place(claim_id: UUID, category: str) -> UUID:
    return uuid5(claim_id, category)


def reason_of(ctx: Context, row: RequestRow, one: ErasurePlanRow) -> str | None:
    """Why a person decided so about a category, opened."""
    if one.reason_sealed is None:
        return None
    place = _place(one.claim_id, one.category)
    return str(sealing.unseal(ctx, row, one.reason_sealed, table="erasure_plan", column="reason", id=place)["text"])


def as_planned(one: ErasurePlanRow, *, reason: str | None = None) -> Planned:
    """A stored plan as the domain has it."""
    return Planned(
        category=one.category,
        fate=Fate(one.fate),
        ground=one.ground,
        exception=one.exception,
        hold=one.hold,
        until=one.until,
        condition=one.condition,
        review_on=one.review_on,
        by_person=one.by_person,
        reason=reason or "",
    )
