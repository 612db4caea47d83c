"""
The daily checkpoint: where every chain of a controller stands, signed, into a file outside the database.

Level-triggered: if today's is missing it is made. It goes on from the files that lie there, which are checked first;
what contradicts them is not signed but said aloud, every time, until a person has looked.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import structlog

from app.db import Tx
from app.domain import checkpoints as rules
from app.domain.checkpoints import ChainsWentBack, Checkpoint, Standing
from app.repositories import audit
from app.services.context import Context
from app.vault.signing import SigningKey, is_signed

log = structlog.get_logger()


class CheckpointsBroken(Exception):
    """The checkpoint files of a controller are not as they were written; none is added to them."""


async def make_due(ctx: Context, key: SigningKey) -> int:
    """Make today's checkpoint of every controller that lacks it and has any chain; how many were made."""
    made = 0
    for controller in ctx.profiles:
        try:
            made += await make(ctx, controller, key) is not None
        except ChainsWentBack as error:
            log.exception("checkpoint.contradicted", controller=controller, count=len(error.requests))
        except CheckpointsBroken:
            log.exception("checkpoint.broken", controller=controller)
        except Exception:
            log.exception("checkpoint.failed", controller=controller)
    return made


async def make(ctx: Context, controller: str, key: SigningKey, *, starts_over: bool = False) -> Checkpoint | None:
    """
    Make a controller's checkpoint of today; None if it is there, if there is no chain, or if another process is at it.

    Args:
        starts_over: After a restore of the database: made whatever went back, and saying so.

    Raises:
        ChainsWentBack, CheckpointsBroken: Nothing is written.
    """
    async with ctx.database.transaction([controller]) as tx:
        if not await audit.only_one(tx, f"insyn.checkpoint.{controller}"):
            return None
        today = ctx.today(controller, tx.now)
        texts = await _texts(ctx, controller)
        before, faults, _ = await asyncio.to_thread(_follow, texts, controller, key)
        if faults:
            raise CheckpointsBroken
        if before.day is not None and before.day >= today and not starts_over:
            return None
        heads = await audit.heads_of_controller(tx, controller)
        if not heads and not before.heads:
            return None
        return await _write(ctx, tx, controller, key, heads, before, today, starts_over)


def _follow(
    texts: Sequence[str], controller: str, key: SigningKey
) -> tuple[Standing, list[rules.CheckpointFinding], list[int]]:
    def check(message: bytes, signature: bytes) -> bool:
        return any(is_signed(one, message, signature) for one in key.trusted)

    return rules.follow(texts, controller=controller, check=check)


async def _write(
    ctx: Context,
    tx: Tx,
    controller: str,
    key: SigningKey,
    heads: rules.Heads,
    before: Standing,
    today: date,
    starts_over: bool,
) -> Checkpoint:
    made = await asyncio.to_thread(
        lambda: rules.make(
            controller=controller, heads=heads, before=before, day=max(today, before.day or today), now=tx.now,
            sign=key.sign, starts_over=starts_over,
        )
    )  # fmt: skip
    await ctx.journal.add_checkpoint(controller, made.file_name, rules.as_text(made, key=key.public))
    log.info("checkpoint.made", controller=controller, count=made.size)
    return made


async def last(ctx: Context, controller: str) -> tuple[str, Standing] | None:
    """
    The last checkpoint's text, and where all chains stood then; None if there is none yet or they do not fit together.

    Whether the signatures are the right key's is for whoever has the right key to say.
    """
    texts = await _texts(ctx, controller)
    standing, faults, _ = await asyncio.to_thread(
        lambda: rules.follow(texts, controller=controller, check=lambda _message, _signature: True)
    )
    return None if faults or not texts else (texts[-1], standing)


async def _texts(ctx: Context, controller: str) -> list[str]:
    paths = await ctx.journal.checkpoints(controller)
    return await asyncio.to_thread(lambda: [_text(path) for path in paths])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # no checkpoint; found to be none
