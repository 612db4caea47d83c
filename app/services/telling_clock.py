"""What letters are told of a case's clock: the extension that is claimed, the question that is put."""

from datetime import date
from typing import Any, TypedDict

from app.domain import clarification, deadlines
from app.domain.extension import GROUNDS
from app.letters.deadline_text import explain_deadline
from app.letters.facts import ExtensionFacts, GroundFacts, QuestionFacts
from app.letters.words import Language
from app.models import RequestRow, SuspensionRow
from app.repositories.cases import CaseRows
from app.services import sealing
from app.services.context import Context


class ClockFacts(TypedDict):
    """The fields of a letter's facts that are filled here."""

    extension: ExtensionFacts | None
    question: QuestionFacts | None


def clock_facts(ctx: Context, rows: CaseRows, *, about: str, today: date, language: Language) -> ClockFacts:
    """What a letter *about* a question, or about nothing but the case, may say of the clock."""
    asked = next((one for one in rows.questions if str(one.id) == about), None)
    return {
        "extension": _extension(ctx, rows.row, language),
        "question": None if asked is None else _question(ctx, rows.row, asked, today, language),
    }


def _extension(ctx: Context, row: RequestRow, language: Language) -> ExtensionFacts | None:
    if row.extension_ground is None or row.extension_reasons_sealed is None or row.extension_approved_by is None:
        return None
    ground, told = GROUNDS[row.extension_ground], row.deadline
    reasons = _opened(ctx, row, row.extension_reasons_sealed, table="request", column="extension_reasons", id=row.id)
    extended = {**told, "extended": True, "binding_on": told["extended_due_on"]}
    return ExtensionFacts(
        ground=GroundFacts(source=ground.source, text=ground.sv if language == "sv" else ground.en),
        reasons=reasons,
        before=date.fromisoformat(told["due_on"]),
        until=date.fromisoformat(told["extended_due_on"]),
        reckoning=tuple(explain_deadline(extended, language)),
    )


def _question(ctx: Context, row: RequestRow, asked: SuspensionRow, today: date, language: Language) -> QuestionFacts:
    why = clarification.REASONS[asked.code]
    elapsed = (today - date.fromisoformat(row.deadline["anchor"])).days
    return QuestionFacts(
        kind=asked.reason,
        reason=GroundFacts(source=why.source, text=why.sv if language == "sv" else why.en),
        text=_opened(ctx, row, asked.question_sealed, table="suspension", column="question", id=asked.id),
        stops=asked.stops and elapsed <= deadlines.ASK_WITHIN_DAYS,
    )


def _opened(ctx: Context, row: RequestRow, sealed: bytes, **where: Any) -> str:
    return str(sealing.unseal(ctx, row, sealed, **where)["text"])
