"""
Who is asked: registering processors, connecting them, and making the registry from a controller's profile.

Secrets go in and never come out: they are sealed under the processor's own key, the newest signs, the one before is
still accepted while it is being replaced.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import webhook_signature
from app.domain.errors import DomainError
from app.domain.execution import check_order
from app.models import ProcessorRow
from app.processors import Kind, check_address
from app.profiles import Profile, System
from app.repositories import cases, registry
from app.services import steps
from app.services.context import Context
from app.services.ids import new_id
from app.vault.envelope import Address, DataKey

#: How many secrets are valid at once: the new one and the one it replaces.
SECRETS_KEPT = 2
STATES = ("active", "paused", "unconnected")


class UnknownProcessor(DomainError):
    """There is no such processor."""


class KeyTaken(DomainError):
    """The controller has a processor with that key already."""


class NotConnectable(DomainError):
    """A webhook processor becomes active once it has an endpoint and a secret."""


class ProcessorVersionMoved(DomainError):
    """The processor's registration has changed since you read it; read it again."""


@dataclass(frozen=True, kw_only=True)
class NewProcessor:
    """A recipient as it is registered: an adapter kind, what it may be asked, its limits."""

    key: str
    title: str
    kind: Kind
    recipient_kind: str
    actions: Sequence[str]
    categories: Sequence[str]
    identifier_types: Sequence[str] = ()
    after: Sequence[str] = ()
    answer_mode: str = "human"
    idempotency: str = "no"
    rate_per_second: float = 1.0
    burst: int = 1
    concurrency: int = 1
    endpoint: str | None = None
    contact: str | None = None
    country: str | None = None
    sandbox_service: str | None = None
    from_profile: bool = False


