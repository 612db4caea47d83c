"""Personal data of a request, sealed under the request's own key. Opened only where it is used."""

from typing import Any
from uuid import UUID

from app.models import RequestRow
from app.services.context import Context
from app.vault.envelope import Address, DataKey


def key_of(ctx: Context, row: RequestRow) -> DataKey:
    """The request's data key; raises ``Unreadable`` once it is destroyed."""
    return ctx.vault.open_data_key(row.wrapped_key, str(row.id))


def where(row: RequestRow, table: str, column: str, id: UUID) -> Address:
    """A sealed value's own address: moved anywhere else it does not open."""
    return Address(controller=row.controller_id, table=table, column=column, row=str(id))


def seal(ctx: Context, row: RequestRow, value: Any, *, table: str, column: str, id: UUID) -> bytes:
    return key_of(ctx, row).seal_json(value, where=where(row, table, column, id))


def unseal(ctx: Context, row: RequestRow, sealed: bytes, *, table: str, column: str, id: UUID) -> Any:
    return key_of(ctx, row).open_json(sealed, where=where(row, table, column, id))
