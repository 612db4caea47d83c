"""
Putting the house together from its settings: database, keys, files, profiles, token verifier.

In the sandbox without a database of its own the embedded server is started and held; a key is generated there, with
a warning. Everywhere else both must be given.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncpg
import structlog
from alembic.config import Config
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from alembic import command
from app.db import APP_ROLE, Database, make_engine
from app.embedded import EmbeddedPostgres
from app.post import Postman, SmtpPostman, Wiring
from app.processors import fetch_document, open_connectors
from app.profiles import load_profiles
from app.services import registration
from app.services.context import Context
from app.settings import Settings, insecurities, settings
from app.tokens.issuers import IssuerSettings
from app.tokens.verifier import Verifier
from app.vault.envelope import Vault
from app.vault.errors import UnfitMasterKey
from app.vault.files import FileStore
from app.vault.journal import Journal
from app.vault.key_store import FileKeyStore
from app.vault.keys import MasterKeys
from app.vault.signing import SigningKey, UnfitSigningKey

log = structlog.get_logger()

_PROFILES_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('insyn.profiles', 0))")

#: A database that has not answered by then is not there.
_REACH_SECONDS = 10.0
_MEANT = {int: "a whole number", float: "a number", bool: "1 or 0"}
_NAMED = {
    "issuers": "a JSON list of issuers, each an object",
    "smtp_security": "starttls, tls or none",
    "smtp_senders": "a JSON object, a mail address by controller",
}


class Unfit(Exception):
    """The service may not start like this; ``faults`` has one readable line each, none with a value in it."""

    exit_code = 2

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class NotSetUp(Unfit):
    """Nothing has been set at all: somebody tries it out."""


class OutOfReach(Unfit):
    """The settings may be right, but what they name does not answer; starting again later may help."""

    exit_code = 3


def read_settings() -> Settings:
    """The settings of this process; raises :class:`Unfit` for what cannot be read, naming the variable alone."""
    try:
        return settings()
    except SettingsError as error:  # JSON that is none; pydantic names the field in the text only
        named = re.search(r'field "(\w+)"', str(error))
        fields = {named[1]} if named else set()
    except ValidationError as error:
        fields = {str(one["loc"][0]) for one in error.errors(include_input=False)}
    # Outside of the handlers: what is raised there would carry the values along as its context.
    raise Unfit([f"INSYN_{name.upper()} must be {_meant(name)}." for name in sorted(fields)])


def _meant(name: str) -> str:
    field_ = Settings.model_fields.get(name)
    kind = field_.annotation if field_ else None
    return _MEANT.get(kind, _NAMED.get(name, "another value"))  # type: ignore[arg-type]


def check_settings(chosen: Settings) -> None:
    """Raise :class:`Unfit` for settings nobody should run with."""
    if faults := [*_issuers(chosen)[1], *insecurities(chosen)]:
        is_bare = not chosen.sandbox and chosen.database_url is None and not chosen.issuers
        raise (NotSetUp if is_bare else Unfit)(faults)


def _issuers(chosen: Settings) -> tuple[list[IssuerSettings], list[str]]:
    """The issuers that can be read, and one line for each thing that is wrong with the others."""
    found, faults = [], []
    for number, one in enumerate(chosen.issuers, start=1):
        try:
            found.append(IssuerSettings.model_validate(one))
        except ValidationError as error:
            for wrong in error.errors(include_input=False, include_url=False, include_context=False):
                where = f", {wrong['loc'][0]!r:.40}" if wrong["loc"] else ""
                faults.append(f"INSYN_ISSUERS: entry {number}{where}: {wrong['msg'].removeprefix('Value error, ')}.")
    return found, faults


async def reach(url: str, *, named: str = "INSYN_DATABASE_URL", role: str | None = APP_ROLE) -> None:
    """
    Connect once, so that a database that does not answer is one line and no more.

    Raises:
        Unfit: The address is not one of PostgreSQL.
        OutOfReach: Nothing answers there, or it does not let us in; never with the address or the login.
    """
    fault: Unfit
    try:
        engine = make_engine(url, role=role, pooled=False)
        async with asyncio.timeout(_REACH_SECONDS), engine.connect():
            return
    except (OSError, TimeoutError):
        fault = OutOfReach([f"{named}: the database cannot be reached."])
    except (ValueError, ArgumentError, asyncpg.InterfaceError):
        fault = Unfit([f"{named} must be an address like postgresql://user:password@host:5432/name."])
    except (asyncpg.PostgresError, SQLAlchemyError) as error:
        inner: BaseException = getattr(error, "orig", None) or error
        kind = type(inner.__cause__ or inner).__name__
        fault = OutOfReach([f"{named}: the database does not let us in ({kind})."])
    raise fault


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
        try:
            return MasterKeys.from_settings(text=text_, file=None if text_ else chosen.master_key_file)
        except UnfitMasterKey as error:
            raise Unfit([f"INSYN_MASTER_KEY{'' if text_ else '_FILE'}: {error}"]) from None
    if not chosen.sandbox:
        raise Unfit(["INSYN_MASTER_KEY_FILE is not set."])
    kept = chosen.data_dir / "master.key"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(MasterKeys.generate())
        log.warning("key.generated")
    return MasterKeys.from_settings(file=kept)


def signing_key(chosen: Settings) -> SigningKey:
    """
    The key that signs checkpoints; generated beside the data in the sandbox only.

    Raises:
        Unfit: There is none, or it cannot be used.
    """
    if chosen.checkpoint_key_file is not None:
        try:
            return SigningKey.from_file(chosen.checkpoint_key_file)
        except UnfitSigningKey as error:
            raise Unfit([f"INSYN_CHECKPOINT_KEY_FILE: {error}"]) from None
    if not chosen.sandbox:
        raise Unfit(
            ["INSYN_CHECKPOINT_KEY_FILE is not set: without checkpoints nobody could show that the record is whole."]
        )
    kept = chosen.data_dir / "checkpoint.key"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        made = kept.with_name(f"{kept.name}.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(SigningKey.generate())
        with suppress(FileExistsError):  # several processes start at once; the first one's counts
            os.link(made, kept)
            log.warning("key.generated")
        made.unlink()
    return SigningKey.from_file(kept)


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
        BrokenConnector: A connector file is broken.
    """
    check_settings(chosen)
    open_connectors(chosen.connectors_dir)
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
        shares=FileKeyStore(chosen.keys_folder),
        journal=Journal(chosen.journal_folder),
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


def make_postman(chosen: Settings) -> Postman | None:
    """The way out for mail; None where no mail server is named: then mails wait."""
    if chosen.smtp_host is None or chosen.smtp_sender is None:
        return None
    password = chosen.smtp_password.get_secret_value() if chosen.smtp_password else None
    if password is None and chosen.smtp_password_file is not None:
        password = chosen.smtp_password_file.read_text(encoding="utf-8").strip()
    return SmtpPostman(
        Wiring(
            host=chosen.smtp_host,
            port=chosen.smtp_port,
            security=chosen.smtp_security,
            sender=chosen.smtp_sender,
            senders=chosen.smtp_senders,
            username=chosen.smtp_username,
            password=password,
            seconds=chosen.smtp_timeout_seconds,
        )
    )


def make_verifier(chosen: Settings) -> Verifier:
    """The way in for bearer tokens, from the issuers in the settings."""
    issuers, faults = _issuers(chosen)
    if faults:
        raise Unfit(faults)
    return Verifier(issuers, fetch=partial(fetch_document, sandbox=chosen.sandbox))
