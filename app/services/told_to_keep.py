"""
What an order to erase says is to be kept: told to the recipient, and what its answer is measured by.
"""

from app.db import Tx
from app.domain.erasure_plan import KEPT, Fate
from app.models import ErasurePlanRow, TaskRow
from app.repositories import cases, erasure


async def keep_list(tx: Tx, task: TaskRow) -> list[dict[str, str]]:
    """
    What a recipient is to keep although it is asked to erase: by law beyond its own knowledge of its records, or, where
    it declared no categories, all that the plan keeps and all that the decision leaves out; nothing else tells it.
    """
    plan_rows = [one for one in await erasure.plan_of_request(tx, task.request_id) if one.claim_id == task.claim_id]
    told = [one for one in plan_rows if _is_told(one, task)]
    planned = {one.category for one in plan_rows}
    return [
        {"category": one.category}
        | ({"law": one.hold} if one.hold else {})
        | ({"until": one.until.isoformat()} if one.until else {})
        for one in told
    ] + [{"category": one} for one in await _left_out(tx, task) if one not in planned]


def _is_told(one: ErasurePlanRow, task: TaskRow) -> bool:
    if one.fate == Fate.ERASE_BEYOND_HOLD:
        return not task.categories or one.category in task.categories
    return not task.categories and one.fate in (*KEPT, Fate.FORWARD)


async def _left_out(tx: Tx, task: TaskRow) -> list[str]:
    """What a partly granted claim leaves out, for whoever is not told by the categories it is asked about."""
    if task.categories:
        return []
    claims = await cases.claims_of(tx, [task.request_id])
    return sorted(category for one in claims if one.id == task.claim_id for category in one.excluded)
