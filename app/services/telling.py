"""
What letters and packages are told of a case: opened from the sealed values into plain facts, in the person's language.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain import deadlines
from app.domain.case import ClaimOutcome
from app.domain.decisions import Ground, Verdict
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.domain.identity import METHODS, Level, suffices
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
    PackageFacts,
    ResultFacts,
    Retained,
)
from app.letters.words import IDENTIFIERS, Language, say
from app.models import ClaimRow, RequestRow, TaskRow
from app.profiles import Profile
from app.repositories.cases import CaseRows
from app.services import claims as claiming
from app.services import information, orders, sealing, tasks
from app.services.context import Context
from app.services.telling_outward import Outward

#: What leaves nothing to be told to somebody who has proved nothing.
_SETTLED = frozenset({Outcome.COMPLETED.value, Outcome.NOT_FOUND.value})
#: How long a package waits for the person after release.
PACKAGE_WAITS = timedelta(days=30)
#: What helps to find somebody, when it was not given.
_HINTS = ("customer_number", "installation_id", "address", "site", "date_and_time", "role")
#: What is done to some categories of data; anything else is done to the person's data as such.
_BY_CATEGORY = (Action.EXPORT, Action.ERASE, Action.RESTRICT)
#: After these nobody holds back any deletion.
_NOT_FROZEN = (Outcome.NOT_FOUND, Outcome.REFUSED, Outcome.FAILED)


def language_of(row: RequestRow) -> Language:
    return "en" if row.language == "en" else "sv"


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
    return tuple(method for method, given in METHODS.items() if suffices(given, needed=level))


def letter_facts(ctx: Context, rows: CaseRows, *, now: datetime, about: str = "") -> LetterFacts:
    """Everything a letter about this case may say at *now*; *about* is what one of several of a kind is about."""
    row, case, claims, task_rows = rows.row, rows.seen(), rows.claims, rows.tasks
    language, profile = language_of(row), ctx.profile(row.controller_id)
    recipients = {one.id: information.recipient_title(profile, one, language) for one in rows.processors}
    held = Level.from_key(row.assurance)
    today = ctx.today(row.controller_id, now)
    identifiers = orders.person_of(ctx, row)["identifiers"]
    package = _package(ctx, rows, today)
    outward = Outward(ctx, rows, language, about)
    teller = _Teller(ctx, row, language, outward, withheld=package.left_out if package is not None else ())
    return LetterFacts(
        controller=controller_facts(profile),
        reference=row.reference,
        written_on=today,
        received_on=deadlines.civil_date(row.received_at, zone=ctx.zone(row.controller_id)),
        due_on=row.due_on,
        deadline=tuple(explain_deadline(row.deadline, language)),
        claims=tuple(
            teller.claim(claim, case, [task for task in task_rows if task.claim_id == claim.id], recipients)
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
        searched_with=tuple(dict.fromkeys(one["type"] for one in identifiers)),
        **outward.facts(),
    )


def _frozen_until(row: RequestRow, task_rows: Sequence[TaskRow]) -> date | None:
    """The day until which recipients were asked to hold deletion, as the order told them; nothing lifts it earlier."""
    if not any(task.action == Action.FREEZE and task.outcome not in _NOT_FROZEN for task in task_rows):
        return None
    return datetime.fromisoformat(row.deadline["extended_due_on"]).date()


def _package(ctx: Context, rows: CaseRows, today: date) -> PackageFacts | None:
    row, package = rows.row, rows.package
    if package is None:
        return None
    left_out = sealing.unseal(ctx, row, package.left_out_sealed, table="package", column="left_out", id=row.id)
    return PackageFacts(
        available=package.released_at is not None,
        expires_on=today + PACKAGE_WAITS,
        left_out=tuple(LeftOut(**one) for one in left_out),
        higher_identity_methods=methods_giving(NEEDED[DataClass.SECURITY]),
    )


def _is_apart(task: TaskRow, claim: ClaimRow) -> bool:
    """Whether a task restricted while the claim was pending, or ended a restriction: it is not what was asked for."""
    return task.action in {Action.RESTRICT, Action.LIFT_RESTRICTION} - {right(claim.right).action}


class _Teller:
    """Puts rows of one case into words."""

    def __init__(
        self, ctx: Context, row: RequestRow, language: Language, outward: Outward, *, withheld: Sequence[LeftOut]
    ) -> None:
        self._ctx, self._row, self._language, self._outward = ctx, row, language, outward
        self._withheld: Counter[tuple[str, str]] = Counter()
        for one in withheld:
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
            self._result(task, recipients[task.processor_id], meanwhile=_is_apart(task, claim))
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
            purposes=tuple(str(one) for one in details.get("purposes", ()) if isinstance(one, str)),
            restricted=self._outward.restricted(claim),
            recipients_told=self._outward.told(claim),
        )

    def _is_granted_to_nobody_known(self, claim: ClaimRow) -> bool:
        nobody = Level.from_key(self._row.assurance) is Level.NONE and right(claim.right).needs is Level.NONE
        return nobody and claim.verdict == Verdict.GRANTED

    def _without_telling(self, claim: ClaimRow) -> ClaimFacts:
        """The same answer whether or not the name somebody typed is a customer's: nothing more will be sent to it."""
        name = controller_facts(self._ctx.profile(self._row.controller_id)).name
        action = right(claim.right).action.value
        on = deadlines.civil_date(claim.decided_at or self._row.filed_at, zone=self._ctx.zone(self._row.controller_id))
        result = ResultFacts(recipient=name, action=action, outcome=Outcome.COMPLETED.value, on=on)
        return ClaimFacts(right=claim.right, outcome=ClaimOutcome.GRANTED.value, results=(result,))

    def _changed(self, details: Mapping[str, Any]) -> list[str]:
        """The corrected fields in words; what was asked in words of its own is "as you asked"."""
        corrections = details.get("corrections")
        named = corrections if isinstance(corrections, list) else [details]
        fields = [str(one.get("field")) for one in named if isinstance(one, Mapping)]
        return [
            say(IDENTIFIERS, field, self._language) if field in IDENTIFIERS else self._as_asked() for field in fields
        ]

    def _as_asked(self) -> str:
        return "det du bad oss rätta" if self._language == "sv" else "what you asked us to correct"

    def _reason(self, answer: Mapping[str, Any], *, gave_none: bool) -> str | None:
        said = self._said(answer)
        if not gave_none:
            return said
        none = "Inga uppgifter följde med svaret" if self._language == "sv" else "No data came with the answer"
        return none if said is None else f"{none}: {said}"

    def _said(self, answer: Mapping[str, Any]) -> str | None:
        if answer.get("message"):
            return str(answer["message"])
        if not answer.get("reason"):
            return None
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

    def _result(self, task: TaskRow, recipient: str, *, meanwhile: bool = False) -> ResultFacts:
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
        if task.outcome == "completed_partial":
            titles = tuple(title for title in titles if title not in kept_titles)
        return ResultFacts(
            recipient=recipient,
            action=task.action,
            outcome=task.outcome or "",
            on=self._ctx.today(self._row.controller_id, task.closed_at) if task.closed_at else date.min,
            categories=titles,
            retained=kept,
            reason=self._reason(answer, gave_none=gave_none),
            gave_none=gave_none,
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
