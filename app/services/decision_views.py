"""What staff see of a decision: what it rests on, and what one of its right would have to rest on."""

from collections.abc import Iterable
from typing import Any

from app.db import Tx
from app.domain.decisions import Verdict
from app.domain.records import needs_of
from app.domain.rights import right
from app.models import ClaimRow, RequestRow
from app.services import disagreement, documenting, fees
from app.services.context import Context
from app.services.telling import language_of

View = dict[str, Any]


async def of_claim(tx: Tx, ctx: Context, row: RequestRow, claim: ClaimRow) -> View:
    """The record of a claim's decision, its needs, the person's disagreement, the fee that was asked."""
    return {
        "record": documenting.record_of(ctx, row, claim).as_plain(),
        "basis": dict(claim.basis),
        "scope": claim.scope,
        "decision_needs": decision_needs(claim.right, language_of(row)),
        "disagreement": await disagreement.of_claim(tx, ctx, row, claim),
        "fee": await fees.of_claim(tx, ctx, row, claim),
    }


def decision_needs(key: str, language: str) -> list[View]:
    """Per outcome and ground of a right, the parts of ``record`` a decision must carry; none where none is needed."""
    found = []
    for verdict in Verdict:
        for ground in [None] if verdict is Verdict.GRANTED else [one.key for one in right(key).refusal_grounds]:
            parts = needs_of(key, verdict, ground)
            if parts:
                said = [
                    {"part": one.part, "source": one.source, "text": one.en if language == "en" else one.sv}
                    for one in parts
                ]
                found.append({"outcome": verdict.value, "ground": ground, "parts": said})
    return found


def raised(claims: Iterable[ClaimRow]) -> list[View]:
    """What granted claims have raised, or what only people can tell because the policy does not."""
    return [{"by": one.right} | one.basis["raised"] for one in claims if "raised" in one.basis]
