"""``insyn processor serve``: the desk as a server."""

import argparse
import asyncio
import errno
import socket
import sys
from pathlib import Path

import uvicorn

from processor_kit.desk._app import open_desk
from processor_kit.desk._config import Config, Misconfigured, Wishes, furnish, is_loopback


def main(arguments: list[str] | None = None) -> int:
    """Serve a processor's desk until it is stopped; 2 where it cannot be started like this."""
    chosen = _parser().parse_args(arguments)
    wishes = Wishes(
        folder=chosen.data,
        public_url=chosen.public_url or f"http://127.0.0.1:{chosen.port}",
        insyn=tuple(chosen.insyn),
        domain=chosen.domain,
        password_file=chosen.password_file,
        certificate=chosen.certificate,
        key=chosen.key,
        keep_days=chosen.keep_days,
    )
    try:
        _check_open(chosen)
        with _listening(chosen.host, chosen.port) as port:
            config, told = furnish(wishes)
            asyncio.run(_serve(config, chosen, port, told))
    except (Misconfigured, ValueError) as error:
        sys.stderr.write(f"The desk does not start: {error}\n")
        return 2
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"The desk does not start: {what}{error.strerror or 'a file or port cannot be used'}.\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="insyn processor serve", description="A processor's desk.")
    parser.add_argument("--data", type=Path, default=Path("desk"), help="folder for tasks, secrets and certificate")
    parser.add_argument("--insyn", action="append", default=[], help="address of an Insyn that is called back")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--public-url", help="where Insyn and your staff reach the desk")
    parser.add_argument("--domain", default="", help="domain in OpenDSR signatures; default: the public address's")
    parser.add_argument("--password-file", type=Path, help="the page's password; default: a new one at every start")
    parser.add_argument("--certificate", type=Path, help="PEM that signs OpenDSR; default: one of the desk's own CA")
    parser.add_argument("--key", type=Path, help="the certificate's key, PEM, RSA")
    parser.add_argument("--tls-certificate", type=Path)
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument("--behind-proxy", action="store_true", help="TLS ends at a proxy in front of the desk")
    parser.add_argument("--keep-days", type=int, default=30, help="how long answered tasks keep what is about people")
    return parser


def _check_open(chosen: argparse.Namespace) -> None:
    """Beyond this machine nothing goes in the clear."""
    if not (is_loopback(chosen.host) or chosen.tls_certificate or chosen.behind_proxy):
        raise Misconfigured("Beyond this machine it needs --tls-certificate and --tls-key, or --behind-proxy.")


def _listening(host: str, port: int) -> socket.socket:
    """The port, ours from here on; raises :class:`Misconfigured` if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        is_taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "is taken" if is_taken else "cannot be had"
        raise Misconfigured(f"Port {port} on {host} {why}: choose another with --port.") from None


async def _serve(config: Config, chosen: argparse.Namespace, port: socket.socket, told: list[str]) -> None:
    async with open_desk(config) as app:
        served = uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
            ssl_certfile=str(chosen.tls_certificate) if chosen.tls_certificate else None,
            ssl_keyfile=str(chosen.tls_key) if chosen.tls_key else None,
        )
        served.load()
        # Only now: whoever reads a password and addresses may use them.
        sys.stdout.write("".join(f"{line}\n" for line in told))
        sys.stdout.flush()
        await uvicorn.Server(served).serve(sockets=[port])


if __name__ == "__main__":
    sys.exit(main())
