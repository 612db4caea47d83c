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
from app.domain.audit import ChainId, Head
from app.domain.audit_export import Fault, Finding, NotAnExport, read_heads, verify_export
from app.domain.checkpoints import ChainsWentBack, CheckpointFault, as_noted, follow
from app.observability import configure_logging
from app.processors import BrokenConnector, connector_schema, read_connector_file
from app.profiles import BrokenProfile, Severity, load_profiles, problems
from app.services import checkpoints, connecting, evidence, own_retention, procedure, rewrapping
from app.services.registration import NotConnectable, UnknownProcessor
from app.settings import Settings
from app.vault.journal import checkpoint_files
from app.vault.keys import MasterKeys
from app.vault.signing import SigningKey, is_signed
from app.worker import Worker

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Insyn: data-subject rights, answered in time.")
profile_cli = typer.Typer(no_args_is_help=True, help="Controllers' profiles.")
audit_cli = typer.Typer(no_args_is_help=True, help="The audit chain.")
cli.add_typer(profile_cli, name="profile")
cli.add_typer(audit_cli, name="audit")
retention_cli = typer.Typer(no_args_is_help=True, help="What is kept, and what must stay gone.")
cli.add_typer(retention_cli, name="retention")
connector_cli = typer.Typer(no_args_is_help=True, help="Connectors: vendors' APIs described as data.")
cli.add_typer(connector_cli, name="connector")
processor_cli = typer.Typer(no_args_is_help=True, help="For whoever runs a processor.")
cli.add_typer(processor_cli, name="processor")
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def main() -> None:
    """Run ``insyn``; whatever makes a start impossible is said in one readable line each."""
    try:
        cli()
    except (bootstrap.Unfit, BrokenProfile, BrokenConnector) as error:
        for fault in error.faults:
            print(f"insyn does not start: {fault}", file=sys.stderr)
        if isinstance(error, bootstrap.NotSetUp):
            print("To try it out in a checkout, put INSYN_SANDBOX=1 before the command.", file=sys.stderr)
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
    if chosen.database_url is not None:
        await bootstrap.reach(chosen.database_url.get_secret_value())
    signing = bootstrap.signing_key(chosen)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with bootstrap.opened(chosen, pool_size=20) as house:
        postman = bootstrap.make_postman(chosen)
        await Worker(house.ctx, url=house.url, postman=postman, signing=signing).run(stop)


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


@processor_cli.command("serve", context_settings=_PASSED_ON)
def processor_serve(context: typer.Context) -> None:
    """Serve a processor's desk: takes tasks, shows them on one page, answers (--help: its options)."""
    _become("processor_kit.desk", *context.args)


@processor_cli.command("test", context_settings=_PASSED_ON)
def processor_test(context: typer.Context) -> None:
    """Run the contract against a processor's endpoint; 1 if a rule is broken (--help: its options)."""
    _become("processor_kit.conformance", *context.args)


@cli.command()
def key() -> None:
    """Make a master key; keep it in a file only the service may read (INSYN_MASTER_KEY_FILE)."""
    print(MasterKeys.generate())


@cli.command()
def rewrap() -> None:
    """After a new master key was set: wrap every data key with it; 1 while some key's old master key is missing."""
    chosen = bootstrap.read_settings()
    bootstrap.check_settings(chosen)
    configure_logging(chosen.log_level)
    found = asyncio.run(_rewrap(chosen))
    for table, count in found.done.items():
        print(f"{table}: {count} wrapped anew")
    for table, count in found.left.items():
        print(f"{table}: {count} LEFT: the master key that wrapped them is not set")
    if found.left:
        raise typer.Exit(1)
    print("Nothing is left under an older master key.")


async def _rewrap(chosen: Settings) -> rewrapping.Rewrapped:
    async with bootstrap.opened(chosen, pool_size=2) as house:
        return await rewrapping.rewrap(house.ctx)


@profile_cli.command("check")
def profile_check(
    directory: Annotated[
        Path | None, typer.Argument(help="Folder of profiles, or one of its files; default: INSYN_PROFILES_DIR.")
    ] = None,
    language: Annotated[str, typer.Option(help="sv or en")] = "sv",
) -> None:
    """Say what each profile lacks for an honest access answer; 1 if something blocks it, 2 if a file is broken."""
    is_blocked = False
    place = directory or bootstrap.root() / bootstrap.read_settings().profiles_dir
    only = place.stem if place.is_file() else None
    for profile in load_profiles(place.parent if only else place).values():
        if only not in (None, profile.id):
            continue
        found = problems(profile)
        blocking = sum(one.severity is Severity.BLOCKS for one in found)
        is_blocked = is_blocked or blocking > 0
        print(f"{profile.id}: {len(found)} ({blocking} block)")
        for one in found:
            tension = f" [{one.tension}]" if one.tension else ""
            print(f"  [{one.severity}] {one.code} {one.path}: {one.text(language)} ({one.law}){tension}")
    if is_blocked:
        raise typer.Exit(1)


