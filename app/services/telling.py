"""
What letters and packages are told of a case: opened from the sealed values into plain facts, in the person's language.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain import answers, deadlines
from app.domain.case import ClaimOutcome
from app.domain.decisions import Ground, Verdict
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.domain.finding import may_travel
from app.domain.guarding import is_address
from app.domain.identity import Level, methods_for, suffices
from app.domain.own_retention import PACKAGE_DAYS
from app.domain.process import outcome_of
from app.domain.release import NEEDED, DataClass
from app.domain.rights import right
from app.domain.snapshot import Case
from app.letters.deadline_text import explain_deadline
from app.letters.facts import (
    ClaimFacts,
    ControllerFacts,
    GroundFacts,
    LeftOut,
    LetterFacts,
    NotPortable,
    PackageFacts,
    ResultFacts,
    Retained,
)
from app.letters.notices import say_instant
from app.letters.words import IDENTIFIERS, KNOWN_REASONS, Language, say
from app.models import ClaimRow, FeeNoticeRow, RequestRow, TaskRow
from app.processors import Kind
from app.profiles import Profile
from app.repositories.cases import CaseRows
from app.services import claims as claiming
from app.services import information, orders, persons, record_telling, sealing, tasks
from app.services.context import Context
from app.services.erasure_telling import erasure_facts
from app.services.telling_clock import clock_facts
from app.services.telling_outward import Outward

#: What leaves nothing to be told to somebody who has proved nothing.
_SETTLED = frozenset({Outcome.COMPLETED.value, Outcome.NOT_FOUND.value})
#: How long a package waits for the person after release.
PACKAGE_WAITS = timedelta(days=PACKAGE_DAYS)
#: What helps to find somebody, when it was not given.
_HINTS = ("customer_number", "installation_id", "address", "site", "date_and_time", "role")
#: What is done to some categories of data; anything else is done to the person's data as such.
_BY_CATEGORY = (Action.EXPORT, Action.ERASE, Action.RESTRICT)
#: After these nobody holds back any deletion.
_NOT_FROZEN = (Outcome.NOT_FOUND, Outcome.REFUSED, Outcome.FAILED)


def language_of(row: RequestRow) -> Language:
    return language_of_code(row.language)


def language_of_code(code: str) -> Language:
    return "en" if code == "en" else "sv"


def controller_facts(profile: Profile) -> ControllerFacts:
    """Who answers, as far as the controller's policy says it."""
    return ControllerFacts(
        name=profile.controller.name.value or profile.id,
        org_number=profile.controller.org_number.value,
        address=profile.controller.address.value,
        contact=profile.controller.dsr_contact.value,
        dpo=profile.controller.dpo.value,
    )


def methods_giving(level: Level) -> tuple[str, ...]:
    """The ways of proving who one is that give at least *level*; others would be asked for in vain."""
    return methods_for(level)


def letter_facts(ctx: Context, rows: CaseRows, *, now: datetime, about: str = "") -> LetterFacts:
    """Everything a letter about this case, or *about* one thing in it, may say at *now*."""
    row, case, claims, task_rows = rows.row, rows.seen(), rows.claims, rows.tasks
    told_of = [*rows.done_before, *task_rows]
    language, profile = language_of(row), ctx.profile(row.controller_id)
    recipients = {one.id: information.recipient_title(profile, one, language) for one in rows.processors}
    held = Level.from_key(row.assurance)
    today = ctx.today(row.controller_id, now)
    identifiers = orders.person_of(ctx, row)["identifiers"]
    package = _package(ctx, rows, today)
    planned = {claim.id: erasure_facts(ctx, rows, claim, language) for claim in claims}
    outward = Outward(ctx, rows, language, about)
    teller = _Teller(ctx, row, language, package, outward, fees=tuple(rows.fees))
    return LetterFacts(
        controller=controller_facts(profile),
        reference=row.reference,
        written_on=today,
        received_on=deadlines.civil_date(row.received_at, zone=ctx.zone(row.controller_id)),
        due_on=row.due_on,
        deadline=tuple(explain_deadline(row.deadline, language)),
        claims=tuple(
            replace(
                teller.claim(claim, case, [task for task in told_of if _is_told(task, claim)], recipients),
                erasure=planned[claim.id],
            )
            for claim in claims
        ),
        freeze=any(right(claim.right).freezes for claim in claims),
        frozen_until=_frozen_until(row, task_rows),
        package=package,
        identity_wanted=any(not suffices(held, needed=Level.from_key(claim.needs)) for claim in claims),
        identity_methods=methods_giving(max(Level.from_key(claim.needs) for claim in claims)),
        helps_finding=tuple(hint for hint in _HINTS if hint not in {one["type"] for one in identifiers}),
        searched=tuple(
            dict.fromkeys(recipients[task.processor_id] for task in task_rows if task.processor_id in recipients)
        ),
        searched_with=_searched_with(ctx, rows),
        known_there=_known_there(ctx, rows, recipients)
        if held >= Level.SUBSTANTIAL and not persons.not_compared(ctx, row, claims)
        else (),  # else whoever typed an address would read whose customer it is
        **clock_facts(ctx, rows, about=about, today=today, language=language),
        unclassified=row.unclassified,
        wait_until=_wait_until(ctx, rows, language),
        **outward.facts(),
    )


