"""``insyn processor test URL``: the contract against a processor's endpoint."""

import argparse
import asyncio
import errno
import sys
from pathlib import Path
from urllib.parse import urlsplit

from app.domain.fanout import Action
from app.domain.webhook_signature import UnfitWebhookSecret, sign
from processor_kit.conformance._bench import NobodyThere, Setup
from processor_kit.conformance._report import as_json, as_text
from processor_kit.conformance._rules import RULES
from processor_kit.conformance._run import run


def main(arguments: list[str] | None = None) -> int:
    """Test a processor: 0 if every rule is kept, 1 if one is broken, 2 if it cannot be tested like this."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        setup = _setup(chosen)
        report = asyncio.run(run(setup, only=chosen.rule))
    except (ValueError, UnfitWebhookSecret, NobodyThere) as error:
        sys.stderr.write(f"insyn processor test: {error or UnfitWebhookSecret.__doc__}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"insyn processor test: {_why(error, chosen)}.\n")
        return 2
    sys.stdout.write(as_json(report) if chosen.json else as_text(report))
    return 0 if report.is_good else 1


def _why(error: OSError, chosen: argparse.Namespace) -> str:
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if error.errno == errno.EADDRINUSE:
        return f"port {chosen.callback_port} is taken: choose another with --callback-port"
    return error.strerror or "a file or port cannot be used"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="insyn processor test", description="The contract against an endpoint.")
    parser.add_argument("url", help="the processor's endpoint")
    parser.add_argument("--secret-file", type=Path, required=True, help="file with the whsec_… of a TEST system")
    parser.add_argument("--controller", default="conformance-test")
    parser.add_argument("--action", action="append", type=Action, help="what was agreed; default: locate alone")
    parser.add_argument("--category", action="append", help="default: contact")
    parser.add_argument("--identifier", action="append", help="type=value of a fictional person; default: an email")
    parser.add_argument("--idempotency", choices=("yes", "no", "query"), default="yes")
    parser.add_argument("--answers", choices=("sync", "poll", "callback"), help="default: as the first answer shows")
    parser.add_argument("--within", type=float, default=60.0, help="seconds until a later answer has to be there")
    parser.add_argument("--callback-url", default="", help="where a remote processor reaches this machine's receiver")
    parser.add_argument("--callback-port", type=int, default=0, help="the receiver's port on 127.0.0.1; default: any")
    parser.add_argument("--rule", action="append", default=[], choices=[one.name for one in RULES], metavar="RULE")
    parser.add_argument("--json", action="store_true", help="a report for machines")
    return parser


def _setup(chosen: argparse.Namespace) -> Setup:
    secret = chosen.secret_file.read_text(encoding="utf-8").split()
    if not secret:
        raise ValueError("the secret's file is empty.")
    sign(secret[0], "probe", 0, b"")
    parts = urlsplit(chosen.url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
        raise ValueError("the endpoint has to be https, or http on this machine.")
    identifiers = [tuple(one.split("=", 1)) for one in chosen.identifier or ()]
    if not all(len(one) == 2 for one in identifiers):
        raise ValueError("an identifier is type=value.")
    return Setup(
        endpoint=chosen.url,
        secret=secret[0],
        controller=chosen.controller,
        idempotency=chosen.idempotency,
        answers=chosen.answers,
        within=chosen.within,
        callback_url=chosen.callback_url,
        callback_port=chosen.callback_port,
        actions=tuple(chosen.action or Setup.actions),
        categories=tuple(chosen.category or Setup.categories),
        identifiers=tuple(identifiers or Setup.identifiers),
    )


if __name__ == "__main__":
    sys.exit(main())
