"""
Who is asked: registering processors, connecting them, and making the registry from a controller's profile.

Secrets go in and never come out: they are sealed under the processor's own key, the newest signs, the one before is
still accepted while it is being replaced.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import webhook_signature
from app.domain.errors import DomainError
from app.domain.execution import check_order
from app.domain.fanout import AnswerMode, Idempotency
from app.models import ProcessorRow
from app.processors import Kind, Target, check_address, implied_order, lacks
from app.profiles import Profile, System
from app.repositories import cases, registry
from app.services import steps
from app.services.context import Context
from app.services.ids import new_id
from app.vault.envelope import Address, DataKey

#: How many secrets of a name are valid at once: the new one and the one it replaces.
SECRETS_KEPT = 2
#: The name of the secret that signs webhooks, both ways.
SIGNING = "signing"
STATES = ("active", "paused", "unconnected")


class UnknownProcessor(DomainError):
    """There is no such processor."""


class KeyTaken(DomainError):
    """The controller has a processor with that key already."""


class NotConnectable(DomainError):
    """A processor becomes active once it has what its kind needs: an address, secrets, settings."""


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
    settings: Mapping[str, Any] = field(default_factory=dict)


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
    await _check_order(tx, controller, new.key, new.after, new.settings)
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
        settings=dict(new.settings),
        wrapped_key=ctx.vault.new_data_key(str(processor_id)).wrapped,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await registry.add(tx, row)
    await tx.session.flush()
    return row


async def _check_order(tx: Tx, controller: str, key: str, after: Sequence[str], settings: Mapping[str, Any]) -> None:
    """Refuse a circle: of what is registered, and of what connectors say of each other."""
    there = await registry.processors_of(tx, [controller])
    known = {one.key: set(one.after) for one in there} | {key: set(after)}
    implied = implied_order([*((one.key, one.settings) for one in there if one.key != key), (key, settings)])
    check_order({one: first | implied.get(one, set()) for one, first in known.items()})


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
    if "after" in changes or "settings" in changes:
        after, settings = changes.get("after", row.after), changes.get("settings", row.settings)
        await _check_order(tx, row.controller_id, row.key, after, settings)
    for name, value in changes.items():
        setattr(row, name, value)
    if row.state == "active" and lacks(Kind(row.kind), target_of(ctx, row)) is not None:
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


def target_of(ctx: Context, row: ProcessorRow) -> Target:
    """Where and how the processor is reached, secrets opened."""
    named = _named_secrets(ctx, row)
    return Target(
        key=row.key,
        endpoint=row.endpoint or "",
        secrets=tuple(named.get(SIGNING, ())),
        answer_mode=AnswerMode(row.answer_mode),
        idempotency=Idempotency(row.idempotency),
        settings=dict(row.settings),
        named={name: tuple(values) for name, values in named.items()},
    )


def secrets_of(ctx: Context, row: ProcessorRow, *, name: str = SIGNING) -> list[str]:
    """The processor's secrets of that name, the newest first; opened for signing and checking only."""
    return list(_named_secrets(ctx, row).get(name, ()))


def _named_secrets(ctx: Context, row: ProcessorRow) -> dict[str, list[str]]:
    if row.secrets_sealed is None:
        return {}
    found: dict[str, list[str]] | list[str] = _key(ctx, row).open_json(row.secrets_sealed, where=_address(row))
    return {SIGNING: found} if isinstance(found, list) else found  # a list: sealed before secrets had names


async def add_secret(tx: Tx, ctx: Context, row: ProcessorRow, secret: str, *, name: str = SIGNING) -> None:
    """
    Give a held processor a new secret; the one before it of that name stays valid until the next.

    Raises:
        UnfitWebhookSecret: One to sign with that is malformed or too short.
    """
    if name == SIGNING and row.kind == Kind.WEBHOOK:
        webhook_signature.sign(secret, "probe", 0, b"")
    known = _named_secrets(ctx, row)
    known[name] = [secret, *(one for one in known.get(name, ()) if one != secret)][:SECRETS_KEPT]
    row.secrets_sealed = _key(ctx, row).seal_json(known, where=_address(row))
    row.secret_names = sorted(known)
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
            row.state = "unconnected" if row.state == "removed" and row.kind != Kind.MANUAL else row.state
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
        settings=system.settings,
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
