"""What a letter is told of a decision's record: opened from the sealed values, in the letter's language."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.domain.decisions import COMMON
from app.domain.grounds_18 import GROUNDS_18
from app.domain.raising import RAISES
from app.domain.records import Record
from app.letters.record_facts import (
    BalancingFacts,
    FactLine,
    FeeFacts,
    RaisedFacts,
    RecordFacts,
    RestrictionFacts,
    ReviewFacts,
    WeighedLine,
)
from app.letters.words import Language
from app.models import ClaimRow, FeeNoticeRow, RequestRow
from app.services import documenting, sealing
from app.services.context import Context


def facts_of(
    ctx: Context,
    row: RequestRow,
    claim: ClaimRow,
    *,
    titles: Mapping[str, str],
    fees: Sequence[FeeNoticeRow],
    language: Language,
) -> RecordFacts:
    """What the letters say a claim's decision rests on."""
    record, fee = documenting.record_of(ctx, row, claim), _fee(ctx, row, claim, fees, language)
    if not record.evidence and fee is not None and claim.verdict is None:
        record = _fee_record(ctx, row, claim, fees)
    return RecordFacts(
        evidence=tuple(FactLine(on=one.on, what=one.what) for one in record.evidence),
        intent=(record.intent.objective, record.intent.subjective) if record.intent else (),
        weighed=tuple(
            WeighedLine(category_title=titles.get(one.category, one.category), balancing=one.balancing)
            for one in record.weighed
        ),
        statute=f"SFS {record.statute.sfs}, {record.statute.section}" if record.statute else None,
        balancing=BalancingFacts(**vars(record.balancing)) if record.balancing else None,
        checked=record.checked or None,
        restriction=_restriction(record, language),
        review=_review(record, claim),
        withdrawn_on=_withdrawn_on(ctx, row, claim),
        raised=_raised(claim, titles),
        raised_by=next((one.source for one in RAISES.values() if one.rule == claim.raised_by), None),
        fee=fee,
    )


def _restriction(record: Record, language: Language) -> RestrictionFacts | None:
    if record.ground_18 is None:
        return None
    ground = GROUNDS_18[record.ground_18]
    said, ends = (ground.sv, ground.ends_sv) if language == "sv" else (ground.en, ground.ends_en)
    return RestrictionFacts(letter=record.ground_18, ground=said, ends=ends)


def _review(record: Record, claim: ClaimRow) -> ReviewFacts | None:
    if record.review is None:
        return None
    return ReviewFacts(
        # A short part of the reference: enough to ask for the same person again, no name.
        reviewer=str(claim.basis.get("reviewer", claim.decided_by or ""))[:8],
        new_decision=record.review.new_decision,
        why=record.review.why,
    )


def _withdrawn_on(ctx: Context, row: RequestRow, claim: ClaimRow) -> date | None:
    said = claim.basis.get("withdrawn_at")
    return None if said is None else ctx.today(row.controller_id, datetime.fromisoformat(said))


def _raised(claim: ClaimRow, titles: Mapping[str, str]) -> RaisedFacts | None:
    raised = claim.basis.get("raised")
    if not raised or not raised["added"]:  # who claimed erasure is answered about that
        return None
    return RaisedFacts(source=raised["ground"], categories=tuple(titles.get(one, one) for one in raised["categories"]))


def _opened(ctx: Context, row: RequestRow, fee: FeeNoticeRow) -> Mapping[str, object]:
    said: Mapping[str, object] = sealing.unseal(
        ctx, row, fee.record_sealed, table="fee_notice", column="record", id=fee.id
    )
    return said


def _told(claim: ClaimRow, fees: Sequence[FeeNoticeRow]) -> FeeNoticeRow | None:
    return next((one for one in fees if one.claim_id == claim.id and one.approved_at is not None), None)


def _fee(
    ctx: Context, row: RequestRow, claim: ClaimRow, fees: Sequence[FeeNoticeRow], language: Language
) -> FeeFacts | None:
    fee = _told(claim, fees)
    if fee is None or fee.approved_at is None:
        return None
    ground = next(one for one in COMMON if one.key == fee.ground)
    return FeeFacts(
        amount=kronor(fee.amount_ore, language),
        source="GDPR Art. 12(5)(a)",
        text=ground.sv if language == "sv" else ground.en,
        reason=str(_opened(ctx, row, fee)["reason"]),
        told_on=ctx.today(row.controller_id, fee.approved_at),
    )


def _fee_record(ctx: Context, row: RequestRow, claim: ClaimRow, fees: Sequence[FeeNoticeRow]) -> Record:
    fee = _told(claim, fees)
    plain = {} if fee is None else _opened(ctx, row, fee)["record"]
    return Record.read(plain if isinstance(plain, dict) else {})


def kronor(ore: int, language: Language) -> str:
    """An amount in words: ``250 kr``, ``SEK 99.50``."""
    whole, rest = divmod(ore, 100)
    if language == "en":
        return f"SEK {whole}.{rest:02d}" if rest else f"SEK {whole}"
    return f"{whole},{rest:02d} kr" if rest else f"{whole} kr"
