"""What controllers have settled beside their policies."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from app.db import Tx
from app.models import SupplementRow


async def newest(tx: Tx, controller: str) -> Sequence[SupplementRow]:
    """Of each path the newest row, by path; also where it takes back what was said."""
    query = (
        select(SupplementRow)
        .where(col(SupplementRow.controller_id) == controller)
        .ext(distinct_on(col(SupplementRow.path)))
        .order_by(col(SupplementRow.path), col(SupplementRow.settled_at).desc(), col(SupplementRow.id).desc())
    )
    return (await tx.session.execute(query)).scalars().all()


async def version(tx: Tx, controller: str) -> int:
    """How often something was settled; grows with every row."""
    query = select(func.count()).where(col(SupplementRow.controller_id) == controller)
    return int((await tx.session.execute(query)).scalar_one())
