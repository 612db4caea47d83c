"""
What we keep goes when its time is over: contents, case files; and what was destroyed stays destroyed.

Level-triggered: what is over is found in the tables, each in a transaction of its own. The order survives a crash at
any point: first it is noted outside the database, then the share is destroyed, then the rows go. Whatever was cut
off half-way is still over, and is found and done again.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from uuid import UUID

import structlog

from app.db import Tx
from app.domain import own_retention as rules
from app.domain.audit import AuditStep
from app.models import RequestRow
from app.repositories import cases, outward, retained
from app.services import steps, task_files
from app.services.context import INSYN, Context
from app.vault.errors import Unreadable

log = structlog.get_logger()

#: How many are looked up at once.
BATCH = 500
#: A share nobody speaks of is left alone for so long (real seconds): its transaction may still be under way.
ORPHAN_SECONDS = 7 * 24 * 3600.0
#: More shares without a row than this part of all means that this is not their database; then none is touched.
MOST_ORPHANS, MOST_ORPHANS_PART = 10, 0.1

Act = Callable[[Tx, Context, RequestRow], Awaitable[bool]]


@dataclass(frozen=True)
class Cleaned:
    """How many of each went."""

    packages: int
    contents: int
    case_files: int


async def clean(ctx: Context) -> Cleaned:
    """Destroy whatever is over, of every controller; one that fails is logged and does not hold up the others."""

    async def packages(tx: Tx) -> Sequence[retained.Named]:
        return await retained.packages_over(tx, before=_package_bound(tx), limit=BATCH)

    async def contents(tx: Tx) -> Sequence[retained.Named]:
        return await retained.contents_over(tx, before=_package_bound(tx), limit=BATCH)

    async def case_files(tx: Tx) -> Sequence[retained.Named]:
        bounds = {one: _closed_before(ctx, one, tx.now) for one in ctx.profiles}
        return await retained.case_files_over(tx, closed_before=bounds, limit=BATCH)

    done = Cleaned(
        packages=await _each(ctx, packages, _destroy_packages_over),
        contents=await _each(ctx, contents, _destroy_contents_over),
        case_files=await _each(ctx, case_files, _erase_over),
    )
    if any(vars(done).values()):
        log.info("retention.done", count=sum(vars(done).values()))
    return done


async def _each(ctx: Context, look: Callable[[Tx], Awaitable[Sequence[retained.Named]]], act: Act) -> int:
    done, found = 0, BATCH
    while found == BATCH:
        async with ctx.database.transaction(ctx.profiles) as tx:
            named = await look(tx)
        before, found = done, len(named)
        for controller, request_id in named:
            done += await _one(ctx, controller, request_id, act)
        if done == before:
            break  # whatever is left fails or is in somebody's hands: next time
    return done


async def _one(ctx: Context, controller: str, request_id: UUID, act: Act) -> bool:
    try:
        async with ctx.database.transaction([controller]) as tx:
            row = await retained.take(tx, request_id)
            return row is not None and await act(tx, ctx, row)
    except Exception:
        log.exception("retention.failed", request_id=str(request_id), controller=controller)
        return False


def _package_bound(tx: Tx) -> datetime:
    return tx.now - timedelta(days=rules.PACKAGE_DAYS)


def _closed_before(ctx: Context, controller: str, now: datetime) -> datetime:
    """Midnight after the last closing day whose case files are over."""
    months = ctx.profile(controller).case_file_months
    day = rules.last_closing_day_over(ctx.today(controller, now), months=months) + timedelta(days=1)
    return datetime.combine(day, clock_time(), tzinfo=ctx.zone(controller)).astimezone(UTC)


# --- packages and contents ------------------------------------------------------------------------------------------


async def _destroy_packages_over(tx: Tx, ctx: Context, row: RequestRow) -> bool:
    found = await retained.standing_packages(tx, row.id)
    since = [package.released_at or row.closed_at for package in found]
    if not found or any(one is None or rules.package_until(one) > tx.now for one in since):
        return False
    await _destroy_packages(tx, ctx, row)
    return True


async def _destroy_packages(tx: Tx, ctx: Context, row: RequestRow) -> None:
    for package in await retained.standing_packages(tx, row.id):
        if package.former_file is not None:  # a version before, that nobody came to destroy
            await ctx.files.delete(package.former_file)
            package.former_file = None
        await ctx.files.delete(package.file)
        package.destroyed_at = tx.now
        await steps.note(tx, row, AuditStep.PACKAGE_DESTROYED, actor=INSYN, facts={"sha256": package.sha256})
    await retained.forget_downloads(tx, row.id)


async def _destroy_contents_over(tx: Tx, ctx: Context, row: RequestRow) -> bool:
    released = await retained.released_at(tx, row.id)
    until = rules.contents_until(closed_at=row.closed_at, released_at=released)
    if row.contents_key is None or until is None or until > tx.now:
        return False
    await _destroy_contents(tx, ctx, row)
    return True


async def _destroy_contents(tx: Tx, ctx: Context, row: RequestRow) -> None:
    await _destroy_packages(tx, ctx, row)
    await task_files.destroy(tx, ctx, row)
    if row.contents_id is None or row.contents_key is None:
        return
    await destroy_key(tx, ctx, row, row.contents_id, what="contents")
    row.contents_key = None
    await retained.forget_records(tx, row.id)


async def destroy_key(tx: Tx, ctx: Context, row: RequestRow, key_id: UUID, *, what: str) -> None:
    """Note that a key goes (outside the database first), destroy its share, and say so on the request's chain."""
    line = {"at": tx.now.isoformat(), "key_id": str(key_id), "request_id": str(row.id), "what": what}
    await ctx.journal.note_destroyed(row.controller_id, line)
    await ctx.shares.destroy(row.controller_id, [key_id])
    await steps.note(tx, row, AuditStep.KEY_DESTROYED, actor=INSYN, facts={"key_id": str(key_id), "what": what})


