"""
Putting the house together from its settings: database, keys, files, profiles, token verifier.

In the sandbox without a database of its own the embedded server is started and held; a key is generated there, with
a warning. Everywhere else both must be given.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog
from alembic.config import Config
from sqlalchemy import text

from alembic import command
from app.db import APP_ROLE, Database, make_engine
from app.embedded import EmbeddedPostgres
from app.processors import fetch_document
from app.profiles import load_profiles
from app.services import registration
from app.services.context import Context
from app.settings import Settings, insecurities
from app.tokens.issuers import IssuerSettings
from app.tokens.verifier import Verifier
from app.vault.envelope import Vault
from app.vault.files import FileStore
from app.vault.keys import MasterKeys

log = structlog.get_logger()

_PROFILES_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('insyn.profiles', 0))")


class Unfit(Exception):
    """The service may not start like this; ``faults`` has one readable line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def check_settings(chosen: Settings) -> None:
    """Raise :class:`Unfit` for settings nobody should run with."""
    if faults := insecurities(chosen):
        raise Unfit(faults)


def root() -> Path:
    """Where the project's files (migrations, profiles) lie."""
    return Path(__file__).resolve().parents[1]


def embedded(chosen: Settings) -> EmbeddedPostgres:
    """The development server of this data folder; not yet started."""
    return EmbeddedPostgres(chosen.data_dir.resolve() / "postgres")


def migrate(owner_url: str, revision: str = "head") -> None:
    """Bring the tables to *revision*, as the role that owns them. Not for the event loop's thread."""
    config = Config(root() / "alembic.ini")
    config.attributes["url"] = owner_url
    command.upgrade(config, revision)


def master_keys(chosen: Settings) -> MasterKeys:
    """The keys that wrap every data key; generated beside the data in the sandbox only."""
    text_ = chosen.master_key.get_secret_value() if chosen.master_key else None
    if text_ or chosen.master_key_file:
        return MasterKeys.from_settings(text=text_, file=None if text_ else chosen.master_key_file)
    if not chosen.sandbox:
        raise Unfit(["INSYN_MASTER_KEY_FILE is not set."])
    kept = chosen.data_dir / "master.key"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(MasterKeys.generate())
        log.warning("key.generated")
    return MasterKeys.from_settings(file=kept)


@dataclass(frozen=True)
class House:
    """A built house: its fixed things, the addresses of its database, and what must be let go of at the end."""

    ctx: Context
    url: str = field(repr=False)
    owner_url: str | None = field(repr=False)
    server: EmbeddedPostgres | None = None

    async def close(self) -> None:
        await self.ctx.database.dispose()
        if self.server is not None:
            self.server.stop_holding()


def build(chosen: Settings, *, pool_size: int = 10) -> House:
    """
    Put the house together.

    Raises:
        Unfit: The settings are not fit to run with.
        BrokenProfile: A profile file is broken.
    """
    check_settings(chosen)
    profiles_dir = chosen.profiles_dir if chosen.profiles_dir.is_absolute() else root() / chosen.profiles_dir
    profiles = load_profiles(profiles_dir)
    vault = Vault(master_keys(chosen))
    server = None
    if chosen.database_url is not None:
        url = chosen.database_url.get_secret_value()
        owner = chosen.migration_database_url
        owner_url = owner.get_secret_value() if owner else None
    else:
        server = embedded(chosen)
        cluster = server.start()
        url, owner_url = cluster.app_dsn, cluster.owner_dsn
    engine = make_engine(url, role=APP_ROLE, pool_size=pool_size)
    ctx = Context(
        settings=chosen,
        database=Database(engine, movable_clock=chosen.sandbox),
        vault=vault,
        files=FileStore(chosen.data_dir.resolve() / "packages"),
        profiles=profiles,
    )
    return House(ctx=ctx, url=url, owner_url=owner_url, server=server)


@asynccontextmanager
async def opened(chosen: Settings, *, pool_size: int = 10) -> AsyncIterator[House]:
    """A built house, closed again on leaving. Raises what :func:`build` raises."""
    house = build(chosen, pool_size=pool_size)
    try:
        yield house
    finally:
        await house.close()


async def apply_profiles(ctx: Context) -> int:
    """Bring the registry of every controller in line with its profile; how many registrations changed."""
    changed = 0
    for profile in ctx.profiles.values():
        async with ctx.database.transaction([profile.id]) as tx:
            # Several processes start at once; one after the other.
            await tx.session.execute(_PROFILES_LOCK)
            changed += await registration.apply_profile(tx, ctx, profile)
    return changed


def make_verifier(chosen: Settings) -> Verifier:
    """The way in for bearer tokens, from the issuers in the settings."""
    issuers = [IssuerSettings.model_validate(one) for one in chosen.issuers]
    return Verifier(issuers, fetch=partial(fetch_document, sandbox=chosen.sandbox))