async def register(tx: Tx, ctx: Context, controller: str, new: NewProcessor) -> ProcessorRow:
    """
    Register a recipient of a controller.

    Raises:
        UnknownController, KeyTaken, AddressNotAllowed, OrderHasCycle
    """
    ctx.profile(controller)
    if await registry.processor_by_key(tx, controller, new.key) is not None:
        raise KeyTaken
    if new.endpoint is not None:
        check_address(new.endpoint, sandbox=ctx.settings.sandbox)
    await _check_order(tx, controller, new.key, new.after)
    processor_id = new_id()
    row = ProcessorRow(
        id=processor_id,
        controller_id=controller,
        key=new.key,
        title=new.title,
        kind=new.kind,
        recipient_kind=new.recipient_kind,
        state="active" if new.kind is Kind.MANUAL else "unconnected",
        endpoint=new.endpoint,
        sandbox_service=new.sandbox_service,
        actions=list(new.actions),
        categories=list(new.categories),
        identifier_types=list(new.identifier_types),
        after=list(new.after),
        answer_mode=new.answer_mode,
        idempotency=new.idempotency,
        rate_per_second=new.rate_per_second,
        burst=new.burst,
        concurrency=new.concurrency,
        contact=new.contact,
        country=new.country,
        from_profile=new.from_profile,
        wrapped_key=ctx.vault.new_data_key(str(processor_id)).wrapped,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await registry.add(tx, row)
    await tx.session.flush()
    return row


async def _check_order(tx: Tx, controller: str, key: str, after: Sequence[str]) -> None:
    known = {one.key: one.after for one in await registry.processors_of(tx, [controller])}
    check_order(known | {key: list(after)})


async def hold(tx: Tx, processor_id: UUID, *, version: int | None = None) -> ProcessorRow:
    """Lock a processor's registration; raises :class:`UnknownProcessor`, :class:`ProcessorVersionMoved`."""
    row = await registry.processor(tx, processor_id, lock=True)
    if row is None or row.state == "removed":
        raise UnknownProcessor
    if version is not None and row.version != version:
        raise ProcessorVersionMoved
    return row


async def change(tx: Tx, ctx: Context, row: ProcessorRow, changes: Mapping[str, Any]) -> ProcessorRow:
    """
    Change a held registration; only the named fields.

    Raises:
        AddressNotAllowed, NotConnectable, OrderHasCycle
    """
    if changes.get("endpoint") is not None:
        check_address(changes["endpoint"], sandbox=ctx.settings.sandbox)
    if "after" in changes:
        await _check_order(tx, row.controller_id, row.key, changes["after"])
    for name, value in changes.items():
        setattr(row, name, value)
    if row.kind == Kind.WEBHOOK and row.state == "active" and (row.endpoint is None or row.secrets_sealed is None):
        raise NotConnectable
    row.version, row.updated_at = row.version + 1, tx.now
    await tx.session.flush()
    return row


async def remove(tx: Tx, row: ProcessorRow) -> None:
    """Take a processor out of all work: its past stays on the cases, its open tasks go to a person."""
    row.state, row.version, row.updated_at = "removed", row.version + 1, tx.now
    await tx.session.flush()
    await cases.wake_those_asking(tx, row.id, at=tx.now - steps.CERTAINLY_DUE)


def _address(row: ProcessorRow) -> Address:
    return Address(controller=row.controller_id, table="processor", column="secrets", row=str(row.id))


def _key(ctx: Context, row: ProcessorRow) -> DataKey:
    return ctx.vault.open_data_key(row.wrapped_key, str(row.id))


def secrets_of(ctx: Context, row: ProcessorRow) -> list[str]:
    """The processor's secrets, the newest first; opened for signing and checking only."""
    if row.secrets_sealed is None:
        return []
    found: list[str] = _key(ctx, row).open_json(row.secrets_sealed, where=_address(row))
    return found


async def add_secret(tx: Tx, ctx: Context, row: ProcessorRow, secret: str) -> None:
    """
    Give a held processor a new secret; the one before stays valid until the next.

    Raises:
        UnfitWebhookSecret: Malformed or too short.
    """
    webhook_signature.sign(secret, "probe", 0, b"")
    kept = [secret, *(one for one in secrets_of(ctx, row) if one != secret)][:SECRETS_KEPT]
    row.secrets_sealed = _key(ctx, row).seal_json(kept, where=_address(row))
    row.version, row.updated_at = row.version + 1, tx.now
    await tx.session.flush()


async def apply_profile(tx: Tx, ctx: Context, profile: Profile) -> int:
    """Bring the registry in line with a profile's systems; returns how many registrations changed."""
    changed = 0
    for system in profile.systems:
        wanted = _from_system(profile, system)
        row = await registry.processor_by_key(tx, profile.id, system.id)
        if row is None:
            await register(tx, ctx, profile.id, wanted)
            changed += 1
            continue
        differing = _differences(row, wanted)
        if differing:
            row.state = "unconnected" if row.state == "removed" and row.kind == Kind.WEBHOOK else row.state
            await change(tx, ctx, row, differing)
            changed += 1
    return changed


def _from_system(profile: Profile, system: System) -> NewProcessor:
    limits = system.limits
    return NewProcessor(
        key=system.id,
        title=system.title.sv,
        kind=Kind(system.kind),
        recipient_kind=profile.art28_role(system),
        actions=sorted(action.value for action in system.actions),
        categories=sorted(system.categories),
        identifier_types=sorted(system.identifiers),
        after=sorted(system.after),
        answer_mode=system.answer_mode.value,
        idempotency=system.idempotency.value,
        rate_per_second=limits.rate_per_second if limits else 1.0,
        burst=limits.burst if limits else 1,
        concurrency=limits.concurrency if limits else 1,
        contact=system.contact,
        country=None if system.recipient == "own" else profile.recipient(system.recipient).country,
        sandbox_service=system.sandbox_service,
        from_profile=True,
    )


_FROM_PROFILE = (
    "title", "kind", "recipient_kind", "actions", "categories", "identifier_types", "after", "answer_mode",
    "idempotency", "rate_per_second", "burst", "concurrency", "contact", "country", "sandbox_service",
)  # fmt: skip


def _differences(row: ProcessorRow, wanted: NewProcessor) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in _FROM_PROFILE if getattr(row, name) != getattr(wanted, name)}


def profile_digest(profile: Profile) -> str:
    """The profile's fingerprint, so that it is seen when a file has changed."""
    return hashlib.sha256(profile.model_dump_json().encode()).hexdigest()
