"""
Personal data of a request, sealed under the request's own keys. Opened only where it is used.

A request has two: the *case's* key (the person, messages, reasons, letters; as long as the case file) and, once there
is something to give out, the *contents'* key (what processors exported, the package; until the package is over). Both
are split: half in the database, half in the key store, so that destroying them holds for every copy of the database.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import inspect

from app.models import RequestRow
from app.services.context import Context
from app.services.ids import new_id
from app.vault.envelope import Address, DataKey
from app.vault.errors import Reason, Unreadable


async def new_case_key(ctx: Context, controller: str, request_id: UUID) -> DataKey:
    """
    Make a new request's key; its share is on disk before the row that needs it can be.

    A share whose transaction came to nothing is nobody's; ``own_retention`` finds it.
    """
    return await new_key(ctx, controller, request_id)


async def hold_contents_key(ctx: Context, row: RequestRow) -> DataKey:
    """The key of what is given out, made when it is first needed. The caller holds the request's row."""
    if row.contents_id is not None:
        return contents_key_of(ctx, row)
    key_id = new_id()
    key = await new_key(ctx, row.controller_id, key_id)
    row.contents_id, row.contents_key = key_id, key.wrapped
    return key


async def new_key(ctx: Context, controller: str, key_id: UUID) -> DataKey:
    """Make a split key for what outlives a request; its share is on disk before the row that needs it can be."""
    key, share = ctx.vault.new_split_key(str(key_id))
    await ctx.shares.put(controller, key_id, share)
    return key


def key_of(ctx: Context, row: RequestRow) -> DataKey:
    """The request's data key; raises ``Unreadable`` once it is destroyed."""
    return _open(ctx, row, row.wrapped_key, row.id)


def contents_key_of(ctx: Context, row: RequestRow) -> DataKey:
    """The key of what is given out; raises ``Unreadable`` once it is destroyed, or if there never was one."""
    if row.contents_id is None:
        raise Unreadable(Reason.DESTROYED)
    return _open(ctx, row, row.contents_key, row.contents_id)


def _open(ctx: Context, row: RequestRow, wrapped: bytes | None, key_id: UUID) -> DataKey:
    if not wrapped:
        raise Unreadable(Reason.DESTROYED)
    # Remembered with the row, so for one transaction: longer would outlive the key's destruction elsewhere.
    known: dict[bytes, DataKey] = inspect(row).info.setdefault("data_keys", {})
    if wrapped not in known:
        known[wrapped] = open_key(ctx, row.controller_id, wrapped, key_id)
    return known[wrapped]


def open_key(ctx: Context, controller: str, wrapped: bytes, key_id: UUID) -> DataKey:
    """Put the two halves of a key together; raises ``Unreadable`` once the share is destroyed."""
    share = ctx.shares.read(controller, key_id) if ctx.vault.is_split(wrapped) else None
    return ctx.vault.open_data_key(wrapped, str(key_id), share)


def where(row: RequestRow, table: str, column: str, id: UUID) -> Address:
    """A sealed value's own address: moved anywhere else it does not open."""
    return Address(controller=row.controller_id, table=table, column=column, row=str(id))


def seal(ctx: Context, row: RequestRow, value: Any, *, table: str, column: str, id: UUID) -> bytes:
    return key_of(ctx, row).seal_json(value, where=where(row, table, column, id))


def unseal(ctx: Context, row: RequestRow, sealed: bytes, *, table: str, column: str, id: UUID) -> Any:
    return key_of(ctx, row).open_json(sealed, where=where(row, table, column, id))
