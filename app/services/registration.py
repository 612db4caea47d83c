"""
Who is asked: registering processors, connecting them, and making the registry from a controller's profile.

Their secrets are in ``processor_secrets``.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import webhook_signature as webhook_signature
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.execution import check_order
from app.domain.fanout import AnswerMode, Idempotency
from app.domain.faults import UNFIT, Fault
from app.domain.processor_secrets import check_settings
from app.models import ProcessorRow
from app.processors import Kind, Target, check_address, implied_order, lacks, usual_ways
from app.profiles import Profile, System
from app.repositories import cases, jobs, lane_state, registry
from app.services import handing_over, lane_health, processor_secrets, registration_rules, steps
from app.services.context import INSYN, Actor, Context
from app.services.handing_over import MOVED, REMOVED
from app.services.ids import new_id
from app.services.processor_secrets import SIGNING as SIGNING
from app.services.processor_secrets import add_secret as add_secret
from app.services.processor_secrets import check_secret_name as check_secret_name
from app.services.processor_secrets import secrets_of as secrets_of
from app.services.registered import Before, write_down
from app.services.registered import place_of as place_of
from app.vault.errors import Unreadable

STATES = ("active", "paused", "unconnected")
_UNREADABLE = Fault(
    "#/secrets",
    UNFIT,
    "Its secrets cannot be opened: the master key that sealed them is not set.",
    "Dess hemligheter går inte att öppna: huvudnyckeln som förseglade dem är inte satt.",
)
#: Whose word counts. A pause holds back what we send, and not what comes of what was sent before it.
HEARD = ("active", "paused")
#: The kinds whose own systems call back about a task with a signature of ours.
CALLS_BACK = (Kind.WEBHOOK, Kind.PLUGIN)


class UnknownProcessor(DomainError):
    """There is no such processor."""


class KeyTaken(DomainError):
    """The controller has a processor with that key already."""


class KeyWasTaken(KeyTaken):
    """A processor that was removed had that key, and its past stays under it: choose another key."""


class NotConnectable(DomainError):
    """A processor becomes active once everything its kind needs is there and right; `errors` says what is not."""


class SecretsStayBehind(NotConnectable):
    """Another address is switched on by a change of its own: lead it there, give it its own secrets, then switch on."""


class SecretNeeded(DomainError):
    """An active processor cannot do without that secret: set another first, or pause the processor."""


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
    answer_mode: str = ""  #: empty: as its kind has it
    idempotency: str = ""
    rate_per_second: float = 1.0
    burst: int = 1
    concurrency: int = 1
    quota: Sequence[Mapping[str, Any]] = ()
    endpoint: str | None = None
    contact: str | None = None
    country: str | None = None
    sandbox_service: str | None = None
    from_profile: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


async def register(tx: Tx, ctx: Context, controller: str, new: NewProcessor, *, actor: Actor = INSYN) -> ProcessorRow:
    """
    Register a recipient of a controller; who did is the first entry of its chain.

    Raises:
        UnknownController, KeyTaken, AddressNotAllowed, OrderHasCycle, SecretInSettings, NobodySearchesByHand
    """
    ctx.profile(controller)
    check_settings(new.settings)
    new = as_its_kind_has_it(new)
    registration_rules.check_actions(new.kind, new.actions)
    if (there := await registry.processor_by_key(tx, controller, new.key)) is not None:
        raise KeyWasTaken if there.state == "removed" else KeyTaken
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
        quota=[dict(one) for one in new.quota],
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
    facts = {"kind": row.kind, "state": row.state, "from_profile": row.from_profile}
    await steps.note(tx, row, AuditStep.PROCESSOR_REGISTERED, actor=actor, facts=facts)
    return row


def as_its_kind_has_it(new: NewProcessor) -> NewProcessor:
    """
    What follows from the kind and is nobody's to choose.

    A recipient by mail is looked after by asking when it is to be reminded (``poll``), and an attempt that was not
    recorded has mailed nobody, so it may be made again (``yes``).
    """
    mode, twice = usual_ways(new.kind)
    if new.kind is Kind.EMAIL:
        return replace(new, answer_mode=mode.value, idempotency=twice.value)
    return replace(new, answer_mode=new.answer_mode or mode.value, idempotency=new.idempotency or twice.value)


async def _check_order(tx: Tx, controller: str, key: str, after: Sequence[str], settings: Mapping[str, Any]) -> None:
    """Refuse a circle: of what is registered, and of what connectors say of each other."""
    await registry.lock_order(tx, controller)
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


async def heard(tx: Tx, processor_id: UUID, *kinds: Kind) -> ProcessorRow | None:
    """
    The registration of somebody who speaks up by itself; None where nothing it says counts.

    That is: removed, not connected, or of a kind that does not speak so. Who has left acts for the controller no more
    (GDPR Art. 28(3)(a), (g)).
    """
    row = await registry.processor(tx, processor_id)
    return row if row is not None and row.state in HEARD and row.kind in kinds else None


async def change(
    tx: Tx, ctx: Context, row: ProcessorRow, changes: Mapping[str, Any], *, actor: Actor = INSYN
) -> ProcessorRow:
    """
    Change a held registration; only the named fields.

    Led to another place it is unconnected until somebody switches it on again, by a change of its own, and what was
    secret between us and the place before is forgotten. Who changed what, by name, is written down.

    Raises:
        AddressNotAllowed, NotConnectable, SecretsStayBehind, OrderHasCycle, SecretInSettings
    """
    check_settings(changes.get("settings") or {})
    if changes.get("endpoint") is not None:
        check_address(changes["endpoint"], sandbox=ctx.settings.sandbox)
    if "after" in changes or "settings" in changes:
        after, settings = changes.get("after", row.after), changes.get("settings", row.settings)
        await _check_order(tx, row.controller_id, row.key, after, settings)
    before = Before.of(row)
    for name, value in changes.items():
        setattr(row, name, value)
    forgotten: list[str] = []
    if before.is_left_by(row):
        if changes.get("state") == "active" and row.kind != Kind.MANUAL:
            raise SecretsStayBehind
        row.was_on = False
        forgotten = processor_secrets.forget_what_left(ctx, row, was=before.said["kind"])
        await handing_over.take_back(tx, row, MOVED)
        if row.kind != Kind.MANUAL:
            row.state = "unconnected"
    if row.state == "active" and (faults := lacking(ctx, row)):
        raise NotConnectable(faults=faults)
    row.was_on = row.was_on or row.state == "active"
    row.version, row.updated_at = row.version + 1, tx.now
    await tx.session.flush()
    await write_down(tx, row, before, forgotten, actor)
    if "quota" in changes:
        await lane_state.end_rest(tx, row.id, why=lane_health.QUOTA)
    if row.state == "active" and await lane_state.is_ready(tx, row.id):  # something waited for this
        jobs.wake(tx, "lane.drain", controller=row.controller_id, id=row.id)
    return row


async def remove(tx: Tx, row: ProcessorRow, *, actor: Actor = INSYN) -> None:
    """Take a processor out of all work: its past stays on the cases, its open tasks go to a person."""
    row.state, row.version, row.updated_at = "removed", row.version + 1, tx.now
    await tx.session.flush()
    await steps.note(
        tx, row, AuditStep.PROCESSOR_CHANGED, actor=actor, facts={"changed": ["state"], "state": row.state}
    )
    await handing_over.take_back(tx, row, REMOVED)
    await cases.wake_those_asking(tx, row.id, at=tx.now - steps.CERTAINLY_DUE)


def target_of(ctx: Context, row: ProcessorRow) -> Target:
    """Where and how the processor is reached, secrets opened."""
    return _target(row, processor_secrets.named(ctx, row))


def lacking(ctx: Context, row: ProcessorRow) -> list[Fault]:
    """
    Everything that keeps a registration from being switched on.

    Secrets that do not open are none: one such processor's tasks go to a person, and no case stands still over it.
    """
    try:
        return lacks(Kind(row.kind), target_of(ctx, row))
    except Unreadable:
        return [_UNREADABLE]


def _target(row: ProcessorRow, named: Mapping[str, tuple[str, ...]]) -> Target:
    return Target(
        key=row.key,
        endpoint=row.endpoint or "",
        secrets=named.get(SIGNING, ()),
        answer_mode=AnswerMode(row.answer_mode),
        idempotency=Idempotency(row.idempotency),
        settings=dict(row.settings),
        named=named,
        categories=tuple(row.categories),
        controller=row.controller_id,
    )


async def remove_secret(tx: Tx, ctx: Context, row: ProcessorRow, name: str, *, actor: Actor) -> None:
    """
    Forget every secret of a name of a held processor.

    Raises:
        UnknownSecret
        SecretNeeded: The processor is active and could not be called without.
    """
    left = {one: values for one, values in processor_secrets.named(ctx, row).items() if one != name}
    if row.state == "active" and name in row.secret_names and lacks(Kind(row.kind), _target(row, left)):
        raise SecretNeeded
    await processor_secrets.remove_secret(tx, ctx, row, name, actor=actor)


async def apply_profile(tx: Tx, ctx: Context, profile: Profile) -> int:
    """Bring the registry in line with a profile's systems; returns how many registrations changed."""
    changed = await _loosen_order(tx, profile)
    for system in profile.systems:
        wanted = as_its_kind_has_it(_from_system(profile, system))
        row = await registry.processor_by_key(tx, profile.id, system.id)
        if row is None:
            await register(tx, ctx, profile.id, wanted)
            changed.add(system.id)
            continue
        differing = _differences(row, wanted)
        if differing:
            if "kind" in differing:  # what connected it to the one kind means nothing to the other
                state = "active" if wanted.kind is Kind.MANUAL else "unconnected"
                differing |= {"settings": dict(wanted.settings), "endpoint": None, "state": state}
            elif row.state == "removed" and row.kind != Kind.MANUAL:
                differing |= {"state": "unconnected"}
            await change(tx, ctx, row, differing)
            changed.add(system.id)
    return len(changed)


