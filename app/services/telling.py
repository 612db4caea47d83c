"""
What letters and packages are told of a case: opened from the sealed values into plain facts, in the person's language.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from app.domain import deadlines
from app.domain.decisions import Ground
from app.domain.fanout import Action
from app.domain.identity import METHODS, Level, suffices
from app.domain.process import outcome_of
from app.domain.rights import right
from app.domain.snapshot import Case
from app.letters.deadline_text import explain_deadline
from app.letters.facts import (
    ClaimFacts,
    ControllerFacts,
    GroundFacts,
    LetterFacts,
    PackageFacts,
    ResultFacts,
    Retained,
)
from app.letters.words import IDENTIFIERS, Language, say
from app.models import ClaimRow, ProcessorRow, RequestRow, TaskRow
from app.profiles import Profile
from app.repositories.cases import CaseRows
from app.services import claims as claiming
from app.services import orders, tasks
from app.services.context import Context

#: How long a package waits for the person after release.
PACKAGE_WAITS = timedelta(days=30)
#: What helps to find somebody, when it was not given.
_HINTS = ("customer_number", "installation_id", "address", "site", "date_and_time", "role")


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


def letter_facts(ctx: Context, rows: CaseRows, *, now: datetime) -> LetterFacts:
    """Everything a letter about this case may say at *now*."""
    row, case, claims, task_rows = rows.row, rows.seen(), rows.claims, rows.tasks
    processors = {one.id: one for one in rows.processors}
    language = language_of(row)
    held = Level.from_key(row.assurance)
    today = ctx.today(row.controller_id, now)
    identifiers = orders.person_of(ctx, row)["identifiers"]
    teller = _Teller(ctx, row, language)
    return LetterFacts(
        controller=controller_facts(ctx.profile(row.controller_id)),
        reference=row.reference,
        written_on=today,
        received_on=deadlines.civil_date(row.received_at, zone=ctx.zone(row.controller_id)),
        due_on=row.due_on,
        deadline=tuple(explain_deadline(row.deadline, language)),
        claims=tuple(
            teller.claim(claim, case, [task for task in task_rows if task.claim_id == claim.id], processors)
            for claim in claims
        ),
        freeze=any(right(claim.right).freezes for claim in claims),
        package=(
            PackageFacts(available=case.package_released, expires_on=today + PACKAGE_WAITS)
            if case.package_sealed
            else None
        ),
        identity_wanted=any(not suffices(held, needed=Level.from_key(claim.needs)) for claim in claims),
        identity_methods=tuple(METHODS),
        helps_finding=tuple(hint for hint in _HINTS if hint not in {one["type"] for one in identifiers}),
        searched=tuple(
            dict.fromkeys(processors[t.processor_id].title for t in task_rows if t.processor_id in processors)
        ),
        searched_with=tuple(dict.fromkeys(one["type"] for one in identifiers)),
    )


class _Teller:
    """Puts rows of one case into words."""

    def __init__(self, ctx: Context, row: RequestRow, language: Language) -> None:
        self._ctx, self._row, self._language = ctx, row, language
        self._titles = {
            category.id: category.title.in_language(language) for category in ctx.profile(row.controller_id).categories
        }

    def claim(
        self,
        claim: ClaimRow,
        case: Case,
        task_rows: Sequence[TaskRow],
        processors: Mapping[Any, ProcessorRow],
    ) -> ClaimFacts:
        seen = next(one for one in case.claims if one.id == str(claim.id))
        decided = claim.verdict is not None or claim.outcome is not None
        details = claiming.details_of(self._ctx, self._row, claim)
        return ClaimFacts(
            right=claim.right,
            outcome=(claim.outcome or outcome_of(case, seen).value) if decided else None,
            ground=self._ground(claim),
            reasons=claiming.reasons_of(self._ctx, self._row, claim),
            results=tuple(
                self._result(task, processors[task.processor_id].title)
                for task in task_rows
                if task.closed_at is not None and task.processor_id in processors
            ),
            changed=tuple(self._changed(details)) if claim.right == "rectification" else (),
            purposes=tuple(str(one) for one in details.get("purposes", ()) if isinstance(one, str)),
        )

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

    def _reason(self, answer: Mapping[str, Any]) -> str | None:
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

    def _result(self, task: TaskRow, recipient: str) -> ResultFacts:
        answer = tasks.answer_of(self._ctx, self._row, task)
        kept = tuple(self._kept(one) for one in answer.get("retained", []))
        kept_titles = {one.category_title for one in kept}
        titles = tuple(self._title(category) for category in task.categories)
        if task.outcome == "completed_partial":
            titles = tuple(title for title in titles if title not in kept_titles)
        return ResultFacts(
            recipient=recipient,
            action=task.action,
            outcome=task.outcome or "",
            on=self._ctx.today(self._row.controller_id, task.closed_at) if task.closed_at else date.min,
            categories=titles if task.action != Action.NOTIFY else (),
            retained=kept,
            reason=self._reason(answer),
        )

    def _kept(self, one: Mapping[str, Any]) -> Retained:
        return Retained(
            category_title=self._title(str(one["category"])),
            law=str(one["law"]),
            until=date.fromisoformat(str(one["until"])),
        )

    def _title(self, category: str) -> str:
        return self._titles.get(category, category)