@profile_cli.command("procedure")
def profile_procedure(
    controller: Annotated[str, typer.Argument(help="A controller's id.")],
    language: Annotated[str, typer.Option(help="sv or en")] = "sv",
) -> None:
    """Print a controller's written procedure, as the service carries it out; 2 if there is no such controller."""
    profiles = load_profiles(bootstrap.root() / bootstrap.read_settings().profiles_dir)
    if controller not in profiles:
        print(f"There is no controller {controller!r:.80}; there are {', '.join(profiles)}.", file=sys.stderr)
        raise typer.Exit(2)
    for section in procedure.of(profiles[controller], "en" if language == "en" else "sv")["sections"]:
        print(f"# {section['title']}")
        for line in section["lines"]:
            print(f"- {line}")


@audit_cli.command("key")
def audit_key(
    public: Annotated[bool, typer.Option(help="Show the public half of INSYN_CHECKPOINT_KEY_FILE.")] = False,
) -> None:
    """Make a key that signs checkpoints; keep it in a file only the worker may read, away from the database."""
    print(bootstrap.signing_key(bootstrap.read_settings()).public if public else SigningKey.generate())


@audit_cli.command("checkpoint")
def audit_checkpoint(
    after_restore: Annotated[
        bool, typer.Option(help="The database was restored: chains may have gone back, and the checkpoint says so.")
    ] = False,
) -> None:
    """Make today's checkpoint of every controller that lacks it; 1 if one was refused."""
    chosen = bootstrap.read_settings()
    bootstrap.check_settings(chosen)
    configure_logging(chosen.log_level)
    signing, refused = bootstrap.signing_key(chosen), False
    for controller, said in asyncio.run(_checkpoints(chosen, signing, after_restore)).items():
        refused |= said.startswith("REFUSED")
        print(f"{controller}: {said}")
    if refused:
        raise typer.Exit(1)


async def _checkpoints(chosen: Settings, signing: SigningKey, after_restore: bool) -> dict[str, str]:
    said: dict[str, str] = {}
    async with bootstrap.opened(chosen, pool_size=2) as house:
        for controller in house.ctx.profiles:
            try:
                made = await checkpoints.make(house.ctx, controller, signing, starts_over=after_restore)
                said[controller] = made.file_name if made else "nothing to do"
            except ChainsWentBack as error:
                said[controller] = f"REFUSED: {len(error.requests)} chains do not go on from the last checkpoint"
            except checkpoints.CheckpointsBroken:
                said[controller] = "REFUSED: the checkpoints in the journal are not as they were written"
    return said


@audit_cli.command("export")
def audit_export(controller: Annotated[str, typer.Argument(help="A controller's id.")]) -> None:
    """Print every chain of a controller, JSON lines, also of requests that were erased."""
    chosen = bootstrap.read_settings()
    bootstrap.check_settings(chosen)
    asyncio.run(_export(chosen, controller))


async def _export(chosen: Settings, controller: str) -> None:
    async with (
        bootstrap.opened(chosen, pool_size=2) as house,
        house.ctx.database.transaction([house.ctx.profile(controller).id]) as tx,
    ):
        for line in await evidence.export_of_controller(tx, controller):
            print(line)


