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
from app.domain.audit_export import Fault, Finding, NotAnExport, read_heads, verify_export
from app.observability import configure_logging
from app.profiles import BrokenProfile, load_profiles, problems
from app.settings import Settings
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
        sys.exit(error.exit_code if isinstance(error, bootstrap.Unfit) else 2)


@cli.command()
def serve() -> None:
    """Serve the API (INSYN_HOST, INSYN_PORT)."""
    chosen = bootstrap.read_settings()
    bootstrap.check_settings(chosen)
    if chosen.database_url is not None:
        asyncio.run(bootstrap.reach(chosen.database_url.get_secret_value()))
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
    chosen = bootstrap.read_settings()
    configure_logging(chosen.log_level)
    bootstrap.check_settings(chosen)
    uvloop.run(_work(chosen))


async def _work(chosen: Settings) -> None:
    signing = bootstrap.signing_key(chosen)
    if chosen.database_url is not None:
        await bootstrap.reach(chosen.database_url.get_secret_value())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with bootstrap.opened(chosen, pool_size=20) as house:
        await Worker(house.ctx, url=house.url, signing=signing).run(stop)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest tables, as the role that owns them."""
    chosen = bootstrap.read_settings()
    url = chosen.migration_database_url or chosen.database_url
    if url is not None:
        named = "INSYN_MIGRATION_DATABASE_URL" if chosen.migration_database_url else "INSYN_DATABASE_URL"
        asyncio.run(bootstrap.reach(url.get_secret_value(), named=named, role=None))
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
    for profile in load_profiles(directory or bootstrap.root() / bootstrap.read_settings().profiles_dir).values():
        found = problems(profile)
        print(f"{profile.id}: {len(found)}")
        for one in found:
            print(f"  [{one.severity}] {one.code} {one.path}: {one.text(language)} ({one.law})")


@audit_cli.command("verify")
def audit_verify(
    export: Annotated[Path, typer.Argument(help="An exported chain, JSON lines.")],
    checkpoint: Annotated[Path | None, typer.Option(help="Heads noted earlier and kept elsewhere.")] = None,
) -> None:
    """Check an exported audit chain without the service; 1 if anything was changed, 2 if a file cannot be read."""
    try:
        noted = None
        if checkpoint is not None:
            with checkpoint.open(encoding="utf-8") as lines:
                noted = read_heads(next(lines, ""))
        with export.open(encoding="utf-8") as lines:
            report = verify_export(lines, checkpoint=noted)
    except (OSError, UnicodeDecodeError, NotAnExport) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not an audit export"
        which = checkpoint if checkpoint is not None and noted is None else export
        print(f"{which} cannot be checked: {said}.", file=sys.stderr)
        raise typer.Exit(2) from None
    for finding in report.findings:
        print(_in_words(finding))
    print("sound" if report.is_sound else "NOT SOUND")
    if not report.is_sound:
        raise typer.Exit(1)


_FAULTS = {
    Fault.MALFORMED: "malformed (no export has such a line)",
    Fault.EDITED: "edited (it is not what its hash was made of)",
    Fault.BROKEN: "broken (it follows another entry than the one before it)",
    Fault.MISSING: "missing entries (numbers are left out before it)",
    Fault.OUT_OF_ORDER: "out of order (its number was there already)",
    Fault.FOREIGN: "foreign (it is another controller's)",
    Fault.TRUNCATED: "end missing (the chain went on to this entry)",
    Fault.REWRITTEN: "rewritten (another entry stood here when the head was noted)",
    Fault.APPENDED: "appended (the header knows no entry after its head)",
    Fault.UNANNOUNCED: "unannounced (the header knows no such chain)",
}


def _in_words(finding: Finding) -> str:
    where = f"line {finding.line}: " if finding.line else ""
    # The id comes from the file: shown so that nothing in it can pass for a line of ours.
    entry = f"request {finding.request_id!r:.60} entry {finding.seq}: " if finding.request_id else ""
    return f"{where}{entry.replace(chr(39), '')}{_FAULTS[finding.fault]}"
