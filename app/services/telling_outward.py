"""
What letters are told of restrictions, of recipients that were told, and of requests passed on.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain import deadlines
from app.domain.fanout import Action, Outcome
from app.domain.ledger import About
from app.domain.restrictions import ENDINGS, GROUNDS, Ground
from app.domain.rights import right
from app.letters.facts import (
    ForwardingFacts,
    GroundFacts,
    LiftingFacts,
    NoticeFacts,
    RestrictedFacts,
    ToldFacts,
)
from app.letters.words import LANGUAGES, RIGHTS_OF_SOMEBODY, Language, say
from app.models import ClaimRow, ForwardingRow, LedgerEntryRow, RestrictionRow, TaskRow
from app.profiles import Profile
from app.repositories.cases import CaseRows
from app.services import claims as claiming
from app.services import information, orders, sealing
from app.services.context import Context

#: What identifies a person to somebody who was given their data, the least telling first.
_NAMES_THEM = ("customer_number", "email", "phone", "name", "personnummer")


class Outward:
    """The facts of one case that reach beyond it, in the letter's language."""

    def __init__(self, ctx: Context, case: CaseRows, language: Language, about: str) -> None:
        self._ctx, self._case, self._language, self._about = ctx, case, language, about
        self._profile: Profile = ctx.profile(case.row.controller_id)
        self._titles = {one.id: one.title.in_language(language) for one in self._profile.categories}
        self._processors = {one.id: one for one in case.processors}

    def facts(self) -> Mapping[str, Any]:
        """What to put into the letter's facts."""
        return {
            "lifting": self._lifting(),
            "notice": self._notice(),
            "forwarding": self._forwarding(),
            "forwardings": tuple(self._forwarded(one) for one in self._case.forwardings),
        }

    # --- restriction ---------------------------------------------------------------------------------------------

    def restricted(self, claim: ClaimRow) -> RestrictedFacts | None:
        """The restriction that came from a claim."""
        for one in self._case.restrictions:
            if one.claim_id == claim.id:
                return RestrictedFacts(
                    ground=self._ground(one),
                    since=self._day(one.since),
                    categories=self._named(one.categories),
                    meanwhile=right(claim.right).action is not Action.RESTRICT,
                )
        return None

    def _ground(self, one: RestrictionRow) -> GroundFacts:
        found = GROUNDS[Ground(one.ground)]
        return GroundFacts(source=found.source, text=found.sv if self._language == "sv" else found.en)

    def _lifting(self) -> LiftingFacts | None:
        for one in self._case.restrictions:
            if str(one.id) == self._about and one.lift_sealed is not None and one.lift_ending and one.lifting_on:
                said = self._open("restriction", "lift", one.id, one.lift_sealed)
                return LiftingFacts(
                    ground=self._ground(one),
                    ended=ENDINGS[one.lift_ending][LANGUAGES.index(self._language)],
                    outcome=said["outcome"],
                    lifting_on=one.lifting_on,
                    then=said["then"],
                    categories=self._named(one.categories),
                )
        return None

    # --- recipients ----------------------------------------------------------------------------------------------

    def told(self, claim: ClaimRow) -> tuple[ToldFacts, ...]:
        """Who was told of what was done for a claim, and who is still to be told."""
        return tuple(
            ToldFacts(name=self._name(entry), state=entry.state, reason=self._excuse(entry))
            for entry in self._case.ledger
            if entry.claim_id == claim.id and entry.about == About.CHANGE
        )

    def _name(self, entry: LedgerEntryRow) -> str:
        processor = self._processors.get(entry.processor_id) if entry.processor_id else None
        if processor is not None:
            return information.recipient_title(self._profile, processor, self._language)
        found = next((one for one in self._profile.recipients if one.id == entry.recipient), None)
        return entry.recipient if found is None else found.name

    def _excuse(self, entry: LedgerEntryRow) -> str | None:
        if entry.reason_sealed is None:
            return None
        return str(self._open("ledger_entry", "reason", entry.id, entry.reason_sealed)["text"])

    def _notice(self) -> NoticeFacts | None:
        for entry in self._case.ledger:
            if str(entry.id) == self._about:
                claim = next(one for one in self._case.claims if one.id == entry.claim_id)
                return NoticeFacts(
                    recipient=self._name(entry),
                    action=self._action(claim, About(entry.about)),
                    identified_by=self._identified_by(entry, claim),
                    changes=tuple(self._changes(claim)) if entry.about == About.CHANGE else (),
                    on=self._day(entry.made_at),
                    answer_by=self._ctx.calendar(self._case.row.controller_id).add_working_days(
                        self._day(entry.made_at), 5
                    ),
                )
        return None

    @staticmethod
    def _action(claim: ClaimRow, about: About) -> str:
        if about is About.LIFT:
            return Action.LIFT_RESTRICTION.value
        return (Action.RESTRICT if about is About.MEANWHILE else right(claim.right).action).value

    def _identified_by(self, entry: LedgerEntryRow, claim: ClaimRow) -> tuple[tuple[str, str], ...]:
        """One thing the recipient may know the person by, and no more; nothing that nobody answers for."""
        processor = self._processors.get(entry.processor_id) if entry.processor_id else None
        accepts = processor.identifier_types if processor is not None and processor.identifier_types else _NAMES_THEM
        sure = [one for one in orders.known_as(self._ctx, self._case.row) if one.vouched or claim.identifiers_checked]
        wanted = [one for type_ in _NAMES_THEM for one in sure if one.type == type_ and type_ in accepts]
        return tuple((one.type, one.spelt) for one in wanted[:1])

    def _changes(self, claim: ClaimRow) -> list[tuple[str, str]]:
        """What is to be put right, as the person asked for it; for erasure and restriction there is nothing to add."""
        if claim.right != "rectification":
            return []
        details = claiming.details_of(self._ctx, self._case.row, claim)
        corrections = details.get("corrections")
        named = corrections if isinstance(corrections, list) else [details]
        return [
            (str(one["field"]), str(one["value"]))
            for one in named
            if isinstance(one, Mapping) and "field" in one and "value" in one
        ]

    # --- other controllers ---------------------------------------------------------------------------------------

    def _forwarding(self) -> ForwardingFacts | None:
        about = self._about.partition(":")[0]
        for one in self._case.forwardings:
            if str(one.id) == about:
                return self._forwarded(one)
        return None

    def _forwarded(self, one: ForwardingRow) -> ForwardingFacts:
        row = self._case.row
        to: Mapping[str, str] = {}
        if one.to_sealed is not None:
            to = self._open("forwarding", "to", one.id, one.to_sealed)
        person, known = orders.person_of(self._ctx, row), orders.known_as(self._ctx, row)
        message = None
        if row.message_sealed is not None:
            message = str(self._open("request", "message", row.id, row.message_sealed)["text"])
        return ForwardingFacts(
            to_name=to.get("name"),
            to_contact=to.get("contact") or None,
            for_whom=self._for_whom(one),
            categories=self._named(one.categories),
            own_categories=self._own_categories(one),
            rights=tuple(say(RIGHTS_OF_SOMEBODY, claim.right, self._language) for claim in self._case.claims),
            received_on=self._day(one.received_by_processor_at),
            forwarded_on=self._day(one.forwarded_at) if one.forwarded_at is not None else None,
            controller_due_on=one.controller_due_on,
            channel=row.channel,
            message=message,
            identifiers=tuple((one.type, one.spelt) for one in known if one.vouched),
            stated=tuple((one.type, one.spelt) for one in known if not one.vouched),
            contact=tuple(sorted(person["contact"].items())),
            searched=tuple(self._searched()),
        )

    def _for_whom(self, one: ForwardingRow) -> str:
        known = {category.id: category for category in self._profile.categories}
        for category in one.categories:
            if category in known and (whom := known[category].for_whom) is not None:
                return whom.in_language(self._language)
        return ""

    def _own_categories(self, one: ForwardingRow) -> tuple[str, ...]:
        own = [category.id for category in self._profile.categories if category.role == "controller"]
        return self._named([category for category in own if category not in one.categories])

    def _searched(self) -> Sequence[str]:
        found: list[TaskRow] = [task for task in self._case.tasks if task.action == Action.LOCATE]
        told = [task for task in found if task.closed_at is not None and task.outcome != Outcome.FAILED]
        return [
            information.recipient_title(self._profile, self._processors[task.processor_id], self._language)
            for task in told
            if task.processor_id in self._processors
        ]

    # --- words ---------------------------------------------------------------------------------------------------

    def _named(self, categories: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._titles.get(one, one) for one in categories)

    def _day(self, moment: Any) -> Any:
        return deadlines.civil_date(moment, zone=self._ctx.zone(self._case.row.controller_id))

    def _open(self, table: str, column: str, id: UUID, sealed: bytes) -> dict[str, Any]:
        opened: dict[str, Any] = sealing.unseal(self._ctx, self._case.row, sealed, table=table, column=column, id=id)
        return opened