async def _loosen_order(tx: Tx, profile: Profile) -> set[str]:
    """
    Let go of what the profile no longer orders, first of all: half-way to a turned order there is a circle.

    Returns:
        The keys of the registrations that changed.
    """
    loosened = set()
    wanted = {system.id: set(system.after) for system in profile.systems}
    for row in await registry.processors_of(tx, [profile.id], with_removed=True):
        if set(row.after) - wanted.get(row.key, set(row.after)):
            before = Before.of(row)
            row.after = [key for key in row.after if key in wanted[row.key]]
            row.version, row.updated_at = row.version + 1, tx.now
            await write_down(tx, row, before, (), INSYN)
            loosened.add(row.key)
    await tx.session.flush()
    return loosened


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
        quota=[one.model_dump() for one in limits.quota] if limits else [],
        contact=system.contact,
        country=None if system.recipient == "own" else profile.recipient(system.recipient).country,
        sandbox_service=system.sandbox_service,
        from_profile=True,
        settings=system.settings,
    )


_FROM_PROFILE = (
    "title", "kind", "recipient_kind", "actions", "categories", "identifier_types", "after", "answer_mode",
    "idempotency", "rate_per_second", "burst", "concurrency", "quota", "contact", "country", "sandbox_service",
)  # fmt: skip


def _differences(row: ProcessorRow, wanted: NewProcessor) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in _FROM_PROFILE if getattr(row, name) != getattr(wanted, name)}


def profile_digest(profile: Profile) -> str:
    """The profile's fingerprint, so that it is seen when a file has changed."""
    return hashlib.sha256(profile.model_dump_json().encode()).hexdigest()
