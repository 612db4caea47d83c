"""
Questions to the person, their letters, and their answers; what they do to the clock is :mod:`deadline_watch`'s.
"""

from datetime import datetime
from uuid import UUID

from app.db import Tx
from app.domain import clarification, deadlines, identity
from app.domain.audit import AuditStep
from app.domain.case import ClaimState, Phase, StepNotAllowed
from app.domain.clarification import QuestionKind
from app.domain.errors import DomainError
from app.domain.identity import Level
from app.domain.rights import right
from app.models import RequestRow, SuspensionRow
from app.repositories import cases, clock
from app.services import correspondence, deadline_watch, sealing, steps
from app.services.context import Actor, Context
from app.services.ids import new_id
from app.services.intake import CLOCK_LEEWAY


class UnknownQuestion(DomainError):
    """There is no such question in this request, or none that waits for an answer."""


class QuestionAnswered(DomainError):
    """The question has been answered already."""


class IdentityIsProved(DomainError):
    """Who you are is shown by one of the ways in the letter, not by an answer in words."""


class AnsweredInTheFuture(DomainError):
    """An answer cannot have come later than now."""


async def ask(
    tx: Tx, ctx: Context, row: RequestRow, *, kind: QuestionKind, code: str, question: str, actor: Actor
) -> SuspensionRow:
    """
    Put a question to the person, by letter, in this transaction: one that cannot be written is not asked.

    Raises:
        StepNotAllowed: The answer has begun.
        QuestionReasonUnknown, QuestionTooThin, QuestionAsked, NothingToDoubt, NoLargeAmount, LetterIncomplete
    """
    if row.phase in (Phase.ANSWERING, Phase.CLOSED):
        raise StepNotAllowed
    why = clarification.reason(kind, code)
    waiting = [claim for claim in await cases.claims_of(tx, [row.id]) if claim.state != ClaimState.CLOSED]
    clarification.check_question(
        why,
        question,
        rights=[right(claim.right) for claim in waiting],
        held=Level.from_key(row.assurance),
        still_open=[one.reason for one in await clock.questions_of(tx, row.id) if one.answered_at is None],
    )
    id_ = new_id()
    made = SuspensionRow(
        id=id_,
        request_id=row.id,
        controller_id=row.controller_id,
        reason=kind.value,
        code=code,
        stops=why.stops,
        question_sealed=sealing.seal(
            ctx, row, {"text": question.strip()}, table="suspension", column="question", id=id_
        ),
        asked_at=tx.now,
        asked_by=actor.ref,
    )
    tx.session.add(made)
    await tx.session.flush()
    case = await cases.rows_of(tx, row)
    case.questions.append(made)
    await correspondence.write(tx, ctx, case, clock.LETTER_OF[kind.value], about=str(id_))
    is_doubt = kind is QuestionKind.IDENTITY
    step = AuditStep.REQUEST_IDENTITY_ASKED if is_doubt else AuditStep.REQUEST_CLARIFICATION_ASKED
    await steps.note(tx, row, step, actor=actor, facts={"question_id": str(id_), "reason": code})
    await deadline_watch.reckon(tx, ctx, row, cause="suspension")
    await steps.changed(tx, row)
    return made


async def answer(
    tx: Tx,
    ctx: Context,
    row: RequestRow,
    *,
    question_id: UUID | None,
    text: str,
    answered_at: datetime,
    actor: Actor,
) -> SuspensionRow:
    """
    Take the person's answer in; without an id, to the one question that waits for words.

    Raises:
        UnknownQuestion, QuestionAnswered, IdentityIsProved, AnsweredInTheFuture
        AnsweredBeforeAsked: The answer is dated before the question.
    """
    asked = await clock.questions_of(tx, row.id)
    if question_id is None:
        open_ones = [one for one in asked if one.answered_at is None and one.reason == QuestionKind.CLARIFICATION]
        found = open_ones[0] if open_ones else None
    else:
        found = next((one for one in asked if one.id == question_id), None)
    if found is None:
        raise UnknownQuestion
    if found.answered_at is not None:
        raise QuestionAnswered
    if found.reason == QuestionKind.IDENTITY:
        raise IdentityIsProved
    if answered_at > tx.now + CLOCK_LEEWAY:
        raise AnsweredInTheFuture
    answered_at = min(answered_at, tx.now)
    if answered_at < found.asked_at:
        raise deadlines.AnsweredBeforeAsked
    found.answer_sealed = sealing.seal(ctx, row, {"text": text}, table="suspension", column="answer", id=found.id)
    await _end(tx, ctx, row, found, at=answered_at, actor=actor)
    facts = {"question_id": str(found.id), "reason": found.code}
    await steps.note(tx, row, AuditStep.REQUEST_CLARIFIED, actor=actor, facts=facts)
    await steps.changed(tx, row)
    return found


async def end_doubt(tx: Tx, ctx: Context, row: RequestRow, *, actor: Actor) -> None:
    """
    Let the clock run on once it is clear who asks: well enough for at least one of the claims, for then work can begin.
    """
    asked = await clock.questions_of(tx, row.id)
    doubt = next((one for one in asked if one.reason == QuestionKind.IDENTITY and one.answered_at is None), None)
    if doubt is None:
        return
    held = Level.from_key(row.assurance)
    for claim in await cases.claims_of(tx, [row.id]):
        is_doubted = claim.state != ClaimState.CLOSED and claim.right not in clarification.NOT_DOUBTED
        if is_doubted and identity.suffices(held, needed=Level.from_key(claim.needs)):
            await _end(tx, ctx, row, doubt, at=tx.now, actor=actor)
            return


async def _end(tx: Tx, ctx: Context, row: RequestRow, question: SuspensionRow, *, at: datetime, actor: Actor) -> None:
    question.answered_at, question.answered_by = at, actor.ref
    await deadline_watch.reckon(tx, ctx, row, cause="suspension")


def question_text(ctx: Context, row: RequestRow, question: SuspensionRow) -> str:
    """What was asked, opened."""
    opened = sealing.unseal(ctx, row, question.question_sealed, table="suspension", column="question", id=question.id)
    return str(opened["text"])


def answer_text(ctx: Context, row: RequestRow, question: SuspensionRow) -> str | None:
    """What the person answered, opened."""
    if question.answer_sealed is None:
        return None
    opened = sealing.unseal(ctx, row, question.answer_sealed, table="suspension", column="answer", id=question.id)
    return str(opened["text"])
