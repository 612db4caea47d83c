"""Figures and the register: what a controller did, and nothing about whom."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import register as rules
from app.domain.case import Phase
from app.domain.own_retention import ALL
from app.domain.register import Line
from app.letters.tables import as_csv
from app.models import ClaimRow, RequestRow
from app.repositories import cases, reports, retained
from app.services.context import Context

#: Lines read in one transaction while a table streams.
PAGE = 500


async def lines(tx: Tx, ctx: Context, rows: Sequence[RequestRow]) -> list[Line]:
    """These requests as lines; two statements for all of them."""
    ids = [row.id for row in rows]
    claims: dict[UUID, list[ClaimRow]] = {one: [] for one in ids}
    for claim in await cases.claims_of(tx, ids):
        claims[claim.request_id].append(claim)
    told = await reports.recipients_told(tx, ids)
    return [_line(tx, ctx, row, claims[row.id], told.get(row.id, 0)) for row in rows]


def _line(tx: Tx, ctx: Context, row: RequestRow, claims: Iterable[ClaimRow], told: int) -> Line:
    claims = list(claims)
    closed_on = ctx.today(row.controller_id, row.closed_at) if row.closed_at else None
    today = ctx.today(row.controller_id, tx.now)
    return Line(
        reference=row.reference,
        controller=row.controller_id,
        channel=row.channel,
        received_on=ctx.today(row.controller_id, row.received_at),
        due_on=row.due_on,
        extended=bool(row.deadline.get("extended")),
        closed_on=closed_on,
        rights=tuple(one.right for one in claims),
        outcomes=tuple(one.outcome or "open" for one in claims),
        grounds=tuple(dict.fromkeys(one.ground for one in claims if one.ground is not None)),
        in_time=rules.is_in_time(closed_on=closed_on, due_on=row.due_on, today=today),
        recipients_told=told,
    )


async def as_table(
    ctx: Context, controllers: Iterable[str], *, controller: str | None, sees_protected: bool
) -> AsyncIterator[bytes]:
    """
    The whole register as CSV, page by page, each read in a transaction of its own; no cell can be a formula.

    Args:
        sees_protected: Whether the reader is trained for people who must not be found; else they are left out.
    """
    names, after = frozenset(controllers), None
    yield as_csv([dict.fromkeys(rules.COLUMNS, "")]).splitlines(keepends=True)[0]
    while True:
        async with ctx.database.transaction(names, sees_protected=sees_protected) as tx:
            rows = await reports.in_order(tx, controller=controller, after=after, limit=PAGE)
            found = await lines(tx, ctx, rows)
        if found:
            yield b"".join(as_csv([rules.as_cells(one) for one in found]).splitlines(keepends=True)[1:])
        if len(rows) < PAGE:
            return
        after = rows[-1].id


async def summary(tx: Tx, ctx: Context) -> dict[str, Any]:
    """Counts over the transaction's controllers, the case files that are over included."""
    phases, rights, outcomes, overdue = await reports.counts(tx, overdue_on=tx.now.date())
    punctual = Counter[bool]()
    for controller in sorted(tx.controllers & ctx.profiles.keys()):
        punctual += await reports.punctuality(tx, controller, zone=ctx.profile(controller).timezone)
    over = await retained.counts(tx)
    for one in over:
        if one.right == ALL:
            phases[Phase.CLOSED.value] += one.n
            punctual[one.in_time] += one.n
        else:
            rights[one.right] += one.n
            outcomes[one.outcome] += one.n
    return {
        "by_phase": dict(phases),
        "by_right": dict(rights),
        "by_outcome": dict(outcomes),
        "overdue": overdue,
        "closed_in_time": punctual[True],
        "closed_late": punctual[False],
        "case_files_erased": sum(one.n for one in over if one.right == ALL),
        "erased": [
            {"controller": o.controller_id, "month": o.month, "right": o.right, "outcome": o.outcome,
             "in_time": o.in_time, "n": o.n}
            for o in over if o.right != ALL
        ],
    }  # fmt: skip