@audit_cli.command("verify")
def audit_verify(
    export: Annotated[Path, typer.Argument(help="An exported chain, JSON lines.")],
    checkpoint: Annotated[Path | None, typer.Option(help="Heads noted earlier and kept elsewhere.")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="A controller's folder of signed checkpoints.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="The public key of the checkpoints, 64 hex digits.")] = None,
    one_request: Annotated[bool, typer.Option(help="The export is of one request: others are not missed.")] = False,
) -> None:
    """Check an exported audit chain without the service; 1 if anything was changed, 2 if a file cannot be read."""
    if (checkpoints is None) != (not key):
        print("--checkpoints and --key go together.", file=sys.stderr)
        raise typer.Exit(2)
    noted = _noted(checkpoint)
    followed, said = _followed(export, checkpoints, key or [])
    noted |= {chain: head for chain, head in followed.items() if not one_request or chain in _chains_in(export)}
    try:
        with export.open(encoding="utf-8") as lines:
            report = verify_export(lines, checkpoint=noted)
    except (OSError, UnicodeDecodeError, NotAnExport) as error:
        raise _unreadable(export, error) from None
    for line in [*said, *(_in_words(finding) for finding in report.findings)]:
        print(line)
    is_sound = report.is_sound and not any(line.startswith("checkpoint ") for line in said)
    print("sound" if is_sound else "NOT SOUND")
    if not is_sound:
        raise typer.Exit(1)


def _noted(checkpoint: Path | None) -> dict[ChainId, Head]:
    if checkpoint is None:
        return {}
    try:
        with checkpoint.open(encoding="utf-8") as lines:
            return read_heads(next(lines, ""))
    except (OSError, UnicodeDecodeError, NotAnExport) as error:
        raise _unreadable(checkpoint, error) from None


def _chains_in(export: Path) -> set[ChainId]:
    return set(_noted(export))


def _followed(export: Path, folder: Path | None, keys: list[str]) -> tuple[dict[ChainId, Head], list[str]]:
    """Where the chains stood at the last checkpoint, and a line for whatever is wrong with the checkpoints."""
    if folder is None:
        return {}, []
    files = checkpoint_files(folder)
    if not files:
        print(f"{folder} cannot be checked: it has no checkpoints.", file=sys.stderr)
        raise typer.Exit(2)
    (controller, _), *_ = sorted(_chains_in(export)) or [("", "")]
    standing, faults, restarts = follow(
        [file.read_text(encoding="utf-8", errors="replace") for file in files],
        controller=controller or None,
        check=lambda message, signature: any(is_signed(one, message, signature) for one in keys),
    )
    lines = [f"checkpoint {files[one.place - 1].name}: {_CHECKPOINT_FAULTS[one.fault]}" for one in faults]
    lines += [
        f"note: checkpoint {number} was made after a restore; what came before may be lost" for number in restarts
    ]
    return as_noted(controller, standing.heads), lines


def _unreadable(which: Path, error: Exception) -> typer.Exit:
    said = error.strerror if isinstance(error, OSError) else "it is not an audit export"
    print(f"{which} cannot be checked: {said}.", file=sys.stderr)
    return typer.Exit(2)


@connector_cli.command("check")
def connector_check(
    files: Annotated[list[Path] | None, typer.Argument(help="Connector files; default: INSYN_CONNECTORS_DIR.")] = None,
) -> None:
    """Say what is wrong with connectors, one line a fault; 2 if anything is."""
    folder = bootstrap.root() / bootstrap.read_settings().connectors_dir
    broken = False
    for file in files or sorted(folder.glob("*.yaml")):
        try:
            connector = read_connector_file(file)
        except BrokenConnector as faults:
            broken = True
            print("\n".join(faults.faults))
        else:
            print(f"{file.name}: ok ({connector.status}, {len(connector.unverified)} unverified)")
    if broken:
        raise typer.Exit(2)


@connector_cli.command("try")
def connector_try(
    controller: Annotated[str, typer.Argument(help="A controller's id.")],
    key: Annotated[str, typer.Argument(help="The key of one of its processors of the kind rest.")],
) -> None:
    """Make the one call that shows whether a registered vendor lets us in; 1 if it does not, 2 if it is not there."""
    chosen = bootstrap.read_settings()
    bootstrap.check_settings(chosen)
    try:
        said = asyncio.run(_try(chosen, controller, key))
    except UnknownProcessor:
        print(f"{controller} {key}: no such rest processor is registered", file=sys.stderr)
        raise typer.Exit(2) from None
    except NotConnectable as error:
        for fault in error.faults:
            print(f"{controller} {key}: {fault.pointer}: {fault.en}")
        raise typer.Exit(1) from None
    print(f"{controller} {key}: {said}")
    if said != "ok":
        raise typer.Exit(1)


async def _try(chosen: Settings, controller: str, key: str) -> str:
    async with bootstrap.opened(chosen, pool_size=2) as house:
        return await connecting.check(house.ctx, controller, key)


@connector_cli.command("schema")
def connector_write_schema() -> None:
    """Write connector.schema.json into INSYN_CONNECTORS_DIR, by which editors complete connectors."""
    file = bootstrap.root() / bootstrap.read_settings().connectors_dir / "connector.schema.json"
    if not file.parent.is_dir():
        print(f"{file.parent}: there is no such folder", file=sys.stderr)
        raise typer.Exit(2)
    file.write_text(connector_schema(), encoding="utf-8")
    print(f"wrote {file.parent.name}/{file.name}")


@retention_cli.command("replay")
def retention_replay() -> None:
    """After a restore: destroy again what was destroyed before. Workers do it when they start."""
    chosen = bootstrap.read_settings()
    bootstrap.check_settings(chosen)
    configure_logging(chosen.log_level)
    for what, number in vars(asyncio.run(_replay(chosen))).items():
        print(f"{what.replace('_', ' ')}: {number}")


async def _replay(chosen: Settings) -> own_retention.Replayed:
    async with bootstrap.opened(chosen, pool_size=2) as house:
        return await own_retention.replay(house.ctx)


_CHECKPOINT_FAULTS = {
    CheckpointFault.MALFORMED: "malformed (no checkpoint looks like that)",
    CheckpointFault.FORGED: "forged (the key given did not sign it)",
    CheckpointFault.FOREIGN: "foreign (it is another controller's)",
    CheckpointFault.OUT_OF_SEQUENCE: "out of sequence (one is missing, doubled or in another's place)",
    CheckpointFault.WRONG_ROOT: "wrong root (it is not that of the chains it states)",
    CheckpointFault.WENT_BACK: "went back (a chain stood further before)",
}

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
