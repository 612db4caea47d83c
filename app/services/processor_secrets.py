"""
Processors' secrets: in and never out, sealed under the processor's own key, the newest used and the one before it good
until its overlap ends.

Their time is the machine's, as that of everything that travels on the wire. Who set which and when is written down, in
the registration and in a chain of the processor's own; what it was, nowhere.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import machine_time
from app.db import Tx
from app.domain import webhook_signature
from app.domain.audit import AuditStep, as_code
from app.domain.errors import DomainError
from app.domain.faults import no_such_name
from app.domain.processor_secrets import MOST_NAMES, OVERLAP, TooManySecrets, check_secret
from app.models import ProcessorRow
from app.processors import Kind, secrets_taken
from app.repositories import registry
from app.services import lane_health, steps
from app.services.context import INSYN, Actor, Context
from app.vault.envelope import Address, DataKey

#: How many secrets of a name are valid at once: the new one and the one it replaces.
SECRETS_KEPT = 2
#: The name of the secret that signs webhooks, both ways.
SIGNING = "signing"


class UnknownSecret(DomainError):
    """The processor has no secret of that name."""


class SecretNotTaken(DomainError):
    """A processor of that kind uses no secret of that name; `errors` says which it does."""


def named(ctx: Context, row: ProcessorRow, *, at: datetime | None = None) -> dict[str, tuple[str, ...]]:
    """Every secret that is good at *at* (now), by name, the newest first; opened for use only."""
    at = at or machine_time()
    found = {}
    for name, values in _sealed(ctx, row).items():
        ends = _ends(row, name, values)
        found[name] = tuple(one for one, end in zip(values, ends, strict=True) if end is None or at < end)
    return found


def secrets_of(ctx: Context, row: ProcessorRow, *, name: str = SIGNING, at: datetime | None = None) -> list[str]:
    """The processor's secrets of that name that are good at *at*, the newest first."""
    return list(named(ctx, row, at=at).get(name, ()))


def facts(row: ProcessorRow) -> list[dict[str, Any]]:
    """Which secrets there are, when each was set and by whom, and how long the one before is good; no values."""
    at, found = machine_time(), []
    for name in row.secret_names:
        newest, *before = row.secret_facts.get(name) or [{}]
        ends = [end for end in (_instant(one.get("until")) for one in before) if end is not None and at < end]
        found.append(
            {
                "name": name,
                "set_at": _instant(newest.get("set_at")),
                "set_by_role": newest.get("role"),
                "set_by": newest.get("ref"),
                "previous_until": max(ends, default=None),
            }
        )
    return found


def check_secret_name(row: ProcessorRow, name: str) -> None:
    """Refuse a secret that the processor's kind does not read; raises :class:`SecretNotTaken`."""
    taken = secrets_taken(Kind(row.kind), row.settings)
    if taken is not None and name not in taken:
        raise SecretNotTaken(faults=[no_such_name(("name",), name, taken)])


async def add_secret(
    tx: Tx,
    ctx: Context,
    row: ProcessorRow,
    secret: str,
    *,
    name: str = SIGNING,
    overlap: timedelta = OVERLAP,
    actor: Actor = INSYN,
) -> None:
    """
    Give a held processor a new secret. The one before it of that name stays good for *overlap*, or until the next.

    The newest once more is no new secret: nothing happens.

    Raises:
        UnfitSecret, TooManySecrets
        UnfitWebhookSecret: One to sign with that is malformed or too short.
    """
    if name == SIGNING and row.kind == Kind.WEBHOOK:
        webhook_signature.sign(secret, "probe", 0, b"")
    check_secret(secret)
    at, known = machine_time(), {one: list(values) for one, values in named(ctx, row).items()}
    before = known.get(name, [])
    if before and hmac.compare_digest(before[0].encode(), secret.encode()):
        return
    if name not in known and len(known) >= MOST_NAMES:
        raise TooManySecrets
    stays = [before[0]] if before and overlap > timedelta() else []
    until = at + overlap
    known[name] = [secret, *stays]
    said = {"set_at": at.isoformat(), "role": actor.role, "ref": actor.ref}
    kept = [{**_said(row, name)[0], "until": until.isoformat()}] if stays else []
    _store(ctx, row, known, {**row.secret_facts, name: [said, *kept]})
    await _write_down(tx, row, AuditStep.SECRET_SET, name, actor, until=until if stays else None)
    await lane_health.credentials_set(tx, row.controller_id, row.id)


async def renew(tx: Tx, ctx: Context, row: ProcessorRow, name: str, *, used: str | None, secret: str) -> bool:
    """
    Give a held processor the secret that its own system has made of *used*, the one it was called with.

    False, and nothing is kept, where *used* is not the newest any more: somebody has given another since, or taken it
    out. Raises what :func:`add_secret` does.
    """
    newest = next(iter(secrets_of(ctx, row, name=name)), None)
    if used is None or newest is None or not hmac.compare_digest(newest.encode(), used.encode()):
        return False
    await add_secret(tx, ctx, row, secret, name=name)
    return True


