"""
What a letter is told of an erasure: from what recipients answered and what the decision keeps, never more (F08, R17-5).
"""

from collections.abc import Collection

from app.domain import answers
from app.domain.erasure_grounds import EXEMPTIONS
from app.domain.erasure_plan import KEPT, Fate
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.letters.facts import ErasedBy, ErasureFacts, Forwarded, Kept
from app.letters.words import Language
from app.models import ClaimRow, ErasurePlanRow, TaskRow
from app.profiles import Profile
from app.repositories.cases import CaseRows
from app.services import erasing, information, keeping, suppression, tasks
from app.services.context import Context


def erasure_facts(ctx: Context, rows: CaseRows, claim: ClaimRow, language: Language) -> ErasureFacts | None:
    """What is kept and why, what is another controller's, who erased; None for any other right."""
    if claim.right != "erasure":
        return None
    profile = ctx.profile(rows.row.controller_id)
    plan = [one for one in rows.plan if one.claim_id == claim.id]
    kept = [one for one in plan if one.fate in KEPT]
    done = [task for task in (*rows.done_before, *rows.tasks) if task.claim_id == claim.id and _erased(task)]
    return ErasureFacts(
        kept=tuple(_kept(ctx, rows, profile, one, language) for one in kept),
        forwarded=tuple(_forwarded(profile, one, language) for one in plan if one.fate == Fate.FORWARD),
        erased_by=tuple(_erased_by(ctx, rows, profile, task, language) for task in done),
        is_live_alarm_kept=any(
            one.condition == "contract_runs"
            and erasing.category_facts(profile, profile.category(one.category)).is_live_alarm
            for one in kept
        ),
        is_suppressed=bool(done)
        and not any(one.condition == "contract_runs" for one in kept)
        and bool(suppression.blinds_of(ctx, rows.row, checked=claim.identifiers_checked)),
    )


def _erased(task: TaskRow) -> bool:
    return task.action == Action.ERASE and task.closed_at is not None and task.outcome in DONE


def _kept(ctx: Context, rows: CaseRows, profile: Profile, one: ErasurePlanRow, language: Language) -> Kept:
    exemption = EXEMPTIONS[one.exception or ""]
    return Kept(
        category_title=profile.category(one.category).title.in_language(language),
        why=exemption.sv if language == "sv" else exemption.en,
        source=exemption.source,
        law=one.hold,
        until=one.until,
        condition=one.condition,
        review_on=one.review_on,
        reason=erasing.reason_of(ctx, rows.row, one),
    )


def _forwarded(profile: Profile, one: ErasurePlanRow, language: Language) -> Forwarded:
    category = profile.category(one.category)
    for_whom = category.for_whom.in_language(language) if category.for_whom is not None else ""
    return Forwarded(category_title=category.title.in_language(language), for_whom=for_whom)


def _erased_by(ctx: Context, rows: CaseRows, profile: Profile, task: TaskRow, language: Language) -> ErasedBy:
    processor = next(one for one in rows.processors if one.id == task.processor_id)
    erased_on = ctx.today(rows.row.controller_id, task.closed_at) if task.closed_at else None
    checked = _check_of(ctx, rows, task, registered=processor.categories)
    return ErasedBy(
        recipient=information.recipient_title(profile, processor, language),
        verified_on=ctx.today(rows.row.controller_id, checked.closed_at) if checked and checked.closed_at else None,
        backups_gone_by=(
            keeping.backups_gone_by(ctx, rows.row.controller_id, processor.key, erased_on) if erased_on else None
        ),
    )


def _check_of(ctx: Context, rows: CaseRows, erased: TaskRow, *, registered: Collection[str]) -> TaskRow | None:
    """The look afterwards in which a machine found nothing of what was erased; a person's word is no second look."""
    for task in rows.tasks:
        same = task.claim_id == erased.claim_id and task.processor_id == erased.processor_id
        if not same or task.action != Action.LOCATE or task.closed_by in (None, "person"):
            continue
        said = tasks.answer_of(ctx, rows.row, task)
        is_gone = task.outcome in DONE and answers.is_gone(said, task.categories, registered=registered)
        if task.outcome == Outcome.NOT_FOUND or is_gone:
            return task
    return None
