"""How the sandbox reaches what is Insyn's: its clock, its letters, and a fresh start."""

import asyncio
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from fastapi import HTTPException

from app import clock
from app.bootstrap import House, signing_key
from app.db import plain_url
from app.repositories import letters as stored_letters
from app.services import checkpoints, correspondence, own_retention, sweep, views
from sandbox.routes import Hooks
from sandbox.store import Store

#: What stays when everything else starts again: the registry, and how it is reached.
KEPT = frozenset(
    {"processor", "lane", "profile_applied", "profile_supplement", "alembic_version", "pgqueuer_schedules"}
)
#: How long a moved clock waits for the cases that fell due to be advanced by the workers.
PATIENCE_SECONDS = 10.0


def hooks_for(house: House, store: Store) -> Hooks:
    """The hooks into this house."""
    ctx = house.ctx

    async def now() -> datetime:
        async with ctx.database.transaction() as tx:
            return tx.now

    async def set_clock(instant: datetime) -> None:
        async with ctx.database.transaction() as tx:
            await clock.move(tx.session, to=instant)

    async def advance_clock(step: timedelta) -> None:
        async with ctx.database.transaction() as tx:
            await clock.move(tx.session, to=tx.now + step)

    async def run_due() -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        await sweep.wake_what_is_due(ctx)
        while await sweep.is_anything_due(ctx) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
        await own_retention.clean(ctx)
        await checkpoints.make_due(ctx, signing_key(ctx.settings))

    async def letters() -> list[dict[str, Any]]:
        found = []
        async with ctx.database.transaction(ctx.profiles) as tx:
            for row, letter in await stored_letters.latest(tx):
                html = correspondence.opened(ctx, row, letter)
                found.append(_shown(row.reference, row.controller_id, views.letter(letter), html))
        return found

    async def reset() -> None:
        if house.owner_url is None:
            raise HTTPException(409, "Starting again needs INSYN_MIGRATION_DATABASE_URL, the owner of the tables.")
        await _empty_tables(house.owner_url)
        for folder in ("packages", "keys", "journal"):  # the sandbox's own, wherever else the settings may point
            await asyncio.to_thread(shutil.rmtree, ctx.settings.data_dir / folder, ignore_errors=True)

    return Hooks(
        now=now, advance_clock=advance_clock, set_clock=set_clock, run_due=run_due, outbox=letters, reset=reset
    )


def _shown(reference: str, controller: str, letter: Mapping[str, Any], html: str) -> dict[str, Any]:
    told = {name: letter[name] for name in ("kind", "about", "via") if letter[name]}
    instants = {name: letter[name].isoformat() for name in ("written_at", "sent_at") if letter[name] is not None}
    return {"reference": reference, "controller": controller, **told, **instants, "html": html}


async def _empty_tables(owner_url: str) -> None:
    """Empty every table but the registry, as the owner: the append-only rule holds for everybody else."""
    guarded = ("audit_entry", "callback_event")
    connection = await asyncpg.connect(plain_url(owner_url))
    try:
        async with connection.transaction():
            found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables = sorted({row["tablename"] for row in found} - KEPT)
            for table in guarded:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
            await connection.execute("TRUNCATE " + ", ".join(f'"{table}"' for table in tables))
            for table in guarded:
                await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")
    finally:
        await connection.close()