async def remove_secret(tx: Tx, ctx: Context, row: ProcessorRow, name: str, *, actor: Actor) -> None:
    """
    Forget every secret of a name. Whether the processor can still be used without is the caller's to check.

    Raises:
        UnknownSecret
    """
    if name not in row.secret_names:
        raise UnknownSecret
    known = {one: list(values) for one, values in named(ctx, row).items() if one != name}
    _store(ctx, row, known, {one: said for one, said in row.secret_facts.items() if one != name})
    await _write_down(tx, row, AuditStep.SECRET_REMOVED, name, actor)


def forget_what_left(ctx: Context, row: ProcessorRow, *, was: str) -> list[str]:
    """
    Forget the secrets that are told to whoever is called; returns their names, and writes nothing down.

    What only signs a webhook is told to nobody, and is believed from whoever has it as before.

    Args:
        was: The kind it was before: what another kind called so was told to somebody.
    """
    signs = Kind.WEBHOOK in (row.kind, was) and row.kind == was
    forgotten = [name for name in row.secret_names if not (name == SIGNING and signs)]
    if not forgotten:
        return []
    stays = [name for name in row.secret_names if name not in forgotten]
    left = {name: list(values) for name, values in named(ctx, row).items() if name in stays} if stays else {}
    _store(ctx, row, left, {name: said for name, said in row.secret_facts.items() if name in left})
    return forgotten


async def end_overlaps(ctx: Context, *, at: datetime | None = None) -> int:
    """Destroy the secrets whose overlap is over; they have not been accepted since. How many processors had any."""
    at, ended = at or machine_time(), 0
    for controller in ctx.profiles:
        async with ctx.database.transaction([controller]) as tx:
            for row in await registry.with_secrets_over(tx, controller, at=at):
                over = _over(row, at)
                known = {name: list(values) for name, values in named(ctx, row, at=at).items()}
                left = {
                    name: [said for said in row.secret_facts.get(name, []) if not _is_over(said, at)] for name in known
                }
                _store(ctx, row, known, left)
                for name in over:
                    await _write_down(tx, row, AuditStep.SECRET_ENDED, name, INSYN)
                ended += 1
    return ended


# --- how they lie ----------------------------------------------------------------------------------------------------


def _key(ctx: Context, row: ProcessorRow) -> DataKey:
    return ctx.vault.open_data_key(row.wrapped_key, str(row.id))


def _address(row: ProcessorRow) -> Address:
    return Address(controller=row.controller_id, table="processor", column="secrets", row=str(row.id))


def _sealed(ctx: Context, row: ProcessorRow) -> dict[str, list[str]]:
    if row.secrets_sealed is None:
        return {}
    found: dict[str, list[str]] | list[str] = _key(ctx, row).open_json(row.secrets_sealed, where=_address(row))
    return {SIGNING: found} if isinstance(found, list) else found  # a list: sealed before secrets had names


def _store(ctx: Context, row: ProcessorRow, known: Mapping[str, list[str]], said: Mapping[str, Any]) -> None:
    row.secrets_sealed = _key(ctx, row).seal_json(dict(known), where=_address(row)) if known else None
    row.secret_names, row.secret_facts = sorted(known), dict(said)
    ends = [_instant(one.get("until")) for each in said.values() for one in each]
    row.secrets_end_at = min((one for one in ends if one is not None), default=None)


def _said(row: ProcessorRow, name: str) -> list[dict[str, Any]]:
    return row.secret_facts.get(name) or [{}]


def _ends(row: ProcessorRow, name: str, values: list[str]) -> list[datetime | None]:
    """When each value stops being good; what was set before this was written down stays until the next."""
    said = row.secret_facts.get(name, [])
    ends = [_instant(one.get("until")) for one in said[: len(values)]]
    return ends + [None] * (len(values) - len(ends))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _is_over(said: Mapping[str, Any], at: datetime) -> bool:
    end = _instant(said.get("until"))
    return end is not None and end <= at


def _over(row: ProcessorRow, at: datetime) -> list[str]:
    return sorted(name for name, said in row.secret_facts.items() if any(_is_over(one, at) for one in said))


async def _write_down(
    tx: Tx, row: ProcessorRow, step: AuditStep, name: str, actor: Actor, *, until: datetime | None = None
) -> None:
    row.version, row.updated_at = row.version + 1, tx.now
    await tx.session.flush()
    noted = {"name": as_code(name)} | ({"previous_until": until.date().isoformat()} if until else {})
    await steps.note(tx, row, step, actor=actor, facts=noted)