def _searched_with(ctx: Context, rows: CaseRows) -> tuple[str, ...]:
    """The types that anybody was told to look by: a machine hears less than it takes, people all that they may see."""
    known = [one for one in orders.known_as(ctx, rows.row) if not (rows.row.protected and is_address(one.type))]
    asked = {task.processor_id for task in rows.tasks}
    told: set[str] = set()
    for one in (one for one in rows.processors if one.id in asked):
        accepts = one.identifier_types or [each.type for each in known]
        if one.kind == Kind.MANUAL or one.state != "active":
            told |= {each.type for each in known if each.type in accepts}
        else:
            told |= {each.type for each in may_travel(known, accepts=accepts, action=Action.LOCATE, checked=True)}
    return tuple(dict.fromkeys(one.type for one in known if one.type in told or not asked))


def _known_there(ctx: Context, rows: CaseRows, recipients: Mapping[UUID, str]) -> tuple[str, ...]:
    """Who has found the person: "no data about you" is not said where only this right reaches nothing (Art. 12(1))."""
    finds = (one for one in rows.tasks if one.action == Action.LOCATE and one.claim_id is None and one.former is None)
    found = (
        one.processor_id
        for one in finds
        # A vendor that cannot search is only supposed to know everybody.
        if one.outcome in DONE and not (tasks.answer_of(ctx, rows.row, one).get("evidence") or {}).get("assumed")
    )
    return tuple(dict.fromkeys(recipients[one] for one in found if one in recipients))


def _is_told(task: TaskRow, claim: ClaimRow) -> bool:
    """What was done for a claim; a second look belongs to the erasure it looks after, and is told there."""
    return task.claim_id == claim.id and task.action != Action.LOCATE


def _wait_until(ctx: Context, rows: CaseRows, language: Language) -> str | None:
    ends = [claim.cooling_until for claim in rows.claims if claim.cooling_until is not None]
    return say_instant(max(ends), ctx.zone(rows.row.controller_id), language) if ends else None


def _frozen_until(row: RequestRow, task_rows: Sequence[TaskRow]) -> date | None:
    """The day until which recipients were asked to hold deletion, as the order told them; nothing lifts it earlier."""
    asked = [task for task in task_rows if task.action == Action.FREEZE]
    if Level.from_key(row.assurance) is not Level.NONE:  # else whoever typed a name would read whether it is known
        asked = [task for task in asked if task.outcome not in _NOT_FROZEN]
    if not asked:
        return None
    return datetime.fromisoformat(row.deadline["extended_due_on"]).date()


def _package(ctx: Context, rows: CaseRows, today: date) -> PackageFacts | None:
    row, package = rows.row, rows.package
    if package is None:
        return None
    withheld = sealing.unseal(ctx, row, package.left_out_sealed, table="package", column="left_out", id=row.id)
    if isinstance(withheld, list):  # sealed before there was more to tell
        withheld = {"left_out": withheld, "not_portable": []}
    return PackageFacts(
        available=package.released_at is not None,
        expires_on=today + PACKAGE_WAITS,
        left_out=tuple(LeftOut(**one) for one in withheld["left_out"]),
        not_portable=tuple(NotPortable(**one) for one in withheld["not_portable"]),
        higher_identity_methods=methods_giving(NEEDED[DataClass.SECURITY]),
    )


