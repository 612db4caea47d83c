"""The command line: ``insyn``."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from app import bootstrap
from app.domain import audit_export
from app.observability import configure_logging
from app.profiles import BrokenProfile, load_profiles, problems
from app.settings import settings
from app.vault.keys import MasterKeys
from app.worker import Worker

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Insyn: data-subject rights, answered in time.")
profile_cli = typer.Typer(no_args_is_help=True, help="Controllers' profiles.")
audit_cli = typer.Typer(no_args_is_help=True, help="The audit chain.")
cli.add_typer(profile_cli, name="profile")
cli.add_typer(audit_cli, name="audit")


def main() -> None:
    """Run ``insyn``; whatever makes a start impossible is said in one readable line each."""
    try:
        cli()
    except (bootstrap.Unfit, BrokenProfile) as error:
        for fault in error.faults:
            print(f"insyn does not start: {fault}", file=sys.stderr)
        sys.exit(2)


@cli.command()
def serve() -> None:
    """Serve the API (INSYN_HOST, INSYN_PORT)."""
    chosen = settings()
    bootstrap.check_settings(chosen)
    # The sandbox is named, not imported: nothing of it is needed where it is off.
    factory = "sandbox.main:create_app" if chosen.sandbox else "app.main:serve_app"
    uvicorn.run(
        factory,
        factory=True,
        host=chosen.host,
        port=chosen.port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )


@cli.command()
def worker() -> None:
    """Work: advance cases, send what is due to processors, sweep."""
    configure_logging(settings().log_level)
    uvloop.run(_work())


async def _work() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with bootstrap.opened(settings(), pool_size=20) as house:
        await Worker(house.ctx, url=house.url).run(stop)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest tables, as the role that owns them."""
    chosen = settings()
    url = chosen.migration_database_url or chosen.database_url
    if url is not None:
        bootstrap.migrate(url.get_secret_value())
        return
    if not chosen.sandbox:
        raise bootstrap.Unfit(["INSYN_MIGRATION_DATABASE_URL is not set."])
    server = bootstrap.embedded(chosen)
    bootstrap.migrate(server.start().owner_dsn)
    server.stop_holding()


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(context: typer.Context) -> None:
    """Play the whole service once, end to end, on an embedded database (--once: exit when done)."""
    _become("sandbox.demo", *context.args)


@cli.command()
def dev() -> None:
    """Develop: embedded database, sandbox on, API and worker restarted when a file changes."""
    _become("sandbox.dev")


def _become(module: str, *arguments: str) -> None:
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606  our own module, no shell


@cli.command()
def key() -> None:
    """Make a master key; keep it in a file only the service may read (INSYN_MASTER_KEY_FILE)."""
    print(MasterKeys.generate())


@profile_cli.command("check")
def profile_check(
    directory: Annotated[Path | None, typer.Argument(help="Folder of profiles; default: INSYN_PROFILES_DIR.")] = None,
    language: Annotated[str, typer.Option(help="sv or en")] = "sv",
) -> None:
    """Say what each profile still lacks for an honest access answer; 2 if a file is broken."""
    for profile in load_profiles(directory or bootstrap.root() / settings().profiles_dir).values():
        found = problems(profile)
        print(f"{profile.id}: {len(found)}")
        for one in found:
            print(f"  [{one.severity}] {one.code} {one.path}: {one.text(language)} ({one.law})")


@audit_cli.command("verify")
def audit_verify(
    export: Annotated[Path, typer.Argument(help="An exported chain, JSON lines.")],
    checkpoint: Annotated[Path | None, typer.Option(help="Heads noted earlier and kept elsewhere.")] = None,
) -> None:
    """Check an exported audit chain without the service; 1 if anything was changed."""
    noted = None
    if checkpoint is not None:
        with checkpoint.open(encoding="utf-8") as lines:
            noted = audit_export.read_heads(next(lines, ""))
    with export.open(encoding="utf-8") as lines:
        report = audit_export.verify_export(lines, checkpoint=noted)
    for finding in report.findings:
        print(finding)
    print("sound" if report.is_sound else "NOT SOUND")
    if not report.is_sound:
        raise typer.Exit(1)
