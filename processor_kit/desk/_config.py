"""What a desk is started with, and the secrets it makes for itself the first time."""

import base64
import ipaddress
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from processor_kit.certificates import Signer, make_certificate, read_signer

#: Shorter passwords than this are guessed.
SHORTEST_PASSWORD = 16


class Misconfigured(Exception):
    """The desk does not start like this; the text says why."""


@dataclass(frozen=True)
class Config:
    """A desk as it was started. Holds secrets: shown by its address only."""

    folder: Path
    public_url: str
    domain: str
    insyn: tuple[str, ...]  #: the addresses of Insyn that are called back, and no others
    password: str
    secrets: tuple[str, ...]  #: of the webhook contract, the newest first
    token: str  #: that lets Insyn in over OpenDSR
    signer: Signer
    keep_days: int = 30
    first_retry_seconds: float = 1.0

    def __repr__(self) -> str:
        return f"<Config {self.public_url}>"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    def may_be_called(self, url: str) -> bool:
        """Whether an address is one of Insyn's, as it was named at the start."""
        return any(_origin(url) == _origin(one) for one in self.insyn)


@dataclass(frozen=True)
class Wishes:
    """What may be said at the start; what is left out is made or found in the folder."""

    folder: Path
    public_url: str
    insyn: tuple[str, ...]
    domain: str = ""
    password_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    keep_days: int = 30


def furnish(wishes: Wishes) -> tuple[Config, list[str]]:
    """
    The configuration, and what to tell whoever starts the desk: a line each.

    Raises:
        Misconfigured: An address that is neither https nor this machine's, a password too short, half a certificate.
    """
    for url in (wishes.public_url, *wishes.insyn):
        _check_url(url)
    if not wishes.insyn:
        raise Misconfigured("Say which Insyn is called back: --insyn https://…")
    wishes.folder.mkdir(parents=True, exist_ok=True)
    os.chmod(wishes.folder, 0o700)
    password, told = _password(wishes)
    domain = wishes.domain or urlsplit(wishes.public_url).hostname or ""
    signer = _signer(wishes, domain)
    config = Config(
        folder=wishes.folder,
        public_url=wishes.public_url.rstrip("/"),
        domain=domain.lower(),
        insyn=wishes.insyn,
        password=password,
        secrets=tuple(_kept(wishes.folder / "webhook.secret", _new_secret).split()),
        token=_kept(wishes.folder / "opendsr.token", lambda: secrets.token_urlsafe(32)),
        signer=signer,
        keep_days=wishes.keep_days,
    )
    return config, [*told, *_where(config)]


def _where(config: Config) -> list[str]:
    return [
        f"Page: {config.public_url}/",
        f"Webhook: {config.public_url}/insyn, secret in {config.folder / 'webhook.secret'}",
        f"OpenDSR: {config.public_url}/v2, domain {config.domain}, token in {config.folder / 'opendsr.token'},"
        f" CA to pin in {config.folder / 'ca.pem'}",
    ]


def _password(wishes: Wishes) -> tuple[str, list[str]]:
    if wishes.password_file is None:
        made = secrets.token_urlsafe(18)
        return made, [f"Password for the page, until the next start: {made}"]
    said = wishes.password_file.read_text(encoding="utf-8").strip()
    if len(said) < SHORTEST_PASSWORD:
        raise Misconfigured(f"The password has fewer than {SHORTEST_PASSWORD} characters.")
    return said, []


def _signer(wishes: Wishes, domain: str) -> Signer:
    if (wishes.certificate is None) != (wishes.key is None):
        raise Misconfigured("--certificate and --key go together.")
    if wishes.certificate is not None and wishes.key is not None:
        return read_signer(wishes.certificate, wishes.key)
    certificate, key = wishes.folder / "certificate.pem", wishes.folder / "key.pem"
    if not key.exists():
        for name, content in make_certificate(domain).items():
            _write(wishes.folder / name, content)
    return read_signer(certificate, key)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        _write(path, make().encode() + b"\n")
    return path.read_text(encoding="ascii").strip()


def _write(path: Path, content: bytes) -> None:
    """Write a secret that only this user may read; whole or not at all."""
    half = path.with_suffix(path.suffix + ".new")
    half.touch(mode=0o600)
    half.write_bytes(content)
    half.rename(path)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and not parts.username:
        return
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return
    raise Misconfigured("An address has to be https, or http on this machine.")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc.lower()