def _is_apart(task: TaskRow, claim: ClaimRow) -> bool:
    """Whether a task restricted while the claim was pending, or ended a restriction: it is not what was asked for."""
    return task.action in {Action.RESTRICT, Action.LIFT_RESTRICTION} - {right(claim.right).action}


class _Teller:
    """Puts rows of one case into words."""

    def __init__(
        self,
        ctx: Context,
        row: RequestRow,
        language: Language,
        package: PackageFacts | None,
        outward: Outward,
        *,
        fees: Sequence[FeeNoticeRow] = (),
    ) -> None:
        self._ctx, self._row, self._language, self._outward = ctx, row, language, outward
        self._fees = fees
        self._withheld: Counter[tuple[str, str]] = Counter()
        self._not_portable = frozenset(one.category_title for one in (package.not_portable if package else ()))
        for one in package.left_out if package else ():
            self._withheld[one.recipient, one.category_title] += one.count if one.what == "row" else 0
        self._titles = {
            category.id: category.title.in_language(language) for category in ctx.profile(row.controller_id).categories
        }

    def claim(
        self,
        claim: ClaimRow,
        case: Case,
        task_rows: Sequence[TaskRow],
        recipients: Mapping[UUID, str],
    ) -> ClaimFacts:
        seen = next(one for one in case.claims if one.id == str(claim.id))
        decided = claim.verdict is not None or claim.outcome is not None
        details = claiming.details_of(self._ctx, self._row, claim)
        results = tuple(
            self._result(task, recipients[task.processor_id], claim.right, meanwhile=_is_apart(task, claim))
            for task in task_rows
            if task.closed_at is not None and task.processor_id in recipients
        )
        if self._is_granted_to_nobody_known(claim) and {one.outcome for one in results} <= _SETTLED:
            return self._without_telling(claim)
        return ClaimFacts(
            right=claim.right,
            outcome=(claim.outcome or outcome_of(case, seen).value) if decided else None,
            ground=self._ground(claim),
            reasons=claiming.reasons_of(self._ctx, self._row, claim),
            results=results,
            changed=tuple(self._changed(details)) if claim.right == "rectification" else (),
            purposes=self._purposes(details),
            record=record_telling.facts_of(
                self._ctx, self._row, claim, titles=self._titles, fees=self._fees, language=self._language
            ),
            restricted=self._outward.restricted(claim),
            recipients_told=self._outward.told(claim),
        )

    def _is_granted_to_nobody_known(self, claim: ClaimRow) -> bool:
        proved = Level.from_key(self._row.assurance) is not Level.NONE and not persons.has_typed(self._ctx, self._row)
        return not proved and right(claim.right).needs is Level.NONE and claim.verdict == Verdict.GRANTED

    def _without_telling(self, claim: ClaimRow) -> ClaimFacts:
        """The same answer whether or not the name somebody typed is a customer's: nothing more will be sent to it."""
        name = controller_facts(self._ctx.profile(self._row.controller_id)).name
        action = right(claim.right).action.value
        on = deadlines.civil_date(claim.decided_at or self._row.filed_at, zone=self._ctx.zone(self._row.controller_id))
        result = ResultFacts(recipient=name, action=action, outcome=Outcome.COMPLETED.value, on=on)
        return ClaimFacts(right=claim.right, outcome=ClaimOutcome.GRANTED.value, results=(result,))

    def _purposes(self, details: Mapping[str, Any]) -> tuple[str, ...]:
        """The purposes a person named, by their titles in the profile where it has them."""
        named = details.get("purposes")
        profile = self._ctx.profile(self._row.controller_id)
        titles = {one.id: one.in_language(self._language) for one in profile.purposes}
        return tuple(titles.get(one, one) for one in (named if isinstance(named, list) else ()) if isinstance(one, str))

    def _changed(self, details: Mapping[str, Any]) -> list[str]:
        """Each corrected field, from what to what; what was asked in words of its own is "as you asked"."""
        corrections = details.get("corrections")
        named = corrections if isinstance(corrections, list) else [details]
        if isinstance(details.get("statement"), str):
            return [self._completed(), *(self._changed({"corrections": corrections}) if corrections else ())]
        return [self._change(one) for one in named if isinstance(one, Mapping)]

    def _change(self, one: Mapping[str, Any]) -> str:
        field = str(one.get("field"))
        if field not in IDENTIFIERS:
            return self._as_asked()
        said, old, new = say(IDENTIFIERS, field, self._language), one.get("old"), one.get("value")
        sv = self._language == "sv"
        if not isinstance(new, str) or not new.strip():
            return said
        if isinstance(old, str) and old.strip():
            return f"{said}: från {old} till {new}" if sv else f"{said}: from {old} to {new}"
        return f"{said}: nu {new}" if sv else f"{said}: now {new}"

    def _completed(self) -> str:
        """Completion by a supplementary statement (Art. 16, second sentence)."""
        said = "uppgifterna är kompletterade med ditt uttalande", "the data are completed by your statement"
        return said[0] if self._language == "sv" else said[1]

    def _as_asked(self) -> str:
        return "det du bad oss rätta" if self._language == "sv" else "what you asked us to correct"

    def _reason(self, task: TaskRow, answer: Mapping[str, Any], *, gave_none: bool) -> str | None:
        said = self._said(answer) if task.closed_by == "person" else self._known(answer)
        if not gave_none:
            return said
        none = "Inga uppgifter följde med svaret" if self._language == "sv" else "No data came with the answer"
        return none if said is None else f"{none}: {said}"

    def _known(self, answer: Mapping[str, Any]) -> str | None:
        """What a recipient said by itself: in words of ours or not at all. Its own nobody has read yet."""
        code = str(answer.get("reason") or "")
        return say(KNOWN_REASONS, code, self._language) if code in KNOWN_REASONS else None

    def _said(self, answer: Mapping[str, Any]) -> str | None:
        """A person's words, or those of the recipient that a person has taken over."""
        if answer.get("message"):
            return str(answer["message"])
        if not answer.get("reason"):
            return None
        if (known := self._known(answer)) is not None:
            return known
        code = str(answer["reason"]).replace("_", " ")
        return (
            f"mottagaren anger skälet ”{code}”"
            if self._language == "sv"
            else f"the recipient gives the reason “{code}”"
        )

    def _ground(self, claim: ClaimRow) -> GroundFacts | None:
        found: Ground | None = next((g for g in right(claim.right).refusal_grounds if g.key == claim.ground), None)
        if found is None:
            return None
        return GroundFacts(source=found.source, text=found.sv if self._language == "sv" else found.en)

    def _result(self, task: TaskRow, recipient: str, its_right: str, *, meanwhile: bool = False) -> ResultFacts:
        answer = tasks.answer_of(self._ctx, self._row, task)
        kept = tuple(self._kept(one) for one in answer.get("retained", []))
        kept_titles = {one.category_title for one in kept}
        given = Counter[str]()
        for one in answer.get("records", []):
            given[str(one["category"])] += len(one.get("rows", []))
        gave_none = task.action == Action.EXPORT and task.outcome in DONE and not given.total()
        touched = task.categories if task.action in _BY_CATEGORY else []
        if task.action == Action.EXPORT and task.outcome in DONE:
            touched = [one for one in touched if given[one] > self._withheld[recipient, self._title(one)]]
        titles = tuple(self._title(category) for category in touched)
        if its_right == "portability":
            titles = tuple(title for title in titles if title not in self._not_portable)
        if task.outcome == "completed_partial":
            # Of a category that is kept in part the rest is erased: it is named where nothing else is.
            titles = tuple(title for title in titles if title not in kept_titles) or titles
        return ResultFacts(
            recipient=recipient,
            action=task.action,
            outcome=task.outcome or "",
            on=self._ctx.today(self._row.controller_id, task.closed_at) if task.closed_at else date.min,
            categories=titles,
            retained=kept,
            reason=self._reason(task, answer, gave_none=gave_none),
            gave_none=gave_none,
            nothing=answers.why_nothing(Action(task.action), answer) if task.outcome == "not_found" else None,
            meanwhile=meanwhile,
        )

    def _kept(self, one: Mapping[str, Any]) -> Retained:
        return Retained(
            category_title=self._title(str(one["category"])),
            law=str(one["law"]),
            until=date.fromisoformat(str(one["until"])),
        )

    def _title(self, category: str) -> str:
        return self._titles.get(category, category)
