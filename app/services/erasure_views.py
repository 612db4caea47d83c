"""What people see of erasures, as plain values: codes, days, blind indexes."""

from typing import Any

from app.db import Tx
from app.domain.erasure_plan import Planned
from app.models import ErasedDataRow, ProcessorRow, RequestRow, ScheduledErasureRow
from app.repositories import cases
from app.services import erasing
from app.services.context import Context

View = dict[str, Any]


def scheduled(row: ScheduledErasureRow, processor: ProcessorRow) -> View:
    names = (
        "id", "request_id", "reference", "category", "exception", "until", "due_on", "condition", "review_on", "state",
        "follow_up", "performed_at", "outcome",
    )  # fmt: skip
    plain = {name: getattr(row, name) for name in names}
    return plain | {"controller": row.controller_id, "processor": processor.key, "law": row.hold}


def erased(row: ErasedDataRow, processor: ProcessorRow) -> View:
    names = ("id", "reference", "categories", "erased_on", "backups_overwritten_by", "blinds")
    plain = {name: getattr(row, name) for name in names}
    return plain | {"controller": row.controller_id, "processor": processor.key}


async def planned_of(tx: Tx, ctx: Context, row: RequestRow) -> dict[str, View]:
    """What becomes of each category: as decided, where it was, else as the law would have it with the known facts."""
    rows = await cases.rows_of(tx, row)
    today = ctx.today(row.controller_id, tx.now)
    shown = {one.category: _planned(one) for one in erasing.prepared(ctx, rows, today=today).proposal(today)}
    decided = {str(claim.id) for claim in rows.claims if claim.verdict is not None}
    for one in rows.plan:
        if str(one.claim_id) in decided:
            stored = erasing.as_planned(one, reason=erasing.reason_of(ctx, row, one))
            shown[one.category] = _planned(stored) | {"decided": True}
    return shown


def _planned(one: Planned) -> View:
    return {
        "fate": one.fate.value,
        "ground": one.ground,
        "exception": one.exception,
        "law": one.hold,
        "until": one.until,
        "condition": one.condition,
        "review_on": one.review_on,
        "policy_ends_on": one.policy_ends_on,
        "asks": list(one.asks),
        "by_person": one.by_person,
        "reason": one.reason or None,
    }
