"""What the service asks about itself: where its tables stand, and what its role may do."""

from dataclasses import dataclass

from sqlalchemy import text

from app.db import Tx

_REVISION = text("SELECT version_num FROM alembic_version")
_ROLE = text(
    "SELECT (rolsuper OR rolbypassrls) OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid AND relkind = 'r')"
    " FROM pg_roles r WHERE rolname = current_user"
)
_CLOCK = text("SELECT extract(epoch FROM clock_timestamp())::float8")


@dataclass(frozen=True)
class Standing:
    """The database as it stands: its migration, whether our role may too much, its clock (unix seconds)."""

    revision: str | None
    is_too_mighty: bool
    clock: float


async def standing(tx: Tx) -> Standing:
    return Standing(
        revision=(await tx.session.execute(_REVISION)).scalar_one_or_none(),
        is_too_mighty=bool((await tx.session.execute(_ROLE)).scalar_one()),
        clock=float((await tx.session.execute(_CLOCK)).scalar_one()),
    )