# --- the case file ---------------------------------------------------------------------------------------------------


async def _erase_over(tx: Tx, ctx: Context, row: RequestRow) -> bool:
    if row.closed_at is None or row.closed_at >= _closed_before(ctx, row.controller_id, tx.now):
        return False
    if await outward.requests_restricting(tx, [row.id]):
        return False  # its key and its person are needed to lift what still holds (GDPR Art. 18(3))
    await _erase(tx, ctx, row)
    return True


async def _erase(tx: Tx, ctx: Context, row: RequestRow) -> None:
    """Destroy a case's keys and delete its rows; what stays are counts, and a chain that says that it was erased."""
    await _destroy_contents(tx, ctx, row)
    await destroy_key(tx, ctx, row, row.id, what="case")
    if row.closed_at is not None:
        outcomes = [(claim.right, claim.outcome or "") for claim in await cases.claims_of(tx, [row.id])]
        closed_on = ctx.today(row.controller_id, row.closed_at)
        await retained.count(
            tx, row.controller_id, rules.counted(closed_on=closed_on, due_on=row.due_on, outcomes=outcomes)
        )
    facts = {"months": ctx.profile(row.controller_id).case_file_months}
    await steps.note(tx, row, AuditStep.REQUEST_ERASED, actor=INSYN, facts=facts)
    await retained.delete_request(tx, row)


async def has_its_keys(ctx: Context) -> bool:
    """
    Whether the key store is this database's: the request that came in last has its share there.

    Without it (a folder that is not mounted, another installation's) everything would look as if it were erased, and
    new requests would put their shares where they are lost.
    """
    async with ctx.database.transaction(ctx.profiles) as tx:
        row = await retained.newest(tx)
    if row is None or not ctx.vault.is_split(row.wrapped_key):
        return True
    try:
        return bool(ctx.shares.read(row.controller_id, row.id))
    except (Unreadable, OSError):
        return False


# --- after a restore --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replayed:
    """What had come back and was destroyed again, and what nobody speaks of."""

    shares: int = 0
    contents: int = 0
    case_files: int = 0
    orphans: int = 0


async def replay(ctx: Context) -> Replayed:
    """
    Destroy again what was destroyed before: shares that came back with a backup of the key store, rows that came back
    with a backup of the database. Does nothing where nothing came back.
    """
    found = [await _replay(ctx, controller) for controller in ctx.profiles]
    total = Replayed(*(sum(vars(one)[name] for one in found) for name in vars(Replayed())))
    if any(vars(total).values()):
        log.warning("retention.replayed", count=sum(vars(total).values()))
    return total


async def _replay(ctx: Context, controller: str) -> Replayed:
    noted = await ctx.journal.destroyed(controller)
    case_ids = [UUID(line["key_id"]) for line in noted if line["what"] == "case"]
    contents_ids = [UUID(line["key_id"]) for line in noted if line["what"] == "contents"]
    async with ctx.database.transaction([controller]) as tx:
        gone = {*case_ids, *contents_ids, *await retained.destroyed_keys(tx, controller)}
        came_back = [one for start in _batches(case_ids) for one in await retained.keys_in_use(tx, start)]
        half = [one for start in _batches(contents_ids) for one in await retained.with_contents_key(tx, start)]
    shares = await ctx.shares.destroy(controller, gone)
    case_files = [await _one(ctx, controller, one, _erase_again) for one in came_back]
    contents = [await _one(ctx, controller, one, _destroy_contents_again) for one in half if one not in came_back]
    return Replayed(shares, sum(contents), sum(case_files), await _sweep_orphans(ctx, controller))


def _batches(ids: list[UUID]) -> list[list[UUID]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


async def _erase_again(tx: Tx, ctx: Context, row: RequestRow) -> bool:
    await _erase(tx, ctx, row)
    return True


async def _destroy_contents_again(tx: Tx, ctx: Context, row: RequestRow) -> bool:
    await _destroy_contents(tx, ctx, row)
    return True


async def _sweep_orphans(ctx: Context, controller: str) -> int:
    """
    Destroy shares that no row needs: their transaction came to nothing, so nothing is sealed under them.

    A database that was restored, or is another one, knows nothing of newer requests and would make orphans of their
    shares. So only what is older than the newest request is taken for one, and many at once for a mistake.
    """
    kept = await ctx.shares.kept(controller)
    old = [key_id for key_id, written in kept if written < time.time() - ORPHAN_SECONDS]
    async with ctx.database.transaction([controller]) as tx:
        newest = await retained.newest(tx, controller)
        used = {one for start in _batches(old) for one in await retained.keys_in_use(tx, start)}
    orphans = [one for one in old if one not in used and newest is not None and one < newest.id]
    if len(orphans) > max(MOST_ORPHANS, MOST_ORPHANS_PART * len(kept)):
        log.error("retention.orphans", controller=controller, count=len(orphans))
        return 0
    return await ctx.shares.destroy(controller, orphans)
